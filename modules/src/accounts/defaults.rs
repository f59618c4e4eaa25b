//! The image's own rules for new accounts: login.defs(5) and the defaults of useradd(8).
//!
//! What the image does not say is as the shadow tools have it when they are told nothing, with two
//! exceptions that distributions agree on: each user gets a group of its own, and bash is the
//! shell where it is installed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use fsgen::Timestamp;

use crate::root::{Root, RootError, join};

/// Settings of `/etc/login.defs` and `/etc/default/useradd`.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    login: BTreeMap<String, String>,
    useradd: BTreeMap<String, String>,
}

/// Where subordinate ids are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubIds {
    /// The ids that may be given away.
    pub(crate) range: RangeInclusive<u32>,
    /// How many each user gets; none get any when it is 0.
    pub(crate) count: u32,
}

impl Defaults {
    /// Reads the image's settings: those of `/etc`, or else the vendor's in `/usr/etc`, with the
    /// files of `login.defs.d` laid over them in the order of their names.
    pub(crate) fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let mut defaults = Self::default();
        let mut files = vec![first_of(root, ["/etc/login.defs", "/usr/etc/login.defs"])];
        files.extend(drop_ins(root)?);
        for path in files.into_iter().flatten() {
            defaults.add_login(&root.read(path)?);
        }
        let useradd = ["/etc/default/useradd", "/usr/etc/default/useradd"];
        if let Some(path) = first_of(root, useradd) {
            defaults.add_useradd(&root.read(path)?);
        }
        Ok(defaults)
    }

    fn add_login(&mut self, text: &[u8]) {
        for line in String::from_utf8_lossy(text).lines() {
            let line = line.trim_start();
            if let Some((key, value)) = line.split_once([' ', '\t'])
                && !key.starts_with('#')
            {
                let value = value.trim().trim_matches('"');
                self.login.insert(key.to_owned(), value.to_owned());
            }
        }
    }

    fn add_useradd(&mut self, text: &[u8]) {
        for line in String::from_utf8_lossy(text).lines() {
            if let Some((key, value)) = line.split_once('=') {
                let value = value.trim().trim_matches('"');
                self.useradd.insert(key.trim().to_owned(), value.to_owned());
            }
        }
    }

    /// Returns the ids for new users.
    pub(crate) fn uids(&self, system: bool) -> RangeInclusive<u32> {
        self.ids("UID", system)
    }

    /// Returns the ids for new groups.
    pub(crate) fn gids(&self, system: bool) -> RangeInclusive<u32> {
        self.ids("GID", system)
    }

    fn ids(&self, kind: &str, system: bool) -> RangeInclusive<u32> {
        let min = self.number(&format!("{kind}_MIN"), 1000);
        if system {
            self.number(&format!("SYS_{kind}_MIN"), 101)
                ..=self.number(&format!("SYS_{kind}_MAX"), min.saturating_sub(1))
        } else {
            min..=self.number(&format!("{kind}_MAX"), 60_000)
        }
    }

    /// Returns the ids that systemd-sysusers(8) gives to users and groups alike: none above 999,
    /// whatever login.defs says.
    pub(crate) fn system_pool(&self) -> RangeInclusive<u32> {
        let last = |key| self.number(key, 999).min(999);
        self.number("SYS_UID_MIN", 101)..=last("SYS_UID_MAX").min(last("SYS_GID_MAX"))
    }

    /// Returns the rules for `/etc/subuid` (`"UID"`) or `/etc/subgid` (`"GID"`).
    pub(crate) fn sub_ids(&self, kind: &str) -> SubIds {
        SubIds {
            range: self.number(&format!("SUB_{kind}_MIN"), 100_000)
                ..=self.number(&format!("SUB_{kind}_MAX"), 600_100_000),
            count: self.number(&format!("SUB_{kind}_COUNT"), 65_536),
        }
    }

    /// Returns whether each user gets a group of the same name.
    pub(crate) fn user_groups(&self) -> bool {
        let word = self.login.get("USERGROUPS_ENAB");
        word.is_none_or(|word| word.eq_ignore_ascii_case("yes"))
    }

    /// Returns the group, by name or number, of users that have none of their own.
    pub(crate) fn group(&self) -> &str {
        self.useradd.get("GROUP").map_or("100", String::as_str)
    }

    /// Returns the mode of a new home.
    pub(crate) fn home_mode(&self) -> u16 {
        let umask = self.number("UMASK", 0o022);
        let mode = self.number("HOME_MODE", 0o777 & !umask) & 0o7777;
        u16::try_from(mode).expect("twelve bits")
    }

    /// Returns whether users who are no system users get a home unasked.
    pub(crate) fn makes_homes(&self) -> bool {
        let word = self.login.get("CREATE_HOME");
        word.is_some_and(|word| word.eq_ignore_ascii_case("yes"))
    }

    /// Returns the directory that homes lie in.
    pub(crate) fn homes(&self) -> &str {
        self.useradd.get("HOME").map_or("/home", String::as_str)
    }

    /// Returns the directory that new homes are copied from.
    pub(crate) fn skel(&self) -> &str {
        self.useradd.get("SKEL").map_or("/etc/skel", String::as_str)
    }

    /// Returns the shell of a new user, when the image names one.
    pub(crate) fn shell(&self) -> Option<&str> {
        let shell = self.useradd.get("SHELL").map(String::as_str);
        shell.filter(|shell| !shell.is_empty())
    }

    /// Returns where a new user's mailbox goes, when users get one.
    pub(crate) fn mail_spool(&self) -> Option<&str> {
        let wanted = self.useradd.get("CREATE_MAIL_SPOOL")?;
        wanted.eq_ignore_ascii_case("yes").then(|| {
            let directory = self.login.get("MAIL_DIR");
            directory.map_or("/var/spool/mail", String::as_str)
        })
    }

    /// Returns the fields of shadow(5) for the age of a password, from the least days to the day
    /// that the account expires. System users have none of these.
    pub(crate) fn aging(&self, system: bool) -> [String; 5] {
        let login = |key| self.login.get(key);
        let days = |value: &String| parse(value).map(i64::from);
        let fields = [
            login("PASS_MIN_DAYS").and_then(days),
            login("PASS_MAX_DAYS").and_then(days),
            login("PASS_WARN_AGE").and_then(days),
            self.useradd.get("INACTIVE").and_then(days),
            self.useradd.get("EXPIRE").and_then(|date| parse_date(date)),
        ];
        // A negative number stands for no rule, which shadow(5) writes as an empty field.
        let text = |days: i64| days.to_string();
        fields.map(|days| days.filter(|_| !system).map_or_else(String::new, text))
    }

    fn number(&self, key: &str, default: u32) -> u32 {
        self.login
            .get(key)
            .and_then(|v| parse(v))
            .unwrap_or(default)
    }
}

/// Parses a number as strtol(3) with base 0 does: `0700` is octal, `0x1c0` hexadecimal.
fn parse(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    let radix = if text.starts_with('0') { 8 } else { 10 };
    u32::from_str_radix(text, radix).ok()
}

/// Returns the days from 1970-01-01 to a date of the form `2031-12-31`.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        let number = part.parse::<u16>().ok().filter(|_| is_number);
        number.map(i64::from)
    });
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the day of a leap year is the last: March 1st has months
    // of 31, 30, 31, 30, 31 days behind it, twice over, which is what (153 * m + 2) / 5 counts.
    let (of, months) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = of.div_euclid(4) - of.div_euclid(100) + of.div_euclid(400);
    let days = of * 365 + leap_days + (153 * months + 2) / 5 + day - 1 - 719_468;
    // A day that the month does not have is one of the next month.
    (Timestamp::from_secs(days * 86_400).date() == (year, month, day)).then_some(days)
}

fn first_of(root: &Root<'_>, paths: [&str; 2]) -> Option<Vec<u8>> {
    let found = paths.into_iter().find(|path| root.is_file(path));
    found.map(|path| path.as_bytes().to_vec())
}

/// Lists the files of `login.defs.d`; one in `/etc` hides the vendor's of the same name.
fn drop_ins(root: &Root<'_>) -> Result<Vec<Option<Vec<u8>>>, RootError> {
    let mut by_name = BTreeMap::new();
    for directory in ["/usr/etc/login.defs.d", "/etc/login.defs.d"] {
        if root.is_dir(directory) {
            for name in root.list(directory)? {
                let path = join(directory.as_bytes(), &name);
                if name.ends_with(b".defs") && root.is_file(&path) {
                    by_name.insert(name, Some(path));
                }
            }
        }
    }
    Ok(by_name.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(login: &str, useradd: &str) -> Defaults {
        let mut defaults = Defaults::default();
        defaults.add_login(login.as_bytes());
        defaults.add_useradd(useradd.as_bytes());
        defaults
    }

    #[test]
    fn modes_of_homes() {
        for (login, mode) in [
            ("", 0o755),
            ("UMASK 022", 0o755),
            ("UMASK\t\t077  ", 0o700),
            ("UMASK 077\nHOME_MODE 0750", 0o750),
            ("HOME_MODE 0x1c0", 0o700),
            ("HOME_MODE 488", 0o750),
            ("#UMASK 077", 0o755),
            ("# UMASK 077", 0o755),
            ("UMASK 999", 0o030),
            ("UMASK 0999", 0o755),
            ("UMASK", 0o755),
            ("HOME_MODE 4294967295", 0o7777),
        ] {
            assert_eq!(defaults(login, "").home_mode(), mode, "{login:?}");
        }
    }

    #[test]
    fn ranges() {
        for (login, users, system) in [
            ("", 1000..=60_000, 101..=999),
            ("UID_MIN 500", 500..=60_000, 101..=499),
            (
                "UID_MAX 2000\nSYS_UID_MIN 1\nSYS_UID_MAX 9",
                1000..=2000,
                1..=9,
            ),
            ("UID_MIN -1\nUID_MAX many", 1000..=60_000, 101..=999),
        ] {
            let defaults = defaults(login, "");
            assert_eq!(defaults.uids(false), users, "{login:?}");
            assert_eq!(defaults.uids(true), system, "{login:?}");
            assert_eq!(defaults.gids(false), 1000..=60_000);
        }
    }

    #[test]
    fn dates() {
        for (date, days) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("2000-03-01", Some(11_017)),
            ("2100-03-01", Some(47_541)),
            ("2031-12-31", Some(22_644)),
            ("2031-13-01", None),
            ("2031-00-01", None),
            ("2031-01-32", None),
            ("2032-02-29", Some(22_704)),
            ("2031-02-29", None),
            ("2100-02-29", None),
            ("2030-02-30", None),
            ("2031-04-31", None),
            ("2031-11-31", None),
            ("+2031-12-31", None),
            ("2031-+12-31", None),
            ("2031-12-+1", None),
            ("2031-12-31-", None),
            ("2031-01", None),
            ("", None),
        ] {
            assert_eq!(parse_date(date), days, "{date}");
        }
    }

    #[test]
    fn words() {
        let set = defaults(
            "USERGROUPS_ENAB no\nPASS_MAX_DAYS 99999\nPASS_MIN_DAYS -1\nMAIL_DIR \"/var/mail\"",
            "#SHELL=/no\nSHELL=/bin/ksh\nHOME=/users\nINACTIVE=35\nEXPIRE=2031-12-31\nCREATE_MAIL_SPOOL=YES\nGROUP=7",
        );
        assert!(!set.user_groups());
        assert_eq!(set.shell(), Some("/bin/ksh"));
        assert_eq!(set.homes(), "/users");
        assert_eq!(set.group(), "7");
        assert_eq!(set.mail_spool(), Some("/var/mail"));
        assert_eq!(set.aging(false), ["", "99999", "", "35", "22644"]);
        assert_eq!(set.aging(true), [""; 5]);
        let unset = defaults("", "SHELL=\nCREATE_MAIL_SPOOL=no");
        assert!(unset.user_groups());
        assert_eq!(unset.shell(), None);
        assert_eq!(unset.mail_spool(), None);
    }
}

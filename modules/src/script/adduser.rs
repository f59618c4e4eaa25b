//! `adduser --system`, `addgroup --system` and `adduser USER GROUP`, by which scripts of Debian
//! packages make accounts (adduser(8)).
//!
//! Unlike useradd, it gives the lowest number that is free.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::account::{Found, is_field, named, options};
use super::file::is_path;
use crate::accounts::defaults::Defaults;
use crate::accounts::{Accounts, NewUser, name};
use crate::{Root, RootError};

/// The home of those that have none.
const NO_HOME: &str = "/nonexistent";

/// The shell of those that do not log in.
const SHELL: &str = "/usr/sbin/nologin";

/// The group of users without one.
const NO_GROUP: &str = "nogroup";

/// One of the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Adduser {
    User(SystemUser),
    Group(String, Option<u32>),
    Join(String, String),
}

/// A user of the system's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SystemUser {
    name: String,
    uid: Option<u32>,
    /// `--group`: one of the same name is made.
    own_group: bool,
    /// `--ingroup`.
    group: Option<String>,
    home: Option<String>,
    no_home: bool,
    shell: Option<String>,
    gecos: Option<String>,
}

/// Options without a value, and options with one; each letter stands for those of one meaning.
const FLAGS: [(char, &str); 10] = [
    ('q', "quiet"),
    ('y', "system"),
    ('g', "group"),
    ('M', "no-create-home"),
    ('l', "disabled-login"),
    ('l', "disabled-password"),
    ('f', "force-badname"),
    ('f', "allow-badname"),
    ('f', "allow-bad-names"),
    ('f', "allow-all-names"),
];
const VALUES: [(char, &str); 8] = [
    ('h', "home"),
    ('s', "shell"),
    ('u', "uid"),
    ('i', "ingroup"),
    ('G', "gid"),
    ('c', "gecos"),
    ('c', "comment"),
    ('S', "conf"),
];

impl Adduser {
    /// Reads the arguments of `adduser`, or of `addgroup`.
    pub(super) fn parse(words: &[&str], is_group: bool) -> Option<Self> {
        let (found, others) = options(words, &FLAGS, &VALUES)?;
        // Only the long forms are the program's own.
        let is_long = |word: &&str| !word.starts_with('-') || word.starts_with("--");
        words.iter().all(is_long).then_some(())?;
        let has = |letter: char| found.iter().any(|(own, _)| *own == letter);
        let value = |letter: char| value(&found, letter);
        if has('S') {
            return None;
        }
        if let ([user, group], false, false) = (&*others, has('y'), is_group) {
            let is_sound = [user, group].iter().all(|word| name::check(word).is_ok());
            return is_sound.then(|| Self::Join((*user).to_owned(), (*group).to_owned()));
        }
        let name = named(&others)?;
        if !has('y') {
            return None;
        }
        let number = |letter: char| match value(letter) {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        };
        // `adduser --system --group` without a user's options means the user; `addgroup` does not.
        if is_group {
            let is_plain = !found.iter().any(|(letter, _)| "hsuic".contains(*letter));
            let gid = number('G')?;
            return is_plain.then_some(Self::Group(name, gid));
        }
        let home = value('h').map(str::to_owned);
        let shell = value('s').map(str::to_owned);
        let gecos = value('c').map(str::to_owned);
        let are_fields = [&shell, &gecos].into_iter().flatten().all(|t| is_field(t));
        let has_home = home
            .as_ref()
            .is_none_or(|home| is_path(home) && is_field(home));
        let has_commas = gecos.as_ref().is_some_and(|gecos| gecos.contains(','));
        let both = has('g') && (has('i') || has('G'));
        (are_fields && has_home && !has_commas && !both && !has('G')).then_some(())?;
        Some(Self::User(SystemUser {
            name,
            uid: number('u')?,
            own_group: has('g'),
            group: value('i').map(str::to_owned),
            home,
            no_home: has('M'),
            shell,
            gecos,
        }))
    }

    /// Does it; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let settings = Settings::read(root)?;
        let mut accounts = Accounts::read(root)?;
        match self {
            Self::User(user) => return user.run(root, &settings),
            Self::Group(group, gid) => {
                if let Some(there) = accounts.gid(group) {
                    return Ok(
                        gid.is_none_or(|gid| gid == there) && settings.gids().contains(&there)
                    );
                }
                let free = |gid: &u32| accounts.group_with(*gid).is_none();
                let gid = match gid {
                    Some(gid) => Some(*gid).filter(free),
                    None => settings.gids().find(free),
                };
                let Some(gid) = gid else { return Ok(false) };
                accounts.add_group(group, gid);
            }
            Self::Join(user, group) => {
                if accounts.user(user).is_none() || accounts.gid(group).is_none() {
                    return Ok(false);
                }
                accounts.add_member(group, user);
            }
        }
        accounts.write(root)?;
        Ok(true)
    }
}

impl SystemUser {
    fn run(&self, root: &mut Root<'_>, settings: &Settings) -> Result<bool, RootError> {
        let mut accounts = Accounts::read(root)?;
        if let Some(there) = accounts.user(&self.name) {
            let is_same = self.uid.is_none_or(|uid| uid == there.uid);
            return Ok(is_same && settings.uids().contains(&there.uid));
        }
        let is_free = |uid: &u32| accounts.user_with(*uid).is_none();
        let uid = match self.uid {
            Some(uid) => Some(uid).filter(is_free),
            None => settings.uids().find(is_free),
        };
        let Some(uid) = uid else { return Ok(false) };
        let gid = match (&self.group, self.own_group) {
            (Some(group), _) => accounts.gid(group),
            (None, false) => accounts.gid(NO_GROUP),
            (None, true) => match accounts.gid(&self.name) {
                Some(gid) => Some(gid),
                None => {
                    let free = |gid: &u32| accounts.group_with(*gid).is_none();
                    let gid = match self.uid {
                        Some(uid) => Some(uid).filter(free),
                        None => settings.gids().find(free),
                    };
                    gid.inspect(|gid| accounts.add_group(&self.name, *gid))
                }
            },
        };
        let Some(gid) = gid else { return Ok(false) };
        let defaults = Defaults::read(root)?;
        let home = self.home.as_deref().unwrap_or(NO_HOME);
        // It has chfn write the comment, which has four fields.
        let gecos = self.gecos.as_ref().map(|name| format!("{name},,,"));
        let user = NewUser {
            name: &self.name,
            uid,
            gid,
            gecos: gecos.as_deref().unwrap_or_default(),
            home,
            shell: self.shell.as_deref().unwrap_or(SHELL),
            system: true,
            password: "!",
            expire: None,
        };
        accounts.add_user(&user, &defaults);
        accounts.write(root)?;
        let is_none = home == NO_HOME || home.starts_with(&format!("{NO_HOME}/"));
        if !self.no_home && !is_none && !root.exists(home) {
            root.mkdir_all(home, 0o755)?;
            root.chown(home, uid, gid)?;
            root.chmod(home, settings.home_mode())?;
        }
        Ok(true)
    }
}

fn value<'w>(found: &Found<'w>, letter: char) -> Option<&'w str> {
    let mut all = found.iter().rev();
    all.find(|(own, _)| *own == letter).map(|(_, value)| *value)
}

/// What `/etc/adduser.conf` says (adduser.conf(5)).
struct Settings(BTreeMap<String, String>);

impl Settings {
    fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let text = root
            .read_if_exists("/etc/adduser.conf")?
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('='));
        let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        let pairs = pairs.map(|(key, value)| (key.trim().to_uppercase(), plain(value)));
        Ok(Self(pairs.collect()))
    }

    fn number(&self, key: &str, default: u32) -> u32 {
        let number = self.0.get(key).and_then(|value| value.parse().ok());
        number.unwrap_or(default)
    }

    fn uids(&self) -> RangeInclusive<u32> {
        self.number("FIRST_SYSTEM_UID", 100)..=self.number("LAST_SYSTEM_UID", 999)
    }

    fn gids(&self) -> RangeInclusive<u32> {
        self.number("FIRST_SYSTEM_GID", 100)..=self.number("LAST_SYSTEM_GID", 999)
    }

    fn home_mode(&self) -> u16 {
        let mode = self.0.get("SYS_DIR_MODE");
        let mode = mode.and_then(|mode| u16::from_str_radix(mode, 8).ok());
        mode.filter(|mode| *mode <= 0o7777).unwrap_or(0o755)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_known() {
        for (text, is_group, is_known) in [
            ("--system a", false, true),
            (
                "--system --group --home /x --no-create-home --quiet a",
                false,
                true,
            ),
            (
                "--system --ingroup b --shell /bin/sh --gecos c a",
                false,
                true,
            ),
            ("--system --uid x a", false, false),
            ("--system --home x a", false, false),
            ("--system --group --ingroup b a", false, false),
            ("--system --gecos a,b a", false, false),
            ("--conf /x --system a", false, false),
            ("-y a", false, false),
            ("a", false, false),
            ("a b", false, true),
            ("a b", true, false),
            ("--system a", true, true),
            ("--system --gid 5 a", true, true),
            ("--system --home /x a", true, false),
            ("a", true, false),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let found = Adduser::parse(&words, is_group);
            assert_eq!(found.is_some(), is_known, "{text}");
        }
    }
}

//! The options of `add_user`, and what can be said about them without an image.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::accounts::defaults::parse_date;
use crate::accounts::ssh_key::SshKey;
use crate::accounts::{ids, is_field, name, sudo};
use crate::shorthand::{FromText, Shorthand};
use crate::value::{Span, Spanned, ValueError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// The users, each a name alone or a mapping.
    pub(super) add_users: Vec<Spanned<Shorthand<Account>>>,
}

/// What a recipe says about a user. What it leaves open is as the image's useradd(8) has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    /// The login name.
    pub(super) name: String,
    /// The number of the user.
    pub(super) uid: Option<Spanned<u32>>,
    /// The number of the user's own group.
    pub(super) gid: Option<Spanned<u32>>,
    /// Further groups, by name.
    #[serde(default)]
    pub(super) groups: Vec<Spanned<String>>,
    /// Full name and the like.
    pub(super) gecos: Option<Spanned<String>>,
    /// Home directory.
    pub(super) home: Option<Spanned<String>>,
    /// The program that a login starts.
    pub(super) shell: Option<Spanned<String>>,
    /// An account of a service: its number is a low one, and it gets no home of its own accord.
    #[serde(default)]
    pub(super) system: bool,
    /// A hash as crypt(5) has it. Without one there is no password to log in with.
    pub(super) password_hash: Option<Spanned<String>>,
    /// Lines for `~/.ssh/authorized_keys`.
    #[serde(default)]
    pub(super) ssh_authorized_keys: Vec<Spanned<String>>,
    /// Whether the user may become root.
    pub(super) sudo: Option<Spanned<Sudo>>,
    /// Whether a home is made from `/etc/skel`.
    pub(super) create_home: Option<bool>,
    /// The day from which on the account is closed.
    pub(super) expire: Option<Spanned<String>>,
}

/// Which rule a user gets in sudoers(5).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sudo {
    No,
    /// Any command as anybody, in an image with sudo.
    IfInstalled,
    /// Any command as anybody.
    Everything,
    /// What follows the user's name in a rule.
    Rule(String),
}

impl Options {
    /// Finds every mistake that shows without the image.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let mut seen = BTreeSet::new();
        for entry in &self.add_users {
            let account = &entry.0;
            let name = &*account.name;
            name::check(name).map_err(|why| entry.error(format!("user name {name:?} {why}")))?;
            if !seen.insert(name) {
                return Err(entry.error(format!("user {name:?} is listed twice")));
            }
            account.check()?;
        }
        Ok(())
    }
}

impl Account {
    fn check(&self) -> Result<(), ValueError> {
        for id in self.uid.iter().chain(&self.gid) {
            ids::check(id.value).map_err(|why| id.error(why))?;
        }
        for group in &self.groups {
            let group_error = |why| group.error(format!("group name {:?} {why}", group.value));
            name::check(group).map_err(group_error)?;
        }
        for text in self.gecos.iter().chain(&self.home).chain(&self.shell) {
            if !is_field(text) {
                let message = format!("{:?} has a `:` or a control character", text.value);
                return Err(text.error(message));
            }
        }
        for path in self.home.iter().chain(&self.shell) {
            if !path.starts_with('/') {
                let message = format!("{:?} is no absolute path in the image", path.value);
                return Err(path.error(message));
            }
            if path.split('/').any(|name| name == "..") {
                return Err(path.error(format!("{:?} has `..` in it", path.value)));
            }
        }
        if let Some(hash) = &self.password_hash
            && !is_hash(hash)
        {
            // The value may be somebody's password: it is not repeated.
            let error = hash.error("password_hash is not a hash as crypt(5) has it");
            return Err(error.help("make one with `openssl passwd -6` or `mkpasswd`"));
        }
        if let Some(sudo) = &self.sudo
            && let Sudo::Rule(rule) = &sudo.value
            && let Err(why) = sudo_rule(rule)
        {
            let error = sudo.error(format!("{rule:?} is no rule of sudoers(5): it {why}"));
            return Err(error.help("it goes behind the user's name, as in \"ALL=(ALL) ALL\""));
        }
        self.expire_day()?;
        self.keys().map(drop)
    }

    /// Returns the day from which on the account is closed, in days since 1970.
    pub(super) fn expire_day(&self) -> Result<Option<i64>, ValueError> {
        let Some(date) = &self.expire else {
            return Ok(None);
        };
        // shadow(5) has day 0 for no day, or for a closed account: nobody knows which.
        match parse_date(date).filter(|day| *day > 0) {
            Some(day) => Ok(Some(day)),
            None => {
                let error = date.error(format!("{:?} is no date after 1970-01-01", **date));
                Err(error.help("write it like 2031-12-31"))
            }
        }
    }

    /// Returns the keys, read.
    pub(super) fn keys(&self) -> Result<Vec<SshKey<'_>>, ValueError> {
        self.ssh_authorized_keys
            .iter()
            .map(|line| SshKey::parse(line).map_err(|why| line.error(format!("ssh key {why}"))))
            .collect()
    }
}

fn sudo_rule(rule: &str) -> Result<(), String> {
    if rule.contains(|c: char| c.is_control() && c != '\t') {
        return Err("is not one line of text".to_owned());
    }
    sudo::check(rule).map(drop)
}

/// Returns whether crypt(5) could have made this text: `$id$...`, locked with `!` in front or not; or
/// `*` or `!`, which no password matches.
fn is_hash(text: &str) -> bool {
    const METHODS: [&str; 13] = [
        "1", "md5", "2", "2a", "2b", "2x", "2y", "3", "5", "6", "7", "gy", "y",
    ];
    /// The shortest hash, of a 64-bit method, in letters of 6 bits.
    const SHORTEST: usize = 11;
    let hash = text.trim_start_matches('!');
    let mut parts = hash.strip_prefix('$').unwrap_or_default().split('$');
    let is_method = parts.next().is_some_and(|id| METHODS.contains(&id));
    let rest: Vec<_> = parts.collect();
    let is_long = rest.last().is_some_and(|last| last.len() >= SHORTEST);
    let salted = is_method && rest.len() >= 2 && is_long;
    let printable = hash
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b":;*!\\".contains(&b));
    matches!(text, "*" | "!" | "!*" | "!!") || (salted && printable)
}

impl FromText for Account {
    const EXPECTED: &'static str = "a user's name, or a mapping with `name`";

    /// A name alone stands for somebody who administers the machine.
    fn from_text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            uid: None,
            gid: None,
            groups: Vec::new(),
            gecos: None,
            home: None,
            shell: None,
            system: false,
            password_hash: None,
            ssh_authorized_keys: Vec::new(),
            sudo: Some(Spanned {
                value: Sudo::IfInstalled,
                span: Span::default(),
            }),
            create_home: None,
            expire: None,
        }
    }
}

impl<'de> Deserialize<'de> for Sudo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Sudo;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false or a rule of sudoers(5)")
            }

            fn visit_bool<E: Error>(self, all: bool) -> Result<Sudo, E> {
                Ok(if all { Sudo::Everything } else { Sudo::No })
            }

            fn visit_str<E: Error>(self, rule: &str) -> Result<Sudo, E> {
                Ok(Sudo::Rule(rule.to_owned()))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

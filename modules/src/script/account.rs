//! `groupadd`, `useradd` and `usermod` in the forms that packages use for system accounts.

use crate::accounts::defaults::Defaults;
use crate::accounts::{Accounts, NewUser, add_sub_ids, home, ids, name};
use crate::{Root, RootError};

/// The shell of users where neither the call nor the image says which (shadow's `useradd.c`).
const SHELL: &str = "/bin/bash";

/// `groupadd`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AddGroup {
    name: String,
    gid: Option<u32>,
    is_system: bool,
    /// `-f`: it is no failure that the group is there.
    may_exist: bool,
    /// `-o`: another group may have the number.
    may_share: bool,
}

/// `useradd`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AddUser {
    name: String,
    uid: Option<u32>,
    /// The own group, by name or number.
    group: Option<String>,
    groups: Vec<String>,
    gecos: String,
    home: Option<String>,
    shell: Option<String>,
    is_system: bool,
    may_share: bool,
    /// `-N`: no group of the same name is made.
    no_group: bool,
    /// `-U`: one is made whatever login.defs says.
    own_group: bool,
    /// `-m` or `-M`: whether a home is made.
    has_home: Option<bool>,
}

/// `usermod -aG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JoinGroups {
    user: String,
    groups: Vec<String>,
}

/// A short option with its long name.
pub(super) type Spelling = (char, &'static str);

/// Options by their letters, with their values.
pub(super) type Found<'w> = Vec<(char, &'w str)>;

/// Takes options apart as getopt_long(3) does: `flags` have no value. Returns the words that are no
/// options as well.
pub(super) fn options<'w>(
    words: &[&'w str],
    flags: &[Spelling],
    values: &[Spelling],
) -> Option<(Found<'w>, Vec<&'w str>)> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let named = |list: &[Spelling]| list.iter().find(|(_, long)| *long == name).copied();
            if let (Some((letter, _)), None) = (named(flags), value) {
                found.push((letter, ""));
            } else {
                let (letter, _) = named(values)?;
                let value = match value {
                    Some(value) => value,
                    None => words.next().copied()?,
                };
                found.push((letter, value));
            }
        } else if word.len() > 1 && word.starts_with('-') {
            let mut rest = &word[1..];
            while let Some(letter) = rest.chars().next() {
                rest = &rest[letter.len_utf8()..];
                if flags.iter().any(|(short, _)| *short == letter) {
                    found.push((letter, ""));
                    continue;
                }
                values.iter().find(|(short, _)| *short == letter)?;
                let value = if rest.is_empty() {
                    words.next().copied()?
                } else {
                    rest
                };
                found.push((letter, value));
                break;
            }
        } else {
            others.push(*word);
        }
    }
    Some((found, others))
}

/// Returns the only word, if it can be somebody's name.
pub(super) fn named(others: &[&str]) -> Option<String> {
    match *others {
        [only] if name::check(only).is_ok() => Some(only.to_owned()),
        _ => None,
    }
}

fn list(text: &str) -> Vec<String> {
    let names = text.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

pub(super) fn is_field(text: &str) -> bool {
    !text.contains([':', '\n'])
}

impl AddGroup {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let flags = [('r', "system"), ('f', "force"), ('o', "non-unique")];
        let (found, others) = options(words, &flags, &[('g', "gid")])?;
        let mut group = Self {
            name: named(&others)?,
            ..Self::default()
        };
        for (letter, value) in found {
            match letter {
                'r' => group.is_system = true,
                'f' => group.may_exist = true,
                'o' => group.may_share = true,
                _ => group.gid = Some(value.parse().ok()?),
            }
        }
        Some(group)
    }

    /// Adds the group; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let mut accounts = Accounts::read(root)?;
        if accounts.gid(&self.name).is_some() {
            return Ok(self.may_exist);
        }
        let gid = match self.gid {
            Some(gid) if self.may_share || accounts.group_with(gid).is_none() => Some(gid),
            Some(_) if !self.may_exist => None,
            _ => next_gid(root, &accounts, self.is_system)?,
        };
        let Some(gid) = gid else {
            return Ok(false);
        };
        accounts.add_group(&self.name, gid);
        accounts.write(root)?;
        Ok(true)
    }
}

impl AddUser {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let flags = [
            ('r', "system"),
            ('m', "create-home"),
            ('M', "no-create-home"),
            ('N', "no-user-group"),
            ('U', "user-group"),
            ('o', "non-unique"),
            ('l', "no-log-init"),
        ];
        let values = [
            ('u', "uid"),
            ('g', "gid"),
            ('G', "groups"),
            ('c', "comment"),
            ('d', "home-dir"),
            ('d', "home"),
            ('s', "shell"),
        ];
        let (found, others) = options(words, &flags, &values)?;
        let mut user = Self {
            name: named(&others)?,
            ..Self::default()
        };
        for (letter, value) in found {
            match letter {
                'r' => user.is_system = true,
                'N' => user.no_group = true,
                'U' => user.own_group = true,
                'o' => user.may_share = true,
                'u' => user.uid = Some(value.parse().ok()?),
                'g' => user.group = Some(value.to_owned()),
                'G' => user.groups = list(value),
                'c' if is_field(value) => user.gecos = value.to_owned(),
                'd' if is_field(value) && value.starts_with('/') => {
                    user.home = Some(value.to_owned());
                }
                's' if is_field(value) && value.starts_with('/') => {
                    user.shell = Some(value.to_owned());
                }
                'm' if user.has_home != Some(false) => user.has_home = Some(true),
                'M' if user.has_home != Some(true) => user.has_home = Some(false),
                'l' => {}
                // Both -m and -M are a failure.
                _ => return None,
            }
        }
        Some(user)
    }

    /// Adds the user; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let mut accounts = Accounts::read(root)?;
        let defaults = Defaults::read(root)?;
        let is_there = accounts.user(&self.name).is_some();
        if is_there
            || !self
                .groups
                .iter()
                .all(|group| accounts.gid(group).is_some())
        {
            return Ok(false);
        }
        let uid = match self.uid {
            Some(uid) if self.may_share || accounts.user_with(uid).is_none() => Some(uid),
            Some(_) => None,
            None => {
                let taken = accounts.ids(root)?.uids;
                ids::next(defaults.uids(self.is_system), &taken, self.is_system)
            }
        };
        let Some(uid) = uid else {
            return Ok(false);
        };
        let has_own = self.own_group || (defaults.user_groups() && !self.no_group);
        let by_name = |accounts: &Accounts, group: &str| {
            let number = group.parse().ok();
            let number = number.filter(|gid| accounts.group_with(*gid).is_some());
            accounts.gid(group).or(number)
        };
        let gid = match &self.group {
            Some(group) => by_name(&accounts, group),
            None if has_own && accounts.gid(&self.name).is_some() => None,
            None if has_own => {
                let range = defaults.gids(self.is_system);
                // That of the user, unless it is too large, or too small for one that is no
                // system user (shadow's `find_new_gid.c`).
                let fits = if self.is_system {
                    uid <= *range.end()
                } else {
                    range.contains(&uid)
                };
                let gid = match fits && accounts.group_with(uid).is_none() {
                    true => Some(uid),
                    false => next_gid(root, &accounts, self.is_system)?,
                };
                gid.inspect(|gid| accounts.add_group(&self.name, *gid))
            }
            None => by_name(&accounts, defaults.group()),
        };
        let Some(gid) = gid else {
            return Ok(false);
        };
        let homes = defaults.homes().trim_end_matches('/');
        let place = self.home.clone();
        let place = place.unwrap_or_else(|| format!("{homes}/{}", self.name));
        let shell = self.shell.as_deref().or(defaults.shell());
        let user = NewUser {
            name: &self.name,
            uid,
            gid,
            gecos: &self.gecos,
            home: &place,
            shell: shell.unwrap_or(SHELL),
            system: self.is_system,
            password: "!",
            expire: None,
        };
        accounts.add_user(&user, &defaults);
        for group in &self.groups {
            accounts.add_member(group, &self.name);
        }
        let is_person = !self.is_system;
        if is_person && defaults.uids(false).contains(&uid) {
            for (path, kind) in [("/etc/subuid", "UID"), ("/etc/subgid", "GID")] {
                if !add_sub_ids(root, path, &self.name, &defaults.sub_ids(kind))? {
                    return Ok(false);
                }
            }
        }
        accounts.write(root)?;
        let has_home = self.has_home;
        if has_home.unwrap_or(is_person && defaults.makes_homes()) && !root.exists(&place) {
            home::make(root, &defaults, place.as_bytes(), uid, gid)?;
        }
        if let Some(spool) = defaults.mail_spool().filter(|_| is_person) {
            home::make_mailbox(root, spool, &self.name, uid, accounts.gid("mail"))?;
        }
        Ok(true)
    }
}

impl JoinGroups {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let (found, others) = options(words, &[('a', "append")], &[('G', "groups")])?;
        let is_added = found.iter().any(|(letter, _)| *letter == 'a');
        let groups = found.iter().filter(|(letter, _)| *letter == 'G');
        let groups: Vec<_> = groups.flat_map(|(_, value)| list(value)).collect();
        let user = named(&others)?;
        (is_added && !groups.is_empty()).then_some(Self { user, groups })
    }

    /// Puts the user into the groups; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let mut accounts = Accounts::read(root)?;
        let are_there = self
            .groups
            .iter()
            .all(|group| accounts.gid(group).is_some());
        if accounts.user(&self.user).is_none() || !are_there {
            return Ok(false);
        }
        for group in &self.groups {
            accounts.add_member(group, &self.user);
        }
        accounts.write(root)?;
        Ok(true)
    }
}

fn next_gid(root: &Root<'_>, accounts: &Accounts, system: bool) -> Result<Option<u32>, RootError> {
    let range = Defaults::read(root)?.gids(system);
    let taken = accounts.ids(root)?.gids;
    Ok(ids::next(range, &taken, system))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split(' ').collect()
    }

    #[test]
    fn forms_that_are_known() {
        for (text, is_known) in [
            ("-r a", true),
            ("--system -g 26 a", true),
            ("--gid=26 a", true),
            ("-g26 -o a", true),
            ("-rf a", true),
            ("-g x a", false),
            ("-p x a", false),
            ("-r", false),
            ("-r a b", false),
            ("-R /x a", false),
        ] {
            assert_eq!(
                AddGroup::parse(&words(text)).is_some(),
                is_known,
                "groupadd {text}"
            );
        }
        for (text, is_known) in [
            ("-r a", true),
            ("-r -g a -d /var/lib/a -s /sbin/nologin -c comment a", true),
            ("-rg a a", true),
            ("-M -N -u 26 a", true),
            ("-m -M a", false),
            ("-r -M -N -u 26 a", true),
            ("-r -d a a", false),
            ("-r -s nologin a", false),
            ("a", true),
            ("-r -m a", true),
            ("-r -p x a", false),
            ("-r -c a:b a", false),
            ("-r -K UID_MIN=5 a", false),
        ] {
            assert_eq!(
                AddUser::parse(&words(text)).is_some(),
                is_known,
                "useradd {text}"
            );
        }
        for (text, is_known) in [
            ("-a -G b a", true),
            ("-aG b,c a", true),
            ("-G b a", false),
            ("-L a", false),
        ] {
            assert_eq!(
                JoinGroups::parse(&words(text)).is_some(),
                is_known,
                "usermod {text}"
            );
        }
    }
}

//! What `add_user` does for one user.

use crate::accounts::defaults::Defaults;
use crate::accounts::{Accounts, NewUser, add_sub_ids, doas, home, ids, name, sudo};
use crate::error::at;
use crate::value::{Span, ValueError};
use crate::{Error, Root};

use super::options::{Account, Sudo};

/// Programs that let nobody in, in the order of liking.
const CLOSED: [&str; 6] = [
    "/usr/sbin/nologin",
    "/sbin/nologin",
    "/usr/bin/nologin",
    "/bin/nologin",
    "/bin/false",
    "/usr/bin/false",
];

/// The image with its account files, which are written once all users are in.
pub(super) struct Edit<'r, 't> {
    pub(super) root: &'r mut Root<'t>,
    pub(super) defaults: Defaults,
    pub(super) accounts: Accounts,
}

impl Edit<'_, '_> {
    /// Adds one user with all that belongs to it, or what an existing one lacks. `span` is where
    /// the recipe lists the user.
    pub(super) fn user(&mut self, account: &Account, span: Span) -> Result<(), Error> {
        let is_new = self.accounts.user(&account.name).is_none();
        if is_new {
            self.add(account, span)?;
        } else {
            self.update(account, span)?;
        }
        self.join_groups(account, span)?;
        self.furnish(account, is_new, span)?;
        self.allow_sudo(account, span)
    }

    /// Adds the entries of a user who is not there yet.
    fn add(&mut self, account: &Account, span: Span) -> Result<(), Error> {
        let name = &*account.name;
        if !name::is_portable(name) {
            self.root.warn_at(
                span,
                format!(
                    "user {name:?}: some programs take only names of lower-case letters, \
                 digits, `_` and `-`, the first no digit"
                ),
            );
        }
        let uid = self.new_uid(account, span)?;
        let gid = self.own_group(account, uid, span)?;
        let home = match &account.home {
            Some(home) => home.value.clone(),
            None => format!("{}/{name}", self.defaults.homes().trim_end_matches('/')),
        };
        let shell = self.shell(account, span);
        let user = NewUser {
            name,
            uid,
            gid,
            gecos: account.gecos.as_ref().map_or("", |gecos| gecos),
            home: &home,
            shell: &shell,
            system: account.system,
            // Not `!`: that locks the account, and sshd may then refuse even the right key.
            password: account.password_hash.as_ref().map_or("*", |hash| hash),
            expire: account.expire_day()?,
        };
        self.accounts.add_user(&user, &self.defaults);
        if !account.system {
            self.add_sub_ids(name, uid, span)?;
            self.warn_of_no_way_in(account, span);
        }
        Ok(())
    }

    fn new_uid(&mut self, account: &Account, span: Span) -> Result<u32, Error> {
        if let Some(uid) = &account.uid {
            return match self.accounts.user_with(uid.value) {
                None => Ok(uid.value),
                Some(owner) => {
                    let owner = owner.escape_ascii();
                    let error = uid.error(format!("uid {} belongs to the user {owner}", uid.value));
                    Err(error.into())
                }
            };
        }
        let range = self.defaults.uids(account.system);
        let taken = self.accounts.ids(self.root)?.uids;
        ids::next(range.clone(), &taken, account.system).ok_or_else(|| {
            let kind = if account.system { "SYS_UID" } else { "UID" };
            exhausted(span, kind, *range.start(), *range.end())
        })
    }

    fn new_gid(&mut self, system: bool, span: Span) -> Result<u32, Error> {
        let range = self.defaults.gids(system);
        let taken = self.accounts.ids(self.root)?.gids;
        ids::next(range.clone(), &taken, system).ok_or_else(|| {
            let kind = if system { "SYS_GID" } else { "GID" };
            exhausted(span, kind, *range.start(), *range.end())
        })
    }

    /// Returns the user's own group, which is made where that is the image's custom.
    fn own_group(&mut self, account: &Account, uid: u32, span: Span) -> Result<u32, Error> {
        let name = &*account.name;
        let same_name = self.accounts.gid(name);
        let gid = match (&account.gid, same_name) {
            (Some(gid), _) if self.accounts.group_with(gid.value).is_some() => {
                return Ok(gid.value);
            }
            (Some(gid), Some(has)) => {
                let message = format!("the group {name:?} has gid {has} already, not {}", **gid);
                return Err(gid.error(message).into());
            }
            (Some(gid), None) => gid.value,
            (None, _) if !self.defaults.user_groups() => return self.common_group(span),
            (None, Some(has)) => {
                let message = format!("the image has a group {name:?}, with gid {has}");
                let error = ValueError::new(span, message);
                let help = format!("give `gid: {has}` to make it the user's own group");
                return Err(error.help(help).into());
            }
            (None, None) => {
                let range = self.defaults.gids(account.system);
                let taken = self.accounts.ids(self.root)?.gids;
                if range.contains(&uid) && !taken.contains(&uid) {
                    uid
                } else {
                    self.new_gid(account.system, span)?
                }
            }
        };
        self.accounts.add_group(name, gid);
        Ok(gid)
    }

    /// Returns the group that all users share where they have none of their own.
    fn common_group(&self, span: Span) -> Result<u32, Error> {
        let group = self.defaults.group();
        let by_number = group.parse().ok();
        let by_number = by_number.filter(|gid| self.accounts.group_with(*gid).is_some());
        by_number
            .or_else(|| self.accounts.gid(group))
            .ok_or_else(|| {
                let message =
                    format!("the image has no group {group}, the common one of its users");
                let help = "give `gid`, or set GROUP in /etc/default/useradd";
                ValueError::new(span, message).help(help).into()
            })
    }

    /// Returns the shell of the recipe or else of the image; one that is missing is replaced.
    fn shell(&mut self, account: &Account, span: Span) -> String {
        let is_there = |path: &str| self.root.is_file(path);
        let asked = account.shell.as_ref().map(|shell| &*shell.value);
        let usual = if is_there("/bin/bash") {
            "/bin/bash"
        } else {
            "/bin/sh"
        };
        let shell = asked.or(self.defaults.shell()).unwrap_or(usual).to_owned();
        if is_there(&shell) {
            return shell;
        }
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        // Who is not to log in does not get a shell for it.
        let (other, told) = match CLOSED.iter().any(|closed| last(closed) == last(&shell)) {
            false if is_there("/bin/sh") => ("/bin/sh".to_owned(), "/bin/sh is set".to_owned()),
            false => (shell.clone(), "nobody can log in with it".to_owned()),
            true => match CLOSED.into_iter().find(|path| is_there(path)) {
                Some(path) => (path.to_owned(), format!("{path} is set")),
                None => (shell.clone(), "nobody can log in with it".to_owned()),
            },
        };
        let name = &account.name;
        let span = account.shell.as_ref().map_or(span, |shell| shell.span);
        let message = format!("user {name:?}: the shell {shell} is not in the image; {told}");
        self.root.warn_at(span, message);
        other
    }

    fn add_sub_ids(&mut self, name: &str, uid: u32, span: Span) -> Result<(), Error> {
        if !self.defaults.uids(false).contains(&uid) {
            return Ok(());
        }
        for (path, kind) in [("/etc/subuid", "UID"), ("/etc/subgid", "GID")] {
            let rules = self.defaults.sub_ids(kind);
            if !add_sub_ids(self.root, path, name, &rules)? {
                self.root.warn_at(span, format!(
                    "user {name:?} gets no entry in {path}: no {} ids in a row are left from {} \
                     to {}",
                    rules.count,
                    rules.range.start(),
                    rules.range.end()
                ));
            }
        }
        Ok(())
    }

    fn warn_of_no_way_in(&mut self, account: &Account, span: Span) {
        let hash = account.password_hash.as_ref();
        let has_password = hash.is_some_and(|hash| hash.starts_with('$'));
        if !has_password && account.ssh_authorized_keys.is_empty() {
            self.root.warn_at(
                span,
                format!(
                    "user {:?} cannot log in with a password or key; give `password_hash` or \
                 `ssh_authorized_keys`",
                    account.name
                ),
            );
        }
    }

    /// Changes what the recipe says about a user who is there.
    fn update(&mut self, account: &Account, span: Span) -> Result<(), Error> {
        let name = &*account.name;
        if let Some(user) = self.accounts.user(name) {
            let ids = [
                ("uid", &account.uid, user.uid),
                ("gid", &account.gid, user.gid),
            ];
            for (what, wanted, has) in ids {
                if let Some(wanted) = wanted.as_ref().filter(|wanted| wanted.value != has) {
                    let message =
                        format!("user {name:?} has {what} {has} already, not {}", **wanted);
                    let help = format!("leave `{what}` out: files belong to the old number");
                    return Err(wanted.error(message).help(help).into());
                }
            }
            let home = account.home.as_ref();
            if let Some(home) = home.filter(|home| home.as_bytes() != user.home) {
                let has = user.home.escape_ascii();
                let message = format!("user {name:?} has the home {has} already, not {}", **home);
                return Err(home.error(message).help("leave `home` out").into());
            }
        }
        if let Some(gecos) = &account.gecos {
            self.accounts.set_gecos(name, gecos);
        }
        if account.shell.is_some() {
            let shell = self.shell(account, span);
            self.accounts.set_shell(name, &shell);
        }
        if let Some(hash) = &account.password_hash {
            self.accounts.set_password(name, hash);
        }
        if let Some(day) = account.expire_day()? {
            self.accounts.set_expire(name, day);
        }
        Ok(())
    }

    /// Adds the user to the groups of the recipe; one that is missing is made, as cloud-init does.
    fn join_groups(&mut self, account: &Account, span: Span) -> Result<(), Error> {
        for group in &account.groups {
            if self.accounts.gid(group).is_none() {
                let gid = self.new_gid(account.system, span)?;
                self.accounts.add_group(group, gid);
                self.root.warn_at(
                    group.span,
                    format!(
                        "user {:?}: the image had no group {:?}; it is made, with gid {gid}",
                        account.name, group.value
                    ),
                );
            }
            self.accounts.add_member(group, &account.name);
        }
        Ok(())
    }

    /// Makes home and mailbox, and puts the keys in.
    fn furnish(&mut self, account: &Account, is_new: bool, span: Span) -> Result<(), Error> {
        let name = &*account.name;
        let Some(user) = self.accounts.user(name) else {
            return Ok(());
        };
        let (root, defaults) = (&mut *self.root, &self.defaults);
        let place = account.home.as_ref().map_or(span, |home| home.span);
        let usual = is_new && !account.system;
        if account.create_home.unwrap_or(usual) {
            home::make(root, defaults, user.home, user.uid, user.gid).map_err(at(place))?;
            if let Some(spool) = defaults.mail_spool().filter(|_| usual) {
                let mail = self.accounts.gid("mail");
                home::make_mailbox(root, spool, name, user.uid, mail)?;
            }
        }
        let mut users = self.accounts.users();
        let is_theirs = |other: &[&[u8]; 7]| other[0] != name.as_bytes() && other[5] == user.home;
        let other = users.find(is_theirs).filter(|_| user.home.len() > 1);
        let shared = other.map(|other| {
            let (home, other) = (user.home.escape_ascii(), other[0].escape_ascii());
            format!("the home {home} of user {name:?} is that of {other}, too")
        });
        let keys = account.keys()?;
        if let Some(message) = &shared {
            if let Some(first) = account.ssh_authorized_keys.first() {
                let help = "sshd would let who has these keys in as the other one";
                return Err(first.error(message.clone()).help(help).into());
            }
            if usual {
                root.warn_at(place, message.clone());
            }
        }
        if let Some(first) = account.ssh_authorized_keys.first() {
            if !user.home.starts_with(b"/") || !root.is_dir(user.home) {
                let home = user.home.escape_ascii();
                let error = first.error(format!("user {name:?} has no home {home} for ssh keys"));
                return Err(error.help("give `create_home: true`").into());
            }
            home::add_keys(root, user.home, user.uid, user.gid, &keys).map_err(at(first.span))?;
        }
        Ok(())
    }

    /// Adds a user to the group that the distribution has for those who administer the machine:
    /// polkit asks for it, too.
    fn join_administrators(&mut self, name: &str) {
        let mut groups = ["sudo", "wheel"].into_iter();
        if let Some(group) = groups.find(|group| self.accounts.gid(group).is_some()) {
            self.accounts.add_member(group, name);
        }
    }

    fn allow_sudo(&mut self, account: &Account, span: Span) -> Result<(), Error> {
        let Some(asked) = &account.sudo else {
            return Ok(());
        };
        let name = &*account.name;
        // A name alone asks for it as well.
        let place = match asked.value {
            Sudo::IfInstalled => span,
            _ => asked.span,
        };
        let rule = match &asked.value {
            Sudo::No => return Ok(()),
            Sudo::IfInstalled | Sudo::Everything => sudo::EVERYTHING,
            Sudo::Rule(rule) => rule,
        };
        if !matches!(asked.value, Sudo::Rule(_)) {
            self.join_administrators(name);
        }
        if sudo::is_installed(self.root) {
            let file = sudo::grant(self.root, name, rule).map_err(at(place))?;
            self.warn_of_undefined(name, rule, place)?;
            return self.warn_of_later(name, &file, place);
        }
        if doas::is_installed(self.root) {
            if let Sudo::Rule(rule) = &asked.value {
                let message = format!("{rule:?} is for sudo: the image has doas");
                let help = "write `sudo: true`, or put a rule into /etc/doas.conf with `files`";
                return Err(asked.error(message).help(help).into());
            }
            let file = doas::grant(self.root, name).map_err(at(place))?;
            for rule in doas::later(self.root, &file, &self.rights(name))? {
                self.root.warn_at(place, format!(
                    "{rule} is about user {name:?}, too, and may count instead of what {file} says: \
                     doas goes by the last rule"
                ));
            }
            return Ok(());
        }
        let message = format!("user {name:?} cannot use sudo: the image does not have it");
        if asked.value == Sudo::IfInstalled {
            self.root.warn_at(span, message);
            return Ok(());
        }
        let help = "add sudo to the image in an earlier step, or leave `sudo` out";
        Err(asked.error(message).help(help).into())
    }
}

impl Edit<'_, '_> {
    /// Warns of names of lists that no file defines: sudo takes them for words that fit nothing.
    fn warn_of_undefined(&mut self, user: &str, rule: &str, place: Span) -> Result<(), Error> {
        // What is wrong with the rule has been told before any work started.
        let named = sudo::check(rule).unwrap_or_default();
        for alias in sudo::undefined(self.root, named)? {
            let (name, word) = (alias.name, alias.kind.word());
            self.root.warn_at(place, format!(
                "the rule of user {user:?} names {name}, but no file of sudo has a {word} {name}"
            ));
        }
        Ok(())
    }

    /// Warns of rules that sudo reads behind the user's own: the last one that fits counts.
    fn warn_of_later(&mut self, name: &str, file: &str, place: Span) -> Result<(), Error> {
        for rule in sudo::later(self.root, file, &self.rights(name))? {
            self.root.warn_at(place, format!(
                "{rule} is about user {name:?}, too, and comes behind {file}: the last rule counts"
            ));
        }
        Ok(())
    }

    /// Returns a user with all groups.
    fn rights<'n>(&self, user: &'n str) -> sudo::Rights<'n> {
        let gid = self.accounts.user(user).map(|user| user.gid);
        let groups = self.accounts.groups().filter(|[_, _, number, members]| {
            let mut members = members.split(|b| *b == b',');
            let is_own = gid.is_some_and(|gid| *number == gid.to_string().as_bytes());
            is_own || members.any(|member| member == user.as_bytes())
        });
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let groups =
            groups.flat_map(|[group, _, number, _]| [text(group), format!("#{}", text(number))]);
        let number = self
            .accounts
            .user(user)
            .map(|user| format!("#{}", user.uid));
        sudo::Rights {
            user,
            number,
            groups: groups.collect(),
        }
    }
}

/// Returns the error for a range of login.defs(5) with no number left.
fn exhausted(span: Span, kind: &str, min: u32, max: u32) -> Error {
    let message = format!("no id is left from {min} to {max} ({kind}_MIN, {kind}_MAX)");
    let help = "widen the range in the image's /etc/login.defs, or give the number";
    ValueError::new(span, message).help(help).into()
}

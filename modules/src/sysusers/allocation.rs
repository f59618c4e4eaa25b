//! Accounts from lines of sysusers.d(5): who is made, and with which numbers.
//!
//! The numbers are those that systemd-sysusers(8) chooses: the one asked for, else the owner's of a
//! path, else that of the group of the same name, else the highest that neither a user nor a group
//! has.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::item::{self, Group, Item, User};
use crate::accounts::Accounts;
use crate::accounts::defaults::Defaults;
use crate::accounts::system::SystemUser;
use crate::dropins::specifier::Specifiers;
use crate::dropins::{Line, Problem};
use crate::root::{Root, RootError};

/// The shell of who must not log in.
const NOLOGIN: &str = "/usr/sbin/nologin";

/// Shells that end at once, whose differences do not matter.
const NO_SHELLS: [&str; 8] = [
    "/bin/nologin",
    "/sbin/nologin",
    "/usr/bin/nologin",
    "/usr/sbin/nologin",
    "/bin/false",
    "/usr/bin/false",
    "/bin/true",
    "/usr/bin/true",
];

/// What lines ask for, in their order; the number is that of the line.
#[derive(Default)]
struct Wanted {
    users: Vec<(usize, User)>,
    groups: Vec<(usize, Group)>,
    /// A group, and who is to be in it.
    members: Vec<(usize, String, Vec<String>)>,
    ranges: Vec<RangeInclusive<u32>>,
}

/// Makes the users and groups that lines ask for and the image lacks, and adds members to groups.
///
/// Returns what could not be done: the rest is done nevertheless.
pub(crate) fn apply(root: &mut Root<'_>, lines: &[Line]) -> Result<Vec<Problem>, RootError> {
    let mut problems = Vec::new();
    let mut wanted = read(root, lines, &mut problems)?;
    wanted.add_implied();
    if wanted.ranges.is_empty() {
        wanted.ranges.push(Defaults::read(root)?.system_pool());
    }
    let mut accounts = Accounts::read(root)?;
    if !root.exists("/etc/group") {
        accounts.begin_gshadow();
    }
    let before = accounts.clone();
    let mut allocation = Allocation {
        root,
        pool: &wanted.ranges,
        next: u32::MAX,
        new_groups: BTreeSet::new(),
        accounts,
    };
    for (line, group) in &wanted.groups {
        let done = allocation.add_group(
            &group.name,
            group.gid,
            None,
            false,
            None,
            group.like.as_deref(),
        );
        if let Err(message) = done.and_then(|(_, problem)| problem.map_or(Ok(()), Err)) {
            problems.push(Problem {
                line: *line,
                message,
            });
        }
    }
    for (line, user) in &wanted.users {
        if let Err(message) = allocation.add_user(&wanted, user) {
            problems.push(Problem {
                line: *line,
                message,
            });
        }
    }
    let mut accounts = allocation.accounts;
    for (_, group, users) in &wanted.members {
        accounts.add_sorted_members(group, users);
    }
    if accounts != before {
        accounts.write(root)?;
    }
    problems.sort_by_key(|problem| problem.line);
    Ok(problems)
}

/// Returns what is wrong with a line, as far as that shows without an image.
pub(super) fn check(line: &str) -> Result<(), String> {
    if line.contains('%') {
        // Only the image knows what these stand for.
        return Ok(());
    }
    item::parse(line.as_bytes(), &Specifiers::default()).map(drop)
}

fn read(root: &Root<'_>, lines: &[Line], problems: &mut Vec<Problem>) -> Result<Wanted, RootError> {
    let specifiers = Specifiers::read(root)?;
    let mut wanted = Wanted::default();
    for (line, Line { text, .. }) in lines.iter().enumerate() {
        let added = item::parse(text, &specifiers).and_then(|item| wanted.add(line, item));
        if let Err(message) = added {
            problems.push(Problem { line, message });
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn add(&mut self, line: usize, item: Item) -> Result<(), String> {
        match item {
            Item::User(user) => {
                let known = self.users.iter().find(|(_, known)| known.name == user.name);
                match known {
                    None => self.users.push((line, user)),
                    Some((_, known)) if is_same(known, &user) => {}
                    Some(_) => return Err(earlier("user", &user.name)),
                }
            }
            Item::Group(group) => {
                let known = self
                    .groups
                    .iter()
                    .find(|(_, known)| known.name == group.name);
                match known {
                    None => self.groups.push((line, group)),
                    Some((_, known)) if *known == group => {}
                    Some(_) => return Err(earlier("group", &group.name)),
                }
            }
            Item::Member(user, group) => {
                let known = self
                    .members
                    .iter_mut()
                    .find(|(_, known, _)| *known == group);
                match known {
                    None => self.members.push((line, group, vec![user])),
                    Some((.., users)) if users.contains(&user) => {}
                    Some((.., users)) => users.push(user),
                }
            }
            Item::Range(first, last) => self.ranges.push(first..=last),
        }
        Ok(())
    }

    /// Adds the users and groups that only `m` lines name.
    fn add_implied(&mut self) {
        for (line, group, users) in &self.members {
            for name in users {
                if !self.users.iter().any(|(_, user)| user.name == *name) {
                    let name = name.clone();
                    self.users.push((
                        *line,
                        User {
                            name,
                            ..User::default()
                        },
                    ));
                }
            }
            let has_user = self.users.iter().any(|(_, user)| user.name == *group);
            if !has_user && !self.groups.iter().any(|(_, known)| known.name == *group) {
                let name = group.clone();
                self.groups.push((
                    *line,
                    Group {
                        name,
                        ..Group::default()
                    },
                ));
            }
        }
    }
}

fn earlier(what: &str, name: &str) -> String {
    format!("an earlier line wants the {what} {name} otherwise")
}

fn is_same(a: &User, b: &User) -> bool {
    let no_shell = |user: &User| {
        let shell = user.shell.as_deref();
        shell.map_or(user.uid != Some(0), |shell| NO_SHELLS.contains(&shell))
    };
    let plain = |user: &User| User {
        shell: user.shell.clone().filter(|_| !no_shell(user)),
        ..user.clone()
    };
    plain(a) == plain(b)
}

/// Numbers being given away.
struct Allocation<'a, 'r> {
    root: &'a Root<'r>,
    pool: &'a [RangeInclusive<u32>],
    /// Only numbers below this one are free of searches.
    next: u32,
    /// The groups that are new.
    new_groups: BTreeSet<String>,
    accounts: Accounts,
}

impl Allocation<'_, '_> {
    fn add_user(&mut self, wanted: &Wanted, user: &User) -> Result<(), String> {
        let group = user.group.as_deref().unwrap_or(&user.name);
        let is_queued = wanted.groups.iter().any(|(_, known)| known.name == group)
            || user.group.is_some() && wanted.users.iter().any(|(_, known)| known.name == group);
        let is_new = user.gid.is_none() && is_queued && self.new_groups.contains(group);
        let mut problem = None;
        let (gid, strict) = if is_new || user.group.is_some() && user.gid.is_none() {
            let gid = self.accounts.gid(group);
            (
                gid.ok_or_else(|| format!("there is no group {group}"))?,
                true,
            )
        } else {
            let strict = user.gid.is_some();
            let like = user.like.as_deref();
            let (gid, other) =
                self.add_group(&user.name, user.gid, user.uid, strict, like, None)?;
            problem = other;
            (gid, strict)
        };
        if self.accounts.user(&user.name).is_none() {
            let (uid, other) = self.uid(user, gid, strict)?;
            problem = other.or(problem);
            let is_root = user.uid == Some(0) && uid == 0;
            let shell = match &user.shell {
                Some(shell) => shell,
                None if !is_root => NOLOGIN,
                None if self.root.is_file("/bin/bash") => "/bin/bash",
                None => "/bin/sh",
            };
            self.accounts.add_system_user(&SystemUser {
                name: &user.name,
                uid,
                gid,
                gecos: user.gecos.as_deref().unwrap_or_default(),
                home: user.home.as_deref().unwrap_or("/"),
                shell,
                locked: user.locked,
            });
        }
        problem.map_or(Ok(()), Err)
    }

    /// Makes a group where it is missing. Returns its number, and the problem where it is not the
    /// one that was asked for.
    fn add_group(
        &mut self,
        name: &str,
        gid: Option<u32>,
        uid: Option<u32>,
        strict: bool,
        uid_like: Option<&str>,
        gid_like: Option<&str>,
    ) -> Result<(u32, Option<String>), String> {
        if let Some(gid) = self.accounts.gid(name) {
            return Ok((gid, None));
        }
        let mut problem = None;
        if let Some(gid) = gid {
            let owner = self.accounts.group_with(gid);
            match owner {
                None if strict => return Err(format!("there is no group with gid {gid}")),
                Some(_) if strict => return Ok((gid, None)),
                None => return Ok((self.new_group(name, gid), None)),
                Some(owner) => problem = Some(taken("gid", gid, "group", owner)),
            }
        }
        let is_free = |id: &u32| self.is_free_gid(*id);
        let like = || {
            let owner = |path| self.root.stat(path).ok().map(|node| node.meta.gid);
            let id = gid_like.or(uid_like).and_then(owner);
            id.filter(|id| self.may_be_like(*id))
        };
        let found = uid.filter(is_free).or_else(|| like().filter(is_free));
        let gid = match found {
            Some(gid) => gid,
            None => self.search(|this, id| this.is_free_gid(id), "group", name)?,
        };
        Ok((self.new_group(name, gid), problem))
    }

    fn new_group(&mut self, name: &str, gid: u32) -> u32 {
        self.accounts.add_system_group(name, gid);
        self.new_groups.insert(name.to_owned());
        gid
    }

    /// Returns the number of a new user, and the problem where it is not the one that was asked
    /// for.
    fn uid(
        &mut self,
        user: &User,
        gid: u32,
        strict: bool,
    ) -> Result<(u32, Option<String>), String> {
        let name = &user.name;
        let mut problem = None;
        if let Some(uid) = user.uid {
            if self.is_free_uid(uid, name, !strict) {
                return Ok((uid, None));
            }
            let by_user = self.accounts.user_with(uid).map(|owner| ("user", owner));
            let by_group = self.accounts.group_with(uid).map(|owner| ("group", owner));
            problem = by_user
                .or(by_group)
                .map(|(what, owner)| taken("uid", uid, what, owner));
        }
        let is_free = |id: &u32| self.is_free_uid(*id, name, true);
        let owner = |path: &String| self.root.stat(path).ok().map(|node| node.meta.uid);
        let like = user.like.as_ref().and_then(owner);
        let like = like.filter(|id| self.may_be_like(*id));
        let found = like.filter(is_free).or(Some(gid).filter(is_free));
        let uid = match found {
            Some(uid) => uid,
            None => self.search(|this, id| this.is_free_uid(id, name, true), "user", name)?,
        };
        Ok((uid, problem))
    }

    /// Returns whether a number may be taken from the owner of a path.
    fn may_be_like(&self, id: u32) -> bool {
        id > 0 && self.pool.iter().any(|range| range.contains(&id))
    }

    fn is_free_uid(&self, uid: u32, name: &str, check_groups: bool) -> bool {
        let others_group = |owner: &[u8]| owner != name.as_bytes();
        self.accounts.user_with(uid).is_none()
            && !(check_groups && self.accounts.group_with(uid).is_some_and(others_group))
    }

    fn is_free_gid(&self, gid: u32) -> bool {
        self.accounts.group_with(gid).is_none() && self.accounts.user_with(gid).is_none()
    }

    /// Goes down through the pool. Numbers that were looked at are not looked at again.
    fn search(
        &mut self,
        is_free: impl Fn(&Self, u32) -> bool,
        what: &str,
        name: &str,
    ) -> Result<u32, String> {
        loop {
            let below = |range: &RangeInclusive<u32>| {
                let last = self.next.checked_sub(1)?.min(*range.end());
                (last >= *range.start()).then_some(last)
            };
            let next = self.pool.iter().filter_map(below).max();
            self.next = next.ok_or_else(|| format!("no number is left for the {what} {name}"))?;
            if is_free(self, self.next) {
                return Ok(self.next);
            }
        }
    }
}

fn taken(kind: &str, id: u32, what: &str, owner: &[u8]) -> String {
    format!("{kind} {id} belongs to the {what} {}", owner.escape_ascii())
}

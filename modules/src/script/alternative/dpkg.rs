//! dpkg's `update-alternatives`.

use std::collections::BTreeSet;

use fsgen::Kind;

use super::group::{Group, has_folder, lead, part, way};
use super::{Alternative, GoneAlternative};
use crate::root::join;
use crate::{Root, RootError};

/// Where the files are that list what there is to choose from: Debian's, and openSUSE's.
const FILES: [&str; 2] = ["/var/lib/dpkg/alternatives", "/var/lib/alternatives"];

fn folder(root: &Root<'_>) -> &'static str {
    FILES[usize::from(!root.is_dir(FILES[0]))]
}

/// Adds a choice; returns whether that could be done.
pub(super) fn install(root: &mut Root<'_>, new: &Alternative) -> Result<bool, RootError> {
    if !root.exists(&new.path) || is_twisted(new) || is_taken(root, new)? {
        return Ok(false);
    }
    let Some(mut state) = State::read(root, &new.name)? else {
        return Ok(false);
    };
    if state.before.is_none() {
        state.group.link.clone_from(&new.link);
        state.group.is_manual = false;
    } else if !state.evolve(root, new)? {
        return Ok(false);
    }
    for [link, name, _] in &new.followers {
        let mut followers = state.group.followers.iter_mut();
        match followers.find(|(there, _)| there == name) {
            Some((_, there)) => there.clone_from(link),
            None => state.group.add_follower(name, link),
        }
    }
    state.group.add(new);
    let best = Some(state.best()).filter(|_| !state.group.is_manual);
    state.finish(root, best)
}

/// Removes a choice; returns whether that could be done. One that is not there is gone already.
pub(super) fn remove(root: &mut Root<'_>, gone: &GoneAlternative) -> Result<bool, RootError> {
    let Some(mut state) = State::read(root, &gone.name)? else {
        return Ok(false);
    };
    if state.before.is_none() {
        return Ok(true);
    }
    state
        .group
        .choices
        .retain(|choice| choice.path != gone.path);
    let is_current = state.current.as_ref() == Some(&gone.path);
    state.group.is_manual &= !is_current;
    let best = is_current.then(|| state.best());
    state.finish(root, best)
}

/// Returns whether a link is its own target, or two followers are the same.
fn is_twisted(new: &Alternative) -> bool {
    let followers = || new.followers.iter();
    let links = std::iter::once(&new.link).chain(followers().map(|[link, ..]| link));
    let names = std::iter::once(&new.name).chain(followers().map(|[_, name, _]| name));
    let count = new.followers.len() + 1;
    new.link == new.path
        || followers().any(|[link, _, path]| link == path)
        || BTreeSet::from_iter(links).len() < count
        || BTreeSet::from_iter(names).len() < count
}

/// Returns whether something else has one of the names and links.
fn is_taken(root: &Root<'_>, new: &Alternative) -> Result<bool, RootError> {
    let followers = || new.followers.iter();
    let has_name = |it: &String| new.name == *it || followers().any(|[_, name, _]| name == it);
    let has_link = |it: &String| new.link == *it || followers().any(|[link, ..]| link == it);
    let folder = folder(root);
    let names = match root.is_dir(folder) {
        true => root.list(folder)?,
        false => Vec::new(),
    };
    for name in names {
        let bytes = root.read(join(folder.as_bytes(), &name))?;
        let Some(group) = Group::parse(&String::from_utf8_lossy(&bytes)) else {
            continue;
        };
        let mut there = group.followers.iter();
        let is_taken = match *name == *new.name.as_bytes() {
            // The same follower may have the link.
            true => there.any(|(name, link)| {
                *link == new.link || followers().any(|[own, it, _]| own == link && it != name)
            }),
            false => {
                has_name(&String::from_utf8_lossy(&name).into_owned())
                    || has_link(&group.link)
                    || there.any(|(name, link)| has_name(name) || has_link(link))
            }
        };
        if is_taken {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A name, as it is while the program works on it.
struct State<'n> {
    name: &'n str,
    file: Vec<u8>,
    /// What the file says; nothing where there is none.
    before: Option<Group>,
    group: Group,
    /// Where the link leads.
    current: Option<String>,
}

impl<'n> State<'n> {
    /// Reads it; returns nothing where the program stops at what it finds.
    fn read(root: &Root<'_>, name: &'n str) -> Result<Option<Self>, RootError> {
        let file = join(folder(root).as_bytes(), name.as_bytes());
        let bytes = root.read_if_exists(&file)?.unwrap_or_default();
        let before = Group::parse(&String::from_utf8_lossy(&bytes));
        let current = match root.lstat(way(name)).map(|node| &node.kind) {
            Ok(Kind::Symlink(path)) => Some(String::from_utf8_lossy(path).into_owned()),
            Ok(_) => return Ok(None),
            Err(_) => None,
        };
        if before.is_none() && !bytes.is_empty() {
            return Ok(None);
        }
        let mut group = before.clone().unwrap_or_default();
        group.choices.retain(|choice| root.exists(&choice.path));
        // A link that somebody made lead elsewhere is left alone.
        group.is_manual = match &current {
            Some(path) if group.find(path).is_some() => group.is_manual,
            Some(path) => root.exists(path),
            None => false,
        };
        Ok(Some(Self {
            name,
            file,
            before,
            group,
            current,
        }))
    }

    /// Returns the choice of the highest priority: the current one of several.
    fn best(&self) -> usize {
        let current = self.current.as_ref();
        self.group
            .best(current.and_then(|path| self.group.find(path)))
    }

    /// Moves links that have another place now; returns whether that could be done.
    fn evolve(&mut self, root: &mut Root<'_>, new: &Alternative) -> Result<bool, RootError> {
        let mut moved = vec![(self.group.link.clone(), &new.link, true)];
        for [link, name, path] in &new.followers {
            let mut followers = self.group.followers.iter();
            let Some((_, there)) = followers.find(|(there, _)| there == name) else {
                continue;
            };
            let leads = match self.current.as_ref() == Some(&new.path) {
                true => root.exists(path),
                false => root.is_link(way(name)) && root.exists(way(name)),
            };
            moved.push((there.clone(), link, leads));
        }
        for (from, to, is_kept) in moved {
            if from == *to || !root.is_link(&from) {
                continue;
            }
            if !is_kept {
                root.remove(&from)?;
                continue;
            }
            let is_directory =
                |path: &str| matches!(root.lstat(path).map(|n| &n.kind), Ok(Kind::Directory(_)));
            // Where a directory is, dpkg's goes on with mv, which moves it in there.
            let place = match (is_directory(to), from.rsplit_once('/')) {
                (true, Some((_, name))) => format!("{to}/{name}"),
                _ => to.clone(),
            };
            if is_directory(&place) || !has_folder(root, to) {
                return Ok(false);
            }
            root.rename(&from, &place)?;
        }
        self.group.link.clone_from(&new.link);
        Ok(true)
    }

    /// Makes the links lead to a choice, or where they lead if something is amiss with them, and
    /// writes the file; returns whether that could be done.
    fn finish(mut self, root: &mut Root<'_>, choice: Option<usize>) -> Result<bool, RootError> {
        let Group { link, choices, .. } = &self.group;
        if choices.is_empty() {
            self.group.erase(root, self.name, &self.file)?;
            return Ok(true);
        }
        let choice = match (choice, &self.current) {
            (None, Some(path)) => {
                let way = way(self.name);
                let is_whole = matches!(root.readlink(link), Ok(to) if to == way.as_bytes());
                let known = self.group.find(path);
                if known.is_none() && !is_whole {
                    self.group.is_manual = false;
                }
                known.or_else(|| (!is_whole).then(|| self.best()))
            }
            (choice, _) => choice,
        };
        if let Some(choice) = choice.map(|at| &self.group.choices[at]) {
            let followers = self.group.followers.iter().zip(&choice.followers);
            let mut links = vec![(&*self.group.link, self.name, &*choice.path)];
            let mut rest = Vec::new();
            for ((name, link), path) in followers {
                match !path.is_empty() && root.exists(path) {
                    true => links.push((link, name, path)),
                    false => rest.push((link, name)),
                }
            }
            if !links.iter().all(|(link, ..)| has_folder(root, link)) {
                return Ok(false);
            }
            for (link, name, path) in links {
                lead(root, link, name, path)?;
            }
            for (link, name) in rest {
                part(root, link, name)?;
            }
        }
        if self.before.as_ref() != Some(&self.group) {
            self.group.drop_unused();
            self.group.sort_followers(|(name, _)| name);
            self.group.choices.sort_by(|a, b| a.path.cmp(&b.path));
            root.mkdir_above(&self.file)?;
            root.write(&self.file, self.group.print() + "\n")?;
        }
        Ok(true)
    }
}

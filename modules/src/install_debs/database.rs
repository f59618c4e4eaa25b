//! What dpkg knows of the image: its list of packages, and the files of each.

use std::collections::{BTreeSet, HashMap};

use thiserror::Error;

use super::relations::Relations;
use super::set::identity;
use crate::deb::identity::Identity;
use crate::deb::paragraph::{self, Paragraph, ParagraphError};
use crate::root::{join, show};
use crate::{Root, RootError};

/// dpkg's folder.
pub(super) const ADMIN: &str = "/var/lib/dpkg";

/// The list of packages.
const STATUS: &str = "/var/lib/dpkg/status";

/// What dpkg has not yet put into that list.
const UPDATES: &str = "/var/lib/dpkg/updates";

/// A folder with files of each package: what it consists of, its scripts.
pub(super) const INFO: &str = "/var/lib/dpkg/info";

/// The largest list that is read, in bytes; that of a full Debian has 100 million.
const LIMIT: u64 = 512 << 20;

/// How far a package is installed (dpkg(1), "Package states"), in dpkg's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    NotInstalled,
    ConfigFiles,
    HalfInstalled,
    Unpacked,
    HalfConfigured,
    TriggersAwaited,
    TriggersPending,
    Installed,
}

const STATES: [(&str, State); 8] = [
    ("not-installed", State::NotInstalled),
    ("config-files", State::ConfigFiles),
    ("half-installed", State::HalfInstalled),
    ("unpacked", State::Unpacked),
    ("half-configured", State::HalfConfigured),
    ("triggers-awaited", State::TriggersAwaited),
    ("triggers-pending", State::TriggersPending),
    ("installed", State::Installed),
];

impl State {
    /// Returns whether its files are there.
    pub(super) fn is_there(self) -> bool {
        self > Self::ConfigFiles
    }
}

/// A package that dpkg knows.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) identity: Identity,
    pub(super) state: State,
    pub(super) paragraph: Paragraph,
    pub(super) relations: Relations,
    /// The lines as they were, as long as nothing changed them.
    lines: Option<Vec<u8>>,
    /// The paths of its files, as dpkg's list has them.
    pub(super) files: Vec<Vec<u8>>,
}

/// Why dpkg's files cannot be used.
#[derive(Debug, Error)]
pub(super) enum DatabaseError {
    #[error("the image does not use dpkg: it has no {STATUS}")]
    Missing,
    #[error(
        "dpkg was interrupted in the image, as {UPDATES} is not empty; run `dpkg --configure -a` \
         there first"
    )]
    Interrupted,
    #[error("{STATUS}: package {number}: {cause}")]
    Lines {
        number: usize,
        cause: ParagraphError,
    },
    #[error("{STATUS}: package {number}: {why}")]
    Field { number: usize, why: String },
    #[error(
        "{} has the layout {found:?} of another dpkg; only 1 is known",
        show(b"/var/lib/dpkg/info/format")
    )]
    Layout { found: String },
    #[error(transparent)]
    Root(#[from] RootError),
}

/// All packages that dpkg knows, by places that stay the same.
pub(super) struct Database {
    entries: Vec<Entry>,
    /// The packages that have each path.
    owners: HashMap<Vec<u8>, Vec<usize>>,
    /// Those whose list of files changed.
    relisted: BTreeSet<usize>,
    /// Those that are gone from the list.
    gone: BTreeSet<usize>,
}

impl Database {
    /// Reads the list of packages, without their files.
    pub(super) fn open(root: &Root<'_>) -> Result<Self, DatabaseError> {
        let text = root.read_large(STATUS.as_bytes(), LIMIT)?;
        let text = text.ok_or(DatabaseError::Missing)?;
        if root.is_dir(UPDATES) && !root.list(UPDATES)?.is_empty() {
            return Err(DatabaseError::Interrupted);
        }
        let layout = root.read_if_exists(join(INFO.as_bytes(), b"format"))?;
        let layout = layout.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        if let Some(found) = layout.filter(|layout| layout != "1") {
            return Err(DatabaseError::Layout { found });
        }
        let mut entries = Vec::new();
        for (lines, number) in paragraph::split(&text).zip(1..) {
            let paragraph = Paragraph::parse(lines);
            let paragraph = paragraph.map_err(|cause| DatabaseError::Lines { number, cause })?;
            let failed = |why| DatabaseError::Field { number, why };
            let state = state(&paragraph).map_err(failed)?;
            // What is not installed may have no version.
            let mut whole = paragraph.clone();
            if state <= State::ConfigFiles {
                for (field, value) in [("Version", "0"), ("Architecture", "all")] {
                    if whole.get(field).is_empty() {
                        whole.set(field, value);
                    }
                }
            }
            entries.push(Entry {
                identity: identity(&whole).map_err(failed)?,
                state,
                relations: Relations::of(&paragraph).map_err(failed)?,
                paragraph,
                lines: Some(lines.to_owned()),
                files: Vec::new(),
            });
        }
        Ok(Self {
            entries,
            owners: HashMap::new(),
            relisted: BTreeSet::new(),
            gone: BTreeSet::new(),
        })
    }

    /// Reads the lists of files.
    pub(super) fn read_files(&mut self, root: &Root<'_>) -> Result<(), RootError> {
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            if entry.state == State::NotInstalled {
                continue;
            }
            let path = self.info(index, "list");
            let list = root.read_large(&path, LIMIT)?.unwrap_or_default();
            let lines = list.split(|byte| *byte == b'\n');
            let files: Vec<Vec<u8>> = lines
                .filter(|line| !line.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
            self.own(index, &files);
            self.entries[index].files = files;
        }
        Ok(())
    }

    fn own(&mut self, index: usize, files: &[Vec<u8>]) {
        for file in files {
            let owners = self.owners.entry(file.clone()).or_default();
            if !owners.contains(&index) {
                owners.push(index);
            }
        }
    }

    /// Returns the packages that are known, with their places.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let entries = self.entries.iter().enumerate();
        entries.filter(|(index, _)| !self.gone.contains(index))
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// Returns the packages that have a path.
    pub(super) fn owners(&self, path: &[u8]) -> Vec<usize> {
        let owners = self.owners.get(path).into_iter().flatten().copied();
        owners.filter(|index| !self.gone.contains(index)).collect()
    }

    /// Returns the place of what a package takes the place of, if that is known at all.
    pub(super) fn find(&self, identity: &Identity) -> Option<usize> {
        let is_it = |entry: &Entry| match entry.state {
            // That it is wanted may be said of one architecture.
            State::NotInstalled => {
                let arch = entry.paragraph.get("Architecture");
                entry.identity.name == identity.name && (arch.is_empty() || arch == identity.arch)
            }
            _ => identity.excludes(&entry.identity),
        };
        let found = self.entries().filter(|(_, entry)| is_it(entry));
        let found = found.max_by_key(|(_, entry)| entry.state);
        found.map(|(index, _)| index)
    }

    /// Returns the place of the package that lists of triggers call so.
    pub(super) fn find_named(&self, name: &str) -> Option<usize> {
        let (plain, arch) = match name.split_once(':') {
            None => (name, None),
            Some((plain, arch)) => (plain, Some(arch)),
        };
        let is_it = |entry: &Entry| {
            entry.identity.name == plain && arch.is_none_or(|arch| entry.identity.arch == arch)
        };
        let mut entries = self.entries();
        let found = entries.find(|(_, entry)| entry.state.is_there() && is_it(entry));
        found.map(|(index, _)| index)
    }

    /// Returns the place of the only package of a name, as dpkg-trigger never says which of several
    /// architectures it means.
    pub(super) fn find_only(&self, name: &str) -> Option<usize> {
        let (name, _) = name.split_once(':').unwrap_or((name, ""));
        let mut found = self
            .entries()
            .filter(|(_, entry)| entry.identity.name == name && entry.state != State::NotInstalled);
        match (found.next(), found.next()) {
            (Some((index, only)), None) if only.state.is_there() => Some(index),
            _ => None,
        }
    }

    /// Adds a package, or puts it in the place of another one.
    pub(super) fn put(&mut self, index: Option<usize>, new: Entry) -> usize {
        // What was only wanted of it is said by it now.
        let is_wanted = |entry: &Entry| {
            entry.state == State::NotInstalled
                && entry.identity.name == new.identity.name
                && entry.paragraph.get("Architecture") == new.identity.arch
        };
        let wanted = self.entries().filter(|(_, entry)| is_wanted(entry));
        let wanted = wanted.map(|(at, _)| at).filter(|at| Some(*at) != index);
        let wanted: Vec<_> = wanted.collect();
        self.gone.extend(wanted);
        let Some(index) = index else {
            self.entries.push(new);
            return self.entries.len() - 1;
        };
        self.entries[index] = new;
        index
    }

    /// Changes a package's fields.
    pub(super) fn change(&mut self, index: usize, change: impl FnOnce(&mut Entry)) {
        let entry = &mut self.entries[index];
        change(entry);
        entry.lines = None;
        entry.set_state(entry.state);
    }

    /// Says that a package is not configured any more, as it goes or another version comes.
    pub(super) fn deconfigure(&mut self, index: usize) {
        let configured = match self.entries[index].state {
            State::Installed | State::TriggersPending => "Version",
            State::TriggersAwaited => "Config-Version",
            _ => return,
        };
        self.change(index, |entry| {
            let version = entry.paragraph.get(configured).to_owned();
            entry.paragraph.set("Config-Version", version);
            entry.paragraph.set("Triggers-Pending", "");
            entry.state = State::HalfConfigured;
        });
    }

    /// Takes over what the file of a package that is there says of its place among others.
    pub(super) fn sort_in(&mut self, index: usize, new: &Paragraph) {
        for field in ["Priority", "Section"] {
            let (own, new) = (self.entries[index].paragraph.get(field), new.get(field));
            if !new.is_empty() && new != own {
                self.change(index, |entry| entry.paragraph.set(field, new));
            }
        }
    }

    /// Says which files a package has.
    pub(super) fn set_files(&mut self, index: usize, files: Vec<Vec<u8>>) {
        for file in &self.entries[index].files {
            if let Some(owners) = self.owners.get_mut(file) {
                owners.retain(|owner| *owner != index);
            }
        }
        self.own(index, &files);
        self.entries[index].files = files;
        self.relisted.insert(index);
    }

    /// Forgets a package.
    pub(super) fn remove(&mut self, index: usize) {
        self.set_files(index, Vec::new());
        self.relisted.remove(&index);
        self.gone.insert(index);
    }

    /// Returns the path of one of a package's files in dpkg's folder.
    pub(super) fn info(&self, index: usize, ending: &str) -> Vec<u8> {
        info(&self.entries[index].identity, ending)
    }

    /// Writes all that changed.
    pub(super) fn write(&self, root: &mut Root<'_>) -> Result<(), RootError> {
        for index in &self.relisted {
            let files = self.entries[*index].files.iter();
            let lines = files.flat_map(|file| [&**file, b"\n"]);
            let text = lines.collect::<Vec<_>>().concat();
            root.write(self.info(*index, "list"), text)?;
        }
        let mut entries: Vec<_> = self.entries().map(|(_, entry)| entry).collect();
        if entries.iter().all(|entry| entry.lines.is_some()) && self.gone.is_empty() {
            return Ok(());
        }
        entries.retain(|entry| !entry.is_pointless());
        // Those that were there are in this order, if dpkg wrote them.
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| {
                let identity = &entry.identity;
                (identity.name.clone(), identity.arch.clone())
            };
            key(a).cmp(&key(b))
        });
        let mut text = Vec::new();
        for entry in entries {
            match &entry.lines {
                Some(lines) => text.extend([lines, &b"\n\n"[..]].concat()),
                None => text.extend([&*entry.print(), b"\n"].concat()),
            }
        }
        root.write(STATUS, text)
    }
}

impl Entry {
    /// Returns a package in a state.
    pub(super) fn new(
        identity: Identity,
        state: State,
        paragraph: Paragraph,
        relations: Relations,
    ) -> Self {
        let mut entry = Self {
            identity,
            state,
            paragraph,
            relations,
            lines: None,
            files: Vec::new(),
        };
        entry.set_state(state);
        entry
    }

    /// Returns the lines of dpkg's list. What was configured before counts as long as not all of
    /// the package is.
    fn print(&self) -> Vec<u8> {
        let mut paragraph = self.paragraph.clone();
        if matches!(self.state, State::Installed | State::TriggersPending) {
            paragraph.set("Config-Version", "");
        }
        paragraph.print()
    }

    /// Returns whether the system does not work without it.
    pub(super) fn is_essential(&self) -> bool {
        self.paragraph.get("Essential") == "yes"
    }

    /// Returns whether dpkg drops it: it is not there, and is not to come.
    fn is_pointless(&self) -> bool {
        self.state == State::NotInstalled && !self.is_wanted()
    }

    /// Returns whether it is to be there, and all right.
    pub(super) fn is_wanted(&self) -> bool {
        let status = self.paragraph.get("Status");
        status.starts_with("install ok ") || status.starts_with("hold ok ")
    }

    /// Returns whether somebody wants it to stay as it is.
    pub(super) fn is_held(&self) -> bool {
        self.paragraph.get("Status").starts_with("hold ")
    }

    /// Says in the field how far it is installed.
    fn set_state(&mut self, state: State) {
        let found = STATES.iter().find(|(_, known)| *known == state);
        let name = found.map_or("", |(name, _)| name);
        let before = self.paragraph.get("Status").to_owned();
        let want = before.split(' ').next().filter(|want| !want.is_empty());
        let want = want.unwrap_or("install");
        self.paragraph.set("Status", format!("{want} ok {name}"));
    }

    /// Returns the files that are settings, as the field has them: path, digest, and what is said
    /// of it.
    pub(super) fn conffiles(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let lines = self.paragraph.get("Conffiles").lines();
        let lines = lines.map(str::trim).filter(|line| !line.is_empty());
        lines.filter_map(|line| {
            let (rest, flag) = match line.strip_suffix(" obsolete") {
                Some(rest) => (rest, "obsolete"),
                None => match line.strip_suffix(" remove-on-upgrade") {
                    Some(rest) => (rest, "remove-on-upgrade"),
                    None => (line, ""),
                },
            };
            let (path, digest) = rest.rsplit_once(' ')?;
            Some((path, digest, flag))
        })
    }
}

/// Returns the path of one of a package's files in dpkg's folder.
pub(super) fn info(identity: &Identity, ending: &str) -> Vec<u8> {
    let name = format!("{}.{ending}", identity.file_name());
    join(INFO.as_bytes(), name.as_bytes())
}

fn state(paragraph: &Paragraph) -> Result<State, String> {
    let text = paragraph.get("Status");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let found = match *words {
        [_, _, state] => STATES.iter().find(|(name, _)| *name == state),
        _ => None,
    };
    let found = found.ok_or_else(|| format!("the status {text:?} is not known"));
    found.map(|(_, state)| *state)
}

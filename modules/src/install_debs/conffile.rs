//! Files that people may change: dpkg keeps them as they are, and lays its own beside
//! (deb-conffiles(5)).

use std::collections::BTreeMap;

use fsgen::Kind;
use fsgen::tree::content::Content;

use super::database::{Database, Entry, State};
use super::set::Candidate;
use super::unpack::{UNPACKED, Unpacking};
use crate::root::any_text::{decode, encode};
use crate::root::show;
use crate::rpm::digest::{Algorithm, Digest};
use crate::value::ValueError;
use crate::{Error, Root, RootError};

/// What stands for the digest of a file that is new with its package.
const NEW: &str = "newconffile";

/// What stands for the digest of what is no file.
const NONE: &str = "-";

/// How many links one after the other are followed (dpkg's `conffderef`).
const MAX_LINKS: usize = 25;

/// A package's file lies beside the one that somebody changed, with this ending.
pub(super) const BESIDE: &[u8] = b".dpkg-dist";

/// What was there before lies beside the package's.
pub(super) const BEFORE: &[u8] = b".dpkg-old";

/// A file that people may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conffile {
    pub(super) path: String,
    /// Of the file as the package had it, when it was last configured.
    pub(super) digest: String,
    flag: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    None,
    /// The package does not have it any more.
    Obsolete,
    /// The package wants it to go.
    Remove,
}

/// All such files of a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Settings {
    files: Vec<Conffile>,
    /// The place of each path; of two, that of the first.
    places: BTreeMap<String, usize>,
}

impl Settings {
    /// Reads those of a new package, with the digests that dpkg knows.
    pub(super) fn read(
        candidate: &Candidate,
        database: &Database,
        old: Option<usize>,
    ) -> Result<Self, ValueError> {
        let mut all = Self::default();
        let mut known = BTreeMap::new();
        let text = candidate.text("conffiles");
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(candidate.error("conffiles: the last line has no end"));
        }
        for line in text.lines() {
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            let parsed = parse(line).map_err(|why| candidate.error(format!("conffiles: {why}")));
            let (flag, path) = parsed?;
            let path = &*path;
            let mut owners = database.owners(&encode(path));
            // What the package itself says counts before others.
            owners.sort_by_key(|owner| Some(*owner) != old);
            let mut digests = owners.iter().filter_map(|owner| {
                let known = known.entry(*owner).or_insert_with(|| {
                    let files = database.entry(*owner).conffiles();
                    let digests = files.map(|(path, digest, _)| (path, digest));
                    digests.collect::<BTreeMap<_, _>>()
                });
                known.get(path).copied()
            });
            let digest = digests.next().unwrap_or(NEW).to_owned();
            all.push(path.to_owned(), digest, flag);
        }
        Ok(all)
    }

    fn push(&mut self, path: String, digest: String, flag: Flag) {
        let place = self.files.len();
        self.places.entry(path.clone()).or_insert(place);
        self.files.push(Conffile { path, digest, flag });
    }

    fn find(&self, path: &[u8]) -> Option<&Conffile> {
        let place = self.places.get(&decode(path))?;
        self.files.get(*place)
    }

    fn find_mut(&mut self, path: &[u8]) -> Option<&mut Conffile> {
        let place = self.places.get(&decode(path))?;
        self.files.get_mut(*place)
    }

    /// Returns those of a package that dpkg knows.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut all = Self::default();
        for (path, digest, flag) in entry.conffiles() {
            let flag = match flag {
                "obsolete" => Flag::Obsolete,
                "remove-on-upgrade" => Flag::Remove,
                _ => Flag::None,
            };
            all.push(path.to_owned(), digest.to_owned(), flag);
        }
        all
    }

    /// Returns whether the package brings that file.
    pub(super) fn is_new(&self, path: &[u8]) -> bool {
        self.find(path).is_some_and(|file| file.flag == Flag::None)
    }

    /// Returns whether the package wants a file to go.
    pub(super) fn is_to_remove(&self, path: &[u8]) -> bool {
        self.find(path)
            .is_some_and(|file| file.flag == Flag::Remove)
    }

    /// Returns the digest that is known of a file, if there is any.
    pub(super) fn known_digest(&self, path: &[u8]) -> Option<&str> {
        self.find(path).map(|file| &*file.digest)
    }

    /// Notes the digest of a file under another name, unless it has one.
    pub(super) fn inherit(&mut self, path: &[u8], digest: &str) {
        if let Some(file) = self.find_mut(path).filter(|file| file.digest == NEW) {
            digest.clone_into(&mut file.digest);
        }
    }

    /// Adds a file that only the version before had.
    pub(super) fn add_obsolete(&mut self, path: &[u8], digest: &str) {
        self.push(decode(path), digest.to_owned(), Flag::Obsolete);
    }

    /// Notes that something else than a file is there.
    pub(super) fn note_no_file(&mut self, path: &[u8]) {
        if let Some(file) = self.find_mut(path) {
            NONE.clone_into(&mut file.digest);
        }
    }

    pub(super) fn mark_obsolete(&mut self, path: &[u8]) {
        if let Some(file) = self.find_mut(path) {
            file.flag = Flag::Obsolete;
        }
    }

    /// Returns them with some marked as obsolete.
    pub(super) fn marked(mut self, is_obsolete: impl Fn(&str) -> bool) -> Self {
        for file in &mut self.files {
            if file.flag == Flag::None && is_obsolete(&file.path) {
                file.flag = Flag::Obsolete;
            }
        }
        self
    }

    /// Returns the paths of files that the package wants to go.
    pub(super) fn to_remove(&self) -> Vec<Conffile> {
        let all = self.files.iter().filter(|file| file.flag == Flag::Remove);
        all.cloned().collect()
    }

    /// Returns the lines as the field has them.
    pub(super) fn print(&self) -> String {
        let lines = self.files.iter().map(|file| {
            let flag = match file.flag {
                Flag::None => "",
                Flag::Obsolete => " obsolete",
                Flag::Remove => " remove-on-upgrade",
            };
            format!("\n {} {}{flag}", file.path, file.digest)
        });
        lines.collect()
    }
}

/// Reads a line of `conffiles` without spaces behind it; returns what is wrong with it.
fn parse(line: &str) -> Result<(Flag, String), String> {
    let (flag, path) = match line.split_once(' ').filter(|_| !line.starts_with('/')) {
        None => (Flag::None, line),
        Some(("remove-on-upgrade", path)) => (Flag::Remove, path),
        Some((flag, path)) => {
            return Err(format!("{path} has the flag {flag:?}, which is not known"));
        }
    };
    let rest = path.strip_prefix('/');
    let mut rest = rest.ok_or_else(|| format!("{path:?} is no absolute path"))?;
    while let Some(after) = rest.strip_prefix('/').or(rest.strip_prefix("./")) {
        rest = after;
    }
    match rest {
        rest if rest.contains('\0') => Err(format!("{path:?} has a byte 0")),
        "" | "." => Err("the root directory is no setting".to_owned()),
        rest => Ok((flag, format!("/{rest}"))),
    }
}

impl Unpacking {
    /// Puts the settings of a package in their places. It is half configured, and hears nobody,
    /// until [`Self::finish`].
    pub(super) fn configure(&mut self, root: &mut Root<'_>, index: usize) -> Result<(), Error> {
        let mut settings = Settings::of(self.database.entry(index));
        let own = self.database.entry(index).identity.clone();
        let mut touched = Vec::new();
        for file in &mut settings.files {
            if file.flag == Flag::None {
                let place = self.local.place(&encode(&file.path), &own.name).to_vec();
                if self.settle_setting(root, file, &place)? {
                    touched.push(place);
                }
            }
        }
        for path in touched {
            for path in super::local::above(&path).into_iter().chain([&*path]) {
                self.triggers.touch(&mut self.database, path, index);
            }
        }
        self.database.change(index, |entry| {
            entry.paragraph.set("Conffiles", settings.print());
            entry.state = State::HalfConfigured;
        });
        Ok(())
    }

    /// Says that a package is configured.
    pub(super) fn finish(&mut self, index: usize) {
        self.database.change(index, |entry| {
            entry.state = match entry.paragraph.get("Triggers-Awaited") {
                "" => State::Installed,
                _ => State::TriggersAwaited,
            };
        });
    }

    /// Decides between the package's file and the one that is there (dpkg's
    /// `deferred_configure_conffile`); returns whether anything new is there.
    fn settle_setting(
        &self,
        root: &mut Root<'_>,
        file: &mut Conffile,
        place: &[u8],
    ) -> Result<bool, Error> {
        let path = real_path(root, place);
        let new_path = [&*path, UNPACKED].concat();
        let shown = show(&path).to_string();
        let there = root.lstat(&path).map(|node| node.kind.clone());
        if let Some(there) = there.ok().filter(|kind| !matches!(kind, Kind::File(_))) {
            root.warn(format!(
                "{shown} is a {}, and stays so; the settings of the package are {}",
                there.noun(),
                show(&new_path)
            ));
            NONE.clone_into(&mut file.digest);
            return Ok(false);
        }
        let Some(new) = digest_of(root, &new_path)? else {
            // Another architecture's package has done it already.
            let others = self.database.owners(&encode(&file.path));
            let known = others.iter().find_map(|other| {
                let entry = self.database.entry(*other);
                if entry.state <= State::HalfConfigured {
                    return None;
                }
                entry.conffiles().find_map(|(path, digest, flag)| {
                    (path == file.path && flag.is_empty()).then(|| digest.to_owned())
                })
            });
            file.digest = known.unwrap_or_else(|| file.digest.clone());
            return Ok(false);
        };
        let current = digest_of(root, &path)?;
        if let Ok(there) = root.stat(&path).map(|node| node.meta) {
            root.chown(&new_path, there.uid, there.gid)?;
            root.chmod(&new_path, there.mode)?;
        }
        let known = std::mem::replace(&mut file.digest, new.clone());
        let is_edited = current.as_deref() != Some(&*known);
        match &current {
            Some(current) if *current == new => {
                root.remove(&new_path)?;
                return Ok(false);
            }
            // It was removed, and stays so if the package has nothing new.
            None if known != NEW && known == new => {
                root.remove(&new_path)?;
                return Ok(false);
            }
            Some(_) if known == new => {
                root.remove(&new_path)?;
                return Ok(false);
            }
            None if known == NEW => {}
            _ if is_edited => {
                let beside = [&*path, BESIDE].concat();
                for old in [&*beside, &*[&*path, BEFORE].concat()] {
                    if root.lstat(old).is_ok() {
                        root.remove(old)?;
                    }
                }
                root.rename(&new_path, &beside)?;
                let now = if current.is_some() {
                    "changed"
                } else {
                    "removed"
                };
                root.warn(format!(
                    "{shown} was {now} before and stays so; that of the package is {}",
                    show(&beside)
                ));
                return Ok(true);
            }
            _ => {}
        }
        if root.lstat(&path).is_ok() {
            root.remove(&path)?;
        }
        root.rename(&new_path, &path)?;
        Ok(true)
    }
}

/// Follows links at the end of a path, as far as they lead (dpkg's `conffderef`), unless no folder
/// is there.
pub(super) fn real_path(root: &Root<'_>, path: &[u8]) -> Vec<u8> {
    let mut at = path.to_vec();
    let slash = |at: &[u8]| at.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    for _ in 0..MAX_LINKS {
        let Ok(Kind::Symlink(target)) = root.lstat(&at).map(|node| node.kind.clone()) else {
            break;
        };
        at = match &*target {
            [b'/', ..] => target.to_vec(),
            target => [&at[..=slash(&at)], target].concat(),
        };
    }
    match root.is_dir(&at[..=slash(&at)]) {
        true => at,
        false => path.to_vec(),
    }
}

/// Returns the MD5 digest of content, in hexadecimal.
pub(super) fn digest(root: &Root<'_>, content: &Content) -> Result<String, RootError> {
    let mut digest = Digest::new(Algorithm::Md5);
    let read = root.read_pieces(content, |piece| digest.update(piece));
    read.map_err(|cause| RootError::Spool { cause })?;
    Ok(digest.hex())
}

/// Returns the digest of a file, if there is one.
fn digest_of(root: &Root<'_>, path: &[u8]) -> Result<Option<String>, RootError> {
    let Ok(Kind::File(content)) = root.stat(path).map(|node| node.kind.clone()) else {
        return Ok(None);
    };
    digest(root, &content).map(Some)
}

//! `hsb diff`: what two filesystems have that differs, path by path.
//!
//! - `field`: what of a file can differ
//! - `content`: the first byte that does, without reading what is a hole in both
//! - `work`: directories and large files are compared by several threads
//! - `text`: lines, and the difference of texts

mod content;
mod field;
mod text;
mod work;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use fsgen::tree::Name;
use serde::Serialize;

use crate::listing::Entry;
use crate::reader::accounts::Accounts;
use crate::reader::name::shown;
use crate::reader::walk::{Found, TWICE, Walk, join};
use crate::reader::{FileId, Kind, Reader, Stat};
use content::{Buffers, First};
pub(crate) use field::{Aspect, Field};
pub(crate) use text::unified;
use work::Work;

/// What is compared, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// What may differ without being told.
    pub(crate) ignored: Vec<Aspect>,
    /// How many threads compare.
    pub(crate) threads: usize,
}

/// One path that is not the same in both.
#[derive(Debug, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub(crate) enum Difference {
    /// Only the second has it.
    Added(Entry),
    /// Only the first has it.
    Removed(Entry),
    /// Both have it, but not as it is.
    Changed(Changed),
}

/// A path that both have.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    #[serde(flatten)]
    pub(crate) path: crate::listing::Path,
    /// What it is in the first.
    #[serde(rename = "type")]
    noun: &'static str,
    pub(crate) differs: Vec<Field>,
    #[serde(skip)]
    pub(crate) ids: (FileId, FileId),
}

impl Changed {
    /// Returns whether contents differ.
    pub(crate) fn has_content(&self) -> bool {
        let mut aspects = self.differs.iter().map(|field| field.aspect);
        aspects.any(|aspect| aspect == Aspect::Content)
    }
}

impl Difference {
    /// Returns the path of what differs.
    pub(crate) fn path(&self) -> &[u8] {
        match self {
            Difference::Added(entry) | Difference::Removed(entry) => &entry.path.1,
            Difference::Changed(changed) => &changed.path.1,
        }
    }
}

/// Compares what two readers have at and below a path, which both have.
///
/// # Errors
///
/// Fails when one cannot be read. The message names it, and the path.
pub(crate) fn compare(
    readers: [&dyn Reader; 2],
    path: &[u8],
    roots: [FileId; 2],
    options: &Options,
) -> Result<Vec<Difference>> {
    let comparison = Comparison {
        readers,
        options,
        accounts: readers.map(Accounts::of),
        own: [readers[0].own()?, readers[1].own()?],
        found: Mutex::default(),
        directories: Mutex::default(),
        linked: Mutex::default(),
    };
    let work = Work::new(Job::Pair(path.to_vec(), roots));
    work.run(options.threads, |job, buffers, todo| {
        comparison.run(job, buffers, todo)
    })?;
    let found = comparison.found.into_inner();
    let mut found = found.unwrap_or_else(PoisonError::into_inner);
    // A directory before what is in it, and that before its next sibling.
    found.sort_by(|a, b| a.path().split(is_slash).cmp(b.path().split(is_slash)));
    Ok(found)
}

/// Returns how many bytes a part of a file has. What of them are holes takes no time.
fn part_of(len: u64) -> u64 {
    len.div_ceil(PARTS).div_ceil(PART) * PART
}

fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

/// Something to be compared.
enum Job {
    /// Two files, and all below them.
    Pair(Vec<u8>, [FileId; 2]),
    /// A part of two large files, by number.
    Part(Arc<Large>, u64),
}

/// Two large files, compared in parts.
struct Large {
    path: Vec<u8>,
    ids: [FileId; 2],
    stats: [Stat; 2],
    first: First,
}

/// Files up to this size are compared in one go; parts of larger ones are some of these.
const PART: u64 = 8 << 20;
/// How many parts a file has at most, however large it says that it is.
const PARTS: u64 = 4096;

struct Comparison<'a> {
    readers: [&'a dyn Reader; 2],
    options: &'a Options,
    accounts: [Accounts; 2],
    /// Directories of the filesystems themselves: that only one has its own says nothing.
    own: [Option<FileId>; 2],
    found: Mutex<Vec<Difference>>,
    /// Directories that were compared, by side.
    directories: Mutex<HashSet<(usize, FileId)>>,
    /// Files of several names whose contents were compared, and are the same.
    linked: Mutex<HashSet<[FileId; 2]>>,
}

impl Comparison<'_> {
    fn run(&self, job: Job, buffers: &mut Buffers, todo: &mut Vec<Job>) -> Result<()> {
        match job {
            Job::Pair(path, ids) => {
                let done = self.pair(path.clone(), ids, buffers, todo);
                done.with_context(|| shown(&path))
            }
            Job::Part(large, part) => {
                let done = self.part(&large, part, buffers);
                done.with_context(|| shown(&large.path))
            }
        }
    }

    fn pair(
        &self,
        path: Vec<u8>,
        ids: [FileId; 2],
        buffers: &mut Buffers,
        todo: &mut Vec<Job>,
    ) -> Result<()> {
        let stats = self.both(|side| self.readers[side].stat(ids[side]))?;
        let kinds = stats.map(|stat| stat.kind);
        match kinds {
            [Kind::Directory, Kind::Directory] => self.entries(&path, ids, buffers, todo)?,
            [Kind::Directory, _] => self.below(0, &path, ids[0])?,
            [_, Kind::Directory] => self.below(1, &path, ids[1])?,
            [Kind::File, Kind::File] => return self.files(path, ids, stats, buffers, todo),
            _ => {}
        }
        self.tell(path, ids, stats, None)
    }

    /// Compares two directories name by name.
    fn entries(
        &self,
        path: &[u8],
        ids: [FileId; 2],
        buffers: &mut Buffers,
        todo: &mut Vec<Job>,
    ) -> Result<()> {
        let [a, b] = self.both(|side| {
            let directories = self.directories.lock();
            let mut directories = directories.unwrap_or_else(PoisonError::into_inner);
            ensure!(directories.insert((side, ids[side])), TWICE);
            drop(directories);
            self.readers[side].entries(ids[side])
        })?;
        let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
        loop {
            let order = match (a.peek(), b.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let first = if order.is_le() { a.next() } else { None };
            let second = if order.is_ge() { b.next() } else { None };
            let is_own = |side: usize, entry: &Option<(Name, FileId)>| match entry {
                Some((_, id)) => self.own[side] == Some(*id),
                None => true,
            };
            if is_own(0, &first) && is_own(1, &second) {
                continue;
            }
            match (first, second) {
                (Some((name, first)), Some((_, second))) => {
                    let path = join(path, &name);
                    // Directories are work for others, files are quicker done than handed on.
                    match self.readers[0].stat(first)?.kind {
                        Kind::Directory => todo.push(Job::Pair(path, [first, second])),
                        _ => {
                            let done = self.pair(path.clone(), [first, second], buffers, todo);
                            done.with_context(|| shown(&path))?;
                        }
                    }
                }
                (Some((name, id)), None) => self.alone(0, &join(path, &name), id)?,
                (None, Some((name, id))) => self.alone(1, &join(path, &name), id)?,
                (None, None) => return Ok(()),
            }
        }
    }

    /// Compares two files, or has them compared in parts.
    fn files(
        &self,
        path: Vec<u8>,
        ids: [FileId; 2],
        stats: [Stat; 2],
        buffers: &mut Buffers,
        todo: &mut Vec<Job>,
    ) -> Result<()> {
        let common = stats[0].size.min(stats[1].size);
        let is_linked = stats.iter().all(|stat| stat.links > 1);
        let is_known = is_linked && self.linked().contains(&ids);
        if self.ignores(Aspect::Content) || is_known {
            return self.tell(path, ids, stats, None);
        }
        let first = First::new(stats.map(|stat| stat.size));
        if common <= PART {
            content::compare(self.readers, ids, 0..common, &first, buffers)?;
            if is_linked && first.get().is_none() {
                self.linked().insert(ids);
            }
            return self.tell(path, ids, stats, first.get());
        }
        let large = Arc::new(Large {
            path,
            ids,
            stats,
            first,
        });
        let parts = common.div_ceil(part_of(common));
        todo.extend((0..parts).rev().map(|part| Job::Part(large.clone(), part)));
        Ok(())
    }

    /// Compares a part of two large files; whoever is last with one tells of them.
    fn part(&self, large: &Arc<Large>, part: u64, buffers: &mut Buffers) -> Result<()> {
        let Large {
            path,
            ids,
            stats,
            first,
        } = &**large;
        let common = stats[0].size.min(stats[1].size);
        let len = part_of(common);
        let start = part * len;
        let range = start..common.min(start.saturating_add(len));
        content::compare(self.readers, *ids, range, first, buffers)?;
        match first.is_last(common.div_ceil(len)) {
            true => self.tell(path.clone(), *ids, *stats, first.get()),
            false => Ok(()),
        }
    }

    /// Tells of everything below a directory that only one of both has.
    fn below(&self, side: usize, path: &[u8], id: FileId) -> Result<()> {
        self.tell_of_one(side, Walk::new(self.readers[side], path, id).skip(1))
    }

    /// Tells of a file that only one of both has, and of everything below it.
    fn alone(&self, side: usize, path: &[u8], id: FileId) -> Result<()> {
        self.tell_of_one(side, Walk::new(self.readers[side], path, id))
    }

    fn tell_of_one(&self, side: usize, files: impl Iterator<Item = Result<Found>>) -> Result<()> {
        let which = [Difference::Removed, Difference::Added][side];
        for file in files {
            let entry = Entry::of(self.readers[side], &file?, &self.accounts[side]);
            let difference = which(entry.with_context(|| self.readers[side].name())?);
            self.found().push(difference);
        }
        Ok(())
    }

    /// Tells of two files, if they differ; `first` is the first byte of their contents that does.
    fn tell(
        &self,
        path: Vec<u8>,
        ids: [FileId; 2],
        stats: [Stat; 2],
        first: Option<u64>,
    ) -> Result<()> {
        let xattrs = match self.ignores(Aspect::Xattr) {
            true => Default::default(),
            false => self.both(|side| self.readers[side].xattrs(ids[side]))?,
        };
        let targets = match stats.map(|stat| stat.kind) {
            [Kind::Symlink, Kind::Symlink] => {
                self.both(|side| self.readers[side].target(ids[side]))?
            }
            _ => Default::default(),
        };
        let mut differs = field::differences(stats, first, &targets, &xattrs);
        differs.retain(|field| !self.ignores(field.aspect));
        if !differs.is_empty() {
            self.found().push(Difference::Changed(Changed {
                path: crate::listing::Path("path", path),
                noun: stats[0].kind.noun(),
                differs,
                ids: (ids[0], ids[1]),
            }));
        }
        Ok(())
    }

    fn ignores(&self, aspect: Aspect) -> bool {
        self.options.ignored.contains(&aspect)
    }

    /// Does something with both readers; an error says with which it failed.
    fn both<T>(&self, what: impl Fn(usize) -> Result<T>) -> Result<[T; 2]> {
        let one = |side: usize| what(side).with_context(|| self.readers[side].name());
        Ok([one(0)?, one(1)?])
    }

    // What a thread that panicked left is whole, and the panic ends all of it anyway.
    fn found(&self) -> std::sync::MutexGuard<'_, Vec<Difference>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn linked(&self) -> std::sync::MutexGuard<'_, HashSet<[FileId; 2]>> {
        self.linked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_few_parts_whatever_it_claims() {
        for (len, part, parts) in [
            (PART + 1, PART, 2),
            (PART * PARTS, PART, PARTS),
            (PART * PARTS + 1, 2 * PART, PARTS / 2 + 1),
            (1 << 60, 1 << 48, 4096),
            (u64::MAX, 1 << 52, 4096),
        ] {
            assert_eq!((part_of(len), len.div_ceil(part_of(len))), (part, parts));
        }
    }
}

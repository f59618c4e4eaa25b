//! `hsb diff`: what two filesystems have that differs, path by path.
//!
//! - `change`: a path that differs; `field`: what of a file can
//! - `content`: the first byte that does, without reading what is a hole in both
//! - `linked`: which names are one file; `shared`: such contents are compared once
//! - `work`: directories and large files are compared by several threads
//! - `text`: lines, and the difference of texts

mod change;
mod content;
mod field;
mod linked;
mod shared;
mod text;
mod work;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context as _, Error, Result};
use fsgen::tree::Name;

use crate::listing::Entry;
use crate::reader::accounts::Accounts;
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;
use crate::reader::unread::Unread;
use crate::reader::visited::{Visited, names_taken};
use crate::reader::walk::{Found, Walk, join};
use crate::reader::{FileId, Kind, Reader, Stat};
pub(crate) use change::{Changed, Difference};
use content::{Buffers, First};
pub(crate) use field::Aspect;
use linked::Linked;
use shared::{Shared, Turn};
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

/// Compares what two readers have at and below a path, which both have. What cannot be read of them
/// is returned, too; all else is compared.
///
/// # Errors
///
/// Fails when what there is to tell takes more memory than the readers leave for it.
pub(crate) fn compare(
    readers: [&dyn Reader; 2],
    path: &[u8],
    roots: [FileId; 2],
    options: &Options,
) -> Result<(Vec<Difference>, Unread)> {
    let most = readers.map(|reader| reader.metadata_max());
    let comparison = Comparison {
        readers,
        options,
        accounts: readers.map(Accounts::of),
        // If that cannot be read, then neither can the file itself, or what it is in.
        own: readers.map(|reader| reader.own().ok().flatten()),
        found: Mutex::default(),
        unread: Mutex::default(),
        visited: Default::default(),
        shared: Shared::default(),
        linked: Mutex::default(),
        allowance: Mutex::new(Allowance::new(most[0].min(most[1]))),
        exhausted: OnceLock::new(),
    };
    let work = Work::new(Job::Pair(path.to_vec(), roots));
    work.run(options.threads, |job, buffers, todo| {
        comparison.run(job, buffers, todo);
    });
    let linked = std::mem::take(&mut *lock(&comparison.linked));
    for difference in linked::differences(linked) {
        comparison.found(difference);
    }
    if let Some(error) = comparison.exhausted.into_inner() {
        return Err(error);
    }
    let found = comparison.found.into_inner();
    let mut found = found.unwrap_or_else(PoisonError::into_inner);
    let unread = comparison.unread.into_inner();
    // A directory before what is in it, and that before its next sibling.
    found.sort_by(|a, b| a.path().split(is_slash).cmp(b.path().split(is_slash)));
    found.dedup_by(|next, last| last.take(next));
    Ok((found, unread.unwrap_or_else(PoisonError::into_inner)))
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
    Part(Arc<Pair>, u64),
}

/// Two files of one path.
struct Pair {
    path: Vec<u8>,
    ids: [FileId; 2],
    stats: [Stat; 2],
    /// The first byte of their contents that differs.
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
    unread: Mutex<Unread>,
    /// Directories that were compared, by side.
    visited: [Mutex<Visited>; 2],
    /// Contents of files with several names.
    shared: Shared,
    /// Names of files that have several.
    linked: Mutex<Vec<Linked>>,
    /// What may be kept of all this.
    allowance: Mutex<Allowance>,
    /// That there was not enough of it, which ends the comparison.
    exhausted: OnceLock<Error>,
}

impl Comparison<'_> {
    fn run(&self, job: Job, buffers: &mut Buffers, todo: &mut Vec<Job>) {
        if self.exhausted.get().is_some() {
            return;
        }
        match job {
            Job::Pair(path, ids) => {
                lock(&self.allowance).give_back(waiting(&path));
                self.pair(path, ids, buffers, todo);
            }
            Job::Part(pair, part) => self.part(&pair, part, buffers),
        }
    }

    fn pair(&self, path: Vec<u8>, ids: [FileId; 2], buffers: &mut Buffers, todo: &mut Vec<Job>) {
        let stats = self.both(&path, |side| self.readers[side].stat(ids[side]));
        let Some(stats) = self.readable(stats) else {
            return;
        };
        let pair = Pair {
            path,
            ids,
            stats,
            first: First::new(stats.map(|stat| stat.size)),
        };
        match stats.map(|stat| stat.kind) {
            [Kind::Directory, Kind::Directory] => self.entries(&pair, buffers, todo),
            [Kind::Directory, _] => self.below(0, &pair),
            [_, Kind::Directory] => self.below(1, &pair),
            [Kind::File, Kind::File] => return self.files(pair, buffers, todo),
            _ => {}
        }
        self.tell(&pair, None);
    }

    /// Compares two directories name by name.
    fn entries(&self, pair: &Pair, buffers: &mut Buffers, todo: &mut Vec<Job>) {
        let entries = self.both(&pair.path, |side| {
            self.enter(side, pair.ids[side], &pair.path)?;
            self.readers[side].entries(pair.ids[side])
        });
        let Some([a, b]) = self.readable(entries) else {
            return;
        };
        let taken = names_taken(&a) + names_taken(&b);
        if self.takes(taken) {
            self.names([a, b], pair, buffers, todo);
        }
        lock(&self.allowance).give_back(taken);
    }

    fn enter(&self, side: usize, directory: FileId, path: &[u8]) -> Result<()> {
        let mut visited = lock(&self.visited[side]);
        visited.enter(
            self.readers[side],
            directory,
            path,
            &mut lock(&self.allowance),
        )
    }

    /// Compares what two directories have.
    fn names(
        &self,
        [a, b]: [Vec<(Name, FileId)>; 2],
        pair: &Pair,
        buffers: &mut Buffers,
        todo: &mut Vec<Job>,
    ) {
        let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
        while self.exhausted.get().is_none() {
            let order = match (a.peek(), b.peek()) {
                (None, None) => return,
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
                    let path = join(&pair.path, &name);
                    // Directories are work for others, files are quicker done than handed on.
                    match self.readers[0].stat(first) {
                        Ok(stat) if stat.kind == Kind::Directory => {
                            self.takes(waiting(&path));
                            todo.push(Job::Pair(path, [first, second]));
                        }
                        _ => self.pair(path, [first, second], buffers, todo),
                    }
                }
                (Some((name, id)), None) => self.alone(0, &join(&pair.path, &name), id),
                (None, Some((name, id))) => self.alone(1, &join(&pair.path, &name), id),
                (None, None) => return,
            }
        }
    }

    /// Compares two files, or has them compared in parts.
    fn files(&self, pair: Pair, buffers: &mut Buffers, todo: &mut Vec<Job>) {
        if self.ignores(Aspect::Content) {
            return self.tell(&pair, None);
        }
        let pair = match pair.is_linked() {
            false => pair,
            true if !self.takes(pair.memory()) => return,
            true => match self.shared.begin(pair) {
                Turn::Compare(pair) => pair,
                Turn::Known(pair, first) => return self.tell(&pair, first),
                Turn::Wait => return,
            },
        };
        let common = pair.common();
        if common > PART {
            let pair = Arc::new(pair);
            let parts = common.div_ceil(part_of(common));
            todo.extend((0..parts).rev().map(|part| Job::Part(pair.clone(), part)));
            return;
        }
        self.content(&pair, 0..common, buffers);
        self.compared(&pair);
    }

    /// Tells of two files whose contents are compared, under all names that are known by now.
    fn compared(&self, pair: &Pair) {
        let first = pair.first.get();
        self.tell(pair, first);
        if pair.is_linked() {
            for other in self.shared.end(pair.ids, first) {
                self.tell(&other, first);
            }
        }
    }

    /// Compares a part of two large files; whoever is last with one tells of them.
    fn part(&self, pair: &Pair, part: u64, buffers: &mut Buffers) {
        let common = pair.common();
        let len = part_of(common);
        let start = part * len;
        let range = start..common.min(start.saturating_add(len));
        self.content(pair, range, buffers);
        if pair.first.is_last(common.div_ceil(len)) {
            self.compared(pair);
        }
    }

    /// Compares a range of two files.
    fn content(&self, pair: &Pair, range: Range<u64>, buffers: &mut Buffers) {
        let what = |side: usize| self.what(side, &pair.path);
        let done = content::compare(self.readers, pair.ids, range, &pair.first, buffers, &what);
        self.readable(done);
    }

    /// Tells of everything below a directory that only one of both has.
    fn below(&self, side: usize, pair: &Pair) {
        let walk = Walk::new(self.readers[side], &pair.path, pair.ids[side]);
        self.tell_of_one(side, walk.skip(1));
    }

    /// Tells of a file that only one of both has, and of everything below it.
    fn alone(&self, side: usize, path: &[u8], id: FileId) {
        self.tell_of_one(side, Walk::new(self.readers[side], path, id));
    }

    fn tell_of_one(&self, side: usize, files: impl Iterator<Item = Result<Found>>) {
        let which = [Difference::Removed, Difference::Added][side];
        for file in files {
            let entry = file.and_then(|file| {
                let entry = Entry::of(self.readers[side], &file, &self.accounts[side]);
                entry.with_context(|| shown(&file.path))
            });
            if let Some(entry) = self.readable(entry.with_context(|| self.readers[side].name())) {
                self.found(which(entry));
            }
            if self.exhausted.get().is_some() {
                return;
            }
        }
    }

    /// Tells of two files, if they differ; `first` is the first byte of their contents that does.
    fn tell(&self, pair: &Pair, first: Option<u64>) {
        let (ids, stats) = (pair.ids, pair.stats);
        if pair.is_linked() && !self.ignores(Aspect::Links) {
            let linked = Linked::new(&pair.path, ids, stats[0].kind.noun());
            if self.takes(linked.memory()) {
                lock(&self.linked).push(linked);
            }
        }
        let xattrs = match self.ignores(Aspect::Xattr) {
            true => Ok(Default::default()),
            false => self.both(&pair.path, |side| self.readers[side].xattrs(ids[side])),
        };
        let targets = match stats.map(|stat| stat.kind) {
            [Kind::Symlink, Kind::Symlink] => {
                self.both(&pair.path, |side| self.readers[side].target(ids[side]))
            }
            _ => Ok(Default::default()),
        };
        // What cannot be read is not known to differ.
        let xattrs = self.readable(xattrs).unwrap_or_default();
        let targets = self.readable(targets).unwrap_or_default();
        let mut differs = field::differences(stats, first, &targets, &xattrs);
        differs.retain(|field| !self.ignores(field.aspect));
        if !differs.is_empty() {
            self.found(Difference::Changed(Changed {
                path: crate::listing::Path("path", pair.path.clone()),
                noun: stats[0].kind.noun(),
                differs,
                ids: (ids[0], ids[1]),
            }));
        }
    }

    /// Keeps a difference.
    fn found(&self, difference: Difference) {
        if self.takes(difference.memory()) {
            lock(&self.found).push(difference);
        }
    }

    /// Takes as many bytes of what may be kept, and returns whether there were as many.
    fn takes(&self, bytes: u64) -> bool {
        match lock(&self.allowance).take(bytes) {
            Ok(()) => true,
            Err(error) => {
                // The first reason will do.
                self.exhausted.set(error).ok();
                false
            }
        }
    }

    fn ignores(&self, aspect: Aspect) -> bool {
        self.options.ignored.contains(&aspect)
    }

    /// Does something with both readers; an error says with which it failed, and where.
    fn both<T>(&self, path: &[u8], what: impl Fn(usize) -> Result<T>) -> Result<[T; 2]> {
        let one = |side: usize| what(side).with_context(|| self.what(side, path));
        Ok([one(0)?, one(1)?])
    }

    /// Returns what messages call a file.
    fn what(&self, side: usize, path: &[u8]) -> String {
        format!("{}: {}", self.readers[side].name(), shown(path))
    }

    /// Returns what could be read; that it could not is noted.
    fn readable<T>(&self, read: Result<T>) -> Option<T> {
        read.map_err(|error| lock(&self.unread).note(&error)).ok()
    }
}

/// Returns how many bytes of memory the path of a job takes that waits.
fn waiting(path: &[u8]) -> u64 {
    Allowance::ENTRY + path.len() as u64
}

impl Pair {
    /// Returns whether both are files with several names.
    fn is_linked(&self) -> bool {
        let is_linked = |stat: &Stat| stat.kind != Kind::Directory && stat.links > 1;
        self.stats.iter().all(is_linked)
    }

    /// Returns how many bytes of memory it takes to wait, and what is known of the contents.
    fn memory(&self) -> u64 {
        Allowance::ENTRY + (size_of::<Self>() + self.path.len()) as u64
    }

    /// Returns how many bytes both have.
    fn common(&self) -> u64 {
        self.stats[0].size.min(self.stats[1].size)
    }
}

/// Locks what threads share. What one that panicked left is whole, and the panic ends all of it
/// anyway.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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

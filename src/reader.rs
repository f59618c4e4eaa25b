//! A filesystem that is only looked at: the one interface of all that lists, copies out or
//! compares files, whatever they are in.
//!
//! A [`Tree`](fsgen::Tree) is one reader (`tree`). A filesystem in an image is another, which reads
//! what it is asked for and nothing else: an image of a million files opens at once.
//!
//! - `path`: the way from a path to a file, through links and never out
//! - `walk`: all files below one; `unread`: those that could not be read
//! - `visited`: the directories that were gone into; `allowance`: what may be kept of files in memory
//! - `name`, `time`, `accounts`: names, times and owners for people

pub(crate) mod accounts;
pub(crate) mod allowance;
pub(crate) mod name;
mod path;
pub(crate) mod time;
mod tree;
pub(crate) mod unread;
pub(crate) mod visited;
pub(crate) mod walk;

use std::ops::Range;

use anyhow::Result;
use fsgen::Meta;
use fsgen::tree::{Device, Name, Xattrs};

pub use path::{resolve, resolve_link};
pub use tree::{TreeReader, Unknown};

/// Names a file in a [`Reader`], which alone knows what the number means. Two names of one file
/// have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Symlink,
    /// A block device node.
    BlockDevice(Device),
    /// A character device node.
    CharDevice(Device),
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
}

impl Kind {
    /// Returns the word that messages and JSON use for this kind.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Directory => "directory",
            Kind::File => "file",
            Kind::Symlink => "symlink",
            Kind::BlockDevice(_) => "block device",
            Kind::CharDevice(_) => "character device",
            Kind::Fifo => "fifo",
            Kind::Socket => "socket",
        }
    }
}

/// What is said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Permissions, owner, time of the last modification.
    pub meta: Meta,
    /// How many names it has; of a directory, two and one for each directory in it.
    pub links: u64,
    /// Bytes of a regular file, holes included, or of a link's target; 0 for anything else.
    pub size: u64,
}

/// A filesystem that can be looked at, from many threads at once.
///
/// Errors of all calls: the medium cannot be read, or what is on it is damaged. The message says
/// what, and what of it; the caller adds the path.
pub trait Reader: Send + Sync {
    /// Returns what messages call it: the name of the image, mostly.
    fn name(&self) -> String;

    /// Returns the root directory.
    fn root(&self) -> FileId;

    /// Returns what is said of a file.
    fn stat(&self, id: FileId) -> Result<Stat>;

    /// Returns the entries of a directory in byte order of their names, without `.` and `..`.
    /// Nothing else has any.
    fn entries(&self, directory: FileId) -> Result<Vec<(Name, FileId)>>;

    /// Returns the file that a directory has under a name. Nothing else has any.
    fn lookup(&self, directory: FileId, name: &[u8]) -> Result<Option<FileId>>;

    /// Returns the target of a symbolic link.
    fn target(&self, link: FileId) -> Result<Vec<u8>>;

    /// Returns the extended attributes of a file, by full name. ACLs are among them, in the form
    /// that Linux gives to programs (`system.posix_acl_access`).
    fn xattrs(&self, id: FileId) -> Result<Xattrs>;

    /// Returns the byte ranges of a regular file that may hold data, in order and apart from each
    /// other, none of them empty or past the end; all else is a hole, and zero.
    fn extents(&self, file: FileId) -> Result<Vec<Range<u64>>>;

    /// Fills `buf` with the bytes of a regular file from `at` on; holes read as zeros.
    ///
    /// # Errors
    ///
    /// Fails, beside the reasons that all calls have, when the range ends past the file.
    fn read_exact_at(&self, file: FileId, buf: &mut [u8], at: u64) -> Result<()>;

    /// Returns the directory that the filesystem keeps for itself, which is no part of what people
    /// put there: an empty `lost+found`. Most have none.
    fn own(&self) -> Result<Option<FileId>> {
        Ok(None)
    }

    /// Returns which bytes of the medium hold the names of a directory. No two directories have any
    /// in common. What has no medium, or keeps names elsewhere, has none.
    fn places(&self, _: FileId) -> Result<Vec<Range<u64>>> {
        Ok(Vec::new())
    }

    /// Returns how many bytes of memory may be taken by what is known of files: names, where
    /// contents are, and what those keep who go through all of them.
    fn metadata_max(&self) -> u64;

    /// Checks that what this reads from still is what it was at first.
    ///
    /// # Errors
    ///
    /// Fails when it is known to have changed, so that what was read may not go together.
    fn check_unchanged(&self) -> Result<()> {
        Ok(())
    }
}

/// Returns a whole file in memory.
///
/// # Errors
///
/// Fails when it cannot be read, is no regular file, or has more than `limit` bytes.
pub fn read(reader: &dyn Reader, file: FileId, limit: u64) -> Result<Vec<u8>> {
    let stat = reader.stat(file)?;
    anyhow::ensure!(
        stat.kind == Kind::File,
        "a {}, not a file",
        stat.kind.noun()
    );
    anyhow::ensure!(
        stat.size <= limit,
        "{} bytes, at most {limit} are read here",
        stat.size
    );
    let mut bytes = vec![0; usize::try_from(stat.size)?];
    reader.read_exact_at(file, &mut bytes, 0)?;
    Ok(bytes)
}

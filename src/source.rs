//! A root filesystem archive becomes a [`Tree`] whose file contents stay in the archive.
//!
//! The way of the bytes: `spool` opens the input and, unless it can be read in place, decodes it
//! into a temporary file; `member` reads the headers there one after the other; `tar` puts what
//! they describe into the tree. The bytes of the files themselves are left where they are, and are
//! read when an image is written.

mod account;
mod acl;
mod blocks;
mod codec;
mod header;
mod kind;
mod limits;
mod member;
mod name;
mod pax;
mod sparse;
mod spool;
mod tar;
#[cfg(test)]
mod tests;
mod window;
mod xattr;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fsgen::{Timestamp, Tree};

pub use limits::Limits;

/// Where the archive comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file, named pipe or device on the host.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::File(path) => path.display().fmt(f),
            Input::Stdin => f.write_str("standard input"),
        }
    }
}

/// How to read an archive.
pub struct Options<'a> {
    /// Where the temporary file is made that a compressed or piped archive is decoded into.
    pub spool_dir: &'a Path,
    /// The time of directories that the archive has no member for, in seconds since 1970; the
    /// newest time in the archive when there is none.
    pub source_date_epoch: Option<i64>,
    /// How much it may take on disk and in memory.
    pub limits: Limits,
    /// Called now and then with the number of bytes of the input that were read so far.
    pub progress: &'a dyn Fn(u64),
}

/// A tree as read from an archive.
pub struct Loaded {
    /// The root filesystem.
    pub tree: Tree,
    /// The newest modification time of all members that ext4 can store; 1970-01-01 when there
    /// are none.
    pub newest: Timestamp,
    /// How many members were read, duplicates counted.
    pub members: u64,
    /// What the user should know, one line each.
    pub warnings: Vec<String>,
}

/// Reads a tar archive, plain or compressed by gzip, bzip2, xz or zstd.
///
/// The content decides what it is, never the name. Nothing is unpacked, and file contents are not
/// held in memory.
///
/// # Errors
///
/// Fails when the input cannot be read or decoded, is no tar archive, ends early, is larger than
/// its limits, or holds a member that no Linux filesystem could. The message names the input and, where there is one,
/// the member and its offset in the decoded archive.
pub fn load(input: &Input, options: &Options<'_>) -> anyhow::Result<Loaded> {
    let archive = spool::open(input, options)?;
    let default_time = options.source_date_epoch.map(Timestamp::from_secs);
    // While an input was decoded it was reported; a second pass over its copy would only confuse.
    let progress: &dyn Fn(u64) = if archive.is_in_place() {
        options.progress
    } else {
        &|_| {}
    };
    let loaded = tar::read(archive, default_time, options.limits, progress);
    let mut loaded = loaded.with_context(|| input.to_string())?;
    for warning in &mut loaded.warnings {
        *warning = format!("{input}: {warning}");
    }
    Ok(loaded)
}

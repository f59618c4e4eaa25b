//! What tells whether a file of the host is still as it was.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file's identity, its size in bytes, and when it was last written and changed.
///
/// A change within the same tick of the host's clock (some milliseconds) cannot be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Returns the stamp of the file that this was read from.
    pub(crate) fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            bytes: meta.size(),
            written: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Returns whether the file was last written and changed before a time.
    pub(crate) fn is_older_than(&self, time: SystemTime) -> bool {
        let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let newest = self.written.0.max(self.changed.0);
        u64::try_from(newest).is_ok_and(|newest| newest < time.as_secs())
    }

    /// Checks that a file is the one that was stamped, and that nobody has written to it.
    ///
    /// # Errors
    ///
    /// Fails when it is not.
    pub(crate) fn check(&self, now: &Metadata) -> io::Result<()> {
        let now = Self::of(now);
        if now == *self {
            return Ok(());
        }
        Err(io::Error::other(match (self.bytes, now.bytes) {
            (before, now) if before != now => {
                format!("it changed while it was read: from {before} to {now} bytes; build again")
            }
            _ => "it changed while it was read; build again".to_owned(),
        }))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            device,
            inode,
            bytes,
            written,
            changed,
        } = self;
        write!(f, "{device}:{inode} {bytes} {written:?} {changed:?}")
    }
}

//! One inode of the tree: what it is, and what is said of it.

use std::collections::BTreeMap;

use super::DirectoryId;
use super::content::Content;

/// Extended attributes by full name (`user.comment`, `security.capability`), in byte order.
pub type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// A point in time as Unix seconds (negative before 1970) and nanoseconds after that second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub secs: i64,
    /// Nanoseconds after `secs`, below 1,000,000,000.
    pub nanos: u32,
}

impl Timestamp {
    /// Returns the start of the given second.
    pub const fn from_secs(secs: i64) -> Self {
        Self { secs, nanos: 0 }
    }

    /// Returns year, month (1 to 12) and day (1 to 31) in UTC, by the Gregorian calendar whatever
    /// year it is.
    pub fn date(self) -> (i64, i64, i64) {
        // Years start in March here, so that the leap day is the last of its year; 400 of them have
        // 146,097 days. From March on, months have 31, 30, 31, 30, 31 days, again and again.
        let shifted = self.secs.div_euclid(86_400) + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (era * 400 + year + i64::from(month < 3), month, day)
    }
}

/// Owner, permissions and modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Permission bits with setuid, setgid and sticky: the low 12 bits of `st_mode`. Others do not
    /// count.
    pub mode: u16,
    /// Owning user.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Last modification.
    pub mtime: Timestamp,
}

impl Meta {
    /// Returns metadata for something that belongs to root.
    pub const fn root(mode: u16, mtime: Timestamp) -> Self {
        Self {
            mode,
            uid: 0,
            gid: 0,
            mtime,
        }
    }
}

/// Major and minor number of a device node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Driver; Linux allows 12 bits.
    pub major: u32,
    /// Instance; Linux allows 20 bits.
    pub minor: u32,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A folder; its entries are read with [`crate::Tree::entries`].
    Directory(DirectoryId),
    /// A regular file.
    File(Content),
    /// A symbolic link and its target.
    Symlink(Box<[u8]>),
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
    /// Returns the word that messages use for this kind.
    pub fn noun(&self) -> &'static str {
        match self {
            Kind::Directory(_) => "directory",
            Kind::File(_) => "file",
            Kind::Symlink(_) => "symlink",
            Kind::BlockDevice(_) => "block device",
            Kind::CharDevice(_) => "character device",
            Kind::Fifo => "FIFO",
            Kind::Socket => "socket",
        }
    }
}

/// One inode of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Owner, permissions, time.
    pub meta: Meta,
    /// Extended attributes.
    pub xattrs: Xattrs,
    /// What it is.
    pub kind: Kind,
}

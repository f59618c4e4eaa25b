//! What an archive has for one path.

use fsgen::tree::content::Content;
use fsgen::{Kind, Meta};

/// One member of an archive.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Its path as the archive has it, but never empty and without `..`.
    pub path: Vec<u8>,
    /// What the archive calls its user; empty if it has a number only.
    pub user: Vec<u8>,
    /// What the archive calls its group; empty if it has a number only.
    pub group: Vec<u8>,
    /// Permissions, time, and owners by number.
    pub meta: Meta,
    /// What it is.
    pub kind: PackedKind,
}

/// What a [`Packed`] is.
#[derive(Debug, Clone)]
pub enum PackedKind {
    /// A directory.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// One more name for the member with this path.
    HardLink(Vec<u8>),
    /// A device, FIFO or socket.
    Special(Kind),
}

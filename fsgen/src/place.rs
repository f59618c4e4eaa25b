//! A structure of a filesystem, and where it is.

/// A structure, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<Part> {
    /// What it is.
    pub part: Part,
    /// Where it starts, in bytes of the filesystem.
    pub start: u64,
    /// How many bytes it has.
    pub len: u64,
}

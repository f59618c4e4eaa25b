//! A tree of files, in memory, becomes filesystem bytes.
//!
//! This crate knows no recipe, no archive format and no policy, and it opens no file: what it
//! reads comes through [`ReadAt`], what it writes goes through [`WriteAt`].
//!
//! - [`ext4`], [`fat`]: the filesystem writers
//! - [`table`]: GPT and MBR partition tables
//! - [`swap`]: swap areas
//! - [`tree`]: the root filesystem as nodes and names, with one undoable layer for each step
//! - [`region`]: bounded windows of the output
//! - [`Size`]: how large a filesystem is to be
//! - [`guid`]: identifiers derived from a seed

#![forbid(unsafe_code)]

pub mod ext4;
pub mod fat;
pub mod guid;
mod place;
pub mod region;
mod size;
pub mod swap;
pub mod table;
pub mod tree;

pub use place::Place;
pub use region::{ReadAt, Region, WriteAt};
pub use size::Size;
pub use tree::content::Content;
pub use tree::{Device, Kind, Meta, Node, NodeId, Timestamp, Tree, Xattrs};

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
//!
//! ```no_run
//! use std::{fs::File, io, os::unix::fs::FileExt};
//!
//! use fsgen::{Content, Device, Kind, Meta, Region, Size, Timestamp, Tree, WriteAt, ext4, guid};
//!
//! struct Image(File);
//!
//! impl WriteAt for Image {
//!     fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
//!         self.0.write_all_at(buf, offset)
//!     }
//! }
//!
//! let time = Timestamp::from_secs(1_700_000_000);
//! let mut tree = Tree::new(Meta::root(0o755, time));
//! let file = tree.add_file(Meta::root(0o644, time), Content::bytes("hello"));
//! tree.link(Tree::ROOT, b"hello", file);
//! tree.link(Tree::ROOT, b"hard link", file);
//! let null = Kind::CharDevice(Device { major: 1, minor: 3 });
//! let null = tree.add_special(Meta::root(0o666, time), null);
//! let dev = tree.make_directories(b"/dev", Meta::root(0o755, time))?;
//! tree.link(dev, b"null", null);
//!
//! let seed = guid::Seed::new(b"what tells this image from others");
//! let options = ext4::Options::new(seed.uuid("filesystem"), seed.uuid("hash"), time);
//! let layout = ext4::plan(&tree, Tree::ROOT, &[], Size::Fit { free: 1 << 20 }, options)?;
//! let image = Image(File::create("image")?);
//! image.0.set_len(layout.bytes())?;
//! let region = Region::new(&image, 0, layout.bytes());
//! ext4::write(&layout, &tree, region, 2, &|_bytes| {})?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

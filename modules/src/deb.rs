//! Debian packages: their files, what their headers say, and the lists in which dpkg keeps that.
//!
//! - `archive`: where the parts of a package lie in its file
//! - `paragraph`: fields with their values, as headers and dpkg's lists have them
//! - `control`: the header of a package, with what dpkg refuses in it
//! - `version`, `relation`: versions, and what packages need of one another
//! - `identity`: name, version and architecture

pub(crate) mod archive;
pub(crate) mod control;
pub(crate) mod identity;
pub(crate) mod paragraph;
pub(crate) mod relation;
pub(crate) mod version;

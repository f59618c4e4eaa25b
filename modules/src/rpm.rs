//! RPM packages: what is in the files, how packages depend on each other, and the database of
//! those that are installed.
//!
//! The format is that of rpm 4.6 and later: a lead, a header of signatures, the header, and a
//! compressed cpio archive. Every number and offset in it is checked before it is used.

pub(crate) mod capability;
pub(crate) mod cpio;
pub(crate) mod database;
pub(crate) mod dependency;
pub(crate) mod digest;
pub(crate) mod file;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod modular;
pub(crate) mod package;
pub(crate) mod repodata;
pub(crate) mod rich;
#[cfg(feature = "rpm-verify")]
pub(crate) mod signature;
pub(crate) mod tag;

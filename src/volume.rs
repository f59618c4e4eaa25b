//! Filesystems on disks, only ever read, and only as far as they are asked for.
//!
//! - `ext4`: ext2, ext3 and ext4; `fat`: FAT12, FAT16 and FAT32
//! - `other`: all that is known by name, but not read
//! - `located`: where contents are
//! - `description`: what each says of itself
//!
//! Both are readers of our own, and neither has to do with the writers. The crate ext4-view knows
//! no inode numbers (and so no hard links), attributes and device numbers, nor where contents are;
//! fatfs does not say that either, and follows a chain of clusters that goes round for ever.

mod description;
mod ext4;
mod fat;
mod located;
mod other;

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use crate::disk::Disk;
use crate::reader::{FileId, Reader};
pub(crate) use description::{Description, describe};
pub(crate) use located::Bytes;

/// What a disk or partition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// ext2, ext3 or ext4.
    Ext,
    /// FAT of any width.
    Fat,
    /// Something that is not read here, by name; whether it could be a root filesystem.
    Other(&'static str, bool),
}

/// What is wrong with a file that there is no key for.
#[derive(Debug, thiserror::Error)]
#[error("it is encrypted (feature encrypt), and there is no key here")]
pub(crate) struct Encrypted;

/// A filesystem on a disk.
pub(crate) trait Volume: Reader {
    /// Returns what its contents are read from.
    fn disk(&self) -> Arc<dyn Disk>;

    /// Returns where the content of a regular file is.
    ///
    /// # Errors
    ///
    /// Fails when the disk cannot be read, or is damaged there.
    fn content(&self, file: FileId) -> Result<Bytes>;

    /// Returns its type, as in `ext4`.
    fn kind(&self) -> &'static str;

    /// Returns its label; without one, nothing.
    fn label(&self) -> String;

    /// Returns what the user should know about it.
    fn warnings(&self) -> Vec<String>;

    /// Returns whether a file has flags that nothing but this filesystem has (`chattr`).
    fn is_pinned(&self, file: FileId) -> Result<bool>;
}

/// Returns what a disk holds; nothing when it is unknown.
///
/// # Errors
///
/// Fails when it cannot be read.
pub(crate) fn recognise(disk: &dyn Disk) -> std::io::Result<Option<Found>> {
    if ext4::is_likely(disk)? {
        return Ok(Some(Found::Ext));
    }
    if fat::is_likely(disk)? {
        return Ok(Some(Found::Fat));
    }
    other::recognise(disk)
}

/// Opens the filesystem on a disk. What is read of it ahead, or of one file, may take
/// `metadata_max` bytes of memory.
///
/// # Errors
///
/// Fails when it cannot be read, is damaged, or needs a feature that is not supported, which the
/// message names.
pub(crate) fn open(disk: Arc<dyn Disk>, metadata_max: u64) -> Result<Box<dyn Volume>> {
    Ok(match recognise(&*disk)? {
        Some(Found::Ext) => {
            Box::new(ext4::Ext4::open(disk, metadata_max).context("its ext4 filesystem")?)
        }
        Some(Found::Fat) => {
            Box::new(fat::Fat::open(disk, metadata_max).context("its FAT filesystem")?)
        }
        Some(Found::Other(name, _)) => {
            bail!("it holds {name}, which is not read here; ext2, ext3, ext4 and FAT are")
        }
        None => bail!("it holds no filesystem that is known here"),
    })
}

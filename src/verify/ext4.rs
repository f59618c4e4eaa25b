//! ext4 (and ext2, ext3): every structure is read, and all of them must agree.
//!
//! In the order of work: `superblock` and its `features`; descriptors of each `group` and their
//! `backup`; `inodes`, each by `inode` with its map (`extent`, `indirect`), `attribute`s and the
//! special ones (`resize`, `journal`, `orphan`, `reserved`); `directory` with its `index`; the
//! `tree` they make; and last each `bitmap` against what all of these `owned`.

mod attribute;
mod backup;
mod bitmap;
mod directory;
mod extent;
mod features;
mod group;
mod index;
mod indirect;
mod inode;
mod inodes;
mod journal;
mod mapping;
mod orphan;
mod owned;
mod raw_inode;
mod reserved;
mod resize;
mod superblock;
mod tree;
mod value;
mod volume;

use std::io;

use super::area::Area;
use super::problem::Problems;
use super::verdict::Count;
use owned::Owned;
use superblock::Superblock;
use volume::Volume;

/// Returns whether an area holds such a filesystem, even with a damaged magic number.
pub(super) fn is_likely(area: Area<'_>) -> io::Result<bool> {
    let bytes = area.read_padded(superblock::OFFSET, superblock::LEN)?;
    Ok(superblock::is_likely(&bytes))
}

/// Returns whether a copy of a superblock lies where the second group of such a filesystem starts,
/// which has one with all that mke2fs makes of that size.
pub(super) fn has_copy(area: Area<'_>) -> io::Result<bool> {
    for log_size in 0..=6 {
        let block = 1024_u64 << log_size;
        // Blocks of 1,024 bytes are counted from the first superblock on.
        let second = 8 * block + u64::from(log_size == 0);
        let bytes = area.read_padded(second * block, superblock::LEN)?;
        if superblock::is_copy(&bytes, log_size) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks the filesystem in an area and returns what there was to check.
///
/// # Errors
///
/// Fails when the image cannot be read.
pub(super) fn check(area: Area<'_>, problems: &mut Problems) -> io::Result<Vec<Count>> {
    let raw = area.read_padded(superblock::OFFSET, superblock::LEN)?;
    let Some(superblock) = Superblock::read(raw, area.len(), problems) else {
        return Ok(Vec::new());
    };
    let volume = Volume { area, superblock };
    let mut owned = Owned::new(&volume);
    let groups = group::read_all(&volume, problems)?;
    group::claim_all(&volume, &groups, &mut owned, problems);
    let copies = backup::check(&volume, &groups, problems)?;
    let mut inodes = inodes::scan(&volume, &groups, &mut owned, problems)?;
    let attribute_blocks = inodes.attributes.check_sharing(problems);
    value::check_all(&volume, &inodes, problems)?;
    let directories = inodes.directories.len();
    let tree = directory::read_all(&volume, &mut inodes, problems)?;
    tree.check(&volume, &mut inodes, problems);
    let totals = bitmap::check_all(&volume, &groups, &owned, &inodes, problems)?;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(vec![
        Count("groups", volume.superblock.groups.into()),
        Count("copies of the superblock", copies),
        Count("inodes in use", count(inodes.used.len())),
        Count("directories", count(directories)),
        Count("attribute blocks", attribute_blocks),
        Count("blocks", volume.superblock.blocks),
        Count("free blocks", totals.free_blocks),
        Count("free inodes", totals.free_inodes),
    ])
}

//! The inode that keeps blocks free so that the table of group descriptors can grow.
//!
//! It looks like a file of more than 4 GiB: a list of lists, whose lists are the reserved blocks
//! after the descriptors, and whose content are the same blocks of the other groups.

use std::io;

use super::inode::Check;
use super::mapping::Mapping;
use super::raw_inode::FileType;
use crate::fields::{Fields, slice};

/// Blocks of a file before those of its lists.
const DIRECT: u64 = 12;
/// The place in the map that has the list of lists.
const LIST_OF_LISTS: usize = 13;

/// Checks the inode and takes the one block that is not among the reserved ones already.
pub(super) fn check(check: &mut Check<'_>) -> io::Result<()> {
    let (volume, inode) = (check.volume, check.inode);
    let superblock = &volume.superblock;
    let place = "resize inode";
    if inode.file_type() != Some(FileType::Regular) || inode.links() != 1 {
        check.problems.add(place, "is not a file with one link");
    }
    check.fields(Some(FileType::Regular));
    let number = |index: usize| u64::from(inode.map().le32(4 * index));
    let list = number(LIST_OF_LISTS);
    let others = (0..15).filter(|index| *index != LIST_OF_LISTS);
    if others.into_iter().any(|index| number(index) != 0) {
        check.problems.add(place, "has more than a list of lists");
    }
    if !volume.contains(list, 1) {
        check.problems.add(
            place,
            format_args!("its list of lists would be block {list}"),
        );
        return Ok(());
    }
    if check.owned.claim(list, 1) > 0 {
        let what = format_args!("its list of lists, block {list}, belongs to something else too");
        check.problems.add(place, what);
        return Ok(());
    }
    let lists = volume.block(list)?;
    let per_block = superblock.block_size / 4;
    let copies: Vec<u64> = (1..superblock.groups)
        .filter(|group| superblock.has_copy(*group))
        .map(|group| u64::from(group) * u64::from(superblock.blocks_per_group))
        .collect();
    let (used, reserved) = (
        superblock.descriptor_blocks(),
        superblock.reserved_descriptor_blocks,
    );
    let mut mapping = Mapping {
        map_blocks: 1,
        ..Mapping::default()
    };
    for slot in 0..per_block {
        // The places go round, so that growing by a block changes one of them.
        let index = (slot + per_block - used % per_block) % per_block;
        let expected = if index < reserved {
            superblock.first_block + 1 + u64::from(used) + u64::from(index)
        } else {
            0
        };
        let found = u64::from(lists.le32(4 * slot as usize));
        check.problems.expect(
            place,
            &format!("list {slot} of the resize inode"),
            found,
            expected,
        );
        if expected == 0 {
            continue;
        }
        mapping.map_blocks += 1;
        let count = u64::try_from(copies.len()).unwrap_or_default();
        mapping.content_blocks += count;
        if count > 0 {
            let lists = 1 + u64::from(slot);
            let end = DIRECT + lists * u64::from(per_block) + count;
            mapping.written_end = mapping.written_end.max(end);
        }
        if found == expected {
            check_copies(check, &volume.block(found)?, found, &copies);
        }
    }
    check.regular_size(&mapping);
    let attributes =
        check
            .attributes
            .check_inode(volume, (check.number, inode), check.owned, check.problems)?;
    check.block_count(&mapping, attributes);
    Ok(())
}

/// Compares one list with the groups that have copies.
fn check_copies(check: &mut Check<'_>, list: &[u8], number: u64, copies: &[u64]) {
    let place = format_args!("reserved descriptor block {number}");
    for (index, distance) in copies.iter().take(list.len() / 4).enumerate() {
        let found = u64::from(list.le32(4 * index));
        check
            .problems
            .expect(place, "a copy", found, number + distance);
    }
    let rest = slice(list, 4 * copies.len(), list.len());
    if rest.iter().any(|byte| *byte != 0) {
        let what = "has more copies than there are groups for them";
        check.problems.add(place, what);
    }
}

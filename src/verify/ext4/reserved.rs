//! Reserved inodes without a feature of their own: bad blocks, the boot loader's, and unused ones.

use std::io;

use super::inode::Check;
use super::raw_inode::FileType;

/// The list of bad blocks.
const BAD_BLOCKS: u32 = 1;
/// The boot loader's; nothing else may be known about it.
const BOOT_LOADER: u32 = 5;

/// Checks such an inode, and takes the blocks of those two that may have some.
pub(super) fn check(check: &mut Check<'_>) -> io::Result<()> {
    match check.number {
        BAD_BLOCKS => bad_blocks(check),
        BOOT_LOADER => boot_loader(check),
        _ => {
            unused(check);
            Ok(())
        }
    }
}

/// It is a map and nothing else: no file, and nobody's.
fn bad_blocks(check: &mut Check<'_>) -> io::Result<()> {
    const PLACE: &str = "inode of the bad blocks";
    let inode = check.inode;
    let problems = &mut *check.problems;
    problems.expect_bits(PLACE, "mode", inode.mode(), 0_u16);
    problems.expect(PLACE, "count of links", inode.links(), 0);
    let [user, group] = inode.owners();
    problems.expect(PLACE, "owner", user, 0);
    problems.expect(PLACE, "group", group, 0);
    problems.expect(PLACE, "attribute block", inode.attribute_block(), 0);
    // As that of a file, its map may be one of extents.
    check.fields(Some(FileType::Regular));
    check.map(false)?;
    Ok(())
}

/// Without a type it has no map; a boot loader gives it that of a file.
fn boot_loader(check: &mut Check<'_>) -> io::Result<()> {
    let kind = check.inode.file_type();
    if kind == Some(FileType::Regular) {
        check.run(FileType::Regular, false)?;
        return Ok(());
    }
    unused(check);
    Ok(())
}

fn unused(check: &mut Check<'_>) {
    let inode = check.inode;
    // Some writers give them times; all else is nothing.
    let is_empty = inode.mode() == 0
        && inode.links() == 0
        && inode.size() == 0
        && inode.blocks() == 0
        && inode.flags() == 0
        && inode.attribute_block() == 0
        && inode.deletion_time() == 0
        && inode.map().iter().all(|byte| *byte == 0);
    if !is_empty {
        let place = format_args!("inode {}", check.number);
        check.problems.add(place, "is reserved, and not empty");
    }
}

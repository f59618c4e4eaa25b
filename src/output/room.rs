//! Room for what will be written, taken at once where that is faster than to take it block by block.

use std::fs::File;
use std::ops::Range;

/// What is too small for a call of its own, in bytes.
#[cfg(target_os = "linux")]
const SMALL: u64 = 1 << 20;

/// The filesystem that is known to be faster then (`EXT4_SUPER_MAGIC` in Linux's `magic.h`): it
/// looks for room once, and a page is written with less. Others would store what they could pack.
#[cfg(target_os = "linux")]
const EXT4: u64 = 0xef53;

/// Takes room in a file, whose size stays, for all ranges that will be written from end to end.
#[cfg(target_os = "linux")]
pub(super) fn take(file: &File, written: &[Range<u64>]) {
    use rustix::fs::{FallocateFlags, fallocate, fstatfs};

    let kind = fstatfs(file).map(|stat| u64::try_from(stat.f_type));
    if kind != Ok(Ok(EXT4)) {
        return;
    }
    for range in written {
        let len = range.end - range.start;
        if len >= SMALL && fallocate(file, FallocateFlags::KEEP_SIZE, range.start, len).is_err() {
            return;
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn take(_: &File, _: &[Range<u64>]) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn only_large_ranges_take_room_and_the_size_stays() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(8 * SMALL).unwrap();
        let is_ext4 = || u64::try_from(rustix::fs::fstatfs(&file).unwrap().f_type) == Ok(EXT4);
        take(
            &file,
            &[
                0..SMALL - 1,
                SMALL..SMALL,
                SMALL..2 * SMALL,
                4 * SMALL..7 * SMALL,
            ],
        );
        let meta = file.metadata().unwrap();
        assert_eq!(meta.len(), 8 * SMALL);
        let want = if is_ext4() { 4 * SMALL } else { 0 };
        assert!((want..=want + SMALL / 4).contains(&(meta.blocks() * 512)));
    }
}

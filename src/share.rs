//! Bytes of one file that another has, too, without a copy of them: on filesystems that can do that.

use std::fs::File;

/// What is shared begins with a multiple of so many bytes, in both files.
pub(crate) const BLOCK: u64 = 4096;

/// Returns whether the filesystem of a new file, which is empty, lets files share blocks: it can be
/// asked for all of one, which is nothing then. What others are asked for they might copy, and slower
/// than it is copied here.
#[cfg(target_os = "linux")]
pub(crate) fn can_share(empty: &File) -> bool {
    rustix::fs::ioctl_ficlone(empty, empty).is_ok()
}

/// Gives a file of a filesystem that [can share](can_share) some bytes of another, those from `at` on,
/// at `offset`. Returns whether it has them now.
#[cfg(target_os = "linux")]
pub(crate) fn share((from, at): (&File, u64), (to, offset): (&File, u64), len: u64) -> bool {
    use rustix::fs::{copy_file_range, fstat};

    let is_even = [at, offset, len].iter().all(|bytes| bytes % BLOCK == 0);
    let device = |file| fstat(file).map(|stat| stat.st_dev);
    if !is_even || device(from) != device(to) {
        return false;
    }
    let (mut at, mut offset, end) = (at, offset, offset.saturating_add(len));
    while offset < end {
        let most = usize::try_from(end - offset).unwrap_or(usize::MAX);
        if !copy_file_range(from, Some(&mut at), to, Some(&mut offset), most).is_ok_and(|n| n > 0) {
            return false;
        }
    }
    true
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn can_share(_: &File) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn share(_: (&File, u64), _: (&File, u64), _: u64) -> bool {
    false
}

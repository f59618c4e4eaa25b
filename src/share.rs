//! Bytes of one file that another has, too, without a copy of them: on filesystems that can do that.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::fs::File;
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};

/// What is shared begins with a multiple of so many bytes, in both files, and has as many.
pub(crate) const BLOCK: u64 = 4096;

/// A new file that can share what others have.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(crate) struct Sharing {
    /// The filesystem it is on, as `st_dev` says it.
    device: u64,
    /// The files, by their inodes, that are on disk, or cannot be.
    synced: Mutex<BTreeSet<u64>>,
}

#[cfg(target_os = "linux")]
impl Sharing {
    /// Returns what a new file can share, which is still empty; nothing where it cannot.
    ///
    /// The filesystem is asked for all that the file has. Where it could not do that, or its blocks are
    /// larger, the kernel would copy what was to be shared, and slower than it is copied here; and so it
    /// would to a file of btrfs that is not copied on writing.
    pub(crate) fn of(empty: &File) -> Option<Self> {
        use rustix::fs::{IFlags, fstat, fstatvfs, ioctl_ficlone, ioctl_getflags};

        ioctl_ficlone(empty, empty).ok()?;
        let is_overwritten = ioctl_getflags(empty).is_ok_and(|flags| flags.contains(IFlags::NOCOW));
        (!is_overwritten && fstatvfs(empty).ok()?.f_bsize <= BLOCK).then_some(Self {
            device: fstat(empty).ok()?.st_dev,
            synced: Mutex::default(),
        })
    }

    /// Gives `to`, the file of this, `len` bytes of another, those from `at` on, at `offset`. Returns
    /// whether it has them now.
    pub(crate) fn share(&self, from: (&File, u64), to: (&File, u64), len: u64) -> bool {
        use rustix::fs::{copy_file_range, fstat};

        let ((from, mut at), (to, mut offset)) = (from, to);
        let is_even = [at, offset, len].iter().all(|bytes| bytes % BLOCK == 0);
        let Some(stat) = fstat(from)
            .ok()
            .filter(|stat| is_even && stat.st_dev == self.device)
        else {
            return false;
        };
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if synced.insert(stat.st_ino) {
            // Else the kernel would wait for each part that is shared. What cannot be synced is left to it.
            from.sync_data().ok();
        }
        drop(synced);
        let end = offset.saturating_add(len);
        while offset < end {
            let most = usize::try_from(end - offset).unwrap_or(usize::MAX);
            let shared = copy_file_range(from, Some(&mut at), to, Some(&mut offset), most);
            if !shared.is_ok_and(|bytes| bytes > 0) {
                return false;
            }
        }
        true
    }
}

/// No file can.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) enum Sharing {}

#[cfg(not(target_os = "linux"))]
impl Sharing {
    pub(crate) fn of(_: &File) -> Option<Self> {
        None
    }

    pub(crate) fn share(&self, _: (&File, u64), _: (&File, u64), _: u64) -> bool {
        match *self {}
    }
}

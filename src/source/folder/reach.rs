//! Paths that are longer than one call of the system takes, part by part.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

/// The longest path of one call, in bytes (Linux: `PATH_MAX` without its NUL).
const LONGEST: usize = 4095;
/// How much of it is for the way to an open folder.
const WAY: usize = 32;

/// Does something with a path that the system takes, and that leads where this one does.
///
/// # Errors
///
/// Fails when `call` does, or when a folder on the way cannot be opened.
pub(super) fn reach<T, E: From<io::Error>>(
    path: &Path,
    call: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    let mut rest = path.as_os_str().as_bytes();
    if rest.len() <= LONGEST {
        return call(path);
    }
    let mut folder: Option<OwnedFd> = None;
    while rest.len() > LONGEST - WAY {
        let part = &rest[..rest.len().min(LONGEST)];
        let slash = part.iter().rposition(|byte| *byte == b'/');
        let Some(slash) = slash.filter(|slash| *slash > 0) else {
            return Err(io::Error::from(io::ErrorKind::InvalidFilename).into());
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let part = OsStr::from_bytes(&rest[..slash]);
        let opened = match &folder {
            None => openat(CWD, part, flags, Mode::empty()),
            Some(folder) => openat(folder, part, flags, Mode::empty()),
        };
        folder = Some(opened.map_err(io::Error::from)?);
        rest = &rest[slash + 1..];
    }
    // Not all calls have a form that starts at an open folder; those for attributes have none.
    let way = folder.map(|folder| (format!("/proc/self/fd/{}", folder.as_raw_fd()), folder));
    match &way {
        Some((way, _)) => call(&Path::new(way).join(OsStr::from_bytes(rest))),
        None => call(path),
    }
}

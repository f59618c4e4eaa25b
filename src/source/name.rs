//! Names that a member may have: its path, and the target of a link.

use anyhow::{Result, ensure};
use fsgen::tree::path::check_name;

/// The longest path of a member, in bytes; 16 times what one system call takes.
const PATH_MAX: usize = 65_536;
/// The longest target of a symbolic link, in bytes (Linux: `PATH_MAX` without its NUL).
const TARGET_MAX: usize = 4095;

/// Returns a name from an archive as messages show it: on one line, and not endless.
pub(super) fn shown(name: &[u8]) -> String {
    const LONGEST: usize = 200;
    let cut = &name[..name.len().min(LONGEST)];
    let dots = if cut.len() < name.len() { "..." } else { "" };
    format!("{}{dots}", String::from_utf8_lossy(cut).escape_debug())
}

/// Returns how messages call a member of an archive, or a file of what is none.
pub(super) fn title(path: &[u8], offset: Option<u64>) -> String {
    match offset {
        Some(offset) => format!("member \"{}\" at byte {offset}", shown(path)),
        None => format!("\"{}\"", shown(path)),
    }
}

/// Checks that a path leads to a name in the tree, or to its root.
///
/// # Errors
///
/// Fails on an empty path, `..` in it, and names that no directory can hold.
pub(super) fn check_path(path: &[u8]) -> Result<()> {
    let len = path.len();
    ensure!(len > 0, "an empty name");
    ensure!(
        len <= PATH_MAX,
        "a path of {len} bytes, at most {PATH_MAX} are allowed"
    );
    for name in path.split(|b| *b == b'/') {
        let up = name == b"..";
        ensure!(!up, "\"..\" in the name \"{}\" is not allowed", shown(path));
        if !matches!(name, b"" | b".") {
            check_name(name)?;
        }
    }
    Ok(())
}

/// Checks that a symbolic link can have a target.
///
/// # Errors
///
/// Fails on a target that is empty, too long, or holds a NUL byte.
pub(super) fn check_target(target: &[u8]) -> Result<()> {
    let len = target.len();
    ensure!(len > 0, "a symbolic link to nothing");
    ensure!(
        len <= TARGET_MAX,
        "a link target of {len} bytes, at most {TARGET_MAX} are allowed"
    );
    ensure!(!target.contains(&0), "a link target with a NUL byte");
    Ok(())
}

/// Returns the names of a path, without what stands for nothing.
pub(super) fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = path.split(|b| *b == b'/');
    names.filter(|name| !matches!(*name, b"" | b"."))
}

/// Returns a path in the one way that it can be written with a slash between two names.
pub(super) fn normal(path: &[u8]) -> Vec<u8> {
    names(path).collect::<Vec<_>>().join(&b'/')
}

/// Splits a path into directory and last name; the root has none.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = path;
    loop {
        let cut = rest.iter().rposition(|b| *b == b'/');
        let (directory, name) = rest.split_at(cut.map_or(0, |slash| slash + 1));
        if !matches!(name, b"" | b".") {
            return Some((directory, name));
        }
        rest = &rest[..cut?];
    }
}

//! An installed system as lines of text, so that two can be compared.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::DATABASE;
use crate::kit::{succeed, tool};

/// Describes all that is below a folder, a line each, without times of directories: those are
/// when something was last put in.
pub(crate) fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let kind = meta.file_type();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if kind.is_dir() && name != "lost+found" {
                todo.push(path.clone());
            }
            if name == "lost+found" || name.starts_with("var/lib/rpm") {
                continue;
            }
            let content = match kind {
                kind if kind.is_file() => crate::kit::sha256(&path),
                kind if kind.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
                _ => String::new(),
            };
            let is_device = kind.is_char_device() || kind.is_block_device();
            let rdev = if is_device { meta.rdev() } else { 0 };
            let (links, mtime) = match kind.is_dir() {
                true => (0, 0),
                false => (meta.nlink(), meta.mtime()),
            };
            let (mode, uid, gid) = (meta.mode(), meta.uid(), meta.gid());
            lines.push(format!(
                "{name} {mode:o} {uid}:{gid} {mtime} {links} {rdev} {content}"
            ));
        }
    }
    lines.sort();
    lines
}

/// Packs a system into an archive.
pub(crate) fn pack(root: &Path, tar: &Path) {
    succeed(tool("tar").arg("-C").arg(root).arg("-cf").arg(tar).arg("."));
}

/// Describes the package database, a line for each row.
pub(super) fn dump(root: &Path) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/dump.py");
    let file = root.join(&DATABASE[1..]);
    let printed = succeed(tool("python3").arg(script).arg(file));
    let mut lines: Vec<_> = printed.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Compares two lists of lines, and shows only what differs.
pub(crate) fn assert_same(ours: &[String], theirs: &[String]) {
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|line| !b.contains(line)).cloned().collect()
    };
    let (ours_only, theirs_only) = (only(ours, theirs), only(theirs, ours));
    assert!(
        ours_only.is_empty() && theirs_only.is_empty(),
        "ours: {ours_only:#?}\ntheirs: {theirs_only:#?}"
    );
    assert_eq!(ours.len(), theirs.len());
}

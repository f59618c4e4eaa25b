//! What the image's rpm is set to, by the files of macros that it reads.

use crate::root::join;
use crate::{Root, RootError};

/// Files of macros in rpm's order, the last of which wins; of folders, those called `macros.*`.
const MACROS: [&str; 7] = [
    "/usr/lib/rpm/macros",
    "/usr/lib/rpm/macros.d/",
    "/usr/lib/rpm/redhat/macros",
    "/usr/lib/rpm/suse/macros",
    "/usr/lib/rpm/debian/macros",
    "/etc/rpm/",
    "/etc/rpm/macros",
];

/// Endings of what rpm leaves beside such files, and does not read.
const ASIDE: [&[u8]; 4] = [b".rpmnew", b".rpmsave", b".rpmorig", b"~"];

/// Returns a setting, with its most usual macros replaced.
pub(super) fn setting(root: &Root<'_>, name: &str) -> Result<Option<String>, RootError> {
    let mut value = None;
    for place in MACROS {
        for file in files(root, place)? {
            let text = root.read_if_exists(file)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let mut values = text.lines().filter_map(|line| {
                let value = line.trim_start().strip_prefix('%')?.strip_prefix(name)?;
                value
                    .starts_with([' ', '\t'])
                    .then(|| value.trim().to_owned())
            });
            value = values.next_back().or(value);
        }
    }
    Ok(value.map(|value| value.replace("%{_var}", "/var").replace("%{_usr}", "/usr")))
}

/// Returns the files that a place stands for.
fn files(root: &Root<'_>, place: &str) -> Result<Vec<Vec<u8>>, RootError> {
    let Some(folder) = place.strip_suffix('/') else {
        return Ok(vec![place.as_bytes().to_vec()]);
    };
    if !root.is_dir(folder) {
        return Ok(Vec::new());
    }
    let names = root.list(folder)?.into_iter();
    let names = names.filter(|name| {
        name.starts_with(b"macros.") && !ASIDE.iter().any(|ending| name.ends_with(ending))
    });
    let files = names.map(|name| join(folder.as_bytes(), &name));
    Ok(files.filter(|file| root.is_file(file)).collect())
}

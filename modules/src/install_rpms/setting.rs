//! What the image's rpm is set to, by the files of macros that it reads.

use super::options::Options;
use crate::root::join;
use crate::{Root, RootError};

/// Files of macros in rpm's order, the last of which wins; of folders, those called `macros.*`.
const MACROS: [&str; 8] = [
    "/usr/lib/rpm/macros",
    "/usr/lib/rpm/macros.d/",
    "/usr/lib/rpm/redhat/macros",
    "/usr/lib/rpm/suse/macros",
    "/usr/lib/rpm/debian/macros",
    "/etc/rpm/",
    "/etc/rpm/macros",
    "/root/.rpmmacros",
];

/// Endings of what rpm leaves beside such files, and does not read.
const ASIDE: [&[u8]; 3] = [b".rpmnew", b".rpmsave", b".rpmorig"];

/// Takes what the recipe does not say of files that are left out from the image's settings.
pub(super) fn complete(options: &mut Options, root: &mut Root<'_>) -> Result<(), RootError> {
    if options.excludedocs.is_none() {
        let value = setting(root, "_excludedocs")?.unwrap_or_default();
        let is_set = is_on(&value);
        if is_set {
            root.info("documentation is left out, as %_excludedocs of the image says");
        }
        options.excludedocs = Some(is_set);
    }
    if options.install_langs.is_none() {
        let value = setting(root, "_install_langs")?.unwrap_or_default();
        let languages = value.split(':').filter(|language| !language.is_empty());
        let languages: Vec<String> = languages.map(str::to_owned).collect();
        // Other macros than those known here would have to be expanded. `%{nil}` is a language that
        // no file is for.
        if languages.is_empty() || (value.contains('%') && value != "%{nil}") {
            return Ok(());
        }
        root.info(format!(
            "files are for {value}, as %_install_langs of the image says"
        ));
        options.install_langs = Some(languages);
    }
    Ok(())
}

/// Returns whether a setting is on: `Y` or another number than 0, as C writes them (rpm's
/// `rpmExpandNumeric`).
fn is_on(value: &str) -> bool {
    let (digits, radix) = match value.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if value.starts_with('0') => (value, 8),
        None => (value, 10),
    };
    let number = i64::from_str_radix(digits, radix);
    value.starts_with(['Y', 'y']) || number.is_ok_and(|number| number != 0)
}

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

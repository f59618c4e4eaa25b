//! Which locales the C library of the image can load: glibc's folders and its archive.

use super::archive;
use super::name::Name;
use crate::{Root, RootError};

const FOLDER: &str = "/usr/lib/locale";
/// What localedef makes them of.
const SOURCES: &str = "/usr/share/i18n";

const ARCHIVE: &str = "/usr/lib/locale/locale-archive";

/// Returns whether glibc has a locale without a file (C.UTF-8 since 2.35, and as a folder of
/// Debian's before).
pub(super) fn is_built_in(name: &str) -> bool {
    matches!(Name::new(name).normal().as_str(), "C" | "POSIX" | "C.utf8")
}

/// Returns whether a locale is there.
pub(super) fn has(root: &Root<'_>, name: &str) -> Result<bool, RootError> {
    let normal = Name::new(name).normal();
    if is_built_in(name) || [name, &normal].iter().any(|name| has_folder(root, name)) {
        return Ok(true);
    }
    Ok(root.is_file(ARCHIVE) && archive::has(root, ARCHIVE, &normal)?)
}

/// Returns whether localedef of the image could compile a locale, as far as is known: it needs the
/// definitions of the locale and of its charset.
pub(super) fn can_be_made(root: &Root<'_>, name: &str) -> bool {
    let Name {
        language,
        charset,
        modifier,
    } = Name::new(name);
    let definitions = format!("{SOURCES}/locales");
    let charsets = format!("{SOURCES}/charmaps");
    let is_known = |folder: &str, file: &str| {
        let endings = ["", ".gz"].into_iter();
        let mut files = endings.map(|ending| format!("{folder}/{file}{ending}"));
        !root.is_dir(folder) || files.any(|file| root.is_file(file))
    };
    is_known(&definitions, &format!("{language}{modifier}"))
        && (charset.is_empty() || is_known(&charsets, charset))
}

/// Returns the names of the locales that have folders.
pub(super) fn names(root: &Root<'_>) -> Result<Vec<String>, RootError> {
    if !root.is_dir(FOLDER) {
        return Ok(Vec::new());
    }
    let names = root.list(FOLDER)?.into_iter();
    let names = names.map(|name| String::from_utf8_lossy(&name).into_owned());
    Ok(names
        .filter(|name| has_folder(root, name) && !is_built_in(name))
        .take(20)
        .collect())
}

fn has_folder(root: &Root<'_>, name: &str) -> bool {
    root.is_file(format!("{FOLDER}/{name}/LC_CTYPE"))
}

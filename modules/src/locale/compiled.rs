//! Which locales the C library of the image can load: glibc's folders and its archive.

use crate::{Root, RootError};

const FOLDER: &str = "/usr/lib/locale";
/// What localedef makes them of.
const SOURCES: &str = "/usr/share/i18n";

const ARCHIVE: &str = "/usr/lib/locale/locale-archive";

/// Returns whether glibc has a locale without a file (C.UTF-8 since 2.35, and as a folder of
/// Debian's before).
pub(super) fn is_built_in(name: &str) -> bool {
    matches!(normal(name).as_str(), "C" | "POSIX" | "C.utf8")
}

/// Returns whether a locale is there.
pub(super) fn has(root: &Root<'_>, name: &str) -> Result<bool, RootError> {
    if is_built_in(name)
        || [name, &normal(name)]
            .iter()
            .any(|name| has_folder(root, name))
    {
        return Ok(true);
    }
    let Some(archive) = archive(root)? else {
        return Ok(false);
    };
    // The archive holds each name as text between zero bytes.
    let text = format!("\0{}\0", normal(name)).into_bytes();
    Ok(archive.windows(text.len()).any(|part| part == text))
}

/// Returns whether localedef of the image could compile a locale, as far as is known: it needs the
/// definitions of the locale and of its charset.
pub(super) fn can_be_made(root: &Root<'_>, name: &str) -> bool {
    let (plain, modifier) = match name.split_once('@') {
        Some((plain, modifier)) => (plain, format!("@{modifier}")),
        None => (name, String::new()),
    };
    let (language, charset) = plain.split_once('.').unwrap_or((plain, ""));
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

fn archive(root: &Root<'_>) -> Result<Option<Vec<u8>>, RootError> {
    if root.is_file(ARCHIVE) {
        root.read(ARCHIVE).map(Some)
    } else {
        Ok(None)
    }
}

/// Returns a name as glibc compares it: of the charset only small letters and digits count.
fn normal(name: &str) -> String {
    let (name, modifier) = match name.split_once('@') {
        Some((name, modifier)) => (name, format!("@{modifier}")),
        None => (name, String::new()),
    };
    let Some((language, charset)) = name.split_once('.') else {
        return format!("{name}{modifier}");
    };
    let charset = charset.chars().filter(char::is_ascii_alphanumeric);
    let charset: String = charset.map(|c| c.to_ascii_lowercase()).collect();
    format!("{language}.{charset}{modifier}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_glibc_does() {
        for (name, want) in [
            ("de_DE.UTF-8", "de_DE.utf8"),
            ("de_DE.ISO-8859-15@euro", "de_DE.iso885915@euro"),
            ("ca_ES@valencia", "ca_ES@valencia"),
            ("de_DE", "de_DE"),
            ("C.UTF-8", "C.utf8"),
        ] {
            assert_eq!(normal(name), want);
        }
    }
}

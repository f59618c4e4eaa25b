//! Drop-ins of systemd, as sysusers.d(5) and tmpfiles.d(5) have them: which files count, and their
//! lines.

pub(crate) mod specifier;
pub(crate) mod words;

use std::collections::BTreeMap;

use fsgen::Kind;

use crate::root::{Root, RootError, join, show};
use crate::value::{Spanned, ValueError};
use crate::{Error, installed};

/// Where drop-ins are looked for; one hides those of the same name further down.
const PLACES: [&str; 5] = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"];

/// The name of the drop-in that a recipe's own lines go to.
const OWN: &str = "hsb.conf";

/// One line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Without the white space around it.
    pub(crate) text: Vec<u8>,
    /// The file that has it, and its number there from 1; nothing where it is in none.
    place: Option<(Vec<u8>, usize)>,
}

impl Line {
    /// A line that is in no file.
    pub(crate) fn bare(text: &str) -> Self {
        Self {
            text: text.trim().as_bytes().to_vec(),
            place: None,
        }
    }
}

/// What a line could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The place of the line in what was applied.
    pub(crate) line: usize,
    /// Why.
    pub(crate) message: String,
}

/// Returns the lines of all drop-ins of a folder such as `sysusers.d`, in the order of the files'
/// names. Comments and empty lines are left out.
///
/// A file that is empty or a link to `/dev/null` masks those of its name.
pub(crate) fn lines(root: &Root<'_>, folder: &str) -> Result<Vec<Line>, RootError> {
    let mut lines = Vec::new();
    for path in files(root, folder)? {
        for (i, line) in root.read(&path)?.split(|b| *b == b'\n').enumerate() {
            let text = line.trim_ascii();
            if !matches!(text.first(), None | Some(b'#')) {
                lines.push(Line {
                    text: text.to_vec(),
                    place: Some((path.clone(), i + 1)),
                });
            }
        }
    }
    Ok(lines)
}

/// Returns the drop-ins of a folder that count, in the order of their names.
pub(crate) fn files(root: &Root<'_>, folder: &str) -> Result<Vec<Vec<u8>>, RootError> {
    let mut by_name = BTreeMap::new();
    for place in PLACES {
        let directory = format!("{place}/{folder}");
        if !root.is_dir(&directory) {
            continue;
        }
        for name in root.list(&directory)? {
            let path = join(directory.as_bytes(), &name);
            if name.ends_with(b".conf") && (root.is_file(&path) || root.is_masked(&path)) {
                by_name.entry(name).or_insert(path);
            }
        }
    }
    let is_empty = |path: &Vec<u8>| match root.stat(path).map(|node| &node.kind) {
        Ok(Kind::File(content)) => content.is_empty(),
        _ => false,
    };
    let counts = |path: &Vec<u8>| !root.is_masked(path) && !is_empty(path);
    Ok(by_name.into_values().filter(counts).collect())
}

/// Applies the lines of a folder's drop-ins together with a recipe's own.
///
/// On images with systemd the own lines are written to a drop-in first, in place of those there
/// that are `same` as a new one, so that they hold on the running system as well. What an own line
/// cannot do is an error at its place, what another cannot do a warning.
pub(crate) fn apply(
    root: &mut Root<'_>,
    folder: &str,
    own: &[Spanned<String>],
    same: fn(&[u8], &[u8]) -> bool,
    work: fn(&mut Root<'_>, &[Line]) -> Result<Vec<Problem>, RootError>,
) -> Result<(), Error> {
    let file = format!("/etc/{folder}/{OWN}");
    let is_kept = installed::systemd(root) || root.is_dir(format!("/usr/lib/{folder}"));
    if is_kept && !own.is_empty() {
        keep(root, &file, own, same)?;
    }
    let mut all = lines(root, folder)?;
    if !is_kept {
        all.extend(own.iter().map(|line| Line::bare(line)));
    }
    for Problem { line, message } in work(root, &all)? {
        let line = &all[line];
        let is_own = match &line.place {
            Some((path, _)) => *path == file.as_bytes(),
            None => true,
        };
        let given = |own: &&Spanned<String>| is_own && own.trim().as_bytes() == line.text;
        if let Some(own) = own.iter().find(given) {
            return Err(own.error(message).into());
        }
        if let Some((path, number)) = &line.place {
            root.warn(format!("{}:{number}: {message}", show(path)));
        }
    }
    Ok(())
}

/// Finds own lines that are about the same, of which one would hide the other.
pub(crate) fn check_own(
    own: &[Spanned<String>],
    same: fn(&[u8], &[u8]) -> bool,
) -> Result<(), ValueError> {
    for (i, line) in own.iter().enumerate() {
        let is_same = |other: &&Spanned<String>| same(other.as_bytes(), line.as_bytes());
        if let Some(other) = own[..i].iter().find(is_same) {
            let message = format!("is about the same as the line {:?}", other.value);
            return Err(line.error(message));
        }
    }
    Ok(())
}

fn keep(
    root: &mut Root<'_>,
    file: &str,
    own: &[Spanned<String>],
    same: fn(&[u8], &[u8]) -> bool,
) -> Result<(), RootError> {
    let before = root.read_if_exists(file)?.unwrap_or_default();
    let mut lines: Vec<Vec<u8>> = before
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for line in own {
        let new = line.trim().as_bytes();
        let is_same = |line: &&mut Vec<u8>| {
            let line = line.trim_ascii();
            line == new || (!line.starts_with(b"#") && same(line, new))
        };
        let with_end = [new, b"\n"].concat();
        match lines.iter_mut().find(is_same) {
            Some(line) if line.trim_ascii() == new => {}
            Some(line) => *line = with_end,
            None => {
                if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                    last.push(b'\n');
                }
                lines.push(with_end);
            }
        }
    }
    root.mkdir_above(file)?;
    root.write(file, lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn files_hide_and_mask_others_of_their_name() {
        let mut tree = image(&[
            ("/usr/lib/x.d/20.conf", "twenty"),
            ("/usr/lib/x.d/10.conf", "# ten\n\n  ten\n"),
            ("/etc/x.d/20.conf", "own twenty\n\nmore"),
            ("/usr/lib/x.d/30.conf", "masked"),
            ("/etc/x.d/30.conf@", "/dev/null"),
            ("/usr/local/lib/x.d/40.conf", "masked"),
            ("/run/x.d/40.conf", ""),
            ("/run/x.d/50.conf", "fifty"),
            ("/usr/lib/x.d/50.conf", "hidden"),
            ("/usr/lib/x.d/60.conf/", ""),
            ("/lib/x.d/70.conf", "seventy"),
            ("/usr/lib/x.d/README", "no drop-in"),
            ("/usr/lib/x.d/80.conf@", "gone"),
        ]);
        let host = Files::default();
        let found = lines(&Root::new(&mut tree, &host, NOW), "x.d").unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|line| {
                let (path, number) = line.place.as_ref().unwrap();
                format!("{}:{number} {}", show(path), line.text.escape_ascii())
            })
            .collect();
        assert_eq!(
            found,
            [
                "/usr/lib/x.d/10.conf:3 ten",
                "/etc/x.d/20.conf:1 own twenty",
                "/etc/x.d/20.conf:3 more",
                "/run/x.d/50.conf:1 fifty",
                "/lib/x.d/70.conf:1 seventy",
            ]
        );
    }
}

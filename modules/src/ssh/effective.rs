//! What sshd reads: the lines of its file and of those that it includes, in their order.

use super::argument::words;
use super::config;
use crate::{Root, RootError};

/// How deep files may include others: sshd has the same limit.
const DEEPEST: usize = 16;

/// How many files are read: those that include each other all could be read for ever.
const MOST: usize = 1_000;

/// A line outside of a `Match`.
pub(super) struct Line {
    /// The file that it is in.
    pub(super) path: Vec<u8>,
    /// In small letters.
    pub(super) keyword: String,
    pub(super) value: String,
}

/// Returns the lines that count for all who log in.
pub(super) fn lines(root: &Root<'_>, main: &str) -> Result<Vec<Line>, RootError> {
    let (mut lines, mut files) = (Vec::new(), MOST);
    read(root, main.as_bytes(), DEEPEST, &mut files, &mut lines)?;
    Ok(lines)
}

fn read(
    root: &Root<'_>,
    path: &[u8],
    deepest: usize,
    files: &mut usize,
    lines: &mut Vec<Line>,
) -> Result<(), RootError> {
    let Some(left) = files.checked_sub(1) else {
        return Ok(());
    };
    *files = left;
    let Some(text) = root.read_if_exists(path)? else {
        return Ok(());
    };
    for (keyword, value) in config::lines(&text) {
        if keyword != "include" {
            let path = path.to_vec();
            lines.push(Line {
                path,
                keyword,
                value,
            });
            continue;
        }
        let patterns = words(&value).unwrap_or_default();
        for pattern in patterns.iter().filter(|_| deepest > 0) {
            let pattern = match pattern.starts_with('/') {
                true => pattern.clone(),
                false => format!("/etc/ssh/{pattern}"),
            };
            for path in root.glob(pattern).iter().filter(|path| root.is_file(path)) {
                read(root, path, deepest - 1, files, lines)?;
            }
        }
    }
    Ok(())
}

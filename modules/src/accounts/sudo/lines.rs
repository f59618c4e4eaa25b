//! The lines of sudoers in the order in which sudo reads them, with those of files that others
//! include.

use crate::root::{Root, RootError, show};

/// How deep sudo lets files include others.
const DEPTH: usize = 128;

/// A line with those that continue it, neither empty nor a comment.
pub(super) struct Line {
    /// The file that it is in.
    pub(super) file: String,
    /// That of its first line, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// Returns all lines; none where the image has no sudoers.
pub(super) fn all(root: &Root<'_>) -> Result<Vec<Line>, RootError> {
    let main = ["/etc/sudoers", "/usr/etc/sudoers"];
    let mut lines = Vec::new();
    if let Some(main) = main.into_iter().find(|path| root.is_file(path)) {
        add(root, main.as_bytes(), 0, &mut lines)?;
    }
    Ok(lines)
}

fn add(root: &Root<'_>, path: &[u8], depth: usize, lines: &mut Vec<Line>) -> Result<(), RootError> {
    if depth > DEPTH {
        return Ok(());
    }
    let file = show(path).to_string();
    for (number, text) in logical(&root.read(path)?) {
        let Some((included, is_folder)) = included(&text, path) else {
            lines.push(Line {
                file: file.clone(),
                number,
                text,
            });
            continue;
        };
        if !is_folder {
            if root.is_file(&included) {
                add(root, included.as_bytes(), depth + 1, lines)?;
            }
            continue;
        }
        for path in root.glob(format!("{}/*", included.trim_end_matches('/'))) {
            let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            if root.is_file(&path) && !name.contains(&b'.') && !name.ends_with(b"~") {
                add(root, &path, depth + 1, lines)?;
            }
        }
    }
    Ok(())
}

/// Returns the file or folder that a line includes, and whether it is a folder. The name of the
/// machine, `%h`, is not known.
pub(super) fn included(line: &str, file: &[u8]) -> Option<(String, bool)> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let is_folder = match word {
        "@include" | "#include" => false,
        "@includedir" | "#includedir" => true,
        _ => return None,
    };
    let rest = rest.trim();
    let path = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((path, _)) => path.to_owned(),
        None => rest.replace("\\ ", " "),
    };
    if path.starts_with('/') {
        return Some((path, is_folder));
    }
    let file = String::from_utf8_lossy(file);
    let (folder, _) = file.rsplit_once('/')?;
    Some((format!("{folder}/{path}"), is_folder))
}

/// Returns lines with their numbers, without those that are empty or comments.
fn logical(file: &[u8]) -> impl Iterator<Item = (usize, String)> + use<> {
    let text = String::from_utf8_lossy(file).into_owned();
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (at, line) in text.lines().enumerate() {
        let body = line.strip_suffix('\\');
        match lines.last_mut().filter(|_| is_open) {
            Some((_, open)) => *open += body.unwrap_or(line),
            None => lines.push((at + 1, body.unwrap_or(line).to_owned())),
        }
        is_open = body.is_some();
    }
    lines.into_iter().filter(|(_, text)| {
        let text = text.trim();
        let is_comment = text.starts_with('#') && included(text, b"/").is_none();
        // `#1000` is a user by number.
        let number = text.strip_prefix('#');
        let is_number = number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        !text.is_empty() && (!is_comment || is_number)
    })
}

//! Rules that sudo reads behind those of a user: of all that fit, the last one counts.

use super::DIRECTORY;
use crate::root::{Root, RootError, show};

/// A user with all groups.
pub(crate) struct Rights<'a> {
    pub(crate) user: &'a str,
    pub(crate) groups: Vec<String>,
}

/// Returns the places of rules that are about the user and come behind a file, as `path:line`.
pub(crate) fn later(
    root: &Root<'_>,
    file: &str,
    who: &Rights<'_>,
) -> Result<Vec<String>, RootError> {
    let main = ["/etc/sudoers", "/usr/etc/sudoers"];
    let Some(main) = main.into_iter().find(|path| root.is_file(path)) else {
        return Ok(Vec::new());
    };
    // All lines in the order in which sudo reads them.
    let mut lines = Vec::new();
    for line in logical(&root.read(main)?) {
        if !super::includes_directory(line.text.as_bytes()) {
            lines.push((format!("{main}:{}", line.number), line.text));
            continue;
        }
        for path in root.glob(format!("{DIRECTORY}/*")) {
            let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
            if !root.is_file(&path) || name.contains(&b'.') || name.ends_with(b"~") {
                continue;
            }
            let inner = logical(&root.read(&path)?);
            let shown = show(&path).to_string();
            lines.extend(inner.map(|line| (format!("{shown}:{}", line.number), line.text)));
        }
    }
    let own = format!("{file}:");
    let Some(last) = lines.iter().rposition(|(place, _)| place.starts_with(&own)) else {
        return Ok(Vec::new());
    };
    let aliases: Vec<_> = lines.iter().flat_map(|(_, text)| aliases(text)).collect();
    let behind = lines[last + 1..].iter();
    let about =
        behind.filter(|(_, text)| users(text).is_some_and(|users| who.is_in(users, &aliases)));
    Ok(about.map(|(place, _)| place.clone()).collect())
}

/// A line with those that continue it.
struct Line {
    /// Of its first line, from 1.
    number: usize,
    text: String,
}

/// Returns the lines that are neither empty nor comments.
fn logical(file: &[u8]) -> impl Iterator<Item = Line> + use<> {
    let text = String::from_utf8_lossy(file).into_owned();
    let mut lines: Vec<Line> = Vec::new();
    let mut is_open = false;
    for (at, line) in text.lines().enumerate() {
        let body = line.strip_suffix('\\');
        match lines.last_mut().filter(|_| is_open) {
            Some(open) => open.text += body.unwrap_or(line),
            None => lines.push(Line {
                number: at + 1,
                text: body.unwrap_or(line).to_owned(),
            }),
        }
        is_open = body.is_some();
    }
    lines.into_iter().filter(|line| {
        let text = line.text.trim();
        let is_comment = text.starts_with('#') && !super::includes_directory(text.as_bytes());
        // `#1000` is a user by number.
        let is_number = text[text.len().min(1)..].starts_with(|c: char| c.is_ascii_digit());
        !text.is_empty() && (!is_comment || is_number)
    })
}

/// Returns the names of a `User_Alias` line with their members.
fn aliases(line: &str) -> Vec<(String, String)> {
    let Some(rest) = line.trim().strip_prefix("User_Alias") else {
        return Vec::new();
    };
    let pairs = rest.split(':').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, members)| (name.trim().to_owned(), members.to_owned()))
        .collect()
}

/// Returns the users that a rule is about; nothing for lines of another kind.
fn users(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('@') || line.starts_with("Defaults") || line.split_once('=').is_none() {
        return None;
    }
    let (first, _) = line.split_once(char::is_whitespace)?;
    if first.ends_with("_Alias") {
        return None;
    }
    // The list ends at the first blank that no comma is beside.
    let mut end = 0;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() {
            let before = line[..at].trim_end().ends_with([',', '!']);
            let after = line[at..].trim_start().starts_with(',');
            if !before && !after {
                break;
            }
        }
        end = at + c.len_utf8();
    }
    Some(&line[..end])
}

impl Rights<'_> {
    /// Returns whether a list of users has this one. What is said last counts.
    fn is_in(&self, list: &str, aliases: &[(String, String)]) -> bool {
        let mut is_in = false;
        for item in list.split(',') {
            let item = item.trim();
            let bare = item.trim_start_matches('!').trim();
            let is_not = (item.len() - item.trim_start_matches('!').len()) % 2 == 1;
            let name = bare.trim_matches('"');
            let fits = match name.strip_prefix('%') {
                Some(group) => self.groups.iter().any(|own| own == group),
                None if bare == "ALL" => true,
                None => name == self.user || self.is_in_alias(bare, aliases),
            };
            if fits {
                is_in = !is_not;
            }
        }
        is_in
    }

    fn is_in_alias(&self, name: &str, aliases: &[(String, String)]) -> bool {
        // An alias may name others, but those are not followed: it could be itself.
        let found = aliases.iter().find(|(alias, _)| alias == name);
        found.is_some_and(|(_, members)| self.is_in(members, &[]))
    }
}

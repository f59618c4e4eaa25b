//! Files of `KEY=value` lines, as shells, systemd and OpenRC read them: one key changes, all other
//! lines stay.

use crate::{Root, RootError};

/// How a value that is more than letters, digits and `-_./:+@,` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// In double quotes where it must.
    Needed,
    /// Always in double quotes, as files of Debian and OpenRC have it.
    Always,
}

/// Sets keys in a file, which is made when it is missing.
///
/// The last line of a key counts, as in a shell, so that one is changed; a key without a line gets
/// one at the end.
pub(crate) fn set(
    root: &mut Root<'_>,
    path: &str,
    values: &[(&str, &str)],
    quotes: Quotes,
) -> Result<(), RootError> {
    let mut text = root.read_if_exists(path)?.unwrap_or_default();
    for (key, value) in values {
        text = set_in(&text, "", key, value, quotes);
    }
    root.mkdir_above(path)?;
    root.write(path, text)
}

/// Sets a variable for the programs that a shell starts which reads the file.
pub(crate) fn export(
    root: &mut Root<'_>,
    path: &str,
    key: &str,
    value: &str,
) -> Result<(), RootError> {
    let text = root.read_if_exists(path)?.unwrap_or_default();
    root.mkdir_above(path)?;
    root.write(path, set_in(&text, "export ", key, value, Quotes::Needed))
}

/// Takes the lines of a key out of a file, where there is one.
pub(crate) fn unset(root: &mut Root<'_>, path: &str, key: &str) -> Result<(), RootError> {
    let Some(text) = root.read_if_exists(path)? else {
        return Ok(());
    };
    let lines = text.split_inclusive(|b| *b == b'\n');
    let kept: Vec<_> = lines.filter(|line| !is_of(line, key)).collect();
    root.write(path, kept.concat())
}

/// Returns the value that a key has in a file, quotes and all that is in them left alone.
pub(crate) fn value(root: &Root<'_>, path: &str, key: &str) -> Result<Option<Vec<u8>>, RootError> {
    let text = root.read_if_exists(path)?.unwrap_or_default();
    let mut lines = text.split(|b| *b == b'\n').rev();
    let found = lines.find(|line| is_of(line, key));
    Ok(found.map(|line| unquote(line).to_vec()))
}

/// Returns the text with a key set, by lines that begin with `start` where they are new.
fn set_in(text: &[u8], start: &str, key: &str, value: &str, quotes: Quotes) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let new = format!("{start}{key}={}\n", quote(value, quotes)).into_bytes();
    match lines.iter_mut().rev().find(|line| is_of(line, key)) {
        // A line that says it already keeps its spelling.
        Some(line) if unquote(line) == value.as_bytes() => {}
        Some(line) => *line = new,
        None => {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                last.push(b'\n');
            }
            lines.push(new);
        }
    }
    lines.concat()
}

/// Returns whether a line gives the key a value.
fn is_of(line: &[u8], key: &str) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let rest = line.strip_prefix(key.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"="))
}

/// Returns the value of a line that has nothing behind it.
fn unquote(line: &[u8]) -> &[u8] {
    let cut = line.iter().position(|b| *b == b'=');
    let value = cut.map_or(&line[..0], |cut| &line[cut + 1..]).trim_ascii();
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        bare => bare,
    }
}

fn quote(value: &str, quotes: Quotes) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+@,".contains(c);
    if quotes == Quotes::Needed && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for c in value.chars() {
        if "\"$\\`".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_changes() {
        for (before, quotes, after) in [
            ("", Quotes::Needed, "K=v w\n"),
            ("# c\nA=1", Quotes::Needed, "# c\nA=1\nK=v w\n"),
            (
                "K=1\nA=2\nK=3\nB=4\n",
                Quotes::Needed,
                "K=1\nA=2\nK=v w\nB=4\n",
            ),
            ("#K=1\nKK=1\n", Quotes::Needed, "#K=1\nKK=1\nK=v w\n"),
            ("export K=1\n", Quotes::Needed, "K=v w\n"),
            ("K='v w'\n", Quotes::Always, "K='v w'\n"),
            ("K=1\n", Quotes::Always, "K=v w\n"),
        ] {
            // The sample needs quotes whatever the file's way.
            let after = match after.rsplit_once("K=v w\n") {
                Some((start, end)) => format!("{start}K=\"v w\"\n{end}"),
                None => after.to_owned(),
            };
            let once = set_in(before.as_bytes(), "", "K", "v w", quotes);
            assert_eq!(
                String::from_utf8(once.clone()).unwrap(),
                after,
                "{before:?}"
            );
            assert_eq!(set_in(&once, "", "K", "v w", quotes), once);
        }
    }

    #[test]
    fn values_are_quoted() {
        for (value, quotes, want) in [
            ("de_DE.UTF-8", Quotes::Needed, "de_DE.UTF-8"),
            ("de", Quotes::Always, "\"de\""),
            ("", Quotes::Needed, ""),
            (
                "a $b `c` \"d\" \\",
                Quotes::Needed,
                "\"a \\$b \\`c\\` \\\"d\\\" \\\\\"",
            ),
        ] {
            assert_eq!(quote(value, quotes), want);
        }
    }
}

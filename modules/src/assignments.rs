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
    let lines = lines(&text).into_iter();
    let kept: Vec<_> = lines.filter(|line| !is_of(line, key)).collect();
    root.write(path, kept.concat())
}

/// Returns the value that a key has in a file.
pub(crate) fn value(root: &Root<'_>, path: &str, key: &str) -> Result<Option<Vec<u8>>, RootError> {
    let text = root.read_if_exists(path)?.unwrap_or_default();
    let found = lines(&text).into_iter().rfind(|line| is_of(line, key));
    Ok(found.map(|line| read(line).0))
}

/// Returns the text with a key set, by lines that begin with `start` where they are new.
fn set_in(text: &[u8], start: &str, key: &str, value: &str, quotes: Quotes) -> Vec<u8> {
    let mut lines: Vec<_> = lines(text).into_iter().map(<[u8]>::to_vec).collect();
    let new = format!("{start}{key}={}\n", quote(value, quotes)).into_bytes();
    match lines.iter_mut().rev().find(|line| is_of(line, key)) {
        // A line that says it already keeps its spelling.
        Some(line) if read(line).0 == value.as_bytes() => {}
        // What is said behind the value is said before it: for some who read such files it would be
        // a part of it.
        Some(line) => {
            let comment = read(line).1;
            let end: &[u8] = match comment {
                [] | [.., b'\n'] => b"",
                _ => b"\n",
            };
            *line = [comment, end, &new].concat();
        }
        None => {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                last.push(b'\n');
            }
            lines.push(new);
        }
    }
    lines.concat()
}

/// Splits a text into lines, each with those that its value goes on in, by an open quote or `\`.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(line_len(rest));
        all.push(line);
        rest = after;
    }
    all
}

/// Returns the length of the first line; a quote that nothing closes holds no more than its own.
fn line_len(text: &[u8]) -> usize {
    let first = text.iter().position(|b| *b == b'\n');
    let first = first.map_or(text.len(), |at| at + 1);
    if text[..first].trim_ascii_start().starts_with(b"#") {
        return first;
    }
    let (mut quote, mut is_escaped) = (None, false);
    for (at, b) in text.iter().enumerate() {
        let is_behind_blank = at > 0 && text[at - 1].is_ascii_whitespace();
        match (quote, b) {
            _ if is_escaped => is_escaped = false,
            // A comment opens no quote, and nothing goes on behind it.
            (None, b'#') if is_behind_blank => {
                let end = text[at..].iter().position(|b| *b == b'\n');
                return end.map_or(text.len(), |end| at + end + 1);
            }
            (None | Some(b'"'), b'\\') => is_escaped = true,
            (None, b'\n') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(*b),
            (Some(open), b) if open == *b => quote = None,
            _ => {}
        }
    }
    if quote.is_some() { first } else { text.len() }
}

/// Returns whether a line gives the key a value.
fn is_of(line: &[u8], key: &str) -> bool {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let rest = line.strip_prefix(key.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"="))
}

/// Returns the value that a shell takes from a line, and the comment behind it with its line break;
/// of a line with an open quote all is the value.
fn read(line: &[u8]) -> (Vec<u8>, &[u8]) {
    let start = line.iter().position(|b| *b == b'=').map_or(0, |at| at + 1);
    let text = &line[start..];
    let (mut value, mut quote) = (Vec::new(), None);
    let mut bytes = text.iter().enumerate();
    let mut end = text.len();
    while let Some((at, byte)) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => match bytes.next() {
                Some((_, b'\n')) | None => {}
                Some((_, escaped)) => {
                    if quote.is_some() && !b"\"$`\\".contains(escaped) {
                        value.push(b'\\');
                    }
                    value.push(*escaped);
                }
            },
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, byte) if byte.is_ascii_whitespace() => {
                end = at;
                break;
            }
            _ => value.push(*byte),
        }
    }
    if quote.is_some() {
        return (text.trim_ascii().to_vec(), b"");
    }
    let behind = text[end..].trim_ascii_start();
    let comment = if behind.starts_with(b"#") {
        behind
    } else {
        b""
    };
    (value, comment)
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
            (
                "A=1\nK=\"1\n2\"\nB=1\n",
                Quotes::Needed,
                "A=1\nK=v w\nB=1\n",
            ),
            ("K=1\\\n2\n", Quotes::Needed, "K=v w\n"),
            (
                "A='\nK=1\n'\n# it's\n",
                Quotes::Needed,
                "A='\nK=1\n'\n# it's\nK=v w\n",
            ),
            ("K=it's\nB=1\n", Quotes::Needed, "K=v w\nB=1\n"),
            ("K='v w'\n", Quotes::Always, "K='v w'\n"),
            ("K=v\\ 'w' # c\n", Quotes::Needed, "K=v\\ 'w' # c\n"),
            (
                "A=1 # it's\nK=1 # c\\\nB=1 # don't\n",
                Quotes::Needed,
                "A=1 # it's\n# c\\\nK=v w\nB=1 # don't\n",
            ),
            ("K=1  # c\nB=1\n", Quotes::Needed, "# c\nK=v w\nB=1\n"),
            ("K=\"a # b\" #c", Quotes::Needed, "#c\nK=v w\n"),
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
    fn values_are_read_as_by_a_shell() {
        for (line, value, comment) in [
            ("K=a\n", "a", ""),
            ("export K='a b'\"c\\\"\\d\" # e\n", "a bc\"\\d", "# e\n"),
            ("K=a#b\n", "a#b", ""),
            ("K= # c\n", "", "# c\n"),
            ("K=a\\\nb\n", "ab", ""),
            ("K=it's # c\n", "it's # c", ""),
            ("K=", "", ""),
        ] {
            let found = read(line.as_bytes());
            assert_eq!(found, (value.into(), comment.as_bytes()), "{line:?}");
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

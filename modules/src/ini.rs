//! Files of `[section]` and `key=value` lines: keys of one section change, all other lines stay.

mod merge;

use crate::root::line_end;
pub(crate) use merge::{Lines, merge};

/// Sets keys of a section, or removes those without a value. A key that is not there goes to the
/// end of the section, a section that is not there to the end of the file.
pub(crate) fn set(text: &[u8], section: &str, keys: &[(&str, Option<String>)]) -> Vec<u8> {
    let line_end = line_end(text);
    let mut lines = lines(text);
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.extend_from_slice(line_end.as_bytes());
    }
    if !lines.iter().any(|line| names(line, section)) {
        if !lines.is_empty() {
            lines.push(line_end.as_bytes().to_vec());
        }
        lines.push(format!("[{section}]{line_end}").into_bytes());
    }
    for (key, value) in keys {
        let (start, end) = bounds(&lines, section);
        let found = (start..end)
            .rev()
            .find(|at| value_of(&lines[*at], key).is_some());
        match (found, value) {
            (Some(at), value) => {
                let more = lines[at + 1..end].iter();
                let more =
                    more.take_while(|line| line.starts_with(b" ") || line.starts_with(b"\t"));
                let last = at + more.count();
                let now = lines[at..=last].concat();
                let now = value_of(&now, key).unwrap_or_default();
                let same = value.as_ref().is_some_and(|value| {
                    let words = now
                        .split(u8::is_ascii_whitespace)
                        .filter(|word| !word.is_empty());
                    words.eq(value.split_ascii_whitespace().map(str::as_bytes))
                });
                if !same {
                    let new = value
                        .as_ref()
                        .map(|value| format!("{key}={value}{line_end}").into_bytes());
                    lines.splice(at..=last, new);
                }
            }
            (None, Some(value)) => {
                lines.insert(end, format!("{key}={value}{line_end}").into_bytes());
            }
            (None, None) => {}
        }
    }
    lines.concat()
}

/// Returns whether there is such a section.
pub(crate) fn has_section(text: &[u8], section: &str) -> bool {
    lines(text).iter().any(|line| names(line, section))
}

/// Returns whether a section has a key.
pub(crate) fn has(text: &[u8], section: &str, key: &str) -> bool {
    value(text, section, key).is_some()
}

/// Returns what a section has for a key: the last counts.
pub(crate) fn value(text: &[u8], section: &str, key: &str) -> Option<String> {
    let lines = lines(text);
    if !lines.iter().any(|line| names(line, section)) {
        return None;
    }
    let (start, end) = bounds(&lines, section);
    let found = lines[start..end]
        .iter()
        .rev()
        .find_map(|line| value_of(line, key));
    found.map(|value| String::from_utf8_lossy(value).into_owned())
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn names(line: &[u8], section: &str) -> bool {
    let inner = line.trim_ascii().strip_prefix(b"[");
    inner.and_then(|inner| inner.strip_suffix(b"]")) == Some(section.as_bytes())
}

/// Returns the lines of a section: from the one below its name to the last that is not blank.
fn bounds(lines: &[Vec<u8>], section: &str) -> (usize, usize) {
    let head = lines.iter().position(|line| names(line, section));
    let start = head.map_or(lines.len(), |head| head + 1);
    let inside = lines[start..].iter();
    let len = inside
        .take_while(|line| !line.trim_ascii_start().starts_with(b"["))
        .count();
    let mut end = start + len;
    while end > start && lines[end - 1].trim_ascii().is_empty() {
        end -= 1;
    }
    (start, end)
}

/// Returns what a line gives to a key.
fn value_of<'l>(line: &'l [u8], key: &str) -> Option<&'l [u8]> {
    let cut = line.iter().position(|b| *b == b'=')?;
    (line[..cut].trim_ascii() == key.as_bytes()).then(|| line[cut + 1..].trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_section_change() {
        for (before, after) in [
            ("", "[a]\nk=1\n"),
            ("# c\n[b]\nk=0", "# c\n[b]\nk=0\n\n[a]\nk=1\n"),
            ("[a]\nk = 0\n[b]\nk=0\n", "[a]\nk=1\n[b]\nk=0\n"),
            ("[a]\nk=0\n  more\n\tand more\nx=1\n", "[a]\nk=1\nx=1\n"),
            (
                "[a]\n#k=0\nx=1\ngone=1\n\n[b]\n",
                "[a]\n#k=0\nx=1\nk=1\n\n[b]\n",
            ),
            ("[a]\nk =  1\n", "[a]\nk =  1\n"),
            // Lines end as they did.
            ("# c\r\n[a]\r\nk=0\r\nx=1", "# c\r\n[a]\r\nk=1\r\nx=1\r\n"),
            ("[b]\r\n", "[b]\r\n\r\n[a]\r\nk=1\r\n"),
        ] {
            let keys = [("k", Some("1".to_owned())), ("gone", None)];
            let once = set(before.as_bytes(), "a", &keys);
            assert_eq!(std::str::from_utf8(&once).unwrap(), after);
            assert_eq!(set(&once, "a", &keys), once);
        }
        assert!(has(b"[a]\nk=1\n", "a", "k"));
        assert!(!has(b"[b]\nk=1\n[a]\n", "a", "k"));
    }
}

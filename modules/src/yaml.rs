//! YAML of files in the image, as far as modules look into it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_saphyr::options::{DuplicateKeyPolicy, Options};

use crate::value::{Span, ValueError};
use crate::{Error, Root};

/// How deep lists and mappings may lie in each other. A level takes up to 50 KiB of stack.
const DEPTH: usize = 24;

/// Reads one document as a shape of its own.
///
/// # Errors
///
/// Returns what is wrong, in one line.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    // As PyYAML has it, which reads most of these files.
    read_with(text, DuplicateKeyPolicy::LastWins)
}

fn read_with<T: DeserializeOwned>(text: &[u8], twice: DuplicateKeyPolicy) -> Result<T, String> {
    let text = str::from_utf8(text).map_err(|error| {
        let valid = error.valid_up_to();
        format!("the byte at {valid} is no text in UTF-8")
    })?;
    let mut options = Options::default();
    options.with_snippet = false;
    options.duplicate_keys = twice;
    if let Some(budget) = &mut options.budget {
        budget.max_depth = DEPTH;
    }
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    })
}

/// Reads a mapping that a user wrote; nothing at all is an empty one.
///
/// # Errors
///
/// Returns what is wrong, in one line; a key that is there twice, too.
pub(crate) fn mapping(text: &[u8]) -> Result<BTreeMap<String, Said>, String> {
    let said: Option<_> = read_with(text, DuplicateKeyPolicy::Error)?;
    Ok(said.unwrap_or_default())
}

/// Sets one key of the top of a file by a line; all other lines stay.
///
/// # Errors
///
/// Fails when the file would not say what the line says: it is no mapping, or not of such lines.
pub(crate) fn set_top(
    root: &mut Root<'_>,
    path: &str,
    key: &str,
    line: &str,
    span: Span,
) -> Result<(), Error> {
    let new = with_top(&root.text_to_change(path)?, key, line);
    let is_said = read::<BTreeMap<String, Said>>(new.as_bytes()).and_then(|mut said| {
        let wanted = read::<BTreeMap<String, Said>>(line.as_bytes())?.remove(key);
        match said.remove(key) == wanted {
            true => Ok(()),
            false => Err("it would say something else".to_owned()),
        }
    });
    if let Err(why) = is_said {
        let message = format!("{path}: `{key}` cannot be set by a line: {why}");
        let help = format!(
            "write a mapping with `{key}` at the start of a line there, or remove the file"
        );
        return Err(ValueError::new(span, message).help(help).into());
    }
    Ok(root.write(path, new)?)
}

/// A value, as far as it can be compared.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(crate) enum Said {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Said>),
    Map(BTreeMap<String, Said>),
    Other(IgnoredAny),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Bool(is) => write!(f, "{is}"),
            Said::Int(number) => write!(f, "the number {number}"),
            Said::Text(text) => write!(f, "the text {text:?}"),
            Said::List(_) => f.write_str("a list"),
            Said::Map(_) => f.write_str("a mapping"),
            Said::Other(_) => f.write_str("something else"),
        }
    }
}

fn with_top(text: &str, key: &str, line: &str) -> String {
    let is_key = |line: &str| {
        let rest = line.strip_prefix(key).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(':'))
    };
    // What is below a key is indented, or a list; empty lines and comments are nobody's.
    let is_below =
        |line: &str| line.starts_with([' ', '\t', '-', ']', '}']) && line.trim() != "---";
    let is_between = |line: &str| line.trim().is_empty() || line.starts_with('#');
    let mut out: Vec<&str> = Vec::new();
    let (mut is_set, mut is_old) = (false, false);
    for old in text.lines() {
        if is_old && is_below(old) {
            continue;
        }
        if is_old && is_between(old) {
            out.push(old);
            continue;
        }
        is_old = is_key(old);
        match (is_old, is_set) {
            (false, _) => out.push(old),
            (true, false) => out.push(line),
            (true, true) => {}
        }
        is_set |= is_old;
    }
    if !is_set {
        out.push(line);
    }
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_of_the_top() {
        for (before, after) in [
            ("", "a: 1\n"),
            ("# mine\nb: 2", "# mine\nb: 2\na: 1\n"),
            ("a: 1 \nb: 2\n", "a: 1\nb: 2\n"),
            (
                "---\nb: 2\na:\n  a: 5\n- x\n# c\nc:\n  a: 3\n",
                "---\nb: 2\na: 1\n# c\nc:\n  a: 3\n",
            ),
            (
                "a:\n  - x\n\n  - y\n# c\n- z\nb: 1\n",
                "a: 1\n\n# c\nb: 1\n",
            ),
            ("a : [\n  x\n]\nab: 2\na: 7\n", "a: 1\nab: 2\n"),
        ] {
            let found = with_top(before, "a", "a: 1");
            assert_eq!(found, after);
            assert_eq!(with_top(&found, "a", "a: 1"), after);
        }
    }

    #[test]
    fn mappings() {
        for (text, is_right) in [
            ("", true),
            ("# nothing\n", true),
            ("---\na: 1\n", true),
            ("a: {b: [1, x], c: !!binary aGVsbG8=}\nd: yes\n", true),
            ("a: 1\na: 2\n", false),
            ("a: {b: 1, b: 2}\n", false),
            ("a: &x {b: 1}\nc: *x\n", true),
            ("a: [1\n", false),
            ("- a\n", false),
            ("text\n", false),
            ("a: b: c\n", false),
            ("a:\n\tb: 1\n", false),
            ("\u{0}", false),
        ] {
            let found = mapping(text.as_bytes());
            assert_eq!(found.is_ok(), is_right, "{text:?}: {found:?}");
        }
        assert!(mapping(b"a: \xff").is_err());
        let deep = "[".repeat(100_000);
        assert!(mapping(format!("a: {deep}").as_bytes()).is_err());
    }
}

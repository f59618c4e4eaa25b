//! The text of sshd_config(5).

use std::iter;

use super::argument::{Takes, words};
use super::keyword::{Keyword, Lines};
use crate::root::line_end;
use crate::value::Span;

/// A keyword, and what the recipe wants its lines to be.
pub(super) struct Asked {
    pub(super) keyword: &'static Keyword,
    /// All names that sshd has for it, in small letters.
    pub(super) names: Vec<String>,
    /// What follows the keyword, for each line.
    pub(super) values: Vec<String>,
    pub(super) span: Span,
}

impl Asked {
    /// Returns whether it says what a line is to be.
    fn is_about(&self, line: &[u8]) -> bool {
        if !keyword(line).is_some_and(|name| self.names.contains(&name)) {
            return false;
        }
        let first = |text: &str| words(text).and_then(|words| words.into_iter().next());
        let named = first(&argument(line));
        self.keyword.lines != Lines::Named || self.values.iter().any(|text| first(text) == named)
    }

    /// Returns whether a line in another file adds something to what was asked for.
    fn is_more(&self, line: &[u8]) -> bool {
        if self.keyword.lines == Lines::First || !self.is_about(line) {
            return false;
        }
        // Of patterns it does not matter how often they are there.
        let asked: Vec<_> = self
            .values
            .iter()
            .filter_map(|text| words(text))
            .flatten()
            .collect();
        let said = words(&argument(line)).unwrap_or_default();
        !matches!(
            self.keyword.takes,
            Takes::Words | Takes::Patterns | Takes::Names | Takes::Users
        ) || said.iter().any(|word| !asked.contains(word))
    }
}

/// Returns whether the file includes all of a folder, before any `Match`.
pub(super) fn includes(file: &[u8], folder: &str) -> bool {
    let wanted = format!("{folder}*.conf");
    let lines = file.split(|b| *b == b'\n');
    let lines = lines.take_while(|line| keyword(line).as_deref() != Some("match"));
    let mut includes = lines.filter(|line| keyword(line).as_deref() == Some("include"));
    includes.any(|line| {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_whitespace().skip(1);
        words.any(|word| word.trim_matches('"') == wanted)
    })
}

/// Returns keywords, in small letters, and what follows them, outside of a `Match`.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = (String, String)> {
    let lines = file.split(|b| *b == b'\n');
    let lines = lines.filter_map(|line| Some((keyword(line)?, argument(line))));
    lines.take_while(|(keyword, _)| keyword != "match")
}

/// Returns the file without lines that would count besides those asked for. Lines in a `Match`
/// stay.
pub(super) fn without_more(file: &[u8], asked: &[Asked]) -> Vec<u8> {
    let mut in_match = false;
    let lines = file.split_inclusive(|b| *b == b'\n').filter(|line| {
        in_match |= keyword(line).as_deref() == Some("match");
        in_match || !asked.iter().any(|asked| asked.is_more(line))
    });
    lines.flatten().copied().collect()
}

/// Returns the file with its keywords set: the lines of each are replaced where the first of them
/// is, or come before the first `Match`. Lines in a `Match` stay, and so do comments.
pub(super) fn set(file: &[u8], asked: &[Asked]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = file
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let line_end = line_end(file);
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
        last.extend_from_slice(line_end.as_bytes());
    }
    for asked in asked {
        let end = lines
            .iter()
            .position(|line| keyword(line).as_deref() == Some("match"));
        let end = end.unwrap_or(lines.len());
        let old: Vec<usize> = (0..end).filter(|at| asked.is_about(&lines[*at])).collect();
        let said: Vec<String> = old.iter().map(|at| argument(&lines[*at])).collect();
        if said == asked.values {
            continue;
        }
        let at = old.first().copied().unwrap_or(end);
        // What is said behind a line stays with the one in its place.
        let comments: Vec<String> = old.iter().map(|at| comment(&lines[*at])).collect();
        for at in old.into_iter().rev() {
            lines.remove(at);
        }
        let none = String::new();
        let comments = comments.iter().chain(iter::repeat(&none));
        let new = asked.values.iter().zip(comments).map(|(value, comment)| {
            format!("{} {value}{comment}{line_end}", asked.keyword.name).into_bytes()
        });
        lines.splice(at..at, new);
    }
    lines.concat()
}

/// Returns the keyword of a line in small letters; nothing for comments and empty lines.
fn keyword(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    let end = line
        .iter()
        .position(|b| b.is_ascii_whitespace() || *b == b'=');
    let word = &line[..end.unwrap_or(line.len())];
    let is_word = !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric);
    is_word.then(|| String::from_utf8_lossy(word).to_ascii_lowercase())
}

/// Returns what follows the keyword, without a comment.
fn argument(line: &[u8]) -> String {
    parts(line).0.trim_end().to_owned()
}

/// Returns the comment behind a line, with the blanks before it.
fn comment(line: &[u8]) -> String {
    let (argument, comment) = parts(line);
    let blank = &argument[argument.trim_end().len()..];
    match comment.is_empty() {
        true => comment,
        false => format!("{blank}{comment}"),
    }
}

/// Returns what follows the keyword, and what is said behind that.
fn parts(line: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    let mut is_quoted = false;
    let mut before = ' ';
    let end = rest.find(|c: char| {
        is_quoted ^= c == '"';
        let starts = c == '#' && !is_quoted && before.is_whitespace();
        before = c;
        starts
    });
    let (argument, comment) = rest.split_at(end.unwrap_or(rest.len()));
    (argument.to_owned(), comment.to_owned())
}

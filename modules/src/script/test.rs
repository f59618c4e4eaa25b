//! A question of `[`, which is `test`.

use super::file::is_path;
use super::getent::Getent;
use super::token::{BUILTINS, program};
use crate::{Root, RootError, installed};

/// A question of `[`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// The answer is known without the image.
    Is(bool),
    /// `-e`, `-f`, `-d`, `-x` and the like, of a path.
    Path(char, String),
    /// Whether the image has a program, as a script asks that looks for its path.
    Program(String),
    /// Whether `getent` has anything to print.
    Getent(Getent),
    Not(Box<Test>),
    Both(Box<Test>, Box<Test>),
    Either(Box<Test>, Box<Test>),
}

/// Where systemd shows that it runs, which it does not in an image.
const RUNNING: &str = "/run/systemd/system";

impl Test {
    /// Reads the words of a question; returns nothing when it is not known.
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        // `-a` binds tighter than `-o`, and both than `!`, but with four words.
        let inner = words.get(1..words.len().max(2) - 1).unwrap_or_default();
        let is_mixed = inner.contains(&"-a") && inner.contains(&"-o");
        if is_mixed || matches!(words, ["!", _, "-a" | "-o", _] | ["!", "!", ..]) {
            return None;
        }
        let number = |text: &str| text.parse::<i64>().ok();
        Some(match *words {
            [ref a @ .., "-o", _] | [ref a @ .., "-o", _, _] | [ref a @ .., "-o", _, _, _]
                if !a.is_empty() =>
            {
                let b = Self::parse(&words[a.len() + 1..])?;
                Self::Either(Box::new(Self::parse(a)?), Box::new(b))
            }
            [ref a @ .., "-a", _] | [ref a @ .., "-a", _, _] | [ref a @ .., "-a", _, _, _]
                if !a.is_empty() =>
            {
                let b = Self::parse(&words[a.len() + 1..])?;
                Self::Both(Box::new(Self::parse(a)?), Box::new(b))
            }
            ["!", ref rest @ ..] => Self::Not(Box::new(Self::parse(rest)?)),
            [kind, word] if program(word).is_some() => {
                let name = program(word).filter(|name| !BUILTINS.contains(name))?;
                let (has, is_path) = match name.split(' ').collect::<Vec<_>>()[..] {
                    ["getent", base, key] => (Self::Getent(Getent::parse(&[base, key])?), false),
                    _ => (Self::Program(name.to_owned()), true),
                };
                match kind {
                    "-n" => has,
                    "-e" | "-f" | "-r" | "-s" | "-x" if is_path => has,
                    "-z" => Self::Not(Box::new(has)),
                    _ => return None,
                }
            }
            [..] if words.iter().any(|word| program(word).is_some()) => return None,
            ["-n", text] => Self::Is(!text.is_empty()),
            ["-z", text] => Self::Is(text.is_empty()),
            ["-d" | "-e", RUNNING] => Self::Is(false),
            [
                kind @ ("-e" | "-f" | "-d" | "-x" | "-r" | "-w" | "-s" | "-L" | "-h"),
                path,
            ] if is_path(path) || path == "/" => Self::Path(kind.chars().nth(1)?, path.to_owned()),
            [text] => Self::Is(!text.is_empty()),
            [a, "=" | "==", b] => Self::Is(a == b),
            [a, "!=", b] => Self::Is(a != b),
            [a, sign, b] => {
                let (a, b) = (number(a)?, number(b)?);
                Self::Is(match sign {
                    "-eq" => a == b,
                    "-ne" => a != b,
                    "-lt" => a < b,
                    "-le" => a <= b,
                    "-gt" => a > b,
                    "-ge" => a >= b,
                    _ => return None,
                })
            }
            _ => return None,
        })
    }

    /// Returns the answer where it does not depend on the image.
    pub(super) fn constant(&self) -> Option<bool> {
        match self {
            Self::Is(answer) => Some(*answer),
            Self::Path(..) | Self::Program(_) | Self::Getent(_) => None,
            Self::Not(inner) => inner.constant().map(|answer| !answer),
            Self::Both(a, b) => match (a.constant(), b.constant()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (a, b) => Some(a? && b?),
            },
            Self::Either(a, b) => match (a.constant(), b.constant()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (a, b) => Some(a? || b?),
            },
        }
    }

    /// Returns the answer in an image.
    pub(super) fn answer(&self, root: &Root<'_>) -> Result<bool, RootError> {
        Ok(match self {
            Self::Is(answer) => *answer,
            Self::Not(inner) => !inner.answer(root)?,
            Self::Both(a, b) => a.answer(root)? && b.answer(root)?,
            Self::Either(a, b) => a.answer(root)? || b.answer(root)?,
            Self::Program(name) => installed::command(root, name),
            Self::Getent(getent) => getent.is_there(root)?,
            Self::Path(kind, path) => match kind {
                'e' | 'r' | 'w' => root.exists(path),
                'f' => root.is_file(path),
                'd' => root.is_dir(path),
                's' => root.stat(path).is_ok_and(|node| match &node.kind {
                    fsgen::Kind::File(content) => !content.is_empty(),
                    kind => matches!(kind, fsgen::Kind::Directory(_)),
                }),
                'x' => {
                    let mode = root.stat(path).map_or(0, |node| node.meta.mode);
                    root.is_dir(path) || mode & 0o111 != 0
                }
                _ => root.is_link(path),
            },
        })
    }
}

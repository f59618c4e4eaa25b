//! `assert`: ends the build when the image is not as it must be.
//!
//! It changes nothing. Each item is about one path, or about all that a pattern finds; the first
//! one that does not hold is the error, at its line.

mod holds;

use regex::bytes::Regex;
use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::permissions::{Mode, Owner};
use crate::root::show;
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

/// What a path can be, as recipes write it and as the tree calls it.
const KINDS: [(&str, &str); 7] = [
    ("file", "file"),
    ("directory", "directory"),
    ("symlink", "symlink"),
    ("block-device", "block device"),
    ("char-device", "character device"),
    ("fifo", "FIFO"),
    ("socket", "socket"),
];

const SIZE: Shape = Shape::Int {
    min: 0,
    max: i64::MAX,
};

const ITEM: Shape = Shape::Map(&[
    OptionDoc::required(
        "path",
        Shape::Text,
        "what is looked at; *, ?, [..] and ** find several",
    ),
    OptionDoc::flag("absent", "nothing may be there"),
    OptionDoc::optional(
        "type",
        Shape::OneOf(&[
            "file",
            "directory",
            "symlink",
            "block-device",
            "char-device",
            "fifo",
            "socket",
        ]),
        "what it must be itself, a link not followed",
    ),
    OptionDoc::optional(
        "mode",
        Shape::Mode,
        "its mode, with setuid, setgid and sticky",
    ),
    OptionDoc::optional("user", Shape::OWNER, "its user"),
    OptionDoc::optional("group", Shape::OWNER, "its group"),
    OptionDoc::optional("min_size", SIZE, "the least bytes that the file may have"),
    OptionDoc::optional("max_size", SIZE, "the most bytes that the file may have"),
    OptionDoc::optional(
        "matches",
        Shape::Text,
        "a regular expression that must find something; ^ and $ are of lines",
    ),
    OptionDoc::optional("lacks", Shape::Text, "one that must find nothing"),
    OptionDoc::optional("target", Shape::Text, "what the symbolic link must say"),
]);

pub(crate) const MODULE: Module = Module {
    name: "assert",
    summary: "ends the build when the image is not as it must be",
    details: "\
Changes nothing. A path alone must be there. Links at the end of a path are followed, but for `type`
and `target`. A link that leads nowhere fails all but these two, and it is not absent.",
    keys: &["assert"],
    options: &[OptionDoc::required(
        "assert",
        Shape::List(&ITEM),
        "what must hold",
    )],
    example: r#"modules: [assert]
assert:
- {path: /etc/passwd, mode: "0644", user: root, lacks: "^[^:]*::"}
- {path: /root, type: directory}
- {path: /etc/**/*.rej, absent: true}
"#,
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    assert: Vec<Spanned<Item>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    path: Spanned<String>,
    #[serde(default)]
    absent: bool,
    r#type: Option<Spanned<String>>,
    mode: Option<Spanned<Mode>>,
    user: Option<Spanned<Owner>>,
    group: Option<Spanned<Owner>>,
    min_size: Option<Spanned<u64>>,
    max_size: Option<Spanned<u64>>,
    matches: Option<Spanned<String>>,
    lacks: Option<Spanned<String>>,
    target: Option<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { assert } = cfg.options()?;
    if assert.is_empty() {
        let error = ValueError::new(cfg.span(), "the step has nothing to do");
        return Err(error.help("give items with a `path`, or leave the step out"));
    }
    assert.iter().try_for_each(|item| item.check())
}

impl Item {
    fn check(&self) -> Result<(), ValueError> {
        if self.path.is_empty() {
            return Err(self.path.error("the path is empty"));
        }
        if self.absent && self.asks_more() {
            let message = "`absent` leaves nothing to look at";
            return Err(self.path.error(message).help("leave the other keys out"));
        }
        if let Some(kind) = &self.r#type {
            noun(kind)?;
        }
        for expression in [&self.matches, &self.lacks].into_iter().flatten() {
            regex(expression)?;
        }
        if let (Some(least), Some(most)) = (&self.min_size, &self.max_size)
            && **least > **most
        {
            let message = format!(
                "no file has {} bytes and more, but at most {}",
                **least, **most
            );
            return Err(most.error(message));
        }
        Ok(())
    }

    fn asks_more(&self) -> bool {
        self.r#type.is_some()
            || self.mode.is_some()
            || self.user.is_some()
            || self.group.is_some()
            || self.asks_for_content()
            || self.target.is_some()
    }

    fn asks_for_content(&self) -> bool {
        self.min_size.is_some()
            || self.max_size.is_some()
            || self.matches.is_some()
            || self.lacks.is_some()
    }
}

/// Returns what the tree calls a type.
fn noun(kind: &Spanned<String>) -> Result<&'static str, ValueError> {
    let known = KINDS.iter().find(|(name, _)| *name == kind.as_str());
    known.map(|(_, noun)| *noun).ok_or_else(|| {
        let names = KINDS.map(|(name, _)| name).join(", ");
        kind.error(format!(
            "expected one of {names}, found the string {:?}",
            **kind
        ))
    })
}

fn regex(text: &Spanned<String>) -> Result<Regex, ValueError> {
    let built = regex::bytes::RegexBuilder::new(text)
        .multi_line(true)
        .build();
    built.map_err(|error| {
        let why = error.to_string();
        let why = why
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        text.error(format!("regular expression {:?}: {why}", **text))
    })
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { assert } = cfg.options()?;
    for item in &assert {
        let found = root.glob(&**item.path);
        if item.absent {
            if let Some(first) = found.first() {
                return Err(item.path.error(format!("{} is there", show(first))).into());
            }
            continue;
        }
        if found.is_empty() {
            let what = item.path.as_str();
            let error = item.path.error(format!("the image has no {what}"));
            return Err(error.into());
        }
        for path in &found {
            holds::check(root, item, path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The header of a package, read as strictly as dpkg reads it (its `fieldinfos` and `parse.c`).
//!
//! What dpkg refuses in a package it refuses in its list as well, and then does nothing any more.

use thiserror::Error;

use super::paragraph::{Paragraph, ParagraphError};
use super::relation::Relation;
use super::version::Version;
use crate::root::any_text::encode;

/// Fields with lists of packages, and whether each member may be one of several.
pub(crate) const RELATIONS: [(&str, bool); 9] = [
    ("Pre-Depends", true),
    ("Depends", true),
    ("Conflicts", false),
    ("Breaks", false),
    ("Provides", false),
    ("Replaces", false),
    ("Recommends", true),
    ("Suggests", true),
    ("Enhances", true),
];

/// Fields that only dpkg's own list has.
const DPKGS: [&str; 4] = [
    "Status",
    "Config-Version",
    "Triggers-Pending",
    "Triggers-Awaited",
];

/// Fields of lists of packages that can be fetched; dpkg drops them.
const ARCHIVES: [&str; 4] = ["Filename", "Size", "MD5sum", "MSDOS-Filename"];

/// Old names of fields, with those of today.
const NICKNAMES: [(&str, &str); 5] = [
    ("Recommended", "Recommends"),
    ("Optional", "Suggests"),
    ("Class", "Priority"),
    ("Package-Revision", "Revision"),
    ("Package_Revision", "Revision"),
];

/// The priorities that nothing may be behind.
const PRIORITIES: [&str; 5] = ["required", "important", "standard", "optional", "extra"];

/// Why dpkg refuses a header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ControlError {
    #[error(transparent)]
    Paragraph(#[from] ParagraphError),
    #[error("the last line has no end")]
    NoEnd,
    #[error("the last field has no value")]
    NoValue,
    #[error("the name of the field {0:?} is too short")]
    Short(String),
    #[error("a package cannot say {0}, which is for dpkg's list only")]
    Own(&'static str),
    #[error("it has {0} and {1}, which are the same field")]
    Both(&'static str, &'static str),
    #[error("{field} is {value:?}, but has to be {allowed}")]
    Value {
        field: &'static str,
        value: String,
        allowed: &'static str,
    },
    #[error("Multi-Arch is same, but Architecture is all; such packages are foreign")]
    SameAll,
    #[error("{field} has {text:?}, which is no relation")]
    Relation { field: &'static str, text: String },
    #[error("{field} has an empty place where the name of a package has to be")]
    EmptyRelation { field: &'static str },
    #[error("{field} has \"{relation}\", but cannot have alternatives")]
    Alternatives {
        field: &'static str,
        relation: String,
    },
    #[error("{field} has the version {version:?}, which does not begin with a digit")]
    Version {
        field: &'static str,
        version: String,
    },
    #[error("Conffiles has {0:?}, which is no path with a digest")]
    Conffile(String),
    #[error("{0} has no value, or not as many as the fields that go with it")]
    Archive(&'static str),
}

/// Reads a header, with the names and values of its fields as dpkg puts them into its list.
pub(crate) fn read(text: &[u8]) -> Result<Paragraph, ControlError> {
    match text.strip_suffix(b"\n") {
        None => return Err(ControlError::NoEnd),
        // dpkg's reader looks at one byte more.
        Some(lines) if is_bare(lines) => return Err(ControlError::NoValue),
        Some(_) => {}
    }
    let mut control = Paragraph::parse(trimmed(text))?;
    if let Some(name) = control.names().find(|name| encode(name).len() < 2) {
        return Err(ControlError::Short(name.to_owned()));
    }
    if let Some(own) = DPKGS.into_iter().find(|name| control.has(name)) {
        return Err(ControlError::Own(own));
    }
    for (old, name) in NICKNAMES {
        if control.has(old) && control.has(name) {
            return Err(ControlError::Both(old, name));
        }
        control.rename(old, name);
    }
    let revision = control.get("Revision").to_owned();
    control.set("Revision", "");
    if !revision.is_empty() {
        control.set("Version", format!("{}-{revision}", control.get("Version")));
    }
    values(&mut control)?;
    relations(&control)?;
    conffiles(&mut control)?;
    archives(&mut control)?;
    Ok(control)
}

/// Returns whether the last of the lines names a field that has nothing.
fn is_bare(lines: &[u8]) -> bool {
    let last = lines.rsplit(|byte| *byte == b'\n').next();
    let last = last.unwrap_or_default().trim_ascii_end();
    !last.starts_with(b" ") && last.ends_with(b":") && !last[..last.len() - 1].contains(&b':')
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b'\n', rest @ ..] | [rest @ .., b'\n'] = text {
        text = rest;
    }
    text
}

/// Checks the fields that have one of a few values.
fn values(control: &mut Paragraph) -> Result<(), ControlError> {
    let is = |value: &str, known: &str| value.eq_ignore_ascii_case(known);
    for field in ["Essential", "Protected"] {
        match control.get(field) {
            value if is(value, "yes") => control.set(field, "yes"),
            value if is(value, "no") || value.is_empty() => control.set(field, ""),
            value => {
                let (value, allowed) = (value.to_owned(), "yes or no");
                return Err(ControlError::Value {
                    field,
                    value,
                    allowed,
                });
            }
        }
    }
    let field = "Multi-Arch";
    match control.get(field).to_ascii_lowercase() {
        multi if ["", "no"].contains(&&*multi) => control.set(field, ""),
        multi if multi == "same" && control.get("Architecture") == "all" => {
            return Err(ControlError::SameAll);
        }
        multi if ["same", "foreign", "allowed"].contains(&&*multi) => control.set(field, multi),
        value => {
            let allowed = "no, same, foreign or allowed";
            return Err(ControlError::Value {
                field,
                value,
                allowed,
            });
        }
    }
    let field = "Priority";
    let value = control.get(field).to_owned();
    let known = PRIORITIES.into_iter().find(|known| {
        let start = value.get(..known.len());
        start.is_some_and(|start| is(start, known))
    });
    if let Some(known) = known {
        if value.len() > known.len() {
            let allowed = "one word";
            return Err(ControlError::Value {
                field,
                value,
                allowed,
            });
        }
        control.set(field, known);
    }
    Ok(())
}

fn relations(control: &Paragraph) -> Result<(), ControlError> {
    let version = control.get("Version");
    // For dpkg, a value that begins on the next line begins with a blank.
    let begins_late = |field| control.get(field).starts_with('\n');
    if begins_late("Version") {
        let (field, version) = ("Version", version.to_owned());
        return Err(ControlError::Version { field, version });
    }
    if !version.is_empty() {
        check_version("Version", version)?;
    }
    for (field, may_choose) in RELATIONS {
        if begins_late(field) {
            return Err(ControlError::EmptyRelation { field });
        }
        let all = Relation::parse(control.get(field)).map_err(|text| match &*text {
            "" => ControlError::EmptyRelation { field },
            _ => ControlError::Relation { field, text },
        })?;
        for relation in all {
            if !may_choose && relation.0.len() > 1 {
                let relation = relation.to_string();
                return Err(ControlError::Alternatives { field, relation });
            }
            let versions = relation.0.iter().filter_map(|one| one.version.as_ref());
            for (_, version) in versions {
                check_version(field, &version.to_string())?;
            }
        }
    }
    Ok(())
}

/// In its list dpkg takes such a version, but complains each time.
fn check_version(field: &'static str, text: &str) -> Result<(), ControlError> {
    match Version::parse(text) {
        Ok(version) if !version.begins_with_digit() => {
            let version = text.to_owned();
            Err(ControlError::Version { field, version })
        }
        _ => Ok(()),
    }
}

/// Checks the list of settings, which dpkg reads and then makes anew.
fn conffiles(control: &mut Paragraph) -> Result<(), ControlError> {
    let value = control.get("Conffiles");
    let is_sound = |line: &str| {
        let words = line.strip_prefix(' ').map(|line| line.trim_end());
        let path = words.and_then(|words| words.rsplit_once(' '));
        path.is_some_and(|(path, _)| path.trim().len() > 1)
    };
    let mut lines = value.split('\n').filter(|line| !line.is_empty());
    if let Some(line) = lines.find(|line| !is_sound(line)) {
        return Err(ControlError::Conffile(line.to_owned()));
    }
    control.set("Conffiles", "");
    Ok(())
}

/// Checks the fields that are for files of archives, and drops them.
fn archives(control: &mut Paragraph) -> Result<(), ControlError> {
    let mut len = None;
    for field in ARCHIVES {
        if !control.has(field) {
            continue;
        }
        let words = control.get(field).split_ascii_whitespace().count();
        if words == 0 || *len.get_or_insert(words) != words {
            return Err(ControlError::Archive(field));
        }
        control.set(field, "");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_of_fields() {
        for (lines, want) in [
            ("Version: 1\nRevision: 2", Ok(("Version", "1-2"))),
            ("Package_Revision: 3\nVersion: 1", Ok(("Version", "1-3"))),
            ("Optional: a", Ok(("Suggests", "a"))),
            ("class: Optional", Ok(("Priority", "optional"))),
            (
                "Recommends: a\nRecommended: b",
                Err(ControlError::Both("Recommended", "Recommends")),
            ),
        ] {
            let found = read(format!("{lines}\n").as_bytes());
            match (found, want) {
                (Ok(control), Ok((field, value))) => assert_eq!(control.get(field), value),
                (found, want) => assert_eq!(found.map(|_| ("", "")), want, "{lines}"),
            }
        }
    }
}

//! Rules that sudo reads behind those of a user: of all that fit, the last one counts.

use std::collections::BTreeSet;

use super::alias::{Alias, AliasKind, Definition, definitions};
use super::{is_of, lines};
use crate::root::{Root, RootError};

/// A user with all groups; those by number are like `#1000`.
pub(crate) struct Rights<'a> {
    pub(crate) user: &'a str,
    pub(crate) number: Option<String>,
    /// By name and by number.
    pub(crate) groups: Vec<String>,
}

/// Returns the places of rules that are about the user and come behind that of the user alone in a
/// file, as `path:line`.
pub(crate) fn later(
    root: &Root<'_>,
    file: &str,
    who: &Rights<'_>,
) -> Result<Vec<String>, RootError> {
    let lines = lines::all(root)?;
    let (folder, name) = file.rsplit_once('/').unwrap_or_default();
    let file = format!("{}/{name}", lines::real(root, folder));
    let is_own = |line: &lines::Line| line.file == file && is_of(&line.text, who.user);
    let Some(last) = lines.iter().rposition(is_own) else {
        return Ok(Vec::new());
    };
    let aliases: Vec<_> = lines
        .iter()
        .flat_map(|line| definitions(&line.text))
        .filter(|alias| alias.kind == AliasKind::User)
        .collect();
    let behind = lines[last + 1..].iter();
    let about =
        behind.filter(|line| users(&line.text).is_some_and(|users| who.is_in(users, &aliases)));
    let places = about.map(|line| format!("{}:{}", line.file, line.number));
    Ok(places.collect())
}

/// Returns those of the aliases that a rule names that sudo does not know: it takes them for words
/// that nothing equals.
pub(crate) fn undefined<'r>(
    root: &Root<'_>,
    named: Vec<Alias<'r>>,
) -> Result<Vec<Alias<'r>>, RootError> {
    if named.is_empty() {
        return Ok(named);
    }
    let lines = lines::all(root)?;
    let known = lines.iter().flat_map(|line| definitions(&line.text));
    let mut told: BTreeSet<_> = known.map(|known| (known.kind, known.name)).collect();
    let mut missing = Vec::new();
    for alias in named {
        if told.insert((alias.kind, alias.name)) {
            missing.push(alias);
        }
    }
    Ok(missing)
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
    fn is_in(&self, list: &str, aliases: &[Definition<'_>]) -> bool {
        let mut is_in = false;
        for item in list.split(',') {
            let item = item.trim();
            let bare = item.trim_start_matches('!').trim();
            let is_not = (item.len() - item.trim_start_matches('!').len()) % 2 == 1;
            let name = bare.trim_matches('"');
            let fits = match name.strip_prefix('%') {
                Some(group) => self.groups.iter().any(|own| own == group),
                None if bare == "ALL" => true,
                None if self.number.as_deref() == Some(bare) => true,
                None => name == self.user || self.is_in_alias(bare, aliases),
            };
            if fits {
                is_in = !is_not;
            }
        }
        is_in
    }

    fn is_in_alias(&self, name: &str, aliases: &[Definition<'_>]) -> bool {
        // An alias may name others, but those are not followed: it could be itself.
        let found = aliases.iter().find(|alias| alias.name == name);
        found.is_some_and(|alias| self.is_in(alias.members, &[]))
    }
}

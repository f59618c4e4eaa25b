//! Ways to log in: sshd does not start when each list of `AuthenticationMethods` has one that is off.

use super::argument::words;
use super::config::{self, Asked};
use super::keyword::{Keyword, Version};
use crate::value::ValueError;
use crate::{Error, Root, RootError};

/// Methods, the options that turn them on, and whether they are on without.
const METHODS: [(&str, &str, bool); 6] = [
    ("publickey", "PubkeyAuthentication", true),
    ("password", "PasswordAuthentication", true),
    ("keyboard-interactive", "KbdInteractiveAuthentication", true),
    ("hostbased", "HostbasedAuthentication", false),
    ("gssapi-with-mic", "GSSAPIAuthentication", false),
    ("gssapi-keyex", "GSSAPIAuthentication", false),
];

/// How deep files may include others: sshd has the same limit.
const DEEPEST: usize = 16;

/// Fails where sshd would not start because of the ways to log in, and what was asked for has to do
/// with that.
pub(super) fn check(
    root: &Root<'_>,
    main: &str,
    asked: &[Asked],
    version: Option<Version>,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    read(root, main.as_bytes(), DEEPEST, &mut lines)?;
    let value = |name: &str| {
        let names = Keyword::find(name).map(|keyword| keyword.names(version));
        let names = names.unwrap_or_default();
        let mut lines = lines.iter();
        lines.find_map(|(keyword, value)| names.contains(keyword).then_some(value))
    };
    let Some(lists) = value("AuthenticationMethods").and_then(|value| words(value)) else {
        return Ok(());
    };
    let off = |list: &String| {
        let mut methods = list
            .split(',')
            .map(|one| one.split(':').next().unwrap_or(one));
        methods.find_map(|method| {
            let known = METHODS.iter().find(|(name, ..)| *name == method)?;
            let (_, option, default) = *known;
            let is_on = value(option).map_or(default, |value| value.eq_ignore_ascii_case("yes"));
            (!is_on).then_some((known.0, option))
        })
    };
    let Some(off) = lists.iter().map(off).collect::<Option<Vec<_>>>() else {
        return Ok(());
    };
    let is_about = |asked: &&Asked| {
        let name = asked.keyword.name;
        let mut off = off.iter().filter_map(|(_, option)| Keyword::find(option));
        name == "AuthenticationMethods" || off.any(|keyword| keyword.names(version) == asked.names)
    };
    let (Some(about), Some((method, option))) = (asked.iter().find(is_about), off.first()) else {
        return Ok(());
    };
    let message = "no list of AuthenticationMethods has only ways to log in that are on";
    let help = format!(
        "sshd would not start: {method} is off; set {option}: true, or name ways that are on"
    );
    Err(ValueError::new(about.span, message).help(help).into())
}

/// Adds keywords and values outside of a `Match` in the order that sshd reads them.
fn read(
    root: &Root<'_>,
    path: &[u8],
    deepest: usize,
    lines: &mut Vec<(String, String)>,
) -> Result<(), RootError> {
    let Some(text) = root.read_if_exists(path)? else {
        return Ok(());
    };
    for (keyword, value) in config::lines(&text) {
        if keyword != "include" {
            lines.push((keyword, value));
            continue;
        }
        let patterns = words(&value).unwrap_or_default();
        for pattern in patterns.iter().filter(|_| deepest > 0) {
            let pattern = match pattern.starts_with('/') {
                true => pattern.clone(),
                false => format!("/etc/ssh/{pattern}"),
            };
            for path in root.glob(pattern) {
                read(root, &path, deepest - 1, lines)?;
            }
        }
    }
    Ok(())
}

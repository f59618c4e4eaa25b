//! Ways to log in: sshd does not start when each list of `AuthenticationMethods` has one that is off.

use super::argument::words;
use super::config::Asked;
use super::effective::Line;
use super::keyword::{Keyword, Version};
use crate::Error;
use crate::value::ValueError;

/// Methods, the options that turn them on, and whether they are on without.
const METHODS: [(&str, &str, bool); 6] = [
    ("publickey", "PubkeyAuthentication", true),
    ("password", "PasswordAuthentication", true),
    ("keyboard-interactive", "KbdInteractiveAuthentication", true),
    ("hostbased", "HostbasedAuthentication", false),
    ("gssapi-with-mic", "GSSAPIAuthentication", false),
    ("gssapi-keyex", "GSSAPIAuthentication", false),
];

/// Fails where sshd would not start because of the ways to log in, and what was asked for has to do
/// with that.
pub(super) fn check(
    lines: &[Line],
    asked: &[Asked],
    version: Option<Version>,
) -> Result<(), Error> {
    let value = |name: &str| {
        let names = Keyword::find(name).map(|keyword| keyword.names(version));
        let names = names.unwrap_or_default();
        let mut lines = lines.iter();
        lines.find_map(|line| names.contains(&line.keyword).then_some(&line.value))
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

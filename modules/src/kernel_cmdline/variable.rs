//! Variables of shells that hold parameters.

use super::change::Change;

/// A line of a variable that is not a value in plain words, so that it is not changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread(pub(super) String);

/// Changes the two variables of `/etc/default/grub`; only the one that is for every entry gets more.
pub(super) fn grub_defaults(text: &str, change: &Change) -> Result<String, Unread> {
    let text = variable(text, "GRUB_CMDLINE_LINUX_DEFAULT", change, false, false)?;
    shell_value(&text, "GRUB_CMDLINE_LINUX", change)
}

/// Changes the same where they are in a file that is read after that one, and sets them anew.
pub(super) fn grub_drop_in(text: &str, change: &Change) -> Result<Option<String>, Unread> {
    let names = ["GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX"];
    let is_set = |line: &str| names.iter().any(|name| value_of(line, name).is_some());
    if !text.lines().any(is_set) {
        return Ok(None);
    }
    let text = variable(text, names[0], change, false, true)?;
    variable(&text, names[1], change, true, true).map(Some)
}

/// Changes the value of a shell variable, which gets a line if it has none.
pub(super) fn shell_value(text: &str, name: &str, change: &Change) -> Result<String, Unread> {
    let has_line = text.lines().any(|line| value_of(line, name).is_some());
    let text = variable(text, name, change, true, false)?;
    if has_line || change.add.is_empty() {
        return Ok(text);
    }
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Ok(format!("{text}{end}{name}=\"{}\"\n", change.add.join(" ")))
}

/// Changes the values of a variable. One that has in it what the variable had before is given the
/// parameters by that; `had_value` says whether another file has set it.
fn variable(
    text: &str,
    name: &str,
    change: &Change,
    add: bool,
    mut had_value: bool,
) -> Result<String, Unread> {
    let lines = text.split_inclusive('\n').map(|line| {
        let Some(value) = value_of(line, name) else {
            return Ok(line.to_owned());
        };
        let add = add && !(had_value && has_variable(value, name));
        had_value = true;
        if !add && change.remove.is_empty() {
            return Ok(line.to_owned());
        }
        let Some((inner, rest)) = plain(value) else {
            return Err(Unread(line.trim().to_owned()));
        };
        let new = change.of(inner, add);
        if new == inner {
            return Ok(line.to_owned());
        }
        let start = &line[..line.len() - value.len()];
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.unwrap_or('"');
        Ok(format!("{start}{quote}{new}{quote}{rest}"))
    });
    lines.collect()
}

/// Returns whether a value has `$name` or `${name}` in it.
fn has_variable(value: &str, name: &str) -> bool {
    value.split('$').skip(1).any(|rest| {
        let bare = rest.strip_prefix('{').unwrap_or(rest);
        let end = bare.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        bare[..end.unwrap_or(bare.len())] == *name
    })
}

/// Splits a value of the shell into its text and what follows; nothing unless it is plain words, in
/// one pair of quotes or none, and nothing but a comment follows.
fn plain(value: &str) -> Option<(&str, &str)> {
    let (inner, rest) = match value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => value[1..].split_once(quote)?,
        None => {
            let end = value.find(|c: char| c.is_ascii_whitespace());
            value.split_at(end.unwrap_or(value.len()))
        }
    };
    let is_plain = !inner.contains(['\\', '"', '\'', '`', '\n']);
    let is_end = rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_whitespace());
    let after = rest.trim_start();
    (is_plain && is_end && (after.is_empty() || after.starts_with('#'))).then_some((inner, rest))
}

/// Returns what follows the `=` of a variable's line, up to the line's end; of `+=`, too, which is
/// never plain.
fn value_of<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let body = line.trim_start();
    let body = body.strip_prefix("export ").map_or(body, str::trim_start);
    let rest = body.strip_prefix(name)?;
    match rest.strip_prefix('+') {
        Some(more) if more.starts_with('=') => Some("\\"),
        _ => rest.strip_prefix('='),
    }
}

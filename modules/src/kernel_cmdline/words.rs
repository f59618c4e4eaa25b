//! Parameters in the texts that hold them.

use crate::continued;

/// What becomes of a command line.
pub(super) struct Change {
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

impl Change {
    /// Returns a text with its parameters changed, of which the first words are something else. As
    /// it was, when nothing is to change.
    fn apply(&self, text: &str, before: usize, add: bool) -> String {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let is_gone = |word: &str| {
            let name = word.split('=').next().unwrap_or(word);
            let is_named = |other: &String| *other == word || *other == name;
            self.remove.iter().any(is_named) && !self.add.iter().any(|other| other == word)
        };
        let kept = words.iter().enumerate();
        let kept = kept.filter(|(at, word)| *at < before || !is_gone(word));
        let kept: Vec<&str> = kept.map(|(_, word)| *word).collect();
        let new = self.add.iter().map(String::as_str);
        let new: Vec<&str> = new.filter(|word| add && !kept.contains(word)).collect();
        if new.is_empty() && kept.len() == words.len() {
            return text.to_owned();
        }
        if kept.len() == words.len() && !text.trim().is_empty() {
            let (body, end) = text.split_at(text.trim_end().len());
            return format!("{body} {}{end}", new.join(" "));
        }
        let start = &text[..text.len() - text.trim_start().len()];
        format!("{start}{}", [kept, new].concat().join(" "))
    }
}

/// Changes a file that is one command line, of all its lines but comments.
pub(super) fn whole(text: &str, change: &Change) -> String {
    let is_part = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines = text.lines().map(|line| match is_part(line) {
        true => change.apply(line, 0, false),
        false => line.to_owned(),
    });
    let mut lines: Vec<String> = lines.collect();
    let parts = lines.iter().filter(|line| is_part(line));
    let words: Vec<&str> = parts
        .flat_map(|line| line.split_ascii_whitespace())
        .collect();
    let new = change
        .add
        .iter()
        .filter(|word| !words.contains(&word.as_str()));
    let new: Vec<&str> = new.map(String::as_str).collect();
    if !new.is_empty() {
        match lines.iter_mut().rfind(|line| is_part(line)) {
            Some(last) => *last = format!("{} {}", last.trim_end(), new.join(" ")),
            None => lines.push(new.join(" ")),
        }
    }
    lines.join("\n") + "\n"
}

/// Changes the `linux` lines of a grub.cfg. Such a line goes on in the next one behind `\`, and may
/// have a comment at its end; one that changes becomes a single line.
pub(super) fn grub_entries(text: &str, change: &Change) -> String {
    let lines = continued::lines(text, false).into_iter().map(|line| {
        let body = line.trim_end_matches(['\n', '\r']);
        let joined = continued::join(body);
        let first = joined.split_ascii_whitespace().next().unwrap_or_default();
        if !matches!(first, "linux" | "linuxefi" | "linux16") {
            return line.to_owned();
        }
        let command = joined[..comment_at(&joined)].trim_end();
        let new = change.apply(command, 2, true);
        match new == command {
            true => line.to_owned(),
            false => new + &joined[command.len()..] + &line[body.len()..],
        }
    });
    lines.collect()
}

/// Returns where the comment of a line starts: at a word that begins with `#` outside quotes.
fn comment_at(line: &str) -> usize {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if before.is_whitespace() => return at,
            (None, '"' | '\'') if before != '\\' => quote = Some(c),
            (Some(open), c) if open == c && before != '\\' => quote = None,
            _ => {}
        }
        before = c;
    }
    line.len()
}

/// Changes the lines that start with one of these words, in any case; `before` words of each are no
/// parameters.
pub(super) fn lines(text: &str, keys: &[&str], before: usize, change: &Change) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches(['\n', '\r']);
        let first = body.split_ascii_whitespace().next().unwrap_or_default();
        match keys.iter().any(|key| key.eq_ignore_ascii_case(first)) {
            true => change.apply(body, before, true) + &line[body.len()..],
            false => line.to_owned(),
        }
    });
    lines.collect()
}

/// A line of a variable that is not a value in plain words, so that it is not changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread(pub(super) String);

/// Changes the two variables of `/etc/default/grub`; only the one that is for every entry gets more.
pub(super) fn grub_defaults(text: &str, change: &Change) -> Result<String, Unread> {
    let text = variable(text, "GRUB_CMDLINE_LINUX_DEFAULT", change, false, false)?;
    shell_value(&text, "GRUB_CMDLINE_LINUX", change)
}

/// Changes the same where they are in a file that is read after that one, and sets them anew.
pub(super) fn grub_drop_in(text: &str, change: &Change) -> Result<String, Unread> {
    let text = variable(text, "GRUB_CMDLINE_LINUX_DEFAULT", change, false, true)?;
    variable(&text, "GRUB_CMDLINE_LINUX", change, true, true)
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
        let new = change.apply(inner, 0, add);
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

//! The words of a script, and what is between them.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, and whether any of it was quoted.
    Word(String, bool),
    /// `;` or the end of a line.
    End,
    And,
    Or,
    /// `|`, `)` and `;;`, as `case` has them.
    Bar,
    Close,
    Break,
}

/// What stands in a word for a part that is not known.
const UNKNOWN: char = '\0';

/// What stands in a word for `*`.
pub(super) const ANYTHING: char = '\u{1}';

/// Returns whether all of a word is known.
pub(super) fn is_literal(word: &str) -> bool {
    !word.contains([UNKNOWN, ANYTHING])
}

/// Where output may go without any effect.
const NOWHERE: [&str; 14] = [
    ">/dev/null",
    "> /dev/null",
    "1>/dev/null",
    "2>/dev/null",
    "2> /dev/null",
    "&>/dev/null",
    "&> /dev/null",
    ">&/dev/null",
    ">>/dev/null",
    "</dev/null",
    "2>&1",
    "1>&2",
    ">&2",
    "< /dev/null",
];

/// Returns the words of a script with arguments; nothing when they are not understood.
pub(super) fn tokens(text: &str, arguments: &[&str]) -> Option<Vec<Token>> {
    if text.contains([UNKNOWN, ANYTHING]) {
        return None;
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = NOWHERE.iter().find_map(|form| rest.strip_prefix(form)) {
            // What follows belongs to no name: /dev/nullify is a file.
            let ends = after.chars().next();
            ends.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '>' | '2'))
                .then_some(())?;
            rest = after;
            continue;
        }
        let fixed = [
            ("\\\n", None),
            ("&&", Some(Token::And)),
            ("||", Some(Token::Or)),
            (";;", Some(Token::Break)),
            (";", Some(Token::End)),
            ("|", Some(Token::Bar)),
            (")", Some(Token::Close)),
            ("\n", Some(Token::End)),
        ];
        if let Some((form, token)) = fixed.iter().find(|(form, _)| rest.starts_with(form)) {
            tokens.extend(token.clone());
            rest = &rest[form.len()..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(after) = rest.strip_prefix("\"$@\"").filter(|after| ends_word(after)) {
            let words = arguments.iter();
            tokens.extend(words.map(|word| Token::Word((*word).to_owned(), true)));
            rest = after;
        } else {
            let (word, is_quoted, after) = word(rest, arguments)?;
            // What stands for nothing is no word, unless there are quotes around it.
            if is_quoted || !word.is_empty() {
                tokens.push(Token::Word(word, is_quoted));
            }
            rest = after;
        }
    }
    Some(tokens)
}

/// Returns whether no more of a word follows.
fn ends_word(text: &str) -> bool {
    let next = text.chars().next();
    next.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '|' | '&' | ')'))
}

/// Reads one word; returns it, whether any of it was quoted, and what follows.
fn word<'t>(text: &'t str, arguments: &[&str]) -> Option<(String, bool, &'t str)> {
    let mut word = String::new();
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            ' ' | '\t' | '\n' | '\r' | ';' | '|' | ')' => break,
            '&' if rest.starts_with("&&") => break,
            '\'' => {
                is_quoted = true;
                let (inner, after) = after.split_once('\'')?;
                word += inner;
                rest = after;
                continue;
            }
            '"' => {
                is_quoted = true;
                rest = quoted(after, &mut word, arguments)?;
                continue;
            }
            '\\' if after.starts_with('\n') => {
                rest = &after[1..];
                continue;
            }
            '\\' => {
                is_quoted = true;
                let next = after.chars().next()?;
                word.push(next);
                rest = &after[next.len_utf8()..];
                continue;
            }
            '$' => {
                let mut value = String::new();
                rest = variable(rest, arguments, &mut value)?;
                // The shell would make several words of it.
                match value.contains(char::is_whitespace) {
                    true => word.push(UNKNOWN),
                    false => word += &value,
                }
                continue;
            }
            '*' => word.push(ANYTHING),
            '?' => word.push(UNKNOWN),
            '[' | ']' if !is_bracket(text) => word.push(UNKNOWN),
            // Files, subshells: all that is more than a word.
            '&' | '<' | '>' | '(' | '`' => return None,
            '{' | '}'
                if text
                    .chars()
                    .nth(1)
                    .is_some_and(|c| !c.is_whitespace() && c != ';') =>
            {
                return None;
            }
            '{' | '}' if !word.is_empty() => return None,
            '~' if word.is_empty() => word.push(UNKNOWN),
            other => word.push(other),
        }
        rest = after;
    }
    Some((word, is_quoted, rest))
}

/// Returns whether a text begins with `[`, `]`, `[[` or `]]` as words of their own.
fn is_bracket(text: &str) -> bool {
    let end = text.find(|c: char| c.is_whitespace() || c == ';');
    matches!(&text[..end.unwrap_or(text.len())], "[" | "]")
}

/// Reads what is between double quotes; returns what follows.
fn quoted<'t>(text: &'t str, word: &mut String, arguments: &[&str]) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        let after = &rest[first.len_utf8()..];
        match first {
            '"' => return Some(after),
            '`' => return None,
            '$' => {
                rest = variable(rest, arguments, word)?;
                continue;
            }
            '\\' => {
                let next = after.chars().next()?;
                match next {
                    '$' | '`' | '"' | '\\' => word.push(next),
                    '\n' => {}
                    other => word.extend(['\\', other]),
                }
                rest = &after[next.len_utf8()..];
                continue;
            }
            other => word.push(other),
        }
        rest = after;
    }
}

/// Where programs are that a script looks for.
const PROGRAMS: &str = "/usr/bin";

/// Reads what a `$` stands for: an argument, or the name of a program. `DPKG_ROOT` is not set, as
/// the image is what dpkg would see as `/`.
fn variable<'t>(text: &'t str, arguments: &[&str], word: &mut String) -> Option<&'t str> {
    let after = text.strip_prefix('$')?;
    if let Some(inner) = after.strip_prefix("(command -v ") {
        let (name, rest) = inner.split_once(')')?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        name.chars().all(is_plain).then_some(())?;
        *word += &format!("{PROGRAMS}/{name}");
        return Some(rest);
    }
    if after.starts_with('(') {
        return None;
    }
    let (name, rest) = match after.strip_prefix('{') {
        Some(inner) => {
            let end = closing(inner)?;
            (&inner[..end], &inner[end + 1..])
        }
        None => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let len = match after.chars().next()? {
                c if c.is_ascii_alphabetic() || c == '_' => {
                    after.find(|c| !is_part(c)).unwrap_or(after.len())
                }
                c => c.len_utf8(),
            };
            after.split_at(len)
        }
    };
    match name {
        "#" => *word += &arguments.len().to_string(),
        "DPKG_ROOT" | "DPKG_ROOT:-" => {}
        name if name.starts_with("DPKG_ROOT:+") => {}
        name => {
            let number = name.strip_suffix(":-0").or(name.strip_suffix(":-"));
            let number = number.unwrap_or(name).parse::<usize>().ok();
            let place = number.and_then(|number| number.checked_sub(1));
            match (place, place.and_then(|place| arguments.get(place))) {
                (Some(_), Some(argument)) => *word += argument,
                (Some(_), None) if name.ends_with(":-0") => word.push('0'),
                (Some(_), None) => {}
                (None, _) => word.push(UNKNOWN),
            }
        }
    }
    Some(rest)
}

/// Returns where the brace is that ends a text; there may be others in it.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
    }
    None
}

//! The words of a script, and what is between them.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, and whether any of it was quoted.
    Word(String, bool),
    /// The end of a line.
    End,
    Semicolon,
    And,
    Or,
    /// `|`, `)` and `;;`, as `case` has them.
    Bar,
    Close,
    Break,
}

/// What stands in a word for a part that is not known.
pub(super) const UNKNOWN: char = '\0';

/// What stands in a word for `*`.
pub(super) const ANYTHING: char = '\u{1}';

/// What stands in a word before and behind the name of a program, for its path in the image.
const PROGRAM: char = '\u{2}';

/// Returns whether all of a word is known.
pub(super) fn is_literal(word: &str) -> bool {
    !word.contains([UNKNOWN, ANYTHING, PROGRAM])
}

/// Returns the program of which a word is the path: nothing, where the image has none.
pub(super) fn program(word: &str) -> Option<&str> {
    let name = word.strip_prefix(PROGRAM)?.strip_suffix(PROGRAM)?;
    (!name.contains(PROGRAM)).then_some(name)
}

/// What shells do by themselves: they have it without a program, and name no path for it.
pub(super) const BUILTINS: [&str; 18] = [
    "alias", "cd", "command", "echo", "export", "false", "kill", "printf", "pwd", "read", "set",
    "test", "true", "type", "ulimit", "umask", "unset", "wait",
];

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

/// What stands for other texts: the arguments, and variables that get a value once.
#[derive(Clone, Copy)]
struct Values<'v> {
    arguments: &'v [&'v str],
    variables: &'v BTreeMap<String, String>,
}

/// Returns the words of a script with arguments; nothing when they are not understood.
pub(super) fn tokens(text: &str, arguments: &[&str]) -> Option<Vec<Token>> {
    if text.contains([UNKNOWN, ANYTHING, PROGRAM]) {
        return None;
    }
    let first = read(text, arguments, &BTreeSet::new())?;
    let constants = constants(&first);
    match constants.is_empty() {
        true => Some(first),
        false => read(text, arguments, &constants),
    }
}

/// Returns the variables that get one value in the whole script, whatever else it does.
fn constants(tokens: &[Token]) -> BTreeSet<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut always = BTreeSet::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let Token::Word(word, is_quoted) = token else {
            continue;
        };
        let before = index.checked_sub(1).map(|before| &tokens[before]);
        if let Some((name, value)) = assignment(word) {
            *counts.entry(name).or_default() += 1;
            let mut lines = tokens[..index]
                .iter()
                .rev()
                .skip_while(|it| **it == Token::End);
            let goes_on = matches!(lines.next(), Some(Token::And | Token::Or | Token::Bar));
            let is_alone = matches!(before, None | Some(Token::End | Token::Semicolon))
                && !goes_on
                && matches!(
                    tokens.get(index + 1),
                    None | Some(Token::End | Token::Semicolon)
                );
            let is_plain = is_literal(value) && !value.contains(['*', '?', '[']);
            if is_alone && depth == 0 && is_plain {
                always.insert(name);
            }
        }
        match (&**word, is_quoted) {
            ("if" | "case" | "{" | "for" | "while" | "until", false) => depth += 1,
            // Elsewhere it is a word like any other, which is not worth to be told apart.
            ("fi" | "esac" | "}" | "done", false)
                if matches!(before, Some(Token::Word(..)))
                    || matches!(tokens.get(index + 1), Some(Token::Close | Token::Bar)) =>
            {
                return BTreeSet::new();
            }
            ("fi" | "esac" | "}" | "done", false) => depth = depth.saturating_sub(1),
            // It may give a value to any variable.
            ("read" | "eval" | "." | "source" | "local" | "unset", false) => {
                return BTreeSet::new();
            }
            _ => {}
        }
    }
    always.retain(|name| counts[name] == 1);
    always.into_iter().map(str::to_owned).collect()
}

/// Takes a word apart that gives a value to a variable.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    // These change what other commands are.
    let is_plain = !matches!(name, "IFS" | "PATH");
    (is_name && is_plain && name.chars().all(is_part)).then_some((name, value))
}

/// Reads the words, with what the variables of a list stand for from their assignment on.
fn read(text: &str, arguments: &[&str], constants: &BTreeSet<String>) -> Option<Vec<Token>> {
    let mut variables = BTreeMap::new();
    let mut functions = BTreeSet::new();
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // What follows belongs to no name: /dev/nullify is a file.
        let ends = |after: &&str| {
            let next = after.chars().next();
            next.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '>' | '2' | ')'))
        };
        let nowhere = NOWHERE.iter().find_map(|form| rest.strip_prefix(form));
        if let Some(after) = nowhere.filter(ends) {
            rest = after;
            continue;
        }
        let fixed = [
            ("\\\n", None),
            ("&&", Some(Token::And)),
            ("||", Some(Token::Or)),
            (";;", Some(Token::Break)),
            (";", Some(Token::Semicolon)),
            ("|", Some(Token::Bar)),
            (")", Some(Token::Close)),
            ("\n", Some(Token::End)),
        ];
        if let Some((form, token)) = fixed.iter().find(|(form, _)| rest.starts_with(form)) {
            tokens.extend(token.clone());
            rest = &rest[form.len()..];
        } else if first == '&' && !rest.starts_with("&>") {
            // Nobody waits for what comes before.
            tokens.extend([Token::Word(UNKNOWN.to_string(), false), Token::End]);
            rest = &rest[1..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some((name, after)) = function(text, rest) {
            functions.insert(name);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\"$@\"").filter(|after| ends_word(after)) {
            let words = arguments.iter();
            tokens.extend(words.map(|word| Token::Word((*word).to_owned(), true)));
            rest = after;
        } else {
            let values = Values {
                arguments,
                variables: &variables,
            };
            let (mut word, is_quoted, after) = word(rest, values)?;
            // A name in quotes, or from elsewhere, makes it a command.
            let is_first = !matches!(tokens.last(), Some(Token::Word(..)));
            if is_first
                && let Some((name, _)) = assignment(&word)
                && !rest.starts_with(&format!("{name}="))
            {
                word.push(UNKNOWN);
            }
            if let Some((name, value)) = assignment(&word)
                && constants.contains(name)
            {
                variables.insert(name.to_owned(), value.to_owned());
            }
            if functions.contains(&*word) {
                word.push(UNKNOWN);
            }
            // What stands for nothing is no word, unless there are quotes around it.
            if is_quoted || !word.is_empty() {
                tokens.push(Token::Word(word, is_quoted));
            }
            rest = after;
        }
    }
    Some(tokens)
}

/// Takes a function at the start of a line, to the brace that ends it at the start of another;
/// returns its name and what follows. What it does is not looked at.
fn function<'t>(text: &'t str, rest: &'t str) -> Option<(&'t str, &'t str)> {
    let before = &text[..text.len() - rest.len()];
    let is_start = before.is_empty() || before.ends_with('\n');
    let (name, after) = rest.split_once('(').filter(|_| is_start)?;
    let name = name.trim_end_matches(' ');
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = !name.is_empty() && name.chars().all(is_part);
    let after = after.strip_prefix(')').filter(|_| is_name)?;
    let body = after.trim_start().strip_prefix("{\n")?;
    let after = match body.strip_prefix("}") {
        Some(after) => after,
        None => body.split_once("\n}")?.1,
    };
    let ends = after.is_empty() || after.starts_with('\n');
    ends.then_some((name, after))
}

/// Skips what is between brackets that are open already; returns what follows.
fn skip_brackets(text: &str) -> Option<&str> {
    let mut rest = text;
    let mut depth = 1_usize;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            '(' => {
                depth += 1;
                after
            }
            ')' => {
                depth -= 1;
                if depth == 0 {
                    let inner = &text[..text.len() - rest.len()];
                    // Patterns of `case` end in a bracket that nothing opens.
                    return (!inner.contains("esac") && !inner.contains("<<")).then_some(after);
                }
                after
            }
            '\'' => after.split_once('\'')?.1,
            '"' => {
                let nothing = Values {
                    arguments: &[],
                    variables: &BTreeMap::new(),
                };
                quoted(after, &mut String::new(), nothing)?
            }
            '\\' => after.get(after.chars().next()?.len_utf8()..)?,
            '#' if text[..text.len() - rest.len()].ends_with([' ', '\t', '\n']) => {
                after.find('\n').map_or("", |end| &after[end..])
            }
            _ => after,
        };
    }
    None
}

/// Skips what is between backquotes, the first of which is passed already.
fn skip_backquotes(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let end = rest.find(['`', '\\'])?;
        match rest.as_bytes()[end] {
            b'`' => return Some(&rest[end + 1..]),
            _ => rest = rest.get(end + 2..)?,
        }
    }
}

/// Returns whether no more of a word follows.
fn ends_word(text: &str) -> bool {
    let next = text.chars().next();
    next.is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '|' | '&' | ')'))
}

/// Reads one word; returns it, whether any of it was quoted, and what follows.
fn word<'t>(text: &'t str, values: Values<'_>) -> Option<(String, bool, &'t str)> {
    let mut word = String::new();
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            ' ' | '\t' | '\n' | ';' | '|' | ')' => break,
            '&' if !rest.starts_with("&>") => break,
            '\'' => {
                is_quoted = true;
                let (inner, after) = after.split_once('\'')?;
                word += inner;
                rest = after;
                continue;
            }
            '"' => {
                is_quoted = true;
                rest = quoted(after, &mut word, values)?;
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
            // Some shells have another kind of quotes here.
            '$' if after.starts_with(['\'', '"']) => return None,
            '$' => {
                let mut value = String::new();
                rest = variable(rest, values, &mut value)?;
                // The shell would make several words of it, or none.
                match value.contains(char::is_whitespace) || value.contains(PROGRAM) {
                    true => word.push(UNKNOWN),
                    false => word += &value,
                }
                continue;
            }
            '*' => word.push(ANYTHING),
            '?' => word.push(UNKNOWN),
            '[' | ']' if !is_bracket(text) => word.push(UNKNOWN),
            // Files, subshells, what others print: all that is more than a word.
            '<' if rest.starts_with("<<") => return None,
            '&' | '<' | '>' => {
                word.push(UNKNOWN);
                rest = after.trim_start_matches(['<', '>', '&', '|']);
                continue;
            }
            '(' if word.is_empty() => {
                word.push(UNKNOWN);
                rest = skip_brackets(after)?;
                continue;
            }
            '(' => return None,
            '`' => {
                word.push(UNKNOWN);
                rest = skip_backquotes(after)?;
                continue;
            }
            '{' | '}'
                if text
                    .chars()
                    .nth(1)
                    .is_some_and(|c| !c.is_whitespace() && c != ';') =>
            {
                return None;
            }
            '{' | '}' if !word.is_empty() => return None,
            '~' if word.is_empty() || word.ends_with(['=', ':']) => word.push(UNKNOWN),
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
fn quoted<'t>(text: &'t str, word: &mut String, values: Values<'_>) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        let after = &rest[first.len_utf8()..];
        match first {
            '"' => return Some(after),
            '`' => {
                word.push(UNKNOWN);
                rest = skip_backquotes(after)?;
                continue;
            }
            '$' => {
                rest = variable(rest, values, word)?;
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

/// Reads what a `$` stands for: an argument, or the path of a program. `DPKG_ROOT` is not set, as
/// the image is what dpkg would see as `/`.
fn variable<'t>(text: &'t str, values: Values<'_>, word: &mut String) -> Option<&'t str> {
    let arguments = values.arguments;
    let after = text.strip_prefix('$')?;
    if let Some(inner) = after.strip_prefix("(command -v ")
        && let Some((name, rest)) = inner.split_once(')')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        word.push(PROGRAM);
        *word += name;
        word.push(PROGRAM);
        return Some(rest);
    }
    if let Some(inner) = after.strip_prefix('(') {
        word.push(UNKNOWN);
        return skip_brackets(inner);
    }
    let (name, rest) = match after.strip_prefix('{') {
        Some(inner) => {
            let end = closing(inner)?;
            (&inner[..end], &inner[end + 1..])
        }
        None => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let len = match after.chars().next() {
                Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                    after.find(|c| !is_part(c)).unwrap_or(after.len())
                }
                Some(c) if c.is_ascii_digit() || "#@*?-!$".contains(c) => 1,
                // It is a character like any other.
                _ => {
                    word.push('$');
                    return Some(after);
                }
            };
            after.split_at(len)
        }
    };
    match name {
        "#" => *word += &arguments.len().to_string(),
        "DPKG_ROOT" | "DPKG_ROOT:-" => {}
        name if name.starts_with("DPKG_ROOT:+") => {}
        name if values.variables.contains_key(name) => *word += &values.variables[name],
        name => {
            let (number, otherwise) = match name.split_once(":-") {
                Some((number, otherwise @ ("" | "0"))) => (number, otherwise),
                _ => (name, ""),
            };
            match number.parse::<usize>() {
                Ok(number @ 1..) => {
                    let argument = arguments.get(number - 1).filter(|it| !it.is_empty());
                    *word += argument.copied().unwrap_or(otherwise);
                }
                _ => word.push(UNKNOWN),
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

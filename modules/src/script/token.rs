//! What a script is made of: words, and what is between them.

use super::word::{Form, Word};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// The name of a function, and its brackets.
    Function,
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
pub(super) const PROGRAM: char = '\u{2}';

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
pub(super) const BUILTINS: [&str; 54] = [
    "!", ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "done",
    "echo", "elif", "else", "esac", "eval", "exec", "exit", "export", "false", "fg", "fi", "for",
    "getopts", "hash", "if", "in", "jobs", "kill", "local", "printf", "pwd", "read", "readonly",
    "return", "set", "shift", "test", "then", "times", "trap", "true", "type", "ulimit", "umask",
    "unalias", "unset", "until", "wait", "while", "{", "}",
];

/// How deep brackets and braces of all kinds may be within one another.
const DEEPEST: usize = 16;

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
    if text.contains([UNKNOWN, ANYTHING, PROGRAM]) {
        return None;
    }
    let first = Reader::new(text, arguments, BTreeSet::new()).tokens(false)?;
    let (constants, environment) = (constants(&first), environment(&first, arguments));
    if constants.is_empty() && !environment.keys().any(|name| text.contains(name)) {
        return Some(first);
    }
    let mut reader = Reader::new(text, arguments, constants);
    reader.variables = environment;
    reader.tokens(false)
}

/// Returns what variables stand for that SUSE's macros ask for: two that the environment does not
/// have, and one that they set to the first argument.
fn environment(tokens: &[Token], arguments: &[&str]) -> BTreeMap<String, String> {
    let first = arguments.first().copied().unwrap_or_default();
    let given = |name: &str| {
        let words = tokens.iter().filter_map(move |token| match token {
            Token::Word(word) => word.text.strip_prefix(name),
            _ => None,
        });
        let values = words.filter(|rest| rest.starts_with('=') || rest.starts_with("+="));
        values.collect::<Vec<_>>()
    };
    let mut known = BTreeMap::new();
    for name in ["YAST_IS_RUNNING", "TRANSACTIONAL_UPDATE"] {
        if given(name).is_empty() {
            known.insert(name.to_owned(), String::new());
        }
    }
    let values = given("FIRST_ARG");
    if !values.is_empty()
        && values
            .iter()
            .all(|value| value.strip_prefix('=') == Some(first))
    {
        known.insert("FIRST_ARG".to_owned(), first.to_owned());
    }
    known
}

/// Returns the variables that get one value in the whole script, whatever else it does.
fn constants(tokens: &[Token]) -> BTreeSet<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut always = BTreeSet::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else {
            continue;
        };
        let before = index.checked_sub(1).map(|before| &tokens[before]);
        if word.form == Form::Assignment
            && let Some((name, value)) = assignment(&word.text)
        {
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
            let is_plain = is_literal(value) && !value.contains(['*', '?', '[', '\\']);
            if is_alone && depth == 0 && is_plain {
                always.insert(name);
            }
        }
        match (&*word.text, word.form == Form::Bare) {
            ("if" | "case" | "{" | "for" | "while" | "until", true) => depth += 1,
            // Elsewhere it is a word like any other, which is not worth to be told apart.
            ("fi" | "esac" | "}" | "done", true)
                if matches!(before, Some(Token::Word(..)))
                    || matches!(tokens.get(index + 1), Some(Token::Close | Token::Bar)) =>
            {
                return BTreeSet::new();
            }
            ("fi" | "esac" | "}" | "done", true) => depth = depth.saturating_sub(1),
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
    // These change what other commands and words are, and what dpkg's own programs do.
    let is_plain = !matches!(name, "IFS" | "PATH") && !name.starts_with("DPKG_");
    (is_name && is_plain && name.chars().all(is_part)).then_some((name, value))
}

/// A place in a script, and what is known there.
pub(super) struct Reader<'t> {
    /// What follows.
    pub(super) rest: &'t str,
    pub(super) arguments: &'t [&'t str],
    /// What those of the constants stand for that have a value by now.
    pub(super) variables: BTreeMap<String, String>,
    constants: BTreeSet<String>,
    /// What was defined by now: none of them is looked into.
    pub(super) functions: BTreeSet<&'t str>,
    /// The words that end the texts which follow the line, and whether tabs may be before them.
    documents: Vec<(&'t str, bool)>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, arguments: &'t [&'t str], constants: BTreeSet<String>) -> Self {
        Self {
            rest: text,
            arguments,
            variables: BTreeMap::new(),
            constants,
            functions: BTreeSet::new(),
            documents: Vec::new(),
            depth: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn skip(&mut self, first: char) {
        self.rest = &self.rest[first.len_utf8()..];
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let first = self.peek()?;
        self.skip(first);
        Some(first)
    }

    /// Takes a text if it is what follows.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes what is before a character, and the character.
    pub(super) fn take_until(&mut self, end: char) -> Option<&'t str> {
        let (inner, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(inner)
    }

    /// Reads what is in other brackets or braces.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        (self.depth <= DEEPEST).then_some(())?;
        let found = read(self);
        self.depth -= 1;
        found
    }

    /// Reads to the end, or, within brackets, to the one that closes them, which is left.
    pub(super) fn tokens(&mut self, is_inner: bool) -> Option<Vec<Token>> {
        let outer = std::mem::take(&mut self.documents);
        let mut tokens = Vec::new();
        // A word that stands for nothing makes the next one no word of the language.
        let mut follows_nothing = false;
        while let Some(first) = self.peek() {
            if self.nowhere() || self.take("\\\n") {
                continue;
            }
            let fixed = [
                ("&&", Token::And),
                ("||", Token::Or),
                (";;", Token::Break),
                (";", Token::Semicolon),
                ("|", Token::Bar),
                (")", Token::Close),
                ("\n", Token::End),
            ];
            let fixed = fixed
                .into_iter()
                .find(|(form, _)| self.rest.starts_with(form));
            if let Some((form, token)) = fixed {
                if is_inner && token == Token::Close {
                    break;
                }
                self.take(form);
                if token == Token::End {
                    self.documents()?;
                }
                tokens.push(token);
                follows_nothing = false;
            } else if self.rest.starts_with("<<") {
                self.document()?;
                tokens.push(unknown());
            } else if first == '&' && !self.rest.starts_with("&>") {
                // Nobody waits for what comes before.
                tokens.extend([unknown(), Token::End]);
                self.skip(first);
            } else if first.is_whitespace() {
                self.skip(first);
            } else if first == '#' {
                self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
            } else if let Some((name, after)) = function(self.rest) {
                self.functions.insert(name);
                self.rest = after;
                tokens.push(Token::Function);
            } else if let Some(words) = self.all_arguments() {
                tokens.extend(words);
            } else {
                let before = self.rest;
                let word = self.word()?;
                let taken = &before[..before.len() - self.rest.len()];
                (self.documents.is_empty() || !taken.contains('\n')).then_some(())?;
                let Some(mut word) = word else {
                    follows_nothing = true;
                    continue;
                };
                if std::mem::take(&mut follows_nothing) {
                    word.form = Form::Other;
                }
                if word.form == Form::Assignment
                    && !is_inner
                    && let Some((name, value)) = assignment(&word.text)
                    && self.constants.contains(name)
                {
                    self.variables.insert(name.to_owned(), value.to_owned());
                }
                if self.functions.contains(&*word.text) {
                    word.text.push(UNKNOWN);
                }
                tokens.push(Token::Word(word));
            }
        }
        self.documents.is_empty().then_some(())?;
        self.documents = outer;
        Some(tokens)
    }

    /// Takes a redirection that has no effect.
    fn nowhere(&mut self) -> bool {
        let Some(after) = NOWHERE.iter().find_map(|form| self.rest.strip_prefix(form)) else {
            return false;
        };
        // What follows belongs to no name: /dev/nullify is a file.
        let is_end = |c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '>' | ')');
        let ends = after.chars().next().is_none_or(is_end);
        if ends {
            self.rest = after;
        }
        ends
    }

    /// Takes `"$@"`; returns the words that it is.
    fn all_arguments(&mut self) -> Option<Vec<Token>> {
        let before = self.rest;
        if !self.take("\"$@\"") || !self.is_at_end() {
            self.rest = before;
            return None;
        }
        let words = self.arguments.iter().map(|text| Word {
            text: (*text).to_owned(),
            form: Form::Other,
        });
        Some(words.map(Token::Word).collect())
    }

    /// Takes `<<` and the word that ends a text.
    fn document(&mut self) -> Option<()> {
        self.take("<<").then_some(())?;
        let has_tabs = self.take("-");
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let quote = self.peek().filter(|c| matches!(c, '\'' | '"'));
        let end = match quote {
            Some(quote) => {
                self.skip(quote);
                self.take_until(quote)?
            }
            None => {
                let (end, after) = self.rest.split_at(self.rest.find(|c| !is_part(c))?);
                self.rest = after;
                end
            }
        };
        (!end.is_empty() && end.chars().all(is_part) && self.is_at_end()).then_some(())?;
        self.documents.push((end, has_tabs));
        Some(())
    }

    /// Skips the texts that follow a line.
    fn documents(&mut self) -> Option<()> {
        for (end, has_tabs) in std::mem::take(&mut self.documents) {
            loop {
                let line = self
                    .take_until('\n')
                    .unwrap_or_else(|| std::mem::take(&mut self.rest));
                let line = if has_tabs {
                    line.trim_start_matches('\t')
                } else {
                    line
                };
                if line == end {
                    break;
                }
                // Where these go on in the next line, that is not the end.
                let is_more = line.contains("$(") || line.contains("${") || line.contains('`');
                (!is_more && !line.ends_with('\\') && !self.rest.is_empty()).then_some(())?;
            }
        }
        Some(())
    }
}

/// Returns a word that is not known.
fn unknown() -> Token {
    Token::Word(Word {
        text: UNKNOWN.to_string(),
        form: Form::Other,
    })
}

/// Takes the beginning of a function, but for its brace; returns its name and what follows.
fn function(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, after) = text.split_at(text.find(|c| !is_part(c)).filter(|len| *len > 0)?);
    let after = after.trim_start_matches(' ').strip_prefix("()")?;
    Some((name, after))
}

//! The words of a script: quotes, and what a `$` stands for.

use super::getent::Getent;
use super::token::{self, ANYTHING, PROGRAM, Reader, Token, UNKNOWN};

/// A word, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing but characters: only such a word can be one of the language.
    Bare,
    /// A name and `=` begin it, so that it gives a value to a variable.
    Assignment,
    /// Some of it is quoted, or stands for something else.
    Other,
}

/// What a `$` and what follows stand for.
enum Value {
    Text(String),
    /// The path of this program, or what this call of `getent` prints.
    Program(String),
    Unknown,
}

impl Value {
    /// Adds it to a text in which blanks make no words.
    fn add(self, text: &mut String) {
        match self {
            Self::Text(value) => *text += &value,
            Self::Program(name) => *text += &format!("{PROGRAM}{name}{PROGRAM}"),
            Self::Unknown => text.push(UNKNOWN),
        }
    }
}

impl<'t> Reader<'t> {
    /// Reads one word; returns nothing as the word where what it stands for is none.
    pub(super) fn word(&mut self) -> Option<Option<Word>> {
        let mut text = String::new();
        // Up to where there are characters alone, and whether there are quotes.
        let mut bare = None;
        let mut is_quoted = false;
        while let Some(first) = self.peek() {
            if matches!(first, '\'' | '"' | '\\' | '$' | '`') && !self.rest.starts_with("\\\n") {
                bare.get_or_insert(text.len());
            }
            match first {
                ' ' | '\t' | '\n' | ';' | '|' | ')' => break,
                '&' if !self.rest.starts_with("&>") => break,
                '<' if self.rest.starts_with("<<") => break,
                _ => self.skip(first),
            }
            match first {
                '\'' => {
                    is_quoted = true;
                    text += self.take_until('\'')?;
                }
                '"' => {
                    is_quoted = true;
                    self.quoted(&mut text)?;
                }
                '\\' if self.take("\n") => {}
                '\\' => {
                    is_quoted = true;
                    text.push(self.next()?);
                }
                // Some shells have another kind of quotes here.
                '$' if self.rest.starts_with(['\'', '"']) => return None,
                '$' => match self.value(false)? {
                    // The shell would make several words of it, or none.
                    Value::Text(value) if !value.contains(char::is_whitespace) => text += &value,
                    _ => text.push(UNKNOWN),
                },
                '`' => {
                    self.backquotes()?;
                    text.push(UNKNOWN);
                }
                '*' => text.push(ANYTHING),
                '[' | ']' if text.is_empty() && bare.is_none() && self.is_at_end() => {
                    text.push(first);
                }
                '{' | '}' if text.is_empty() && bare.is_none() && self.is_at_end() => {
                    text.push(first);
                }
                '?' | '[' | ']' | '{' | '}' => text.push(UNKNOWN),
                // Files, subshells, what others print: all that is more than a word.
                '&' | '<' | '>' => {
                    text.push(UNKNOWN);
                    self.rest = self.rest.trim_start_matches(['<', '>', '&', '|']);
                }
                '(' if text.is_empty() && bare.is_none() => {
                    self.brackets()?;
                    text.push(UNKNOWN);
                }
                '(' => return None,
                '~' if text.is_empty() || text.ends_with(['=', ':']) => text.push(UNKNOWN),
                other => text.push(other),
            }
        }
        let name = token::assignment(&text).map(|(name, _)| name.len());
        let form = match (name, bare) {
            (Some(name), bare) if bare.is_none_or(|bare| name < bare) => Form::Assignment,
            (_, None) => Form::Bare,
            _ => Form::Other,
        };
        Some((is_quoted || !text.is_empty()).then_some(Word { text, form }))
    }

    /// Returns whether no more of a word follows.
    pub(super) fn is_at_end(&self) -> bool {
        let is_end = |c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | ')');
        self.peek().is_none_or(is_end)
    }

    /// Reads what is between double quotes, the first of which is passed already.
    fn quoted(&mut self, text: &mut String) -> Option<()> {
        loop {
            match self.next()? {
                '"' => return Some(()),
                '`' => self.backquotes()?.add(text),
                '$' => self.value(true)?.add(text),
                '\\' => match self.next()? {
                    '\n' => {}
                    next @ ('$' | '`' | '"' | '\\') => text.push(next),
                    other => text.extend(['\\', other]),
                },
                other => text.push(other),
            }
        }
    }

    /// Reads what a `$` stands for, which is passed already: an argument, or the path of a program.
    fn value(&mut self, is_quoted: bool) -> Option<Value> {
        if self.take("((") {
            return self.arithmetic();
        }
        if let Some(inner) = self.rest.strip_prefix("(command -v ")
            && let Some((name, after)) = inner.split_once(')')
            && (name.chars()).all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !self.functions.contains(name)
        {
            self.rest = after;
            return Some(Value::Program(name.to_owned()));
        }
        if self.take("(") {
            let start = self.rest;
            let inner = self.brackets()?;
            return Some(printed(&start[..start.len() - self.rest.len()], &inner));
        }
        let name = if self.take("{") {
            self.braces(is_quoted)?
        } else {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let len = match self.peek() {
                Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                    self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len())
                }
                Some(c) if c.is_ascii_digit() || "#@*?-!$".contains(c) => 1,
                // Some shells calculate what follows.
                Some('[') => return None,
                _ => 0,
            };
            let (name, after) = self.rest.split_at(len);
            // The name would go on in the next line.
            (!after.starts_with("\\\n")).then_some(())?;
            self.rest = after;
            name
        };
        Some(self.value_of(name))
    }

    /// Returns what a name stands for, with what follows it between braces. `DPKG_ROOT` is not
    /// set, as the image is what dpkg would see as `/`.
    fn value_of(&self, name: &str) -> Value {
        let text = match name {
            // It is a character like any other.
            "" => "$".to_owned(),
            "#" => self.arguments.len().to_string(),
            "DPKG_ROOT" | "DPKG_ROOT:-" => String::new(),
            name if name.starts_with("DPKG_ROOT:+") => String::new(),
            name if self.variables.contains_key(name) => self.variables[name].clone(),
            name => {
                let (number, otherwise) = match name.split_once(":-") {
                    Some((number, otherwise @ ("" | "0"))) => (number, otherwise),
                    _ => (name, ""),
                };
                let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
                match number.parse::<usize>() {
                    Ok(number @ 1..) if is_number => {
                        let argument = self.arguments.get(number - 1).copied();
                        let argument = argument.filter(|it| !it.is_empty());
                        argument.unwrap_or(otherwise).to_owned()
                    }
                    _ => return Value::Unknown,
                }
            }
        };
        Value::Text(text)
    }

    /// Skips what is between braces, the first of which is passed already; returns it.
    fn braces(&mut self, is_quoted: bool) -> Option<&'t str> {
        self.deeper(|it| {
            let start = it.rest;
            loop {
                match it.next()? {
                    // Nothing between them is an error, as are other names that shells have not.
                    '}' => {
                        let inner = &start[..start.len() - it.rest.len() - 1];
                        return Some(inner).filter(|inner| !inner.is_empty());
                    }
                    // Within other quotes, shells differ in what it is.
                    '\'' if is_quoted => return None,
                    '\'' => drop(it.take_until('\'')?),
                    '"' => it.quoted(&mut String::new())?,
                    '`' => drop(it.backquotes()?),
                    '$' => drop(it.value(is_quoted)?),
                    '\\' => drop(it.next().filter(|next| *next != '\n')?),
                    '\n' => return None,
                    _ => {}
                }
            }
        })
    }

    /// Reads what is between brackets, the first of which is passed already.
    fn brackets(&mut self) -> Option<Vec<Token>> {
        self.deeper(|it| {
            let inner = it.tokens(true)?;
            // Its patterns end in a bracket that nothing opens.
            let is_case = |token: &Token| matches!(token, Token::Word(it) if it.text == "case");
            (!inner.iter().any(is_case) && it.take(")")).then_some(inner)
        })
    }

    /// Skips a calculation, whose brackets are passed already.
    fn arithmetic(&mut self) -> Option<Value> {
        let mut depth = 2_usize;
        while depth > 0 {
            match self.next()? {
                '(' if depth >= 2 => depth += 1,
                ')' => depth -= 1,
                _ if depth < 2 => return None,
                '\'' | '"' | '`' | '\\' | '{' | '\n' | '#' => return None,
                _ => {}
            }
        }
        Some(Value::Unknown)
    }

    /// Reads what is between backquotes, the first of which is passed already.
    fn backquotes(&mut self) -> Option<Value> {
        let start = self.rest;
        loop {
            match self.next()? {
                '`' => break,
                '\\' => drop(self.next()?),
                _ => {}
            }
        }
        let inner = &start[..start.len() - self.rest.len() - 1];
        // Shells differ in what quotes are there.
        if !inner.starts_with("getent ") || inner.contains(['\\', '"', '\'', '#', '<']) {
            return Some(Value::Unknown);
        }
        let after = std::mem::replace(&mut self.rest, inner);
        let tokens = self.deeper(|it| it.tokens(true))?;
        let is_whole = self.rest.is_empty();
        self.rest = after;
        is_whole.then(|| printed(inner, &tokens))
    }
}

/// Returns what a command prints: that is known of `getent` alone.
fn printed(text: &str, tokens: &[Token]) -> Value {
    if text.replace(" 2>/dev/null", "").contains('>') {
        return Value::Unknown;
    }
    let words = tokens.iter().map(|token| match token {
        Token::Word(word) if token::is_literal(&word.text) => Some(&*word.text),
        _ => None,
    });
    match words.collect::<Option<Vec<_>>>().as_deref() {
        Some(words @ ["getent", asked @ ..]) if Getent::parse(asked).is_some() => {
            Value::Program(words.join(" "))
        }
        _ => Value::Unknown,
    }
}

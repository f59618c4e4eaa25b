//! The small part of the shell's language that is understood: commands with literal words, joined
//! by `&&`, `||`, `;` and `if`.
//!
//! Anything else, such as other variables than `$1`, patterns, pipes or files to write to, makes
//! the whole script one that is not understood.

/// How deep `if` and `{` may be within one another.
const DEEPEST: usize = 16;

/// Commands one after the other.
pub(super) type List = Vec<Chain>;

/// Commands joined by `&&` and `||`, which bind alike and from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) first: Item,
    pub(super) rest: Vec<(Joint, Item)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    And,
    Or,
}

/// One part of a [`Chain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Whether `!` turns its status around.
    pub(super) is_negated: bool,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// A command and its arguments.
    Command(Vec<String>),
    /// Conditions with what follows from each, the last of which may have none.
    If(Vec<(List, List)>, List),
    /// Commands between braces.
    Group(List),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word, and whether any of it was quoted.
    Word(String, bool),
    /// `;` or the end of a line.
    End,
    And,
    Or,
}

/// Reads a script whose first argument is `argument`; returns nothing when it is not understood.
pub(super) fn parse(text: &str, argument: u32) -> Option<List> {
    let tokens = tokens(text, &argument.to_string())?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let list = parser.list(&[])?;
    parser.tokens.is_empty().then_some(list)
}

struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_> {
    /// Returns the word that comes next, where it could be one of the language.
    fn keyword(&self) -> Option<&str> {
        match self.tokens.first() {
            Some(Token::Word(word, false)) => Some(word),
            _ => None,
        }
    }

    /// Takes the next token if it is this word of the language.
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.keyword() == Some(word);
        if is_it {
            self.tokens = &self.tokens[1..];
        }
        is_it
    }

    fn skip_ends(&mut self) {
        while let [Token::End, rest @ ..] = self.tokens {
            self.tokens = rest;
        }
    }

    /// Reads commands until one of the words, which is left, or to the end.
    fn list(&mut self, until: &[&str]) -> Option<List> {
        let mut list = List::new();
        loop {
            self.skip_ends();
            if self.tokens.is_empty() || self.keyword().is_some_and(|word| until.contains(&word)) {
                return Some(list);
            }
            list.push(self.chain()?);
            match self.tokens.first() {
                None | Some(Token::End) => {}
                _ => return None,
            }
        }
    }

    fn chain(&mut self) -> Option<Chain> {
        let first = self.item()?;
        let mut rest = Vec::new();
        loop {
            let joint = match self.tokens.first() {
                Some(Token::And) => Joint::And,
                Some(Token::Or) => Joint::Or,
                _ => return Some(Chain { first, rest }),
            };
            self.tokens = &self.tokens[1..];
            self.skip_ends();
            rest.push((joint, self.item()?));
        }
    }

    fn item(&mut self) -> Option<Item> {
        let is_negated = self.take("!");
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let body = if self.take("if") {
            self.branches()?
        } else if self.take("{") {
            let list = self.list(&["}"])?;
            self.take("}").then_some(())?;
            Body::Group(list)
        } else {
            self.command()?
        };
        self.depth -= 1;
        Some(Item { is_negated, body })
    }

    fn branches(&mut self) -> Option<Body> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.take("then").then_some(())?;
            branches.push((condition, self.list(&["elif", "else", "fi"])?));
            if self.take("elif") {
                continue;
            }
            let otherwise = match self.take("else") {
                true => self.list(&["fi"])?,
                false => List::new(),
            };
            self.take("fi").then_some(())?;
            return Some(Body::If(branches, otherwise));
        }
    }

    fn command(&mut self) -> Option<Body> {
        const RESERVED: [&str; 15] = [
            "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac",
            "function", "in", "{", "}",
        ];
        if self.keyword().is_some_and(|word| RESERVED.contains(&word)) {
            return None;
        }
        let mut words = Vec::new();
        while let [Token::Word(word, _), rest @ ..] = self.tokens {
            words.push(word.clone());
            self.tokens = rest;
        }
        (!words.is_empty()).then_some(Body::Command(words))
    }
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

fn tokens(text: &str, argument: &str) -> Option<Vec<Token>> {
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
            (";;", Some(Token::Word(";;".to_owned(), false))),
            (";", Some(Token::End)),
            ("\n", Some(Token::End)),
        ];
        if let Some((form, token)) = fixed.iter().find(|(form, _)| rest.starts_with(form)) {
            if *form == ";;" {
                return None;
            }
            tokens.extend(token.clone());
            rest = &rest[form.len()..];
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else {
            let (word, is_quoted, after) = word(rest, argument)?;
            tokens.push(Token::Word(word, is_quoted));
            rest = after;
        }
    }
    Some(tokens)
}

/// Reads one word; returns it, whether any of it was quoted, and what follows.
fn word<'t>(text: &'t str, argument: &str) -> Option<(String, bool, &'t str)> {
    let mut word = String::new();
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        match first {
            ' ' | '\t' | '\n' | '\r' | ';' => break,
            '&' if rest.starts_with("&&") => break,
            '|' if rest.starts_with("||") => break,
            '\'' => {
                is_quoted = true;
                let (inner, after) = after.split_once('\'')?;
                word += inner;
                rest = after;
                continue;
            }
            '"' => {
                is_quoted = true;
                rest = quoted(after, &mut word, argument)?;
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
                rest = variable(rest, argument, &mut word)?;
                continue;
            }
            // Patterns, pipes, files, subshells: all that is more than a literal word.
            '|' | '&' | '<' | '>' | '(' | ')' | '`' | '*' | '?' => return None,
            '[' | ']' if !is_bracket(text) => return None,
            '{' | '}'
                if text
                    .chars()
                    .nth(1)
                    .is_some_and(|c| !c.is_whitespace() && c != ';') =>
            {
                return None;
            }
            '{' | '}' if !word.is_empty() => return None,
            '~' if word.is_empty() => return None,
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
fn quoted<'t>(text: &'t str, word: &mut String, argument: &str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let first = rest.chars().next()?;
        let after = &rest[first.len_utf8()..];
        match first {
            '"' => return Some(after),
            '`' => return None,
            '$' => {
                rest = variable(rest, argument, word)?;
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

/// Reads `$1`, the only variable that is known.
fn variable<'t>(text: &'t str, argument: &str, word: &mut String) -> Option<&'t str> {
    let rest = text
        .strip_prefix("${1}")
        .or_else(|| text.strip_prefix("${1:-0}"))
        .or_else(|| text.strip_prefix("$1"))?;
    *word += argument;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood() {
        for (text, want) in [
            ("", Some(0)),
            ("# nothing\n\n", Some(0)),
            ("a b\nc", Some(2)),
            ("a; b;", Some(2)),
            ("a >/dev/null 2>&1 || :", Some(1)),
            (
                "a &>/dev/null || \\\n  b 'c d' \"e $1\" || :\nexit 0",
                Some(2),
            ),
            ("if [ $1 -eq 1 ] && [ -x \"/a b\" ]; then\n a\nfi", Some(1)),
            ("if ! a; then b; elif c; then d; else e; fi", Some(1)),
            ("{ a; b; } || :", Some(1)),
            ("a 'it'\\''s'", Some(1)),
            ("a --home=/x", Some(1)),
            ("a | b", None),
            ("a > /etc/x", None),
            ("a >/dev/nullify", None),
            ("a &", None),
            ("a $HOME", None),
            ("a \"$2\"", None),
            ("a `b`", None),
            ("a \"`b`\"", None),
            ("a $(b)", None),
            ("(a)", None),
            ("a *.conf", None),
            ("a [x]", None),
            ("a {b,c}", None),
            ("a ~/x", None),
            ("a 'b", None),
            ("a \"b", None),
            ("for i in a; do b; done", None),
            ("case $1 in 1) a;; esac", None),
            ("if a; then b", None),
            ("if a; b; fi", None),
            ("a <<EOF\nx\nEOF", None),
            ("fi", None),
            ("&& a", None),
            ("a ||", None),
        ] {
            let found = parse(text, 1).map(|list| list.len());
            assert_eq!(found, want, "{text}");
        }
        let deep = "if a; then ".repeat(100);
        assert_eq!(parse(&deep, 1), None);
    }

    #[test]
    fn words_as_the_shell_has_them() {
        let words = ["a", "b c", "d'e", "1", "f", "x1y", "\\n"].map(str::to_owned);
        let text = "a 'b c' \"d'e\" $1 \\\n f x${1}y '\\n'";
        let list = parse(text, 1).unwrap();
        assert_eq!(list[0].first.body, Body::Command(words.to_vec()));
    }
}

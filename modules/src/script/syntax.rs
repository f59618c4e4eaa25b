//! The small part of the shell's language that is understood: commands with literal words, joined
//! by `&&`, `||`, `;`, `if` and `case`.
//!
//! Anything else, such as pipes, loops, or files to write to, makes its command one that is not
//! understood, which may be one that is never reached. So do variables, but for arguments and those
//! that get a text once and for all. What cannot be read at all makes the whole script such one.

use super::token::{ANYTHING, Token, UNKNOWN, assignment, is_literal, tokens};
use super::word::{Form, Word};

/// How deep `if` and `{` may be within one another.
const DEEPEST: usize = 16;

/// Commands one after the other.
pub(crate) type List = Vec<Chain>;

/// Commands joined by `&&` and `||`, which bind alike and from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) first: Item,
    pub(crate) rest: Vec<(Joint, Item)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joint {
    And,
    Or,
}

/// One part of a [`Chain`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Whether `!` turns its status around.
    pub(crate) is_negated: bool,
    pub(crate) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// A command and its arguments.
    Command(Vec<String>),
    /// Conditions with what follows from each, the last of which may have none.
    If(Vec<(List, List)>, List),
    /// Commands between braces.
    Group(List),
}

/// Reads a script with arguments; returns nothing when it is not understood.
pub(crate) fn parse(text: &str, arguments: &[&str]) -> Option<List> {
    let tokens = tokens(text, arguments)?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let list = parser.list(&[])?;
    parser.tokens.is_empty().then_some(list)
}

/// Returns a command that is not understood.
fn unknown() -> Body {
    Body::Command(vec![UNKNOWN.to_string()])
}

struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_> {
    /// Returns the word that comes next, where it could be one of the language.
    fn keyword(&self) -> Option<&str> {
        match self.tokens.first() {
            Some(Token::Word(word)) if word.form == Form::Bare => Some(&word.text),
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
            let is_end = matches!(self.tokens.first(), None | Some(Token::Break));
            if is_end || self.keyword().is_some_and(|word| until.contains(&word)) {
                return Some(list);
            }
            list.push(self.chain()?);
            match self.tokens {
                [Token::Semicolon, rest @ ..] => self.tokens = rest,
                [] | [Token::End | Token::Break, ..] => {}
                _ => return None,
            }
        }
    }

    /// Reads commands, of which there has to be one at least.
    fn some(&mut self, until: &[&str]) -> Option<List> {
        self.list(until).filter(|list| !list.is_empty())
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
        } else if self.take("case") {
            self.case()?
        } else if self.take("{") {
            let list = self.some(&["}"])?;
            self.take("}").then_some(())?;
            Body::Group(list)
        } else if let Some((Token::Function, rest)) = self.tokens.split_first() {
            self.tokens = rest;
            self.function()?
        } else if self.take("for") {
            while self.keyword() != Some("do") {
                self.tokens = self.tokens.split_first()?.1;
            }
            self.repeated()?
        } else if self.take("while") || self.take("until") {
            self.some(&["do"])?;
            self.repeated()?
        } else {
            self.command()?
        };
        let body = self.pipeline(body)?;
        self.depth -= 1;
        Some(Item { is_negated, body })
    }

    /// Reads what a function does, which is not looked at before it is called.
    fn function(&mut self) -> Option<Body> {
        self.skip_ends();
        self.take("{").then_some(())?;
        self.some(&["}"])?;
        self.take("}").then(|| Body::Command(vec![":".to_owned()]))
    }

    /// Reads what is done again and again, which is not understood.
    fn repeated(&mut self) -> Option<Body> {
        self.take("do").then_some(())?;
        self.some(&["done"])?;
        self.take("done").then_some(unknown())
    }

    /// Reads what else a command's output goes to; it is understood only if there is none.
    fn pipeline(&mut self, first: Body) -> Option<Body> {
        let Some(Token::Bar) = self.tokens.first() else {
            return Some(first);
        };
        self.tokens = &self.tokens[1..];
        self.skip_ends();
        self.item()?;
        Some(unknown())
    }

    fn branches(&mut self) -> Option<Body> {
        let mut branches = Vec::new();
        loop {
            let condition = self.some(&["then"])?;
            self.take("then").then_some(())?;
            branches.push((condition, self.some(&["elif", "else", "fi"])?));
            if self.take("elif") {
                continue;
            }
            let otherwise = match self.take("else") {
                true => self.some(&["fi"])?,
                false => List::new(),
            };
            self.take("fi").then_some(())?;
            return Some(Body::If(branches, otherwise));
        }
    }

    /// Reads the rest of `case`; returns the commands that its word leads to, if that is known.
    fn case(&mut self) -> Option<Body> {
        let [Token::Word(Word { text: word, .. }), rest @ ..] = self.tokens else {
            return None;
        };
        self.tokens = rest;
        let mut is_known = is_literal(word);
        self.skip_ends();
        self.take("in").then_some(())?;
        let mut chosen = None;
        loop {
            self.skip_ends();
            if self.take("esac") {
                return Some(match is_known {
                    true => Body::Group(chosen.unwrap_or_default()),
                    false => unknown(),
                });
            }
            let mut fits = false;
            loop {
                let [Token::Word(Word { text: pattern, .. }), after @ ..] = self.tokens else {
                    return None;
                };
                let is_any = pattern.chars().eq([ANYTHING]);
                // A pattern that is not known may be the one.
                is_known &= is_any || is_literal(pattern) || chosen.is_some();
                fits |= is_any || pattern == word;
                match after {
                    [Token::Bar, after @ ..] => self.tokens = after,
                    [Token::Close, after @ ..] => {
                        self.tokens = after;
                        break;
                    }
                    _ => return None,
                }
            }
            let list = self.list(&["esac"])?;
            if fits && chosen.is_none() {
                chosen = Some(list);
            }
            if let [Token::Break, after @ ..] = self.tokens {
                self.tokens = after;
            }
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
        while let [Token::Word(Word { text, form }), rest @ ..] = self.tokens {
            words.push(text.clone());
            // A name in quotes, or from elsewhere, makes it a command.
            if words.len() == 1 && *form != Form::Assignment && assignment(text).is_some() {
                words[0].push(UNKNOWN);
            }
            self.tokens = rest;
        }
        (!words.is_empty()).then_some(Body::Command(words))
    }
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
            ("a | b", Some(1)),
            ("a$(command -v b)", Some(1)),
            ("a $(command -v b; c)", Some(1)),
            ("a > /etc/x", Some(1)),
            ("a >/dev/nullify", Some(1)),
            ("a &", Some(1)),
            ("a $HOME ${HOME:-x}", Some(1)),
            ("a \"$2\" $# $? \"$@\"", Some(1)),
            ("a ${HOME", None),
            ("a `b`", Some(1)),
            ("a \"`b`\"", Some(1)),
            ("a $(b)", Some(1)),
            ("(a)", Some(1)),
            ("a *.conf b? ~/x", Some(1)),
            ("a [x]", Some(1)),
            ("a {b,c}", Some(1)),
            ("a 'b", None),
            ("a $'b'", None),
            ("a $\"b\"", None),
            ("a \"$[b]\"", None),
            ("a \"^b$\"; c; d \"^e$\"", Some(3)),
            ("a \"$(b \"^c$\")\"; d; a \"$(b \"^c$\")\"", Some(3)),
            ("a b$; c; a b$; d", Some(4)),
            (
                "case a in a) echo \"5$\";; b) c;; d) echo \"6$\";; esac; e",
                Some(2),
            ),
            ("a \"b", None),
            ("for i in a; do b; done", Some(1)),
            ("case $1 in 1) a;; esac", Some(1)),
            ("case \"$1\" in\n a|b) c\n;;\n *)\n;;\nesac\nd", Some(2)),
            ("case $1 in 1) a; b; esac", Some(1)),
            ("case $1 in x?) a;; esac", Some(1)),
            ("case $1 in 1) a;; x?) b;; esac", Some(1)),
            ("case $HOME in 1) a;; esac", Some(1)),
            ("case $1 in 1 a;; esac", None),
            ("case $1 in 1) a;;", None),
            ("a;;", None),
            ("a ; ; b", None),
            ("; a", None),
            ("a\n; b", None),
            ("a & ; b", None),
            ("a && ; b", None),
            ("a & b", Some(2)),
            ("case $1 in 1) a; ;; esac", Some(1)),
            ("case $1 in 1) ;; esac", Some(1)),
            ("if a; then\n# b\nfi", None),
            ("if a; then b; else fi", None),
            ("{ }", None),
            ("if then a; fi", None),
            ("while a; do done", None),
            ("a)", None),
            ("if a; then b", None),
            ("if a; b; fi", None),
            ("a <<EOF\nit's\nEOF\nb", Some(2)),
            ("if a; then b <<-'EOF'; fi\n\tfi $(\n\tEOF\nc", None),
            ("if a; then b <<-'EOF'; fi\n\tfi \"\n\tEOF\nc", Some(2)),
            ("a <<EOF\nx\\\nEOF\nEOF", None),
            ("a <<EOF\nEO", None),
            ("f() {\n a \"\n}\n\"\n}\nb", Some(2)),
            ("f() {\n a \"\n}\nb", None),
            ("false &&\nf() { a; }\nb", Some(2)),
            ("a $(b '(' \")\" \\( # it's )\n); c", Some(2)),
            ("a $(case b in c) d;; esac); e", None),
            ("a $((1 + (2 << 3))); b", Some(2)),
            ("a ${b#'}'}; c ${b#'}'}; d", Some(3)),
            ("a \"${b#'}'}\"; c", None),
            ("a $\\\nb", None),
            ("fi", None),
            ("&& a", None),
            ("a ||", None),
        ] {
            let found = parse(text, &["1"]).map(|list| list.len());
            assert_eq!(found, want, "{text}");
        }
        for open in ["if a; then ", "\"$(", "(", "\"${a:-", "{ "] {
            assert_eq!(parse(&open.repeat(10_000), &["1"]), None);
        }
    }

    #[test]
    fn words_as_the_shell_has_them() {
        let words = ["a", "b c", "d'e", "1", "f", "x1y", "\\n"].map(str::to_owned);
        let text = "a 'b c' \"d'e\" $1 \\\n f x${1}y '\\n'";
        let list = parse(text, &["1"]).unwrap();
        assert_eq!(list[0].first.body, Body::Command(words.to_vec()));
        for (text, want) in [
            ("a \"$@\" b", "a|configure||b"),
            ("a $1 $2 \"$2\" $3", "a|configure|"),
            ("a \"^b$\" c$ \"$/\" $ d; e \"f$\"", "a|^b$|c$|$/|$|d"),
            ("a x$# ${2:-0} ${3:-0} ${1:-0}", "a|x2|0|0|configure"),
            (
                "a ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} \"${DPKG_ROOT:-}\" b",
                "a||b",
            ),
            ("case $1 in x) c;; configure|y) a b;; *) d;; esac", "a|b"),
        ] {
            let list = parse(text, &["configure", ""]).unwrap();
            let mut body = &list[0].first.body;
            if let Body::Group(list) = body {
                body = &list[0].first.body;
            }
            let Body::Command(words) = body else {
                panic!("{text}")
            };
            assert_eq!(words.join("|"), want, "{text}");
        }
    }
}

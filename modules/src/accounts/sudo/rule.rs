//! The grammar of a rule in sudoers(5), without the name in front: who may run what, where, as whom.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::alias::{Alias, AliasKind};
use super::{option, regex};

/// `NOPASSWD:` and its kind.
const TAGS: [&str; 16] = [
    "EXEC",
    "NOEXEC",
    "FOLLOW",
    "NOFOLLOW",
    "INTERCEPT",
    "NOINTERCEPT",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "MAIL",
    "NOMAIL",
    "PASSWD",
    "NOPASSWD",
    "SETENV",
    "NOSETENV",
];

/// Hexadecimal digits and characters of base64 that a digest has.
const DIGESTS: [(&str, usize, usize); 4] = [
    ("sha224", 56, 40),
    ("sha256", 64, 44),
    ("sha384", 96, 64),
    ("sha512", 128, 88),
];

/// What begins an option, a digest or a command of sudo's own, and is no name without quotes.
const KEYWORDS: [&str; 12] = [
    "CWD",
    "CHROOT",
    "ROLE",
    "TYPE",
    "TIMEOUT",
    "NOTBEFORE",
    "NOTAFTER",
    "sudoedit",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
];

/// Checks a rule as visudo(8) does. Returns the aliases that it names, or what is wrong, to be put
/// behind the rule.
pub(crate) fn check(rule: &str) -> Result<Vec<Alias<'_>>, String> {
    let mut parser = Parser {
        rest: rule,
        aliases: Vec::new(),
    };
    loop {
        parser.list("a host", Parser::host)?;
        parser.expect('=')?;
        parser.list("a command", Parser::specification)?;
        if !parser.take(':') {
            break;
        }
    }
    parser.blanks();
    match parser.rest {
        "" => Ok(parser.aliases),
        rest => Err(format!("has {rest:?}, which belongs to nothing before it")),
    }
}

struct Parser<'r> {
    rest: &'r str,
    aliases: Vec<Alias<'r>>,
}

type Parsed = Result<(), String>;

impl<'r> Parser<'r> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Goes over blanks and a sign, if it is next.
    fn take(&mut self, sign: char) -> bool {
        self.blanks();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, sign: char) -> Parsed {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("`{sign}`")))
    }

    fn wrong(&self, wanted: &str) -> String {
        match self.rest {
            "" => format!("ends where {wanted} should be"),
            rest => format!("has {rest:?} where {wanted} should be"),
        }
    }

    /// Goes over items with commas between, each with any number of `!` in front.
    fn list(&mut self, what: &str, item: fn(&mut Self) -> Result<bool, String>) -> Parsed {
        loop {
            if !item(self)? {
                return Err(self.wrong(what));
            }
            if !self.take(',') {
                return Ok(());
            }
        }
    }

    fn negations(&mut self) {
        while self.take('!') {}
        self.blanks();
    }

    /// Takes a word, or what is in quotes. Returns nothing for none.
    fn word(&mut self, ends: &[char]) -> Result<Option<&'r str>, String> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let Some((word, rest)) = quoted.split_once('"') else {
                return Err(format!("has a quote without an end: {:?}", self.rest));
            };
            if word.is_empty() {
                return Err("has an empty name".to_owned());
            }
            self.rest = rest;
            return Ok(Some(word));
        }
        self.bare(ends)
    }

    /// Takes a word, of which a backslash can make anything a part. Returns nothing for none.
    fn bare(&mut self, ends: &[char]) -> Result<Option<&'r str>, String> {
        let mut end = self.rest.len();
        let mut is_escaped = false;
        for (at, c) in self.rest.char_indices() {
            if is_escaped {
                is_escaped = false;
            } else if c == '\\' {
                is_escaped = true;
            } else if c.is_ascii_whitespace() || ends.contains(&c) {
                end = at;
                break;
            }
        }
        if is_escaped {
            return Err("ends in a backslash".to_owned());
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(word).filter(|word| !word.is_empty()))
    }

    /// Takes a word as [`Self::word`] does, and remembers one that is an alias.
    fn word_or_alias(&mut self, ends: &[char], kind: AliasKind) -> Result<Option<&'r str>, String> {
        let is_bare = !self.rest.starts_with('"');
        let word = self.word(ends)?;
        if is_bare {
            check_keyword(word.unwrap_or_default(), false)?;
            self.note(word, kind);
        }
        Ok(word)
    }

    fn note(&mut self, word: Option<&'r str>, kind: AliasKind) {
        if let Some(name) = word.filter(|word| is_alias(word) && *word != "ALL") {
            self.aliases.push(Alias { kind, name });
        }
    }

    fn host(&mut self) -> Result<bool, String> {
        self.negations();
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.');
        let (address, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if address.parse::<Ipv6Addr>().is_ok() {
            self.rest = rest;
            if let Some(prefix) = rest.strip_prefix('/') {
                let end = prefix.find(|c: char| !c.is_ascii_hexdigit() && c != ':');
                let (mask, rest) = prefix.split_at(end.unwrap_or(prefix.len()));
                let is_length = mask.parse::<u8>().is_ok_and(|length| length <= 128);
                if !is_length && mask.parse::<Ipv6Addr>().is_err() {
                    return Err(self.wrong("an address with a prefix of at most 128 bits"));
                }
                self.rest = rest;
            }
            return Ok(true);
        }
        let ends = [
            '=', ':', ',', '(', ')', '!', '"', '#', '@', '%', '<', '>', ';',
        ];
        let word = self.word_or_alias(&ends, AliasKind::Host)?;
        Ok(word.is_some_and(|word| word != "+"))
    }

    /// Takes `(users:groups) OPTION=value TAG: command`, where all but the command may be missing.
    fn specification(&mut self) -> Result<bool, String> {
        if self.take('(') {
            self.run_as()?;
        }
        self.blanks();
        while self.option()? {}
        while self.tag()? {}
        let had_digest = self.digests()?;
        self.negations();
        let is_command = self.command()?;
        if had_digest && !is_command {
            return Err(self.wrong("a command behind its digest"));
        }
        Ok(is_command)
    }

    fn run_as(&mut self) -> Parsed {
        if self.take(')') {
            return Ok(());
        }
        if !self.take(':') {
            self.list("a user to run as", Parser::user)?;
            if self.take(')') {
                return Ok(());
            }
            self.expect(':')?;
        }
        self.list("a group to run as", Parser::group)?;
        self.expect(')')
    }

    /// Takes `name`, `#uid`, `%group`, `%#gid`, `%:group` or `+netgroup`.
    fn user(&mut self) -> Result<bool, String> {
        self.negations();
        let is_group = self.rest.starts_with('%');
        if is_group {
            self.rest = &self.rest[1..];
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        }
        let count = self.aliases.len();
        let is_there = self.name();
        if is_group {
            self.aliases.truncate(count);
        }
        is_there
    }

    fn group(&mut self) -> Result<bool, String> {
        self.negations();
        self.name()
    }

    fn name(&mut self) -> Result<bool, String> {
        if let Some(number) = self.rest.strip_prefix('#') {
            let end = number.find(|c: char| !c.is_ascii_digit());
            let (digits, rest) = number.split_at(end.unwrap_or(number.len()));
            if digits.parse::<u32>().is_err() {
                return Err(format!(
                    "has {:?}, which is no number of a user or group",
                    self.rest
                ));
            }
            self.rest = rest;
            return Ok(true);
        }
        let ends = ['=', ':', ',', '(', ')', '!', '"', '#', '%', ';'];
        let word = self.word_or_alias(&ends, AliasKind::RunAs)?;
        Ok(word.is_some_and(|word| word != "+"))
    }

    fn option(&mut self) -> Result<bool, String> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_uppercase() && c != '_');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let (Some(rest), Some(is_right)) = (rest.strip_prefix('='), option::values(name)) else {
            return Ok(false);
        };
        self.rest = rest;
        if matches!(name, "CWD" | "CHROOT") && self.rest.starts_with('"') {
            return Err(self.wrong("a path without quotes"));
        }
        match self.word(&[',', ':', '(', ')', '=', '#'])? {
            Some(value) if is_right(value) => {
                self.blanks();
                Ok(true)
            }
            value => Err(format!(
                "has {:?}, which is no {name}",
                value.unwrap_or_default()
            )),
        }
    }

    fn tag(&mut self) -> Result<bool, String> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_uppercase() && c != '_');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let rest = rest.trim_start_matches([' ', '\t']);
        let Some(rest) = rest.strip_prefix(':').filter(|_| !name.is_empty()) else {
            return Ok(false);
        };
        if !TAGS.contains(&name) {
            // What follows an alias of commands is another host.
            return match rest.contains('=') {
                true => Ok(false),
                false => Err(format!("has the tag {name:?}, which sudo does not know")),
            };
        }
        self.rest = rest;
        self.blanks();
        Ok(true)
    }

    fn digests(&mut self) -> Result<bool, String> {
        let mut had_one = false;
        loop {
            let kind = DIGESTS
                .iter()
                .find(|(name, ..)| self.rest.starts_with(name));
            let Some((name, hexadecimal, base64)) = kind else {
                return Ok(had_one);
            };
            self.rest = &self.rest[name.len()..];
            self.expect(':')?;
            self.blanks();
            let end = self.rest.find([' ', '\t', ',']);
            let (digest, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let is_right = match digest.len() {
                length if length == *hexadecimal => digest.bytes().all(|b| b.is_ascii_hexdigit()),
                length if length == *base64 => {
                    let digits = digest.trim_end_matches('=').bytes();
                    digits
                        .clone()
                        .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
                }
                _ => false,
            };
            if !is_right {
                return Err(format!("has {digest:?}, which is no {name} digest"));
            }
            self.rest = rest;
            had_one = true;
            if !self.take(',') {
                self.blanks();
                return Ok(true);
            }
            self.blanks();
        }
    }

    /// Takes `ALL`, an alias, `list`, `sudoedit files`, or a path or pattern with arguments.
    fn command(&mut self) -> Result<bool, String> {
        if self.rest.starts_with('^') {
            self.regular_expression(&['#', '$'])?;
            if !self.rest.is_empty() && !self.rest.starts_with([' ', '\t', ',']) {
                return Err(self.wrong("a blank behind `$`"));
            }
            self.arguments()?;
            return Ok(true);
        }
        let Some(word) = self.bare(&[',', ':', '=', '#'])? else {
            return Ok(false);
        };
        check_keyword(word, word == "sudoedit")?;
        if is_alias(word) || word == "list" {
            self.note(Some(word), AliasKind::Command);
            return Ok(true);
        }
        if word == "sudoedit" {
            self.arguments()?;
            return Ok(true);
        }
        if !word.starts_with('/') || word.len() == 1 {
            return Err(format!(
                "has {word:?}, which is no absolute path of a command"
            ));
        }
        if word.rsplit('/').next() == Some("sudoedit") {
            return Err("has sudoedit with a path: it goes without".to_owned());
        }
        self.arguments()?;
        Ok(true)
    }

    /// Takes `^...$`, in which a backslash makes these signs a part of it.
    fn regular_expression(&mut self, escaped: &[char]) -> Parsed {
        let mut signs = self.rest.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            match sign {
                '\\' if signs.peek().is_some_and(|(_, next)| escaped.contains(next)) => {
                    signs.next();
                }
                '#' => {
                    let rest = &self.rest[at..];
                    return Err(format!("has {rest:?} in a regular expression: write `\\#`"));
                }
                '$' => {
                    let (pattern, rest) = self.rest.split_at(at + 1);
                    regex::check(pattern).map_err(|wrong| {
                        format!("has the regular expression {pattern:?}, in which {wrong}")
                    })?;
                    self.rest = rest;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err("has a regular expression without `$` at its end".to_owned())
    }

    fn arguments(&mut self) -> Parsed {
        self.blanks();
        if self.rest.starts_with('^') {
            self.regular_expression(&['#', '$', '\\'])?;
            self.blanks();
            return match self.rest.is_empty() || self.rest.starts_with([',', ':']) {
                true => Ok(()),
                false => Err(self.wrong("nothing but another command behind `$`")),
            };
        }
        while self.bare(&[',', ':', '=', '#'])?.is_some() {
            self.blanks();
        }
        match self.rest.chars().next() {
            Some(sign @ ('=' | '#')) => Err(format!(
                "has `{sign}` in an argument: write `\\{sign}`, as sudoers(5) wants it there"
            )),
            _ => Ok(()),
        }
    }
}

/// Fails where a bare word is none of its own for sudo, but begins something else.
fn check_keyword(word: &str, may_be: bool) -> Parsed {
    match KEYWORDS.contains(&word) && !may_be {
        true => Err(format!(
            "has {word}, which means something else to sudo there"
        )),
        false => Ok(()),
    }
}

/// Returns whether it is `ALL` or could be the name of an alias.
pub(super) fn is_alias(word: &str) -> bool {
    let is_rest = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(is_rest)
}

/// Returns whether sudo takes the bare word for an address, not a name.
pub(super) fn is_address(word: &str) -> bool {
    word.parse::<Ipv4Addr>().is_ok()
}

//! What follows a keyword: its words, and whether they are what sshd takes there.

use super::access;
use super::algorithm::Sort;

/// What a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// `yes` or `no`.
    Flag,
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
    /// One word.
    Word,
    /// Any words.
    Words,
    /// Words that say something.
    Patterns,
    /// Files, functions and lines of the program.
    Lines,
    /// A count that is not negative.
    Number,
    NumberOrNone,
    /// Seconds, or such as `1h30m`.
    Time,
    TimeOrNone,
    /// A port of TCP.
    Port,
    /// An address or name, with or without a port.
    Address,
    /// Names of algorithms with commas between.
    Algorithms(Sort),
    /// A program by its absolute path, and its arguments.
    Program,
    /// A name, and a command.
    Command,
    /// A class of packets, or one for each of two kinds of sessions.
    Quality,
    /// `start`, or `start:rate:full`.
    Startups,
    /// Bits of an IPv4 address, and of an IPv6 one.
    NetBlocks,
    /// An amount of data, and a time.
    Rekey,
    /// An octal umask.
    Mask,
    /// `NAME=value` words.
    Variables,
    /// Names of variables, with wildcards.
    Names,
    /// Patterns of users, with or without the hosts that they come from.
    Users,
    /// Lists of ways to log in.
    Methods,
    /// Hosts with their ports.
    Places,
    /// Ports, with or without the hosts that they are on.
    Listeners,
    /// What a key on a token has to be used with.
    KeyOptions,
    /// Kinds of channels with the times after which they end.
    Timeouts,
    /// Nothing that sshd would start with on Linux.
    Nothing,
}

/// The classes of ip(7) and of RFC 2474, 2597, 3246 and 8622.
const CLASSES: [&str; 27] = [
    "af11",
    "af12",
    "af13",
    "af21",
    "af22",
    "af23",
    "af31",
    "af32",
    "af33",
    "af41",
    "af42",
    "af43",
    "cs0",
    "cs1",
    "cs2",
    "cs3",
    "cs4",
    "cs5",
    "cs6",
    "cs7",
    "ef",
    "le",
    "va",
    "lowdelay",
    "throughput",
    "reliability",
    "none",
];

impl Takes {
    /// Fails with what is taken instead.
    pub(super) fn check(self, value: &str) -> Result<(), String> {
        let Some(words) = words(value) else {
            return Err("a quote has no end".to_owned());
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (is_right, taken) = match (self, &words[..]) {
            (_, []) => (false, "a value".to_owned()),
            (Takes::Flag, words) => (is_one_of(words, &["yes", "no"]), "yes or no".to_owned()),
            (Takes::OneOf(all), words) => (is_one_of(words, all), one_of(all)),
            (Takes::Word, words) => (
                matches!(words, [word] if !word.is_empty()),
                "one word".to_owned(),
            ),
            (Takes::Words, _) => (true, String::new()),
            (Takes::Patterns, words) => {
                (!words.contains(&""), "words that are not empty".to_owned())
            }
            (Takes::Lines, words) => {
                let is_right =
                    words == ["none"] || !words.contains(&"") && !words.contains(&"none");
                (
                    is_right,
                    "none, or patterns of lines of sshd's source".to_owned(),
                )
            }
            (Takes::Number, words) => {
                let is_right = matches!(words, [word] if is_number(word));
                (is_right, "a whole number from 0 to 2147483647".to_owned())
            }
            (Takes::NumberOrNone, words) => {
                // This one in small letters only.
                let is_right = matches!(words, [word] if is_number(word) || *word == "none");
                (
                    is_right,
                    "none or a whole number from 0 to 2147483647".to_owned(),
                )
            }
            (Takes::Time, words) => {
                let is_right = matches!(words, [word] if is_time(word));
                (
                    is_right,
                    "seconds, or a time such as 2m or 1h30m".to_owned(),
                )
            }
            (Takes::TimeOrNone, words) => {
                let is_right =
                    matches!(words, [word] if is_time(word) || word.eq_ignore_ascii_case("none"));
                (is_right, "none, seconds, or a time such as 5m".to_owned())
            }
            (Takes::Port, words) => {
                let is_right = matches!(words, [word] if is_port(word));
                (is_right, "a number from 1 to 65535".to_owned())
            }
            (Takes::Address, words) => {
                let is_right = match words {
                    [address] | [address, "rdomain", _] => is_address(address),
                    _ => false,
                };
                let taken = "an address, which a port from 1 to 65535 may follow: 192.0.2.1:22 or \
                             [2001:db8::1]:22";
                (is_right, taken.to_owned())
            }
            (Takes::Algorithms(sort), words) => {
                let is_right = matches!(words, [list] if sort.is_list(list));
                let taken = format!("{} with commas between and no spaces", sort.noun());
                (is_right, taken)
            }
            (Takes::Program, words) => {
                let is_right = words[0].starts_with('/') || words[0].eq_ignore_ascii_case("none");
                (is_right, "none or an absolute path".to_owned())
            }
            (Takes::Command, words) => (
                words.len() > 1,
                "a name and a command: sftp internal-sftp".to_owned(),
            ),
            (Takes::Quality, words) => {
                let is_right = words.len() <= 2 && words.iter().all(|word| is_class(word));
                let taken = "one or two classes such as af21, cs1, ef, lowdelay, none, or numbers up \
                             to 255";
                (is_right, taken.to_owned())
            }
            (Takes::Startups, words) => {
                let is_right = matches!(words, [word] if is_startups(word));
                let taken = "a number from 1, or start:rate:full as in 10:30:100, where rate is from \
                             1 to 100 and full not below start";
                (is_right, taken.to_owned())
            }
            (Takes::NetBlocks, words) => {
                let is_right = matches!(words, [word] if is_net_blocks(word));
                (
                    is_right,
                    "bits of IPv4 (0 to 32) and IPv6 (0 to 128), as in 32:128".to_owned(),
                )
            }
            (Takes::Rekey, words) => {
                let is_right = match words {
                    [data] => is_amount(data),
                    [data, time] => {
                        is_amount(data) && (is_time(time) || time.eq_ignore_ascii_case("none"))
                    }
                    _ => false,
                };
                (
                    is_right,
                    "an amount such as default or 1G, and a time or none".to_owned(),
                )
            }
            (Takes::Mask, words) => {
                let is_right = matches!(words, [word] if is_mask(word));
                (is_right, "an octal umask up to 0777".to_owned())
            }
            (Takes::Variables, words) => {
                let is_right = words.iter().all(|word| {
                    word.split_once('=')
                        .is_some_and(|(name, _)| !name.is_empty())
                });
                (is_right, "NAME=value".to_owned())
            }
            (Takes::Names, words) => {
                let is_name = |word: &&str| !word.is_empty() && !word.contains('=');
                let taken = "names of variables such as LANG or LC_*, without values";
                (words.iter().all(is_name), taken.to_owned())
            }
            (Takes::Users, words) => {
                let is_right = words.iter().all(|word| access::is_user(word));
                let taken = "users such as bob, bob@*.example.com or bob@192.0.2.0/24, where the \
                             address is that of the network";
                (is_right, taken.to_owned())
            }
            (Takes::Methods, words) => {
                let taken = "any alone, or lists such as publickey,password of publickey, password, \
                             keyboard-interactive, hostbased, gssapi-with-mic, gssapi-keyex, none";
                (access::are_methods(words), taken.to_owned())
            }
            (Takes::Places, words) => {
                let taken = "any, none, or hosts with ports: db.example.com:5432, [2001:db8::1]:22, \
                             localhost:*";
                (access::are_places(words), taken.to_owned())
            }
            (Takes::Listeners, words) => {
                let taken = "any, none, ports, or hosts with ports: 8080, localhost:8080, *";
                (access::are_listeners(words), taken.to_owned())
            }
            (Takes::KeyOptions, words) => {
                let known = ["none", "touch-required", "verify-required"];
                let is_right = words.iter().all(|word| is_one_of(&[word], &known));
                (is_right, format!("{}, or both of them", one_of(&known)))
            }
            (Takes::Timeouts, words) => {
                let is_timeout = |word: &&str| {
                    let parts = word.split_once('=');
                    parts.is_some_and(|(kind, time)| !kind.is_empty() && is_time(time))
                };
                let is_right = is_one_of(words, &["none"]) || words.iter().all(is_timeout);
                let taken = "none, or kinds of channels with times, as in session=10m *=1h";
                (is_right, taken.to_owned())
            }
            (Takes::Nothing, _) => (
                false,
                "nothing on Linux: sshd does not start with it".to_owned(),
            ),
        };
        if is_right { Ok(()) } else { Err(taken) }
    }
}

/// Splits a value as sshd does: blanks separate words, quotes keep them together, a word that
/// begins with `#` ends it. Returns nothing where a quote has no end.
pub(super) fn words(value: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = value.chars().peekable();
    while let Some(&first) = chars.peek() {
        if matches!(first, ' ' | '\t') {
            chars.next();
            continue;
        }
        if first == '#' {
            break;
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(&c) = chars.peek() {
            if quote.is_none() && matches!(c, ' ' | '\t') {
                break;
            }
            chars.next();
            match (c, quote) {
                ('\\', _) if matches!(chars.peek(), Some('"' | '\'' | '\\')) => {
                    word.extend(chars.next());
                }
                ('"' | '\'', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                (c, _) => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push(word);
    }
    Some(words)
}

fn is_one_of(words: &[&str], all: &[&str]) -> bool {
    matches!(words, [word] if all.iter().any(|one| one.eq_ignore_ascii_case(word)))
}

fn one_of(all: &[&str]) -> String {
    match all {
        [init @ .., last] if !init.is_empty() => format!("{} or {last}", init.join(", ")),
        _ => all.concat(),
    }
}

/// Returns the number of digits alone, up to that of an `int`.
fn number(word: &str) -> Option<i32> {
    let is_digits = word.bytes().all(|b| b.is_ascii_digit());
    if is_digits { word.parse().ok() } else { None }
}

fn is_number(word: &str) -> bool {
    number(word).is_some()
}

pub(super) fn is_port(word: &str) -> bool {
    number(word).is_some_and(|port| (1..=65535).contains(&port))
}

/// Times as in sshd_config(5): numbers with or without a unit, one after the other.
fn is_time(word: &str) -> bool {
    let mut seconds: i64 = 0;
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let Some(count) = number(&rest[..end]) else {
            return false;
        };
        rest = &rest[end..];
        let unit = match rest.bytes().next() {
            None | Some(b's' | b'S') => 1,
            Some(b'm' | b'M') => 60,
            Some(b'h' | b'H') => 3600,
            Some(b'd' | b'D') => 86_400,
            Some(b'w' | b'W') => 604_800,
            Some(_) => return false,
        };
        rest = rest.get(1..).unwrap_or_default();
        seconds = seconds.saturating_add(i64::from(count) * unit);
    }
    !word.is_empty() && seconds <= i64::from(i32::MAX)
}

fn is_address(word: &str) -> bool {
    use std::net::Ipv6Addr;
    if let Some(rest) = word.strip_prefix('[') {
        let Some((inner, port)) = rest.split_once(']') else {
            return false;
        };
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_port && is_host(inner);
    }
    let is_v6 = |text: &str| {
        text.split('%')
            .next()
            .unwrap_or(text)
            .parse::<Ipv6Addr>()
            .is_ok()
    };
    match word.split_once(':') {
        None => is_host(word),
        Some((host, port)) => is_v6(word) || is_host(host) && is_port(port),
    }
}

/// Returns whether it is an address or could be a name.
fn is_host(word: &str) -> bool {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let v6 = word.split('%').next().unwrap_or(word);
    if v6.contains(':') {
        return v6.parse::<Ipv6Addr>().is_ok();
    }
    let is_numbers = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match is_numbers {
        true => word.parse::<Ipv4Addr>().is_ok(),
        false => {
            word == "*"
                || word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
    }
}

fn is_class(word: &str) -> bool {
    let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let octal = word.strip_prefix('0').filter(|digits| !digits.is_empty());
    let number = match (hexadecimal, octal) {
        (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
        (None, Some(digits)) => u32::from_str_radix(digits, 8).ok(),
        (None, None) => number(word).and_then(|number| number.try_into().ok()),
    };
    let mut classes = CLASSES.iter();
    number.is_some_and(|number| number <= 255)
        || classes.any(|class| class.eq_ignore_ascii_case(word))
}

fn is_startups(word: &str) -> bool {
    let numbers: Option<Vec<i32>> = word.split(':').map(number).collect();
    match numbers.as_deref() {
        Some([start]) => *start >= 1,
        Some([start, rate, full]) => *start >= 1 && (1..=100).contains(rate) && full >= start,
        _ => false,
    }
}

fn is_net_blocks(word: &str) -> bool {
    let numbers: Option<Vec<i32>> = word.split(':').map(number).collect();
    match numbers.as_deref() {
        Some([v4]) => *v4 <= 32,
        Some([v4, v6]) => *v4 <= 32 && *v6 <= 128,
        _ => false,
    }
}

fn is_amount(word: &str) -> bool {
    let digits = word.strip_suffix(|c: char| "kKmMgG".contains(c));
    let digits = digits.unwrap_or(word);
    // Less than a block of a cipher cannot be the limit.
    let is_enough = |amount: u64| amount == 0 || amount >= 16 || digits != word;
    word.eq_ignore_ascii_case("default") || digits.parse().is_ok_and(is_enough)
}

fn is_mask(word: &str) -> bool {
    let is_octal = word.bytes().all(|b| matches!(b, b'0'..=b'7'));
    is_octal && u32::from_str_radix(word, 8).is_ok_and(|mask| mask <= 0o777)
}

//! What decodes, and the message and place of what does not.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::value::{Key, Map, Span, Spanned};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    #[serde(default)]
    mode_bits: Option<u16>,
    #[serde(default)]
    owners: Vec<Owner>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    pair: Option<(i64, f64)>,
    #[serde(default)]
    labels: BTreeMap<String, bool>,
    #[serde(default)]
    size: Option<Spanned<Bytes>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Owner(String);

#[derive(Debug, PartialEq, Deserialize, Clone, Copy)]
#[serde(try_from = "u64")]
struct Bytes(u64);

impl TryFrom<u64> for Bytes {
    type Error = &'static str;

    fn try_from(bytes: u64) -> Result<Self, &'static str> {
        if bytes == 0 {
            return Err("a size of nothing\nwrite 1");
        }
        Ok(Self(bytes))
    }
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    File,
    HardLink(String),
    Device {
        major: u32,
    },
}

/// Makes a mapping; the name of a key ends in the line that it and its value stand on.
fn map<const N: usize>(entries: [(&str, usize, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, line, mut value) in entries {
        if value.span == Span::default() {
            value.span = Span {
                line,
                column: 9,
                ..Span::default()
            };
        }
        let span = Span {
            line,
            column: 1,
            ..Span::default()
        };
        let name = name.to_owned();
        map.insert(Key { name, span }, value).unwrap();
    }
    map.into()
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    let place = |(at, mut item): (usize, Value)| {
        item.span = Span {
            line: at + 1,
            column: 3,
            ..Span::default()
        };
        item
    };
    Value::from(items.into_iter().enumerate().map(place).collect::<Vec<_>>())
}

#[test]
fn what_fits() {
    let path = ("path", 1, "/etc".into());
    let entry: Entry = map([
        path.clone(),
        ("mode-bits", 2, 0o644.into()),
        ("owners", 3, list(["root".into()])),
        ("kind", 4, map([("hard-link", 4, "/a".into())])),
        ("pair", 5, list([(-1).into(), 2.into()])),
        ("labels", 6, map([("a-b", 6, true.into())])),
        ("size", 7, 1.into()),
    ])
    .decode()
    .unwrap();
    assert_eq!(entry.mode_bits, Some(0o644));
    assert_eq!(entry.owners, [Owner("root".into())]);
    assert_eq!(entry.kind, Kind::HardLink("/a".into()));
    assert_eq!(entry.pair, Some((-1, 2.0)));
    // A key of the user's own stays as it was typed.
    assert!(entry.labels["a-b"]);
    let size = entry.size.unwrap();
    assert_eq!(
        (size.value, size.span.line, size.span.column),
        (Bytes(1), 7, 9)
    );

    let null = Value {
        span: Span::default(),
        data: Data::Null,
    };
    let entry: Entry = map([path, ("mode_bits", 2, null)]).decode().unwrap();
    assert_eq!((entry.mode_bits, entry.kind), (None, Kind::File));
}

#[test]
fn what_does_not_fit() {
    let known = "known here: `path`, `mode_bits`, `owners`, `kind`, `pair`, `labels`, `size`";
    let quotes = Some("put it in quotes");
    for (value, line, column, message, help) in [
        (map([]), 0, 0, "the key `path` is missing", None),
        (
            map([("path", 5, 1.1.into())]),
            5,
            9,
            "expected a string, found the number 1.1",
            quotes,
        ),
        (
            map([("path", 5, 1.0.into())]),
            5,
            9,
            "expected a string, found the number 1.0",
            quotes,
        ),
        (
            map([("path", 5, 7.into())]),
            5,
            9,
            "expected a string, found the number 7",
            quotes,
        ),
        (
            map([("path", 5, true.into())]),
            5,
            9,
            "expected a string, found true",
            quotes,
        ),
        (
            map([("path", 5, map([]))]),
            5,
            9,
            "expected a string, found a mapping",
            None,
        ),
        (
            map([("paht", 6, "".into())]),
            6,
            1,
            "unknown key `paht`",
            Some("did you mean `path`? "),
        ),
        (
            map([("zzz", 6, "".into())]),
            6,
            1,
            "unknown key `zzz`",
            Some(""),
        ),
        (
            map([("mode_bits", 2, "0644".into())]),
            2,
            9,
            "expected a whole number, found the string \"0644\"",
            None,
        ),
        (
            map([("mode_bits", 2, 65536.into())]),
            2,
            9,
            "expected a whole number from 0 to 65535, found the number 65536",
            None,
        ),
        (
            map([("mode_bits", 2, 1.0.into())]),
            2,
            9,
            "expected a whole number, found the number 1.0",
            None,
        ),
        (
            map([("owners", 3, "root".into())]),
            3,
            9,
            "expected a list, found the string \"root\"",
            None,
        ),
        (
            map([("owners", 3, list(["a".into(), 0.into()]))]),
            2,
            3,
            "expected a string, found the number 0",
            quotes,
        ),
        (
            map([("kind", 4, "hard_lnk".into())]),
            4,
            9,
            "unknown value `hard_lnk`",
            Some("did you mean `hard_link`? known here: `file`, `hard_link`, `device`"),
        ),
        (
            map([("kind", 4, "device".into())]),
            4,
            9,
            "`device` needs a value: `device: ...`",
            None,
        ),
        (
            map([("kind", 4, map([("file", 8, "x".into())]))]),
            8,
            9,
            "expected nothing, found the string \"x\"",
            None,
        ),
        (
            map([(
                "kind",
                4,
                map([("device", 8, map([("major", 9, (-1).into())]))]),
            )]),
            9,
            9,
            "expected a whole number from 0 to 4294967295, found the number -1",
            None,
        ),
        (
            map([("kind", 4, 1.into())]),
            4,
            9,
            "expected one of `file`, `hard_link`, `device`, found the number 1",
            None,
        ),
        (
            map([("pair", 5, list([1.into()]))]),
            5,
            9,
            "expected a tuple of size 2, found 1 items",
            None,
        ),
        (
            map([("pair", 5, list([1.into(), 2.into(), 3.into()]))]),
            3,
            3,
            "expected 2 items, found 3",
            None,
        ),
        (
            map([("labels", 6, map([("a", 7, "yes".into())]))]),
            7,
            9,
            "expected true or false, found the string \"yes\"",
            Some("write `true`"),
        ),
        (
            map([("size", 7, 0.into())]),
            7,
            9,
            "a size of nothing",
            Some("write 1"),
        ),
        (
            map([("size", 7, "x".repeat(41).into())]),
            7,
            9,
            "expected a whole number, found the string \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...",
            None,
        ),
    ] {
        let error = value.decode::<Entry>().unwrap_err();
        assert_eq!(error.message, message);
        assert_eq!(
            (error.span.line, error.span.column),
            (line, column),
            "{message}"
        );
        let help = help.map(|help| match message.starts_with("unknown key") {
            true => format!("{help}{known}"),
            false => help.to_owned(),
        });
        assert_eq!(error.help, help, "{message}");
    }
}

#[test]
fn two_spellings_of_a_key_are_one() {
    let key = |name: &str, line| Key {
        name: name.to_owned(),
        span: Span {
            line,
            ..Span::default()
        },
    };
    for (second, message) in [
        ("a_b", "the key `a_b` is given twice"),
        (
            "a-b",
            "the key `a-b` is given twice: `a_b` is the same name",
        ),
    ] {
        let mut map = Map::new();
        map.insert(key("a_b", 3), true.into()).unwrap();
        let error = map.insert(key(second, 4), true.into()).unwrap_err();
        assert_eq!((error.span.line, &*error.message), (4, message));
        assert_eq!(error.help.as_deref(), Some("it is first given on line 3"));
    }
}

//! Calls and results as texts, in the notation of Python: `mkdir('/srv', mode=0o700)`.

use crate::api::Data;

/// A call: the operation, arguments by position, arguments by name.
pub(super) type Call = (String, Vec<Data>, Vec<(String, Data)>);

/// Reads a call.
pub(super) fn call(text: &str) -> Call {
    let (name, rest) = text.split_once('(').unwrap();
    let mut rest = Reader(rest);
    let (mut args, mut named) = (Vec::new(), Vec::new());
    while !rest.eat(")") {
        match rest.0.split_once('=') {
            Some((key, value)) if key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
                rest = Reader(value);
                named.push((key.to_owned(), rest.value()));
            }
            _ => args.push(rest.value()),
        }
        rest.eat(", ");
    }
    assert_eq!(rest.0, "", "{text}");
    (name.to_owned(), args, named)
}

/// Shows a result; bytes that are no ASCII text as `\xff`.
pub(super) fn show(data: &Data) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match data {
        Data::Null => "None".to_owned(),
        Data::Bool(true) => "True".to_owned(),
        Data::Bool(false) => "False".to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => format!("{number:?}"),
        Data::Bytes(bytes) => format!("'{}'", bytes.escape_ascii()),
        Data::List(items) => format!("[{}]", list(items.iter().map(show).collect())),
        Data::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| format!("{key}: {}", show(value)));
            format!("{{{}}}", list(entries.collect()))
        }
    }
}

struct Reader<'t>(&'t str);

impl Reader<'_> {
    fn eat(&mut self, sign: &str) -> bool {
        let rest = self.0.strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn value(&mut self) -> Data {
        for (word, data) in [
            ("None", Data::Null),
            ("True", Data::Bool(true)),
            ("False", Data::Bool(false)),
        ] {
            if self.eat(word) {
                return data;
            }
        }
        if self.eat("[") {
            let mut items = Vec::new();
            while !self.eat("]") {
                items.push(self.value());
                self.eat(", ");
            }
            return Data::List(items);
        }
        if self.eat("{") {
            let mut entries = Vec::new();
            while !self.eat("}") {
                let (key, rest) = self.0.split_once(": ").unwrap();
                self.0 = rest;
                entries.push((key.to_owned(), self.value()));
                self.eat(", ");
            }
            return Data::Map(entries);
        }
        if self.eat("'") {
            let (text, rest) = self.0.split_once('\'').unwrap();
            self.0 = rest;
            return Data::Bytes(bytes(text));
        }
        let end = self.0.find([',', ')', ']', '}']).unwrap();
        let (number, rest) = self.0.split_at(end);
        self.0 = rest;
        match number.strip_prefix("0o") {
            Some(octal) => Data::Int(i64::from_str_radix(octal, 8).unwrap()),
            None if number.contains('.') => Data::Float(number.parse().unwrap()),
            None => Data::Int(number.parse().unwrap()),
        }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        found.extend_from_slice(before.as_bytes());
        let (digits, after) = after.split_at(2);
        found.push(u8::from_str_radix(digits, 16).unwrap());
        rest = after;
    }
    found.extend_from_slice(rest.as_bytes());
    found
}

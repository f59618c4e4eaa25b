//! The arguments of one call, checked against the table.

use std::vec;

use super::operation::{Operation, Parameter, Type};
use super::{Data, Error};
use crate::root::{Owner, Root, parse_mode};
use crate::value::nearest;

/// The longest path, in bytes: `PATH_MAX` of Linux without the NUL at its end.
const LONGEST_PATH: usize = 4095;

/// The key of a mapping in place of a path: the number of a file, as `stat` tells it.
const NUMBER: &str = "ino";

/// Arguments in the order of the parameters, defaults filled in; an operation reads them one by
/// one.
#[derive(Debug)]
pub(super) struct Args {
    rest: vec::IntoIter<Data>,
}

impl Args {
    /// Gives each parameter its argument or default, and checks its type.
    pub(super) fn bind(
        operation: &Operation,
        args: Vec<Data>,
        named: Vec<(String, Data)>,
    ) -> Result<Self, Error> {
        let Operation {
            name, parameters, ..
        } = operation;
        if args.len() > parameters.len() {
            let (given, most) = (args.len(), parameters.len());
            let message = format!("{name}: {given} arguments; at most {most} are allowed");
            return Err(Error::invalid(message).help(operation.to_string()));
        }
        let mut values: Vec<Option<Data>> = args.into_iter().map(Some).collect();
        values.resize(parameters.len(), None);
        for (key, value) in named {
            let Some(place) = parameters.iter().position(|p| p.name == key) else {
                return Err(unknown(operation, &key));
            };
            if values[place].replace(value).is_some() {
                return Err(Error::invalid(format!("{name}: `{key}` is given twice")));
            }
        }
        let bound = parameters.iter().zip(values);
        let bound: Result<Vec<_>, _> = bound.map(|(p, v)| fit(operation, p, v)).collect();
        Ok(Self {
            rest: bound?.into_iter(),
        })
    }

    /// Returns whether all arguments were read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.len() == 0
    }

    /// Reads an argument that may be anything, or null.
    pub(super) fn any(&mut self) -> Data {
        self.rest.next().expect("one for each parameter")
    }

    /// Reads a text, path or bytes.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        self.maybe_bytes().expect("it is required")
    }

    /// Reads a text, path or bytes that may be left out.
    pub(super) fn maybe_bytes(&mut self) -> Option<Vec<u8>> {
        match self.any() {
            Data::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Reads a text as UTF-8, odd bytes replaced: for what cannot hold them anyway.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Reads such a text that may be left out.
    pub(super) fn maybe_text(&mut self) -> Option<String> {
        let bytes = self.maybe_bytes()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads true or false.
    pub(super) fn flag(&mut self) -> bool {
        self.any() == Data::Bool(true)
    }

    /// Reads a number that may be left out.
    pub(super) fn maybe_int(&mut self) -> Option<i64> {
        match self.any() {
            Data::Int(number) => Some(number),
            _ => None,
        }
    }

    /// Reads a number of a type with a smaller range, which the table keeps to.
    pub(super) fn int<T: TryFrom<i64>>(&mut self) -> T {
        let number = self.maybe_int().and_then(|number| T::try_from(number).ok());
        number.expect("the table gives its range")
    }

    /// Reads a mode that may be left out.
    pub(super) fn mode(&mut self) -> Option<u16> {
        let number = self.maybe_int()?;
        Some(u16::try_from(number).expect("a mode is checked"))
    }

    /// Reads a user or group that may be left out.
    pub(super) fn owner(&mut self) -> Option<Owner> {
        match self.any() {
            Data::Int(id) => Some(Owner::Id(u32::try_from(id).expect("an id is checked"))),
            Data::Bytes(name) => Some(Owner::Name(name)),
            _ => None,
        }
    }
}

fn unknown(operation: &Operation, key: &str) -> Error {
    let error = Error::invalid(format!("{}: unknown parameter `{key}`", operation.name));
    let known = operation.parameters.iter().map(|parameter| parameter.name);
    error.help(match nearest(key, known) {
        Some(near) => format!("did you mean `{near}`? {operation}"),
        None => operation.to_string(),
    })
}

/// Returns the argument in the one form of its type, or the default.
fn fit(operation: &Operation, parameter: &Parameter, value: Option<Data>) -> Result<Data, Error> {
    let name = format!("{}: `{}`", operation.name, parameter.name);
    let value = match (value, parameter.default) {
        (Some(value), _) => value,
        (None, Some(default)) => return Ok(default.into()),
        (None, None) => {
            let error = Error::invalid(format!("{name} is missing"));
            return Err(error.help(operation.to_string()));
        }
    };
    if value == Data::Null && parameter.default.is_some_and(|d| Data::from(d) == value) {
        return Ok(value);
    }
    checked(&name, parameter.kind, value)
}

/// Checks one value; modes become numbers, and so do ids in quotes.
fn checked(name: &str, kind: Type, value: Data) -> Result<Data, Error> {
    let fits = match (kind, &value) {
        (Type::Bool | Type::BoolOrText, Data::Bool(_)) | (Type::Map, Data::Map(_)) => true,
        (Type::Bytes | Type::Text | Type::BoolOrText, Data::Bytes(_)) => true,
        (Type::Int { min, max }, Data::Int(number)) => (min..=max).contains(number),
        (Type::Mode | Type::ModeChange, Data::Int(mode)) => (0..=0o7777).contains(mode),
        (Type::Owner, Data::Int(id)) => (0..i64::from(u32::MAX)).contains(id),
        (Type::Choice(words), Data::Bytes(word)) => {
            words.iter().any(|known| known.as_bytes() == word)
        }
        (Type::Path, Data::Bytes(path)) => {
            if path.contains(&0) {
                let path_text = path.escape_ascii();
                let error = Error::invalid(format!("{name}: \"{path_text}\" holds a NUL byte"));
                return Err(error.at(path.clone()));
            }
            if path.len() > LONGEST_PATH {
                let len = path.len();
                let message =
                    format!("{name}: a path of {len} bytes; at most {LONGEST_PATH} are allowed");
                return Err(Error::other(message));
            }
            true
        }
        (Type::Path, Data::Map(entries)) => {
            if let [(key, Data::Int(number))] = &entries[..]
                && key == NUMBER
                && let Ok(number) = u64::try_from(*number)
            {
                return Ok(Data::Bytes(Root::path_of_number(number)));
            }
            false
        }
        (Type::Mode | Type::ModeChange, Data::Bytes(text)) => {
            if let Some(mode) = parse_mode(text) {
                return Ok(Data::Int(mode.into()));
            }
            // Which bits it changes is known only when they are seen.
            kind == Type::ModeChange
        }
        (Type::Owner, Data::Bytes(text)) => {
            let Some(owner) = Owner::parse(text) else {
                return Err(mismatch(name, kind, &value));
            };
            if let Owner::Id(id) = owner {
                return Ok(id.into());
            }
            true
        }
        (Type::List(item), Data::List(_)) => {
            let Data::List(items) = value else {
                unreachable!("matched above");
            };
            let items = (1..)
                .zip(items)
                .map(|(place, value)| checked(&format!("{name}, item {place}"), *item, value));
            return items.collect::<Result<_, _>>().map(Data::List);
        }
        _ => false,
    };
    if fits {
        Ok(value)
    } else {
        Err(mismatch(name, kind, &value))
    }
}

fn mismatch(name: &str, kind: Type, found: &Data) -> Error {
    let found = match found {
        Data::Int(number) => format!("the number {number}"),
        Data::Float(number) => format!("the number {number:?}"),
        Data::Bool(value) => value.to_string(),
        Data::Bytes(text) if text.len() <= 40 => format!("the text \"{}\"", text.escape_ascii()),
        other => other.noun().to_owned(),
    };
    Error::invalid(format!("{name}: expected {kind}, found {found}"))
}

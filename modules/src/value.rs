//! What a recipe says, as a tree of values that know where they were written.
//!
//! Nothing here reads YAML: `src/recipe/yaml.rs` makes these values, and the options that a module
//! gets are made of them. [`Value::decode`] turns a value into a type of the caller's.

mod decode;
mod names;
mod spanned;

use std::collections::BTreeMap;
use std::fmt;

pub use names::{canonical, nearest, same_name, unknown_name_help};
pub use spanned::Spanned;

/// A place in the recipe's text.
///
/// The default is no place at all (line 0): a value that the program made itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte, from the start of the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte in characters, from 1.
    pub column: usize,
}

/// One value of the recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it was written.
    pub span: Span,
    /// What it is.
    pub data: Data,
}

/// What a [`Value`] is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing: `key:` with no value, `~`, `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text, quoted or not.
    String(String),
    /// A list, in order.
    List(Vec<Value>),
    /// A mapping, in order.
    Map(Map),
}

/// A mapping in the order of the text; no two keys are the [same name](same_name).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    entries: Vec<(Key, Value)>,
    /// Where each name is among the entries, by its letters as [`same_name`] compares them.
    places: BTreeMap<String, usize>,
}

/// A key of a [`Map`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as it was written, `-` and `_` as they were.
    pub name: String,
    /// Where it was written.
    pub span: Span,
}

/// What is wrong with a value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// The value or key at fault.
    pub span: Span,
    /// One line, lower case.
    pub message: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
}

impl ValueError {
    /// Returns an error about the text at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Value {
    /// Returns this value as a `T`.
    ///
    /// Structs should be `#[serde(deny_unknown_fields)]`; their fields may be [`Spanned`]. Do not
    /// use `flatten`, `untagged` or `tag`: serde copies the values for those and the places get
    /// lost. An error that a `Deserialize` of your own returns may have a second line: its help.
    ///
    /// # Errors
    ///
    /// Fails with the innermost value or key that does not fit.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, ValueError> {
        decode::decode(self)
    }

    /// Returns the text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.data {
            Data::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the error that says what was expected here and what was found instead.
    pub fn mismatch(&self, expected: &str) -> ValueError {
        ValueError::new(self.span, format!("expected {expected}, found {self}"))
    }
}

/// Names the value for a message: `the string "web1"`, `the number 1.1`, `a list`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Data::Null => f.write_str("nothing"),
            Data::Bool(value) => write!(f, "{value}"),
            Data::Integer(value) => write!(f, "the number {value}"),
            // Debug keeps the point of 1.0, which is what makes it no whole number.
            Data::Float(value) => write!(f, "the number {value:?}"),
            Data::String(text) => write!(f, "the string {}", Excerpt(text)),
            Data::List(_) => f.write_str("a list"),
            Data::Map(_) => f.write_str("a mapping"),
        }
    }
}

/// Shows a text of the user's in a message: quoted, on one line, and cut when it is long.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 40;
        match self.0.char_indices().nth(LONGEST) {
            None => write!(f, "{:?}", self.0),
            Some((cut, _)) => write!(f, "{:?}...", &self.0[..cut]),
        }
    }
}

impl Map {
    /// Returns an empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of the key that is the [same name](same_name).
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entry(name).map(|(_, value)| value)
    }

    /// Returns the key that is the [same name](same_name), and its value.
    pub fn entry(&self, name: &str) -> Option<(&Key, &Value)> {
        let (key, value) = &self.entries[*self.places.get(&names::letters(name))?];
        Some((key, value))
    }

    /// Returns the keys and values in the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns the keys in the order of the text.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// Returns how many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a key behind the others.
    ///
    /// # Errors
    ///
    /// Fails at the new key when the mapping has that name already.
    pub fn insert(&mut self, key: Key, value: Value) -> Result<(), ValueError> {
        if let Some((first, _)) = self.entry(&key.name) {
            let mut message = format!("the key `{}` is given twice", key.name);
            if first.name != key.name {
                message += &format!(": `{}` is the same name", first.name);
            }
            let error = ValueError::new(key.span, message);
            return Err(error.help(format!("it is first given on line {}", first.span.line)));
        }
        self.places
            .insert(names::letters(&key.name), self.entries.len());
        self.entries.push((key, value));
        Ok(())
    }
}

macro_rules! value_from {
    ($($from:ty => $data:expr),* $(,)?) => {$(
        /// Makes a value that stands nowhere in the text.
        impl From<$from> for Value {
            fn from(data: $from) -> Self {
                Self { span: Span::default(), data: $data(data) }
            }
        }
    )*};
}

value_from! {
    bool => Data::Bool,
    i64 => Data::Integer,
    f64 => Data::Float,
    String => Data::String,
    &str => |text: &str| Data::String(text.to_owned()),
    Vec<Value> => Data::List,
    Map => Data::Map,
}

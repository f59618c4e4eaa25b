//! What goes in and out of an operation.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An argument or a result, in the types that every language of modules has.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing; for a parameter with the default [`Literal::Null`](super::Literal::Null), as if it
    /// were left out.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number; only recipes have them, no operation takes one.
    Float(f64),
    /// A text or bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Data>),
    /// A mapping, in order.
    Map(Vec<(String, Data)>),
}

impl Data {
    /// Returns the value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Data> {
        let Data::Map(entries) = self else {
            return None;
        };
        let found = entries.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// Makes a mapping.
    pub(super) fn map<const N: usize>(entries: [(&str, Data); N]) -> Self {
        let entries = entries.map(|(key, value)| (key.to_owned(), value));
        Data::Map(entries.into())
    }

    /// Names the sort of value for a message.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Data::Null => "nothing",
            Data::Bool(_) => "a boolean",
            Data::Int(_) | Data::Float(_) => "a number",
            Data::Bytes(_) => "a text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

macro_rules! data_from {
    ($($from:ty => $data:expr),* $(,)?) => {$(
        impl From<$from> for Data {
            fn from(value: $from) -> Self {
                $data(value)
            }
        }
    )*};
}

data_from! {
    bool => Data::Bool,
    i64 => Data::Int,
    u32 => |number| Data::Int(i64::from(number)),
    Vec<u8> => Data::Bytes,
    &[u8] => |bytes: &[u8]| Data::Bytes(bytes.to_vec()),
    &str => |text: &str| Data::Bytes(text.as_bytes().to_vec()),
    String => |text: String| Data::Bytes(text.into_bytes()),
    Vec<Data> => Data::List,
    // A size in bytes: no file is longer than the largest i64.
    u64 => |number| Data::Int(i64::try_from(number).unwrap_or(i64::MAX)),
    () => |()| Data::Null,
}

impl From<Vec<Vec<u8>>> for Data {
    fn from(items: Vec<Vec<u8>>) -> Self {
        Data::List(items.into_iter().map(Data::Bytes).collect())
    }
}

/// Reads anything that a recipe may hold.
impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_unit<E>(self) -> Result<Data, E> {
                Ok(Data::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Data, E> {
                Ok(Data::Bool(value))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Data, E> {
                Ok(Data::Int(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Data, E> {
                let number = i64::try_from(number);
                number
                    .map(Data::Int)
                    .map_err(|_| E::custom("the number is too large"))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Data, E> {
                Ok(Data::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Data, E> {
                Ok(Data::from(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Data::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Data::Map(entries))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

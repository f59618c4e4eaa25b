//! A [`Value`] becomes a type of the caller's, through serde; what does not fit is named with its
//! place.

mod access;
mod fault;
#[cfg(test)]
mod tests;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::names::canonical;
use super::spanned::SPANNED;
use super::{Data, Value, ValueError};
use access::{SpannedParts, Variant, visit_list, visit_map};
use fault::Fault;

/// Reads a `T` out of a value.
pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, ValueError> {
    T::deserialize(Source(value)).map_err(|fault| ValueError {
        span: fault.span.unwrap_or(value.span),
        message: fault.message,
        help: fault.help,
    })
}

/// One method for each width of whole numbers.
macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ty),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let Data::Integer(number) = self.0.data else {
                return Err(self.0.mismatch("a whole number").into());
            };
            let fitting = <$type>::try_from(number).map_err(|_| {
                self.0.mismatch(&format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX))
            })?;
            visitor.$visit(fitting).map_err(|fault: Fault| fault.at(self.0.span))
        }
    )*};
}

/// The value that serde reads from.
#[derive(Clone, Copy)]
struct Source<'v>(&'v Value);

impl<'de> Deserializer<'de> for Source<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.data {
            Data::Null => visitor.visit_unit(),
            Data::Bool(value) => visitor.visit_bool(*value),
            // Like serde_json: a visitor may know u64 alone or i64 alone.
            Data::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Data::Float(value) => visitor.visit_f64(*value),
            Data::String(text) => visitor.visit_borrowed_str(text),
            Data::List(items) => visit_list(items, visitor),
            Data::Map(map) => visit_map(map, &[], self.0.span, visitor),
        }
        .map_err(|fault| fault.at(self.0.span))
    }

    whole_numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.data {
            Data::Bool(_) => self.deserialize_any(visitor),
            _ => {
                let error = self.0.mismatch("true or false");
                // The other booleans of YAML 1.1.
                Err(match self.0.as_str().map(str::to_lowercase).as_deref() {
                    Some("yes" | "on" | "y") => error.help("write `true`").into(),
                    Some("no" | "off" | "n") => error.help("write `false`").into(),
                    _ => error.into(),
                })
            }
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.data {
            Data::Integer(_) | Data::Float(_) => self.deserialize_any(visitor),
            _ => Err(self.0.mismatch("a number").into()),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.data {
            Data::String(_) => self.deserialize_any(visitor),
            // YAML reads 1.10 as 1.1 and 0644 as some number: what was typed is gone.
            Data::Integer(_) | Data::Float(_) | Data::Bool(_) => {
                let error = self.0.mismatch("a string");
                Err(error.help("put it in quotes").into())
            }
            _ => Err(self.0.mismatch("a string").into()),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.data {
            Data::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|fault| fault.at(self.0.span))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            SPANNED => visitor.visit_seq(SpannedParts::new(self.0.span, self)),
            _ => visitor.visit_newtype_struct(self),
        }
        .map_err(|fault| fault.at(self.0.span))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.data {
            Data::List(_) => self.deserialize_any(visitor),
            _ => Err(self.0.mismatch("a list").into()),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.data {
            Data::Map(map) => visit_map(map, fields, self.0.span, visitor),
            _ => Err(self.0.mismatch("a mapping").into()),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let variant = match &self.0.data {
            Data::String(name) => Variant {
                name,
                span: self.0.span,
                content: None,
            },
            Data::Map(map) if map.len() == 1 => {
                let (key, content) = &map.entries[0];
                Variant {
                    name: canonical(&key.name, variants).unwrap_or(&key.name),
                    span: key.span,
                    content: Some(content),
                }
            }
            _ => {
                let known: Vec<String> = variants.iter().map(|name| format!("`{name}`")).collect();
                let expected = format!("one of {}", known.join(", "));
                return Err(self.0.mismatch(&expected).into());
            }
        };
        visitor
            .visit_enum(variant)
            .map_err(|fault| fault.at(self.0.span))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple_struct
    }
}

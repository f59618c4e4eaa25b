//! What serde sees of lists, mappings and enums.

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Source;
use super::fault::Fault;
use crate::value::names::canonical;
use crate::value::spanned::SPANNED;
use crate::value::{Key, Map, Span, Value};

/// The two halves of a [`Spanned`](crate::value::Spanned), one after the other.
pub(super) struct SpannedParts<D> {
    span: Option<Span>,
    value: Option<D>,
}

impl<D> SpannedParts<D> {
    pub(super) fn new(span: Span, value: D) -> Self {
        Self {
            span: Some(span),
            value: Some(value),
        }
    }
}

impl<'de, D: Deserializer<'de, Error = Fault>> SeqAccess<'de> for SpannedParts<D> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if let Some(span) = self.span.take() {
            let Span {
                start,
                end,
                line,
                column,
            } = span;
            let span = SeqDeserializer::new([start, end, line, column].into_iter());
            return seed.deserialize(span).map(Some);
        }
        let value = self.value.take();
        value.map(|value| seed.deserialize(value)).transpose()
    }
}

/// The key of a mapping that serde reads from.
struct KeySource<'v> {
    name: &'v str,
    span: Span,
}

impl<'de> Deserializer<'de> for KeySource<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            SPANNED => visitor.visit_seq(SpannedParts::new(self.span, self)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

pub(super) fn visit_list<'de, V: Visitor<'de>>(
    items: &'de [Value],
    visitor: V,
) -> Result<V::Value, Fault> {
    let mut rest = Items(items.iter());
    let value = visitor.visit_seq(&mut rest)?;
    match rest.0.next() {
        None => Ok(value),
        Some(extra) => {
            let wanted = items.len() - rest.0.len() - 1;
            let message = format!("expected {wanted} items, found {}", items.len());
            Err(Fault::new(message).at(extra.span))
        }
    }
}

struct Items<'v>(std::slice::Iter<'v, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.0
            .next()
            .map(|item| seed.deserialize(Source(item)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

pub(super) fn visit_map<'de, V: Visitor<'de>>(
    map: &'de Map,
    fields: &'static [&'static str],
    span: Span,
    visitor: V,
) -> Result<V::Value, Fault> {
    let mut rest = Entries {
        rest: map.entries.iter(),
        fields,
        value: None,
        at: span,
        whole: span,
    };
    let value = visitor.visit_map(&mut rest);
    value.map_err(|fault| fault.at(rest.at))
}

struct Entries<'v> {
    rest: std::slice::Iter<'v, (Key, Value)>,
    /// Names that keys are matched to; nothing when they are the caller's own.
    fields: &'static [&'static str],
    value: Option<&'v Value>,
    /// What an error is about that comes now: the last key, or the mapping once all are read.
    at: Span,
    whole: Span,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else {
            self.at = self.whole;
            return Ok(None);
        };
        self.at = key.span;
        self.value = Some(value);
        let name = canonical(&key.name, self.fields).unwrap_or(&key.name);
        let span = key.span;
        seed.deserialize(KeySource { name, span }).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let value = self.value.take().expect("serde asks for a key first");
        seed.deserialize(Source(value))
    }
}

/// The chosen case of an enum: `name`, or `name: content`.
pub(super) struct Variant<'v> {
    pub(super) name: &'v str,
    pub(super) span: Span,
    pub(super) content: Option<&'v Value>,
}

impl<'de> Variant<'de> {
    fn content(&self) -> Result<&'de Value, Fault> {
        self.content.ok_or_else(|| {
            Fault::new(format!("`{}` needs a value: `{0}: ...`", self.name)).at(self.span)
        })
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let chosen = seed.deserialize(StrDeserializer::new(self.name));
        Ok((chosen.map_err(|fault: Fault| fault.at(self.span))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(content) => Err(content.mismatch("nothing").into()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(Source(self.content()?))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        Source(self.content()?).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        Source(self.content()?).deserialize_struct("", fields, visitor)
    }
}

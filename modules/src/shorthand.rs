//! Options that are a mapping, or a text that stands for one: `alice` for `{name: alice}`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use crate::value::canonical;

/// A mapping that a text can stand for.
pub(crate) trait FromText: Sized {
    /// What the recipe may hold here, for messages.
    const EXPECTED: &'static str;

    /// Returns the mapping that the text stands for.
    fn from_text(text: &str) -> Self;
}

/// Reads a `T` from its mapping or from its text.
pub(crate) struct Shorthand<T>(pub(crate) T);

impl<'de, T: Deserialize<'de> + FromText> Deserialize<'de> for Shorthand<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + FromText> Visitor<'de> for Either<T> {
            type Value = Shorthand<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Shorthand<T>, E> {
                Ok(Shorthand(T::from_text(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shorthand<T>, A::Error> {
                T::deserialize(Mapping(map)).map(Shorthand)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// A mapping that was asked for as anything. Only now its fields are known, so that a key with `-`
/// can be told to be the field with `_`.
struct Mapping<A>(A);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Mapping<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(Fields {
            map: self.0,
            fields,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<A> {
    map: A,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.map.next_key::<String>()? else {
            return Ok(None);
        };
        let name = canonical(&key, self.fields).unwrap_or(&key);
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::value;
    use crate::value::Value;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct User {
        name: String,
        #[serde(default)]
        create_home: bool,
    }

    impl FromText for User {
        const EXPECTED: &'static str = "a name or a mapping";

        fn from_text(name: &str) -> Self {
            Self {
                name: name.to_owned(),
                create_home: false,
            }
        }
    }

    #[test]
    fn texts_and_mappings() {
        let user = |name: &str, create_home| {
            let name = name.to_owned();
            Ok(User { name, create_home })
        };
        let error = |message: &str| Err(message.to_owned());
        for (value, want) in [
            (value!("a"), user("a", false)),
            (value!({"name": "a"}), user("a", false)),
            (value!({"name": "a", "create_home": true}), user("a", true)),
            (value!({"name": "a", "create-home": true}), user("a", true)),
            (
                value!({"name": "a", "home": true}),
                error("unknown key `home`"),
            ),
            (
                value!({"create_home": true}),
                error("the key `name` is missing"),
            ),
            (
                value!(7_i64),
                error("expected a name or a mapping, found the number 7"),
            ),
            (
                value!([]),
                error("expected a name or a mapping, found a list"),
            ),
        ] {
            let found = Value::decode::<Shorthand<User>>(&value);
            let found = found.map(|user| user.0).map_err(|error| error.to_string());
            assert_eq!(found, want);
        }
    }
}

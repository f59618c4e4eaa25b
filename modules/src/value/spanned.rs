//! A field that knows where it was written.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::{Span, ValueError};

/// A field that keeps its place, so that a later check can point at it.
///
/// It can be read by [`Value::decode`](super::Value::decode) alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Returns the error that says what is wrong with this field.
    pub fn error(&self, message: impl Into<String>) -> ValueError {
        ValueError::new(self.span, message)
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// How [`Spanned`] asks the deserializer below for the place as well.
pub(super) const SPANNED: &str = "hsb::Spanned";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spanned<T>, A::Error> {
                let missing = || A::Error::invalid_length(2, &self);
                let [start, end, line, column] = parts.next_element()?.ok_or_else(missing)?;
                let span = Span {
                    start,
                    end,
                    line,
                    column,
                };
                let value = parts.next_element()?.ok_or_else(missing)?;
                Ok(Spanned { value, span })
            }
        }

        deserializer.deserialize_newtype_struct(SPANNED, Parts(PhantomData))
    }
}

//! Sizes as users write them: `4G`, `1.5GiB`, `500MB`, `auto`, `+512M`, `rest`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use thiserror::Error as ThisError;

/// How large an image or a partition is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// This many bytes: from 1 to 2^63-1.
    Bytes(u64),
    /// What the content needs.
    Auto,
    /// What the content needs, and this many bytes free.
    Free(u64),
    /// What the other partitions leave; of partitions only.
    Rest,
}

/// The grammar, as the second line of every message about a size.
const GRAMMAR: &str = "write bytes, or a number with K, M, G, T (or KiB, MiB, GiB, \
     TiB: powers of 1024) or with KB, MB, GB, TB (powers of 1000); `auto` fits the content, \
     `+512M` leaves that much free";

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum SizeError {
    /// It is not written like one.
    #[error("{0:?} is no size\n{GRAMMAR}")]
    Form(String),
    /// It ends in the middle of a byte.
    #[error("{0:?} is not a whole number of bytes\n{GRAMMAR}")]
    Fraction(String),
    /// It is nothing.
    #[error("{0:?} is a size of nothing\n{GRAMMAR}")]
    Zero(String),
    /// It does not fit the file offsets of an operating system.
    #[error("{0:?} is more than 2^63-1 bytes, the largest size there is\n{GRAMMAR}")]
    TooLarge(String),
    /// It means something for partitions only.
    #[error("`rest` is the size of a partition\n{GRAMMAR}")]
    Rest,
}

/// The powers of 1024 and of 1000.
const UNITS: [(&str, u64); 13] = [
    ("", 1),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
];

impl Size {
    /// Reads the size of an image or of a partition.
    ///
    /// # Errors
    ///
    /// Fails when it is no size.
    pub(super) fn parse(text: &str) -> Result<Self, SizeError> {
        match text {
            "auto" => Ok(Self::Auto),
            "rest" => Ok(Self::Rest),
            _ => match text.strip_prefix('+') {
                Some(free) => bytes(text, free).map(Self::Free),
                None => bytes(text, text).map(Self::Bytes),
            },
        }
    }
}

/// Reads the size of an image.
impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        match Self::parse(text)? {
            Self::Rest => Err(SizeError::Rest),
            size => Ok(size),
        }
    }
}

/// Reads `number`, which is what `whole` says without its sign.
fn bytes(whole: &str, number: &str) -> Result<u64, SizeError> {
    let form = || SizeError::Form(whole.to_owned());
    let too_large = || SizeError::TooLarge(whole.to_owned());
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let (digits, unit) = number.split_at(end);
    let mut units = UNITS.into_iter();
    let (_, unit) = units
        .find(|(name, _)| unit.eq_ignore_ascii_case(name))
        .ok_or_else(form)?;
    let (units, parts) = match digits.split_once('.') {
        None => (digits, "0"),
        Some((units, parts)) => (units, parts),
    };
    if units.is_empty() || parts.is_empty() || parts.contains('.') {
        return Err(form());
    }
    // 1.50G is 150 hundredths of G.
    let parts = parts.trim_end_matches('0');
    let scale = u32::try_from(parts.len())
        .ok()
        .and_then(|digits| 10_u128.checked_pow(digits));
    let scale = scale.ok_or_else(|| SizeError::Fraction(whole.to_owned()))?;
    let number: Option<u128> = format!("{units}{parts}").parse().ok();
    let scaled = number.and_then(|number| number.checked_mul(u128::from(unit)));
    let scaled = scaled.ok_or_else(too_large)?;
    if !scaled.is_multiple_of(scale) {
        return Err(SizeError::Fraction(whole.to_owned()));
    }
    match i64::try_from(scaled / scale) {
        Err(_) => Err(too_large()),
        Ok(0) => Err(SizeError::Zero(whole.to_owned())),
        Ok(bytes) => Ok(bytes.unsigned_abs()),
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a size such as 4G")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
                self.visit_str(&bytes.to_string())
            }

            fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
                self.visit_str(&bytes.to_string())
            }
        }

        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        const G: u64 = 1 << 30;
        for (text, size) in [
            ("1", Size::Bytes(1)),
            ("512", Size::Bytes(512)),
            ("0512", Size::Bytes(512)),
            ("4G", Size::Bytes(4 * G)),
            ("4g", Size::Bytes(4 * G)),
            ("4GiB", Size::Bytes(4 * G)),
            ("4gib", Size::Bytes(4 * G)),
            ("4GB", Size::Bytes(4_000_000_000)),
            ("2K", Size::Bytes(2048)),
            ("2kB", Size::Bytes(2000)),
            ("3M", Size::Bytes(3 << 20)),
            ("3MB", Size::Bytes(3_000_000)),
            ("1T", Size::Bytes(1 << 40)),
            ("1TB", Size::Bytes(1_000_000_000_000)),
            ("1.5G", Size::Bytes(G + G / 2)),
            (
                "1.50000000000000000000000000000000000000000000G",
                Size::Bytes(G + G / 2),
            ),
            ("0.5K", Size::Bytes(512)),
            ("1.0", Size::Bytes(1)),
            ("0.001KB", Size::Bytes(1)),
            ("0.0009765625K", Size::Bytes(1)),
            ("9223372036854775807", Size::Bytes((1 << 63) - 1)),
            ("8388607T", Size::Bytes(((1 << 23) - 1) << 40)),
            ("auto", Size::Auto),
            ("+512M", Size::Free(512 << 20)),
            ("+1", Size::Free(1)),
        ] {
            assert_eq!(text.parse(), Ok(size), "{text}");
        }
        assert_eq!(Size::parse("rest"), Ok(Size::Rest));
    }

    #[test]
    fn no_sizes() {
        for (text, error) in [
            ("", SizeError::Form as fn(String) -> SizeError),
            ("G", SizeError::Form),
            ("+", SizeError::Form),
            ("-1", SizeError::Form),
            ("++1", SizeError::Form),
            ("+-1", SizeError::Form),
            ("+auto", SizeError::Form),
            ("Auto", SizeError::Form),
            ("4 G", SizeError::Form),
            (" 4G", SizeError::Form),
            ("4G ", SizeError::Form),
            ("4P", SizeError::Form),
            ("4B", SizeError::Form),
            ("4Gi", SizeError::Form),
            ("4GG", SizeError::Form),
            ("1.G", SizeError::Form),
            (".5G", SizeError::Form),
            ("1.5.0G", SizeError::Form),
            ("1,5G", SizeError::Form),
            ("1e9", SizeError::Form),
            ("0x10", SizeError::Form),
            ("\u{664}G", SizeError::Form),
            ("1.5", SizeError::Fraction),
            ("0.1K", SizeError::Fraction),
            (
                "1.0000000000000000000000000000000000000000001T",
                SizeError::Fraction,
            ),
            ("0", SizeError::Zero),
            ("0T", SizeError::Zero),
            ("0.0G", SizeError::Zero),
            ("+0", SizeError::Zero),
            ("9223372036854775808", SizeError::TooLarge),
            ("8388608T", SizeError::TooLarge),
            (
                "340282366920938463463374607431768211455T",
                SizeError::TooLarge,
            ),
            (
                "999999999999999999999999999999999999999999",
                SizeError::TooLarge,
            ),
        ] {
            assert_eq!(text.parse::<Size>(), Err(error(text.to_owned())), "{text}");
        }
        assert_eq!("rest".parse::<Size>(), Err(SizeError::Rest));
    }
}

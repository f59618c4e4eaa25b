//! The serial number of a volume, which Linux shows as its UUID.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

/// 32 bits that tell volumes apart, written as `1A2B-3C4D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serial(pub u32);

impl Serial {
    /// Returns the first 32 bits of an identifier.
    pub fn from_uuid(uuid: &Uuid) -> Self {
        Self(uuid.as_fields().0)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}-{:04X}", self.0 >> 16, self.0 & 0xFFFF)
    }
}

/// Why a text is no serial number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no serial number of a FAT volume; write 8 hexadecimal digits like 1A2B-3C4D")]
pub struct SerialError(String);

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        let halves = text.split_once('-').filter(|(high, low)| {
            let is_half =
                |half: &str| half.len() == 4 && half.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_half(high) && is_half(low)
        });
        halves
            .and_then(|(high, low)| u32::from_str_radix(&format!("{high}{low}"), 16).ok())
            .map(Self)
            .ok_or_else(|| SerialError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, number) in [
            ("1A2B-3C4D", 0x1A2B_3C4D),
            ("0000-0001", 1),
            ("FFFF-FFFF", u32::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Serial(number)));
            assert_eq!(Serial(number).to_string(), text);
        }
        assert_eq!("1a2b-3c4d".parse(), Ok(Serial(0x1A2B_3C4D)));
        for text in [
            "",
            "1A2B3C4D",
            "1A2B-3C4",
            "+A2B-3C4D",
            "1A2B-3C4D-",
            "1A2G-3C4D",
        ] {
            assert!(text.parse::<Serial>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_start_of_a_uuid() {
        let uuid = Uuid::from_u128(0x1A2B_3C4D_0000_0000_0000_0000_0000_0001);
        assert_eq!(Serial::from_uuid(&uuid), Serial(0x1A2B_3C4D));
    }
}

//! The fields of a structure, and what they hold, for people.

use fsgen::Timestamp;
use uuid::Uuid;

use crate::fields::{Fields as _, slice};
use crate::reader::name::shown;
use crate::reader::time;

/// How a field is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Show {
    Number,
    /// In hexadecimal digits: flags, checksums.
    Bits,
    /// Type and permissions.
    Mode,
    /// Seconds since 1970, and behind them what ext4 has of the rest.
    Time,
    Uuid,
    /// A UUID whose first three numbers are little-endian.
    Guid,
    Text,
    /// Text of UTF-16.
    Wide,
    Bytes,
}

/// A field: its name, and where it is; of a number in halves, the lower one first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) show: Show,
    pub(super) at: (usize, usize),
    pub(super) high: (usize, usize),
}

impl Field {
    pub(super) const fn new(name: &'static str, show: Show, at: usize, len: usize) -> Self {
        Self {
            name,
            show,
            at: (at, len),
            high: (0, 0),
        }
    }

    /// A field of which the higher half is elsewhere.
    pub(super) const fn and(self, at: usize, len: usize) -> Self {
        Self {
            high: (at, len),
            ..self
        }
    }

    fn bytes(&self, raw: &[u8]) -> Vec<u8> {
        let mut bytes = slice(raw, self.at.0, self.at.1).to_vec();
        bytes.extend(slice(raw, self.high.0, self.high.1));
        bytes
    }

    fn value(&self, raw: &[u8]) -> String {
        let bytes = self.bytes(raw);
        match self.show {
            Show::Number => bytes[..].le64(0).to_string(),
            Show::Bits => format!("{:#x}", bytes[..].le64(0)),
            Show::Mode => format!("{:06o}", bytes[..].le16(0)),
            Show::Time => {
                let (seconds, extra) = (bytes[..].le32(0), bytes[..].le32(4));
                let time = Timestamp {
                    secs: i64::from(seconds.cast_signed()) + (i64::from(extra & 3) << 32),
                    nanos: extra >> 2,
                };
                time::exact(time)
            }
            Show::Uuid => Uuid::from_bytes(bytes[..].array(0)).to_string(),
            Show::Guid => Uuid::from_bytes_le(bytes[..].array(0)).to_string(),
            Show::Text => {
                let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                format!("\"{}\"", shown(text))
            }
            Show::Wide => {
                let units = bytes.chunks_exact(2).map(|unit| unit.le16(0));
                let units: Vec<_> = units.take_while(|unit| *unit != 0).collect();
                format!("\"{}\"", shown(String::from_utf16_lossy(&units).as_bytes()))
            }
            Show::Bytes => hex(&bytes),
        }
    }
}

/// What differs in a structure.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) field: String,
    pub(super) image: String,
    pub(super) rebuilt: String,
    /// Whether it follows from other fields: a checksum.
    pub(super) is_derived: bool,
}

/// Returns the fields that differ, those with the same values together.
pub(super) fn differing(fields: &[Field], image: &[u8], rebuilt: &[u8]) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for field in fields {
        if field.bytes(image) == field.bytes(rebuilt) {
            continue;
        }
        let (mut a, mut b) = (field.value(image), field.value(rebuilt));
        if a == b {
            // What is behind the end of a text, say.
            (a, b) = (hex(&field.bytes(image)), hex(&field.bytes(rebuilt)));
        }
        let same = found
            .iter_mut()
            .find(|one| one.image == a && one.rebuilt == b);
        match same {
            Some(one) if !one.is_derived => one.field = format!("{}, {}", one.field, field.name),
            _ => found.push(Difference {
                field: field.name.to_owned(),
                image: a,
                rebuilt: b,
                is_derived: field.name.contains("checksum"),
            }),
        }
    }
    found
}

/// Returns the first byte that differs, by where it is in the structure.
pub(super) fn first_byte(image: &[u8], rebuilt: &[u8]) -> Difference {
    byte_of("byte", 0, image, rebuilt)
}

/// Returns the first byte that differs, where the first one of all has the number `from`.
pub(super) fn byte_of(what: &str, from: u64, image: &[u8], rebuilt: &[u8]) -> Difference {
    let mut pairs = (from..).zip(image.iter().zip(rebuilt));
    let (at, (a, b)) = pairs.find(|(_, (a, b))| a != b).unwrap_or((from, (&0, &0)));
    Difference {
        field: format!("{what} {at}"),
        image: format!("{a:#04x}"),
        rebuilt: format!("{b:#04x}"),
        is_derived: false,
    }
}

/// Returns bytes as digits, without the zeros at their end.
fn hex(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    let digits = bytes[..end].iter().map(|byte| format!("{byte:02x}"));
    match end {
        0 => "zeros".to_owned(),
        _ => digits.collect(),
    }
}

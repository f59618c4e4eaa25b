//! Long names: entries before the short one, last part first, thirteen UTF-16 units in each.

use crate::fields::{Fields, slice};

/// Units of one entry.
const UNITS: usize = 13;
/// Most entries of a name of 255 units.
const MAX_PARTS: u8 = 20;
/// Marks the entry with the end of the name, which comes first.
const LAST: u8 = 0x40;

/// The parts of a name that were read so far.
#[derive(Debug, Default)]
pub(super) struct LongName {
    /// Units in the order of the name.
    units: Vec<u16>,
    /// The part that has to follow; 0 when the short entry has.
    expected: u8,
    checksum: u8,
    is_open: bool,
}

impl LongName {
    /// Adds one entry, or says what is wrong with it.
    pub(super) fn add(&mut self, raw: &[u8]) -> Result<(), String> {
        let order = raw.byte(0);
        let number = order & !LAST;
        let checksum = raw.byte(13);
        let mut result = Ok(());
        if order & LAST != 0 {
            if self.is_open {
                result = Err("a long name starts before the last one has its short one".into());
            }
            *self = Self {
                expected: number,
                checksum,
                is_open: true,
                ..Self::default()
            };
        }
        if !self.is_open || number == 0 || number > MAX_PARTS || number != self.expected {
            let expected = self.expected;
            *self = Self::default();
            return Err(format!("part {number} of a long name, expected {expected}"));
        }
        if checksum != self.checksum {
            result = Err(format!(
                "checksums of one long name are {} and {checksum}",
                self.checksum
            ));
        }
        if raw.byte(12) != 0 || raw.le16(26) != 0 {
            result = Err("part of a long name with a type or a cluster".into());
        }
        let units = [(1, 10), (14, 12), (28, 4)]
            .into_iter()
            .flat_map(|(at, len)| slice(raw, at, len).chunks_exact(2))
            .map(|unit| unit.le16(0));
        let mut part: Vec<u16> = units.collect();
        let end = part.iter().position(|unit| *unit == 0);
        if let Some(end) = end {
            let is_last = order & LAST != 0;
            if !is_last || end == 0 || part[end + 1..].iter().any(|unit| *unit != 0xFFFF) {
                result = Err(format!("a long name ends in the middle, at unit {end}"));
            }
            part.truncate(end);
        }
        part.truncate(UNITS);
        part.append(&mut self.units);
        self.units = part;
        self.expected -= 1;
        result
    }

    /// Returns the name that the short entry ends, if any, and forgets it.
    pub(super) fn finish(&mut self, short: &[u8]) -> Result<Option<String>, String> {
        let name = std::mem::take(self);
        if !name.is_open {
            return Ok(None);
        }
        if name.expected != 0 {
            return Err(format!("a long name lacks its part {}", name.expected));
        }
        let sum = short.iter().take(11);
        let sum = sum.fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        if sum != name.checksum {
            return Err(format!(
                "checksum of the long name is {:#x}, that of the short one {sum:#x}",
                name.checksum
            ));
        }
        match String::from_utf16(&name.units) {
            Ok(text) if !text.chars().any(is_refused) => Ok(Some(text)),
            _ => Err("a long name has characters that no name has".into()),
        }
    }

    /// Returns whether a short entry has to follow.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }
}

fn is_refused(character: char) -> bool {
    character < ' ' || "\"*/:<>?\\|".contains(character)
}

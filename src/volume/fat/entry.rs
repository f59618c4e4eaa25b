//! Entries of a directory: 32 bytes, and before them more with a long name.
//!
//! Source: Microsoft's FAT specification (fatgen103); times are taken as UTC.

use fsgen::Timestamp;

use crate::fields::{Fields as _, slice};

/// Bytes of an entry.
pub(super) const LEN: usize = 32;

const READ_ONLY: u8 = 0x01;
const LABEL: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
/// All four low bits: a part of a long name.
const LONG: u8 = 0x0F;
/// Flags of short names that are all small letters: the name, and its ending.
const SMALL_NAME: u8 = 0x08;
const SMALL_ENDING: u8 = 0x10;

/// The upper half of code page 437, which is what Linux takes for short names.
const CODE_PAGE: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// What an entry says of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub is_directory: bool,
    pub is_read_only: bool,
    pub cluster: u32,
    /// Size in bytes; of directories, 0.
    pub size: u32,
    pub mtime: Timestamp,
}

impl Entry {
    pub(super) fn read(raw: &[u8], width: u32) -> Self {
        let high = if width == 32 { raw.le16(20) } else { 0 };
        Self {
            is_directory: raw.byte(11) & DIRECTORY != 0,
            is_read_only: raw.byte(11) & READ_ONLY != 0,
            cluster: u32::from(high) << 16 | u32::from(raw.le16(26)),
            size: raw.le32(28),
            mtime: time(raw.le16(24), raw.le16(22)),
        }
    }
}

/// Names as they come out of a directory's entries.
#[derive(Default)]
pub(super) struct Names {
    /// Parts of a long name so far, the last one first, and the checksum of its short one.
    long: Vec<u16>,
    sum: u8,
    /// How many parts are yet to come.
    missing: u8,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There are no more.
    End,
    /// Nothing, or a part of what comes.
    Nothing,
    Name(Vec<u8>),
}

impl Names {
    /// Takes the next entry.
    pub(super) fn take(&mut self, raw: &[u8]) -> Found {
        let (first, attributes) = (raw.byte(0), raw.byte(11));
        if first == 0 {
            return Found::End;
        }
        if first == 0xE5 {
            self.missing = 0;
            self.long.clear();
            return Found::Nothing;
        }
        if attributes & LONG == LONG {
            self.take_part(raw);
            return Found::Nothing;
        }
        let long = std::mem::take(&mut self.long);
        if attributes & LABEL != 0 || first == b'.' {
            return Found::Nothing;
        }
        let is_long = !long.is_empty() && self.missing == 0 && self.sum == sum(raw);
        if is_long && let Ok(name) = String::from_utf16(&long) {
            return Found::Name(name.into_bytes());
        }
        Found::Name(short(raw))
    }

    fn take_part(&mut self, raw: &[u8]) {
        const LAST: u8 = 0x40;
        let number = raw.byte(0);
        if number & LAST != 0 {
            self.long.clear();
            self.missing = number & 0x3F;
            self.sum = raw.byte(13);
        }
        if self.missing == 0 || number & 0x3F != self.missing || raw.byte(13) != self.sum {
            self.missing = 0;
            self.long.clear();
            return;
        }
        self.missing -= 1;
        let places = [(1, 10), (14, 12), (28, 4)];
        let units = places.iter().flat_map(|(at, len)| {
            slice(raw, *at, *len)
                .chunks_exact(2)
                .map(|unit| unit.le16(0))
        });
        let mut part: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        part.append(&mut self.long);
        self.long = part;
    }
}

/// Returns the checksum that the parts of a long name have of the short one.
fn sum(raw: &[u8]) -> u8 {
    let name = slice(raw, 0, 11).iter();
    name.fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// Returns the short name of an entry.
fn short(raw: &[u8]) -> Vec<u8> {
    let flags = raw.byte(12);
    let part = |at, len, small: u8| {
        let mut text = String::new();
        for (index, byte) in slice(raw, at, len).iter().enumerate() {
            // A name that starts with the mark of deleted ones has this in its place.
            let byte = if at + index == 0 && *byte == 0x05 {
                0xE5
            } else {
                *byte
            };
            let char = match byte {
                ..0x80 => char::from(byte),
                _ => CODE_PAGE
                    .chars()
                    .nth(usize::from(byte - 0x80))
                    .unwrap_or('_'),
            };
            text.push(if flags & small != 0 {
                char.to_ascii_lowercase()
            } else {
                char
            });
        }
        text.trim_end_matches(' ').to_owned()
    };
    let (mut name, ending) = (part(0, 8, SMALL_NAME), part(8, 3, SMALL_ENDING));
    if !ending.is_empty() {
        name.push('.');
        name.push_str(&ending);
    }
    name.into_bytes()
}

fn time(date: u16, time: u16) -> Timestamp {
    let (year, month, day) = (1980 + i64::from(date >> 9), date >> 5 & 15, date & 31);
    // What is no date is the first day there is.
    let (month, day) = (i64::from(month.clamp(1, 12)), i64::from(day.max(1)));
    // Days since 1970 by a calendar whose years begin in March, so that leap days are last.
    let (year, month) = match month {
        ..3 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let (hours, minutes, seconds) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
    let of_day = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    Timestamp::from_secs(days * 86_400 + of_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (date, of_day, want) in [
            (0, 0, 315_532_800),
            (0x0021, 0, 315_532_800),
            // 2000-02-29 23:59:58, 2000-03-01, 2107-12-31.
            (20 << 9 | 2 << 5 | 29, 23 << 11 | 59 << 5 | 29, 951_868_798),
            (20 << 9 | 3 << 5 | 1, 0, 951_868_800),
            (127 << 9 | 12 << 5 | 31, 0, 4_354_732_800),
        ] {
            assert_eq!(time(date, of_day).secs, want, "{date:#x}");
        }
    }

    #[test]
    fn short_names() {
        for (name, flags, want) in [
            (b"GRUB    CFG", 0, "GRUB.CFG"),
            (b"GRUB    CFG", 0x18, "grub.cfg"),
            (b"GRUB    CFG", 0x08, "grub.CFG"),
            (b"EFI        ", 0x10, "EFI"),
            (b"\x05\x84      TXT", 0, "\u{3c3}\u{e4}.TXT"),
        ] {
            let mut raw = [0; LEN];
            raw[..11].copy_from_slice(name);
            raw[12] = flags;
            assert_eq!(short(&raw), want.as_bytes());
        }
        assert_eq!(CODE_PAGE.chars().count(), 128);
    }
}

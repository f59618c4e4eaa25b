//! The fields of one tar header block (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar
//! manual, "Basic Tar Format").

use anyhow::{Result, bail, ensure};
use fsgen::tree::Device;
use tar_core::{GNU_MAGIC, HEADER_SIZE, Header, USTAR_MAGIC};

use super::name::shown;

/// The size of a header, and what all contents are padded to.
pub(super) const BLOCK: usize = HEADER_SIZE;

/// The largest device numbers (Linux: 12 and 20 bits).
const MAJOR_MAX: u64 = (1 << 12) - 1;
/// See [`MAJOR_MAX`].
const MINOR_MAX: u64 = (1 << 20) - 1;

/// The bytes of one block.
pub(super) type Block = [u8; BLOCK];

/// Returns whether a block is half of an end marker.
pub(super) fn is_zero(block: &Block) -> bool {
    Header::from_bytes(block).is_empty()
}

/// Checks that a block is a header.
///
/// # Errors
///
/// Fails when its checksum is wrong.
pub(super) fn check(block: &Block) -> Result<()> {
    let header = Header::from_bytes(block);
    let stored = number("checksum", &header.as_ustar().cksum)?;
    let (before, rest) = block.split_at(148);
    let after = &rest[8..];
    // In one go over each part, for many bytes at a time: it is done for every member. The
    // checksum itself counts as spaces.
    let add = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let sum = i128::from(add(before) + add(after) + 8 * u32::from(b' '));
    if stored == sum {
        return Ok(());
    }
    // Some old programs added the bytes up as signed ones; POSIX asks readers to bear with both.
    let negative = before.iter().chain(after).filter(|b| **b >= 0x80);
    let signed = sum - 256 * i128::try_from(negative.count())?;
    ensure!(
        stored == signed,
        "not a tar header: its checksum is {sum}, and {stored} is written there"
    );
    Ok(())
}

/// Returns the member's name: in a ustar header it may be cut in two.
pub(super) fn path(header: &Header) -> Vec<u8> {
    let name = header.path_bytes();
    let ustar = header.as_ustar();
    if ustar.magic == *USTAR_MAGIC && ustar.prefix[0] != 0 {
        [text(&ustar.prefix), name].join(&b'/')
    } else {
        name.to_vec()
    }
}

/// Returns the bytes of a field up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Returns the numbers of a device.
///
/// # Errors
///
/// Fails on numbers that Linux does not have, and on a header of a format without them.
pub(super) fn device(header: &Header) -> Result<Device> {
    let ustar = header.as_ustar();
    ensure!(
        ustar.magic == *USTAR_MAGIC || ustar.magic == *GNU_MAGIC,
        "a device in a v7 header, which has no device numbers"
    );
    let (major, minor) = ("device major number", "device minor number");
    Ok(Device {
        major: within(major, number(major, &ustar.dev_major)?, MAJOR_MAX)?,
        minor: within(minor, number(minor, &ustar.dev_minor)?, MINOR_MAX)?,
    })
}

/// Returns the value of a numeric field: octal digits, or a binary number (GNU "base-256").
///
/// `tar_core` has the like, but drops the upper bits of a binary number and takes a negative one
/// for a huge one. A blank field is 0.
///
/// # Errors
///
/// Fails when the field is neither.
pub(super) fn number(what: &str, field: &[u8]) -> Result<i128> {
    if let Some(first) = field.first().filter(|first| **first >= 0x80) {
        // Two's complement in all bits but the first; 12 bytes at most, so 95 bits.
        let high = i128::from(*first & 0x3f) - i128::from(*first & 0x40);
        return Ok(field[1..]
            .iter()
            .fold(high, |n, b| n * 256 + i128::from(*b)));
    }
    let digits = text(field).trim_ascii();
    let mut value = 0;
    for digit in digits {
        if !(b'0'..=b'7').contains(digit) {
            bail!("{what} \"{}\" is no octal number", shown(text(field)));
        }
        value = value * 8 + i128::from(digit - b'0');
    }
    Ok(value)
}

/// Checks that a number lies in `0..=most`.
///
/// # Errors
///
/// Fails when it does not, with both numbers and what they are about.
pub(super) fn within<T: TryFrom<i128>>(what: &str, value: i128, most: u64) -> Result<T> {
    let inside = (0..=i128::from(most)).contains(&value);
    let narrow = inside.then(|| T::try_from(value).ok()).flatten();
    narrow.ok_or_else(|| anyhow::anyhow!("{what} {value} is not in 0..={most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (field, want) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"    17 \0", Some(0o17)),
            (b"77777777", Some(0o77_777_777)),
            (b"        ", Some(0)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"12\0 junk", Some(0o12)),
            (b"0000648\0", None),
            (b"-0000001", None),
            (b"12 34 \0\0", None),
            (b"\x80\0\0\0\xff\xff\xff\xff", Some(0xffff_ffff)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\x00",
                Some(-512),
            ),
            (
                b"\x80\0\0\x01\0\0\0\0\0\0\0\0",
                Some(1 << 64), // tar_core reads 0
            ),
            (
                b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                Some((1 << 94) - 1),
            ),
            (b"\xc0\0\0\0\0\0\0\0\0\0\0\0", Some(-(1 << 94))),
        ] {
            assert_eq!(number("", field).ok(), want, "{}", field.escape_ascii());
        }
    }

    #[test]
    fn both_kinds_of_checksum() {
        let mut block = [0; BLOCK];
        block[..3].copy_from_slice(b"\xc3\xa9x");
        for (sum, good) in [
            (0xc3 + 0xa9 + 0x78 + 256, true),
            (0xc3 + 0xa9 + 0x78 - 256, true),
            (0, false),
        ] {
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(check(&block).is_ok(), good, "{sum}");
        }
    }
}

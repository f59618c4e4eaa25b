//! The names in glibc's `locale-archive`, of which only the tables at its start are read: it may
//! have hundreds of MiB.
//!
//! Source: `locale/locarchive.h` of glibc. All numbers have 32 bits, in the byte order of the
//! machine that the image is for.

use crate::{Root, RootError};

/// What it begins with.
const MAGIC: u32 = 0xDE02_0109;
/// Bytes of the fields before the first table.
const HEADER: u64 = 56;
/// Bytes of an entry of the table of names: hash, place of the name, place of the locale.
const ENTRY: usize = 12;

/// Returns whether an archive has a locale, by its name as glibc compares it. What is no archive
/// has none: glibc passes over it, too.
///
/// # Errors
///
/// Fails when it cannot be read.
pub(super) fn has(root: &Root<'_>, path: &str, name: &str) -> Result<bool, RootError> {
    let header = root.read_range(path, 0, HEADER)?;
    let Some(order) = ByteOrder::of(&header) else {
        return Ok(false);
    };
    let field = |index: usize| order.number(&header, index * 4).unwrap_or_default();
    // Where the table of names is, and how many entries it has room for.
    let (table, room) = (field(2), field(4));
    let entries = root.read_range(path, u64::from(table), u64::from(room) * ENTRY as u64)?;
    for entry in entries.chunks_exact(ENTRY) {
        let (Some(text), Some(locale)) = (order.number(entry, 4), order.number(entry, 8)) else {
            continue;
        };
        // One that was taken out has no place; its name stays.
        if locale == 0 {
            continue;
        }
        let found = root.read_range(path, u64::from(text), name.len() as u64 + 1)?;
        if found.strip_suffix(b"\0") == Some(name.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn of(header: &[u8]) -> Option<Self> {
        let mut orders = [Self::Little, Self::Big].into_iter();
        orders.find(|order| order.number(header, 0) == Some(MAGIC))
    }

    /// Returns the number at a place, if it is all there.
    fn number(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    const PATH: &str = "/locale-archive";

    /// An archive of two locales, of which the second was taken out, as localedef leaves them. `room`
    /// is how many entries it says that it has.
    fn archive(number: fn(u32) -> [u8; 4], room: u32) -> Vec<u8> {
        let names = b"\0de_AT.utf8\0de_DE.utf8\0";
        let header = [MAGIC, 0, 56, 2, room, 56 + 36, 24, 24];
        let header = header.into_iter().chain([0; 6]);
        // An empty place is between them.
        let table = [0xABCD, 56 + 37, 4096, 0, 0, 0, 0xEF01, 56 + 48, 0];
        let numbers = header.chain(table).flat_map(number);
        numbers.chain(*names).collect()
    }

    #[test]
    fn what_is_in_it() {
        let little = archive(u32::to_le_bytes, 3);
        let big = archive(u32::to_be_bytes, 3);
        for (bytes, name, want) in [
            (little.clone(), "de_AT.utf8", true),
            (big, "de_AT.utf8", true),
            (little.clone(), "de_DE.utf8", false),
            (little.clone(), "de_AT.utf", false),
            (little.clone(), "e_AT.utf8", false),
            (archive(u32::to_le_bytes, 0), "de_AT.utf8", false),
            // More room than there is.
            (archive(u32::to_le_bytes, 1 << 20), "de_AT.utf8", true),
            (little[..70].to_vec(), "de_AT.utf8", false),
            (little[1..].to_vec(), "de_AT.utf8", false),
            (Vec::new(), "de_AT.utf8", false),
        ] {
            let mut tree = image(&[]);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            root.write(PATH, &bytes).unwrap();
            assert_eq!(has(&root, PATH, name).unwrap(), want, "{name}: {bytes:?}");
        }
    }
}

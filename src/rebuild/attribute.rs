//! The extended attributes in an inode or in a block of them.
//!
//! Source: the kernel's Documentation/filesystems/ext4/attributes.rst.

use std::collections::BTreeMap;

use super::field::{self, Difference, Field, Show};
use crate::fields::{Fields as _, slice};
use crate::reader::name::shown;

/// Bytes of the header of a block.
const HEADER_LEN: usize = 32;
/// Bytes of an entry before its name.
const ENTRY: usize = 16;

const HEADER: &[Field] = &[
    Field::new("magic", Show::Bits, 0, 4),
    Field::new("number of users", Show::Number, 4, 4),
    Field::new("number of blocks", Show::Number, 8, 4),
    Field::new("checksum of names and values", Show::Bits, 12, 4),
    Field::new("checksum", Show::Bits, 16, 4),
];

/// Returns what differs behind the fields of an inode.
pub(super) fn in_inode(image: &[u8], rebuilt: &[u8]) -> Vec<Difference> {
    // Before the first entry is a magic number, from behind which values are counted.
    let read = |raw: &[u8]| read(slice(raw, 4, raw.len()), 0);
    let found = differing(&read(image), &read(rebuilt));
    match found.is_empty() && image != rebuilt {
        true => vec![field::first_byte(image, rebuilt)],
        false => found,
    }
}

/// Returns what differs in a block of attributes.
pub(super) fn in_block(image: &[u8], rebuilt: &[u8]) -> Vec<Difference> {
    let mut found = differing(&read(image, HEADER_LEN), &read(rebuilt, HEADER_LEN));
    found.extend(field::differing(HEADER, image, rebuilt));
    found
}

fn differing(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<Difference> {
    let mut names: Vec<_> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| a.get(*name) != b.get(*name));
    let value = |values: &BTreeMap<String, String>, name| {
        let value = values.get(name).cloned();
        value.unwrap_or_else(|| "not there".to_owned())
    };
    let found = names.into_iter().map(|name| Difference {
        field: format!("attribute {name}"),
        image: value(a, name),
        rebuilt: value(b, name),
        is_derived: false,
    });
    found.collect()
}

/// Returns names and values, as far as they make sense, of entries from `at` on.
fn read(raw: &[u8], mut at: usize) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while raw.le32(at) != 0 {
        let (len, prefix) = (usize::from(raw.byte(at)), raw.byte(at + 1));
        let (offset, inode, size) = (raw.le16(at + 2), raw.le32(at + 4), raw.le32(at + 8));
        let prefix = match prefix {
            1 => "user.",
            2 => "system.posix_acl_access",
            3 => "system.posix_acl_default",
            4 => "trusted.",
            6 => "security.",
            7 => "system.",
            _ => "",
        };
        let name = format!("{prefix}{}", shown(slice(raw, at + ENTRY, len)));
        let value = slice(raw, offset.into(), size as usize);
        let value = match inode {
            0 => format!("\"{}\"", shown(value)),
            inode => format!("in inode {inode}"),
        };
        found.insert(name, value);
        at += ENTRY + len.next_multiple_of(4);
    }
    found
}

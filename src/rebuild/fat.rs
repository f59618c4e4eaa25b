//! Structures of FAT (fatgen103), by what the plan put there.

use fsgen::Tree;
use fsgen::fat::{FatType, Layout, Part};

use super::disk::fields;
use super::field::{self, Field, Show};
use super::{Structure, ext4};

const BOOT: &[Field] = &[
    Field::new("serial number", Show::Bits, 39, 4),
    Field::new("label", Show::Text, 43, 11),
    Field::new("type", Show::Text, 54, 8),
    Field::new("system", Show::Text, 3, 8),
    Field::new("bytes of a sector", Show::Number, 11, 2),
    Field::new("sectors of a cluster", Show::Number, 13, 1),
    Field::new("reserved sectors", Show::Number, 14, 2),
    Field::new("number of tables", Show::Number, 16, 1),
    Field::new("entries of the root", Show::Number, 17, 2),
    Field::new("sectors, if few", Show::Number, 19, 2),
    Field::new("medium", Show::Bits, 21, 1),
    Field::new("sectors of a table, if few", Show::Number, 22, 2),
    Field::new("sectors of a track", Show::Number, 24, 2),
    Field::new("heads", Show::Number, 26, 2),
    Field::new("first sector", Show::Number, 28, 4),
    Field::new("sectors", Show::Number, 32, 4),
    Field::new("drive", Show::Bits, 36, 3),
    Field::new("boot code", Show::Bytes, 62, 448),
    Field::new("signature", Show::Bits, 510, 2),
];

/// What is so in FAT32, and elsewhere in others.
const WIDE: &[Field] = &[
    Field::new("serial number", Show::Bits, 67, 4),
    Field::new("label", Show::Text, 71, 11),
    Field::new("type", Show::Text, 82, 8),
    Field::new("sectors", Show::Number, 32, 4),
    Field::new("first sector", Show::Number, 28, 4),
    Field::new("sectors of a cluster", Show::Number, 13, 1),
    Field::new("reserved sectors", Show::Number, 14, 2),
    Field::new("sectors of a table", Show::Number, 36, 4),
    Field::new("first cluster of the root", Show::Number, 44, 4),
    Field::new("sector of free clusters", Show::Number, 48, 2),
    Field::new("sector of the copy", Show::Number, 50, 2),
    Field::new("boot code", Show::Bytes, 90, 420),
    Field::new("signature", Show::Bits, 510, 2),
];

const INFO: &[Field] = &[
    Field::new("free clusters", Show::Number, 488, 4),
    Field::new("next free cluster", Show::Number, 492, 4),
    Field::new("first signature", Show::Bits, 0, 4),
    Field::new("second signature", Show::Bits, 484, 4),
    Field::new("third signature", Show::Bits, 508, 4),
];

const ENTRY: &[Field] = &[
    Field::new("name", Show::Text, 0, 11),
    Field::new("attributes", Show::Bits, 11, 1),
    Field::new("size", Show::Number, 28, 4),
    Field::new("first cluster", Show::Number, 26, 2).and(20, 2),
    Field::new("time of the last write", Show::Bits, 22, 4),
    Field::new("time of creation", Show::Bits, 13, 5),
    Field::new("day of the last access", Show::Bits, 18, 2),
    Field::new("flags of the name", Show::Bits, 12, 1),
];

/// Returns the structure that a byte of the filesystem is part of; places count from its start.
pub(super) fn structure(layout: &Layout, tree: &Tree, at: u64) -> Structure {
    let place = layout.part_at(at);
    let (start, len) = (place.start, place.len);
    let copy = if start == 0 { "" } else { " (copy)" };
    match place.part {
        Part::Boot => {
            let known = match layout.geometry().fat_type {
                FatType::Fat32 => WIDE,
                _ => BOOT,
            };
            fields(&format!("boot sector{copy}"), start, len, known)
        }
        Part::Info => fields("sector of free clusters", start, len, INFO),
        Part::Entry { of, number } => {
            let name = format!("directory {}, entry {}", ext4::path(tree, of), number + 1);
            fields(&name, start, len, ENTRY)
        }
        Part::Table { copy } => {
            let entry = layout.table_entry(at - start);
            Structure {
                name: format!("table {}", copy + 1),
                start,
                len,
                fields: Box::new(move |image, rebuilt| {
                    let byte = field::first_byte(image, rebuilt);
                    vec![field::Difference {
                        field: format!("cluster {entry}"),
                        ..byte
                    }]
                }),
            }
        }
        Part::Content { of, at } => Structure {
            name: format!("content of {}", ext4::path(tree, of)),
            start,
            len,
            fields: Box::new(move |image, rebuilt| {
                vec![field::byte_of("byte", at, image, rebuilt)]
            }),
        },
        Part::Free => Structure::unused(at),
    }
}

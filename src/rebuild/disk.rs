//! Structures outside of partitions: the tables (UEFI specification, chapter 5).

use super::Structure;
use super::field::{self, Difference, Field, Show};
use crate::plan::Plan;

const SECTOR: u64 = 512;
/// Sectors of the entries of a GPT.
const ENTRIES: u64 = 32;
const ENTRY: u64 = 128;

const MBR: &[Field] = &[
    Field::new("disk signature", Show::Bits, 440, 4),
    Field::new("partition 1", Show::Bytes, 446, 16),
    Field::new("partition 2", Show::Bytes, 462, 16),
    Field::new("partition 3", Show::Bytes, 478, 16),
    Field::new("partition 4", Show::Bytes, 494, 16),
    Field::new("signature", Show::Bits, 510, 2),
    Field::new("boot code", Show::Bytes, 0, 440),
];

const HEADER: &[Field] = &[
    Field::new("signature", Show::Text, 0, 8),
    Field::new("revision", Show::Bits, 8, 4),
    Field::new("size of the header", Show::Number, 12, 4),
    Field::new("disk GUID", Show::Guid, 56, 16),
    Field::new("own sector", Show::Number, 24, 8),
    Field::new("sector of the other header", Show::Number, 32, 8),
    Field::new("first usable sector", Show::Number, 40, 8),
    Field::new("last usable sector", Show::Number, 48, 8),
    Field::new("sector of the entries", Show::Number, 72, 8),
    Field::new("number of entries", Show::Number, 80, 4),
    Field::new("size of an entry", Show::Number, 84, 4),
    Field::new("checksum of the entries", Show::Bits, 88, 4),
    Field::new("checksum", Show::Bits, 16, 4),
];

const SLOT: &[Field] = &[
    Field::new("type", Show::Guid, 0, 16),
    Field::new("GUID", Show::Guid, 16, 16),
    Field::new("first sector", Show::Number, 32, 8),
    Field::new("last sector", Show::Number, 40, 8),
    Field::new("attributes", Show::Bits, 48, 8),
    Field::new("name", Show::Wide, 56, 72),
];

/// Returns the structure that a byte outside of partitions is part of.
pub(super) fn structure(plan: &Plan, at: u64) -> Structure {
    let sector = at / SECTOR;
    let is_gpt = plan
        .table
        .as_ref()
        .is_some_and(|table| table.scheme == fsgen::table::Scheme::Gpt);
    let last = plan.bytes / SECTOR - 1;
    match sector {
        0 => fields("MBR", 0, SECTOR, MBR),
        1 if is_gpt => fields("GPT header", SECTOR, SECTOR, HEADER),
        _ if is_gpt && sector == last => fields("second GPT header", last * SECTOR, SECTOR, HEADER),
        _ if is_gpt && (2..2 + ENTRIES).contains(&sector) => entry("GPT", 2 * SECTOR, at),
        _ if is_gpt && (last - ENTRIES..last).contains(&sector) => {
            entry("second GPT", (last - ENTRIES) * SECTOR, at)
        }
        _ => Structure::unused(at),
    }
}

fn entry(table: &str, start: u64, at: u64) -> Structure {
    let index = (at - start) / ENTRY;
    let name = format!("entry {} of the {table}", index + 1);
    fields(&name, start + index * ENTRY, ENTRY, SLOT)
}

/// Returns a structure with these fields.
pub(super) fn fields(name: &str, start: u64, len: u64, fields: &'static [Field]) -> Structure {
    let name = name.to_owned();
    let differing = |image: &[u8], rebuilt: &[u8]| -> Vec<Difference> {
        field::differing(fields, image, rebuilt)
    };
    Structure {
        name,
        start,
        len,
        fields: Box::new(differing),
    }
}

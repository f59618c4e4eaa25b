//! The header of a swap area (`union swap_header` in the kernel's `include/linux/swap.h`).

use super::disk::fields;
use super::field::{Field, Show};
use super::{Structure, against};

const HEADER: &[Field] = &[
    Field::new("version", Show::Number, 1024, 4),
    Field::new("last page", Show::Number, 1028, 4),
    Field::new("number of bad pages", Show::Number, 1032, 4),
    Field::new("UUID", Show::Uuid, 1036, 16),
    Field::new("label", Show::Text, 1052, 16),
    Field::new("signature", Show::Text, 4086, 10),
];

/// Returns the structure that a byte of the area is part of.
pub(super) fn structure(at: u64) -> Structure {
    match at {
        0..against::BLOCK => fields("header", 0, against::BLOCK, HEADER),
        _ => Structure::unused(at),
    }
}

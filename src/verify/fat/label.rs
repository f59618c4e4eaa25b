//! The volume label, which lies in the boot sector and, where it counts, in the root directory.

use super::boot::{Boot, Kind};
use crate::fields::Fields;
use crate::verify::problem::Problems;

/// What a boot sector has in place of a label.
const NONE: &[u8; 11] = b"NO NAME    ";

/// Checks the label of the root directory, if it has one, and compares it with the boot sector.
pub(super) fn check(boot: &Boot, in_root: Option<[u8; 11]>, problems: &mut Problems) {
    const PLACE: &str = "volume label";
    let (signature, at) = match boot.kind {
        Kind::Fat32 => (66, 71),
        _ => (38, 43),
    };
    let in_boot = boot.raw.array::<11>(at);
    let has_boot = boot.raw.byte(signature) == 0x29;
    if let Some(label) = in_root
        && (label.iter().any(|byte| is_refused(*byte)) || label[0] == b' ')
    {
        problems.add(PLACE, format_args!("{} is no label", label.escape_ascii()));
    }
    if !has_boot && in_root.is_some() {
        problems.add(
            PLACE,
            "is in the root directory, but the boot sector has no place for it",
        );
    }
    let in_root = in_root.unwrap_or(*NONE);
    if has_boot && in_root != in_boot {
        let (root, boot) = (in_root.escape_ascii(), in_boot.escape_ascii());
        let what = format_args!("{root} in the root directory, {boot} in the boot sector");
        problems.add(PLACE, what);
    }
}

fn is_refused(byte: u8) -> bool {
    byte < 0x20 || b"\"*+,./:;<=>?[\\]|".contains(&byte)
}

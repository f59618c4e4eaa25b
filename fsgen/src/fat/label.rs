//! Volume labels: eleven bytes, in the boot sector and as the first entry of the root directory.

use thiserror::Error;

use super::short;

/// The longest label, in bytes.
const LONGEST: usize = 11;

/// What the boot sector says when there is no label.
pub(super) const NONE: [u8; LONGEST] = *b"NO NAME    ";

/// Why a text cannot be a label.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelError {
    /// It is too long.
    #[error("a label of {len} bytes; vfat has at most {LONGEST}", len = .0.len())]
    Long(String),
    /// It has a character that the format, or DOS, cannot have there.
    #[error("label {label:?} has {found:?}; vfat has A to Z, 0 to 9, inner spaces and {ALLOWED}")]
    Character {
        /// The label.
        label: String,
        /// The first character that is wrong.
        found: char,
    },
}

/// The signs that labels and short names can have.
const ALLOWED: &str = "! # $ % & ' ( ) - @ ^ _ ` { } ~";

/// Checks a volume label; an empty one means that there is none.
///
/// # Errors
///
/// Fails when it is too long, or has another character than upper-case ASCII letters, digits,
/// some signs, and spaces inside.
pub fn check(label: &str) -> Result<(), LabelError> {
    let is_edge = |at: usize| at == 0 || at + 1 == label.len();
    let is_wrong = |(at, found): &(usize, char)| match found {
        ' ' => is_edge(*at),
        found => !short::is_allowed(*found),
    };
    if let Some((_, found)) = label.char_indices().find(is_wrong) {
        let label = label.to_owned();
        return Err(LabelError::Character { label, found });
    }
    if label.len() > LONGEST {
        return Err(LabelError::Long(label.to_owned()));
    }
    Ok(())
}

/// Returns a checked label as it is stored; nothing for an empty one.
pub(super) fn encode(label: &str) -> Option<[u8; LONGEST]> {
    let mut bytes = [b' '; LONGEST];
    bytes[..label.len()].copy_from_slice(label.as_bytes());
    (!label.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for (label, stored) in [
            ("", None),
            ("ESP", Some(b"ESP        ")),
            ("EFI SYS 1", Some(b"EFI SYS 1  ")),
            ("A-B_C(1)~!", Some(b"A-B_C(1)~! ")),
            ("ELEVENBYTES", Some(b"ELEVENBYTES")),
        ] {
            assert_eq!(check(label), Ok(()));
            assert_eq!(encode(label).as_ref(), stored);
        }
        for (label, found) in [
            ("esp", 'e'),
            ("ESp", 'p'),
            (" ESP", ' '),
            ("ESP ", ' '),
            (" ", ' '),
            ("A.B", '.'),
            ("A+B", '+'),
            ("A/B", '/'),
            ("\u{c4}", '\u{c4}'),
            ("A\tB", '\t'),
            ("A\u{7f}", '\u{7f}'),
            ("a label that is long, too", 'a'),
        ] {
            let label = label.to_owned();
            assert_eq!(
                check(&label.clone()),
                Err(LabelError::Character { label, found })
            );
        }
        let long = check("TWELVE BYTES").unwrap_err();
        assert_eq!(long.to_string(), "a label of 12 bytes; vfat has at most 11");
    }
}

//! The names of one directory: what FAT can hold, and how each is stored.
//!
//! A name is stored as UTF-16 in front of its short name, unless it is one letter for letter.
//! Both are found whatever their case, so no two names may differ in case alone.

use std::collections::BTreeMap;

use super::short::{self, ShortName, ShortNames};

/// The longest name, in UTF-16 units.
const LONGEST: usize = 255;
/// UTF-16 units in one directory entry.
pub(super) const UNITS: usize = 13;

/// A name as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub short: ShortName,
    /// The name as UTF-16; empty when the short name is the whole name.
    pub long: Vec<u16>,
}

impl Stored {
    /// Returns how many directory entries the name takes.
    pub(super) fn entries(&self) -> u32 {
        let long = self.long.len().div_ceil(UNITS);
        1 + u32::try_from(long).expect("at most 20")
    }
}

/// A name that FAT cannot hold, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused<'n> {
    pub name: &'n [u8],
    pub why: String,
}

/// Decides how all the names of a directory are stored; the result is in the same order.
pub(super) fn store<'n>(names: &[&'n [u8]]) -> Result<Vec<Stored>, Refused<'n>> {
    let mut shorts = ShortNames::default();
    let mut folded = BTreeMap::new();
    let mut texts = Vec::with_capacity(names.len());
    for name in names {
        let refused = |why| Refused { name, why };
        let text = check(name).map_err(refused)?;
        if let Some(other) = folded.insert(fold(text), text) {
            return Err(refused(format!(
                "FAT finds names whatever their case, and there is {other:?} already; rename one"
            )));
        }
        let short = short::exact(text);
        short.into_iter().for_each(|short| shorts.take(short));
        texts.push((text, short));
    }
    // Now that all names are known that are short already, the others get one.
    let stored = texts.into_iter().map(|(text, short)| Stored {
        short: short.unwrap_or_else(|| shorts.make(text)),
        long: match short {
            Some(_) if text == text.to_ascii_uppercase() => Vec::new(),
            _ => text.encode_utf16().collect(),
        },
    });
    Ok(stored.collect())
}

/// Returns the name as text, if FAT can hold it.
fn check(name: &[u8]) -> Result<&str, String> {
    let text = str::from_utf8(name)
        .map_err(|_| "the name is not UTF-8, which FAT needs; rename it".to_owned())?;
    // Places behind the end of a name hold U+FFFF; some readers take it for the end.
    let is_wrong = |c: &char| c.is_ascii_control() || "\"*/:<>?\\|\u{ffff}".contains(*c);
    if let Some(wrong) = text.chars().find(is_wrong) {
        return Err(format!(
            "the name has {wrong:?}, which FAT cannot hold; rename it"
        ));
    }
    if let Some(last) = text.chars().last().filter(|last| matches!(last, '.' | ' ')) {
        return Err(format!(
            "the name ends in {last:?}, which FAT cannot hold; rename it"
        ));
    }
    match text.encode_utf16().count() {
        0..=LONGEST => Ok(text),
        len => Err(format!(
            "a name of {len} UTF-16 units, FAT allows {LONGEST}; rename it"
        )),
    }
}

/// Returns the name in upper case, letter by letter.
fn fold(name: &str) -> String {
    let upper = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            // No letter beyond ASCII is the same as one in it: not the dotless i, not the long s.
            (Some(one), None) if one.is_ascii() == c.is_ascii() => one,
            _ => c,
        }
    };
    name.chars().map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(names: &[&[u8]]) -> String {
        store(names).unwrap_err().why
    }

    #[test]
    fn how_names_are_stored() {
        let long = "x".repeat(LONGEST);
        let wide = "\u{1f600}".repeat(127);
        for (name, short, units, entries) in [
            ("BOOTX64.EFI", b"BOOTX64 EFI", 0, 1),
            ("A", b"A          ", 0, 1),
            ("grubx64.efi", b"GRUBX64 EFI", 11, 2),
            ("Grub", b"GRUB       ", 4, 2),
            ("thirteen.text", b"THIRTE~1TEX", 13, 2),
            ("fourteen.texts", b"FOURTE~1TEX", 14, 3),
            ("a\u{1f600}", b"A_~1       ", 3, 2),
            (&*long, b"XXXXXX~1   ", 255, 21),
            (&*wide, b"______~1   ", 254, 21),
            (" lead", b"LEAD~1     ", 5, 2),
            ("...dots", b"DOTS~1     ", 7, 2),
        ] {
            let stored = store(&[name.as_bytes()]).unwrap();
            assert_eq!(&stored[0].short, short, "{name}");
            assert_eq!(stored[0].long.len(), units, "{name}");
            assert_eq!(stored[0].entries(), entries, "{name}");
        }
    }

    #[test]
    fn a_short_name_goes_to_whom_it_belongs() {
        let names = [&b"LONGNAME.TEXT"[..], b"longna~1.tex", b"longnames.tex"];
        let stored = store(&names).unwrap();
        let shorts: Vec<_> = stored.iter().map(|stored| &stored.short).collect();
        assert_eq!(shorts, [b"LONGNA~2TEX", b"LONGNA~1TEX", b"LONGNA~3TEX"]);
    }

    #[test]
    fn what_fat_cannot_hold() {
        for name in [
            "a\nb", "a\0", "a\u{7f}", "*", "a?", "<", ">", "|", "\"", ":", "a\\b",
        ] {
            let why = refusal(&[name.as_bytes()]);
            assert!(why.ends_with("which FAT cannot hold; rename it"), "{why}");
        }
        let long = "x".repeat(256);
        let wide = "\u{1f600}".repeat(128);
        for (name, why) in [
            (
                &b"a."[..],
                "the name ends in '.', which FAT cannot hold; rename it",
            ),
            (
                b"a ",
                "the name ends in ' ', which FAT cannot hold; rename it",
            ),
            (
                b"a\xFF",
                "the name is not UTF-8, which FAT needs; rename it",
            ),
            (
                b"\xED\xA0\x80",
                "the name is not UTF-8, which FAT needs; rename it",
            ),
            (
                long.as_bytes(),
                "a name of 256 UTF-16 units, FAT allows 255; rename it",
            ),
            (
                wide.as_bytes(),
                "a name of 256 UTF-16 units, FAT allows 255; rename it",
            ),
        ] {
            assert_eq!(refusal(&[name]), why);
        }
    }

    #[test]
    fn names_that_differ_in_case_alone() {
        for (one, other) in [
            ("a", "A"),
            ("Grub.cfg", "GRUB.CFG"),
            ("stra\u{df}e", "STRA\u{df}E"),
            ("\u{e4}", "\u{c4}"),
            ("\u{434}", "\u{414}"),
            ("\u{10428}", "\u{10400}"),
        ] {
            let why = refusal(&[one.as_bytes(), other.as_bytes()]);
            assert_eq!(
                why,
                format!(
                    "FAT finds names whatever their case, and there is {one:?} already; rename one"
                )
            );
        }
        for (one, other) in [
            ("i", "\u{131}"),
            ("s", "\u{17f}"),
            ("SS", "\u{df}"),
            ("k", "\u{212a}"),
        ] {
            assert!(store(&[one.as_bytes(), other.as_bytes()]).is_ok(), "{one}");
        }
    }
}

//! Short names: eight characters, a dot and three more, in upper case, unique in their directory.
//!
//! A name that is one but for its case gets itself in upper case. All others get what Windows
//! would make of them: `long name.text` becomes `LONGNA~1.TEX`. Just ASCII is used, so that no
//! code page changes what is read.

use std::collections::{BTreeMap, BTreeSet};

/// A short name as it is stored: eight and three bytes, filled up with spaces, without the dot.
pub(super) type ShortName = [u8; 11];

const BASE: usize = 8;
const EXTENSION: usize = 3;

/// Returns whether short names can have this character.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, 'A'..='Z' | '0'..='9' | '!' | '#'..=')' | '-' | '@' | '^'..='`' | '{' | '}' | '~')
}

/// Returns the short name that a name is, whatever its case; nothing when it is none.
pub(super) fn exact(name: &str) -> Option<ShortName> {
    let (base, extension) = match name.split_once('.') {
        Some((base, extension)) if !extension.is_empty() => (base, extension),
        Some(_) => return None,
        None => (name, ""),
    };
    let is_part = |part: &str| part.chars().all(|c| is_allowed(c.to_ascii_uppercase()));
    let fits = (1..=BASE).contains(&base.len()) && extension.len() <= EXTENSION;
    (fits && is_part(base) && is_part(extension))
        .then(|| join(base.as_bytes(), extension.as_bytes()))
}

/// The short names of one directory.
#[derive(Default)]
pub(super) struct ShortNames {
    taken: BTreeSet<ShortName>,
    /// For a start, a number of digits and an extension, the next number to try: a thousand
    /// names that start alike need not be tried a million times.
    next: BTreeMap<ShortName, u32>,
}

impl ShortNames {
    /// Takes a name that is a short name itself. All of them must come before any other.
    pub(super) fn take(&mut self, name: ShortName) {
        self.taken.insert(name);
    }

    /// Makes a name for one that is no short name: its start, `~` and the least number that is
    /// not taken.
    ///
    /// # Panics
    ///
    /// Panics when a million names are taken, which is more than a directory can have.
    pub(super) fn make(&mut self, name: &str) -> ShortName {
        let (base, extension) = parts(name);
        for digits in 1..=6 {
            let start = &base[..base.len().min(BASE - 1 - digits)];
            let mut pattern = join(start, &extension);
            // No short name has a digit's count in lower case: the pattern is no name.
            pattern[BASE - 1] = b'a' + u8::try_from(digits).expect("at most 6");
            let end = 10_u32.pow(u32::try_from(digits).expect("at most 6"));
            let next = self.next.entry(pattern).or_insert(end / 10);
            while *next < end {
                let numbered = [start, format!("~{next}").as_bytes()].concat();
                *next += 1;
                let made = join(&numbered, &extension);
                if self.taken.insert(made) {
                    return made;
                }
            }
        }
        panic!("a directory has at most 65,536 entries");
    }
}

/// Returns what a name starts and ends with, in characters that short names can have.
fn parts(name: &str) -> (Vec<u8>, Vec<u8>) {
    let name = name.trim_start_matches(['.', ' ']);
    let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let part = |text: &str, len: usize| -> Vec<u8> {
        let mut kept = Vec::new();
        for c in text.chars().filter(|c| !matches!(c, '.' | ' ')).take(len) {
            let upper = c.to_ascii_uppercase();
            let byte = u8::try_from(upper).ok().filter(|_| is_allowed(upper));
            kept.push(byte.unwrap_or(b'_'));
        }
        kept
    };
    (part(base, BASE), part(extension, EXTENSION))
}

fn join(base: &[u8], extension: &[u8]) -> ShortName {
    let mut name = [b' '; BASE + EXTENSION];
    for (place, byte) in name.iter_mut().zip(base) {
        *place = byte.to_ascii_uppercase();
    }
    for (place, byte) in name[BASE..].iter_mut().zip(extension) {
        *place = byte.to_ascii_uppercase();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: ShortName) -> String {
        String::from_utf8(name.to_vec()).unwrap()
    }

    #[test]
    fn names_that_are_short() {
        for (name, stored) in [
            ("A", "A          "),
            ("BOOTX64.EFI", "BOOTX64 EFI"),
            ("bootx64.efi", "BOOTX64 EFI"),
            ("12345678.123", "12345678123"),
            ("a.b", "A       B  "),
            ("!#$%&'()", "!#$%&'()   "),
            ("-@^_`{}~", "-@^_`{}~   "),
            ("A~1", "A~1        "),
        ] {
            assert_eq!(exact(name).map(text).as_deref(), Some(stored), "{name}");
        }
        for name in [
            "",
            ".",
            ".a",
            "a.",
            "a.b.c",
            "123456789",
            "a.1234",
            "a b",
            "a+b",
            "a,b",
            "a;b",
            "a=b",
            "a[b",
            "a]b",
            "a\u{7f}",
            "\u{e4}",
            "a.\u{e4}",
            "\u{1f600}",
        ] {
            assert_eq!(exact(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_are_made() {
        for (name, made) in [
            ("longfilename.text", "LONGFI~1TEX"),
            ("long name.t", "LONGNA~1T  "),
            ("a b", "AB~1       "),
            (".gitignore", "GITIGN~1   "),
            ("..a.b", "A~1     B  "),
            (". .x", "X~1        "),
            ("a.b.c", "AB~1    C  "),
            ("a+b=c.d;e", "A_B_C~1 D_E"),
            ("\u{e4}.txt", "_~1     TXT"),
            ("\u{1f600}\u{1f600}", "__~1       "),
            ("a.html", "A~1     HTM"),
            ("a .b c", "A~1     BC "),
            ("a\u{7f}", "A_~1       "),
        ] {
            assert_eq!(text(ShortNames::default().make(name)), made, "{name}");
        }
    }

    #[test]
    fn names_that_clash() {
        let mut names = ShortNames::default();
        names.take(exact("same~2").unwrap());
        names.take(exact("SAMENA~3.TXT").unwrap());
        names.take(exact("SAMEN~10.TXT").unwrap());
        let made: Vec<_> = (0..1200)
            .map(|i| text(names.make(&format!("same name {i}.txt"))))
            .collect();
        for (at, want) in [
            (0, "SAMENA~1TXT"),
            (1, "SAMENA~2TXT"),
            (2, "SAMENA~4TXT"),
            (7, "SAMENA~9TXT"),
            (8, "SAMEN~11TXT"),
            (96, "SAMEN~99TXT"),
            (97, "SAME~100TXT"),
            (997, "SAM~1000TXT"),
        ] {
            assert_eq!(made[at], want, "{at}");
        }
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
        // Another start, and numbers that lead to the same names.
        assert_eq!(text(names.make("same.name")), "SAME~1  NAM");
        assert_eq!(text(names.make("same+")), "SAME_~1    ");
        assert_eq!(text(names.make("same.")), "SAME~1     ");
        assert_eq!(text(names.make("same.")), "SAME~3     ");
    }

    #[test]
    fn a_full_directory_has_names_enough() {
        let mut names = ShortNames::default();
        let mut seen = BTreeSet::new();
        for i in 0..65_536 {
            assert!(seen.insert(names.make(&format!("+{i}"))));
        }
    }
}

//! Versions of packages, and their order (Debian Policy 5.6.12, deb-version(7)).

use std::cmp::Ordering;
use std::fmt;

/// A version in its three parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Version {
    epoch: u32,
    upstream: String,
    revision: String,
}

impl Version {
    /// Reads a version; returns what is wrong with it, to be put behind it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty");
        }
        if text.contains(char::is_whitespace) {
            return Err("has a space in it");
        }
        let (epoch, rest) = match text.split_once(':') {
            None => (0, text),
            Some((epoch, rest)) => {
                // With a sign, too, as dpkg's `strtol` takes it.
                let number = epoch.parse::<i32>().ok();
                let number = number.and_then(|number| u32::try_from(number).ok());
                (number.ok_or("has an epoch that is no number")?, rest)
            }
        };
        let (upstream, revision) = match rest.rsplit_once('-') {
            None => (rest, ""),
            Some((_, "")) => return Err("has an empty revision"),
            Some(parts) => parts,
        };
        let is_sound = |part: &str, also: &str| {
            part.chars()
                .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        if upstream.is_empty() {
            return Err("has nothing before its revision");
        }
        if !is_sound(upstream, ".+-~:") || !is_sound(revision, ".+~") {
            return Err("has a character that versions cannot have");
        }
        Ok(Self {
            epoch,
            upstream: upstream.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

impl Version {
    /// Returns whether it begins as those of packages have to.
    pub(crate) fn begins_with_digit(&self) -> bool {
        self.upstream.starts_with(|c: char| c.is_ascii_digit())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            epoch,
            upstream,
            revision,
        } = self;
        if *epoch != 0 || upstream.contains(':') {
            write!(f, "{epoch}:")?;
        }
        f.write_str(upstream)?;
        match &**revision {
            "" => Ok(()),
            revision => write!(f, "-{revision}"),
        }
    }
}

impl Version {
    /// Returns which one is newer. Versions that are written differently may be the same.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let epochs = self.epoch.cmp(&other.epoch);
        let upstreams = || compare(self.upstream.as_bytes(), other.upstream.as_bytes());
        let revisions = || compare(self.revision.as_bytes(), other.revision.as_bytes());
        epochs.then_with(upstreams).then_with(revisions)
    }
}

/// Compares parts of versions: what is no number by letters, then numbers by their value, and so on.
fn compare(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        loop {
            let [first, second] = [a, b].map(|part| part.first().copied());
            let is_letter = |byte: Option<u8>| byte.is_some_and(|byte| !byte.is_ascii_digit());
            if !is_letter(first) && !is_letter(second) {
                break;
            }
            match weight(first).cmp(&weight(second)) {
                Ordering::Equal => {}
                order => return order,
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        let (first, second) = (number(&mut a), number(&mut b));
        match (first.len(), first).cmp(&(second.len(), second)) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    Ordering::Equal
}

/// Where a byte stands among others: `~` is before the end, letters are before all else.
fn weight(byte: Option<u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None | Some(b'0'..=b'9') => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(byte),
        Some(byte) => i32::from(byte) + 256,
    }
}

/// Takes the digits at the front, and returns them without zeros before.
fn number<'v>(part: &mut &'v [u8]) -> &'v [u8] {
    let len = part.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = part.split_at(len);
    *part = rest;
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_versions() {
        // Each is older than the next.
        for row in [
            "~~ ~~a ~ 0 1 2 10",
            "1.0~rc1 1.0 1.0-1 1.0-1+b1 1.0-1.1 1.0-2 1.0a 1.0+b 1.0.1",
            "1 1:0 1:1 2:0",
            "7.6p2-4 7.6q 7.6+ 7.6.0",
            "1.0-1~bpo1 1.0-1 1.0-1a",
            "99999999999999999999998 99999999999999999999999",
        ] {
            let versions: Vec<_> = row.split(' ').map(|v| Version::parse(v).unwrap()).collect();
            for (i, a) in versions.iter().enumerate() {
                for (j, b) in versions.iter().enumerate() {
                    assert_eq!(a.compare(b), i.cmp(&j), "{a} {b}");
                }
            }
        }
        for (a, b) in [("1.0", "0:1.0"), ("1.0-0", "1.0"), ("1.00", "1.0")] {
            let [a, b] = [a, b].map(|text| Version::parse(text).unwrap());
            assert_eq!(a.compare(&b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn how_versions_are_written() {
        for (text, want) in [
            ("1.0-1", Some("1.0-1")),
            ("0:1.0", Some("1.0")),
            (" 2:1-2-3 ", Some("2:1-2-3")),
            ("0:1:2", Some("0:1:2")),
            ("+1:2", Some("1:2")),
            ("-0:1", Some("1")),
            ("-1:1", None),
            ("2147483648:1", None),
            ("", None),
            (":1", None),
            ("a:1", None),
            ("4294967295:1", None),
            ("1-", None),
            ("-1", None),
            ("1 2", None),
            ("1_2", None),
        ] {
            let found = Version::parse(text).ok().map(|version| version.to_string());
            assert_eq!(found.as_deref(), want, "{text:?}");
        }
    }
}

//! PAX extended headers: `length key=value` records that overrule a member's header
//! (POSIX.1-2017 pax, "pax Extended Header"; the GNU tar and star vendor keys).

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::Timestamp;

use super::acl::AclText;
use super::name::shown;
use super::sparse::Keys;
use super::xattr::Attributes;

/// The most bytes to keep of global headers: every member gets a copy.
const GLOBAL_MAX: usize = 4096;

/// What extended headers say about a member.
#[derive(Debug, Clone, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) linkpath: Option<Vec<u8>>,
    pub(super) uid: Option<i128>,
    pub(super) gid: Option<i128>,
    /// Bytes in the archive, which for a sparse file are not all that it has.
    pub(super) size: Option<i128>,
    pub(super) mtime: Option<Timestamp>,
    pub(super) attributes: Attributes,
    pub(super) acl: AclText,
    pub(super) sparse: Keys,
}

impl Pax {
    /// Adds the records of one extended header; a key that was there before is overruled.
    ///
    /// Keys that say nothing about what an image holds are ignored.
    ///
    /// # Errors
    ///
    /// Fails on a malformed record, and on a value that its key cannot have.
    pub(super) fn read(&mut self, records: &[u8]) -> Result<()> {
        let mut rest = records;
        while !rest.is_empty() {
            let at = records.len() - rest.len();
            let (key, value, after) = record(rest)
                .with_context(|| format!("byte {at} of its extended header is no record"))?;
            self.set(key, value)
                .with_context(|| format!("extended header record \"{}\"", shown(key)))?;
            rest = after;
        }
        Ok(())
    }

    /// Adds the records of a global header, which count for every member after it.
    ///
    /// # Errors
    ///
    /// Fails as [`Pax::read`] does, and on more than a few thousand bytes that are worth keeping.
    pub(super) fn read_global(&mut self, records: &[u8]) -> Result<()> {
        self.read(records)?;
        self.sparse = Keys::default(); // a map fits one file only
        let names = [&self.path, &self.linkpath].into_iter().flatten();
        let len = names.map(Vec::len).sum::<usize>();
        let len = len + self.attributes.len_bytes() + self.acl.len_bytes();
        ensure!(
            len <= GLOBAL_MAX,
            "{len} bytes of names and attributes for every member, at most {GLOBAL_MAX} are allowed"
        );
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        // An empty value takes back what was said before, the header's own field counts again.
        let given = (!value.is_empty()).then_some(value);
        match key {
            b"path" => self.path = given.map(Into::into),
            b"linkpath" => self.linkpath = given.map(Into::into),
            b"uid" => self.uid = given.map(decimal).transpose()?,
            b"gid" => self.gid = given.map(decimal).transpose()?,
            b"size" => self.size = given.map(decimal).transpose()?,
            b"mtime" => self.mtime = given.map(timestamp).transpose()?,
            b"SCHILY.acl.access" => self.acl.access = given.map(Into::into),
            b"SCHILY.acl.default" => self.acl.default = given.map(Into::into),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.set(key, value)?;
                } else {
                    self.attributes.set(key, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Splits off the first record: key, value, and what comes after it.
///
/// A value may hold any byte, newlines and NULs too: its length alone says where it ends.
/// (`tar_core` splits alike, but ends without a word at a malformed length.)
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let len = usize::try_from(decimal(&bytes[..digits]).ok()?).ok()?;
    let (record, after) = bytes.split_at_checked(len)?;
    let pair = record.get(digits..)?.strip_prefix(b" ")?;
    let pair = pair.strip_suffix(b"\n")?;
    let cut = pair.iter().position(|b| *b == b'=')?;
    (cut > 0).then(|| (&pair[..cut], &pair[cut + 1..], after))
}

/// Reads a decimal number; one with a minus is let pass, for the caller to say what is allowed.
pub(super) fn decimal(text: &[u8]) -> Result<i128> {
    // No number that is of use is longer, and none of this length overflows.
    const LONGEST: usize = 30;
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || digits.len() > LONGEST || !digits.iter().all(u8::is_ascii_digit) {
        bail!("\"{}\" is no decimal number", shown(text));
    }
    let value = digits.iter().fold(0, |n, b| n * 10 + i128::from(b - b'0'));
    Ok(if digits.len() < text.len() {
        -value
    } else {
        value
    })
}

/// Reads seconds since 1970 with an optional fraction.
///
/// The fraction counts away from zero, as in any number: `-1.5` is a second and a half before
/// 1970, which is half a second after the second -2. Digits after the ninth are rounded down.
fn timestamp(text: &[u8]) -> Result<Timestamp> {
    let (whole, fraction) = match text.iter().position(|b| *b == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &b""[..]),
    };
    let wrong = || format!("\"{}\" is no time", shown(text));
    let mut secs = decimal(whole).with_context(wrong)?;
    let mut nanos = 0;
    let mut rest = false;
    for (place, digit) in fraction.iter().enumerate() {
        if !digit.is_ascii_digit() {
            bail!(wrong());
        }
        match 10_u32.checked_pow(8_u32.saturating_sub(u32::try_from(place)?)) {
            Some(unit) if place < 9 => nanos += u32::from(digit - b'0') * unit,
            _ => rest |= *digit != b'0',
        }
    }
    if whole.starts_with(b"-") {
        nanos += u32::from(rest);
        if nanos > 0 {
            secs -= 1;
            nanos = 1_000_000_000 - nanos;
        }
    }
    let secs = i64::try_from(secs).with_context(|| format!("time {secs} is out of range"))?;
    Ok(Timestamp { secs, nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_where_their_length_says() {
        let mut pax = Pax::default();
        pax.read(b"14 comment=\n\n\n12 path=a\n\0\n010 uid=7\n9 gid=10\n")
            .unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"a\n\0"[..]));
        assert_eq!((pax.uid, pax.gid), (Some(7), Some(10)));
        for bad in [
            &b"path=a\n"[..],
            b"9 path=ab\n",
            b"11 path=a\n",
            b"99 path=a\n",
            b"8path=a\n",
            b"7 path\n",
            b"5 =a\n",
            b"0 \n",
            b"1 \n",
            b"9 path=a\n\0",
            b"-9 path=a\n",
            b"99999999999999999999999999999999999999 path=a\n",
        ] {
            let mut pax = Pax::default();
            assert!(pax.read(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn an_empty_value_takes_back_what_was_said() {
        let mut pax = Pax::default();
        pax.read(b"9 path=a\n9 uid=77\n").unwrap();
        pax.read(b"8 path=\n").unwrap();
        assert_eq!((pax.path, pax.uid), (None, Some(77)));
    }

    #[test]
    fn times() {
        for (text, want) in [
            ("0", Some((0, 0))),
            ("1700000000.123456789", Some((1_700_000_000, 123_456_789))),
            ("1.5", Some((1, 500_000_000))),
            ("1.", Some((1, 0))),
            ("1.0000000019", Some((1, 1))),
            ("-1", Some((-1, 0))),
            ("-1.5", Some((-2, 500_000_000))),
            ("-0.000000001", Some((-1, 999_999_999))),
            ("-0.0000000001", Some((-1, 999_999_999))),
            ("-0.0", Some((0, 0))),
            ("-0.9999999999", Some((-1, 0))),
            ("9223372036854775807", Some((i64::MAX, 0))),
            ("-9223372036854775808", Some((i64::MIN, 0))),
            ("-9223372036854775808.1", None),
            ("9223372036854775808", None),
            ("", None),
            (".5", None),
            ("1.5x", None),
            ("1.-5", None),
            ("0x1", None),
        ] {
            let got = timestamp(text.as_bytes()).ok();
            let want = want.map(|(secs, nanos)| Timestamp { secs, nanos });
            assert_eq!(got, want, "{text}");
        }
    }
}

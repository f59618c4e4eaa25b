//! One header of a tar archive: ustar (POSIX.1-2017 pax), with an extended header before it for what
//! that cannot hold, and GNU tar's format 1.0 for files with holes (GNU tar manual, "PAX Format,
//! Version 1.0").

use std::ops::Range;

use anyhow::{Result, ensure};
use fsgen::Timestamp;
use fsgen::tree::{Device, Xattrs};
use tar_core::HEADER_SIZE;

use super::acl;

/// A numeric field of ustar.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Uid,
    Gid,
    Size,
    Mtime,
}

/// A header under way, and the records of the extended header before it.
pub(super) struct Header {
    ustar: tar_core::Header,
    records: Vec<u8>,
}

impl Header {
    pub(super) fn new(name: &[u8], mode: u16) -> Self {
        let mut header = Self {
            ustar: tar_core::Header::new_ustar(),
            records: Vec::new(),
        };
        octal(&mut header.fields().mode, mode.into());
        for field in [Field::Uid, Field::Gid, Field::Size, Field::Mtime] {
            octal(header.field(field), 0);
        }
        if !put(&mut header.fields().name, name) {
            header.record(b"path", name);
        }
        header
    }

    fn fields(&mut self) -> &mut tar_core::UstarHeader {
        self.ustar.as_ustar_mut()
    }

    fn field(&mut self, field: Field) -> &mut [u8] {
        let fields = self.fields();
        match field {
            Field::Uid => &mut fields.uid,
            Field::Gid => &mut fields.gid,
            Field::Size => &mut fields.size,
            Field::Mtime => &mut fields.mtime,
        }
    }

    pub(super) fn number(&mut self, key: &str, field: Field, value: u64) {
        if !octal(self.field(field), value) {
            self.record(key.as_bytes(), value.to_string().as_bytes());
        }
    }

    pub(super) fn time(&mut self, time: Timestamp) {
        let whole = u64::try_from(time.secs).ok().filter(|_| time.nanos == 0);
        let fits = whole.is_some_and(|secs| octal(self.field(Field::Mtime), secs));
        if !fits {
            let secs = u64::try_from(time.secs).unwrap_or(0);
            // For those who read no extended headers; too large a number stays 0.
            octal(self.field(Field::Mtime), secs);
            self.record(b"mtime", decimal(time).as_bytes());
        }
    }

    pub(super) fn link(&mut self, target: &[u8]) {
        if !put(&mut self.fields().linkname, target) {
            self.record(b"linkpath", target);
        }
    }

    pub(super) fn device(&mut self, device: Device) {
        for (key, value, is_major) in [
            (&b"SCHILY.devmajor"[..], device.major, true),
            (b"SCHILY.devminor", device.minor, false),
        ] {
            let fields = self.fields();
            let field = if is_major {
                &mut fields.dev_major
            } else {
                &mut fields.dev_minor
            };
            if !octal(field, value.into()) {
                self.record(key, value.to_string().as_bytes());
            }
        }
    }

    /// Says that only pieces of a file follow, and returns the map that is before them.
    pub(super) fn sparse(&mut self, name: &[u8], size: u64, pieces: &[Range<u64>]) -> Vec<u8> {
        let number = size.to_string();
        self.record(b"GNU.sparse.major", b"1");
        self.record(b"GNU.sparse.minor", b"0");
        self.record(b"GNU.sparse.name", name);
        self.record(b"GNU.sparse.realsize", number.as_bytes());
        // What those unpack who do not know the format does not have the name of the file.
        let last = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
        put(
            &mut self.fields().name,
            &[b"GNUSparseFile.0/", last].concat(),
        );
        let mut lines = Vec::new();
        for piece in pieces {
            lines.push((piece.start, piece.end - piece.start));
        }
        // GNU tar tells by an empty piece at the end how long the file is.
        if pieces.last().is_none_or(|last| last.end != size) {
            lines.push((size, 0));
        }
        let mut map = format!("{}\n", lines.len());
        for (at, len) in lines {
            map += &format!("{at}\n{len}\n");
        }
        let mut map = map.into_bytes();
        map.resize(map.len().next_multiple_of(HEADER_SIZE), 0);
        map
    }

    pub(super) fn xattrs(&mut self, xattrs: &Xattrs) {
        for (name, value) in xattrs {
            let mut key = b"SCHILY.xattr.".to_vec();
            for byte in name {
                match byte {
                    b'=' => key.extend_from_slice(b"%3D"),
                    b'%' => key.extend_from_slice(b"%25"),
                    byte => key.push(*byte),
                }
            }
            self.record(&key, value);
            // `tar --acls` knows them as text only.
            if let Some(which) = name.strip_prefix(b"system.posix_acl_")
                && let Some(text) = acl::text(value)
            {
                self.record(&[b"SCHILY.acl.", which].concat(), text.as_bytes());
            }
        }
    }

    /// Adds a record: its length with itself, key and value.
    fn record(&mut self, key: &[u8], value: &[u8]) {
        let rest = key.len() + value.len() + 3;
        let mut len = rest + 1;
        while len != rest + len.to_string().len() {
            len = rest + len.to_string().len();
        }
        self.records.extend_from_slice(format!("{len} ").as_bytes());
        self.records.extend_from_slice(key);
        self.records.push(b'=');
        self.records.extend_from_slice(value);
        self.records.push(b'\n');
    }

    pub(super) fn finish(mut self, kind: u8) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if !self.records.is_empty() {
            let name = self.fields().name;
            let name = name.split(|b| *b == 0).next().unwrap_or_default();
            let name = name.strip_suffix(b"/").unwrap_or(name);
            let name = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
            let mut extended = tar_core::Header::new_ustar();
            let fields = extended.as_ustar_mut();
            put(&mut fields.name, &[b"PaxHeaders/", name].concat());
            octal(&mut fields.mode, 0o644);
            for field in [&mut fields.uid, &mut fields.gid] {
                octal(field, 0);
            }
            octal(&mut fields.mtime, 0);
            let len = self.records.len();
            ensure!(octal(&mut fields.size, len as u64), "{len} bytes of it");
            seal(&mut extended, b'x');
            bytes.extend_from_slice(extended.as_bytes());
            bytes.append(&mut self.records);
            bytes.resize(bytes.len().next_multiple_of(HEADER_SIZE), 0);
        }
        seal(&mut self.ustar, kind);
        bytes.extend_from_slice(self.ustar.as_bytes());
        Ok(bytes)
    }
}

fn seal(header: &mut tar_core::Header, kind: u8) {
    header.as_ustar_mut().typeflag = [kind];
    header.set_checksum();
}

/// Puts as much of a text into a field as goes there, and returns whether that is all.
fn put(field: &mut [u8], text: &[u8]) -> bool {
    let len = text.len().min(field.len());
    field.fill(0);
    field[..len].copy_from_slice(&text[..len]);
    len == text.len()
}

/// Puts a number into a field, or 0 when it is too large, and returns whether it is not.
fn octal(field: &mut [u8], value: u64) -> bool {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    let fits = text.len() == digits;
    let text = if fits { text } else { "0".repeat(digits) };
    put(field, text.as_bytes());
    fits
}

/// Returns a time as extended headers have it: `-1.5` is half a second before -1.
fn decimal(time: Timestamp) -> String {
    let Timestamp { secs, nanos } = time;
    if nanos == 0 {
        return secs.to_string();
    }
    let (sign, secs, nanos) = match secs {
        ..0 => ("-", -(i128::from(secs) + 1), 1_000_000_000 - nanos),
        0.. => ("", secs.into(), nanos),
    };
    let nanos = format!("{nanos:09}");
    format!("{sign}{secs}.{}", nanos.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_1970() {
        for (secs, nanos, want) in [
            (0, 5, "0.000000005"),
            (-1, 999_999_999, "-0.000000001"),
            (-2, 500_000_000, "-1.5"),
            (-2, 0, "-2"),
            (7, 120_000_000, "7.12"),
            (i64::MIN, 1, "-9223372036854775807.999999999"),
        ] {
            assert_eq!(decimal(Timestamp { secs, nanos }), want);
        }
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        for (len, want) in [(1, "6 k="), (92, "98 k="), (93, "99 k="), (94, "101 k=")] {
            let mut header = Header::new(b"x", 0);
            header.record(b"k", &vec![b'v'; len]);
            assert!(header.records.starts_with(want.as_bytes()), "{len}");
            let counted = want.split(' ').next().unwrap().parse::<usize>().unwrap();
            assert_eq!(header.records.len(), counted);
        }
    }
}

//! The file of a package, deb(5): an archive of `ar` with a header and with files.

use std::io;
use std::ops::Range;

use fsgen::ReadAt;
use thiserror::Error;

/// How such an archive begins.
const MAGIC: &[u8; 8] = b"!<arch>\n";

/// The length of the header of a member (ar(5)).
const HEADER: u64 = 60;

/// The most members that are looked at; packages have three.
const MEMBERS: usize = 64;

/// The endings of compressed parts that dpkg knows.
const ENDINGS: [&[u8]; 6] = [b"", b".gz", b".xz", b".zst", b".bz2", b".lzma"];

/// Where the parts of a package lie, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    /// What the package says of itself: a tar archive, mostly compressed.
    pub(crate) control: Range<u64>,
    /// Its files, the same way.
    pub(crate) data: Range<u64>,
}

/// What is wrong with the file of a package.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    #[error("{0}")]
    Read(#[from] io::Error),
    #[error("this is no Debian package: it does not begin with \"!<arch>\"")]
    NoArchive,
    #[error("the header of a member at byte {0} is damaged")]
    Header(u64),
    #[error(
        "the file ends at byte {len}, {} bytes before the end of {name}; it was cut short, so \
         fetch it again", end - len
    )]
    Short { name: String, end: u64, len: u64 },
    #[error("this is no Debian package: the first member is {0:?}, not \"debian-binary\"")]
    First(String),
    #[error("the package has format {0:?}; only 2.x is known")]
    Format(String),
    #[error("the member {found:?} is where {wanted:?} has to be")]
    Order { found: String, wanted: &'static str },
    #[error("the package has no {0:?}; it was cut short, so fetch it again")]
    Missing(&'static str),
    #[error("{0:?} is compressed in a way that is not known")]
    Compression(String),
    #[error("the package has more than {MEMBERS} members")]
    Many,
}

impl Archive {
    /// Finds the parts of a package in a file of `len` bytes.
    pub(crate) fn read(source: &dyn ReadAt, len: u64) -> Result<Self, ArchiveError> {
        let mut magic = [0; 8];
        if len < 8 {
            return Err(ArchiveError::NoArchive);
        }
        source.read_exact_at(&mut magic, 0)?;
        if magic != *MAGIC {
            return Err(ArchiveError::NoArchive);
        }
        let mut at = 8;
        let mut control = None;
        for index in 0..MEMBERS {
            if at >= len {
                return Err(ArchiveError::Missing(match control {
                    None => "control.tar",
                    Some(_) => "data.tar",
                }));
            }
            let (name, body) = member(source, at, len)?;
            let shown = || name.escape_ascii().to_string();
            // Members have even places.
            at = body.end + body.end % 2;
            if index == 0 {
                check_format(source, &name, body)?;
                continue;
            }
            // What others add has such names (deb(5)).
            if name.starts_with(b"_") {
                continue;
            }
            let wanted = match control {
                None => "control.tar",
                Some(_) => "data.tar",
            };
            let Some(ending) = name.strip_prefix(wanted.as_bytes()) else {
                return Err(ArchiveError::Order {
                    found: shown(),
                    wanted,
                });
            };
            if !ENDINGS.contains(&ending) {
                return Err(ArchiveError::Compression(shown()));
            }
            match control {
                None => control = Some(body),
                Some(control) => {
                    return Ok(Self {
                        control,
                        data: body,
                    });
                }
            }
        }
        Err(ArchiveError::Many)
    }
}

fn check_format(source: &dyn ReadAt, name: &[u8], body: Range<u64>) -> Result<(), ArchiveError> {
    if name != b"debian-binary" {
        return Err(ArchiveError::First(name.escape_ascii().to_string()));
    }
    let len = usize::try_from(body.end - body.start).map_or(16, |len| len.min(16));
    let mut text = vec![0; len];
    source.read_exact_at(&mut text, body.start)?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match line.strip_prefix(b"2.") {
        Some(minor) if !minor.is_empty() && minor.iter().all(u8::is_ascii_digit) => Ok(()),
        _ => Err(ArchiveError::Format(line.escape_ascii().to_string())),
    }
}

/// Returns the name of the member whose header is at a place, and where its bytes are.
fn member(source: &dyn ReadAt, at: u64, len: u64) -> Result<(Vec<u8>, Range<u64>), ArchiveError> {
    let short = |name: &[u8], end| ArchiveError::Short {
        name: name.escape_ascii().to_string(),
        end,
        len,
    };
    let start = at + HEADER;
    if start > len {
        return Err(short(b"a header", start));
    }
    let mut header = [0; 60];
    source.read_exact_at(&mut header, at)?;
    let (fields, end) = header.split_at(58);
    let name = fields[..16].trim_ascii_end();
    // As programs of GNU write it.
    let name = name.strip_suffix(b"/").unwrap_or(name).to_vec();
    let size = fields[48..58].trim_ascii();
    let digits = std::str::from_utf8(size).ok();
    let is_number = size.iter().all(u8::is_ascii_digit);
    let size: u64 = digits
        .filter(|_| is_number && end == b"`\n")
        .and_then(|digits| digits.parse().ok())
        .ok_or(ArchiveError::Header(at))?;
    // Ten digits at most, so no sum of the two is too large.
    match start + size {
        end if end <= len => Ok((name, start..end)),
        end => Err(short(&name, end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl ReadAt for Bytes {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            let at = usize::try_from(offset).unwrap();
            let bytes = self.0.get(at..at + buf.len());
            buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }

        fn name(&self) -> String {
            "memory".to_owned()
        }
    }

    fn ar(members: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for (name, text) in members {
            let header = format!(
                "{name:16}{:12}{:6}{:6}{:8}{:<10}`\n",
                0,
                0,
                0,
                100_644,
                text.len()
            );
            bytes.extend(header.into_bytes());
            bytes.extend(text.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(2), b'\n');
        }
        bytes
    }

    #[test]
    fn parts_and_what_is_wrong_with_them() {
        let head = ("debian-binary", "2.0\n");
        let (control, data) = (("control.tar.xz", "abc"), ("data.tar/", "defg"));
        for (members, want) in [
            (&[head, control, data][..], Ok((132..135, 196..200))),
            (
                &[head, ("_x", "x"), control, data, ("y", "")],
                Ok((194..197, 258..262)),
            ),
            (
                &[("debian-binary", "2.7\nx\n"), control, data],
                Ok((134..137, 198..202)),
            ),
            (&[], Err("no \"control.tar\"")),
            (&[head], Err("no \"control.tar\"")),
            (&[head, control], Err("no \"data.tar\"")),
            (&[control, data], Err("not \"debian-binary\"")),
            (
                &[head, data, control],
                Err("where \"control.tar\" has to be"),
            ),
            (
                &[head, control, control],
                Err("where \"data.tar\" has to be"),
            ),
            (
                &[("debian-binary", "3.0\n"), control, data],
                Err("format \"3.0\""),
            ),
            (
                &[("debian-binary", "2.\n"), control, data],
                Err("format \"2.\""),
            ),
            (&[head, ("control.tar.Z", ""), data], Err("not known")),
            (&[("_x", ""); 70], Err("not \"debian-binary\"")),
            (
                &[[head].as_slice(), &[("_x", ""); 70]].concat(),
                Err("more than 64"),
            ),
        ] {
            let bytes = ar(members);
            let len = bytes.len() as u64;
            match (Archive::read(&Bytes(bytes), len), want) {
                (Ok(found), Ok((control, data))) => assert_eq!(found, Archive { control, data }),
                (Err(error), Err(want)) => {
                    assert!(error.to_string().contains(want), "{want}: {error}");
                }
                (found, want) => panic!("{want:?}: {found:?}"),
            }
        }
        // Cut at every byte, and damaged in every byte, it is refused or read, and no more.
        let whole = ar(&[head, control, data]);
        for cut in 0..whole.len() {
            let len = cut as u64;
            let found = Archive::read(&Bytes(whole[..cut].to_vec()), len);
            assert!(found.is_err() || cut >= 200, "{cut}");
        }
        for at in 0..whole.len() {
            for byte in [0, b'9', 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let _ = Archive::read(&Bytes(bytes), whole.len() as u64);
            }
        }
    }
}

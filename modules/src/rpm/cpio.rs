//! The archive in a package's payload: members with a name, or with their place in the header.
//!
//! cpio's `newc` (`070701`, `070702`) has a name and a size for each. rpm's own `07070X`, made for
//! files of 4 GiB and more, has a number instead, and the header knows all else.

use std::io::{self, BufRead};

use thiserror::Error;

/// The name of the last member.
const TRAILER: &[u8] = b"TRAILER!!!";

/// Bytes of a `newc` header, without its magic: 13 numbers of 8 hexadecimal digits.
const NUMBERS: usize = 13 * 8;

/// Where among the numbers the sizes of content and name are.
const CONTENT_SIZE: usize = 6;
const NAME_SIZE: usize = 11;

/// The longest name, its closing NUL included (Linux: `PATH_MAX`).
const LONGEST_NAME: u64 = 4096;

/// Why an archive cannot be read.
#[derive(Debug, Error)]
pub(crate) enum CpioError {
    #[error("cannot decode the payload after byte {at}: {cause}")]
    Read { at: u64, cause: io::Error },
    #[error("the compressed payload ends too early; was the download cut short?")]
    Compressed,
    #[error(
        "the payload ends at byte {0}, before the last member of its archive; was the download cut \
         short?"
    )]
    CutShort(u64),
    #[error(
        "the payload is neither an archive nor compressed in a way that is known: the package is \
         damaged"
    )]
    Unknown,
    #[error("no member of the payload's archive begins at byte {0}")]
    Magic(u64),
    #[error(
        "the member at byte {at} of the payload has a name of {len} bytes, at most {LONGEST_NAME} are allowed"
    )]
    Name { at: u64, len: u64 },
    #[error("something follows the end of the payload's archive at byte {0}")]
    Trailing(u64),
}

/// How a member says which file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Member {
    /// By its path, without `./` and `/` before it; its content has that many bytes.
    Named { path: Vec<u8>, size: u64 },
    /// By its place in the header. [`Archive::expect`] has to say how many bytes follow.
    Numbered(u64),
}

/// An archive that is read from start to end.
pub(crate) struct Archive<R> {
    input: R,
    at: u64,
    /// Bytes of content that were not read yet.
    left: u64,
    is_over: bool,
}

impl<R: BufRead> Archive<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            at: 0,
            left: 0,
            is_over: false,
        }
    }

    /// Returns the next member, having skipped what is left of the one before.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, CpioError> {
        self.content(|_| {})?;
        self.align()?;
        let start = self.at;
        let mut magic = [0; 6];
        self.fill(&mut magic)?;
        if &magic == b"07070X" {
            let mut digits = [0; 8];
            self.fill(&mut digits)?;
            self.align()?;
            let number = hexadecimal(&digits).ok_or(CpioError::Magic(start))?;
            return Ok(Some(Member::Numbered(number)));
        }
        if &magic != b"070701" && &magic != b"070702" {
            return Err(match start {
                0 => CpioError::Unknown,
                start => CpioError::Magic(start),
            });
        }
        let mut digits = [0; NUMBERS];
        self.fill(&mut digits)?;
        let number = |i: usize| {
            let digits = &digits[i * 8..i * 8 + 8];
            hexadecimal(digits).ok_or(CpioError::Magic(start))
        };
        let (size, len) = (number(CONTENT_SIZE)?, number(NAME_SIZE)?);
        if !(1..=LONGEST_NAME).contains(&len) {
            return Err(CpioError::Name { at: start, len });
        }
        let mut path = vec![0; usize::try_from(len).unwrap_or_default()];
        self.fill(&mut path)?;
        self.align()?;
        path.truncate(path.iter().position(|b| *b == 0).unwrap_or(path.len()));
        if path == TRAILER {
            self.is_over = true;
            return Ok(None);
        }
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let path = path.strip_prefix(b"/").unwrap_or(path).to_vec();
        self.left = size;
        Ok(Some(Member::Named { path, size }))
    }

    /// Says how many bytes of content the member has that was returned last.
    pub(crate) fn expect(&mut self, size: u64) {
        self.left = size;
    }

    /// Returns where the next byte that is read lies in the archive.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Hands on what is left of the content of the member that was returned last, in pieces.
    pub(crate) fn content(&mut self, mut each: impl FnMut(&[u8])) -> Result<(), CpioError> {
        while self.left > 0 {
            let at = self.at;
            let piece = self.input.fill_buf();
            let piece = piece.map_err(|cause| CpioError::reading(at, cause))?;
            let len = usize::try_from(self.left).map_or(piece.len(), |left| left.min(piece.len()));
            if len == 0 {
                return Err(CpioError::CutShort(at));
            }
            each(&piece[..len]);
            self.input.consume(len);
            self.at += len as u64;
            self.left -= len as u64;
        }
        Ok(())
    }

    /// Reads to the end of the input, where nothing but zeros may follow.
    pub(crate) fn finish(mut self) -> Result<(), CpioError> {
        debug_assert!(self.is_over);
        loop {
            let at = self.at;
            let rest = self.input.fill_buf();
            let rest = rest.map_err(|cause| CpioError::reading(at, cause))?;
            if rest.is_empty() {
                return Ok(());
            }
            if rest.iter().any(|b| *b != 0) {
                return Err(CpioError::Trailing(at));
            }
            let len = rest.len();
            self.input.consume(len);
            self.at += len as u64;
        }
    }

    fn align(&mut self) -> Result<(), CpioError> {
        let gap = self.at.next_multiple_of(4) - self.at;
        let mut skipped = [0; 4];
        self.fill(&mut skipped[..usize::try_from(gap).unwrap_or_default()])
    }

    fn fill(&mut self, mut buf: &mut [u8]) -> Result<(), CpioError> {
        let (at, len) = (self.at, buf.len() as u64);
        while !buf.is_empty() {
            let read = self.input.read(buf);
            match read.map_err(|cause| CpioError::reading(at, cause))? {
                0 => return Err(CpioError::CutShort(at)),
                len => buf = &mut buf[len..],
            }
        }
        self.at += len;
        Ok(())
    }
}

impl CpioError {
    /// Returns why the decoder has nothing more.
    fn reading(at: u64, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::UnexpectedEof => Self::Compressed,
            _ => Self::Read { at, cause },
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok()?;
    // from_str_radix would take a sign.
    let is_hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hexadecimal.then(|| u64::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str, content: &str) -> Vec<u8> {
        let mut numbers = [0; 13];
        numbers[CONTENT_SIZE] = content.len();
        numbers[NAME_SIZE] = path.len() + 1;
        let mut bytes = b"070701".to_vec();
        for number in numbers {
            bytes.extend(format!("{number:08x}").bytes());
        }
        bytes.extend(path.bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(content.bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn numbered(number: usize, content: &str) -> Vec<u8> {
        let mut bytes = format!("07070X{number:08x}\0\0{content}").into_bytes();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    /// Returns the members with their content, of which numbered ones have three bytes.
    fn walk(bytes: &[u8]) -> Result<Vec<(Member, Vec<u8>)>, CpioError> {
        let mut archive = Archive::new(bytes);
        let mut found = Vec::new();
        while let Some(member) = archive.next()? {
            if let Member::Numbered(_) = member {
                archive.expect(3);
            }
            let mut content = Vec::new();
            archive.content(|piece| content.extend(piece))?;
            found.push((member, content));
        }
        archive.finish()?;
        Ok(found)
    }

    #[test]
    fn members() {
        let path = |path: &str, size| Member::Named {
            path: path.as_bytes().to_vec(),
            size,
        };
        let bytes = [
            named("./etc", ""),
            named("/etc/a", "12345"),
            named("etc/b", "1"),
            numbered(11, "xyz"),
            named("TRAILER!!!", ""),
            vec![0; 300],
        ]
        .concat();
        assert_eq!(
            walk(&bytes).unwrap(),
            [
                (path("etc", 0), b"".to_vec()),
                (path("etc/a", 5), b"12345".to_vec()),
                (path("etc/b", 1), b"1".to_vec()),
                (Member::Numbered(11), b"xyz".to_vec()),
            ]
        );
        for cut in 0..bytes.len() - 300 {
            assert!(walk(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn damaged_archives() {
        let end = named("TRAILER!!!", "");
        let long = named(&"n".repeat(4096), "");
        let mut signed = named("a", "");
        signed[6 + CONTENT_SIZE * 8] = b'+';
        for (bytes, want) in [
            (
                b"070707".to_vec(),
                "the payload is neither an archive nor compressed in a way that is known",
            ),
            (Vec::new(), "the payload ends at byte 0"),
            (
                [named("a", ""), b"070707".to_vec()].concat(),
                "no member of the payload's archive begins at byte 112",
            ),
            (
                [named("a", ""), b"0707".to_vec()].concat(),
                "the payload ends at byte 112",
            ),
            ([end, b"x".to_vec()].concat(), "something follows the end"),
            (long, "a name of 4097 bytes, at most 4096"),
            (
                signed,
                "no member of the payload's archive begins at byte 0",
            ),
            (b"07070X0000000g\0\0".to_vec(), "no member"),
        ] {
            let error = walk(&bytes).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}

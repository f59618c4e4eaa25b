//! A package file: its headers, whether they are whole, and where the payload begins.

use std::io;

use fsgen::ReadAt;
use thiserror::Error;

use super::dependency::Dependency;
use super::digest::{Algorithm, Digest};
use super::header::{self, Header, HeaderError, PREAMBLE};
use super::identity::Identity;
use super::tag;
use crate::root::show;

/// The first bytes of a package.
const LEAD: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];

/// Those of each of its headers.
pub(crate) const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];

/// Bytes of the lead, whose only use today is to begin with its magic.
const LEAD_LEN: u64 = 96;

/// Where the lead says whether this is a source package.
const LEAD_TYPE: usize = 6;

/// Why a file is no package, or none that can be used.
#[derive(Debug, Error)]
pub(crate) enum PackageError {
    #[error("cannot read it: {0}")]
    Read(#[from] io::Error),
    #[error("the file is empty; was the download cut short?")]
    Empty,
    #[error("this is no RPM package: it does not begin like one")]
    NotAPackage,
    #[error(
        "the file ends at byte {len}, inside the package's {part}; was the download cut short?"
    )]
    CutShort { part: &'static str, len: u64 },
    #[error("byte {at} begins no {part}")]
    Magic { part: &'static str, at: u64 },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("the {part} has the {algorithm} digest {found}, not {wanted}: the file is damaged")]
    Digest {
        part: &'static str,
        algorithm: &'static str,
        found: String,
        wanted: String,
    },
    #[error("the package has no digest of its header")]
    NoDigest,
    #[error("this is a source package, which is built, not installed")]
    Source,
    #[error("the payload is a {0:?} archive, where only cpio is known")]
    PayloadFormat(String),
    #[error("this package is for the operating system {0:?}, not Linux")]
    OperatingSystem(String),
    #[error(
        "{0:?} is in its name, version or architecture, where rpmbuild makes nothing like that"
    )]
    Name(String),
    #[error("{} and {} are one file, but not of one size and digest", show(.0), show(.1))]
    Links(Vec<u8>, Vec<u8>),
    #[error("it needs {0}, a feature of rpm that is not known here")]
    Feature(Dependency),
}

/// A package whose headers are whole.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) identity: Identity,
    pub(crate) header: Header,
    /// The header of signatures, whose digests were checked.
    pub(crate) signatures: Header,
    /// Where the payload begins in the file.
    pub(crate) payload: u64,
}

impl Package {
    /// Reads the headers at the beginning of a file whose bytes these are.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PackageError> {
        /// Nothing is read but those.
        struct Nothing;
        impl ReadAt for Nothing {
            fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            fn name(&self) -> String {
                String::new()
            }
        }
        let file = &Nothing;
        Self::read_from(&Beginning { file, bytes }, bytes.len() as u64)
    }

    /// Reads the headers of a file of `len` bytes, and checks the digests of the second one.
    pub(crate) fn read(file: &dyn ReadAt, len: u64) -> Result<Self, PackageError> {
        let mut bytes = [0; BEGINNING];
        let first = usize::try_from(len).map_or(BEGINNING, |len| len.min(BEGINNING));
        let bytes = &mut bytes[..first];
        file.read_exact_at(bytes, 0)?;
        Self::read_from(&Beginning { file, bytes }, len)
    }

    fn read_from(file: &Beginning<'_>, len: u64) -> Result<Self, PackageError> {
        let mut lead = [0; 8];
        if len == 0 {
            return Err(PackageError::Empty);
        }
        if len < lead.len() as u64 {
            return Err(PackageError::NotAPackage);
        }
        file.read_exact_at(&mut lead, 0)?;
        if !lead.starts_with(&LEAD) {
            return Err(PackageError::NotAPackage);
        }
        let (signatures, end) = read_header(file, len, LEAD_LEN, "header of signatures")?;
        let signatures = Header::parse(signatures, tag::HEADER_SIGNATURES)?;
        // The signatures are filled up to a multiple of eight bytes.
        let start = end.next_multiple_of(8);
        let (blob, payload) = read_header(file, len, start, "header")?;
        check_digest(&blob, &signatures)?;
        let header = Header::parse(blob, tag::HEADER_IMMUTABLE)?;
        let is_source = lead[LEAD_TYPE + 1] == 1
            || header.has(tag::SOURCEPACKAGE)
            || !header.has(tag::SOURCERPM);
        if is_source {
            return Err(PackageError::Source);
        }
        let identity = Identity::read(&header)?;
        let format = header.text(tag::PAYLOADFORMAT).unwrap_or(b"cpio");
        if format != b"cpio" {
            let format = String::from_utf8_lossy(format).into_owned();
            return Err(PackageError::PayloadFormat(format));
        }
        let system = header.text(tag::OS).unwrap_or(b"linux");
        if !system.eq_ignore_ascii_case(b"linux") {
            let system = String::from_utf8_lossy(system).into_owned();
            return Err(PackageError::OperatingSystem(system));
        }
        Ok(Self {
            identity,
            header,
            signatures,
            payload,
        })
    }
}

/// How much of a file is read at once; most headers lie in it.
const BEGINNING: usize = 16 << 10;

/// A file whose first bytes were read already.
struct Beginning<'f> {
    file: &'f dyn ReadAt,
    bytes: &'f [u8],
}

impl Beginning<'_> {
    fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()> {
        let start = usize::try_from(at).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(buf.len())?));
        match range.and_then(|range| self.bytes.get(range)) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => self.file.read_exact_at(buf, at),
        }
    }
}

/// Reads one header, and returns it without magic, with the place where it ends.
fn read_header(
    file: &Beginning<'_>,
    len: u64,
    at: u64,
    part: &'static str,
) -> Result<(Vec<u8>, u64), PackageError> {
    let cut_short = PackageError::CutShort { part, len };
    let mut start = [0; MAGIC.len() + PREAMBLE];
    if at + start.len() as u64 > len {
        return Err(cut_short);
    }
    file.read_exact_at(&mut start, at)?;
    // Of the magic, the last four bytes are reserved.
    if start[..4] != MAGIC[..4] {
        return Err(PackageError::Magic { part, at });
    }
    let mut preamble = [0; PREAMBLE];
    preamble.copy_from_slice(&start[MAGIC.len()..]);
    let size = header::len(preamble)?;
    let at = at + MAGIC.len() as u64;
    let end = at + size as u64;
    if end > len {
        return Err(cut_short);
    }
    let mut blob = vec![0; size];
    file.read_exact_at(&mut blob, at)?;
    Ok((blob, end))
}

/// Checks the strongest digest of the header that there is.
fn check_digest(blob: &[u8], signatures: &Header) -> Result<(), PackageError> {
    let known = [
        (tag::SIG_SHA256, Algorithm::Sha256, "SHA-256"),
        (tag::SIG_SHA1, Algorithm::Sha1, "SHA-1"),
    ];
    let mut present = known
        .into_iter()
        .filter_map(|(tag, algorithm, name)| Some((signatures.text(tag)?, algorithm, name)));
    let Some((wanted, algorithm, name)) = present.next() else {
        return Err(PackageError::NoDigest);
    };
    let mut digest = Digest::new(algorithm);
    digest.update(&MAGIC);
    digest.update(blob);
    same("header", name, digest.hex(), wanted)
}

/// Compares two digests.
pub(crate) fn same(
    part: &'static str,
    algorithm: &'static str,
    found: String,
    wanted: &[u8],
) -> Result<(), PackageError> {
    match found.as_bytes().eq_ignore_ascii_case(wanted) {
        true => Ok(()),
        false => Err(PackageError::Digest {
            part,
            algorithm,
            found,
            wanted: wanted.escape_ascii().to_string(),
        }),
    }
}

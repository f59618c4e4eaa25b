//! The two archives in a package: decoded into a spool, and their members.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use fsgen::tree::content::SourceId;
use fsgen::{Meta, ReadAt, Timestamp, Tree};
use thiserror::Error;

use super::member::listed;
use crate::compressed::Compressed;
use crate::deb::archive::Archive;
use crate::package_files::PackageFile;
use crate::root::{Spool, show};
use crate::{Host, Packed, PackedKind, Root, RootError};

/// How much is read at once.
const CHUNK: usize = 1 << 18;

/// What tar archives consist of; each begins at a multiple.
const BLOCK: u64 = 512;

/// The most bytes that a package may say of itself; the list of a million files is less.
const CONTROL_MAX: usize = 128 << 20;

/// The types of headers that dpkg knows in the files of a package (its `tar_extractor`). What a
/// package says of itself is unpacked by tar, which knows all.
const TYPES: &str = "0123456KL";

/// What is wrong with an archive in a package.
#[derive(Debug, Error)]
pub(super) enum PayloadError {
    #[error("{part}: cannot be decoded: {cause}")]
    Decode {
        part: &'static str,
        cause: io::Error,
    },
    #[error("{part}: {cause}")]
    Members {
        part: &'static str,
        cause: io::Error,
    },
    #[error("control.tar has the directory {}, where dpkg takes files only", show(.0))]
    Folder(Vec<u8>),
    #[error("control.tar: it has more than {CONTROL_MAX} bytes")]
    Control,
    #[error(transparent)]
    Spool(RootError),
}

/// A part of a package's file, and what messages call it.
#[derive(Clone, Copy)]
pub(super) struct Part<'p> {
    name: &'static str,
    source: &'p dyn ReadAt,
    range: &'p Range<u64>,
    /// The types that headers in it may have.
    types: Option<&'static str>,
}

impl<'p> Part<'p> {
    /// Returns what a package says of itself.
    pub(super) fn control(file: &'p PackageFile, archive: &'p Archive) -> Self {
        Self {
            name: "control.tar",
            source: &*file.source,
            range: &archive.control,
            types: None,
        }
    }

    /// Returns the files of a package.
    pub(super) fn data(file: &'p PackageFile, archive: &'p Archive) -> Self {
        Self {
            name: "data.tar",
            source: &*file.source,
            range: &archive.data,
            types: Some(TYPES),
        }
    }

    /// Decodes it, and hands each piece on.
    fn decode<E: From<PayloadError>>(
        self,
        host: &dyn Host,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |cause| {
            let part = self.name;
            E::from(PayloadError::Decode { part, cause })
        };
        let Range { start, end } = *self.range;
        let mut compressed = Compressed::new(self.source, start, end, None);
        let decoded = host.decode(Box::new(&mut compressed), end - start);
        let mut decoded = BufReader::with_capacity(CHUNK, decoded.map_err(failed)?);
        let mut chunk = vec![0; CHUNK];
        loop {
            match decoded.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(len) => each(&chunk[..len])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// Where what packages contain goes.
pub(super) struct Payloads {
    spool: Arc<dyn Spool>,
    source: SourceId,
    len: u64,
}

impl Payloads {
    pub(super) fn new(root: &mut Root<'_>) -> Result<Self, RootError> {
        let (spool, source) = root.spool()?;
        let len = 0;
        Ok(Self { spool, source, len })
    }

    /// Decodes an archive, and returns its members.
    pub(super) fn members(
        &mut self,
        part: Part<'_>,
        host: &dyn Host,
    ) -> Result<Vec<Packed>, PayloadError> {
        let start = self.len.next_multiple_of(BLOCK);
        self.len = start;
        part.decode(host, |piece| {
            let written = self.spool.write_all_at(piece, self.len);
            self.len += piece.len() as u64;
            written.map_err(|cause| PayloadError::Spool(RootError::Spool { cause }))
        })?;
        let file: Arc<dyn ReadAt> = self.spool.clone();
        let members = host.members(file, start..self.len, self.source, part.types);
        members.map_err(|cause| PayloadError::Members {
            part: part.name,
            cause,
        })
    }
}

/// Bytes in memory.
struct Bytes(Vec<u8>);

impl ReadAt for Bytes {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = at.checked_add(buf.len());
        let bytes = end.and_then(|end| self.0.get(at..end));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn name(&self) -> String {
        "control.tar".to_owned()
    }
}

/// Returns the small files of an archive with their names, without a spool.
pub(super) fn small_files(
    part: Part<'_>,
    host: &dyn Host,
) -> Result<Vec<(Packed, Vec<u8>)>, PayloadError> {
    let mut bytes = Vec::new();
    part.decode(host, |piece| {
        if bytes.len() + piece.len() > CONTROL_MAX {
            return Err(PayloadError::Control);
        }
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    let failed = |cause| PayloadError::Members {
        part: part.name,
        cause,
    };
    let len = bytes.len() as u64;
    let bytes: Arc<dyn ReadAt> = Arc::new(Bytes(bytes));
    let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
    let source = tree.add_source(bytes.clone());
    let members = host
        .members(bytes, 0..len, source, part.types)
        .map_err(failed)?;
    let mut files = Vec::new();
    for member in members {
        let is_top = matches!(&*member.path, b"." | b"./" | b"");
        if matches!(member.kind, PackedKind::Directory) && !is_top {
            return Err(PayloadError::Folder(listed(&member.path)));
        }
        if let PackedKind::File(content) = &member.kind {
            let text = content.read(&tree, CONTROL_MAX as u64).map_err(failed)?;
            files.push((member, text));
        }
    }
    Ok(files)
}

//! The content of a package's files: decoded, checked, and kept in a spool.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use fsgen::tree::content::{Content, SourceId};
use thiserror::Error;

use super::set::Candidate;
use crate::compressed::Compressed;
use crate::root::show;
use crate::rpm::cpio::{Archive, CpioError, Member};
use crate::rpm::digest::{Algorithm, Digest};
use crate::rpm::file::{File, FileKind, hard_links};
use crate::rpm::package::{PackageError, same};
use crate::rpm::tag;
use crate::{Host, Root, RootError};

use crate::root::Spool;

/// How much is read at once.
const CHUNK: usize = 1 << 18;

/// What is wrong with a payload.
#[derive(Debug, Error)]
pub(super) enum PayloadError {
    #[error(transparent)]
    Cpio(#[from] CpioError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("cannot set up a decoder for the payload: {0}")]
    Decoder(io::Error),
    #[error(transparent)]
    Spool(RootError),
    #[error("the payload has {}, which the header does not list", show(.0))]
    Unlisted(Vec<u8>),
    #[error("the payload has a file number {number}, of {count}")]
    Number { number: u64, count: usize },
    #[error(
        "the payload has {found} bytes for {}, the header {wanted}",
        show(path)
    )]
    Size {
        path: Vec<u8>,
        found: u64,
        wanted: u64,
    },
    #[error("the payload lacks {}, which the header lists", show(.0))]
    Missing(Vec<u8>),
    #[error(
        "{}: the digest is {found}, not {wanted}: the package is damaged",
        show(path)
    )]
    Digest {
        path: Vec<u8>,
        found: String,
        wanted: String,
    },
    #[error("digests of the kind {0} are not known")]
    Algorithm(u64),
}

/// Where the content of all packages goes.
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

    /// Decodes the payload of a package. Returns the content of its regular files by the place of
    /// each; of hard links, by that of the first.
    pub(super) fn read(
        &mut self,
        candidate: &Candidate,
        host: &dyn Host,
    ) -> Result<BTreeMap<usize, Content>, PayloadError> {
        let header = &candidate.package.header;
        let algorithm = |tag| {
            let number = header.numbers(tag).first().copied();
            Algorithm::of(number).ok_or(PayloadError::Algorithm(number.unwrap_or_default()))
        };
        let wanted = header.text(tag::PAYLOADSHA256);
        let digest = match wanted {
            Some(_) => Some(Digest::new(algorithm(tag::PAYLOADSHA256ALGO)?)),
            None => None,
        };
        let (start, end) = (candidate.package.payload, candidate.len);
        let mut compressed = Compressed::new(&*candidate.source, start, end, digest);
        let len = candidate.len - candidate.package.payload;
        let decoded = host.decode(Box::new(&mut compressed), len);
        let decoded = BufReader::with_capacity(CHUNK, decoded.map_err(PayloadError::Decoder)?);
        let found = self.walk(
            Archive::new(decoded),
            &candidate.files,
            algorithm(tag::FILEDIGESTALGO)?,
        )?;
        let digest = compressed.finish().map_err(PackageError::from)?;
        if let (Some(wanted), Some(digest)) = (wanted, digest) {
            same("payload", "recorded", digest.hex(), wanted)?;
        }
        Ok(found)
    }

    fn walk(
        &mut self,
        mut archive: Archive<impl Read>,
        files: &[File],
        algorithm: Algorithm,
    ) -> Result<BTreeMap<usize, Content>, PayloadError> {
        let paths: BTreeMap<_, _> = files
            .iter()
            .enumerate()
            .map(|(i, file)| (file.path(), i))
            .collect();
        let sets = hard_links(files);
        let first_of: BTreeMap<_, _> = sets
            .iter()
            .flat_map(|(first, set)| set.iter().map(|index| (*index, *first)))
            .collect();
        let mut contents = BTreeMap::new();
        while let Some(member) = archive.next()? {
            let (index, size) = match member {
                Member::Named { path, size } => {
                    let path = [b"/", &*path].concat();
                    let index = paths.get(&path).copied();
                    (index.ok_or(PayloadError::Unlisted(path))?, size)
                }
                Member::Numbered(number) => {
                    let index = usize::try_from(number).ok().filter(|i| *i < files.len());
                    let count = files.len();
                    let index = index.ok_or(PayloadError::Number { number, count })?;
                    let last = first_of.get(&index).and_then(|first| sets[first].last());
                    let size = match files[index].kind {
                        FileKind::Regular if last == Some(&index) => files[index].size,
                        FileKind::Symlink => files[index].size,
                        _ => 0,
                    };
                    archive.expect(size);
                    (index, size)
                }
            };
            let file = &files[index];
            let Some(first) = first_of.get(&index).copied() else {
                continue;
            };
            // Of hard links, the last one in the archive has the content.
            if size == 0 && file.size > 0 && sets[&first].len() > 1 {
                continue;
            }
            if size != file.size {
                return Err(PayloadError::Size {
                    path: file.path(),
                    found: size,
                    wanted: file.size,
                });
            }
            contents.insert(first, self.keep(&mut archive, file, algorithm)?);
        }
        archive.finish()?;
        match sets.keys().find(|first| !contents.contains_key(first)) {
            Some(missing) => Err(PayloadError::Missing(files[*missing].path())),
            None => Ok(contents),
        }
    }

    /// Writes the content of one member to the spool, and checks its digest.
    fn keep(
        &mut self,
        archive: &mut Archive<impl Read>,
        file: &File,
        algorithm: Algorithm,
    ) -> Result<Content, PayloadError> {
        let start = self.len;
        let mut digest = Digest::new(algorithm);
        let mut chunk = vec![0; usize::try_from(file.size).map_or(CHUNK, |len| len.min(CHUNK))];
        loop {
            let len = archive.read(&mut chunk)?;
            if len == 0 {
                break;
            }
            digest.update(&chunk[..len]);
            let written = self.spool.write_all_at(&chunk[..len], self.len);
            written.map_err(|cause| PayloadError::Spool(RootError::Spool { cause }))?;
            self.len += len as u64;
        }
        let found = digest.hex();
        // Very old packages have none for some files.
        if !file.digest.is_empty() && !found.as_bytes().eq_ignore_ascii_case(&file.digest) {
            return Err(PayloadError::Digest {
                path: file.path(),
                found,
                wanted: file.digest.escape_ascii().to_string(),
            });
        }
        Ok(match file.size {
            0 => Content::bytes([]),
            size => Content::span(self.source, start, size),
        })
    }
}

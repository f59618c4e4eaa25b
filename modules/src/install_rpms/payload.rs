//! The content of a package's files: decoded, checked, and kept in a spool.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};

use fsgen::tree::content::{Content, SourceId};
use thiserror::Error;

use super::candidate::Candidate;
use crate::compressed::Compressed;
use crate::error::at;
use crate::root::Spool;
use crate::root::show;
use crate::rpm::cpio::{Archive, CpioError, Member};
use crate::rpm::digest::{Algorithm, Digest};
use crate::rpm::file::{File, FileKind, hard_links};
use crate::rpm::package::{PackageError, same};
use crate::rpm::tag;
use crate::{Error, Host, Root, RootError, shared};

/// How much is written at once.
const CHUNK: usize = 1 << 18;

/// What the host keeps files in, in bytes.
const PAGE: u64 = 4096;

/// How much is decoded at once for what is smaller.
const SMALL: usize = 16 << 10;

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
    #[error("the payload has {} twice", show(.0))]
    Twice(Vec<u8>),
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

/// The content of a package's regular files by the place of each; of hard links, by that of the
/// first.
pub(super) type Contents = BTreeMap<usize, Content>;

/// Decodes the payloads of packages, several at a time, while `then` gets what each has in its
/// files, in their order.
pub(super) fn read<'r>(
    root: &mut Root<'r>,
    candidates: &[Candidate],
    order: &[usize],
    mut then: impl FnMut(&mut Root<'r>, usize, Contents) -> Result<(), Error>,
) -> Result<(), Error> {
    let (spool, source) = root.spool()?;
    let host = root.host();
    let mut end: u64 = 0;
    let mut works = Vec::new();
    for index in order {
        let candidate = &candidates[*index];
        works.push((candidate, end));
        // Each of some hard links may have the content, though rpm gives it to the last alone.
        let regular = hard_links(&candidate.files).into_values().flatten();
        let sizes = regular.map(|file| candidate.files[file].size);
        end = sizes.fold(end, u64::saturating_add);
        // Threads that write beside one another do not share pages.
        end = end.checked_next_multiple_of(PAGE).unwrap_or(end);
    }
    shared::in_order(
        host.threads(),
        &works,
        || Payload {
            spooled: Spooled::new(&*spool),
            source,
        },
        |payload, (candidate, start)| {
            payload.spooled.begin(*start);
            payload.read(candidate, host)
        },
        |place, contents| {
            let index = order[place];
            let contents = contents.map_err(|error| match error {
                PayloadError::Spool(cause) => at(candidates[index].file.span)(cause),
                error => candidates[index].error(error).into(),
            })?;
            then(root, index, contents)
        },
    )
}

/// A part of a spool that is written from start to end.
struct Spooled<'s> {
    spool: &'s dyn Spool,
    /// Where what is in the buffer belongs.
    at: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'s> Spooled<'s> {
    fn new(spool: &'s dyn Spool) -> Self {
        Self {
            spool,
            at: 0,
            buffer: vec![0; CHUNK],
            used: 0,
        }
    }

    /// Begins anew at a place.
    fn begin(&mut self, at: u64) {
        (self.at, self.used) = (at, 0);
    }

    /// Returns where the next byte belongs.
    fn end(&self) -> u64 {
        self.at + self.used as u64
    }

    fn flush(&mut self) -> Result<(), PayloadError> {
        let written = self.spool.write_all_at(&self.buffer[..self.used], self.at);
        written.map_err(|cause| PayloadError::Spool(RootError::Spool { cause }))?;
        self.at += self.used as u64;
        self.used = 0;
        Ok(())
    }
}

/// What reads payloads, one after the other.
struct Payload<'s> {
    spooled: Spooled<'s>,
    source: SourceId,
}

impl Payload<'_> {
    fn read(&mut self, candidate: &Candidate, host: &dyn Host) -> Result<Contents, PayloadError> {
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
        let (start, end) = (candidate.package.payload, candidate.file.len);
        let mut compressed = Compressed::new(&*candidate.file.source, start, end, digest);
        let decoded = host.decode(Box::new(&mut compressed), end - start);
        let decoded = BufReader::with_capacity(SMALL, decoded.map_err(PayloadError::Decoder)?);
        let found = self.walk(
            Archive::new(decoded),
            &candidate.files,
            algorithm(tag::FILEDIGESTALGO)?,
        )?;
        let digest = compressed.finish().map_err(PackageError::from)?;
        if let (Some(wanted), Some(digest)) = (wanted, digest) {
            same("payload", "recorded", digest.hex(), wanted)?;
        }
        self.spooled.flush()?;
        Ok(found)
    }

    fn walk(
        &mut self,
        mut archive: Archive<impl Read>,
        files: &[File],
        algorithm: Algorithm,
    ) -> Result<Contents, PayloadError> {
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
        let mut seen = BTreeSet::new();
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
            // What comes once fits into this package's part of the spool.
            if !seen.insert(index) {
                return Err(PayloadError::Twice(file.path()));
            }
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
        let start = self.spooled.end();
        let mut digest = Digest::new(algorithm);
        loop {
            let spooled = &mut self.spooled;
            if spooled.used == spooled.buffer.len() {
                spooled.flush()?;
            }
            let space = &mut spooled.buffer[spooled.used..];
            let len = archive.read(space)?;
            if len == 0 {
                break;
            }
            digest.update(&space[..len]);
            spooled.used += len;
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

//! The content of a package's files: decoded, checked, and kept in a spool.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};
use std::mem;

use fsgen::tree::content::{Content, SourceId};
use thiserror::Error;

use super::candidate::Candidate;
use super::decoded::Decoded;
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

/// How much is decoded and written at once.
const CHUNK: usize = 1 << 18;

/// Where the payloads begin in the spool, in bytes: hosts keep files in pieces of such sizes, too,
/// and threads that write beside one another do not share them.
const PIECE: u64 = 1 << 17;

/// What a member of an archive has beside its name and content, at most, in bytes: the header, and
/// zeros behind both.
const MEMBER: u64 = 128;

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
    #[error("the payload has more than the {0} bytes that the files of the header take")]
    Long(u64),
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
        let start = end;
        end = end.saturating_add(archive_len(&candidate.files));
        works.push((candidate, (start, end)));
        end = end.checked_next_multiple_of(PIECE).unwrap_or(end);
    }
    shared::in_order(
        host.threads(),
        &works,
        || Payload {
            spool: &*spool,
            source,
            buffer: vec![0; CHUNK],
            packed: Vec::new(),
        },
        |payload, (candidate, part)| payload.read(candidate, *part, host),
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

/// Returns how many bytes the archive of these files has at most, its end included.
fn archive_len(files: &[File]) -> u64 {
    let member = |file: &File| {
        // Of hard links, the last has the content; that is not looked at for a bound.
        let content = match file.kind {
            FileKind::Regular | FileKind::Symlink => file.size,
            _ => 0,
        };
        let name = file.directory.len() + file.name.len();
        content.saturating_add(MEMBER + name as u64)
    };
    // Ghosts have none.
    let members = files.iter().filter(|file| !file.is_ghost()).map(member);
    members.fold(MEMBER, u64::saturating_add)
}

/// What reads payloads, one after the other.
struct Payload<'s> {
    spool: &'s dyn Spool,
    source: SourceId,
    /// What is decoded at once.
    buffer: Vec<u8>,
    /// What is read at once.
    packed: Vec<u8>,
}

impl Payload<'_> {
    /// Decodes the payload of a package into a part of the spool.
    fn read(
        &mut self,
        candidate: &Candidate,
        part: (u64, u64),
        host: &dyn Host,
    ) -> Result<Contents, PayloadError> {
        let header = &candidate.package.header;
        let number = |tag| header.numbers(tag).first().copied();
        let algorithm = |number: Option<u64>| {
            Algorithm::of(number).ok_or(PayloadError::Algorithm(number.unwrap_or_default()))
        };
        let wanted = header.text(tag::PAYLOADSHA256);
        let digest = match wanted {
            // Packages of rpm 6 do not say it.
            Some(_) => match number(tag::PAYLOADSHA256ALGO) {
                None => Some(Digest::new(Algorithm::Sha256)),
                number => Some(Digest::new(algorithm(number)?)),
            },
            None => None,
        };
        let (start, end) = (candidate.package.payload, candidate.file.len);
        let compressed = Compressed::new(&*candidate.file.source, start, end, digest);
        let mut compressed = compressed.with_buffer(mem::take(&mut self.packed));
        let decoder = host.decode(Box::new(&mut compressed), end - start);
        let decoder = decoder.map_err(PayloadError::Decoder)?;
        let mut decoded = Decoded::new(decoder, self.spool, part, &mut self.buffer);
        let walk = Walk {
            files: &candidate.files,
            algorithm: algorithm(number(tag::FILEDIGESTALGO))?,
            part,
            source: self.source,
        };
        let found = walk.walk(Archive::new(&mut decoded));
        if let Some(cause) = decoded.failed() {
            return Err(PayloadError::Spool(RootError::Spool { cause }));
        }
        let found = found?;
        let (digest, packed) = compressed.finish().map_err(PackageError::from)?;
        self.packed = packed;
        if let (Some(wanted), Some(digest)) = (wanted, digest) {
            same("payload", "recorded", digest.hex(), wanted)?;
        }
        Ok(found)
    }
}

/// What is known of an archive before it is read.
struct Walk<'p> {
    files: &'p [File],
    algorithm: Algorithm,
    /// Where in the spool the archive is put.
    part: (u64, u64),
    source: SourceId,
}

impl Walk<'_> {
    /// Checks all members; returns where their contents are.
    fn walk(&self, mut archive: Archive<impl BufRead>) -> Result<Contents, PayloadError> {
        let files = self.files;
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
            let (index, found) = match member {
                Member::Named { path, size } => {
                    let path = [b"/", &*path].concat();
                    let index = paths.get(&path).copied();
                    (index.ok_or(PayloadError::Unlisted(path))?, Some(size))
                }
                Member::Numbered(number) => {
                    let index = usize::try_from(number).ok().filter(|i| *i < files.len());
                    let count = files.len();
                    (index.ok_or(PayloadError::Number { number, count })?, None)
                }
            };
            let file = &files[index];
            if !seen.insert(index) {
                return Err(PayloadError::Twice(file.path()));
            }
            // Of hard links, the last one has the content.
            let first = first_of.get(&index).copied();
            let first = first.filter(|first| sets[first].last() == Some(&index));
            let wanted = match file.kind {
                FileKind::Regular if first.is_some() => file.size,
                FileKind::Symlink => file.size,
                _ => 0,
            };
            // rpm goes by the header's sizes, so those of the archive count as far as they say
            // where the next member begins.
            if let Some(found) = found.filter(|found| found.div_ceil(4) != wanted.div_ceil(4)) {
                return Err(PayloadError::Size {
                    path: file.path(),
                    found,
                    wanted,
                });
            }
            archive.expect(wanted);
            if let Some(first) = first {
                contents.insert(first, self.content(&mut archive, file)?);
            }
        }
        archive.finish()?;
        let mut listed = files.iter().enumerate();
        match listed.find(|(index, file)| !file.is_ghost() && !seen.contains(index)) {
            Some((_, missing)) => Err(PayloadError::Missing(missing.path())),
            None => Ok(contents),
        }
    }

    /// Checks the digest of one member's content; returns where in the spool that is.
    fn content(
        &self,
        archive: &mut Archive<impl BufRead>,
        file: &File,
    ) -> Result<Content, PayloadError> {
        let (start, end) = self.part;
        let at = start.saturating_add(archive.at());
        let mut digest = Digest::new(self.algorithm);
        archive.content(|piece| digest.update(piece))?;
        // What comes behind the part of the spool was not put there.
        if start.saturating_add(archive.at()) > end {
            return Err(PayloadError::Long(end - start));
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
            size => Content::span(self.source, at, size),
        })
    }
}

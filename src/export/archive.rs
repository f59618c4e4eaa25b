//! A tar archive of what lies below a directory, in byte order of the names.
//!
//! It is gone through twice: how long the archive is has to be known before its first byte, for
//! what packs it on several threads and for what has its length in front of it.
//!
//! What cannot be read is left out, and noted. Bytes of a file are found to be unreadable when its
//! header is written already: zeros are in their place.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Error, Result, bail, ensure};

use super::member::{Member, member};
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;
use crate::reader::unread::Unread;
use crate::reader::walk::{Found, Walk};
use crate::reader::{FileId, Kind, Reader};

/// What headers and contents are padded to.
pub(super) const BLOCK: u64 = tar_core::HEADER_SIZE as u64;
/// Two blocks of zeros end an archive.
const END: u64 = 2 * BLOCK;
/// What is wrong when it is not as long as it was going to be.
const CHANGED: &str = "what is exported changed meanwhile; do it again";
/// How much is put at once.
pub(super) const BATCH: u64 = 1 << 20;

/// A piece of an archive, to be put behind the one before.
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes of a file.
    Copy(Arc<File>, Range<u64>),
}

impl Piece {
    /// Returns how many bytes it has.
    pub(super) fn len(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Copy(_, range) => range.end - range.start,
        }
    }
}

/// A file whose bytes go into an archive.
pub(super) struct File {
    id: FileId,
    path: Vec<u8>,
}

/// How much is tried at once of what cannot be read as a whole.
const SECTOR: usize = 4096;

/// What goes into an archive.
pub(super) struct Archive<'r> {
    pub(super) reader: &'r dyn Reader,
    /// Where it starts, with the path that this has.
    pub(super) root: (Vec<u8>, FileId),
    /// Whether it is a layer of a container image, where some names mean something else.
    pub(super) is_layer: bool,
    /// What could not be read.
    pub(super) unread: Mutex<Unread>,
}

/// What an archive will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Bytes, with its end marker.
    pub(super) len: u64,
    /// Sockets, which are left out.
    pub(super) sockets: u64,
}

impl Archive<'_> {
    /// Returns what the archive will be.
    ///
    /// # Errors
    ///
    /// Fails when something cannot go into an archive.
    pub(super) fn measure(&self) -> Result<Totals> {
        let mut len = END;
        let each = &mut |member: Member, _: &Found| {
            len += member.header.len() as u64 + member.len().next_multiple_of(BLOCK);
            Ok(())
        };
        let sockets = self.members(each, &|error| self.note(error))?;
        Ok(Totals { len, sockets })
    }

    /// Hands the archive, which is `whole` bytes long, to `put`, piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when it does not come to be that long, and when `put` does.
    pub(super) fn write(&self, whole: u64, put: &mut dyn FnMut(Piece) -> Result<()>) -> Result<()> {
        let mut written = 0;
        let mut put = |piece: Piece| {
            written += piece.len();
            ensure!(written <= whole, CHANGED);
            put(piece)
        };
        // Headers and small files are put together.
        let mut pending = Vec::new();
        let each = &mut |member: Member, found: &Found| {
            let file = File {
                id: found.id,
                path: found.path.clone(),
            };
            let len = member.len();
            pending.extend_from_slice(&member.header);
            if len < BATCH / 4 {
                for piece in member.pieces {
                    let at = pending.len();
                    pending.resize(at + usize::try_from(piece.end - piece.start)?, 0);
                    let bytes = &mut pending[at..];
                    self.read(&file, bytes, piece.start);
                }
            } else {
                put(Piece::Bytes(std::mem::take(&mut pending)))?;
                let file = Arc::new(file);
                for piece in member.pieces {
                    for at in piece.clone().step_by(usize::try_from(BATCH)?) {
                        put(Piece::Copy(file.clone(), at..piece.end.min(at + BATCH)))?;
                    }
                }
            }
            let padding = len.next_multiple_of(BLOCK) - len;
            pending.resize(pending.len() + usize::try_from(padding)?, 0);
            if pending.len() as u64 >= BATCH {
                put(Piece::Bytes(std::mem::take(&mut pending)))?;
            }
            Ok(())
        };
        // What cannot be read is known already.
        self.members(each, &|_| {})?;
        pending.resize(pending.len() + usize::try_from(END)?, 0);
        put(Piece::Bytes(pending))?;
        ensure!(written == whole, CHANGED);
        Ok(())
    }

    /// Fills `buf` with the bytes of a file from `at` on. Zeros are in place of what cannot be read.
    pub(super) fn read(&self, file: &File, buf: &mut [u8], at: u64) {
        let Err(error) = self.reader.read_exact_at(file.id, buf, at) else {
            return;
        };
        self.note(error.context(format!("{}: zeros are in its place", shown(&file.path))));
        for (sector, at) in buf.chunks_mut(SECTOR).zip((at..).step_by(SECTOR)) {
            if self.reader.read_exact_at(file.id, sector, at).is_err() {
                sector.fill(0);
            }
        }
    }

    fn note(&self, error: Error) {
        // A panic elsewhere leaves it whole.
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.note(&error.context(self.reader.name()));
    }

    /// Goes through all members, and returns how many files are none.
    fn members(
        &self,
        each: &mut dyn FnMut(Member, &Found) -> Result<()>,
        note: &dyn Fn(Error),
    ) -> Result<u64> {
        let mut sockets = 0;
        // Of files with several names, the first one.
        let mut first_names: HashMap<FileId, Vec<u8>> = HashMap::new();
        let mut allowance = Allowance::of(self.reader);
        let (path, id) = &self.root;
        // If that cannot be read, then neither can the file itself, or what it is in.
        let own = self.reader.own().ok().flatten();
        for file in Walk::new(self.reader, path, *id) {
            let file = match file {
                Ok(file) => file,
                Err(error) => {
                    note(error);
                    continue;
                }
            };
            if own == Some(file.id) {
                continue;
            }
            let first = first_names.get(&file.id).map(Vec::as_slice);
            let path = || shown(&file.path);
            self.check_name(&file.path).with_context(path)?;
            let note = |error: Error| note(error.context(path()));
            let member = match member(self.reader, &file, first, &note) {
                Ok(Some(member)) => member,
                Ok(None) => {
                    sockets += 1;
                    continue;
                }
                Err(error) => {
                    note(error);
                    continue;
                }
            };
            each(member, &file).with_context(path)?;
            if first.is_none() && file.stat.links > 1 && file.stat.kind != Kind::Directory {
                allowance.take(Allowance::ENTRY + file.path.len() as u64)?;
                first_names.insert(file.id, file.path);
            }
        }
        Ok(sockets)
    }

    /// Checks that a name does not mean something else in a layer.
    fn check_name(&self, path: &[u8]) -> Result<()> {
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
        if self.is_layer && name.starts_with(b".wh.") {
            bail!(
                "in a container image, a name that starts with \".wh.\" removes a file; export \
                 it with `--format tar`"
            );
        }
        Ok(())
    }
}

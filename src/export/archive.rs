//! A tar archive of what lies below a directory, in byte order of the names.
//!
//! It is gone through twice: how long the archive is has to be known before its first byte, for
//! what packs it on several threads and for what has its length in front of it.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context as _, Result, bail};

use super::member::{Member, member};
use crate::reader::name::shown;
use crate::reader::walk::Walk;
use crate::reader::{FileId, Kind, Reader};

/// What headers and contents are padded to.
pub(super) const BLOCK: u64 = tar_core::HEADER_SIZE as u64;
/// Two blocks of zeros end an archive.
const END: u64 = 2 * BLOCK;
/// How much is put at once.
pub(super) const BATCH: u64 = 1 << 20;

/// A piece of an archive, to be put behind the one before.
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes of a file.
    Copy(FileId, Range<u64>),
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

/// What goes into an archive.
pub(super) struct Archive<'r> {
    pub(super) reader: &'r dyn Reader,
    /// Where it starts, with the path that this has.
    pub(super) root: (Vec<u8>, FileId),
    /// Whether it is a layer of a container image, where some names mean something else.
    pub(super) is_layer: bool,
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
    /// Fails when something cannot be read, or cannot go into an archive.
    pub(super) fn measure(&self) -> Result<Totals> {
        let mut len = END;
        let sockets = self.members(&mut |member, _| {
            len += member.header.len() as u64 + member.len().next_multiple_of(BLOCK);
            Ok(())
        })?;
        Ok(Totals { len, sockets })
    }

    /// Hands the archive to `put`, piece by piece.
    ///
    /// # Errors
    ///
    /// Fails when something cannot be read, and when `put` does.
    pub(super) fn write(&self, put: &mut dyn FnMut(Piece) -> Result<()>) -> Result<()> {
        // Headers and small files are put together.
        let mut pending = Vec::new();
        self.members(&mut |member, id| {
            let len = member.len();
            pending.extend_from_slice(&member.header);
            if len < BATCH / 4 {
                for piece in member.pieces {
                    let at = pending.len();
                    pending.resize(at + usize::try_from(piece.end - piece.start)?, 0);
                    let bytes = &mut pending[at..];
                    self.reader.read_exact_at(id, bytes, piece.start)?;
                }
            } else {
                put(Piece::Bytes(std::mem::take(&mut pending)))?;
                for piece in member.pieces {
                    for at in piece.clone().step_by(usize::try_from(BATCH)?) {
                        put(Piece::Copy(id, at..piece.end.min(at + BATCH)))?;
                    }
                }
            }
            let padding = len.next_multiple_of(BLOCK) - len;
            pending.resize(pending.len() + usize::try_from(padding)?, 0);
            if pending.len() as u64 >= BATCH {
                put(Piece::Bytes(std::mem::take(&mut pending)))?;
            }
            Ok(())
        })?;
        pending.resize(pending.len() + usize::try_from(END)?, 0);
        put(Piece::Bytes(pending))
    }

    /// Goes through all members, and returns how many files are none.
    fn members(&self, each: &mut dyn FnMut(Member, FileId) -> Result<()>) -> Result<u64> {
        let mut sockets = 0;
        // Of files with several names, the first one.
        let mut first_names: HashMap<FileId, Vec<u8>> = HashMap::new();
        let (path, id) = &self.root;
        let own = self.reader.own()?;
        for file in Walk::new(self.reader, path, *id) {
            let file = file?;
            if own == Some(file.id) {
                continue;
            }
            let first = first_names.get(&file.id).map(Vec::as_slice);
            let found = || -> Result<_> {
                self.check_name(&file.path)?;
                member(self.reader, &file, first)
            };
            let Some(member) = found().with_context(|| shown(&file.path))? else {
                sockets += 1;
                continue;
            };
            each(member, file.id).with_context(|| shown(&file.path))?;
            if first.is_none() && file.stat.links > 1 && file.stat.kind != Kind::Directory {
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

//! Writes what was decoded while more is being decoded: into the cache as long as it has room, else
//! into a temporary file without a name.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::contents::Contents;
use super::{Bytes, decoded};
use crate::cache::{Found, Part};
use crate::disk::places::Places;
use crate::room::Ahead;

/// How much is written at once.
pub(super) const CHUNK: usize = 256 * 1024;
/// How many of these wait to be written at most.
const AHEAD: usize = 4;

/// Where decoded bytes go.
pub(super) struct Spool<'o> {
    place: Place<'o>,
    folder: &'o Path,
    len: u64,
    contents: Contents,
}

enum Place<'o> {
    Cache(Part<'o>),
    Temporary(File, Ahead),
}

impl<'o> Spool<'o> {
    /// Starts in the cache if it has a place, else in `folder`.
    pub(super) fn new(part: Option<Part<'o>>, folder: &'o Path) -> io::Result<Self> {
        let place = match part {
            Some(part) => Place::Cache(part),
            None => Place::Temporary(tempfile::tempfile_in(folder)?, Ahead::default()),
        };
        Ok(Self {
            place,
            folder,
            len: 0,
            contents: Contents::default(),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.len..self.len + bytes.len() as u64;
        if let Place::Cache(part) = &mut self.place {
            let begin = match part.can_share() {
                true => self.contents.begin_in(self.len, bytes),
                false => Vec::new(),
            };
            if store(part, bytes, &begin).is_ok() {
                self.len = written.end;
                return Ok(());
            }
            // That the cache is full is no reason to fail.
            let stored = decoded(String::new(), part.found()?);
            let mut stored = BufReader::with_capacity(CHUNK, Bytes::new(&stored, self.len));
            let mut temporary = tempfile::tempfile_in(self.folder)?;
            io::copy(&mut stored, &mut temporary)?;
            self.place = Place::Temporary(temporary, Ahead::default());
        }
        if let Place::Temporary(file, ahead) = &mut self.place {
            // Of a disk image, most is zero, and stays a hole.
            match bytes.iter().all(|byte| *byte == 0) {
                true => {
                    ahead.give_back(file)?;
                    file.seek(SeekFrom::Start(written.end))?;
                }
                false => {
                    ahead.take(file, written.clone());
                    file.write_all(bytes)?;
                }
            }
        }
        self.len = written.end;
        Ok(())
    }

    /// Returns the file, and what it is in the cache unless it is none.
    pub(super) fn finish(self) -> io::Result<(Found, Option<Part<'o>>)> {
        let len = self.len;
        match self.place {
            Place::Cache(part) => Ok((part.found()?, Some(part))),
            Place::Temporary(file, _) => {
                // Gives back the room that is left, too.
                file.set_len(len)?;
                let places = Places::default();
                Ok((Found { file, places, len }, None))
            }
        }
    }
}

/// Adds bytes to an archive in the cache, where contents begin at some of them.
fn store(part: &mut Part<'_>, bytes: &[u8], begin: &[usize]) -> io::Result<()> {
    let mut at = 0;
    for &content in begin {
        part.write(&bytes[at..content])?;
        part.align();
        at = content;
    }
    part.write(&bytes[at..])
}

/// What was written, or where in it that failed.
type Written<'o> = Result<Spool<'o>, (u64, io::Error)>;

/// Writes what `make` hands to its argument, while that makes more; that argument returns a buffer
/// of [`CHUNK`] bytes to fill next, or nothing when there is no use in going on.
///
/// Returns what `make` does, and the spool.
///
/// # Errors
///
/// Fails when there is no thread to write.
pub(super) fn write_behind<'o, T>(
    mut spool: Spool<'o>,
    make: impl FnOnce(&mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>) -> T,
) -> io::Result<(T, Written<'o>)> {
    let (full, to_write) = mpsc::sync_channel::<Vec<u8>>(AHEAD);
    let (written, empty) = mpsc::channel();
    for _ in 0..AHEAD {
        // Its other end is below.
        written.send(vec![0; CHUNK]).ok();
    }
    thread::scope(|scope| {
        let write = move || {
            for mut chunk in to_write {
                spool.write(&chunk).map_err(|error| (spool.len, error))?;
                chunk.resize(CHUNK, 0);
                // Nobody takes it when all is made.
                written.send(chunk).ok();
            }
            Ok(spool)
        };
        let writer = thread::Builder::new().spawn_scoped(scope, write)?;
        let made = make(&mut |chunk| {
            full.send(chunk).ok()?;
            empty.recv().ok()
        });
        drop(full);
        let written = writer.join();
        Ok((made, written.unwrap_or_else(|panic| resume_unwind(panic))))
    })
}

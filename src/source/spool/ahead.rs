//! Reads an input while what was read before is being decoded, and computes its digest.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

use super::super::oci::{Digest, Hasher};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;
/// How many of these wait to be decoded at most.
const AHEAD: usize = 4;

/// The end of an input that its bytes come out of, in another thread than they are read in.
pub(super) struct Ahead {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
    is_ended: bool,
}

/// The end of an input that is read.
pub(super) struct Reader {
    full: SyncSender<io::Result<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
}

/// Returns both ends.
pub(super) fn ends() -> (Reader, Ahead) {
    let (full, filled) = mpsc::sync_channel(AHEAD);
    let (emptied, empty) = mpsc::channel();
    for _ in 0..=AHEAD {
        // Its other end is below.
        emptied.send(Vec::with_capacity(CHUNK)).ok();
    }
    let ahead = Ahead {
        full: filled,
        empty: emptied,
        chunk: Vec::new(),
        at: 0,
        is_ended: false,
    };
    (Reader { full, empty }, ahead)
}

impl Reader {
    /// Reads to the end of an input, or as long as somebody takes it. Returns the digest of all of
    /// it if that is wanted, and nothing when it was not read to its end.
    pub(super) fn run(self, mut input: impl Read, is_digested: bool) -> Option<Digest> {
        let mut hasher = is_digested.then(Hasher::default);
        while let Ok(mut chunk) = self.empty.recv() {
            chunk.clear();
            let read = (&mut input).take(CHUNK as u64).read_to_end(&mut chunk);
            if let Some(hasher) = &mut hasher {
                hasher.update(&chunk);
            }
            // What came before an error is still to be decoded.
            let is_end = read.is_err() || chunk.is_empty();
            if !chunk.is_empty() && self.full.send(Ok(chunk)).is_err() {
                return None;
            }
            if let Err(error) = read {
                self.full.send(Err(error)).ok();
                return None;
            }
            if is_end {
                return hasher.map(Hasher::digest);
            }
        }
        None
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() && !self.is_ended {
            let used = std::mem::take(&mut self.chunk);
            self.at = 0;
            if used.capacity() > 0 {
                // Nobody takes it at the end of the input.
                self.empty.send(used).ok();
            }
            match self.full.recv() {
                Ok(chunk) => self.chunk = chunk?,
                Err(_) => self.is_ended = true,
            }
        }
        Ok(&self.chunk[self.at..])
    }

    fn consume(&mut self, len: usize) {
        self.at += len;
    }
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(buf)?;
        self.consume(len);
        Ok(len)
    }
}

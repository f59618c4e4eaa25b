//! Puts an archive where it goes: to a place by several threads, or into a stream.

use std::io::Write;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use anyhow::{Context as _, Result};
use fsgen::WriteAt;

use super::archive::{Archive, Piece};

/// How many pieces wait for each thread at most.
const AHEAD: usize = 4;

/// Writes an archive of so many bytes into a stream.
///
/// # Errors
///
/// Fails when it is not that long any more, or the stream cannot be written.
pub(super) fn to_stream(archive: &Archive<'_>, len: u64, out: &mut dyn Write) -> Result<()> {
    let mut buffer = Vec::new();
    archive.write(len, &mut |piece| {
        let bytes = bytes(archive, &piece, &mut buffer)?;
        Ok(out.write_all(bytes)?)
    })?;
    Ok(out.flush()?)
}

/// Writes an archive of `len` bytes from `start` on.
///
/// # Errors
///
/// Fails when it is not that long any more, or the place cannot be written.
pub(super) fn to_sink(
    archive: &Archive<'_>,
    sink: &(impl WriteAt + ?Sized),
    start: u64,
    len: u64,
    threads: usize,
) -> Result<()> {
    let (hand, pieces) = mpsc::sync_channel::<(u64, Piece)>(AHEAD * threads);
    let pieces = Mutex::new(pieces);
    let work = || -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((at, piece)) = next else {
                return Ok(());
            };
            let bytes = bytes(archive, &piece, &mut buffer)?;
            sink.write_all_at(bytes, at)?;
        }
    };
    thread::scope(|scope| {
        let start_one = || {
            thread::Builder::new().spawn_scoped(scope, || {
                let done = work();
                // The others would wait for a place that nobody makes any more.
                if done.is_err() {
                    let pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner);
                    while pieces.recv().is_ok() {}
                }
                done
            })
        };
        let first = start_one().context("no thread to write; see the limit of processes")?;
        // Where there are fewer threads than asked for, these do all.
        let more = (1..threads).map_while(|_| start_one().ok());
        let workers: Vec<_> = [first].into_iter().chain(more).collect();
        let mut at = start;
        let mut result = archive.write(len, &mut |piece| {
            let len = piece.len();
            hand.send((at, piece)).context("nobody writes any more")?;
            at += len;
            Ok(())
        });
        drop(hand);
        for worker in workers {
            let done = worker.join();
            let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = done.and(result);
        }
        result
    })
}

/// Returns the bytes of a piece.
fn bytes<'b>(archive: &Archive<'_>, piece: &'b Piece, buffer: &'b mut Vec<u8>) -> Result<&'b [u8]> {
    match piece {
        Piece::Bytes(bytes) => Ok(bytes),
        Piece::Copy(file, range) => {
            buffer.resize(usize::try_from(range.end - range.start)?, 0);
            archive.read(file, buffer, range.start);
            Ok(buffer)
        }
    }
}

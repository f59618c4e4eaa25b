//! A tar archive with the image in it, and files that go along.
//!
//! Nothing but regular files at the top, without `./`, in the format of GNU tar, which takes sizes
//! of any number of digits: what uploaders recognise.
//!
//! An image that is alone is a sparse member in GNU tar's old format, which GNU tar, bsdtar,
//! Python and Google's cloud unpack to a sparse file. Beside a kernel it is a plain member, which
//! everybody can unpack.

use std::ops::Range;

use anyhow::{Context as _, Result};
use fsgen::{Content, Tree, WriteAt};
use tar_core::EntryBuilder;
use tar_core::{EntryType, SparseEntry};

use super::mapped::{Mapped, Piece, pieces};
use super::{Image, Sink, Stream};
use crate::output::Output;

const BLOCK: u64 = 512;
/// Two blocks of zeros end an archive.
const END: u64 = 2 * BLOCK;
/// The unit of holes: none of a filesystem is smaller.
const UNIT: u64 = 4096;

pub(super) fn open<'o>(
    image: &Image<'o>,
    output: &'o Output,
    stream: Stream,
) -> Result<Box<dyn Sink + 'o>> {
    let mut at = 0;
    let mut written = Vec::new();
    let mut members = Vec::new();
    for (name, content) in image.companions {
        let header = entry(image, name, content.len())?.finish_bytes();
        let start = at + header.len() as u64;
        let end = start + content.len();
        written.push(at..end);
        members.push((at, header, content));
        at = end.next_multiple_of(BLOCK);
    }
    let (header, pieces, end) = match image.companions {
        [] => sparse(image)?,
        _ => {
            let header = entry(image, image.name, image.bytes)?.finish_bytes();
            let start = at + header.len() as u64;
            let range = 0..image.bytes;
            (header, vec![Piece { range, start }], start + image.bytes)
        }
    };
    written.push(at..at + header.len() as u64);
    written.extend(Mapped::places(&pieces, image.written));
    let len = end.next_multiple_of(BLOCK) + END;
    let file = stream(len, joined(written), output)?;
    for (at, header, content) in members {
        file.write_all_at(&header, at)?;
        let start = at + header.len() as u64;
        copy(content, image.tree, &*file, start, image.threads)?;
    }
    file.write_all_at(&header, at)?;
    Ok(Box::new(Mapped { pieces, file }))
}

/// Returns the header of the only member, where its pieces are, and the end of the last.
fn sparse(image: &Image<'_>) -> Result<(Vec<u8>, Vec<Piece>, u64)> {
    let mut map = pieces(image.written, image.bytes, UNIT, 0);
    let stored: u64 = map.iter().map(|p| p.range.end - p.range.start).sum();
    let mut entries: Vec<_> = map
        .iter()
        .map(|piece| SparseEntry {
            offset: piece.range.start,
            length: piece.range.end - piece.range.start,
        })
        .collect();
    if entries.last().map(|last| last.offset + last.length) != Some(image.bytes) {
        // GNU tar tells by an empty piece at the end how long the file is.
        entries.push(SparseEntry {
            offset: image.bytes,
            length: 0,
        });
    }
    let mut entry = entry(image, image.name, stored)?;
    let header = entry.sparse(&entries, image.bytes).finish_bytes();
    let start = header.len() as u64;
    for piece in &mut map {
        piece.start += start;
    }
    Ok((header, map, start + stored))
}

fn entry(image: &Image<'_>, name: &str, len: u64) -> Result<EntryBuilder> {
    let mut entry = EntryBuilder::new_gnu();
    entry.path(name).entry_type(EntryType::Regular);
    let mtime = u64::try_from(image.time.secs).unwrap_or(0);
    let fields = entry
        .mode(0o644)
        .and_then(|e| e.uid(0)?.gid(0)?.size(len)?.mtime(mtime));
    fields.with_context(|| format!("the member {name}"))?;
    Ok(entry)
}

/// Joins ranges that touch.
fn joined(ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => joined.push(range),
        }
    }
    joined
}

/// How much is copied at once.
const BATCH: usize = 1 << 20;

/// Writes a file of the tree at `start`, in order, and from several threads.
pub(crate) fn copy(
    content: &Content,
    tree: &Tree,
    file: &(impl WriteAt + ?Sized),
    start: u64,
    threads: usize,
) -> Result<()> {
    let batches = std::sync::Mutex::new((0..content.len()).step_by(BATCH));
    let work = || -> Result<()> {
        let mut buffer = vec![0; BATCH];
        loop {
            // A number is whole whatever happened to who held it.
            let next = batches
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .next();
            let Some(at) = next else { return Ok(()) };
            let len = usize::try_from(content.len() - at).map_or(BATCH, |left| left.min(BATCH));
            content.read_exact_at(tree, &mut buffer[..len], at)?;
            file.write_all_at(&buffer[..len], start + at)?;
        }
    };
    std::thread::scope(|scope| {
        // Where there are fewer threads than asked for, these do all.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        let mut result = work();
        for other in others {
            let other = other.join();
            result = result.and(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        result
    })
}

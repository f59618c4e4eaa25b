//! A stream of bytes that is packed in chunks: each on its own, by the thread that completes it,
//! and stored in their order.
//!
//! Which bytes will be written is known from the start. So a chunk is complete as soon as all of
//! its bytes are there, one without any is known to be zero, and nothing is read back. Where
//! chunks begin depends on nothing else, so the number of threads never changes what is stored.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use fsgen::WriteAt;

use super::Sink;
use crate::output::Output;

/// How much is gathered before it goes to the file.
const BATCH: usize = 1 << 20;

/// How the chunks of a stream are packed, and what goes around them in the file.
pub(super) trait Packing: Send {
    /// Bytes of a chunk; the last one of a stream may have fewer.
    const CHUNK: u64;
    /// Whether a chunk of zeros is left out.
    const SKIPS_ZEROS: bool;
    /// A packed chunk.
    type Packed: Send;

    /// Packs a chunk, on many threads at once.
    fn pack(chunk: &[u8]) -> io::Result<Self::Packed>;

    /// Appends what comes before the first chunk of a stream of `len` bytes.
    fn begin(&mut self, len: u64, out: &mut Out<'_>) -> io::Result<()>;

    /// Appends a chunk. They come in order.
    fn append(&mut self, number: u64, chunk: &Self::Packed, out: &mut Out<'_>) -> io::Result<()>;

    /// Appends what comes after the last chunk, and returns what now is to be at the start of the
    /// file instead of what is there.
    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>>;
}

/// The end of the file, where things are appended.
pub(super) struct Out<'o> {
    output: &'o Output,
    bytes: Vec<u8>,
    start: u64,
}

impl Out<'_> {
    /// Returns how long the file is.
    pub(super) fn position(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Appends bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        match self.bytes.len() >= BATCH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Appends zeros up to a multiple of so many bytes.
    pub(super) fn align(&mut self, bytes: u64) -> io::Result<()> {
        let gap = self.position().next_multiple_of(bytes) - self.position();
        self.put(&vec![
            0;
            usize::try_from(gap).expect("less than an alignment")
        ])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.write_all_at(&self.bytes, self.start)?;
        self.start += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(())
    }
}

/// A stream under way.
pub(super) struct Chunks<'o, P: Packing> {
    len: u64,
    written: Vec<Range<u64>>,
    /// Chunks of which some bytes are there: these, and how many are missing.
    partial: Mutex<BTreeMap<u64, (Vec<u8>, u64)>>,
    order: Mutex<Order<'o, P>>,
}

struct Order<'o, P: Packing> {
    packing: P,
    out: Out<'o>,
    /// The chunk to be stored next.
    next: u64,
    /// Chunks that are packed before their turn; nothing for zeros.
    packed: BTreeMap<u64, Option<P::Packed>>,
    /// A whole chunk of zeros, once there was one.
    zeros: Option<P::Packed>,
}

impl<'o, P: Packing> Chunks<'o, P> {
    /// Starts a stream of `len` bytes, of which `written` will be: in order, and none twice.
    pub(super) fn new(
        packing: P,
        len: u64,
        written: Vec<Range<u64>>,
        output: &'o Output,
    ) -> Result<Self> {
        let mut order = Order {
            packing,
            out: Out {
                output,
                bytes: Vec::new(),
                start: 0,
            },
            next: 0,
            packed: BTreeMap::new(),
            zeros: None,
        };
        order.packing.begin(len, &mut order.out)?;
        Ok(Self {
            len,
            written,
            partial: Mutex::default(),
            order: Mutex::new(order),
        })
    }

    fn range(&self, chunk: u64) -> Range<u64> {
        let start = chunk * P::CHUNK;
        start..self.len.min(start.saturating_add(P::CHUNK))
    }

    /// Returns how many bytes of a range will be written.
    fn expected(&self, range: &Range<u64>) -> u64 {
        let first = self.written.partition_point(|w| w.end <= range.start);
        let inside = self.written[first..]
            .iter()
            .take_while(|w| w.start < range.end);
        inside
            .map(|w| w.end.min(range.end) - w.start.max(range.start))
            .sum()
    }

    /// Returns the first chunk from this one on that anything will be written to.
    fn next_written(&self, chunk: u64) -> u64 {
        let start = chunk.saturating_mul(P::CHUNK);
        let next = self.written.partition_point(|w| w.end <= start);
        let end = self.len.div_ceil(P::CHUNK);
        self.written
            .get(next)
            .map_or(end, |w| chunk.max(w.start / P::CHUNK))
    }

    /// Takes bytes of one chunk.
    fn take(&self, chunk: u64, bytes: &[u8], at: u64) -> io::Result<()> {
        let whole = self.range(chunk);
        let here = at..at + bytes.len() as u64;
        if here == whole {
            return self.complete(chunk, bytes);
        }
        // Small gaps between what was announced may come along, as zeros.
        let expected = self.expected(&here);
        if expected == 0 && is_zero(bytes) {
            return Ok(());
        }
        let mut partial = lock(&self.partial);
        let (buffer, missing) = partial
            .entry(chunk)
            .or_insert_with(|| (vec![0; size(&whole)], self.expected(&whole)));
        buffer[size(&(whole.start..at))..][..bytes.len()].copy_from_slice(bytes);
        *missing = missing.saturating_sub(expected);
        if *missing > 0 {
            return Ok(());
        }
        let (buffer, _) = partial.remove(&chunk).expect("was there just now");
        drop(partial);
        self.complete(chunk, &buffer)
    }

    fn complete(&self, chunk: u64, bytes: &[u8]) -> io::Result<()> {
        let packed = match is_zero(bytes) {
            true => None,
            false => Some(P::pack(bytes)?),
        };
        let mut order = lock(&self.order);
        if chunk < order.next || order.packed.insert(chunk, packed).is_some() {
            return Err(io::Error::other(format!(
                "a write at byte {} that was not planned",
                self.range(chunk).start
            )));
        }
        self.store(&mut order)
    }

    /// Stores all chunks whose turn it is.
    fn store(&self, order: &mut Order<'o, P>) -> io::Result<()> {
        let end = self.len.div_ceil(P::CHUNK);
        while order.next < end {
            let number = order.next;
            match order.packed.remove(&number) {
                Some(Some(packed)) => order.packing.append(number, &packed, &mut order.out)?,
                Some(None) => self.store_zeros(order, number)?,
                None => {
                    let next = self.next_written(number);
                    if next == number {
                        break;
                    }
                    if P::SKIPS_ZEROS {
                        order.next = next;
                        continue;
                    }
                    self.store_zeros(order, number)?;
                }
            }
            order.next += 1;
        }
        Ok(())
    }

    fn store_zeros(&self, order: &mut Order<'o, P>, number: u64) -> io::Result<()> {
        if P::SKIPS_ZEROS {
            return Ok(());
        }
        let len = size(&self.range(number));
        let zeros = match order.zeros.take() {
            Some(zeros) if len as u64 == P::CHUNK => zeros,
            _ => P::pack(&vec![0; len])?,
        };
        order.packing.append(number, &zeros, &mut order.out)?;
        order.zeros = (len as u64 == P::CHUNK).then_some(zeros);
        Ok(())
    }
}

impl<P: Packing> WriteAt for Chunks<'_, P> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let end = offset + buf.len() as u64;
        let mut at = offset;
        while at < end {
            let chunk = at / P::CHUNK;
            let stop = self.range(chunk).end.min(end);
            let part = size(&(offset..at))..size(&(offset..stop));
            self.take(chunk, &buf[part], at)?;
            at = stop;
        }
        Ok(())
    }
}

impl<P: Packing> Sink for Chunks<'_, P> {
    fn finish(&self) -> Result<()> {
        // What was announced and never came is zero.
        let partial = std::mem::take(&mut *lock(&self.partial));
        for (chunk, (bytes, _)) in partial {
            self.complete(chunk, &bytes)?;
        }
        let mut order = lock(&self.order);
        let end = self.len.div_ceil(P::CHUNK);
        while order.next < end {
            let next = order.next;
            order.packed.entry(next).or_insert(None);
            self.store(&mut order)?;
        }
        let Order { packing, out, .. } = &mut *order;
        let head = packing.end(out)?;
        out.flush()?;
        out.output.write_all_at(&head, 0).context("its start")
    }
}

/// Returns whether all bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 256] = [0; 256];
    let mut blocks = bytes.chunks(ZEROS.len());
    blocks.all(|block| *block == ZEROS[..block.len()])
}

/// The length of a range inside one chunk or buffer.
fn size(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).expect("inside a buffer")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // After a panic of another thread nothing of this is kept.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Emits a planned filesystem, in disk order, from as many threads as asked for.
//!
//! What is not written reads as zero: free blocks, unused inodes, the rest of the journal.

use std::sync::Mutex;

use super::gather::Gather;
use super::geometry::BlockSize;
use super::layout::{Item, Layout, What};
use super::render::Renderer;
use super::share::share;
use super::{Error, lo32};
use crate::region::{Region, WriteAt as _};
use crate::tree::Tree;

/// How much one thread gathers before it writes: small files go out many at a time, and all of it
/// is still in the cache of the core when the kernel takes it.
const BATCH: u32 = 512 << 10;

/// Writes the filesystem.
///
/// `progress` is told the number of bytes each time some were written.
///
/// # Errors
///
/// Fails when the content of a file cannot be read, or the output cannot be written.
pub fn write(
    layout: &Layout,
    tree: &Tree,
    region: Region<'_>,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), Error> {
    let renderer = Renderer::new(layout, tree);
    let items = share(&renderer, &layout.items, region, progress);
    let queue = Queue::new(&items, layout.geometry.block_size);
    let work = || -> Result<(), Error> {
        let mut buffers = Buffers::default();
        while let Some(batch) = queue.next() {
            let result = emit(&batch, &renderer, region, &mut buffers);
            match result {
                Ok(bytes) => progress(bytes),
                Err(error) => {
                    queue.stop();
                    return Err(error);
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        // Where there are fewer threads than asked for, these do all.
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (1..threads.max(1)).map_while(start).collect();
        let mut result = work();
        for helper in helpers {
            let other = helper
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(other);
        }
        result
    })
}

/// What one thread works with.
#[derive(Default)]
struct Buffers {
    /// At least as long as the batch.
    batch: Vec<u8>,
    gather: Gather,
}

fn emit(
    batch: &[Item],
    renderer: &Renderer<'_>,
    region: Region<'_>,
    buffers: &mut Buffers,
) -> Result<u64, Error> {
    let block_size = renderer.block_size();
    let Buffers {
        batch: buffer,
        gather,
    } = buffers;
    let blocks: usize = batch.iter().map(|item| item.len as usize).sum();
    let len = blocks * block_size.len();
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let bytes = &mut buffer[..len];
    let mut at = 0;
    for item in batch {
        let out = &mut bytes[at..][..item.len as usize * block_size.len()];
        let next = at + out.len();
        renderer.render(item, at, out, gather);
        at = next;
    }
    gather
        .read(renderer.tree(), bytes)
        .map_err(|(inode, error)| renderer.unreadable(inode, error))?;
    let offset = batch[0].block * block_size.bytes64();
    region
        .write_all_at(bytes, offset)
        .map_err(|source| Error::Write { offset, source })?;
    Ok(len as u64)
}

/// Hands out the items in disk order, neighbours together.
struct Queue<'l> {
    items: &'l [Item],
    batch_blocks: u32,
    /// The next item, and how many blocks of it were handed out already.
    next: Mutex<(usize, u32)>,
}

impl<'l> Queue<'l> {
    fn new(items: &'l [Item], block_size: BlockSize) -> Self {
        Self {
            items,
            batch_blocks: BATCH / block_size.bytes(),
            next: Mutex::new((0, 0)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (usize, u32)> {
        // The position is a plain value: a panic elsewhere leaves it whole.
        self.next
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().0 = self.items.len();
    }

    fn next(&self) -> Option<Vec<Item>> {
        let mut position = self.lock();
        let mut batch: Vec<Item> = Vec::new();
        let mut room = self.batch_blocks;
        if let Some(first) = self.items.get(position.0) {
            // Batches end at whole multiples of their size, where the page cache has its large pages.
            let block = first.block + u64::from(position.1);
            room -= lo32(block % u64::from(self.batch_blocks));
        }
        while let Some(whole) = self.items.get(position.0) {
            let mut item = cut(whole, position.1);
            let is_next = batch
                .last()
                .is_none_or(|last| last.block + u64::from(last.len) == item.block);
            if !is_next {
                break;
            }
            if item.len > room {
                if !can_be_cut(item.what) && batch.is_empty() {
                    *position = (position.0 + 1, 0);
                    return Some(vec![item]);
                }
                if room == 0 || !can_be_cut(item.what) {
                    break;
                }
                item.len = room;
                position.1 += room;
            } else {
                *position = (position.0 + 1, 0);
            }
            room -= item.len;
            batch.push(item);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

/// Returns whether blocks are rendered one by one. All else is rendered as a whole.
fn can_be_cut(what: What) -> bool {
    matches!(what, What::Data { .. } | What::ReservedDescriptors)
}

/// Returns an item without its first blocks.
pub(super) fn cut(item: &Item, skip: u32) -> Item {
    let what = match item.what {
        What::Data { inode, logical } => What::Data {
            inode,
            logical: logical + skip,
        },
        other => other,
    };
    Item {
        block: item.block + u64::from(skip),
        len: item.len - skip,
        what,
    }
}

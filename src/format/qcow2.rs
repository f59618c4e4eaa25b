//! qcow2, version 3: clusters of 64 KiB, and tables that say where each is in the file.
//!
//! Format: `docs/interop/qcow2.rst` of QEMU; all numbers are big-endian. A plain image is written
//! straight to its clusters: how many there are, and so all tables, is known from the start.

mod compressed;

use std::io;

use anyhow::{Context as _, Result};
use fsgen::WriteAt as _;

use super::chunks::Chunks;
use super::mapped::{Mapped, pieces};
use super::{Image, Sink, Stream, raw};
use crate::output::Output;
use compressed::Compressed;

const CLUSTER_BITS: u32 = 16;
const CLUSTER: u64 = 1 << CLUSTER_BITS;
const CLUSTER_LEN: usize = 1 << CLUSTER_BITS;
/// Entries of a table that fills a cluster.
const ENTRIES: u64 = CLUSTER / 8;
/// Reference counts, of 16 bits each, in a cluster.
const REFCOUNTS: usize = CLUSTER_LEN / 2;
/// The flag of a cluster that nothing else refers to.
const COPIED: u64 = 1 << 63;
/// QEMU refuses a first table of more than 32 MiB.
pub(super) const LARGEST: u64 = (32 << 20) / 8 * ENTRIES * CLUSTER;

pub(super) fn open<'o>(
    image: &Image<'o>,
    output: &'o Output,
    _: Stream,
) -> Result<Box<dyn Sink + 'o>> {
    let size = image.bytes.next_multiple_of(512);
    if image.compress {
        let packing = Compressed::new(size);
        let chunks = Chunks::new(packing, size, image.written.to_vec(), output)?;
        return Ok(Box::new(chunks));
    }
    let pieces = pieces(
        image.written,
        size.next_multiple_of(CLUSTER),
        CLUSTER,
        CLUSTER,
    );
    let clusters = pieces.iter().flat_map(|piece| {
        let count = (piece.range.end - piece.range.start) / CLUSTER;
        (0..count).map(move |n| {
            let entry = piece.start + n * CLUSTER;
            (piece.range.start / CLUSTER + n, entry | COPIED)
        })
    });
    let clusters: Vec<_> = clusters.collect();
    let mut end = (1 + clusters.len() as u64) * CLUSTER;
    let refcounts = vec![1; 1 + clusters.len()];
    let header = tables(size, &clusters, &refcounts, &mut |bytes| {
        output.write_all_at(bytes, end)?;
        end += bytes.len() as u64;
        Ok(())
    });
    output.write_all_at(&header.context("its tables")?, 0)?;
    let file = raw::stream(end, Vec::new(), output)?;
    Ok(Box::new(Mapped { pieces, file }))
}

/// Emits all tables of an image of `size` bytes, and returns its header.
///
/// `clusters` are numbers of clusters with their entries in the second tables, in order.
/// `refcounts` counts the uses of each cluster of the file so far; the tables follow these.
fn tables(
    size: u64,
    clusters: &[(u64, u64)],
    refcounts: &[u16],
    put: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut next = refcounts.len() as u64;
    let l1_entries = size.div_ceil(ENTRIES * CLUSTER);
    let mut l1 = vec![0; index(l1_entries)];
    for same in clusters.chunk_by(|a, b| a.0 / ENTRIES == b.0 / ENTRIES) {
        let mut l2 = vec![0; index(ENTRIES)];
        for (number, entry) in same {
            l2[index(number % ENTRIES)] = *entry;
        }
        put(&clusters_of(&l2))?;
        l1[index(same[0].0 / ENTRIES)] = (next * CLUSTER) | COPIED;
        next += 1;
    }
    let l1_start = next * CLUSTER;
    let table = clusters_of(&l1);
    put(&table)?;
    next += table.len() as u64 / CLUSTER;

    // The counts count themselves, too.
    let first_block = next;
    let (mut blocks, mut used) = (0, next);
    while blocks * (REFCOUNTS as u64) < used {
        blocks += 1;
        used = next + blocks + blocks.div_ceil(ENTRIES);
    }
    for block in 0..blocks {
        let mut bytes = Vec::with_capacity(CLUSTER_LEN);
        for number in (block * REFCOUNTS as u64..).take(REFCOUNTS) {
            let of_tables = u16::from(number < used);
            let count = refcounts.get(index(number)).unwrap_or(&of_tables);
            bytes.extend(count.to_be_bytes());
        }
        put(&bytes)?;
    }
    let table: Vec<u64> = (0..blocks).map(|n| (first_block + n) * CLUSTER).collect();
    let table = clusters_of(&table);
    put(&table)?;

    let small = |number: u64| u32::try_from(number).map_err(io::Error::other);
    let mut header = Vec::new();
    header.extend(b"QFI\xfb");
    header.extend(3_u32.to_be_bytes());
    // No backing file.
    header.extend([0; 8 + 4]);
    header.extend(CLUSTER_BITS.to_be_bytes());
    header.extend(size.to_be_bytes());
    // No encryption.
    header.extend([0; 4]);
    header.extend(small(l1_entries)?.to_be_bytes());
    header.extend(l1_start.to_be_bytes());
    header.extend(((first_block + blocks) * CLUSTER).to_be_bytes());
    header.extend(small(table.len() as u64 / CLUSTER)?.to_be_bytes());
    // No snapshots and no feature of any kind.
    header.extend([0; 4 + 8 + 3 * 8]);
    // Counts of 2^4 bits; length of the header.
    header.extend(4_u32.to_be_bytes());
    header.extend(104_u32.to_be_bytes());
    // A whole cluster, which ends the list of header extensions.
    header.resize(CLUSTER_LEN, 0);
    Ok(header)
}

/// Returns a table as whole clusters.
fn clusters_of(table: &[u64]) -> Vec<u8> {
    let mut bytes: Vec<u8> = table.iter().flat_map(|entry| entry.to_be_bytes()).collect();
    bytes.resize(bytes.len().next_multiple_of(CLUSTER_LEN), 0);
    bytes
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a table in memory")
}

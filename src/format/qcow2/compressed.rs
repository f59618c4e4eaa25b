//! Clusters of a qcow2 that are compressed, each on its own, and lie one behind the other.

use std::io;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::{CLUSTER, CLUSTER_BITS, CLUSTER_LEN, COPIED, tables};
use crate::format::chunks::{Out, Packing};

/// The flag of a compressed cluster.
const COMPRESSED: u64 = 1 << 62;
/// Where its number of sectors begins in an entry.
const SECTORS_SHIFT: u32 = 62 - (CLUSTER_BITS - 8);
const SECTOR: u64 = 512;
/// How far back deflate may look, as a power of two: QEMU keeps no more when it inflates.
const WINDOW_BITS: u8 = 12;

pub(super) struct Compressed {
    size: u64,
    clusters: Vec<(u64, u64)>,
    refcounts: Vec<u16>,
}

impl Compressed {
    pub(super) fn new(size: u64) -> Self {
        Self {
            size,
            clusters: Vec::new(),
            refcounts: Vec::new(),
        }
    }

    /// Counts a use of each cluster of the file that some bytes are in.
    fn refer(&mut self, start: u64, end: u64) -> io::Result<()> {
        for cluster in start / CLUSTER..end.div_ceil(CLUSTER) {
            let cluster = usize::try_from(cluster).map_err(io::Error::other)?;
            if self.refcounts.len() <= cluster {
                self.refcounts.resize(cluster + 1, 0);
            }
            self.refcounts[cluster] += 1;
        }
        Ok(())
    }
}

impl Packing for Compressed {
    const CHUNK: u64 = CLUSTER;
    const SKIPS_ZEROS: bool = true;
    /// A cluster as it is stored: shorter than a cluster if it is compressed.
    type Packed = Vec<u8>;

    fn pack(chunk: &[u8]) -> io::Result<Vec<u8>> {
        let mut whole = chunk.to_vec();
        whole.resize(CLUSTER_LEN, 0);
        let mut deflate =
            Compress::new_with_window_bits(Compression::default(), false, WINDOW_BITS);
        // What does not fit here does not get shorter.
        let mut packed = Vec::with_capacity(CLUSTER_LEN - 1);
        let status = deflate
            .compress_vec(&whole, &mut packed, FlushCompress::Finish)
            .map_err(io::Error::other)?;
        Ok(match status {
            Status::StreamEnd if packed.len() < CLUSTER_LEN => packed,
            _ => whole,
        })
    }

    fn begin(&mut self, _: u64, out: &mut Out<'_>) -> io::Result<()> {
        // The header goes here at the end.
        out.put(&[0; CLUSTER_LEN])?;
        self.refer(0, CLUSTER)
    }

    fn append(&mut self, number: u64, packed: &Vec<u8>, out: &mut Out<'_>) -> io::Result<()> {
        let is_compressed = packed.len() < CLUSTER_LEN;
        if !is_compressed {
            out.align(CLUSTER)?;
        }
        let start = out.position();
        out.put(packed)?;
        let end = out.position();
        let entry = if is_compressed {
            // Sectors beyond the first one.
            let sectors = (end - 1) / SECTOR - start / SECTOR;
            COMPRESSED | sectors << SECTORS_SHIFT | start
        } else {
            COPIED | start
        };
        self.clusters.push((number, entry));
        // All bytes of its sectors count as its own.
        self.refer(start / SECTOR * SECTOR, end.next_multiple_of(SECTOR))
    }

    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>> {
        out.align(CLUSTER)?;
        tables(self.size, &self.clusters, &self.refcounts, &mut |bytes| {
            out.put(bytes)
        })
    }
}

//! Where bytes of the disk are: what both levels of tables say.

use std::io;

use super::super::corrupt;
use super::Qcow2;
use crate::fields::Fields as _;

/// The bits of an entry that are an offset in a file.
const OFFSET: u64 = 0x00FF_FFFF_FFFF_FE00;
/// Nothing else refers to the cluster.
const COPIED: u64 = 1 << 63;
const PACKED: u64 = 1 << 62;
/// The cluster reads as zero; not with parts.
const ZERO: u64 = 1;
/// A cluster has so many parts where it has any.
const PARTS: u64 = 32;

/// Where bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: they are zero.
    Zero,
    /// In the backing file, if there is one; else they are zero.
    Backing,
    /// From this offset of the file with the clusters on.
    Data(u64),
    /// `skip` bytes into what comes out of `len` bytes, or less, at this offset.
    Packed {
        offset: u64,
        len: usize,
        skip: usize,
    },
}

impl Qcow2 {
    /// Returns where the bytes of the disk from `at` on are, and how many of them, up to `most`, go
    /// on that way.
    pub(super) fn run(&self, at: u64, most: usize) -> io::Result<(Place, usize)> {
        let (first, mut len) = self.place(at)?;
        while len < most as u64 {
            let (next, more) = self.place(at + len)?;
            let goes_on = match (first, next) {
                (Place::Zero, Place::Zero) | (Place::Backing, Place::Backing) => true,
                (Place::Data(start), Place::Data(next)) => start + len == next,
                _ => false,
            };
            if !goes_on {
                break;
            }
            len += more;
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok((first, len.min(most)))
    }

    /// Returns where one byte of the disk is, and how many from it on are in the same cluster, or
    /// part of one.
    fn place(&self, at: u64) -> io::Result<(Place, u64)> {
        let cluster = self.cluster();
        let skip = at % cluster;
        let reach = self.header.table_reach();
        // OK to convert: `at` is on the disk, and the first table is long enough for that.
        let l1_index = usize::try_from(at / reach).map_err(io::Error::other)?;
        let table_at = self.l1.be64(l1_index * 8) & OFFSET;
        if table_at == 0 {
            return Ok((Place::Backing, reach - at % reach));
        }
        self.check_aligned("a second table", table_at, at)?;
        let table = self.tables.get(table_at, || {
            self.file.read(table_at, 1 << self.header.cluster_bits)
        })?;
        let index = usize::try_from(at % reach / cluster).map_err(io::Error::other)?;
        if !self.header.has_parts {
            let entry = table.be64(index * 8);
            let is_zero = entry & (ZERO | PACKED) == ZERO;
            let place = match is_zero {
                true => Place::Zero,
                false => self
                    .cluster_place(entry, skip, at)?
                    .unwrap_or(Place::Backing),
            };
            return Ok((place, cluster - skip));
        }
        let (entry, bitmap) = (table.be64(index * 16), table.be64(index * 16 + 8));
        let place = self.cluster_place(entry, skip, at)?;
        if let Some(Place::Packed { .. }) = place {
            return Ok((place.unwrap_or(Place::Backing), cluster - skip));
        }
        let part_len = cluster / PARTS;
        let part = skip / part_len;
        let is_allocated = bitmap >> part & 1 != 0;
        let is_zero = bitmap >> (part + PARTS) & 1 != 0;
        let place = match (is_allocated, is_zero, place) {
            (false, true, _) => Place::Zero,
            (false, false, _) => Place::Backing,
            (true, false, Some(place)) => place,
            _ => {
                return Err(self.wrong(format!(
                    "the bitmap {bitmap:#x} of byte {at} does not go with its entry {entry:#x}"
                )));
            }
        };
        Ok((place, part_len - skip % part_len))
    }

    /// Returns what the entry of a cluster says; nothing when it is not allocated.
    fn cluster_place(&self, entry: u64, skip: u64, at: u64) -> io::Result<Option<Place>> {
        let cluster_bits = self.header.cluster_bits;
        if entry & PACKED != 0 {
            let offset_bits = 62 - (cluster_bits - 8);
            let offset = entry & ((1 << offset_bits) - 1);
            let sectors = (entry & (PACKED - 1)) >> offset_bits;
            let len = (sectors + 1) * 512 - offset % 512;
            // OK to convert: there are at most 13 bits of sectors, and a cluster has 2 MiB.
            let len = usize::try_from(len).map_err(io::Error::other)?;
            let skip = usize::try_from(skip).map_err(io::Error::other)?;
            return Ok(Some(Place::Packed { offset, len, skip }));
        }
        let offset = entry & OFFSET;
        // In a file of its own, the first cluster may be at the very start.
        if offset == 0 && !(self.has_data_file && entry & COPIED != 0) {
            return Ok(None);
        }
        self.check_aligned("a cluster", offset, at)?;
        Ok(Some(Place::Data(offset + skip)))
    }

    fn check_aligned(&self, what: &str, offset: u64, at: u64) -> io::Result<()> {
        let cluster = self.cluster();
        if offset.is_multiple_of(cluster) {
            return Ok(());
        }
        Err(self.wrong(format!(
            "{what} for byte {at} would be at {offset}, which is no multiple of {cluster}"
        )))
    }

    fn wrong(&self, what: String) -> io::Error {
        corrupt(format!("{}: {what}", self.file.name()))
    }
}

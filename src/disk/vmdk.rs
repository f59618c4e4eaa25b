//! VMDK in one file: streamOptimized, which is packed, and monolithicSparse.
//!
//! Format: VMware's Virtual Disk Format 5.0; numbers are little-endian, places are sectors.

use std::io::{self, Read as _};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use flate2::read::ZlibDecoder;
use fsgen::ReadAt;

use super::cache::Cache;
use super::{CONVERT, Disk, check_range, corrupt};
use crate::fields::Fields as _;

/// What a file of this format starts with.
pub(super) const MAGIC: &[u8] = b"KDMV";

const SECTOR: u64 = 512;
/// The place of a directory that is found by a second header at the end.
const AT_END: u64 = u64::MAX;
/// A flag: grains are compressed.
const PACKED: u32 = 1 << 16;
/// The largest grain that is read, in sectors: 1 MiB.
const GRAIN_MAX: u64 = 2048;
/// The most tables: 64 TiB with the usual grains.
const TABLES_MAX: u64 = 1 << 21;
/// The most bytes of a description that are looked at.
const DESCRIPTION_MAX: u64 = 1 << 20;
/// Bytes before a compressed grain: where it belongs, and its length.
const MARKER: u64 = 12;
/// A grain that reads as zero.
const ZERO: u32 = 1;

/// An open image.
pub(super) struct Vmdk {
    file: Arc<dyn Disk>,
    /// Size of the disk in sectors.
    sectors: u64,
    /// Sectors of a grain.
    grain: u64,
    /// Grains of a table.
    per_table: u64,
    is_packed: bool,
    /// Where each table is.
    directory: Vec<u8>,
    tables: Cache,
    grains: Cache,
}

impl Vmdk {
    pub(super) fn open(file: Arc<dyn Disk>) -> Result<Self> {
        let mut header = file.read_padded(0, 512)?;
        check_description(&*file, &header)?;
        if header.le64(56) == AT_END {
            // Before the last marker.
            let at = file.len().checked_sub(1024);
            let at = at.context("it has no end, where its directory is")?;
            header = file.read(at, 512)?;
            ensure!(
                header.starts_with(MAGIC) && header.le64(56) != AT_END,
                "at its end is no second header; was it cut short?"
            );
        }
        let (version, flags) = (header.le32(4), header.le32(8));
        ensure!(
            (1..=3).contains(&version),
            "version {version} is not read here; {CONVERT}"
        );
        let is_packed = flags & PACKED != 0;
        let compression = header.le16(77);
        ensure!(
            !is_packed || compression == 1,
            "compression {compression} is not known here, only 1 (deflate)"
        );
        let (sectors, grain) = (header.le64(12), header.le64(20));
        let per_table = header.le32(44);
        ensure!(
            grain.is_power_of_two() && (8..=GRAIN_MAX).contains(&grain),
            "grains of {grain} sectors; possible here are 8 to {GRAIN_MAX}"
        );
        ensure!(
            (1..=512).contains(&per_table),
            "tables of {per_table} grains; possible are 1 to 512"
        );
        let tables = sectors.div_ceil(grain * u64::from(per_table));
        ensure!(
            tables <= TABLES_MAX,
            "a disk of {sectors} sectors in {tables} tables, at most {TABLES_MAX} are read"
        );
        let directory_at = header.le64(56).checked_mul(SECTOR);
        let directory_at = directory_at.context("its directory is past all files")?;
        let directory = file.read(directory_at, usize::try_from(tables * 4)?);
        Ok(Self {
            directory: directory.context("its directory")?,
            sectors,
            grain,
            per_table: per_table.into(),
            is_packed,
            tables: Cache::new(per_table as usize * 4),
            grains: Cache::new(usize::try_from(grain * SECTOR)?),
            file,
        })
    }

    /// Returns the entry for a grain: a sector, [`ZERO`], or nothing.
    fn entry(&self, number: u64) -> io::Result<u32> {
        let index = |number| usize::try_from(number).map_err(io::Error::other);
        let table = self.directory.le32(index(number / self.per_table)? * 4);
        if table == 0 {
            return Ok(0);
        }
        let at = u64::from(table) * SECTOR;
        let len = index(self.per_table)? * 4;
        let table = self.tables.get(at, || self.file.read(at, len))?;
        Ok(table.le32(index(number % self.per_table)? * 4))
    }

    fn unpack(&self, place: u64, number: u64) -> io::Result<Vec<u8>> {
        let wrong = |what: String| {
            let name = self.file.name();
            corrupt(format!("{name}: grain {number}, at byte {place}: {what}"))
        };
        let marker = self.file.read(place, 12)?;
        let (first, len) = (marker.le64(0), marker.le32(8));
        if first != number * self.grain {
            let expected = number * self.grain;
            return Err(wrong(format!(
                "it is for sector {first}, expected {expected}"
            )));
        }
        let grain = usize::try_from(self.grain * SECTOR).map_err(io::Error::other)?;
        // Deflate adds a few bytes to what it cannot make smaller.
        if len as usize > grain + grain / 8 + 64 {
            return Err(wrong(format!("{len} bytes, for {grain} of the disk")));
        }
        let packed = self.file.read(place + MARKER, len as usize)?;
        let mut out = Vec::with_capacity(grain);
        let decoder = ZlibDecoder::new(&packed[..]);
        let unpacked = decoder.take(grain as u64 + 1).read_to_end(&mut out);
        unpacked.map_err(|error| wrong(error.to_string()))?;
        // The last one may be short.
        let last = self.sectors.saturating_sub(number * self.grain) * SECTOR;
        if out.len() > grain || (out.len() as u64) < last.min(grain as u64) {
            return Err(wrong(format!("unpacked, it has {} bytes", out.len())));
        }
        out.resize(grain, 0);
        Ok(out)
    }
}

/// Checks that the description says nothing that would need more than this file.
fn check_description(file: &dyn Disk, header: &[u8]) -> Result<()> {
    let (at, len) = (header.le64(28), header.le64(36));
    let bytes = |sectors: u64| sectors.checked_mul(SECTOR);
    let (Some(at), Some(len)) = (bytes(at), bytes(len)) else {
        return Ok(());
    };
    if at == 0 {
        return Ok(());
    }
    let text = file.read_padded(at, usize::try_from(len.min(DESCRIPTION_MAX))?)?;
    let text = String::from_utf8_lossy(&text);
    let value = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.filter(|(found, _)| found.trim() == key);
        found
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
            .next()
    };
    if let Some(parent) = value("parentCID") {
        ensure!(
            parent.eq_ignore_ascii_case("ffffffff"),
            "it is a difference to another VMDK ({parent}), which is not read here; {CONVERT}"
        );
    }
    if let Some(kind) = value("createType") {
        ensure!(
            matches!(&*kind, "streamOptimized" | "monolithicSparse"),
            "it is of the type {}, which is not read here; {CONVERT}",
            kind.escape_debug()
        );
    }
    Ok(())
}

impl ReadAt for Vmdk {
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        check_range(self, offset, buf.len() as u64)?;
        let grain = self.grain * SECTOR;
        while !buf.is_empty() {
            let (number, skip) = (offset / grain, offset % grain);
            let len = usize::try_from(grain - skip).map_err(io::Error::other)?;
            let (now, rest) = buf.split_at_mut(len.min(buf.len()));
            let place = self.entry(number)?;
            let at = u64::from(place) * SECTOR;
            match place {
                0 | ZERO => now.fill(0),
                _ if self.is_packed => {
                    let unpacked = self.grains.get(at, || self.unpack(at, number))?;
                    // OK to convert: less than a grain.
                    let skip = usize::try_from(skip).map_err(io::Error::other)?;
                    now.copy_from_slice(&unpacked[skip..][..now.len()]);
                }
                _ => self.file.read_exact_at(now, at + skip)?,
            }
            offset += now.len() as u64;
            buf = rest;
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.file.name()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.file.check_unchanged()
    }
}

impl Disk for Vmdk {
    fn len(&self) -> u64 {
        self.sectors.saturating_mul(SECTOR)
    }
}

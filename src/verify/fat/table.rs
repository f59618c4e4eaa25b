//! The table that gives them their name: for each cluster, the one that follows it.

use std::io;

use super::boot::{Boot, Kind};
use crate::fields::Fields;
use crate::verify::area::Area;
use crate::verify::problem::Problems;

/// What the table says of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Free,
    /// The number of the next cluster, if there is one of that number.
    Cluster(u32),
    /// A number that no cluster has.
    Impossible(u32),
    Bad,
    End,
}

/// Bytes that are kept of the table; a table of FAT12 is never longer.
const WINDOW: usize = 1 << 16;

/// The first table, or the one that counts.
pub(super) struct Table<'a> {
    area: Area<'a>,
    kind: Kind,
    media: u8,
    at: u64,
    len: u64,
    /// First bytes of all tables, if they must be equal.
    all: Vec<u64>,
    pub clusters: u32,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Table<'a> {
    /// Finds the table of a filesystem.
    pub(super) fn new(area: Area<'a>, boot: &Boot) -> Self {
        let place = |number: u8| boot.tables_at + u64::from(number) * boot.table_len;
        let all = match boot.only_table {
            Some(_) => Vec::new(),
            None => (0..boot.tables).map(place).collect(),
        };
        Self {
            area,
            kind: boot.kind,
            media: boot.media,
            at: place(
                boot.only_table
                    .filter(|table| *table < boot.tables)
                    .unwrap_or(0),
            ),
            len: boot.table_len,
            all,
            clusters: boot.clusters,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// Compares all tables byte by byte.
    pub(super) fn check_copies(&self, problems: &mut Problems) -> io::Result<()> {
        for (number, copy) in (2..).zip(self.all.iter().skip(1)) {
            let mut done = 0;
            while done < self.len {
                let len = (self.len - done).min(1 << 20);
                let len = usize::try_from(len).unwrap_or_default();
                let [ours, theirs] = [self.at, *copy].map(|at| self.area.read(at + done, len));
                let (ours, theirs) = (ours?, theirs?);
                if let Some(index) = ours.iter().zip(&theirs).position(|(a, b)| a != b) {
                    let byte = done + u64::try_from(index).unwrap_or_default();
                    let place = format_args!("table {number}");
                    problems.add(
                        place,
                        format_args!("is not table 1, first at its byte {byte}"),
                    );
                    break;
                }
                done += u64::try_from(len).unwrap_or(u64::MAX);
            }
        }
        Ok(())
    }

    /// Checks the first two entries, which are no clusters.
    pub(super) fn check_start(&mut self, problems: &mut Problems) -> io::Result<()> {
        let (first, second) = (self.entry(0)?, self.entry(1)?);
        let (ones, clean) = match self.kind {
            Kind::Fat12 => (0xFFF, 0),
            Kind::Fat16 => (0xFFFF, 0xC000),
            Kind::Fat32 => (0x0FFF_FFFF, 0x0C00_0000),
        };
        let media = u32::from(self.media) | (ones & !0xFF);
        problems.expect_bits("table 1", "entry 0", first, media);
        if second & clean != clean {
            problems.add(
                "table 1",
                format_args!("entry 1 is {second:#x}: not unmounted, or errors"),
            );
        }
        // Any end of a chain will do.
        if (second | clean) < ones - 7 {
            problems.add(
                "table 1",
                format_args!("entry 1 is {second:#x}, expected {ones:#x}"),
            );
        }
        Ok(())
    }

    /// Returns what follows a cluster.
    pub(super) fn next(&mut self, cluster: u32) -> io::Result<Next> {
        let entry = self.entry(cluster)?;
        let end = match self.kind {
            Kind::Fat12 => 0xFF8,
            Kind::Fat16 => 0xFFF8,
            Kind::Fat32 => 0x0FFF_FFF8,
        };
        Ok(match entry {
            0 => Next::Free,
            bad if bad == end - 1 => Next::Bad,
            end_mark if end_mark >= end => Next::End,
            number if self.has(number) => Next::Cluster(number),
            number => Next::Impossible(number),
        })
    }

    /// Returns whether there is a cluster of that number.
    pub(super) fn has(&self, cluster: u32) -> bool {
        (2..self.clusters + 2).contains(&cluster)
    }

    fn entry(&mut self, cluster: u32) -> io::Result<u32> {
        let cluster = u64::from(cluster);
        let (at, len) = match self.kind {
            Kind::Fat12 => (cluster + cluster / 2, 2),
            Kind::Fat16 => (cluster * 2, 2),
            Kind::Fat32 => (cluster * 4, 4),
        };
        let start = usize::try_from(at.wrapping_sub(self.window_at)).unwrap_or(usize::MAX);
        if start.saturating_add(len) > self.window.len() {
            let window = u64::try_from(WINDOW).unwrap_or_default();
            self.window_at = at - at % window;
            let len = self.len.saturating_sub(self.window_at).min(window);
            let len = usize::try_from(len).unwrap_or_default();
            self.window = self.area.read_padded(self.at + self.window_at, len)?;
        }
        let start = usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
        Ok(match self.kind {
            Kind::Fat12 => {
                let both = u32::from(self.window.le16(start));
                if cluster.is_multiple_of(2) {
                    both & 0xFFF
                } else {
                    both >> 4
                }
            }
            Kind::Fat16 => self.window.le16(start).into(),
            // The highest four bits are not for the number.
            Kind::Fat32 => self.window.le32(start) & 0x0FFF_FFFF,
        })
    }
}

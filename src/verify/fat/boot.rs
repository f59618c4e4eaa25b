//! The boot sector: where tables, root directory and clusters lie; and its copies on FAT32.

use std::io;

use crate::fields::{Fields, slice};
use crate::verify::area::Area;
use crate::verify::problem::Problems;

const PLACE: &str = "boot sector";
/// What the sector ends with, at byte 510 whatever its size.
const SIGNATURE: u16 = 0xAA55;
/// A count of free clusters, or a hint for the next one, that is not known.
const UNKNOWN: u32 = 0xFFFF_FFFF;

/// Which of the three it is: how many bits an entry of the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fat12,
    Fat16,
    Fat32,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fat12 => "fat12",
            Self::Fat16 => "fat16",
            Self::Fat32 => "fat32",
        }
    }

    /// Returns the kind that a number of clusters makes: nothing else may decide it.
    fn by_clusters(clusters: u32) -> Self {
        match clusters {
            0..4085 => Self::Fat12,
            4085..65525 => Self::Fat16,
            _ => Self::Fat32,
        }
    }
}

/// The geometry of a filesystem.
#[derive(Debug)]
pub(super) struct Boot {
    pub kind: Kind,
    /// Bytes of a sector.
    pub sector: u32,
    /// Bytes of a cluster.
    pub cluster: u32,
    /// First byte of the first table.
    pub tables_at: u64,
    /// Bytes of one table.
    pub table_len: u64,
    pub tables: u8,
    /// First byte of the root directory of FAT12 and FAT16.
    pub root_at: u64,
    /// Entries of that directory.
    pub root_entries: u16,
    /// First cluster of the root directory of FAT32.
    pub root_cluster: u32,
    /// First byte of cluster 2.
    pub clusters_at: u64,
    /// Clusters in all; the last one has the number `clusters + 1`.
    pub clusters: u32,
    pub media: u8,
    /// The number of the table that counts, where the others are not kept up.
    pub only_table: Option<u8>,
    /// The sector itself, for what is needed once.
    pub raw: Vec<u8>,
}

/// Returns whether a sector looks like one, even if one of its bytes is damaged.
pub(super) fn is_likely(raw: &[u8]) -> bool {
    let sector = raw.le16(11);
    let jump = raw.byte(0);
    let clues = [
        raw.le16(510) == SIGNATURE,
        jump == 0xE9 || (jump == 0xEB && raw.byte(2) == 0x90),
        sector.is_power_of_two() && (512..=4096).contains(&sector),
        raw.byte(13).is_power_of_two(),
        raw.le16(14) > 0 && (1..=2).contains(&raw.byte(16)),
        raw.byte(21) >= 0xF0,
        [0x28, 0x29].contains(&raw.byte(38)) || [0x28, 0x29].contains(&raw.byte(66)),
    ];
    clues.into_iter().filter(|clue| *clue).count() >= 6
}

impl Boot {
    /// Reads and checks the boot sector; gives nothing when the rest cannot be found by it.
    pub(super) fn read(area: Area<'_>, problems: &mut Problems) -> io::Result<Option<Self>> {
        let raw = area.read_padded(0, 512)?;
        problems.expect_bits(PLACE, "signature", raw.le16(510), SIGNATURE);
        let this = Self::geometry(raw, area.len(), problems);
        if let Some(this) = &this {
            this.check_fields(problems);
        }
        Ok(this)
    }

    fn geometry(raw: Vec<u8>, area_len: u64, problems: &mut Problems) -> Option<Self> {
        let mut require = |holds: bool, name: &str, found: u64| {
            if !holds {
                let what = format_args!("{name} is {found}: not checked further");
                problems.add(PLACE, what);
            }
            holds.then_some(())
        };
        let sector = u32::from(raw.le16(11));
        let is_possible = sector.is_power_of_two() && (512..=4096).contains(&sector);
        require(is_possible, "bytes of a sector", sector.into())?;
        let per_cluster = u32::from(raw.byte(13));
        let is_possible = per_cluster.is_power_of_two();
        require(is_possible, "sectors of a cluster", per_cluster.into())?;
        let reserved = u32::from(raw.le16(14));
        require(reserved > 0, "number of reserved sectors", reserved.into())?;
        let tables = raw.byte(16);
        require((1..=2).contains(&tables), "number of tables", tables.into())?;
        let root_entries = raw.le16(17);
        let (short, long) = (u64::from(raw.le16(19)), u64::from(raw.le32(32)));
        let total = if short != 0 { short } else { long };
        let fits = total > 0 && total.saturating_mul(sector.into()) <= area_len;
        require(fits, "number of sectors", total)?;
        // Only FAT32 keeps this number in the longer field.
        let is_wide = raw.le16(22) == 0;
        let table_sectors = if is_wide {
            raw.le32(36)
        } else {
            raw.le16(22).into()
        };
        require(
            table_sectors > 0,
            "sectors of a table",
            table_sectors.into(),
        )?;

        let bytes = |sectors: u64| sectors.saturating_mul(sector.into());
        let tables_at = bytes(reserved.into());
        let table_len = bytes(table_sectors.into());
        let root_at = tables_at + table_len * u64::from(tables);
        let root_len = (u64::from(root_entries) * 32).next_multiple_of(sector.into());
        let clusters_at = root_at + root_len;
        require(
            clusters_at <= bytes(total),
            "first sector of the clusters",
            clusters_at / u64::from(sector),
        )?;
        let cluster = sector * per_cluster;
        let clusters = (bytes(total) - clusters_at) / u64::from(cluster);
        let most = 0x0FFF_FFF5;
        require(
            (1..=most).contains(&clusters),
            "number of clusters",
            clusters,
        )?;
        let clusters = u32::try_from(clusters).ok()?;
        let by_clusters = Kind::by_clusters(clusters);
        let kind = if is_wide { Kind::Fat32 } else { by_clusters };
        let bits = match kind {
            Kind::Fat12 => 12,
            Kind::Fat16 => 16,
            Kind::Fat32 => 32,
        };
        let needed = ((u64::from(clusters) + 2) * bits).div_ceil(8);
        require(table_len >= needed, "bytes of a table", table_len)?;
        if kind != by_clusters {
            problems.add(
                PLACE,
                format_args!(
                    "{clusters} clusters make a {}, not a fat32",
                    by_clusters.name()
                ),
            );
        }
        let extended = if is_wide { raw.le16(40) } else { 0 };
        let only_table = (extended & 0x80 != 0).then_some(extended.to_le_bytes()[0] & 0x0F);
        Some(Self {
            kind,
            sector,
            cluster,
            tables_at,
            table_len,
            tables,
            root_at,
            root_entries,
            root_cluster: raw.le32(44),
            clusters_at,
            clusters,
            media: raw.byte(21),
            only_table,
            raw,
        })
    }

    /// Checks what does not say where anything lies.
    fn check_fields(&self, problems: &mut Problems) {
        let raw = &self.raw[..];
        let jump = raw.byte(0);
        if jump != 0xE9 && !(jump == 0xEB && raw.byte(2) == 0x90) {
            problems.add(PLACE, "does not start with a jump");
        }
        if self.media < 0xF8 && self.media != 0xF0 {
            problems.add(
                PLACE,
                format_args!("media is {:#x}, expected 0xf0 or 0xf8 and more", self.media),
            );
        }
        let (short, long) = (raw.le16(19), raw.le32(32));
        if short != 0 && long != 0 && u32::from(short) != long {
            problems.add(
                PLACE,
                format_args!("numbers of sectors are {short} and {long}"),
            );
        }
        let is_wide = self.kind == Kind::Fat32;
        let (state, signature) = if is_wide { (65, 66) } else { (37, 38) };
        let dirty = raw.byte(state) & 3;
        if raw.byte(signature) & 0xFE == 0x28 && dirty != 0 {
            problems.expect_bits(
                PLACE,
                "state, which says it was not unmounted,",
                dirty,
                0_u8,
            );
        }
        if let Some(table) = self.only_table.filter(|table| *table >= self.tables) {
            problems.add(
                PLACE,
                format_args!("table {table} is in use, there are {}", self.tables),
            );
        }
        if is_wide {
            problems.expect(PLACE, "entries of the root directory", self.root_entries, 0);
            problems.expect(PLACE, "number of sectors in the short field", short, 0);
            problems.expect_bits(PLACE, "version", raw.le16(42), 0_u16);
        } else {
            let per_sector = self.sector / 32;
            if self.root_entries == 0 || !u32::from(self.root_entries).is_multiple_of(per_sector) {
                let entries = self.root_entries;
                problems.add(
                    PLACE,
                    format_args!("{entries} entries of the root directory, by {per_sector}s"),
                );
            }
        }
    }

    /// Compares the copy of the boot sector that FAT32 has.
    pub(super) fn check_backup(&self, area: Area<'_>, problems: &mut Problems) -> io::Result<()> {
        let Some(at) = self.reserved_sector(50, "copy of the boot sector", problems) else {
            return Ok(());
        };
        let copy = area.read_padded(at, 512)?;
        let differs = |index: usize| copy.byte(index) != self.raw.byte(index);
        // The state is kept up in the first one only.
        if let Some(byte) = (0..512).find(|index| *index != 65 && differs(*index)) {
            problems.add(
                "copy of the boot sector",
                format_args!(
                    "byte {byte} is {:#x}, that of the boot sector {:#x}",
                    copy.byte(byte),
                    self.raw.byte(byte)
                ),
            );
        }
        Ok(())
    }

    /// Checks the sector with the count of free clusters that FAT32 has.
    pub(super) fn check_free(
        &self,
        area: Area<'_>,
        free: u64,
        problems: &mut Problems,
    ) -> io::Result<()> {
        const PLACE: &str = "FSInfo";
        let Some(at) = self.reserved_sector(48, "FSInfo sector", problems) else {
            return Ok(());
        };
        let raw = area.read_padded(at, 512)?;
        for (at, expected) in [(0, 0x4161_5252), (484, 0x6141_7272), (508, 0xAA55_0000_u32)] {
            problems.expect_bits(PLACE, &format!("signature at {at}"), raw.le32(at), expected);
        }
        let (count, next) = (raw.le32(488), raw.le32(492));
        if count != UNKNOWN && u64::from(count) != free {
            problems.expect(PLACE, "count of free clusters", u64::from(count), free);
        }
        // Some writers start with 0 where nothing is known.
        if next != UNKNOWN && next != 0 && !(2..self.clusters + 2).contains(&next) {
            problems.add(
                PLACE,
                format_args!("next free cluster is {next}, of {}", self.clusters),
            );
        }
        let blank = [slice(&raw, 4, 480), slice(&raw, 496, 12)];
        if blank.into_iter().flatten().any(|byte| *byte != 0) {
            problems.add(PLACE, "what is reserved is not zero");
        }
        Ok(())
    }

    /// Returns the byte at which a reserved sector lies whose number is in the field at `field`.
    fn reserved_sector(&self, field: usize, name: &str, problems: &mut Problems) -> Option<u64> {
        let number = self.raw.le16(field);
        if self.kind != Kind::Fat32 || number == 0 || number == 0xFFFF {
            return None;
        }
        let at = u64::from(number) * u64::from(self.sector);
        if at >= self.tables_at {
            problems.add(
                PLACE,
                format_args!("{name} would be sector {number}, which is not reserved"),
            );
            return None;
        }
        Some(at)
    }
}

//! The header of a qcow2: geometry, features, and what other files it needs.

use anyhow::{Context as _, Result, bail, ensure};

use super::super::{CONVERT, Disk};
use crate::fields::{Fields as _, slice};

/// The most bytes of the first table (QEMU has the same limit).
const L1_MAX: u64 = 32 << 20;
/// The longest name of a backing file that QEMU takes, in bytes.
const NAME_MAX: u32 = 1023;

/// The features that an image cannot be read without: bit, name, and whether that is known here.
const FEATURES: [(u32, &str, bool); 5] = [
    // Reference counts may be wrong; nobody reads them here.
    (0, "dirty", true),
    (1, "corrupt", false),
    (2, "data_file", true),
    (3, "compression_type", true),
    (4, "extended_l2", true),
];

const EXTENSION_END: u32 = 0;
const EXTENSION_BACKING_FORMAT: u32 = 0xE279_2ACA;
const EXTENSION_DATA_FILE: u32 = 0x4441_5441;

/// How clusters are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Deflate,
    Zstd,
}

/// What is needed of a header.
#[derive(Debug)]
pub(super) struct Header {
    pub cluster_bits: u32,
    /// Size of the disk in bytes.
    pub len: u64,
    pub l1_entries: u32,
    /// Where the first table is in the file.
    pub l1_offset: u64,
    /// Whether entries of second tables have a bitmap for 32 parts of their cluster.
    pub has_parts: bool,
    pub compression: Compression,
    /// Name of the file that has what is not allocated here, and what format that has.
    pub backing: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// Name of the file with the clusters, if that is another one.
    pub data_file: Option<Vec<u8>>,
}

impl Header {
    /// Reads the header of a file.
    pub(super) fn read(file: &dyn Disk) -> Result<Self> {
        let raw = file.read_padded(0, 112)?;
        let version = raw.be32(4);
        ensure!(
            matches!(version, 2 | 3),
            "version {version} is not read here, only 2 and 3; {CONVERT}"
        );
        let cluster_bits = raw.be32(20);
        ensure!(
            (9..=21).contains(&cluster_bits),
            "clusters of 2^{cluster_bits} bytes; possible are 2^9 to 2^21"
        );
        match raw.be32(32) {
            0 => {}
            1 => bail!("it is encrypted (AES), which is not read here; decrypt it with qemu-img"),
            2 => bail!("it is encrypted (LUKS), which is not read here; decrypt it with qemu-img"),
            other => bail!("its encryption method is {other}, which is not known"),
        }
        let (features, header_len, compression) = match version {
            2 => (0, 72, 0),
            _ => (raw.be64(72), raw.be32(100), raw.byte(104)),
        };
        ensure!(
            version == 2 || (104..=1 << cluster_bits).contains(&header_len),
            "a header of {header_len} bytes; possible are 104 to a cluster"
        );
        let has = |bit: u32| features & 1 << bit != 0;
        for bit in (0..64).filter(|bit| has(*bit)) {
            let name = FEATURES.iter().find(|(known, ..)| *known == bit);
            let Some((_, name, is_read)) = name else {
                bail!("it needs feature {bit}, which is not known here");
            };
            ensure!(
                is_read,
                "it is marked as {name}; `qemu-img check -r all` repairs it, or says what is wrong"
            );
        }
        let compression = match compression {
            _ if !has(3) => Compression::Deflate,
            0 => Compression::Deflate,
            1 => Compression::Zstd,
            other => bail!("compression type {other} is not known here"),
        };
        let has_parts = has(4);
        ensure!(
            !has_parts || cluster_bits >= 14,
            "clusters of 2^{cluster_bits} bytes with the feature extended_l2; it needs 2^14"
        );
        let mut this = Self {
            cluster_bits,
            len: raw.be64(24),
            l1_entries: raw.be32(36),
            l1_offset: raw.be64(40),
            has_parts,
            compression,
            backing: None,
            data_file: None,
        };
        this.check_l1()?;
        let name = (raw.be64(8), raw.be32(16));
        this.read_extensions(file, header_len, has(2), name)?;
        Ok(this)
    }

    /// Returns how many bytes of the disk a second table is for.
    pub(super) fn table_reach(&self) -> u64 {
        let entry_bits = if self.has_parts { 4 } else { 3 };
        1 << (2 * self.cluster_bits - entry_bits)
    }

    fn check_l1(&self) -> Result<()> {
        let needed = self.len.div_ceil(self.table_reach());
        let entries = self.l1_entries;
        ensure!(
            u64::from(entries) >= needed && u64::from(entries) * 8 <= L1_MAX,
            "a first table of {entries} entries; a disk of {} bytes takes {needed}, and at most \
             {L1_MAX} bytes are read",
            self.len
        );
        Ok(())
    }

    /// Reads what follows the header, and the names in it.
    fn read_extensions(
        &mut self,
        file: &dyn Disk,
        start: u32,
        has_data_file: bool,
        (name_at, name_len): (u64, u32),
    ) -> Result<()> {
        let cluster = 1_usize << self.cluster_bits;
        let bytes = file.read_padded(0, cluster)?;
        let mut at = start as usize;
        let mut backing_format = None;
        let mut data_file = None;
        // All of it is before the name of the backing file, or ends with its cluster.
        let end = match name_at {
            0 => cluster,
            at => usize::try_from(at).unwrap_or(cluster).min(cluster),
        };
        while at + 8 <= end {
            let (kind, len) = (bytes.be32(at), bytes.be32(at + 4) as usize);
            if kind == EXTENSION_END {
                break;
            }
            at += 8;
            ensure!(
                len <= end.saturating_sub(at),
                "header extension {kind:#x} of {len} bytes, more than the header has room for"
            );
            let data = slice(&bytes, at, len).to_vec();
            match kind {
                EXTENSION_BACKING_FORMAT => backing_format = Some(data),
                EXTENSION_DATA_FILE => data_file = Some(data),
                _ => {}
            }
            at += len.next_multiple_of(8);
        }
        if has_data_file {
            self.data_file = Some(data_file.context(
                "its data is in another file (feature data_file), and it does not say in which",
            )?);
        }
        if name_at != 0 {
            ensure!(
                name_len <= NAME_MAX,
                "a backing file's name of {name_len} bytes, at most {NAME_MAX} are possible"
            );
            let name = file.read(name_at, name_len as usize)?;
            self.backing = Some((name, backing_format.filter(|format| !format.is_empty())));
        }
        Ok(())
    }
}

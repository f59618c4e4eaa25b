//! What a build made, for people and for machines.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// All that is known of an image. `hsb plan` gives the same without sizes and digests of files.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The image: the first of the files.
    pub image: String,
    /// Size of the disk or filesystem that it is.
    pub bytes: u64,
    /// The files that are made.
    pub files: Vec<File>,
    /// What boots it: of a build with `-x`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// `gpt`, `mbr` or `none`.
    pub table: String,
    /// The disk's GUID (GPT) or signature (MBR).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_id: Option<String>,
    /// Partitions in the order of the recipe.
    pub partitions: Vec<Partition>,
    /// Steps in the order they ran.
    pub steps: Vec<Step>,
    /// What the user should know, a line each.
    pub warnings: Vec<String>,
}

/// One file that is made.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// What it is.
    pub format: String,
    /// Its size, holes included; only a build knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Digest of the whole file, holes as zeros: of a build with `--json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Kernel and ramdisk that are stored beside the image.
#[derive(Debug, Clone, Serialize)]
pub struct Boot {
    /// Path of the kernel in the tree.
    pub kernel: String,
    /// Its version.
    pub version: String,
    /// What it is: `bzImage, EFI stub`.
    pub format: String,
    /// Path of the ramdisk in the tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramdisk: Option<String>,
    /// What to start the kernel with, where the image is a virtio disk.
    pub command_line: String,
}

/// One partition, or the whole image when there is no table.
#[derive(Debug, Clone, Serialize)]
pub struct Partition {
    /// Its number in the table; 0 when there is none.
    pub number: u32,
    /// Name in the table and label of the filesystem.
    pub label: String,
    /// Partition type as the table stores it; empty when there is none.
    #[serde(rename = "type")]
    pub kind: String,
    /// GUID (GPT) or signature and number (MBR): the kernel's `PARTUUID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partuuid: Option<String>,
    /// First byte in the image.
    pub offset: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Where it is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
    /// What is in it.
    pub content: Content,
}

/// What a partition holds.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "filesystem", rename_all = "lowercase")]
pub enum Content {
    /// Nothing.
    None,
    /// A swap area.
    Swap {
        /// UUID of the area.
        uuid: String,
    },
    /// An ext4 filesystem.
    Ext4 {
        /// UUID of the filesystem.
        uuid: String,
        /// Bytes of a block.
        block_size: u32,
        /// Blocks in all.
        blocks: u64,
        /// Bytes that are free.
        free_bytes: u64,
        /// Inodes in all.
        inodes: u32,
        /// Inodes in use.
        used_inodes: u32,
        /// Bytes of the journal.
        journal_bytes: u64,
    },
    /// A FAT filesystem.
    Vfat {
        /// Serial number of the volume, as Linux shows it: `1A2B-3C4D`.
        uuid: String,
        /// Bits of a FAT entry: 12, 16 or 32.
        fat: u32,
        /// Bytes of a cluster.
        cluster_size: u32,
        /// Clusters in all.
        clusters: u32,
        /// Bytes that are free.
        free_bytes: u64,
    },
}

impl Content {
    /// Returns what a planned filesystem will be.
    pub(crate) fn ext4(layout: &fsgen::ext4::Layout) -> Self {
        let geometry = layout.geometry();
        Content::Ext4 {
            uuid: layout.uuid().to_string(),
            block_size: geometry.block_size.bytes(),
            blocks: geometry.blocks,
            free_bytes: layout.free_bytes(),
            inodes: geometry.inode_count(),
            used_inodes: layout.used_inodes(),
            journal_bytes: layout.journal_bytes(),
        }
    }

    /// Returns what a planned FAT filesystem will be.
    pub(crate) fn vfat(layout: &fsgen::fat::Layout) -> Self {
        let geometry = layout.geometry();
        Content::Vfat {
            uuid: layout.serial().to_string(),
            fat: geometry.fat_type.bits(),
            cluster_size: geometry.cluster_size.bytes(),
            clusters: geometry.clusters,
            free_bytes: layout.free_bytes(),
        }
    }
}

/// What one step of the recipe did.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its place in the list, from 1.
    pub number: usize,
    /// The module.
    pub module: String,
    /// Paths that it added, changed or removed.
    pub changes: Vec<Change>,
}

/// One path that a step touched.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// `added`, `changed` or `removed`.
    pub change: &'static str,
    /// Path in the image, with the escapes of `hsb ls` in place of what is no text.
    pub path: String,
    /// What it is, or was: `file`, `directory`, `symlink`, ...
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Bytes of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Permissions, in octal.
    pub mode: String,
    /// Owning user.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Of what was there before: `content`, `mode`, `owner`, `attributes`, `time`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<&'static str>,
}

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Change {
            change,
            path,
            kind,
            mode,
            uid,
            gid,
            ..
        } = self;
        write!(f, "{change} {path}: {kind}, {mode}, {uid}:{gid}")?;
        if let Some(bytes) = self.bytes {
            write!(f, ", {bytes} bytes")?;
        }
        match self.differs.is_empty() {
            true => Ok(()),
            false => write!(f, "; other {}", self.differs.join(", ")),
        }
    }
}

impl Report {
    /// Returns whether one file is made and is nothing but the bytes of the image.
    fn is_plain(&self) -> bool {
        matches!(&*self.files, [file] if file.format == "raw")
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Report {
            image,
            bytes,
            table,
            ..
        } = self;
        writeln!(f, "{}: {}, partition table: {table}", image, Size(*bytes))?;
        for file in self.files.iter().filter(|_| !self.is_plain()) {
            write!(f, "  file {}: {}", file.path, file.format)?;
            match file.bytes {
                Some(bytes) => writeln!(f, ", {}", Size(bytes))?,
                None => writeln!(f)?,
            }
        }
        if let Some(id) = &self.disk_id {
            writeln!(f, "  disk {id}")?;
        }
        for partition in &self.partitions {
            write!(f, "{partition}")?;
        }
        if let Some(boot) = &self.boot {
            writeln!(
                f,
                "  kernel {}: {}, {}",
                boot.kernel, boot.version, boot.format
            )?;
            if let Some(ramdisk) = &boot.ramdisk {
                writeln!(f, "    ramdisk {ramdisk}")?;
            }
            writeln!(f, "    command line: {}", boot.command_line)?;
        }
        for step in &self.steps {
            let number = step.changes.len();
            let paths = if number == 1 { "path" } else { "paths" };
            writeln!(
                f,
                "  step {} {}: {number} {paths}",
                step.number, step.module
            )?;
        }
        Ok(())
    }
}

impl Display for Partition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Partition {
            number,
            label,
            kind,
            offset,
            bytes,
            ..
        } = self;
        match number {
            0 => write!(f, "  filesystem: {}", Size(*bytes))?,
            _ => write!(f, "  partition {number}: {} at byte {offset}", Size(*bytes))?,
        }
        for text in [kind, label] {
            if !text.is_empty() {
                write!(f, ", {text}")?;
            }
        }
        if let Some(mount) = &self.mount {
            write!(f, ", mounted at {mount}")?;
        }
        writeln!(f)?;
        if let Some(id) = &self.partuuid {
            writeln!(f, "    PARTUUID={id}")?;
        }
        match &self.content {
            Content::None => Ok(()),
            Content::Swap { uuid } => writeln!(f, "    swap UUID={uuid}"),
            Content::Ext4 {
                uuid,
                block_size,
                blocks,
                free_bytes,
                inodes,
                used_inodes,
                journal_bytes,
            } => {
                writeln!(f, "    ext4 UUID={uuid}")?;
                writeln!(
                    f,
                    "    {blocks} blocks of {block_size}, {} free; {used_inodes} of {inodes} inodes; journal {}",
                    Size(*free_bytes),
                    Size(*journal_bytes)
                )
            }
            Content::Vfat {
                uuid,
                fat,
                cluster_size,
                clusters,
                free_bytes,
            } => {
                writeln!(f, "    vfat UUID={uuid}")?;
                writeln!(
                    f,
                    "    FAT{fat}, {clusters} clusters of {cluster_size}, {} free",
                    Size(*free_bytes)
                )
            }
        }
    }
}

/// A number of bytes as people read it.
pub(crate) struct Size(pub(crate) u64);

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| self.0 >> shift > 0) {
            None => write!(f, "{} B", self.0),
            Some((shift, unit)) => {
                let tenths = (u128::from(self.0) * 10) >> shift;
                write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
            }
        }
    }
}

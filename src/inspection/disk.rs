//! A disk: how it is stored, its partition table, and the filesystem in each part.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use crate::disk::partition::{self, Partition};
use crate::disk::{Disk, Stored};
use crate::volume::{Description, describe};

/// A disk.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// How it is stored: `raw`, `qcow2`, `VMDK`, `VHD`.
    pub(super) stored: &'static str,
    /// Size of the file that stores it, in bytes.
    pub(super) file_bytes: u64,
    /// Size of the disk in bytes.
    pub(super) bytes: u64,
    /// `GPT` or `MBR`; nothing on a disk that is one filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<&'static str>,
    /// What the table calls the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) partitions: Vec<Slot>,
    /// The one that a disk without a table is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filesystem: Option<Description>,
}

/// A partition.
#[derive(Debug, Serialize)]
pub(super) struct Slot {
    pub(super) number: u32,
    /// What it is for, as the table has it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<String>,
    /// Its name in a GPT.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    /// What the table calls it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) partuuid: String,
    /// Where it starts, in bytes.
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// What is in it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filesystem: Option<Description>,
}

impl Summary {
    /// Looks at a disk. Also returns what is wrong with its table, but does not matter.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read, or its table is damaged so that nothing is sure.
    pub(super) fn of(stored: &Stored) -> Result<(Self, Vec<String>)> {
        let disk = &stored.disk;
        let table = partition::read(&**disk)?;
        let slots = table.iter().flat_map(|table| table.each(disk.len()));
        let slots = slots.map(|(partition, is_read)| slot(disk, partition, is_read));
        let filesystem = match table {
            Some(_) => None,
            None => describe(disk)?,
        };
        let summary = Self {
            stored: stored.form,
            file_bytes: stored.file_len,
            bytes: disk.len(),
            table: table.as_ref().map(|table| table.kind.name()),
            id: table.as_ref().map(|table| table.id.clone()),
            partitions: slots.collect(),
            filesystem,
        };
        Ok((summary, table.map(|t| t.warnings).unwrap_or_default()))
    }
}

/// Looks at a partition. What cannot be read there is unknown.
fn slot(disk: &Arc<dyn Disk>, partition: &Partition, is_read: bool) -> Slot {
    let opened = partition.open(disk).ok().filter(|_| is_read);
    Slot {
        number: partition.number,
        what: partition.what.map(|what| what.to_string()),
        name: partition.name.clone(),
        partuuid: partition.uuid.clone(),
        offset: partition.start,
        bytes: partition.len,
        filesystem: opened.and_then(|disk| describe(&disk).ok().flatten()),
    }
}

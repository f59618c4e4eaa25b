//! The disk that a filesystem was found on: its size, its partition table, and what is in each part.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use crate::disk::Disk;
use crate::disk::partition::{self, Partition};
use crate::volume::{self, Found};

/// A disk.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Size in bytes.
    pub(super) bytes: u64,
    /// `GPT` or `MBR`; nothing on a disk that is one filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) table: Option<&'static str>,
    pub(super) partitions: Vec<Slot>,
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
    /// Where it starts, in bytes.
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// `ext4`, `FAT16`, or what else is known there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filesystem: Option<&'static str>,
    /// The label of the filesystem.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) label: String,
}

impl Summary {
    /// Looks at a disk.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read, or its table is damaged so that nothing is sure.
    pub(super) fn of(disk: &Arc<dyn Disk>) -> Result<Self> {
        let table = partition::read(&**disk)?;
        let partitions = table.iter().flat_map(|table| &table.partitions);
        Ok(Self {
            bytes: disk.len(),
            table: table.as_ref().map(|table| table.kind.name()),
            partitions: partitions.map(|partition| slot(disk, partition)).collect(),
        })
    }
}

/// Looks at a partition. What cannot be read there is unknown.
fn slot(disk: &Arc<dyn Disk>, partition: &Partition) -> Slot {
    let opened = partition.open(disk).ok();
    let found = opened
        .as_ref()
        .and_then(|disk| volume::recognise(&**disk).ok().flatten());
    let volume = match found {
        Some(Found::Ext | Found::Fat) => opened.and_then(|disk| volume::open(disk).ok()),
        _ => None,
    };
    Slot {
        number: partition.number,
        what: partition.what.map(|what| what.to_string()),
        name: partition.name.clone(),
        offset: partition.start,
        bytes: partition.len,
        filesystem: match (&volume, found) {
            (Some(volume), _) => Some(volume.kind()),
            (None, Some(Found::Other(name, _))) => Some(name),
            _ => None,
        },
        label: volume.map(|volume| volume.label()).unwrap_or_default(),
    }
}

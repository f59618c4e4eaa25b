//! The identifiers of an image: of its disk, its partitions and its filesystems.
//!
//! They are fixed before the first step runs, so that steps can write them into files of the
//! image. What the steps make of the tree can therefore not be part of them.

use fsgen::Tree;
use fsgen::fat::Serial;
use fsgen::guid::Seed;
use fsgen::table::Scheme;
use uuid::Uuid;

use crate::recipe::{Filesystem, Recipe, Table};
use crate::seed;

/// What nobody else's disk is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    /// Of the disk, in its table.
    pub disk: Uuid,
    /// Of each partition, in the order of the recipe.
    pub partitions: Vec<PartitionIds>,
}

/// The identifiers of one partition and of what it can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartitionIds {
    /// In a GPT.
    pub partition: Uuid,
    /// Of ext4 or swap.
    pub filesystem: Uuid,
    /// Of vfat.
    pub serial: Serial,
    /// What names in directories of ext4 are hashed with.
    pub hash: Uuid,
}

impl Ids {
    /// Returns the identifiers that the recipe names, and for the others those that its seed gives,
    /// or the source as it is before any step.
    pub(crate) fn new(recipe: &Recipe, source: &Tree) -> Self {
        let seed = match &recipe.seed {
            Some(text) => Seed::new(text.as_bytes()),
            None => seed::of(source, recipe),
        };
        let partitions = recipe.partitions.iter().map(|partition| {
            let id = |what: &str| seed.uuid(&format!("{what}/{}", partition.number));
            let filesystem = match partition.filesystem {
                Filesystem::Swap => "swap",
                _ => "filesystem",
            };
            let serial = partition.vfat.serial;
            PartitionIds {
                partition: partition.uuid.unwrap_or_else(|| id("partition")),
                filesystem: partition.fs_uuid.unwrap_or_else(|| id(filesystem)),
                serial: serial.unwrap_or_else(|| Serial::from_uuid(&id("serial"))),
                hash: id("hash"),
            }
        });
        Self {
            disk: seed.uuid("disk"),
            partitions: partitions.collect(),
        }
    }

    /// Returns what steps may know of the partitions, in the order of the recipe.
    pub(crate) fn tell(&self, recipe: &Recipe) -> Vec<modules::Partition> {
        let each = recipe.partitions.iter().zip(&self.partitions);
        let each = each.map(|(partition, ids)| {
            let partuuid = |scheme: Scheme| {
                let number = partition.number;
                scheme.partuuid(&self.disk, &ids.partition, number)
            };
            let uuid = match partition.filesystem {
                Filesystem::None => None,
                Filesystem::Vfat => Some(ids.serial.to_string()),
                Filesystem::Ext4 | Filesystem::Swap => Some(ids.filesystem.to_string()),
            };
            let label = partition.shown_label();
            modules::Partition {
                number: partition.number,
                mount: partition.mount.clone(),
                kind: match recipe.table {
                    Table::None => None,
                    Table::Gpt | Table::Mbr => Some(partition.kind.clone()),
                },
                filesystem: match partition.filesystem {
                    Filesystem::None => None,
                    known => Some(known.to_string()),
                },
                label: match partition.filesystem {
                    Filesystem::None => None,
                    _ => Some(label).filter(|label| !label.is_empty()),
                },
                uuid,
                partuuid: match recipe.table {
                    Table::Gpt => Some(partuuid(Scheme::Gpt)),
                    Table::Mbr => Some(partuuid(Scheme::Mbr)),
                    Table::None => None,
                },
            }
        });
        each.collect()
    }
}

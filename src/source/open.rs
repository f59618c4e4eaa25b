//! A source to look into: what can be read where it is, is; of all else, the tree is made.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fsgen::Timestamp;

use super::assembly::Assembly;
use super::window::Archive;
use super::{Input, Loaded, Options, Source, decoded, gather, image, oci, read_archive};
use crate::disk::Disk;
use crate::reader::{Reader, TreeReader};

/// A function that opens a source without reading all of it.
pub(super) type Open = fn(&Source, &Options<'_>) -> Result<OnDisk>;

/// A filesystem, and the disk that it is on.
pub(super) type OnDisk = (Box<dyn Reader>, Arc<dyn Disk>);

/// A source, ready to be looked into.
pub struct Opened {
    /// The root filesystem.
    pub reader: Box<dyn Reader>,
    /// The disk that this is on, which may have others.
    pub(crate) disk: Option<Arc<dyn Disk>>,
    /// The configuration of a container image, as OCI has it.
    pub image_config: Option<serde_json::Value>,
    /// What the user should know, one line each.
    pub warnings: Vec<String>,
}

impl Opened {
    fn disk((reader, disk): OnDisk) -> Self {
        Self {
            reader,
            disk: Some(disk),
            image_config: None,
            warnings: Vec::new(),
        }
    }

    fn tree(loaded: Loaded, source: &Source) -> Self {
        Self {
            reader: Box::new(TreeReader::new(loaded.tree, source.from.to_string())),
            disk: None,
            image_config: loaded.image_config,
            warnings: loaded.warnings,
        }
    }
}

/// Opens a source. What chooses a partition or a container image is not looked at where there is
/// none.
///
/// # Errors
///
/// Fails when it cannot be read, or holds what no Linux filesystem could.
pub fn open(source: &Source, options: &Options<'_>) -> Result<Opened> {
    let format = source.format();
    if let Some(open) = format.and_then(|format| format.open) {
        return Ok(Opened::disk(open(source, options)?));
    }
    let without_partition = Source {
        partition: None,
        ..source.clone()
    };
    let files = Source {
        tag: None,
        platform: None,
        ..without_partition.clone()
    };
    let pick = |has_images| match has_images {
        true => &without_partition,
        false => &files,
    };
    if format.is_some() || matches!(source.from, Input::Registry(_)) {
        let picked = pick(format.is_none_or(|format| format.has_images));
        let (loaded, _) = gather(std::slice::from_ref(picked), options)?;
        return Ok(Opened::tree(loaded, source));
    }
    let mut assembly = Assembly::new(options.limits);
    let archive = decoded(source, options, &mut assembly)?;
    let name = || source.from.to_string();
    if image::is_image(&archive).with_context(name)? {
        let reader = image::open(archive, None, source);
        return Ok(Opened::disk(reader.with_context(name)?));
    }
    let shared: Arc<dyn Archive> = archive.clone();
    let picked = pick(oci::is_archive(&shared).with_context(name)?);
    read_archive(archive, picked, &picked.layer()?, options, &mut assembly)?;
    let time = options.source_date_epoch.map(Timestamp::from_secs);
    Ok(Opened::tree(assembly.finish(time), source))
}

//! A source to look into: what can be read where it is, is; of all else, the tree is made.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fsgen::Timestamp;

use super::assembly::Assembly;
use super::window::Archive;
use super::{
    Input, Limits, Loaded, Options, Source, bundled, decoded, gather, image, oci, read_archive,
};
use crate::disk::{self, Disk, Stored};
use crate::reader::{Reader, TreeReader};

/// A function that opens a source without reading all of it.
pub(super) type Open = fn(&Source, &Options<'_>) -> Result<Stored>;

/// What a source turns out to be.
pub(crate) enum Found {
    /// A disk, of which nothing was chosen yet, and what the user should know of how it was had.
    Disk(Stored, Vec<String>),
    /// Files.
    Files(Opened),
}

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
    /// Opens the filesystem on a disk that a source means.
    ///
    /// # Errors
    ///
    /// Fails when there is none to take, and when it is not clear which one.
    pub(crate) fn on_disk(disk: Arc<dyn Disk>, source: &Source, limits: Limits) -> Result<Self> {
        Ok(Self {
            reader: image::filesystem(&disk, source, limits)?,
            disk: Some(disk),
            image_config: None,
            warnings: Vec::new(),
        })
    }

    fn tree(loaded: Loaded, source: &Source, limits: Limits) -> Self {
        let name = source.from.to_string();
        let reader = TreeReader::new(loaded.tree, name, limits.metadata_max());
        Self {
            reader: Box::new(reader.with_unread(loaded.unread)),
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
    match find(source, options)? {
        Found::Disk(stored, warnings) => Ok(Opened {
            warnings,
            ..Opened::on_disk(stored.disk, source, options.limits)?
        }),
        Found::Files(opened) => Ok(opened),
    }
}

/// Opens a source as far as nothing has to be chosen on a disk.
///
/// # Errors
///
/// Fails when it cannot be read, or holds what no Linux filesystem could.
pub(crate) fn find(source: &Source, options: &Options<'_>) -> Result<Found> {
    let format = source.format();
    if let Some(open) = format.and_then(|format| format.open) {
        return Ok(Found::Disk(open(source, options)?, Vec::new()));
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
        return Ok(Found::Files(Opened::tree(loaded, source, options.limits)));
    }
    let mut assembly = Assembly::new(options.limits);
    let archive = decoded(source, options, &mut assembly)?;
    let name = || source.from.to_string();
    let warned = |assembly: &mut Assembly| {
        let warnings = assembly.take_warnings();
        warnings
            .map(|warning| format!("{}: {warning}", name()))
            .collect()
    };
    if image::is_image(&archive).with_context(name)? {
        let stored = disk::open(archive, None).with_context(name)?;
        return Ok(Found::Disk(stored, warned(&mut assembly)));
    }
    let shared: Arc<dyn Archive> = archive.clone();
    let picked = pick(oci::holds_image(&shared).with_context(name)?);
    read_archive(archive, picked, &picked.layer()?, options, &mut assembly)?;
    let time = options.source_date_epoch.map(Timestamp::from_secs);
    let warnings = warned(&mut assembly);
    let loaded = Loaded {
        warnings,
        ..assembly.finish(time)
    };
    let opened = Opened::tree(loaded, source, options.limits);
    bundled::find(opened).with_context(name)
}

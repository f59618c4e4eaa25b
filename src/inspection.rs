//! `hsb inspect`: what is in a tarball, folder, container image or disk image, at a glance.
//!
//! - `disk`: partitions, and the filesystems in them
//! - `system`: the distribution, kernels and architecture
//! - `text`: the same for people

mod disk;
mod system;
mod text;

use anyhow::Result;
use serde::Serialize;

use crate::disk::Stored;
use crate::reader::unread::Unread;
use crate::source::{Limits, Opened, Source};
use system::{Contents, System};

/// What there is to say about an image.
#[derive(Debug, Serialize)]
pub(crate) struct Inspection {
    /// What it was called.
    image: String,
    /// `container image`, `disk`, or `files`.
    format: &'static str,
    /// What a container image says about how it is run, as OCI has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_config: Option<serde_json::Value>,
    /// The disk it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<disk::Summary>,
    /// How much there is; nothing on a disk without a root filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Contents>,
    /// The system in it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System>,
    /// What the user should know.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
    /// What of its files could not be looked at.
    #[serde(skip)]
    pub(crate) unread: Unread,
}

impl Inspection {
    /// Looks at files.
    ///
    /// # Errors
    ///
    /// Fails when what is kept of them takes too much memory.
    pub(crate) fn of_files(image: String, opened: Opened) -> Result<Self> {
        let reader = &*opened.reader;
        let mut unread = Unread::default();
        Ok(Self {
            image,
            format: match opened.image_config {
                Some(_) => "container image",
                None => "files",
            },
            disk: None,
            contents: Some(Contents::of(reader, &mut unread)?),
            system: System::of(reader),
            image_config: opened.image_config,
            warnings: opened.warnings,
            unread,
        })
    }

    /// Looks at a disk, and into the filesystem on it that a source means.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read, and when the source names a partition that is not there.
    pub(crate) fn of_disk(
        image: String,
        stored: &Stored,
        source: &Source,
        limits: Limits,
    ) -> Result<Self> {
        let (disk, mut warnings) = disk::Summary::of(stored)?;
        let (mut contents, mut system, mut unread) = (None, None, Unread::default());
        match Opened::on_disk(stored.disk.clone(), source, limits) {
            Ok(opened) => {
                warnings.extend(opened.warnings);
                contents = Some(Contents::of(&*opened.reader, &mut unread)?);
                system = System::of(&*opened.reader);
            }
            Err(error) if source.partition.is_some() => return Err(error),
            // There is a disk to look at, still.
            Err(error) => warnings.push(format!("{error:#}")),
        }
        Ok(Self {
            image,
            format: "disk",
            disk: Some(disk),
            contents,
            system,
            image_config: None,
            warnings,
            unread,
        })
    }
}

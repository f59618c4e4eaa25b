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

use crate::source::Opened;
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
    /// How much there is.
    contents: Contents,
    /// The system in it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System>,
}

impl Inspection {
    /// Looks at files.
    ///
    /// # Errors
    ///
    /// Fails when they cannot be read.
    pub(crate) fn of(image: String, opened: Opened) -> Result<Self> {
        let reader = &*opened.reader;
        Ok(Self {
            image,
            format: match (&opened.image_config, &opened.disk) {
                (Some(_), _) => "container image",
                (None, Some(_)) => "disk",
                (None, None) => "files",
            },
            disk: opened.disk.as_ref().map(disk::Summary::of).transpose()?,
            contents: Contents::of(reader)?,
            system: System::of(reader),
            image_config: opened.image_config,
        })
    }
}

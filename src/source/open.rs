//! A source to look into: what can be read where it is, is; of all else, the tree is made.

use anyhow::Result;

use super::{Options, Source, gather};
use crate::reader::{Reader, TreeReader};

/// A function that opens a source without reading all of it.
pub(super) type Open = fn(&Source, &Options<'_>) -> Result<Box<dyn Reader>>;

/// A source, ready to be looked into.
pub struct Opened {
    /// The root filesystem.
    pub reader: Box<dyn Reader>,
    /// The configuration of a container image, as OCI has it.
    pub image_config: Option<serde_json::Value>,
    /// What the user should know, one line each.
    pub warnings: Vec<String>,
}

/// Opens a source.
///
/// # Errors
///
/// Fails when it cannot be read, or holds what no Linux filesystem could.
pub fn open(source: &Source, options: &Options<'_>) -> Result<Opened> {
    if let Some(open) = source.format().and_then(|format| format.open) {
        return Ok(Opened {
            reader: open(source, options)?,
            image_config: None,
            warnings: Vec::new(),
        });
    }
    let loaded = gather(std::slice::from_ref(source), options)?;
    Ok(Opened {
        reader: Box::new(TreeReader::new(loaded.tree, source.from.to_string())),
        image_config: loaded.image_config,
        warnings: loaded.warnings,
    })
}

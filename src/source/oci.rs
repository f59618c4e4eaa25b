//! Container images: which one of an index, and its layers one on the other.
//!
//! An image lies in a folder or an archive in the OCI layout, or in an archive by `docker save`.
//! Every blob is held against its digest before anything in it is believed.

mod archive;
mod choice;
mod digest;
mod layers;
mod manifest;
mod platform;
mod store;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::assembly::Assembly;
use super::layer::{Layer, Stacking};
use super::window::Archive;
use super::{Input, Options, Source, tar};
use choice::Wanted;
use manifest::{Config, Saved};
use store::{Files, Folder, Packed};

pub(super) use archive::holds_image;
pub use digest::Digest;
pub(super) use digest::Hasher;
pub use platform::Platform;
#[cfg(feature = "net")]
pub(super) use {manifest::Descriptor, store::Store};

/// One image, whose blobs are still to be checked.
struct Image {
    /// The configuration as it is.
    config: serde_json::Value,
    /// The lowest first.
    layers: Vec<layers::Blob>,
}

/// Returns whether a folder is an image layout.
pub(super) fn is_layout(folder: &Path) -> bool {
    folder.join("oci-layout").is_file()
}

/// Reads an image from a folder.
///
/// # Errors
///
/// Fails when there is no such image, or when a blob of it is missing or damaged.
pub(super) fn read_layout(
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let Input::Path(root) = &source.from else {
        bail!("{}: is no folder", source.from);
    };
    let mut read = || {
        let image = choice::of_layout(&Folder(root.clone()), &Wanted::of(source))?;
        lay(image, layer, options, assembly)
    };
    read().with_context(|| root.display().to_string())
}

/// Reads an image from an archive.
///
/// # Errors
///
/// Fails when there is no such image, or when a blob of it is missing or damaged.
pub(super) fn read_archive(
    archive: Arc<dyn Archive>,
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let mut files = Assembly::new(options.limits);
    files.begin(&Layer::default())?;
    tar::read(archive, &mut files, true, &|_| {})?;
    files.end()?;
    let files = Packed(Arc::new(files.finish(None).tree));
    let wanted = Wanted::of(source);
    let image = match files.open("oci-layout") {
        Ok(_) => choice::of_layout(&files, &wanted)?,
        Err(_) => of_docker(&files, &wanted)?,
    };
    lay(image, layer, options, assembly)
}

/// Reads the image that a descriptor names.
///
/// # Errors
///
/// Fails when a blob of it is missing or damaged.
#[cfg(feature = "net")]
pub(super) fn read_store(
    store: &dyn Store,
    entry: &Descriptor,
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let wanted = Wanted {
        tag: None,
        platform: source.platform.as_ref(),
    };
    let image = choice::of_store(store, entry, &wanted)?;
    lay(image, layer, options, assembly)
}

/// Lays the layers of an image into the tree.
fn lay(image: Image, layer: &Layer, options: &Options<'_>, assembly: &mut Assembly) -> Result<()> {
    let layer = Layer {
        stacking: Stacking::Image,
        ..layer.clone()
    };
    let count = image.layers.len();
    let opened = layers::open(image.layers, options)?;
    let mut done = 0;
    for (number, (title, archive)) in (1..).zip(opened) {
        let len = archive.len()?;
        let progress = |at: u64| (options.progress)(done + at);
        let mut read = || {
            assembly.begin(&layer)?;
            // Its digest says that it is whole.
            tar::read(archive.clone(), assembly, false, &progress)?;
            assembly.end()
        };
        read().with_context(|| format!("layer {number} of {count}, {title}"))?;
        done += len;
    }
    assembly.image_config = Some(image.config);
    Ok(())
}

/// Returns the image that is wanted of those in an archive by `docker save`.
///
/// # Errors
///
/// Fails when there is none, or more than one.
fn of_docker(files: &impl Files, wanted: &Wanted<'_>) -> Result<Image> {
    let manifest = files.open("manifest.json")?;
    let images: Vec<Saved> = manifest::json(&*manifest).context("manifest.json")?;
    let named = images.iter().map(|image| {
        let tags = image.repo_tags.iter().flatten();
        (tags.map(String::as_str).collect(), image)
    });
    let image = wanted.one(named.collect())?;
    let config_file = files.open(&image.config)?;
    let config: Config = manifest::json(&*config_file).context("the image's configuration")?;
    wanted.check(&config)?;
    // In this format, the name of the configuration is its digest.
    let name = image.config.rsplit('/').next().unwrap_or_default();
    let hex = name.trim_end_matches(".json").trim_start_matches("sha256:");
    if let Ok(digest) = format!("sha256:{hex}").parse::<Digest>() {
        digest
            .check(&*config_file)
            .with_context(|| image.config.clone())?;
    }
    let digests = config.digests(image.layers.len())?;
    let layers = image.layers.iter().zip(digests).map(|(path, decoded)| {
        Ok(layers::Blob {
            title: path.clone(),
            file: files.open(path)?,
            check: layers::Check {
                blob: None,
                decoded,
            },
        })
    });
    Ok(Image {
        layers: layers.collect::<Result<_>>()?,
        config: manifest::json(&*config_file)?,
    })
}

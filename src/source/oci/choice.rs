//! Which of the images in a place is meant.

use anyhow::{Context as _, Result, bail, ensure};

use super::Image;
use super::layers::{Blob, Check};
use super::manifest::{self, Config, Descriptor, Document};
use super::platform::Platform;
use super::store::{Files, Store};
use crate::source::Source;

/// How deep indexes may lie in each other.
const DEPTH: usize = 4;

/// What is asked for.
pub(in super::super) struct Wanted<'w> {
    /// A name of the image.
    pub(in super::super) tag: Option<&'w str>,
    /// What it runs on.
    pub(in super::super) platform: Option<&'w Platform>,
}

impl<'w> Wanted<'w> {
    /// Returns what a source asks for.
    pub(super) fn of(source: &'w Source) -> Self {
        Self {
            tag: source.tag.as_deref(),
            platform: source.platform.as_ref(),
        }
    }

    /// Returns the one that is meant by its name; without a name, the only one.
    ///
    /// # Errors
    ///
    /// Fails when there is none, or more than one.
    pub(super) fn one<T>(&self, mut images: Vec<(Vec<&str>, T)>) -> Result<T> {
        let all: Vec<String> = images
            .iter()
            .map(|(names, _)| match &names[..] {
                [] => "one without a name".to_owned(),
                names => names.join(" or "),
            })
            .collect();
        if let Some(tag) = self.tag {
            images.retain(|(names, _)| names.iter().any(|name| is_called(name, tag)));
        }
        let all = all.join(", ");
        let count = images.len();
        match (images.pop(), count, self.tag) {
            (Some((_, image)), 1, _) => Ok(image),
            (_, 0, Some(tag)) => bail!("there is no image `{tag}`; there are: {all}"),
            (_, 0, None) => bail!("there is no image in it"),
            (_, count, None) => bail!("{count} images; choose one with `tag`, or --tag: {all}"),
            (_, count, Some(tag)) => {
                bail!("{count} images are called `{tag}`; use a longer name: {all}")
            }
        }
    }

    /// Checks that an image runs on what was asked for.
    ///
    /// # Errors
    ///
    /// Fails when it does not.
    pub(super) fn check(&self, config: &Config) -> Result<()> {
        if let Some(platform) = self.platform {
            let found = &config.platform;
            // Many leave the variant to the index.
            let mut filled = found.clone();
            filled.variant = filled.variant.or(platform.variant.clone());
            ensure!(
                filled.is(platform),
                "the image is for {found}, and `platform` asks for {platform}"
            );
        }
        Ok(())
    }
}

/// Returns whether a name is the one that was asked for, in whole or from its repository on.
fn is_called(name: &str, tag: &str) -> bool {
    let rest = name.strip_suffix(tag);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', ':']))
}

/// Returns the image that is wanted of those in a layout.
///
/// # Errors
///
/// Fails when there is none, or more than one.
pub(super) fn of_layout(files: &impl Files, wanted: &Wanted<'_>) -> Result<Image> {
    let index = files.open("index.json")?;
    let index = Document::read(&*index).context("index.json")?;
    let mut entries = index.manifests.context("index.json: lists no images")?;
    entries.retain(|entry| !entry.is_about_another());
    // One image may be listed under several names.
    let mut different: Vec<(Vec<&str>, &Descriptor)> = Vec::new();
    for entry in &entries {
        match different
            .iter_mut()
            .find(|(_, other)| other.digest == entry.digest)
        {
            Some((names, _)) => names.extend(entry.names()),
            None => different.push((entry.names().collect(), entry)),
        }
    }
    // A layout may list one image for each platform, without names.
    let is_nameless = different.iter().all(|(names, _)| names.is_empty());
    if wanted.tag.is_none() && is_nameless && !different.is_empty() {
        let entries = different.iter().map(|(_, entry)| (*entry).clone());
        let entry = for_platform(entries.collect(), wanted.platform)?;
        return of_store(files, &entry, wanted);
    }
    of_store(files, wanted.one(different)?, wanted)
}

/// Returns the image that a descriptor leads to.
///
/// # Errors
///
/// Fails when a blob on the way is missing or damaged, or when there is none for the platform.
pub(in super::super) fn of_store(
    store: &dyn Store,
    entry: &Descriptor,
    wanted: &Wanted<'_>,
) -> Result<Image> {
    let mut entry = entry.clone();
    for _ in 0..DEPTH {
        let document = document(store, &entry)?;
        let Some(manifests) = document.manifests else {
            return of_manifest(store, document, wanted);
        };
        entry = for_platform(manifests, wanted.platform)?;
    }
    bail!("indexes lie in each other more than {DEPTH} deep")
}

fn document(store: &dyn Store, entry: &Descriptor) -> Result<Document> {
    let digest = &entry.digest;
    let read = || {
        manifest::check_size(entry)?;
        let blob = store.blob(entry)?;
        entry.check(&*blob)?;
        Document::read(&*blob)
    };
    read().with_context(|| format!("manifest {digest}"))
}

/// Returns the entry of an index for a platform.
fn for_platform(mut entries: Vec<Descriptor>, wanted: Option<&Platform>) -> Result<Descriptor> {
    entries.retain(|entry| !entry.is_about_another());
    if let [_] = entries[..] {
        // Whether it is the right one, its configuration tells.
        return entries.pop().context("no image");
    }
    let default = Platform::default();
    let platform = wanted.unwrap_or(&default);
    let listed: Vec<String> = entries
        .iter()
        .filter_map(|entry| entry.platform.as_ref())
        .map(Platform::to_string)
        .collect();
    let mut fitting: Vec<(Platform, Descriptor)> = entries
        .into_iter()
        .filter_map(|entry| Some((entry.platform.clone()?, entry)))
        .filter(|(found, _)| found.is(platform))
        .collect();
    // Of equal ones the first counts, as for all who read indexes.
    fitting.sort_by_key(|(found, _)| found.rank());
    let first = fitting.into_iter().next();
    let (_, entry) = first.with_context(|| {
        let asked = wanted.map_or("`platform` is not given, which means", |_| "asked for:");
        format!(
            "no image for {platform} ({asked} {platform}); there are: {}",
            listed.join(", ")
        )
    })?;
    Ok(entry)
}

fn of_manifest(store: &dyn Store, manifest: Document, wanted: &Wanted<'_>) -> Result<Image> {
    let entry = manifest
        .config
        .context("a manifest without a configuration")?;
    let media_type = &entry.media_type;
    ensure!(
        media_type.contains("image.config") || media_type.contains("container.image.v1"),
        "what is in it is no container image, but `{media_type}`"
    );
    let what = || format!("configuration {}", entry.digest);
    manifest::check_size(&entry).with_context(what)?;
    let blob = store.blob(&entry)?;
    let read = || {
        entry.check(&*blob)?;
        manifest::json::<Config>(&*blob)
    };
    let config = read().with_context(what)?;
    wanted.check(&config)?;
    let digests = config.digests(manifest.layers.len()).with_context(what)?;
    let layers = manifest.layers.into_iter().zip(digests);
    let layers = layers.map(|(layer, decoded)| {
        let title = layer.digest.to_string();
        ensure!(
            !layer.media_type.ends_with("+encrypted"),
            "layer {title} is encrypted; decrypt the image first"
        );
        Ok(Blob {
            file: store
                .blob(&layer)
                .with_context(|| format!("layer {title}"))?,
            title,
            check: Check {
                blob: Some(layer),
                decoded,
            },
        })
    });
    Ok(Image {
        layers: layers.collect::<Result<_>>()?,
        config: manifest::json(&*blob)?,
    })
}

//! The JSON of an image: indexes, manifests and the configuration (OCI image-spec 1.1; Docker
//! "Image Manifest V 2, Schema 2" has the same fields).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::window::Archive;
use super::digest::Digest;
use super::platform::Platform;

/// The largest piece of JSON that is read, in bytes (OCI distribution-spec: 4 MiB for manifests).
const LONGEST: u64 = 4 << 20;
/// The name of an image in an index.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// What containerd calls it.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// What a blob is called, and how long it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Descriptor {
    #[serde(default)]
    pub(in super::super) media_type: String,
    #[serde(deserialize_with = "digest")]
    pub(in super::super) digest: Digest,
    pub(in super::super) size: u64,
    #[serde(default)]
    pub(in super::super) platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// Checks that a blob is what this describes.
    ///
    /// # Errors
    ///
    /// Fails when it is not.
    pub(super) fn check(&self, blob: &dyn Archive) -> Result<()> {
        let (found, size) = (blob.len()?, self.size);
        ensure!(
            found == size,
            "it has {found} bytes, and should have {size}"
        );
        self.digest.check(blob)
    }
}

impl Descriptor {
    /// Returns what names a manifest.
    #[cfg(feature = "net")]
    pub(in super::super) fn of(digest: Digest, size: u64) -> Self {
        Self {
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            digest,
            size,
            platform: None,
            annotations: None,
        }
    }

    /// Returns whether it is a manifest or an index, which registries keep apart from other blobs.
    #[cfg(feature = "net")]
    pub(in super::super) fn is_manifest(&self) -> bool {
        self.media_type.contains("manifest") || self.media_type.contains("image.index")
    }

    /// Returns the names that the index has for it.
    pub(in super::super) fn names(&self) -> impl Iterator<Item = &str> {
        let annotations = self.annotations.iter();
        let names = annotations.flat_map(|all| [all.get(REF_NAME), all.get(IMAGE_NAME)]);
        names.flatten().map(String::as_str)
    }

    /// Returns whether it is something about another image: a signature, an attestation.
    pub(super) fn is_about_another(&self) -> bool {
        let is_unknown = |platform: &Platform| platform.os == "unknown";
        let mut annotations = self.annotations.iter();
        self.platform.as_ref().is_some_and(is_unknown)
            || annotations.any(|all| all.contains_key("vnd.docker.reference.type"))
    }
}

fn digest<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digest = text.parse();
    digest.map_err(|wrong| serde::de::Error::custom(format!("`{text}` {wrong}")))
}

/// An index (a list of images), or the manifest of one: what it has, tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Document {
    #[serde(default)]
    schema_version: u32,
    #[serde(default)]
    pub(in super::super) manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    pub(in super::super) config: Option<Descriptor>,
    #[serde(default)]
    pub(in super::super) layers: Vec<Descriptor>,
}

impl Document {
    /// Reads an index or a manifest.
    ///
    /// # Errors
    ///
    /// Fails on anything else.
    pub(in super::super) fn read(blob: &dyn Archive) -> Result<Self> {
        let document: Self = json(blob)?;
        ensure!(
            document.schema_version == 2,
            "an image manifest of version {}; 2 is read here, which the image has when it is \
             pushed again by a program of these days",
            document.schema_version
        );
        // Others would take it for the other one, and see another image (CVE-2021-41190).
        ensure!(
            document.manifests.is_none()
                || (document.config.is_none() && document.layers.is_empty()),
            "it is an index and a manifest in one, which can mean two images"
        );
        Ok(document)
    }
}

/// Checks the size of a manifest or a configuration before it is fetched.
///
/// # Errors
///
/// Fails when it is larger than any that is read.
pub(super) fn check_size(descriptor: &Descriptor) -> Result<()> {
    let len = descriptor.size;
    ensure!(
        len <= LONGEST,
        "{len} bytes where JSON was expected, at most {LONGEST} are read"
    );
    Ok(())
}

/// What an image says about itself.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Config {
    /// What it runs on.
    #[serde(flatten)]
    pub(in super::super) platform: Platform,
    /// What its layers are made of.
    pub(in super::super) rootfs: Rootfs,
}

impl Config {
    /// Returns the digests of so many layers when they are not compressed.
    ///
    /// # Errors
    ///
    /// Fails when there are not as many, or when one is none.
    pub(super) fn digests(&self, layers: usize) -> Result<Vec<Digest>> {
        let ids = &self.rootfs.diff_ids;
        ensure!(
            layers == ids.len(),
            "{layers} layers, and {} digests of layers in the image's configuration",
            ids.len()
        );
        let digest = |id: &String| {
            id.parse()
                .map_err(|wrong| anyhow!("`diff_ids`: `{id}` {wrong}"))
        };
        ids.iter().map(digest).collect()
    }
}

/// The digests of the layers when they are not compressed.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Rootfs {
    #[serde(default)]
    pub(in super::super) diff_ids: Vec<String>,
}

/// An image in an archive by `docker save`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Saved {
    pub(super) config: String,
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    pub(super) layers: Vec<String>,
}

/// Reads JSON.
///
/// # Errors
///
/// Fails when it is too long, or is anything else than was expected.
pub(in super::super) fn json<T: DeserializeOwned>(blob: &dyn Archive) -> Result<T> {
    let len = blob.len()?;
    ensure!(
        len <= LONGEST,
        "{len} bytes where JSON was expected, at most {LONGEST} are read"
    );
    let mut bytes = vec![0; usize::try_from(len)?];
    blob.read_exact_at(&mut bytes, 0)?;
    serde_json::from_slice(&bytes).context("not the JSON that was expected")
}

//! Root filesystems, in whatever form people have them, become one [`Tree`]. Contents of files stay
//! where they are, and are read when an image is written.
//!
//! - `FORMATS`: the forms, each with the function that reads it
//! - `input`: what a source is called
//! - `layer`, `filter`, `owners`: what a recipe says about a source: where it goes, how much of it,
//!   and whose it is
//! - `assembly`: members come in, whoever reads them, and become the tree
//! - `preflight`: what is strange about the result
//! - `folder`: a folder of the host; `oci`: a container image, wherever its blobs are; `image`: a
//!   disk image; `net`: what has to be fetched first
//! - `open`: one source to look into, without a tree where it can do without; `bundled`: a disk
//!   image in an archive, as builds make them
//! - `spool` opens an archive and, unless it can be read in place, decodes it into a temporary
//!   file; `member` reads the headers there one after the other, `tar` hands them on

mod account;
mod acl;
mod assembly;
mod blocks;
mod bundled;
pub(crate) mod codec;
mod filter;
mod folder;
mod header;
mod image;
mod input;
mod kind;
mod layer;
mod limits;
mod member;
mod name;
#[cfg(feature = "net")]
mod net;
mod oci;
mod open;
mod owners;
mod packed;
mod pax;
mod preflight;
mod reference;
mod sparse;
mod spool;
mod tar;
#[cfg(test)]
mod tests;
mod whiteout;
mod window;
mod xattr;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use fsgen::{NodeId, Timestamp, Tree};

use assembly::Assembly;
use layer::{Layer, Stacking};
use owners::Owners;
use window::Archive;

use crate::cache::Cache;
use crate::disk::file::PlainFile;
use crate::reader::Unknown;

pub use filter::{Filter, Pattern};
pub(crate) use folder::HostFile;
pub use image::Which;
pub use input::Input;
pub use limits::Limits;
#[cfg(feature = "net")]
pub use net::Challenge;
pub use oci::{Digest, Platform};
pub(crate) use open::{Found, find};
pub use open::{Opened, open};
pub use owners::Owner;
pub(crate) use packed::members_of;
pub use reference::Reference;

/// One source, and how it is laid on those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub from: Input,
    /// The directory of the tree that it is laid into, without `..`.
    pub path: String,
    /// How many names are taken off the front of all its paths.
    pub strip: u32,
    /// Which of its files are wanted; the paths are those that `strip` leaves.
    pub filter: Filter,
    /// Whose all files are, when it is not for the source to say.
    pub owner: Option<Owner>,
    /// A file on the host that says whose single files are.
    pub owners: Option<PathBuf>,
    /// Which one of several container images it is, by name.
    pub tag: Option<String>,
    /// Which one of several container images it is, by what it runs on.
    pub platform: Option<Platform>,
    /// Which partition of a disk image it is; without one, the root if that is clear.
    pub partition: Option<Which>,
    /// The digest of a file that is fetched.
    pub digest: Option<Digest>,
    /// Whether a file that is fetched may be any.
    pub trust: bool,
}

impl From<Input> for Source {
    fn from(from: Input) -> Self {
        Self {
            from,
            path: String::new(),
            strip: 0,
            filter: Filter::default(),
            owner: None,
            owners: None,
            tag: None,
            platform: None,
            partition: None,
            digest: None,
            trust: false,
        }
    }
}

/// How to read sources.
pub struct Options<'a> {
    /// Where temporary files are made that compressed or piped archives are decoded into.
    pub spool_dir: &'a Path,
    /// The time of directories that no source has a member for, in seconds since 1970; the newest
    /// time of all when there is none.
    pub source_date_epoch: Option<i64>,
    /// What earlier builds have kept, and where this one keeps what it fetches and decodes.
    pub cache: Option<&'a Cache>,
    /// How much they may take on disk and in memory.
    pub limits: Limits,
    /// Whether files of a folder that may not be read are in the tree all the same: whoever reads them
    /// is told. A build has to know before it writes.
    pub lenient: bool,
    /// Called now and then with the number of bytes that were read so far.
    pub progress: &'a dyn Fn(u64),
}

/// A tree as read from its sources.
pub struct Loaded {
    /// The root filesystem.
    pub tree: Tree,
    /// The newest modification time of all members that ext4 can store; 1970-01-01 when there
    /// are none.
    pub newest: Timestamp,
    /// How many members were read, duplicates counted.
    pub members: u64,
    /// The configuration of the last container image among the sources, as OCI has it.
    pub image_config: Option<serde_json::Value>,
    /// What the user should know, one line each.
    pub warnings: Vec<String>,
    /// What is not known of files of a folder, and why.
    pub unread: Vec<((NodeId, Unknown), String)>,
}

/// One form that a source can have. The content decides which, never the name.
struct Format {
    /// Whether something on the host has this form.
    recognise: fn(&Path) -> bool,
    /// Whether it holds container images, of which one is chosen.
    has_images: bool,
    /// Whether it may have partitions, of which one is chosen.
    has_partitions: bool,
    /// Reads it as the layers that are described.
    read: fn(&Source, &Layer, &Options<'_>, &mut Assembly) -> Result<()>,
    /// Opens it to be looked into, where that takes less than reading all of it.
    open: Option<open::Open>,
}

/// The forms, those that are told first first. What none of them takes is an archive, or is said
/// to be none.
const FORMATS: &[Format] = &[
    Format {
        recognise: oci::is_layout,
        has_images: true,
        has_partitions: false,
        read: oci::read_layout,
        open: None,
    },
    Format {
        recognise: Path::is_dir,
        has_images: false,
        has_partitions: false,
        read: folder::read,
        open: None,
    },
    Format {
        recognise: image::is_plain,
        has_images: false,
        has_partitions: true,
        read: image::read_plain,
        open: Some(image::open_plain),
    },
];

/// Reads sources, each laid on the one before.
///
/// Nothing is unpacked, and file contents are not held in memory.
///
/// # Errors
///
/// Fails when a source cannot be read or decoded, ends early, is larger than its limits, or holds
/// what no Linux filesystem could. The message names the source and, where there is one, the
/// member and its offset in the decoded archive.
pub fn load(sources: &[Source], options: &Options<'_>) -> Result<Loaded> {
    let (mut loaded, advice) = gather(sources, options)?;
    loaded.warnings.extend(advice);
    let strange = preflight::warnings(&loaded.tree, loaded.image_config.as_ref());
    loaded.warnings.extend(strange);
    Ok(loaded)
}

/// Reads sources, whatever the result looks like, and returns apart what would be strange in an
/// image alone.
fn gather(sources: &[Source], options: &Options<'_>) -> Result<(Loaded, Vec<String>)> {
    let mut assembly = Assembly::new(options.limits);
    let (mut warnings, mut advice) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        let name = &source.from;
        let mut layer = source.layer()?;
        if index > 0 {
            layer.stacking = Stacking::Over;
        }
        let read = match &source.from {
            Input::Registry(_) => registry,
            _ => source.format().map_or(archive as _, |format| format.read),
        };
        let same_disk = sources.iter().filter(|other| other.from == *name);
        assembly.taken = same_disk
            .filter_map(|other| other.partition.clone())
            .collect();
        read(source, &layer, options, &mut assembly)?;
        let new = assembly.take_warnings();
        warnings.extend(new.map(|warning| format!("{name}: {warning}")));
        let new = assembly.advice.drain(..);
        advice.extend(new.map(|advice| format!("{name}: {advice}")));
    }
    let default_time = options.source_date_epoch.map(Timestamp::from_secs);
    let loaded = Loaded {
        warnings,
        ..assembly.finish(default_time)
    };
    Ok((loaded, advice))
}

impl Source {
    /// Checks what can be checked before any work: that it is there, and so is its list of owners.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong, which names the source.
    pub fn check(&self) -> Result<()> {
        if let Input::Path(path) = &self.from {
            let check = || match fs::metadata(path)? {
                meta if meta.is_dir() => fs::read_dir(path).map(drop),
                // A pipe can be opened once: what is written to it would be lost here.
                meta if meta.is_file() => File::open(path).map(drop),
                _ => Ok(()),
            };
            check().with_context(|| format!("source {}", path.display()))?;
        }
        self.check_fetched()?;
        let format = self.format();
        if format.is_some_and(|format| !format.has_images) {
            self.check_no_image()?;
        }
        if format.is_some_and(|format| !format.has_partitions)
            || matches!(self.from, Input::Registry(_))
        {
            self.check_no_partition()?;
        }
        self.layer().map(drop)
    }

    fn format(&self) -> Option<&'static Format> {
        match &self.from {
            Input::Path(path) => FORMATS.iter().find(|format| (format.recognise)(path)),
            Input::Stdin | Input::Registry(_) | Input::Url(_) => None,
        }
    }

    /// Checks what only sources that are fetched have.
    fn check_fetched(&self) -> Result<()> {
        let from = &self.from;
        let is_url = matches!(from, Input::Url(_));
        if !is_url && (self.digest.is_some() || self.trust) {
            bail!("`sha256` and `trust` are for files by http(s), and {from} is none");
        }
        if is_url && self.digest.is_none() && !self.trust {
            bail!("{from}: give its `sha256:` in the recipe, or `trust: true` to take any file");
        }
        if let Input::Registry(_) = from
            && self.tag.is_some()
        {
            bail!("{from}: `tag` is for images in files; here it is behind a colon");
        }
        if !cfg!(feature = "net") && (is_url || matches!(from, Input::Registry(_))) {
            bail!("{from}: this hsb was built without the feature `net`, which fetches sources");
        }
        Ok(())
    }

    /// Checks that nothing is asked for that only container images have.
    fn check_no_image(&self) -> Result<()> {
        let key = match (&self.tag, &self.platform) {
            (None, None) => return Ok(()),
            (Some(_), _) => "tag",
            (None, Some(_)) => "platform",
        };
        bail!(
            "`{key}` chooses a container image, and {} is none",
            self.from
        )
    }

    /// Checks that nothing is asked for that only disk images have.
    fn check_no_partition(&self) -> Result<()> {
        if self.partition.is_some() {
            bail!(
                "`partition` chooses a part of a disk image, and {} is none",
                self.from
            );
        }
        Ok(())
    }

    fn layer(&self) -> Result<Layer> {
        let read = |path: &PathBuf| {
            let list = fs::read_to_string(path).map_err(Into::into);
            list.and_then(|list| Owners::new(self.owner, Some(&list)))
                .with_context(|| format!("owners {}", path.display()))
        };
        let all = || Owners::new(self.owner, None);
        Ok(Layer {
            at: name::normal(self.path.as_bytes()),
            strip: self.strip as usize,
            filter: self.filter.clone(),
            owners: self.owners.as_ref().map_or_else(all, read)?,
            stacking: Stacking::Alone,
        })
    }
}

/// Reads a tar archive or disk image, plain or compressed by gzip, bzip2, xz or zstd; in an archive
/// is a root filesystem, or a container image.
fn archive(
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let archive = decoded(source, options, assembly)?;
    read_archive(archive, source, layer, options, assembly)
}

/// Opens an archive, decoded.
fn decoded(
    source: &Source,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<Arc<PlainFile>> {
    match &source.from {
        Input::Url(url) => fetched(url, source, options, assembly),
        from => spool::open(from, options),
    }
}

fn read_archive(
    archive: Arc<PlainFile>,
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let is_in_place = archive.is_in_place();
    let read = || {
        if image::is_image(&archive)? {
            source.check_no_image()?;
            return image::read(archive, None, source, layer, options, assembly);
        }
        source.check_no_partition()?;
        if image::is_blank(&archive)? {
            bail!(
                "it starts with zeros, so it is no archive with files in it, and a disk with no \
                 partition table or filesystem that is known here"
            );
        }
        let archive: Arc<dyn Archive> = archive;
        if oci::holds_image(&archive)? {
            return oci::read_archive(archive.clone(), source, layer, options, assembly);
        }
        source.check_no_image()?;
        // While an input was decoded it was reported; a second pass over its copy would only
        // confuse.
        let progress = if is_in_place {
            options.progress
        } else {
            &|_| {}
        };
        assembly.begin(layer)?;
        tar::read(archive.clone(), assembly, true, progress)?;
        assembly.end()
    };
    read().with_context(|| source.from.to_string())
}

/// Fetches an archive.
#[cfg(feature = "net")]
fn fetched(
    url: &str,
    source: &Source,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<Arc<PlainFile>> {
    let fetched = net::file(url, source.digest.as_ref(), options, assembly);
    let (file, digest) = fetched.with_context(|| url.to_owned())?;
    spool::open_file(url, file, Some(digest), options)
}

#[cfg(not(feature = "net"))]
fn fetched(url: &str, _: &Source, _: &Options<'_>, _: &mut Assembly) -> Result<Arc<PlainFile>> {
    bail!("{url}: the feature `net` is missing")
}

/// Fetches a file that a step asks for; `sha256` is its digest in hexadecimal, where it is known.
#[cfg(feature = "net")]
pub(crate) fn fetch_for_step(
    url: &str,
    sha256: Option<&str>,
    cache: Option<&Cache>,
    spool_dir: &Path,
) -> Result<File> {
    let digest = sha256.map(|hex| format!("sha256:{}", hex.to_lowercase()).parse::<Digest>());
    let digest = digest
        .transpose()
        .map_err(|why| anyhow::anyhow!("{url}: sha256 {why}"))?;
    net::for_step(url, digest.as_ref(), cache, spool_dir)
}

#[cfg(not(feature = "net"))]
pub(crate) fn fetch_for_step(
    url: &str,
    _: Option<&str>,
    _: Option<&Cache>,
    _: &Path,
) -> Result<File> {
    bail!("{url}: this hsb was built without the feature `net`, which fetches files")
}

/// Reads a container image from a registry.
#[cfg(feature = "net")]
fn registry(
    source: &Source,
    layer: &Layer,
    options: &Options<'_>,
    assembly: &mut Assembly,
) -> Result<()> {
    let Input::Registry(reference) = &source.from else {
        bail!("{}: is no image in a registry", source.from);
    };
    net::image(reference, source, layer, options, assembly).with_context(|| reference.to_string())
}

#[cfg(not(feature = "net"))]
fn registry(source: &Source, _: &Layer, _: &Options<'_>, _: &mut Assembly) -> Result<()> {
    bail!("{}: the feature `net` is missing", source.from)
}

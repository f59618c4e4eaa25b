//! Imaging Hot Sauce: assembles disk images in userspace, without root.
//!
//! ```text
//! build.yaml --recipe--> Recipe
//!                           |
//! sources --source--> Tree --modules, in order--> Tree --plan--> Plan --image--> OUT, Report
//! ```
//!
//! - [`recipe`]: build.yaml, checked before any work starts
//! - [`source`]: what people have as a root filesystem becomes a [`fsgen::Tree`]
//! - `draft`: all that is decided before anything is written, by
//! - `steps`: the recipe's modules change the tree, each on a layer of its own
//! - `plan`: partitions, filesystems, and every block of them: a pure value
//! - `bundle`: kernel and ramdisk that go beside the image
//! - `image`: the plan is written, with the writers of [`fsgen`]
//! - `format`: raw, qcow2, archives, ...: files that take the image as it is written
//! - `output`: the files appear whole or not at all
//! - `cache`: what builds keep for later ones
//! - `share`, `room`: how blocks of the host's filesystem are had more cheaply
//! - [`report`]: what came out
//! - [`reader`]: one interface to look into all of these, and into images
//! - `disk`: virtual disks in any file, and their partitions; `volume`: filesystems on them, to read
//! - `listing`, `difference`: what is in them, and what in one but not in another
//! - `inspection`: what one is, at a glance
//! - `export`: all of one, as a tar archive or a container image
//! - `rebuild`: an image that is there, compared with what its recipe makes
//! - [`verify`]: everything in an image is read again, by code that is not the writer's
//! - [`cli`]: arguments, and how results and errors are shown
//!
//! Only this crate touches files, the environment, the network and the terminal. Nothing here, in
//! [`modules`] or in [`fsgen`] needs a privilege, or runs a program but those of the user: own
//! modules, and helpers that keep logins to registries.

mod architecture;
mod bundle;
mod cache;
mod catalog;
mod changes;
pub mod cli;
mod crc;
mod destination;
mod difference;
mod disk;
mod draft;
mod export;
mod fields;
mod files;
mod format;
mod host;
mod ids;
mod image;
mod inspection;
mod interrupt;
mod library;
mod listing;
pub mod module;
mod name_hash;
mod output;
pub mod own;
mod plan;
pub mod progress;
pub mod reader;
mod rebuild;
pub mod recipe;
pub mod report;
mod room;
mod schema;
mod seed;
mod share;
mod shown;
pub mod source;
mod stamp;
mod steps;
pub mod verify;
mod volume;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use cache::Cache;
pub use destination::Destination;

use draft::Draft;
use output::Output;
use progress::Progress;
use recipe::Recipe;
use report::Report;
use source::Source;

/// One image to be built: a recipe, and what the command line says beyond it.
pub struct Request {
    /// The checked recipe.
    pub recipe: Recipe,
    /// What to start from, each laid on the one before.
    pub sources: Vec<Source>,
    /// The files to make, at least one.
    pub outs: Vec<Destination>,
    /// Whether kernel and ramdisk are to be found in the tree and stored, too.
    pub extract_boot: bool,
    /// Whether formats that can be stored in two ways are to be compressed.
    pub compress: bool,
    /// Folder for the temporary files that compressed or piped archives are decoded into.
    pub spool_dir: PathBuf,
    /// What earlier builds have kept, and where this one keeps what it fetches and decodes.
    pub cache: Option<Cache>,
    /// How much the sources may take on disk and in memory.
    pub limits: source::Limits,
    /// Threads that write.
    pub threads: usize,
    /// The time of all that has none of its own, as seconds since 1970.
    pub source_date_epoch: Option<i64>,
    /// Whether the report has the digest of the image, which takes reading it once more.
    pub digest: bool,
    /// Whether to wait until the files are on disk before they go to their places. Without, a power
    /// cut soon after can leave files that are not whole.
    pub sync: bool,
}

/// Files that are whole, and on disk if that was asked for, but not yet in their places.
///
/// Dropped before [`Built::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Built {
    /// What came out.
    pub report: Report,
    outputs: Vec<Output>,
}

impl Built {
    /// Puts the files in their places, in the order of the call.
    ///
    /// # Errors
    ///
    /// Fails when one cannot be renamed; those before it are in their places then.
    pub fn finish(self) -> Result<()> {
        Output::finish(self.outputs)
    }
}

/// Builds an image.
///
/// # Errors
///
/// Fails when the source, a module, the plan or the output does. Then there is no new file, and
/// one that was there before is as it was.
pub fn build(request: &Request, progress: &Progress) -> Result<Built> {
    let mut files = files::Files::create(request)?;
    let mut draft = Draft::new(request, progress)?;
    let mut report = draft.report(request);
    files.write(&draft, request, progress)?;
    for source in draft.tree.sources() {
        source.check_unchanged().with_context(|| source.name())?;
    }
    report.warnings.extend(files.left_over());
    files.measure(&mut report.files, request.digest, progress)?;
    let outputs = files.end()?;
    Ok(Built { report, outputs })
}

/// An image that is decided, but not written.
pub struct Planned {
    /// What a build would say of it.
    pub report: Report,
    tree: fsgen::Tree,
}

impl Planned {
    /// Says which steps changed a path, a line each, the last one last.
    ///
    /// # Errors
    ///
    /// Fails when there is and was nothing at the path.
    pub fn why(&self, path: &Path) -> Result<String> {
        changes::why(&self.tree, path.as_os_str().as_bytes())
    }

    /// Returns the text of a file in the image, or the difference that one step made to it.
    ///
    /// # Errors
    ///
    /// Fails when there is no such text, or when the step did not change it.
    pub fn show(&self, path: &Path, step: Option<usize>) -> Result<String> {
        changes::show(&self.tree, path.as_os_str().as_bytes(), step)
    }
}

/// Does all that a build does, but writes no image.
///
/// # Errors
///
/// Fails when the source, a module or the plan does.
pub fn plan(request: &Request, progress: &Progress) -> Result<Planned> {
    let mut draft = Draft::new(request, progress)?;
    Ok(Planned {
        report: draft.report(request),
        tree: draft.tree,
    })
}

/// Returns `SOURCE_DATE_EPOCH` of the environment.
///
/// # Errors
///
/// Fails when it is set to anything but nothing or a number.
pub fn source_date_epoch() -> Result<Option<i64>> {
    match std::env::var_os("SOURCE_DATE_EPOCH") {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => {
            let number = text.to_str().and_then(|text| text.parse().ok());
            number
                .map(Some)
                .with_context(|| format!("SOURCE_DATE_EPOCH is {text:?}, not a number of seconds"))
        }
    }
}

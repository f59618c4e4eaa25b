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
//! - `steps`: the recipe's modules change the tree, each on a layer of its own
//! - `plan`: partitions, filesystems, and every block of them: a pure value
//! - `bundle`: kernel and ramdisk that go beside the image
//! - `image`: the plan is written, with the writers of [`fsgen`]
//! - `format`: raw, qcow2, archives, ...: files that take the image as it is written
//! - `output`: the files appear whole or not at all
//! - `cache`: what builds keep for later ones
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
mod schema;
mod seed;
mod shown;
pub mod source;
mod stamp;
mod steps;
pub mod verify;
mod volume;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fsgen::Timestamp;
use modules::Companion;

pub use cache::Cache;
pub use destination::Destination;

use destination::Part;
use ids::Ids;
use output::{Output, Place};
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
}

/// Files that are whole and on disk, but not yet in their places.
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
    let draft = draft(request, progress)?;
    let mut report = draft.report(request);
    files.write(&draft, request, progress)?;
    for source in draft.tree.sources() {
        source.check_unchanged().with_context(|| source.name())?;
    }
    report.warnings.extend(files.left_over());
    files.measure(&mut report.files, request.digest, progress)?;
    let outputs = files.synced()?;
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
    let draft = draft(request, progress)?;
    Ok(Planned {
        report: draft.report(request),
        tree: draft.tree,
    })
}

/// The tree as it will be in the image, and where all of it will lie.
struct Draft {
    tree: fsgen::Tree,
    steps: Vec<report::Step>,
    /// Files of modules that go beside the image.
    companions: Vec<(Place, Companion)>,
    plan: plan::Plan,
    /// What the time is in the image, where nothing else says it.
    now: Timestamp,
    bundle: Option<bundle::Bundle>,
    warnings: Vec<String>,
}

fn draft(request: &Request, progress: &Progress) -> Result<Draft> {
    let recipe = &request.recipe;
    let names = request.sources.iter().map(|source| source.from.to_string());
    let names = names.collect::<Vec<_>>().join(", ");
    let stage = progress.stage(&format!("reading {names}"), None);
    let options = source::Options {
        spool_dir: &request.spool_dir,
        cache: request.cache.as_ref(),
        source_date_epoch: request.source_date_epoch,
        limits: request.limits,
        progress: &|bytes| stage.set(bytes),
    };
    let source::Loaded {
        mut tree,
        newest,
        image_config,
        mut warnings,
        ..
    } = source::load(&request.sources, &options)?;
    drop(stage);
    let now = request
        .source_date_epoch
        .map_or(newest, Timestamp::from_secs);
    let ids = Ids::new(recipe, &tree);
    let config = image_config.as_ref();
    let ran = steps::run(request, &mut tree, &ids, config, now, progress)?;
    warnings.extend(ran.warnings);
    let beside = |out: &Destination| {
        let companions = ran.companions.iter();
        let beside = companions.map(|companion| {
            let place = out.place.followed_by(companion.ending, &request.sources)?;
            Ok((place, companion.clone()))
        });
        beside.collect::<Result<Vec<_>>>()
    };
    let companions: Result<Vec<_>> = request.outs.iter().map(beside).collect();
    plan::add_mount_points(recipe, &mut tree, now)?;
    let bundle = match request.extract_boot {
        true => Some(bundle::find(recipe, &tree)?),
        false => None,
    };
    let plan = plan::plan(recipe, &tree, &ids, now)?;
    Ok(Draft {
        tree,
        steps: ran.steps,
        companions: companions?.concat(),
        plan,
        now,
        bundle,
        warnings,
    })
}

impl Draft {
    fn report(&self, request: &Request) -> Report {
        let (table, disk_id) = match &self.plan.table {
            None => ("none", None),
            Some(table) => match table.scheme {
                fsgen::table::Scheme::Gpt => ("gpt", Some(table.disk_guid.to_string())),
                fsgen::table::Scheme::Mbr => {
                    ("mbr", Some(format!("{:08x}", table.mbr_signature())))
                }
            },
        };
        let mut warnings = self.warnings.clone();
        let mut partitions = Vec::new();
        for (index, part) in self.plan.parts.iter().enumerate() {
            let entry = self
                .plan
                .table
                .as_ref()
                .map(|table| (table, &table.entries[index]));
            let content = match &part.content {
                plan::Content::None => report::Content::None,
                plan::Content::Swap(uuid) => report::Content::Swap {
                    uuid: uuid.to_string(),
                },
                plan::Content::Ext4 { layout, .. } => {
                    warnings.extend_from_slice(layout.warnings());
                    report::Content::ext4(layout)
                }
                plan::Content::Vfat { layout, .. } => {
                    warnings.extend_from_slice(layout.warnings());
                    report::Content::vfat(layout)
                }
            };
            partitions.push(report::Partition {
                number: part.number,
                label: part.label.clone(),
                kind: entry
                    .map(|(table, entry)| match (table.scheme, entry.kind.mbr()) {
                        (fsgen::table::Scheme::Mbr, Some(byte)) => format!("0x{byte:02x}"),
                        _ => entry.kind.to_string(),
                    })
                    .unwrap_or_default(),
                partuuid: entry.map(|(table, entry)| table.partuuid(entry)),
                offset: part.offset,
                bytes: part.bytes,
                mount: part.mount.clone(),
                content,
            });
        }
        // A node with names in two filesystems would be mentioned by both.
        let mut seen = std::collections::BTreeSet::new();
        warnings.retain(|warning| seen.insert(warning.clone()));
        let files = self.files(request);
        if let Some(bundle) = &self.bundle {
            warnings.extend_from_slice(&bundle.warnings);
            if self.plan.table.is_some() {
                warnings.push(
                    "-x: the image has a partition table; images for EC2 have none: leave out \
                     `partitions` and `table`, or use `table: none`"
                        .to_owned(),
                );
            }
        }
        Report {
            image: files[0].path.clone(),
            bytes: self.plan.bytes,
            files,
            boot: self
                .bundle
                .as_ref()
                .map(|bundle| bundle.report(&self.plan, &self.tree)),
            table: table.to_owned(),
            disk_id,
            partitions,
            steps: self.steps.clone(),
            warnings,
        }
    }
}

impl Draft {
    /// Returns the files that a build makes, as [`files::Files`] has them.
    fn files(&self, request: &Request) -> Vec<report::File> {
        let file = |place: &Place, format: &str| report::File {
            path: place.to_string(),
            format: format.to_owned(),
            bytes: None,
            sha256: None,
        };
        let images = request.outs.iter();
        let mut files: Vec<_> = images
            .map(|out| file(&out.place, out.format.name))
            .collect();
        let has_ramdisk = self.bundle.as_ref().is_some_and(|b| b.ramdisk.is_some());
        for (place, part) in destination::beside(&request.outs) {
            match part {
                Part::Kernel => files.push(file(place, "kernel")),
                Part::Ramdisk if has_ramdisk => files.push(file(place, "ramdisk")),
                Part::Ramdisk => {}
            }
        }
        let companions = self.companions.iter();
        files.extend(companions.map(|(place, companion)| file(place, companion.ending)));
        files
    }
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

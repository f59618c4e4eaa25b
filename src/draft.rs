//! An image that is decided, but not written: what `plan` shows, and `build` writes.

use std::mem;

use anyhow::Result;
use fsgen::Timestamp;
use fsgen::table::Scheme;
use modules::Companion;

use crate::destination::{self, Destination, Part};
use crate::ids::Ids;
use crate::output::Place;
use crate::progress::Progress;
use crate::report::{self, Report};
use crate::{Request, bundle, plan, source, steps};

/// The tree as it will be in the image, and where all of it will lie.
pub(crate) struct Draft {
    pub(crate) tree: fsgen::Tree,
    steps: Vec<report::Step>,
    /// Files of modules that go beside the image.
    pub(crate) companions: Vec<(Place, Companion)>,
    pub(crate) plan: plan::Plan,
    /// What the time is in the image, where nothing else says it.
    pub(crate) now: Timestamp,
    pub(crate) bundle: Option<bundle::Bundle>,
    pub(crate) warnings: Vec<String>,
}

impl Draft {
    /// Decides everything: reads the sources, runs the steps, finds kernel and ramdisk, plans.
    ///
    /// # Errors
    ///
    /// Fails when one of these does.
    pub(crate) fn new(request: &Request, progress: &Progress) -> Result<Self> {
        let recipe = &request.recipe;
        let names = request.sources.iter().map(|source| source.from.to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        let stage = progress.stage(&format!("reading {names}"), None);
        let options = source::Options {
            spool_dir: &request.spool_dir,
            cache: request.cache.as_ref(),
            source_date_epoch: request.source_date_epoch,
            limits: request.limits,
            lenient: false,
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
        let companions = request.outs.iter().map(beside);
        let companions = companions.collect::<Result<Vec<_>>>()?.concat();
        plan::add_mount_points(recipe, &mut tree, now)?;
        let bundle = match request.extract_boot {
            true => Some(bundle::find(recipe, &tree)?),
            false => None,
        };
        let plan = plan::plan(recipe, &tree, &ids, now)?;
        destination::check_sizes(&request.outs, &plan)?;
        Ok(Self {
            tree,
            steps: ran.steps,
            companions,
            plan,
            now,
            bundle,
            warnings,
        })
    }

    /// Returns what there is to say of the image, but for what only its bytes tell. What the steps
    /// did goes with it: that is a line for each file.
    pub(crate) fn report(&mut self, request: &Request) -> Report {
        let (table, disk_id) = match &self.plan.table {
            None => ("none", None),
            Some(table) => match table.scheme {
                Scheme::Gpt => ("gpt", Some(table.disk_guid.to_string())),
                Scheme::Mbr => ("mbr", Some(format!("{:08x}", table.mbr_signature()))),
            },
        };
        let mut warnings = self.warnings.clone();
        for part in &self.plan.parts {
            match &part.content {
                plan::Content::None | plan::Content::Swap(_) => {}
                plan::Content::Ext4 { layout, .. } => warnings.extend_from_slice(layout.warnings()),
                plan::Content::Vfat { layout, .. } => warnings.extend_from_slice(layout.warnings()),
            }
        }
        // A node with names in two filesystems would be mentioned by both.
        let mut seen = std::collections::BTreeSet::new();
        warnings.retain(|warning| seen.insert(warning.clone()));
        let files = self.files(request);
        if let Some(bundle) = &self.bundle {
            warnings.extend_from_slice(&bundle.warnings);
            for out in &request.outs {
                let who = match out.format.endings[0] {
                    "tar" | "tar.bz2" => "EC2 (cloud-utils)",
                    "tar.xz" | "tar.zst" => "EC2 and OpenStack",
                    _ => continue,
                };
                warnings.push(format!(
                    "{}: uploaders for {who} do not unpack it, but .tar.gz",
                    out.place
                ));
            }
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
            partitions: self.partitions(),
            steps: mem::take(&mut self.steps),
            warnings,
        }
    }

    fn partitions(&self) -> Vec<report::Partition> {
        let parts = self.plan.parts.iter().enumerate();
        let partitions = parts.map(|(index, part)| {
            let table = self.plan.table.as_ref();
            let entry = table.map(|table| (table, &table.entries[index]));
            let kind = entry.map(|(table, entry)| match (table.scheme, entry.kind.mbr()) {
                (Scheme::Mbr, Some(byte)) => format!("0x{byte:02x}"),
                _ => entry.kind.to_string(),
            });
            report::Partition {
                number: part.number,
                label: part.label.clone(),
                kind: kind.unwrap_or_default(),
                partuuid: entry.map(|(table, entry)| table.partuuid(entry)),
                offset: part.offset,
                bytes: part.bytes,
                mount: part.mount.clone(),
                content: match &part.content {
                    plan::Content::None => report::Content::None,
                    plan::Content::Swap(uuid) => report::Content::Swap {
                        uuid: uuid.to_string(),
                    },
                    plan::Content::Ext4 { layout, .. } => report::Content::ext4(layout),
                    plan::Content::Vfat { layout, .. } => report::Content::vfat(layout),
                },
            }
        });
        partitions.collect()
    }

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

//! What a call asks for: files, their formats, and what goes beside them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use fsgen::table::{Scheme, Table};

use crate::bundle;
use crate::format::{FORMATS, Format};
use crate::output::Place;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::source::Source;

/// A file that an image goes to.
#[derive(Debug)]
pub struct Destination {
    /// Where.
    pub(crate) place: Place,
    /// How.
    pub(crate) format: &'static Format,
    /// Its name without folder and ending.
    pub(crate) name: String,
    /// Where kernel and ramdisk go, if they are asked for and do not go into it.
    pub(crate) beside: Option<Beside>,
}

/// Files for kernel and ramdisk.
#[derive(Debug)]
pub(crate) struct Beside {
    pub kernel: Place,
    pub ramdisk: Place,
}

/// What of a bundle a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The kernel.
    Kernel,
    /// The ramdisk.
    Ramdisk,
}

/// Checks that each format can have an image as large as this one.
///
/// # Errors
///
/// Fails with the sizes that are possible.
pub(crate) fn check_sizes(outs: &[Destination], plan: &Plan) -> Result<()> {
    let has_gpt = |table: &Table| table.scheme == Scheme::Gpt;
    let has_tail = plan.table.as_ref().is_some_and(has_gpt);
    for out in outs {
        let checked = out.format.check(plan.bytes, has_tail);
        checked.with_context(|| out.place.to_string())?;
    }
    Ok(())
}

/// Returns the files for kernels and ramdisks beside images.
pub(crate) fn beside(outs: &[Destination]) -> Vec<(&Place, Part)> {
    let mut found: Vec<(&Place, Part)> = Vec::new();
    for beside in outs.iter().filter_map(|out| out.beside.as_ref()) {
        for (place, part) in [
            (&beside.kernel, Part::Kernel),
            (&beside.ramdisk, Part::Ramdisk),
        ] {
            // Of `-o a.raw -o a.qcow2`, both have the same.
            if !found.iter().any(|(other, _)| other.is_same(place)) {
                found.push((place, part));
            }
        }
    }
    found
}

impl Destination {
    /// Returns the destinations that a call names; where it names none, or a folder, the recipe has the
    /// name.
    ///
    /// # Errors
    ///
    /// Fails when one has no known ending, cannot be written, or is named twice, and when
    /// uploaders would misread what `extract_boot` makes.
    pub fn all(
        outs: &[PathBuf],
        recipe: &Recipe,
        extract_boot: bool,
        sources: &[Source],
    ) -> Result<Vec<Self>> {
        let has_default = outs.is_empty();
        let default = [PathBuf::from(format!(
            "{}.{}",
            *recipe.name, FORMATS[0].endings[0]
        ))];
        let outs = if has_default { &default } else { outs };
        if extract_boot && (has_default || outs.iter().any(|out| is_folder(out))) {
            bundle::check_name(&recipe.name, false)
                .map_err(|error| recipe.error(recipe.name.error(error.to_string())))?;
        }
        let found: Result<Vec<Self>> = outs
            .iter()
            .map(|out| Self::new(out, &recipe.name, extract_boot, sources))
            .collect();
        let found = found?;
        let beside = found.iter().filter_map(|one| one.beside.as_ref());
        for (at, Self { place, .. }) in found.iter().enumerate() {
            if found[..at].iter().any(|other| other.place.is_same(place)) {
                bail!("{place}: -o names this file twice");
            }
            let is_made = |b: &Beside| b.kernel.is_same(place) || b.ramdisk.is_same(place);
            if beside.clone().any(is_made) {
                bail!("{place}: -o names a file that -x makes; choose another name");
            }
        }
        Ok(found)
    }

    fn new(out: &Path, name: &str, extract_boot: bool, sources: &[Source]) -> Result<Self> {
        let shown = out.display();
        let is_folder = is_folder(out);
        let file = match is_folder && extract_boot {
            true => out.join(format!("{name}.img")),
            false => out.to_owned(),
        };
        if is_folder && !extract_boot {
            // Says what is wrong with it.
            Place::new(&file, sources)?;
        }
        // Only a name that goes into an archive has to be text.
        let file_name = file.file_name().unwrap_or_default();
        let is_text = file_name.to_str().is_some();
        let file_name = file_name.to_string_lossy();
        let (format, name) = Format::of(&file_name).with_context(|| {
            let endings = Format::endings();
            format!("{shown}: the ending of -o chooses the format; known are {endings}")
        })?;
        let name = name.to_owned();
        if !is_text && (extract_boot || format.is_archive) {
            bail!("{shown}: is not UTF-8, which names of members in an archive have to be");
        }
        if extract_boot {
            bundle::check_name(&name, format.is_archive).with_context(|| format!("{shown}"))?;
        }
        let place = Place::new(&file, sources)?;
        let beside = match extract_boot && !format.is_archive {
            true => Some(Beside {
                kernel: Place::new(
                    &file.with_file_name(format!("{name}-{}", bundle::KERNEL)),
                    sources,
                )?,
                ramdisk: Place::new(
                    &file.with_file_name(format!("{name}-{}", bundle::RAMDISK)),
                    sources,
                )?,
            }),
            false => None,
        };
        Ok(Self {
            place,
            format,
            name,
            beside,
        })
    }

    /// Returns whether it can be stored compressed and not.
    pub fn has_compression(&self) -> bool {
        self.format.has_compression
    }

    /// Returns the folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.place.folder()
    }
}

/// Returns whether a folder is meant, which may not be there.
fn is_folder(out: &Path) -> bool {
    out.is_dir() || out.as_os_str().as_encoded_bytes().ends_with(b"/")
}

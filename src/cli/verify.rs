//! `hsb verify`: whether an image is sound, or what a recipe makes.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Serialize;

use super::{FAILED, Options, WRONG, bytes, fail, print, request_for};
use crate::format::Format;
use crate::interrupt;
use crate::progress::{Progress, Verbosity, say};
use crate::rebuild::{self, Comparison, Place};
use crate::recipe::Size;
use crate::shown;
use crate::source::{self, Found, Input, Limits, Source};

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The raw image: a disk, or a bare filesystem; with --rebuild, of any format that builds write
    image: PathBuf,
    /// Build what this recipe says, and compare IMAGE with it
    #[arg(long, value_name = "RECIPE")]
    rebuild: Option<PathBuf>,
    /// With --rebuild: what the image was made from, as of `hsb build`
    #[arg(short, long, value_name = "SOURCE", requires = "rebuild")]
    input: Option<PathBuf>,
    /// With --rebuild: the size that was asked for, as of `hsb build`
    #[arg(short, long, requires = "rebuild")]
    size: Option<Size>,
    /// With --rebuild: the image was made with `hsb build -x`; kernel and ramdisk are compared, too
    #[arg(short = 'x', long, requires = "rebuild")]
    extract_boot: bool,
    /// With --rebuild: decode compressed sources into temporary files in this folder, and not into
    /// the cache
    /// [default: the cache; where there is none, TMPDIR if it is set, else /tmp]
    #[arg(long, value_name = "FOLDER", requires = "rebuild")]
    tmp: Option<PathBuf>,
    /// With --rebuild: take nothing from the cache, and put nothing there
    #[arg(long, requires = "rebuild")]
    no_cache: bool,
    /// With --rebuild: let a compressed source decode to as many bytes as this, such as 100G
    #[arg(long, value_name = "SIZE", value_parser = bytes, requires = "rebuild")]
    max_decoded: Option<u64>,
    /// With --rebuild: let the names of a source take as much memory as this, such as 10G
    #[arg(long, value_name = "SIZE", value_parser = bytes, requires = "rebuild")]
    max_metadata: Option<u64>,
    /// Print the verdict as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn verify(arguments: &Verify) -> ExitCode {
    let found = match &arguments.rebuild {
        None => crate::verify::verify(&arguments.image)
            .and_then(|verdict| Ok((text(arguments, &verdict)?, verdict.is_clean()))),
        Some(recipe) => rebuild(arguments, recipe.clone()).and_then(|found| {
            for warning in &found.warnings {
                let warning = shown::one_line(warning, usize::MAX);
                say(format_args!("hsb: warning: {warning}"));
            }
            Ok((text(arguments, &found)?, found.is_same()))
        }),
    };
    match found.and_then(|(text, is_right)| print(&text).map(|()| is_right)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => fail(&error, WRONG),
    }
}

fn text(arguments: &Verify, verdict: &(impl Display + Serialize)) -> Result<String> {
    Ok(match arguments.json {
        true => serde_json::to_string_pretty(verdict)? + "\n",
        false => verdict.to_string(),
    })
}

/// Builds once more, and compares.
fn rebuild(arguments: &Verify, recipe: PathBuf) -> Result<Comparison> {
    interrupt::watch().context("signals cannot be watched")?;
    let shown = recipe.display().to_string();
    let options = Options {
        file: Some(recipe),
        input: arguments.input.clone(),
        size: arguments.size,
        output: Vec::new(),
        extract_boot: arguments.extract_boot,
        compress: false,
        tmp: arguments.tmp.clone(),
        no_cache: arguments.no_cache,
        no_sync: false,
        max_decoded: arguments.max_decoded,
        max_metadata: arguments.max_metadata,
        threads: None,
        json: arguments.json,
        quiet: false,
        verbose: false,
    };
    let request = request_for(&options, true, |_, _| Ok(Vec::new()))?;
    let image = arguments.image.clone();
    let opening = source::Options {
        spool_dir: &request.spool_dir,
        source_date_epoch: None,
        cache: None,
        limits: Limits {
            // It is as large as it is.
            decoded: Some(u64::MAX),
            metadata: None,
        },
        lenient: false,
        progress: &|_| {},
    };
    let source = Source::from(Input::Path(image));
    source.check()?;
    let Found::Disk(stored, _) = source::find(&source, &opening)? else {
        bail!("{}: is no disk image", arguments.image.display());
    };
    let progress = Progress::new(Verbosity::Normal);
    let beside = match stored.beside {
        Some(files) => Place::Archive(files),
        None => Place::Files(without_ending(&arguments.image)),
    };
    rebuild::compare(&request, &stored.disk, &beside, shown, &progress)
}

/// Returns the path of an image as the names of what is beside it start.
fn without_ending(image: &Path) -> PathBuf {
    let name = image.file_name().unwrap_or_default();
    match name.to_str().and_then(Format::of) {
        Some((_, name)) => image.with_file_name(name),
        None => image.with_extension(""),
    }
}

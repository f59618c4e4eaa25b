//! `hsb inspect`: what an image is, at a glance.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::look::Look;
use super::{FAILED, WRONG, end, fail, print};
use crate::inspection::Inspection;
use crate::progress::say;
use crate::shown;
use crate::source::Found;

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The image, tarball, folder or container image; - for one on standard input
    image: PathBuf,
    /// Print all of it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    look: Look,
}

/// Runs the command.
pub(super) fn inspect(arguments: &Inspect) -> ExitCode {
    let found = match find(arguments) {
        Ok(found) => found,
        Err(error) => return fail(&error, WRONG),
    };
    for warning in &found.warnings {
        let warning = shown::one_line(warning, usize::MAX);
        say(format_args!("hsb: warning: {warning}"));
    }
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&found).map(|text| text + "\n"),
        false => Ok(found.to_string()),
    };
    let printed = text.map_err(Into::into).and_then(|text| print(&text));
    found.unread.tell();
    match found.unread.is_empty() {
        true => end(printed, FAILED),
        false => ExitCode::from(FAILED),
    }
}

fn find(arguments: &Inspect) -> Result<Inspection> {
    let name = arguments.image.display().to_string();
    let source = arguments.look.source(&arguments.image)?;
    match arguments.look.find(&arguments.image)? {
        Found::Disk(stored, warnings) => {
            let limits = arguments.look.limits();
            let mut inspection = Inspection::of_disk(name, &stored, &source, limits)?;
            inspection.warnings.splice(..0, warnings);
            Ok(inspection)
        }
        Found::Files(opened) => Inspection::of_files(name, opened),
    }
}

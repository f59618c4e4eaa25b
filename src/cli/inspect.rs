//! `hsb inspect`: what an image is, at a glance.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::look::{Look, show};
use crate::inspection::Inspection;

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
    show(&arguments.look, &arguments.image, |opened, out| {
        let name = arguments.image.display().to_string();
        let found = Inspection::of(name, opened)?;
        match arguments.json {
            true => writeln!(out, "{}", serde_json::to_string_pretty(&found)?)?,
            false => write!(out, "{found}")?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

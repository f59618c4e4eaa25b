//! `hsb ls`: lists files of an image.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::look::{Look, paths, show};
use super::{FAILED, fail};
use crate::listing::{Options, list};

#[derive(Debug, Args)]
pub(super) struct Ls {
    /// The image, tarball, folder or container image; - for one on standard input
    image: PathBuf,
    /// What to list [default: the root]
    #[arg(default_value = "/", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// Permissions, links, owner, size and time, too
    #[arg(short, long)]
    long: bool,
    /// Directories with all that is below them, as whole paths
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Directories themselves, not what is in them
    #[arg(short, long, conflicts_with = "recursive")]
    directory: bool,
    /// Everything that is known of each file, as JSON
    #[arg(long, conflicts_with = "long")]
    json: bool,
    #[command(flatten)]
    look: Look,
}

/// Runs the command.
pub(super) fn ls(arguments: &Ls) -> ExitCode {
    let options = Options {
        long: arguments.long,
        recursive: arguments.recursive,
        directory: arguments.directory,
        json: arguments.json,
    };
    show(&arguments.look, &arguments.image, |opened, out| {
        let mut code = ExitCode::SUCCESS;
        let mut tell = |error: &anyhow::Error| code = fail(error, FAILED);
        let paths = paths(&arguments.paths);
        list(&*opened.reader, &paths, options, out, &mut tell)?;
        Ok(code)
    })
}

//! `hsb export`: an image back to a tarball or a container image.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use super::look::{Look, Stdout, end, paths};
use super::{FAILED, WRONG, fail};
use crate::export::{Form, Options, Target, check_out, image_name, to_container, to_tar};
use crate::interrupt;
use crate::progress::say;
use crate::source::{Opened, Source};

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The image, tarball, folder or container image; - for one on standard input
    image: PathBuf,
    /// The directory to export; names are from the root on all the same
    #[arg(default_value = "/", hide_default_value = true)]
    path: PathBuf,
    /// What to make
    #[arg(long, value_enum, default_value = "tar")]
    format: What,
    /// The file to make; for a tarball, its ending says how it is packed, and without it, or
    /// with -, a tar goes to standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// What a container image is called: a tag such as 1.0 (oci; default: latest), or NAME:TAG
    /// (docker; default: none)
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    look: Look,
}

/// What can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A tarball
    Tar,
    /// A container image in the OCI layout: a folder, or a tar of one if OUT ends in .tar
    Oci,
    /// A container image as `docker save` makes it, in a .tar
    Docker,
}

/// Runs the command.
pub(super) fn export(arguments: &Export) -> ExitCode {
    let open = || -> Result<(Option<String>, Source, Opened)> {
        check(arguments)?;
        let name = name(arguments)?;
        interrupt::watch().context("signals cannot be watched")?;
        let source = arguments.look.source(&arguments.image)?;
        if let Some(out) = file(arguments) {
            check_out(out, arguments.format != What::Tar, &source)?;
        }
        Ok((name, source, arguments.look.open(&arguments.image)?))
    };
    match open() {
        Ok((name, source, opened)) => {
            let ran = run(arguments, name.as_deref(), &source, &opened);
            end(ran, ExitCode::SUCCESS)
        }
        Err(error) => fail(&error, WRONG),
    }
}

/// Checks all that does not depend on the image.
fn check(arguments: &Export) -> Result<()> {
    let is_container = arguments.format != What::Tar;
    if is_container && file(arguments).is_none() {
        bail!("a container image goes to a file: name it with -o");
    }
    if arguments.format == What::Docker
        && let Some(out) = file(arguments)
        && out.extension().is_none_or(|ending| ending != "tar")
    {
        bail!("{}: give -o the ending .tar", out.display());
    }
    if file(arguments).is_none() && io::stdout().is_terminal() {
        bail!("a terminal is no place for an archive: name a file with -o");
    }
    Ok(())
}

/// Returns what the container image is called.
fn name(arguments: &Export) -> Result<Option<String>> {
    let Some(name) = &arguments.name else {
        return Ok(None);
    };
    let form = match arguments.format {
        What::Tar => bail!("--name is for container images; choose one with --format"),
        What::Oci => Form::Oci,
        What::Docker => Form::Docker,
    };
    image_name(form, name).map(Some)
}

fn file(arguments: &Export) -> Option<&Path> {
    let file = arguments.output.as_deref();
    file.filter(|file| file.as_os_str() != "-")
}

fn run(
    arguments: &Export,
    name: Option<&str>,
    source: &Source,
    opened: &Opened,
) -> Result<ExitCode> {
    let path = &paths(std::slice::from_ref(&arguments.path))[0];
    let options = Options {
        path,
        source,
        threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(8)),
    };
    let out = file(arguments);
    let exported = match (arguments.format, out) {
        (What::Tar, Some(out)) => to_tar(opened, &options, Target::File(out))?,
        (What::Tar, None) => {
            let mut stdout = Stdout::lock();
            to_tar(opened, &options, Target::Stream(&mut stdout))?
        }
        (What::Oci, Some(out)) => to_container(opened, &options, Form::Oci, name, out)?,
        (What::Docker, Some(out)) => to_container(opened, &options, Form::Docker, name, out)?,
        (_, None) => bail!("name a file with -o"),
    };
    for warning in exported.warnings {
        say(format_args!("hsb: warning: {warning}"));
    }
    exported.unread.tell();
    Ok(match exported.unread.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(FAILED),
    })
}

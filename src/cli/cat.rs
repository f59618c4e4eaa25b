//! `hsb cat`: prints files of an image.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::look::{Look, paths, show};
use crate::reader::name::shown;
use crate::reader::{Kind, Reader, resolve};

/// How much is read at once.
const BATCH: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct Cat {
    /// The image, tarball, folder or container image; - for one on standard input
    image: PathBuf,
    /// The files to print, one after the other; links are followed inside the image
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    look: Look,
}

/// Runs the command.
pub(super) fn cat(arguments: &Cat) -> ExitCode {
    show(&arguments.look, &arguments.image, |opened, out| {
        for path in paths(&arguments.paths) {
            print(&*opened.reader, &path, out).with_context(|| shown(&path))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn print(reader: &dyn Reader, path: &[u8], out: &mut dyn Write) -> Result<()> {
    let id = resolve(reader, path)?;
    let stat = reader.stat(id)?;
    if stat.kind != Kind::File {
        bail!("is a {}, not a file", stat.kind.noun());
    }
    let mut buffer = vec![0; usize::try_from(stat.size.min(BATCH))?];
    let mut at = 0;
    while at < stat.size {
        let len = usize::try_from((stat.size - at).min(BATCH))?;
        reader.read_exact_at(id, &mut buffer[..len], at)?;
        out.write_all(&buffer[..len])?;
        at += len as u64;
    }
    Ok(())
}

//! `hsb cat`: prints files of an image.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::look::{Look, paths, show};
use super::{FAILED, fail};
use crate::reader::name::shown;
use crate::reader::{FileId, Kind, Reader, resolve};

/// How many bytes are read at once.
const BATCH: usize = 1 << 20;

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
        let mut code = ExitCode::SUCCESS;
        for path in paths(&arguments.paths) {
            let read = print(&*opened.reader, &path, out)?;
            if let Err(error) = read.with_context(|| shown(&path)) {
                code = fail(&error, FAILED);
            }
        }
        Ok(code)
    })
}

/// Prints a file. The inner error is that it cannot be read: others can still be printed.
fn print(reader: &dyn Reader, path: &[u8], out: &mut dyn Write) -> io::Result<Result<()>> {
    let (id, size) = match find(reader, path) {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    let mut buffer = Vec::new();
    let mut at = 0;
    while at < size {
        let len = usize::try_from(size - at).map_or(BATCH, |left| left.min(BATCH));
        buffer.resize(len, 0);
        if let Err(error) = reader.read_exact_at(id, &mut buffer, at) {
            return Ok(Err(error));
        }
        out.write_all(&buffer)?;
        at += len as u64;
    }
    Ok(Ok(()))
}

/// Returns the file at a path, and how many bytes it has.
fn find(reader: &dyn Reader, path: &[u8]) -> Result<(FileId, u64)> {
    let id = resolve(reader, path)?;
    let stat = reader.stat(id)?;
    if stat.kind != Kind::File {
        bail!("is a {}, not a file", stat.kind.noun());
    }
    Ok((id, stat.size))
}

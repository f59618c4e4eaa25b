//! `hsb export`: what is in an image, as a tar archive or a container image.
//!
//! - `header`, `acl`: a member as tar has it; `member`: what of a file goes into it
//! - `archive`: all members; `store`: into a file, by several threads, or to standard output
//! - `container`: the archive as the one layer of an image, and the documents around it

mod acl;
mod archive;
mod container;
mod header;
mod member;
mod name;
mod store;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};

use crate::format::Format;
use crate::output::{Output, Place};
use crate::reader::name::shown;
use crate::reader::unread::Unread;
use crate::reader::{FileId, Kind, Reader, resolve};
use crate::source::{Opened, Source};
use archive::Archive;
pub(crate) use container::Form;
pub(crate) use name::checked as image_name;

/// Where an archive goes.
pub(crate) enum Target<'t> {
    /// A file whose name says how it is packed.
    File(&'t Path),
    /// Something that is written from its start to its end.
    Stream(&'t mut dyn Write),
}

/// How something is exported.
pub(crate) struct Options<'o> {
    /// What to export: a path in the image.
    pub(crate) path: &'o [u8],
    /// What it comes from, so that no file of it is overwritten.
    pub(crate) source: &'o Source,
    /// How many threads copy and pack.
    pub(crate) threads: usize,
}

/// What the user should know of an archive that was made.
pub(crate) struct Exported {
    pub(crate) warnings: Vec<String>,
    /// What is not in it.
    pub(crate) unread: Unread,
}

/// Checks where something is to go, before any work: a tarball if it is no container image.
///
/// # Errors
///
/// Fails when nothing can be made there.
pub(crate) fn check_out(out: &Path, is_container: bool, source: &Source) -> Result<()> {
    let is_layout = is_container && out.extension().is_none_or(|ending| ending != "tar");
    if is_layout && out.symlink_metadata().is_ok() {
        bail!(
            "{}: is there already; a layout goes to a new folder",
            out.display()
        );
    }
    if !is_container {
        archive_format(out)?;
    }
    // A slash behind the name of a folder is no mistake.
    let name: PathBuf = match is_layout {
        true => out.components().collect(),
        false => out.to_owned(),
    };
    Place::new(&name, std::slice::from_ref(source)).map(drop)
}

/// Returns how a file is packed, by its name.
fn archive_format(file: &Path) -> Result<&'static Format> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let format = Format::of(&name).filter(|(format, _)| format.is_archive);
    let (format, _) = format.with_context(|| {
        let shown = file.display();
        let known = Format::archive_endings();
        format!("{shown}: the ending of -o says how the archive is packed; known are {known}")
    })?;
    Ok(format)
}

/// Exports to a tar archive, of all that can be read.
///
/// # Errors
///
/// Fails when the path cannot be read, or the archive not be written.
pub(crate) fn to_tar(
    opened: &Opened,
    options: &Options<'_>,
    target: Target<'_>,
) -> Result<Exported> {
    let reader = &*opened.reader;
    let archive = archive_of(reader, options, false)?;
    let totals;
    match target {
        Target::Stream(out) => {
            totals = archive.measure()?;
            store::to_stream(&archive, totals.len, out)?;
            reader.check_unchanged()?;
        }
        Target::File(file) => {
            let format = archive_format(file)?;
            let place = Place::new(file, std::slice::from_ref(options.source))?;
            totals = archive.measure()?;
            let output = Output::create(&place, true)?;
            let whole = 0..totals.len;
            let sink = format.stream(totals.len, vec![whole], &output)?;
            store::to_sink(&archive, &*sink, 0, totals.len, options.threads)?;
            sink.finish()?;
            drop(sink);
            reader.check_unchanged()?;
            output.end()?;
            Output::finish(vec![output])?;
        }
    }
    Ok(exported(archive, totals))
}

/// Exports to a container image, of all that can be read.
///
/// # Errors
///
/// Fails when the path cannot be read, holds a name that means something else in a layer, or when
/// the result cannot be written.
pub(crate) fn to_container(
    opened: &Opened,
    options: &Options<'_>,
    form: Form,
    name: Option<&str>,
    out: &Path,
) -> Result<Exported> {
    let archive = archive_of(&*opened.reader, options, true)?;
    let totals = archive.measure()?;
    let config = container::config(&*opened.reader, opened.image_config.as_ref());
    let image = container::Image {
        archive: &archive,
        len: totals.len,
        config,
        name,
    };
    container::store(&image, form, options, out)?;
    Ok(exported(archive, totals))
}

fn archive_of<'r>(
    reader: &'r dyn Reader,
    options: &Options<'_>,
    is_layer: bool,
) -> Result<Archive<'r>> {
    let path = crate::reader::walk::normal(options.path);
    let find = || -> Result<FileId> {
        let id = resolve(reader, &path)?;
        let kind = reader.stat(id)?.kind;
        ensure!(
            kind == Kind::Directory,
            "is a {}; only a directory can be exported, and `hsb cat` prints a file",
            kind.noun()
        );
        Ok(id)
    };
    let id = find().with_context(|| shown(&path))?;
    if path.windows(3).any(|part| part == b"/..") {
        bail!("{}: leave out `..`", shown(&path));
    }
    let path = match &*path {
        b"/" => path,
        _ => path.strip_suffix(b"/").unwrap_or(&path).to_vec(),
    };
    Ok(Archive {
        reader,
        root: (path, id),
        is_layer,
        unread: Mutex::default(),
    })
}

fn exported(archive: Archive<'_>, totals: archive::Totals) -> Exported {
    let sockets = totals.sockets;
    let one = (sockets > 0).then(|| format!("{sockets} sockets left out: tar has none"));
    let unread = archive.unread.into_inner();
    Exported {
        warnings: one.into_iter().collect(),
        unread: unread.unwrap_or_else(PoisonError::into_inner),
    }
}

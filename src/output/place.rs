//! Where an image goes: a path that can be written, checked before any work starts.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::source::{Input, Source};

/// What is put behind the name of an image while it is written; a dot goes before it.
const ENDING: &str = ".hsb-part";
/// The longest file name, in bytes (Linux: `NAME_MAX`).
const LONGEST_NAME: usize = 255;

/// A place where an image can be put: what is there may be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// As the user calls it.
    name: PathBuf,
    /// Where the file goes; not `name` where that is a link, which keeps pointing where it does.
    pub(super) out: PathBuf,
    /// Where it is while it is written: hidden, beside `out`.
    pub(super) part: PathBuf,
}

impl Place {
    /// Returns the place beside this one whose name has a dot and the ending behind.
    ///
    /// # Errors
    ///
    /// Fails as [`Place::new`] does.
    pub(crate) fn followed_by(&self, ending: &str, sources: &[Source]) -> Result<Self> {
        let mut name = self.name.clone().into_os_string();
        name.push(".");
        name.push(ending);
        Self::new(Path::new(&name), sources)
    }

    /// Returns the place called `name`, for an image made from these sources.
    ///
    /// # Errors
    ///
    /// Fails when something is there that is no regular file, or when it is a source or lies in
    /// one, and when there is no folder for it.
    pub(crate) fn new(name: &Path, sources: &[Source]) -> Result<Self> {
        let shown = name.display();
        if name.as_os_str().as_bytes().ends_with(b"/") {
            bail!("{shown}: names a folder; the image is a file");
        }
        let out = match fs::metadata(name) {
            Ok(meta) if !meta.is_file() => {
                bail!("{shown}: is there and is no regular file; choose another -o")
            }
            Ok(_) => fs::canonicalize(name).with_context(|| format!("{shown}: cannot be found"))?,
            Err(_) if name.is_symlink() => bail!("{shown}: is a link to nothing; remove it"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => name.to_owned(),
            Err(error) => return Err(error).with_context(|| format!("{shown}: cannot be made")),
        };
        let folder = folder(&out);
        let is_folder = fs::metadata(folder).is_ok_and(|meta| meta.is_dir());
        if !is_folder {
            bail!("{shown}: there is no folder {}; make it", folder.display());
        }
        let part = part_of(&out);
        let longest = LONGEST_NAME - (".".len() + ENDING.len());
        if let Some(name) = out.file_name().filter(|name| name.len() > longest) {
            let len = name.len();
            bail!("{shown}: a name of {len} bytes; it can have {longest}");
        }
        for source in sources {
            let Input::Path(source) = &source.from else {
                continue;
            };
            if is_one_file(source, &out) || is_one_file(source, &part) {
                bail!("{shown}: is the source; choose another -o");
            }
            if is_inside(folder, source) {
                let source = source.display();
                bail!(
                    "{shown}: lies in the source {source}, which must not change; choose another -o"
                );
            }
        }
        Ok(Self {
            name: name.to_owned(),
            out,
            part,
        })
    }

    /// Returns whether both are one file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.out == other.out
            || (self.out.file_name() == other.out.file_name()
                && is_one_file(self.folder(), other.folder()))
    }

    /// Returns whether a file is there already.
    pub(crate) fn is_taken(&self) -> bool {
        self.out.exists()
    }

    /// Returns the folder that the image will be in.
    pub(crate) fn folder(&self) -> &Path {
        folder(&self.out)
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.name.display().fmt(f)
    }
}

/// Returns the folder that a file is in.
pub(super) fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn part_of(out: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(ENDING);
    out.with_file_name(name)
}

/// Returns whether a folder is another one, or lies in it.
fn is_inside(folder: &Path, other: &Path) -> bool {
    match (fs::canonicalize(folder), fs::canonicalize(other)) {
        (Ok(folder), Ok(other)) => folder.starts_with(other),
        _ => false,
    }
}

fn is_one_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

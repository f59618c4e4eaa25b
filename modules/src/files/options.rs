//! The options of `files`, and what can be said about them without an image.

use fsgen::tree::path::{PathError, check_name, split};
use serde::Deserialize;

use crate::Host;
use crate::permissions::{Mode, Owner};
use crate::root::same_place;
use crate::shorthand::{FromText, Shorthand};
use crate::value::{Span, Spanned, ValueError};

/// The longest target of a symbolic link, in bytes (Linux: `PATH_MAX` with its closing NUL is
/// 4096).
const LONGEST_TARGET: usize = 4095;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// What to remove, each a path alone or a mapping.
    #[serde(default)]
    pub(super) remove: Vec<Spanned<Shorthand<Removal>>>,
    /// Directories to make.
    #[serde(default)]
    pub(super) directories: Vec<Directory>,
    /// Files to write.
    #[serde(default)]
    pub(super) files: Vec<File>,
    /// Links to make.
    #[serde(default)]
    pub(super) symlinks: Vec<Link>,
}

/// Something that must not be in the image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// A file, link or empty directory.
    pub(super) path: String,
    /// A directory may hold anything, which goes with it.
    #[serde(default)]
    pub(super) recursive: bool,
    /// Nothing need be there.
    #[serde(default)]
    pub(super) missing_ok: bool,
}

/// A directory that must be in the image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    /// Where; directories missing above are made, too, for root with mode 0755.
    pub(super) path: Spanned<String>,
    /// 0755 if it is new.
    pub(super) mode: Option<Mode>,
    /// root if it is new.
    pub(super) user: Option<Spanned<Owner>>,
    /// root if it is new.
    pub(super) group: Option<Spanned<Owner>>,
}

/// A file that must be in the image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Where; directories missing above are made, too, for root with mode 0755.
    pub(super) path: Spanned<String>,
    /// The text that it holds.
    pub(super) content: Option<String>,
    /// Or the host file that it is a copy of, relative to the recipe.
    pub(super) source: Option<Spanned<String>>,
    /// The text goes to the end of what is there, unless it is there already.
    #[serde(default)]
    pub(super) append: bool,
    /// 0644 if it is new.
    pub(super) mode: Option<Mode>,
    /// root if it is new.
    pub(super) user: Option<Spanned<Owner>>,
    /// root if it is new.
    pub(super) group: Option<Spanned<Owner>>,
}

/// A link that must be in the image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    /// Where; directories missing above are made, too, for root with mode 0755.
    pub(super) path: Spanned<String>,
    /// What it leads to.
    pub(super) target: Spanned<String>,
    /// A second name for the target instead of a symbolic link.
    #[serde(default)]
    pub(super) hard: bool,
    /// Anything but a directory that has the name is replaced.
    #[serde(default)]
    pub(super) force: bool,
}

impl Options {
    /// Finds every mistake that shows without the image. `step` is where the recipe names the
    /// step.
    pub(super) fn check(&self, step: Span, host: &dyn Host) -> Result<(), ValueError> {
        let Self {
            remove,
            directories,
            files,
            symlinks,
        } = self;
        if remove.is_empty() && directories.is_empty() && files.is_empty() && symlinks.is_empty() {
            let error = ValueError::new(step, "the step has nothing to do");
            return Err(error.help("give `files`, `directories`, `symlinks` or `remove`"));
        }
        for removal in remove {
            check_path(&removal.0.path, removal.span)?;
        }
        for directory in directories {
            check_path(&directory.path, directory.path.span)?;
        }
        for file in files {
            check_path(&file.path, file.path.span)?;
            file.check(host)?;
        }
        for link in symlinks {
            check_path(&link.path, link.path.span)?;
            link.check()?;
        }
        // What is appended may be so in several pieces.
        let whole = files.iter().enumerate().filter(|(_, file)| !file.append);
        for (at, file) in whole {
            check_once(&file.path, files[..at].iter().map(|file| &file.path))?;
        }
        for (at, directory) in directories.iter().enumerate() {
            check_once(
                &directory.path,
                directories[..at].iter().map(|other| &other.path),
            )?;
        }
        for (at, link) in symlinks.iter().enumerate() {
            check_once(&link.path, symlinks[..at].iter().map(|other| &other.path))?;
        }
        Ok(())
    }
}

impl File {
    fn check(&self, host: &dyn Host) -> Result<(), ValueError> {
        let path = &self.path;
        match (&self.content, &self.source) {
            (None, None) => Err(path
                .error(format!("the file {:?} has no content", **path))
                .help("give `content`, or `source` for a host file; `content: \"\"` is empty")),
            (Some(_), Some(source)) => {
                let message = format!("the file {:?} has `content` and `source`", **path);
                Err(source.error(message).help("leave one of them out"))
            }
            (None, Some(source)) if self.append => {
                let message = format!(
                    "the file {:?} has `source`, which `append` cannot use",
                    **path
                );
                Err(source.error(message).help("give the text as `content`"))
            }
            (None, Some(source)) => {
                let found = host.open(source);
                found
                    .map(drop)
                    .map_err(|cause| source.error(format!("{}: {cause}", **source)))
            }
            (Some(_), None) => Ok(()),
        }
    }
}

impl Link {
    fn check(&self) -> Result<(), ValueError> {
        let target = &self.target;
        if self.hard {
            return check_path(target, target.span);
        }
        if target.is_empty() {
            return Err(target.error("the target of a link is empty"));
        }
        if target.contains('\0') {
            return Err(target.error("the target of a link holds a NUL byte"));
        }
        if target.len() > LONGEST_TARGET {
            let len = target.len();
            let message =
                format!("the target has {len} bytes; at most {LONGEST_TARGET} are allowed");
            return Err(target.error(message));
        }
        Ok(())
    }
}

/// Fails when a path is among those before it: of two, one would be for nothing.
fn check_once<'a>(
    path: &Spanned<String>,
    mut before: impl Iterator<Item = &'a Spanned<String>>,
) -> Result<(), ValueError> {
    match before.any(|other| same_place(other, path)) {
        true => Err(path.error(format!("{:?} is listed twice", **path))),
        false => Ok(()),
    }
}

/// Checks that a path ends in a name and that a directory could hold each of its names.
fn check_path(path: &str, span: Span) -> Result<(), ValueError> {
    let error = |cause: PathError| ValueError::new(span, format!("path {path:?}: {cause}"));
    split(path.as_bytes()).ok_or_else(|| error(PathError::NoName))?;
    for name in path.split('/') {
        if !matches!(name, "" | "." | "..") {
            check_name(name.as_bytes()).map_err(error)?;
        }
    }
    Ok(())
}

impl FromText for Removal {
    const EXPECTED: &'static str = "a path, or a mapping with `path`";

    fn from_text(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            recursive: false,
            missing_ok: false,
        }
    }
}

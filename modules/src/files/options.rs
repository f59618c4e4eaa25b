//! The options of `files`, and what can be said about them without an image.

use std::fmt;

use fsgen::tree::path::{PathError, check_name, split};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::Host;
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

/// Permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode(pub(super) u16);

/// A user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Id(u32),
    /// Looked up in the image.
    Name(String),
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

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Mode;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a mode in quotes such as \"0644\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Mode, E> {
                let digits = text.strip_prefix("0o").unwrap_or(text);
                let is_octal = digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
                let mode = is_octal
                    .then(|| u16::from_str_radix(digits, 8).ok())
                    .flatten();
                match mode {
                    Some(mode) if mode <= 0o7777 => Ok(Mode(mode)),
                    _ => Err(E::custom(format!(
                        "mode {text:?} is not an octal number from \"0\" to \"7777\""
                    ))),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Mode, E> {
                Err(E::custom(format!(
                    "mode {number} is a bare number; write it in quotes as in \"0644\", because \
                     YAML takes a bare 0644 for decimal or octal, depending on its version"
                )))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Owner;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name or an id from 0 to 4294967294")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Owner, E> {
                // No user can be called by a number, so this one is an id in quotes.
                if text.bytes().all(|b| b.is_ascii_digit()) {
                    let id = text
                        .parse()
                        .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                    return self.visit_u64(id);
                }
                Ok(Owner::Name(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<Owner, E> {
                // The highest one stands for no user (chown(2)).
                match u32::try_from(id) {
                    Ok(id) if id < u32::MAX => Ok(Owner::Id(id)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(id), &self)),
                }
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

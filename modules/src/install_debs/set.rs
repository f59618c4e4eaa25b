//! The packages that a recipe lists: found, and their headers read.

use std::collections::BTreeMap;

use thiserror::Error;

use super::payload::{Part, PayloadError, small_files};
use super::relations::Relations;
use crate::Host;
use crate::deb::archive::{Archive, ArchiveError};
use crate::deb::control::{self, ControlError};
use crate::deb::identity::{Identity, Multi, is_name};
use crate::deb::paragraph::Paragraph;
use crate::deb::version::Version;
use crate::package_files::{self, PackageFile};
use crate::root::any_text::decode;
use crate::value::{Spanned, ValueError};

/// The files of the header that matter beside `control`.
const KEPT: [&str; 7] = [
    "conffiles",
    "triggers",
    "preinst",
    "postinst",
    "prerm",
    "postrm",
    "config",
];

/// A package that is to be installed.
pub(super) struct Candidate {
    pub(super) file: PackageFile,
    pub(super) archive: Archive,
    pub(super) identity: Identity,
    pub(super) control: Paragraph,
    pub(super) relations: Relations,
    /// Files of the header by their names.
    texts: BTreeMap<&'static str, String>,
}

impl Candidate {
    /// Returns an error about this package.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> ValueError {
        self.file.error(message)
    }

    /// Returns a file of the header, empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// Returns what the package says of itself, as it is in the file.
    pub(super) fn control_part(&self) -> Part<'_> {
        Part::control(&self.file, &self.archive)
    }

    /// Returns its files, as they are in the file.
    pub(super) fn data_part(&self) -> Part<'_> {
        Part::data(&self.file, &self.archive)
    }
}

/// What is wrong with a package.
#[derive(Debug, Error)]
pub(super) enum PackageError {
    #[error("{0}")]
    Open(#[from] std::io::Error),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("control.tar has no file `control`")]
    NoControl,
    #[error("control: {0}")]
    Control(#[from] ControlError),
    #[error("control: {0}")]
    Field(String),
}

/// Reads the headers of all packages, in the order of their names.
pub(super) fn read(
    items: &[Spanned<String>],
    host: &dyn Host,
) -> Result<Vec<Candidate>, ValueError> {
    let candidates: Vec<Candidate> = package_files::read(items, host)?;
    for pair in candidates.windows(2) {
        let [first, second] = pair else { continue };
        if first.identity.excludes(&second.identity) {
            let (other, file) = (&first.identity, &first.file.name);
            let message = format!("{other} is listed as well, in {file}, and both cannot be there");
            return Err(second.error(message).help("list one of them"));
        }
    }
    Ok(candidates)
}

impl package_files::Package for Candidate {
    type Error = PackageError;
    type Key = (String, String);
    const ENDING: &'static str = ".deb";

    /// Reads what it says of itself.
    fn read(file: PackageFile, host: &dyn Host) -> Result<Self, PackageError> {
        let archive = Archive::read(&*file.source, file.len)?;
        let part = Part::control(&file, &archive);
        let mut control = None;
        let mut texts = BTreeMap::new();
        for (member, bytes) in small_files(part, host)? {
            let name = control_name(&member.path);
            let text = || decode(&bytes);
            if name == b"control" {
                control = Some(control::read(&bytes)?);
            }
            if let Some(kept) = KEPT.into_iter().find(|kept| kept.as_bytes() == name) {
                texts.insert(kept, text());
            }
        }
        let control = control.ok_or(PackageError::NoControl)?;
        Ok(Self {
            identity: identity(&control).map_err(PackageError::Field)?,
            relations: Relations::of(&control).map_err(PackageError::Field)?,
            file,
            archive,
            control,
            texts,
        })
    }

    fn file(&self) -> &PackageFile {
        &self.file
    }

    fn key(&self) -> Self::Key {
        (self.identity.name.clone(), self.identity.arch.clone())
    }

    fn shown(&self) -> String {
        self.identity.to_string()
    }
}

/// Returns the name of a file of the header.
pub(super) fn control_name(path: &[u8]) -> &[u8] {
    path.strip_prefix(b"./").unwrap_or(path)
}

/// Reads which package a paragraph is about; returns what is wrong with it.
pub(super) fn identity(paragraph: &Paragraph) -> Result<Identity, String> {
    let field = |name: &str| match paragraph.get(name) {
        "" => Err(format!("the field {name} is missing")),
        value => Ok(value),
    };
    let name = field("Package")?;
    if !is_name(name) {
        return Err(format!("no package can have the name {name:?}"));
    }
    let version = field("Version")?;
    let arch = field("Architecture")?;
    if !is_name(arch) {
        return Err(format!("{arch:?} is no architecture"));
    }
    let multi = paragraph.get("Multi-Arch");
    Ok(Identity {
        name: name.to_ascii_lowercase(),
        version: Version::parse(version).map_err(|why| format!("the version {version:?} {why}"))?,
        arch: arch.to_owned(),
        multi: Multi::parse(multi).ok_or_else(|| format!("Multi-Arch is {multi:?}"))?,
    })
}

//! The packages that a recipe lists: found, and their headers read.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsgen::ReadAt;
use thiserror::Error;

use super::payload::{Part, PayloadError, small_files};
use super::relations::Relations;
use crate::deb::archive::{Archive, ArchiveError};
use crate::deb::control::{self, ControlError};
use crate::deb::identity::{Identity, Multi, is_name};
use crate::deb::paragraph::Paragraph;
use crate::deb::version::Version;
use crate::value::{Span, Spanned, ValueError};
use crate::{Host, package_files};

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
    /// The file as messages call it.
    pub(super) file: String,
    /// Where the recipe lists it.
    pub(super) span: Span,
    pub(super) source: Arc<dyn ReadAt>,
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
        ValueError::new(self.span, format!("{}: {message}", self.file))
    }

    /// Returns a file of the header, empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// Returns what the package says of itself, as it is in the file.
    pub(super) fn control_part(&self) -> Part<'_> {
        Part {
            name: "control.tar",
            source: &*self.source,
            range: &self.archive.control,
        }
    }

    /// Returns its files, as they are in the file.
    pub(super) fn data_part(&self) -> Part<'_> {
        Part {
            name: "data.tar",
            source: &*self.source,
            range: &self.archive.data,
        }
    }
}

/// What is wrong with a package.
#[derive(Debug, Error)]
enum PackageError {
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
    let opened = package_files::open(items, ".deb", host, |item, file| {
        let opened = open(file, item.span, host);
        opened.map_err(|error| item.error(format!("{file}: {error}")))
    })?;
    let mut candidates = BTreeMap::<_, Candidate>::new();
    for (_, candidate) in opened {
        let identity = &candidate.identity;
        let key = (identity.name.clone(), identity.arch.clone());
        if let Some(other) = candidates.get(&key) {
            // A pattern may find what is listed by itself as well.
            if other.file == candidate.file {
                continue;
            }
            let other = (&other.file, &other.identity);
            let message = format!("{} is listed as well, in {}", other.1, other.0);
            return Err(candidate.error(message).help("list one of them"));
        }
        candidates.insert(key, candidate);
    }
    let candidates: Vec<_> = candidates.into_values().collect();
    for pair in candidates.windows(2) {
        let [first, second] = pair else { continue };
        if first.identity.replaces(&second.identity) {
            let (other, file) = (&first.identity, &first.file);
            let message = format!("{other} is listed as well, in {file}, and both cannot be there");
            return Err(second.error(message).help("list one of them"));
        }
    }
    Ok(candidates)
}

fn open(file: &str, span: Span, host: &dyn Host) -> Result<Candidate, PackageError> {
    let (source, len) = host.open(file)?;
    let archive = Archive::read(&*source, len)?;
    let part = Part {
        name: "control.tar",
        source: &*source,
        range: &archive.control,
    };
    let mut control = None;
    let mut texts = BTreeMap::new();
    for (member, bytes) in small_files(part, host)? {
        let name = control_name(&member.path);
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        if name == b"control" {
            control = Some(control::read(&bytes)?);
        }
        if let Some(kept) = KEPT.into_iter().find(|kept| kept.as_bytes() == name) {
            texts.insert(kept, text());
        }
    }
    let control = control.ok_or(PackageError::NoControl)?;
    Ok(Candidate {
        file: file.to_owned(),
        span,
        identity: identity(&control).map_err(PackageError::Field)?,
        relations: Relations::of(&control).map_err(PackageError::Field)?,
        source,
        archive,
        control,
        texts,
    })
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

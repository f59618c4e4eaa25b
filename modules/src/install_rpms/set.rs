//! The packages that a recipe lists: found, and their headers read.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsgen::ReadAt;

use crate::rpm::dependency::{Dependency, REQUIRES, sense};
use crate::rpm::file::{self, File};
use crate::rpm::header::HeaderError;
use crate::rpm::package::{Package, PackageError};
use crate::value::{Span, Spanned, ValueError};
use crate::{Host, package_files};

/// What packages may require of rpm itself (rpm's `rpmlibProvides`), as of rpm 4.18.
const FEATURES: [&str; 21] = [
    "BuiltinLuaScripts",
    "CaretInVersions",
    "CompressedFileNames",
    "ConcurrentAccess",
    "DynamicBuildRequires",
    "ExplicitPackageProvide",
    "FileCaps",
    "FileDigests",
    "HeaderLoadSortsTags",
    "HeaderTranslationTable",
    "LargeFiles",
    "PartialHardlinkSets",
    "PayloadFilesHavePrefix",
    "PayloadIsBzip2",
    "PayloadIsLzma",
    "PayloadIsXz",
    "PayloadIsZstd",
    "RichDependencies",
    "ScriptletExpansion",
    "TildeInVersions",
    "VersionedDependencies",
];

/// A package that is to be installed.
pub(super) struct Candidate {
    /// The file as messages call it.
    pub(super) file: String,
    /// Where the recipe lists it.
    pub(super) span: Span,
    pub(super) source: Arc<dyn ReadAt>,
    /// How many bytes the file has.
    pub(super) len: u64,
    pub(super) package: Package,
    pub(super) files: Vec<File>,
}

impl Candidate {
    /// Returns an error about this package.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> ValueError {
        ValueError::new(self.span, format!("{}: {message}", self.file))
    }
}

/// Reads the headers of all packages, in the order of their names.
pub(super) fn read(
    items: &[Spanned<String>],
    host: &dyn Host,
) -> Result<Vec<Candidate>, ValueError> {
    let opened = package_files::open(items, ".rpm", host, |item, file| {
        let opened = open(file, item.span, host);
        opened.map_err(|error| item.error(format!("{file}: {error}")))
    })?;
    let mut candidates = BTreeMap::<_, Candidate>::new();
    for (item, candidate) in opened {
        let (file, identity) = (&candidate.file, &candidate.package.identity);
        let key = (identity.name.clone(), identity.to_string());
        if let Some(other) = candidates.get(&key) {
            // A pattern may find what is listed by itself as well.
            if other.file == *file {
                continue;
            }
            let message = format!("{file} and {} are the same package, {identity}", other.file);
            return Err(item.error(message).help("list one of them"));
        }
        candidates.insert(key, candidate);
    }
    Ok(candidates.into_values().collect())
}

fn open(file: &str, span: Span, host: &dyn Host) -> Result<Candidate, PackageError> {
    let (source, len) = host.open(file)?;
    of_source(source, len, file.to_owned(), span)
}

/// Reads the headers of a package that messages call `file`.
pub(super) fn of_source(
    source: Arc<dyn ReadAt>,
    len: u64,
    file: String,
    span: Span,
) -> Result<Candidate, PackageError> {
    let package = Package::read(&*source, len)?;
    for dependency in Dependency::read(&package.header, REQUIRES)? {
        let feature = dependency.name.strip_prefix("rpmlib(");
        if let Some(feature) = feature.and_then(|name| name.strip_suffix(")"))
            && !FEATURES.contains(&feature)
            && dependency.flags & sense::MISSINGOK == 0
        {
            return Err(PackageError::Feature(dependency));
        }
    }
    Ok(Candidate {
        files: file::read(&package.header)
            .map_err(|error: HeaderError| PackageError::from(error))?,
        file,
        span,
        source,
        len,
        package,
    })
}

//! The packages that a recipe lists: found, and their headers read.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use fsgen::ReadAt;

use crate::Host;
use crate::root::matches;
use crate::rpm::dependency::{Dependency, REQUIRES, sense};
use crate::rpm::file::{self, File};
use crate::rpm::header::HeaderError;
use crate::rpm::package::{Package, PackageError};
use crate::value::{Span, Spanned, ValueError};

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
    let mut candidates = BTreeMap::<_, Candidate>::new();
    for item in items {
        for file in find(item, host)? {
            let failed = |error: PackageError| item.error(format!("{file}: {error}"));
            let candidate = open(&file, item.span, host).map_err(failed)?;
            let identity = &candidate.package.identity;
            let key = (identity.name.clone(), identity.to_string());
            if let Some(other) = candidates.get(&key) {
                // A pattern may find what is listed by itself as well.
                if other.file == file {
                    continue;
                }
                let message = format!("{file} and {} are the same package, {identity}", other.file);
                return Err(item.error(message).help("list one of them"));
            }
            candidates.insert(key, candidate);
        }
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

/// Returns the package files that an item of the list stands for.
fn find(item: &Spanned<String>, host: &dyn Host) -> Result<Vec<String>, ValueError> {
    let path = item.trim_end_matches('/');
    let is_pattern = |text: &str| text.contains(['*', '?', '[']);
    if path.is_empty() {
        return Err(item.error("an empty path is no package"));
    }
    if is_pattern(path) {
        let found = glob(path, host);
        let found = found.map_err(|error| item.error(format!("{path}: {error}")))?;
        return match found.is_empty() {
            true => Err(item.error(format!("{path} finds no file"))),
            false => Ok(found),
        };
    }
    let names = match host.list(path) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(vec![path.to_owned()]);
        }
        Err(error) => return Err(item.error(format!("{path}: {error}"))),
    };
    let packages = names.iter().filter(|name| name.ends_with(".rpm"));
    let files: Vec<_> = packages.map(|name| format!("{path}/{name}")).collect();
    match files.is_empty() {
        true => Err(item.error(format!("the folder {path} has no file NAME.rpm"))),
        false => Ok(files),
    }
}

/// Returns the files that a pattern finds, in byte order.
fn glob(pattern: &str, host: &dyn Host) -> io::Result<Vec<String>> {
    let mut found = vec![String::new()];
    let parts: Vec<&str> = pattern.split('/').collect();
    for (i, part) in parts.iter().enumerate() {
        let is_last = i + 1 == parts.len();
        let mut next = Vec::new();
        for folder in found {
            let above = if folder.is_empty() { "." } else { &folder };
            let joined = |name: &str| match &*folder {
                "" if i == 0 => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            if !part.contains(['*', '?', '[']) {
                next.push(joined(part));
                continue;
            }
            let names = match host.list(above) {
                Err(error) if i > 0 && error.kind() == io::ErrorKind::NotADirectory => continue,
                names => names?,
            };
            let fits = |name: &&String| {
                (part.starts_with('.') || !name.starts_with('.'))
                    && matches(part.as_bytes(), name.as_bytes())
            };
            next.extend(names.iter().filter(fits).map(|name| joined(name)));
        }
        // Beside the files that a name at the end stands for, a folder may not have it.
        if is_last && !part.contains(['*', '?', '[']) {
            next.retain(|path| host.open(path).is_ok());
        }
        found = next;
    }
    Ok(found)
}

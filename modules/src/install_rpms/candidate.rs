//! A package that is to be installed: its file, and what its headers say.

use crate::Host;
use crate::package_files::{self, PackageFile};
use crate::rpm::dependency::{Dependency, REQUIRES, sense};
use crate::rpm::file::{self, File};
use crate::rpm::package::{Package, PackageError};
use crate::value::ValueError;

/// What packages may require of rpm itself (rpm's `rpmlibProvides`), as of rpm 4.18.
const FEATURES: [&str; 22] = [
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
    "ScriptletInterpreterArgs",
    "TildeInVersions",
    "VersionedDependencies",
];

/// A package that is to be installed.
pub(super) struct Candidate {
    pub(super) file: PackageFile,
    pub(super) package: Package,
    pub(super) files: Vec<File>,
}

impl Candidate {
    /// Returns an error about this package.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> ValueError {
        self.file.error(message)
    }
}

impl package_files::Package for Candidate {
    type Error = PackageError;
    type Key = (String, String);
    const ENDING: &'static str = ".rpm";

    /// Reads the headers.
    fn read(file: PackageFile, _: &dyn Host) -> Result<Self, PackageError> {
        let package = Package::read(&*file.source, file.len)?;
        for dependency in Dependency::read(&package.header, REQUIRES)? {
            let feature = dependency.name.strip_prefix("rpmlib(");
            if let Some(feature) = feature.and_then(|name| name.strip_suffix(")"))
                && !FEATURES.contains(&feature)
                && dependency.flags & sense::MISSINGOK == 0
            {
                return Err(PackageError::Feature(dependency));
            }
        }
        if let Some(text) = package.identity.unsound() {
            return Err(PackageError::Name(text.to_owned()));
        }
        let files = file::read(&package.header)?;
        if let Some([one, other]) = file::unlike_links(&files) {
            return Err(PackageError::Links(one.path(), other.path()));
        }
        Ok(Self {
            file,
            package,
            files,
        })
    }

    fn file(&self) -> &PackageFile {
        &self.file
    }

    fn key(&self) -> Self::Key {
        (self.package.identity.name.clone(), self.shown())
    }

    fn shown(&self) -> String {
        self.package.identity.to_string()
    }
}

//! Which architectures the image is for.

use super::database::{ADMIN, Database};
use super::set::Candidate;
use crate::value::ValueError;
use crate::{Root, RootError};

/// The architectures whose packages the image takes.
pub(super) struct Architectures {
    pub(super) native: String,
    foreign: Vec<String>,
}

impl Architectures {
    /// Finds those of an image: that of dpkg itself, and those that were added to its list.
    /// Where dpkg is not installed as a package, it is the first in the list, or else that of most
    /// packages.
    pub(super) fn find(root: &Root<'_>, database: &Database) -> Result<Option<Self>, RootError> {
        let list = root.read_if_exists(format!("{ADMIN}/arch"))?;
        let list = String::from_utf8_lossy(&list.unwrap_or_default()).into_owned();
        let listed: Vec<&str> = list
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        let there = database.entries().map(|(_, entry)| entry);
        let there = there.filter(|entry| entry.state.is_there() && entry.identity.arch != "all");
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        let mut dpkg = None;
        for entry in there {
            *counts.entry(&entry.identity.arch).or_default() += 1;
            if entry.identity.name == "dpkg" {
                dpkg = Some(&*entry.identity.arch);
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let native = dpkg
            .or(listed.first().copied())
            .or(most.map(|(arch, _)| arch));
        let is_foreign = |arch: &&&str| Some(**arch) != native;
        Ok(native.map(|native| Self {
            native: native.to_owned(),
            foreign: listed
                .iter()
                .filter(is_foreign)
                .map(|arch| (*arch).to_owned())
                .collect(),
        }))
    }

    /// Returns the architectures of an image without packages: that of those to be installed.
    pub(super) fn of(candidates: &[Candidate]) -> Self {
        let mut arches = candidates.iter().map(|candidate| &*candidate.identity.arch);
        let first = arches.find(|arch| *arch != "all").unwrap_or("all");
        Self {
            native: first.to_owned(),
            foreign: Vec::new(),
        }
    }

    /// Checks that all packages are for the image.
    pub(super) fn check(&self, candidates: &[Candidate]) -> Result<(), ValueError> {
        let is_known =
            |arch: &String| arch == "all" || *arch == self.native || self.foreign.contains(arch);
        let mut candidates = candidates.iter();
        match candidates.find(|candidate| !is_known(&candidate.identity.arch)) {
            None => Ok(()),
            Some(candidate) => {
                let (arch, native) = (&candidate.identity.arch, &self.native);
                let message = format!("it is for {arch}, but the image is for {native}");
                let help = format!(
                    "packages of further architectures need a line of theirs in {ADMIN}/arch, as \
                     `dpkg --add-architecture` writes it"
                );
                Err(candidate.error(message).help(help))
            }
        }
    }

    /// Returns the architecture that a package counts for: the image's own if it runs anywhere.
    pub(super) fn real<'a>(&'a self, arch: &'a str) -> &'a str {
        match arch {
            "all" => &self.native,
            arch => arch,
        }
    }
}

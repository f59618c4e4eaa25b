//! What happens to each package: it is installed, replaces others, or is there already.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::options::Options;
use super::set::Candidate;
use super::store::Installed;
use crate::rpm::dependency::{Dependency, OBSOLETES, PROVIDES, sense};
use crate::rpm::identity::Identity;
use crate::value::ValueError;

/// What is decided, by places in the two lists.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The candidates that are installed, with what each replaces.
    new: BTreeMap<usize, Vec<usize>>,
    /// What is installed in the very version of a candidate.
    present: Vec<usize>,
    /// What goes because a package replaces or obsoletes it.
    erased: BTreeSet<usize>,
}

impl Transaction {
    /// Decides for each candidate.
    pub(super) fn decide(
        candidates: &[Candidate],
        installed: &[Installed],
        options: &Options,
    ) -> Result<Self, ValueError> {
        let mut transaction = Self::default();
        check_versions(candidates)?;
        for (index, candidate) in candidates.iter().enumerate() {
            let own = &candidate.package.identity;
            let is_other = |there: &Identity| there.name == own.name && runs_as(own, there);
            let mut same = installed
                .iter()
                .enumerate()
                .filter(|(_, i)| is_other(&i.identity));
            let order = |there: &Installed| there.identity.version.compare(&own.version);
            if let Some((there, _)) = same.clone().find(|(_, i)| order(i) == Ordering::Equal) {
                transaction.present.push(there);
                continue;
            }
            let mut replaced = Vec::new();
            if !is_candidate_parallel(candidate) {
                if let Some((_, newer)) = same.clone().find(|(_, i)| order(i) == Ordering::Greater)
                    && !options.downgrade
                {
                    let message = format!("{} is newer, and installed", newer.identity);
                    let error = candidate.error(message);
                    return Err(error.help("`downgrade: true` replaces it by the older one"));
                }
                replaced.extend(same.by_ref().map(|(there, _)| there));
            }
            replaced.extend(obsoleted(candidate, installed)?);
            transaction.erased.extend(&replaced);
            transaction.new.insert(index, replaced);
        }
        Ok(transaction)
    }

    /// Returns whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// Returns the candidates that are installed.
    pub(super) fn installs(&self) -> impl Iterator<Item = usize> {
        self.new.keys().copied()
    }

    /// Returns what a candidate replaces.
    pub(super) fn replaced_by(&self, candidate: usize) -> &[usize] {
        self.new.get(&candidate).map_or(&[], Vec::as_slice)
    }

    /// Returns what is installed and goes.
    pub(super) fn erased(&self) -> impl Iterator<Item = usize> {
        self.erased.iter().copied()
    }

    /// Returns whether something that is installed goes.
    pub(super) fn is_erased(&self, installed: usize) -> bool {
        self.erased.contains(&installed)
    }

    /// Returns what is installed and listed all the same.
    pub(super) fn present(&self) -> impl Iterator<Item = usize> {
        self.present.iter().copied()
    }
}

/// Refuses two versions of a package that can be there once only.
fn check_versions(candidates: &[Candidate]) -> Result<(), ValueError> {
    for (at, candidate) in candidates.iter().enumerate() {
        let own = &candidate.package.identity;
        // They are in the order of their names; those of other architectures may lie between.
        let before = candidates[..at].iter().rev();
        let mut same = before.take_while(|other| other.package.identity.name == own.name);
        if let Some(other) = same.find(|other| runs_as(&other.package.identity, own))
            && !is_candidate_parallel(candidate)
        {
            let (other, file) = (&other.package.identity, &other.file);
            let message = format!("{other} is listed as well, in {file}");
            return Err(candidate.error(message).help("list one of the versions"));
        }
    }
    Ok(())
}

/// Returns whether one replaces the other: a 32-bit library lies beside the 64-bit one.
fn runs_as(a: &Identity, b: &Identity) -> bool {
    a.arch == "noarch" || b.arch == "noarch" || bits(&a.arch) == bits(&b.arch)
}

/// Returns how many bits the programs of an architecture have that machines run beside their own.
pub(super) fn bits(arch: &str) -> u32 {
    match arch {
        "i386" | "i486" | "i586" | "i686" | "athlon" | "s390" | "ppc" => 32,
        _ => 64,
    }
}

/// Returns whether several versions lie beside one another, as kernels do (dnf's
/// `installonlypkgs`).
pub(super) fn is_parallel(name: &str, provides: &[Dependency]) -> bool {
    const NAMES: [&str; 3] = ["kernel", "kernel-core", "kernel-modules"];
    let marked = |dependency: &Dependency| {
        dependency.name.starts_with("installonlypkg(") || dependency.name == "kernel"
    };
    NAMES.contains(&name) || provides.iter().any(marked)
}

fn is_candidate_parallel(candidate: &Candidate) -> bool {
    let provides = Dependency::read(&candidate.package.header, PROVIDES).unwrap_or_default();
    is_parallel(&candidate.package.identity.name, &provides)
}

/// Returns what is installed and obsoleted by a candidate: by its own name, not by what it
/// provides.
fn obsoleted(candidate: &Candidate, installed: &[Installed]) -> Result<Vec<usize>, ValueError> {
    let obsoletes = Dependency::read(&candidate.package.header, OBSOLETES);
    let obsoletes = obsoletes.map_err(|error| candidate.error(error))?;
    let own = &candidate.package.identity;
    let is_obsolete = |there: &Installed| {
        let version = Dependency {
            name: there.identity.name.clone(),
            flags: sense::EQUAL,
            version: there.identity.version.clone(),
        };
        let hit = |o: &Dependency| o.name == version.name && o.overlaps(&version);
        there.identity.name != own.name && obsoletes.iter().any(hit)
    };
    let found = installed.iter().enumerate().filter(|(_, i)| is_obsolete(i));
    Ok(found.map(|(index, _)| index).collect())
}

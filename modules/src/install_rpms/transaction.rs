//! What happens to each package: it is installed, replaces others, or is there already.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::options::Options;
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
    /// What goes because a package replaces or obsoletes it, with the one that it goes for: its own
    /// new version, or else the first that obsoletes it.
    erased: BTreeMap<usize, usize>,
    /// The candidates that another one obsoletes, with that.
    left_out: BTreeMap<usize, usize>,
}

impl Transaction {
    /// Decides for each candidate; `by_arch` says that the same version for another architecture
    /// is another package, as rpm does on machines that run programs of two sizes.
    pub(super) fn decide(
        candidates: &[Candidate],
        installed: &[Installed],
        options: &Options,
        by_arch: bool,
    ) -> Result<Self, ValueError> {
        let mut transaction = Self::default();
        check_versions(candidates)?;
        let obsoletes = candidates.iter().map(|candidate| {
            let read = Dependency::read(&candidate.package.header, OBSOLETES);
            read.map_err(|error| candidate.error(error))
        });
        let obsoletes: Vec<_> = obsoletes.collect::<Result<_, _>>()?;
        transaction.leave_out(candidates, &obsoletes);
        for (index, candidate) in candidates.iter().enumerate() {
            if transaction.left_out.contains_key(&index) {
                continue;
            }
            let own = &candidate.package.identity;
            let is_other = |there: &Identity| there.name == own.name && runs_as(own, there);
            let mut same = installed
                .iter()
                .enumerate()
                .filter(|(_, i)| is_other(&i.identity));
            let order = |there: &Installed| there.identity.version.compare(&own.version);
            let is_same = |there: &Installed| {
                let is_arch = !by_arch || there.identity.arch == own.arch;
                is_arch && order(there) == Ordering::Equal
            };
            if let Some((there, _)) = same.clone().find(|(_, there)| is_same(there)) {
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
            let is_obsolete = |there: &Installed| {
                let hit = |o: &Dependency| obsoletes_package(o, &there.identity);
                there.identity.name != own.name && obsoletes[index].iter().any(hit)
            };
            let all = installed.iter().enumerate();
            let erased = &mut transaction.erased;
            erased.extend(replaced.iter().map(|there| (*there, index)));
            for (there, _) in all.filter(|(_, there)| is_obsolete(there)) {
                replaced.push(there);
                erased.entry(there).or_insert(index);
            }
            transaction.new.insert(index, replaced);
        }
        Ok(transaction)
    }

    /// Leaves out the candidates that others obsolete, as rpm does with what comes at once.
    fn leave_out(&mut self, candidates: &[Candidate], obsoletes: &[Vec<Dependency>]) {
        let mut by_name = BTreeMap::<&str, Vec<(usize, &Dependency)>>::new();
        for (index, obsoletes) in obsoletes.iter().enumerate() {
            for obsolete in obsoletes {
                by_name
                    .entry(&obsolete.name)
                    .or_default()
                    .push((index, obsolete));
            }
        }
        for (index, candidate) in candidates.iter().enumerate() {
            let own = &candidate.package.identity;
            let mut others = by_name.get(&*own.name).into_iter().flatten();
            // Of two that obsolete each other, rpm installs the one that comes first.
            let is_mutual = |other: usize| {
                let other = &candidates[other].package.identity;
                obsoletes[index]
                    .iter()
                    .any(|own| obsoletes_package(own, other))
            };
            let found = others.find(|(other, obsolete)| {
                candidates[*other].package.identity.name != own.name
                    && !self.left_out.contains_key(other)
                    && obsoletes_package(obsolete, own)
                    && !(index < *other && is_mutual(*other))
            });
            if let Some((other, _)) = found {
                self.left_out.insert(index, *other);
            }
        }
    }

    /// Returns the candidates that are left out, with those that obsolete them.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (usize, usize)> {
        self.left_out.iter().map(|(index, by)| (*index, *by))
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

    /// Returns whether something goes for a candidate's sake.
    pub(super) fn is_update(&self, candidate: usize) -> bool {
        self.erased.values().any(|of| *of == candidate)
    }

    /// Returns what is installed and goes.
    pub(super) fn erased(&self) -> impl Iterator<Item = usize> {
        self.erased.keys().copied()
    }

    /// Returns what goes in the order of the names of what replaces it, and of two versions the
    /// older one last.
    pub(super) fn erased_in_turn(&self) -> Vec<usize> {
        let mut erased = Vec::new();
        for replaced in self.new.values() {
            for old in replaced.iter().rev() {
                if !erased.contains(old) {
                    erased.push(*old);
                }
            }
        }
        erased
    }

    /// Returns whether something that is installed goes.
    pub(super) fn is_erased(&self, installed: usize) -> bool {
        self.erased.contains_key(&installed)
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
            let (other, file) = (&other.package.identity, &other.file.name);
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

/// What packages are or provide of which several versions lie beside one another (dnf's
/// `INSTALLONLYPKGS`).
const PARALLEL: [&str; 6] = [
    "kernel",
    "kernel-PAE",
    "installonlypkg(kernel)",
    "installonlypkg(kernel-module)",
    "installonlypkg(vm)",
    "multiversion(kernel)",
];

/// Returns whether several versions lie beside one another, as kernels do.
pub(super) fn is_parallel(name: &str, provides: &[Dependency]) -> bool {
    let names = provides.iter().map(|provided| &*provided.name);
    names.chain([name]).any(|name| PARALLEL.contains(&name))
}

fn is_candidate_parallel(candidate: &Candidate) -> bool {
    let provides = Dependency::read(&candidate.package.header, PROVIDES).unwrap_or_default();
    is_parallel(&candidate.package.identity.name, &provides)
}

/// Returns whether a package is what another one obsoletes: by its own name, not by what it provides.
pub(super) fn obsoletes_package(obsolete: &Dependency, identity: &Identity) -> bool {
    obsolete.name == identity.name && {
        let version = Dependency {
            name: identity.name.clone(),
            flags: sense::EQUAL,
            version: identity.version.clone(),
        };
        obsolete.overlaps(&version)
    }
}

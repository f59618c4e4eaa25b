//! What packages require of one another, which says in which order they come and go.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::paths;
use super::store::Installed;
use super::transaction::Transaction;
use crate::order::{self, Edges};
use crate::rpm::dependency::{Dependency, PROVIDES, REQUIRES};
use crate::rpm::file::File;
use crate::rpm::header::Header;

/// Returns the places of the packages that are installed, first to last.
pub(super) fn order(candidates: &[Candidate], transaction: &Transaction) -> Vec<usize> {
    let new = transaction.installs().map(|index| {
        let candidate = &candidates[index];
        (index, &candidate.package.header, &*candidate.files)
    });
    order::of(&edges(&new.collect::<Vec<_>>()))
}

/// Returns the places of what is installed and goes, first to last: what another one requires goes
/// after that.
pub(super) fn back(installed: &[Installed], transaction: &Transaction) -> Vec<usize> {
    let erased = transaction.erased_in_turn();
    let old = erased.iter().enumerate();
    let old = old.map(|(turn, at)| (turn, &installed[*at].header, installed[*at].files()));
    let edges = edges(&old.collect::<Vec<_>>());
    let mut back: Edges = edges.keys().map(|turn| (*turn, BTreeMap::new())).collect();
    for (turn, required) in edges {
        for (other, is_hard) in required {
            back.entry(other).or_default().insert(turn, is_hard);
        }
    }
    order::of(&back)
        .into_iter()
        .map(|turn| erased[turn])
        .collect()
}

/// Returns what packages require of each other, each a number with its header and files.
fn edges(packages: &[(usize, &Header, &[File])]) -> Edges {
    let mut provides: BTreeMap<String, Vec<(usize, Dependency)>> = BTreeMap::new();
    for (index, header, _) in packages {
        for provided in Dependency::read(header, PROVIDES).unwrap_or_default() {
            let name = provided.name.clone();
            provides.entry(name).or_default().push((*index, provided));
        }
    }
    let requires = packages.iter();
    let requires = requires.map(|(_, header, _)| Dependency::read(header, REQUIRES));
    let requires: Vec<_> = requires.map(Result::unwrap_or_default).collect();
    let files = packages.iter().map(|(index, _, files)| (*index, *files));
    let paths = paths::owners(requires.iter().flatten(), files);
    let mut edges = Edges::new();
    for ((index, ..), requires) in packages.iter().zip(&requires) {
        let own = edges.entry(*index).or_default();
        for wanted in requires {
            let named = provides.get(&wanted.name).into_iter().flatten();
            let named = named.filter(|(_, provided)| provided.overlaps(wanted));
            let by_path = paths.get(wanted.name.as_bytes()).into_iter().flatten();
            for other in named.map(|(other, _)| other).chain(by_path) {
                if other != index {
                    *own.entry(*other).or_default() |= wanted.is_hard();
                }
            }
        }
    }
    edges
}

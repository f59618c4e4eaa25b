//! What packages require of one another, which says in which order they are installed.

use std::collections::{BTreeMap, BTreeSet};

use super::set::Candidate;
use super::transaction::Transaction;
use crate::order::{self, Edges};
use crate::rpm::dependency::{Dependency, PROVIDES, REQUIRES};

/// Returns the places of the packages that are installed, first to last.
pub(super) fn order(candidates: &[Candidate], transaction: &Transaction) -> Vec<usize> {
    order::of(&edges(candidates, transaction))
}

fn edges(candidates: &[Candidate], transaction: &Transaction) -> Edges {
    let read = |index: usize, tags| {
        Dependency::read(&candidates[index].package.header, tags).unwrap_or_default()
    };
    let mut provides: BTreeMap<String, Vec<(usize, Dependency)>> = BTreeMap::new();
    let mut paths: BTreeMap<Vec<u8>, BTreeSet<usize>> = BTreeMap::new();
    for index in transaction.installs() {
        for provided in read(index, PROVIDES) {
            let name = provided.name.clone();
            provides.entry(name).or_default().push((index, provided));
        }
        for file in &candidates[index].files {
            paths.entry(file.path()).or_default().insert(index);
        }
    }
    let mut edges = Edges::new();
    for index in transaction.installs() {
        let own = edges.entry(index).or_default();
        for wanted in read(index, REQUIRES) {
            let named = provides.get(&wanted.name).into_iter().flatten();
            let named = named.filter(|(_, provided)| provided.overlaps(&wanted));
            let by_path = paths.get(wanted.name.as_bytes()).into_iter().flatten();
            for other in named.map(|(other, _)| other).chain(by_path) {
                if *other != index {
                    *own.entry(*other).or_default() |= wanted.is_hard();
                }
            }
        }
    }
    edges
}

//! What packages require of one another, which says in which order they are installed.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::paths;
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
    for index in transaction.installs() {
        for provided in read(index, PROVIDES) {
            let name = provided.name.clone();
            provides.entry(name).or_default().push((index, provided));
        }
    }
    let requires = transaction.installs().map(|index| read(index, REQUIRES));
    let requires: Vec<_> = requires.collect();
    let files = transaction.installs();
    let files = files.map(|index| (index, &*candidates[index].files));
    let paths = paths::owners(requires.iter().flatten(), files);
    let mut edges = Edges::new();
    for (index, requires) in transaction.installs().zip(&requires) {
        let own = edges.entry(index).or_default();
        for wanted in requires {
            let named = provides.get(&wanted.name).into_iter().flatten();
            let named = named.filter(|(_, provided)| provided.overlaps(wanted));
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

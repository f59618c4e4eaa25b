//! Whether packages have all that they depend on, and nothing that they conflict with.

use std::collections::BTreeMap;

use super::architecture::Architectures;
use super::database::Database;
use super::relations::Relations;
use super::set::Candidate;
use super::transaction::Transaction;
use super::world::{Member, Who, World};
use crate::deb::identity::Identity;
use crate::deb::relation::Possible;
use crate::order::Edges;
use crate::value::{Span, ValueError};

impl World<'_> {
    /// Returns the packages that a new one depends on in each of its needs.
    pub(super) fn needed_by(&self, candidate: &Candidate) -> Vec<Vec<Who>> {
        let needs = candidate.relations.needs();
        let found = needs.map(|relation| {
            let found = self.satisfying(&candidate.identity, relation);
            found
                .into_iter()
                .map(|index| self.members[index].who)
                .collect()
        });
        found.collect()
    }

    /// Returns what new packages need of one another: a thing that goes before is a strict need.
    pub(super) fn edges(&self, candidates: &[Candidate], transaction: &Transaction) -> Edges {
        let mut edges = Edges::new();
        for index in transaction.new.keys() {
            let candidate = &candidates[*index];
            let own = edges.entry(*index).or_default();
            let relations = &candidate.relations;
            for (list, is_strict) in [(&relations.pre_depends, true), (&relations.depends, false)] {
                for relation in list {
                    for found in self.satisfying(&candidate.identity, relation) {
                        match self.members[found].who {
                            Who::New(other) if other != *index => {
                                *own.entry(other).or_default() |= is_strict;
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        edges
    }

    /// Returns the packages of the image that go, each with the new one that takes its place: it
    /// says `Replaces`, and either of them that they conflict (Debian Policy 7.6.2).
    pub(super) fn superseded(&self, database: &Database) -> BTreeMap<usize, usize> {
        let mut found = BTreeMap::new();
        for member in &self.members {
            for possible in conflicts(member) {
                for other in self.fitting(member.identity, possible, false) {
                    let other = &self.members[other];
                    let (there, new) = match (member.who, other.who) {
                        (Who::New(new), Who::There(there)) | (Who::There(there), Who::New(new)) => {
                            (there, new)
                        }
                        _ => continue,
                    };
                    let by = if member.who == Who::New(new) {
                        member
                    } else {
                        other
                    };
                    let old = database.entry(there);
                    let is_same = old.identity.name == by.identity.name;
                    let may_go = !old.is_essential() && !old.is_held();
                    if !is_same && may_go && replaces(self.arches, by.relations, &old.identity) {
                        found.entry(there).or_insert(new);
                    }
                }
            }
        }
        found
    }

    fn problems(&self, before: &Self) -> Vec<String> {
        let mut problems = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let own = member.identity;
            let is_new = matches!(member.who, Who::New(_));
            for relation in member.relations.needs() {
                // What an installed package lacks it may have lacked before.
                let is_problem = || is_new || !before.satisfying(own, relation).is_empty();
                if self.satisfying(own, relation).is_empty() && is_problem() {
                    problems.push(format!(
                        "{own} depends on {relation}, which nothing provides"
                    ));
                }
            }
            let lists = [
                (&member.relations.conflicts, "conflicts with"),
                (&member.relations.breaks, "breaks"),
            ];
            for (list, verb) in lists {
                for possible in list.iter().flat_map(|relation| &relation.0) {
                    for found in self.fitting(own, possible, false) {
                        let other = &self.members[found];
                        let is_other_new = matches!(other.who, Who::New(_));
                        // A package may conflict with what it provides itself.
                        let is_itself = index == found || other.identity.name == own.name;
                        if !is_itself && (is_new || is_other_new) {
                            let other = other.identity;
                            problems.push(format!("{own} {verb} {possible}, which is {other}"));
                        }
                    }
                }
            }
        }
        problems
    }

    /// Returns which new packages are there in another version for another architecture: dpkg
    /// configures neither, whatever is forced.
    fn out_of_step(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for member in &self.members {
            let own = member.identity;
            let is_new = matches!(member.who, Who::New(_));
            for offer in self.names.get(&*own.name).into_iter().flatten() {
                let other = self.members[offer.member];
                let is_same = other.identity.name == own.name && other.identity.arch != own.arch;
                if is_new && is_same && other.identity.version != own.version {
                    let other = other.identity;
                    problems.push(format!(
                        "{own} is for another architecture than {other}, so both need one version"
                    ));
                }
            }
        }
        problems
    }
}

/// Returns the packages that a package cannot be beside.
fn conflicts<'p>(member: &Member<'p>) -> impl Iterator<Item = &'p Possible> {
    let conflicts = member.relations.conflicts.iter();
    conflicts.flat_map(|relation| &relation.0)
}

/// Returns whether a package is one that another takes files of (dpkg's `does_replace`).
pub(super) fn replaces(arches: &Architectures, relations: &Relations, identity: &Identity) -> bool {
    let mut all = relations.replaces.iter().flat_map(|relation| &relation.0);
    all.any(|possible| {
        let is_arch = |arch| arch == "any" || arches.real(arch) == arches.real(&identity.arch);
        possible.name == identity.name
            && possible.fits(&identity.version)
            && possible.arch.as_deref().is_none_or(is_arch)
    })
}

/// Checks everything, and reports all that is wrong at once.
pub(super) fn check(
    after: &World<'_>,
    before: &World<'_>,
    nodeps: bool,
    span: Span,
) -> Result<(), ValueError> {
    let mut problems = after.out_of_step();
    if !nodeps {
        problems.extend(after.problems(before));
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() {
        return Ok(());
    }
    let error = ValueError::new(span, problems.join("; "));
    Err(match nodeps {
        true => error.help("list both architectures' packages in one version"),
        false => {
            error.help("add packages to `debs`, or give `nodeps: true` to install without them")
        }
    })
}

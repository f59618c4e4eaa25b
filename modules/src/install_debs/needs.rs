//! Whether packages have all that they depend on, and nothing that they conflict with.

use std::collections::BTreeMap;

use super::architecture::Architectures;
use super::database::Database;
use super::relations::Relations;
use super::set::Candidate;
use super::transaction::Transaction;
use crate::deb::identity::{Identity, Multi};
use crate::deb::relation::{Possible, Relation};
use crate::deb::version::Version;
use crate::order::Edges;
use crate::value::{Span, ValueError};

/// Which package something is, of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    New(usize),
    There(usize),
}

/// A package of the image as it will be.
#[derive(Clone, Copy)]
struct Member<'p> {
    who: Who,
    identity: &'p Identity,
    relations: &'p Relations,
}

/// All packages, and what they provide.
pub(super) struct World<'p> {
    members: Vec<Member<'p>>,
    arches: &'p Architectures,
    /// The members of each name, and those that provide it, with the version that they say.
    names: BTreeMap<&'p str, Vec<(usize, Option<&'p Version>)>>,
}

impl<'p> World<'p> {
    /// Returns the packages of the image once the transaction is done, or as they are now.
    pub(super) fn of(
        candidates: &'p [Candidate],
        database: &'p Database,
        transaction: &Transaction,
        arches: &'p Architectures,
        is_done: bool,
    ) -> Self {
        let there = database.entries().filter(|(index, entry)| {
            entry.state.is_there() && !(is_done && transaction.is_replaced(*index))
        });
        let there = there.map(|(index, entry)| Member {
            who: Who::There(index),
            identity: &entry.identity,
            relations: &entry.relations,
        });
        let new = transaction
            .new
            .keys()
            .filter(|_| is_done)
            .map(|index| Member {
                who: Who::New(*index),
                identity: &candidates[*index].identity,
                relations: &candidates[*index].relations,
            });
        let members: Vec<_> = new.chain(there).collect();
        let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            let own = (&*member.identity.name, Some(&member.identity.version));
            let provided = member
                .relations
                .provides
                .iter()
                .flat_map(|relation| &relation.0);
            let provided = provided.map(|possible| {
                let version = possible.version.as_ref().map(|(_, version)| version);
                (&*possible.name, version)
            });
            for (name, version) in provided.chain([own]) {
                names.entry(name).or_default().push((index, version));
            }
        }
        Self {
            members,
            arches,
            names,
        }
    }

    /// Returns the members that fit; `is_needed` tells a need from a conflict, which is with packages
    /// of any architecture unless one is named.
    fn fitting(&self, of: &Identity, possible: &Possible, is_needed: bool) -> Vec<usize> {
        let mut found = Vec::new();
        for (index, version) in self.names.get(&*possible.name).into_iter().flatten() {
            let identity = self.members[*index].identity;
            let fits = match (&possible.version, version) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(_), Some(version)) => possible.fits(version),
            };
            if fits && self.fits_arch(of, possible, identity, is_needed) {
                found.push(*index);
            }
        }
        found
    }

    /// Returns whether a package has the right architecture (dpkg's `deparchsatisfied`).
    fn fits_arch(
        &self,
        of: &Identity,
        possible: &Possible,
        found: &Identity,
        is_needed: bool,
    ) -> bool {
        let [own, other] = [of, found].map(|identity| self.arches.real(&identity.arch));
        match possible.arch.as_deref() {
            None if !is_needed => true,
            None => found.multi == Multi::Foreign || own == other,
            Some("any") if !is_needed => true,
            Some("any") => found.multi == Multi::Allowed,
            Some("native") => other == self.arches.native,
            Some(arch) => other == arch,
        }
    }

    fn satisfying(&self, of: &Identity, relation: &Relation) -> Vec<usize> {
        let possible = relation.0.iter();
        possible
            .flat_map(|one| self.fitting(of, one, true))
            .collect()
    }

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
                    if !is_same && may_go && replaces(by.relations, &old.identity) {
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
            for (other, _) in self.names.get(&*own.name).into_iter().flatten() {
                let other = self.members[*other];
                let is_same = other.identity.name == own.name && other.identity.arch != own.arch;
                if is_new && is_same && other.identity.version != own.version {
                    let other = other.identity;
                    problems.push(format!(
                        "{own} is for another architecture than {other}, so both need one version"
                    ));
                }
            }
        }
        problems.sort();
        problems.dedup();
        problems
    }
}

/// Returns the packages that a package cannot be beside.
fn conflicts<'p>(member: &Member<'p>) -> impl Iterator<Item = &'p Possible> {
    let conflicts = member.relations.conflicts.iter();
    conflicts.flat_map(|relation| &relation.0)
}

/// Returns whether a package is one that another takes files of.
pub(super) fn replaces(relations: &Relations, identity: &Identity) -> bool {
    let mut all = relations.replaces.iter().flat_map(|relation| &relation.0);
    all.any(|possible| possible.name == identity.name && possible.fits(&identity.version))
}

/// Checks everything, and reports all that is wrong at once.
pub(super) fn check(after: &World<'_>, before: &World<'_>, span: Span) -> Result<(), ValueError> {
    let problems = after.problems(before);
    if problems.is_empty() {
        return Ok(());
    }
    let error = ValueError::new(span, problems.join("; "));
    Err(error.help("add packages to `debs`, or give `nodeps: true` to install without them"))
}

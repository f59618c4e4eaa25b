//! The packages of an image as it will be, or is, and what names they have and provide.

use std::collections::BTreeMap;

use super::architecture::Architectures;
use super::database::Database;
use super::relations::Relations;
use super::set::Candidate;
use super::transaction::Transaction;
use crate::deb::identity::{Identity, Multi};
use crate::deb::relation::{Possible, Relation, Sign};
use crate::deb::version::Version;

/// Which package something is, of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    New(usize),
    There(usize),
}

/// A package of the image as it will be.
#[derive(Clone, Copy)]
pub(super) struct Member<'p> {
    pub(super) who: Who,
    pub(super) identity: &'p Identity,
    pub(super) relations: &'p Relations,
}

/// A name that a package has, or provides.
#[derive(Clone, Copy)]
pub(super) struct Offer<'p> {
    /// The place of the package.
    pub(super) member: usize,
    version: Option<&'p Version>,
    /// What it is for: an architecture, or `any`.
    arch: &'p str,
    is_provided: bool,
}

/// All packages, and what they provide.
pub(super) struct World<'p> {
    pub(super) members: Vec<Member<'p>>,
    pub(super) arches: &'p Architectures,
    pub(super) names: BTreeMap<&'p str, Vec<Offer<'p>>>,
}

impl<'p> World<'p> {
    /// Returns the packages of the image as they are now.
    pub(super) fn before(database: &'p Database, arches: &'p Architectures) -> Self {
        Self::of(there(database).collect(), arches)
    }

    /// Returns the packages of the image once the transaction is done.
    pub(super) fn after(
        candidates: &'p [Candidate],
        database: &'p Database,
        transaction: &Transaction,
        arches: &'p Architectures,
    ) -> Self {
        let new = transaction.new.keys().map(|index| Member {
            who: Who::New(*index),
            identity: &candidates[*index].identity,
            relations: &candidates[*index].relations,
        });
        let stays = |member: &Member<'_>| match member.who {
            Who::There(index) => !transaction.is_replaced(index),
            Who::New(_) => true,
        };
        Self::of(new.chain(there(database).filter(stays)).collect(), arches)
    }

    fn of(members: Vec<Member<'p>>, arches: &'p Architectures) -> Self {
        let mut names: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            let Identity {
                name,
                version,
                arch,
                ..
            } = member.identity;
            let own = Offer {
                member: index,
                version: Some(version),
                arch,
                is_provided: false,
            };
            names.entry(&**name).or_default().push(own);
            let provided = member.relations.provides.iter();
            for possible in provided.flat_map(|relation| &relation.0) {
                let version = match &possible.version {
                    None => None,
                    Some((Sign::Equal, version)) => Some(version),
                    // dpkg takes it, and then lets it provide nothing.
                    Some(_) => continue,
                };
                names.entry(&*possible.name).or_default().push(Offer {
                    version,
                    arch: possible.arch.as_deref().unwrap_or(arch),
                    is_provided: true,
                    ..own
                });
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
    pub(super) fn fitting(
        &self,
        of: &Identity,
        possible: &Possible,
        is_needed: bool,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        for offer in self.names.get(&*possible.name).into_iter().flatten() {
            let fits = match (&possible.version, offer.version) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(_), Some(version)) => possible.fits(version),
            };
            if fits && self.fits_arch(of, possible, *offer, is_needed) {
                found.push(offer.member);
            }
        }
        found
    }

    /// Returns whether a package has the right architecture (dpkg's `deparchsatisfied`, which it
    /// does not ask about a conflict with what is provided).
    fn fits_arch(
        &self,
        of: &Identity,
        possible: &Possible,
        offer: Offer<'_>,
        is_needed: bool,
    ) -> bool {
        let [own, offered] = [&*of.arch, offer.arch].map(|arch| self.arches.real(arch));
        let multi = self.members[offer.member].identity.multi;
        match possible.arch.as_deref() {
            None | Some("any") if !is_needed => true,
            Some(_) if !is_needed && offer.is_provided => true,
            None => multi == Multi::Foreign || own == offered,
            Some("any") => multi == Multi::Allowed || offered == "any",
            Some(arch) => self.arches.real(arch) == offered,
        }
    }

    /// Returns the members each of which is enough for a need.
    pub(super) fn satisfying(&self, of: &Identity, relation: &Relation) -> Vec<usize> {
        let possible = relation.0.iter();
        possible
            .flat_map(|one| self.fitting(of, one, true))
            .collect()
    }
}

/// Returns the packages that are there now.
fn there(database: &Database) -> impl Iterator<Item = Member<'_>> {
    let there = database
        .entries()
        .filter(|(_, entry)| entry.state.is_there());
    there.map(|(index, entry)| Member {
        who: Who::There(index),
        identity: &entry.identity,
        relations: &entry.relations,
    })
}

//! All packages that could be in the image, and what each asks of the others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use super::machine::Machine;
use super::store::Installed;
use super::transaction::{Transaction, bits, is_parallel, obsoletes_package};
use crate::rpm::dependency::{CONFLICTS, Dependency, OBSOLETES, PROVIDES, REQUIRES, sense};
use crate::rpm::file::File;
use crate::rpm::header::Header;
use crate::rpm::identity::Identity;
use crate::rpm::repodata::Offer;
use crate::rpm::rich::Rich;

/// The most alternatives that a rich dependency may have; beyond, the first ones count.
const ALTERNATIVES: usize = 64;

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Listed,
    There,
    /// By its place in the list of offers.
    Offered(usize),
}

/// A package.
pub(super) struct Item<'p> {
    pub(super) origin: Origin,
    pub(super) identity: &'p Identity,
    /// The place of its name: what has the same cannot be there twice.
    pub(super) name: usize,
    /// How far its architecture is from the image's own: 0 is that, or none.
    pub(super) foreign: usize,
    provides: Cow<'p, [Dependency]>,
    requires: Cow<'p, [Dependency]>,
    conflicts: Cow<'p, [Dependency]>,
    obsoletes: Cow<'p, [Dependency]>,
}

impl Item<'_> {
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.origin, Origin::Offered(_))
    }
}

/// Sets of packages, of each of which one is needed, and those that are not to be there.
type Refused = (Vec<BTreeSet<usize>>, BTreeSet<usize>);

/// Packages by place.
pub(super) struct Universe<'p> {
    pub(super) items: Vec<Item<'p>>,
    /// What has the same name.
    pub(super) names: Vec<Vec<usize>>,
    /// Who provides something, and which of the item's provides it is.
    provides: BTreeMap<String, Vec<(usize, usize)>>,
    /// Who obsoletes a name, and by which of the item's obsoletes.
    obsoletes: BTreeMap<String, Vec<(usize, usize)>>,
    /// Who has a path that somebody requires.
    paths: BTreeMap<String, BTreeSet<usize>>,
    /// What is called by a name, in any architecture.
    called: BTreeMap<&'p str, Vec<usize>>,
}

impl<'p> Universe<'p> {
    /// Takes all packages: those that are listed, those that stay, and those that are offered and
    /// no older than what is there.
    pub(super) fn of(
        candidates: &'p [Candidate],
        installed: &'p [Installed],
        transaction: &Transaction,
        offers: &'p [Offer],
        machine: Option<&Machine>,
    ) -> Self {
        let mut builder = Builder::default();
        for index in transaction.installs() {
            let candidate = &candidates[index];
            let (identity, header) = (&candidate.package.identity, &candidate.package.header);
            builder.add(Origin::Listed, identity, header, &candidate.files);
        }
        for (index, there) in installed.iter().enumerate() {
            if !transaction.is_erased(index) {
                builder.add(Origin::There, &there.identity, &there.header, there.files());
            }
        }
        for (index, offer) in offers.iter().enumerate() {
            builder.offer(index, offer, machine);
        }
        builder.finish()
    }

    /// Returns what is there in any case, as long as nothing better is known.
    pub(super) fn certain(&self) -> BTreeSet<usize> {
        let certain = |index: &usize| !self.items[*index].is_offered();
        (0..self.items.len()).filter(certain).collect()
    }

    /// Returns a package that is there, and those that can take its place.
    pub(super) fn successors(&self, index: usize) -> BTreeSet<usize> {
        let own = &self.items[index];
        let mut found: BTreeSet<_> = self.names[own.name].iter().copied().collect();
        let heirs = self.obsoletes.get(&own.identity.name).into_iter().flatten();
        found.extend(
            heirs
                .filter(|(other, place)| {
                    let item = &self.items[*other];
                    item.identity.name != own.identity.name
                        && obsoletes_package(&item.obsoletes[*place], own.identity)
                })
                .map(|(other, _)| *other),
        );
        found
    }

    /// Returns what a package requires: each by a name, and the packages of which any will do.
    /// Rich dependencies may have conditions, of which `known` decides.
    pub(super) fn required(
        &self,
        index: usize,
        known: &BTreeSet<usize>,
    ) -> Vec<(&Dependency, BTreeSet<usize>)> {
        let item = &self.items[index];
        let mut found = Vec::new();
        for wanted in &*item.requires {
            if wanted.name.starts_with("rpmlib(") || wanted.flags & sense::MISSINGOK != 0 {
                continue;
            }
            for items in self.alternatives(wanted, known) {
                // What an installed package lacks it lacked before.
                let is_there = |item: &usize| self.items[*item].origin == Origin::There;
                let is_old = item.origin == Origin::There && !items.iter().any(is_there);
                if !items.contains(&index) && !is_old {
                    found.push((wanted, items));
                }
            }
        }
        for unwanted in item.conflicts.iter().filter(|unwanted| unwanted.is_rich()) {
            let needed = self.refused(index, unwanted, known).0;
            found.extend(needed.into_iter().map(|items| (unwanted, items)));
        }
        found
    }

    /// Returns what has to hold so that an expression does not that a package conflicts with: of
    /// each set, one package is needed, and all of the last are not to be there.
    fn refused(&self, index: usize, unwanted: &Dependency, known: &BTreeSet<usize>) -> Refused {
        let mut refused = Refused::default();
        let mut known = known.clone();
        known.insert(index);
        let having = |wanted: &Dependency| self.having(wanted);
        let is_known = |wanted: &Dependency| &self.having(wanted) & &known;
        let mut next: Vec<_> = Rich::parse(&unwanted.name).into_iter().collect();
        while let Some(rich) = next.pop() {
            match rich {
                Rich::One(_) | Rich::With(_) | Rich::Without(..) => {
                    refused.1.extend(rich.found(&having));
                }
                Rich::Or(all) => next.extend(all),
                // What holds already leaves it to the rest.
                Rich::And(all) => {
                    let mut rest = all.into_iter().filter(|part| !part.holds(&is_known));
                    next.extend(rest.next().filter(|_| rest.next().is_none()));
                }
                Rich::Unless(then, when, other) => {
                    if then.holds(&is_known) {
                        refused.0.extend(self.of_rich(&when, &known));
                    }
                    if when.holds(&is_known) {
                        next.extend(other.map(|other| *other));
                    }
                }
                Rich::If(..) => {}
            }
        }
        refused
    }

    /// Returns what cannot be there beside a package: what it conflicts with, and what it obsoletes.
    /// Rich dependencies may have conditions, of which `known` decides.
    pub(super) fn unwanted(&self, index: usize, known: &BTreeSet<usize>) -> BTreeSet<usize> {
        let own = &self.items[index];
        let mut found = BTreeSet::new();
        for unwanted in &*own.conflicts {
            match unwanted.is_rich() {
                true => found.extend(self.refused(index, unwanted, known).1),
                false => found.extend(self.having(unwanted)),
            }
        }
        for obsolete in &*own.obsoletes {
            for other in self.called.get(&*obsolete.name).into_iter().flatten() {
                let other_identity = self.items[*other].identity;
                if own.identity.name != other_identity.name
                    && obsoletes_package(obsolete, other_identity)
                {
                    found.insert(*other);
                }
            }
        }
        // Two that are there may have been at odds before.
        let is_settled = own.origin == Origin::There;
        found.retain(|other| {
            let is_there = self.items[*other].origin == Origin::There;
            *other != index && !(is_settled && is_there)
        });
        found
    }

    /// Returns those of some packages that others of them obsolete.
    pub(super) fn obsoleted(&self, items: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for heir in items.iter().map(|heir| &self.items[*heir]) {
            for obsolete in &*heir.obsoletes {
                let called = self.called.get(&*obsolete.name).into_iter().flatten();
                found.extend(called.filter(|item| {
                    let identity = self.items[**item].identity;
                    items.contains(item)
                        && identity.name != heir.identity.name
                        && obsoletes_package(obsolete, identity)
                }));
            }
        }
        found
    }

    /// Returns the packages that have what is asked for.
    fn having(&self, wanted: &Dependency) -> BTreeSet<usize> {
        let provided = self.provides.get(&wanted.name).into_iter().flatten();
        let fits =
            |(item, place): &&(usize, usize)| self.items[*item].provides[*place].overlaps(wanted);
        let mut found: BTreeSet<_> = provided.filter(fits).map(|(item, _)| *item).collect();
        if wanted.flags & sense::RANGE == 0 {
            found.extend(self.paths.get(&wanted.name).into_iter().flatten());
        }
        found
    }

    /// Returns what has to hold for a dependency: of each set, one.
    fn alternatives(&self, wanted: &Dependency, known: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        if !wanted.is_rich() {
            return vec![self.having(wanted)];
        }
        match Rich::parse(&wanted.name) {
            Some(rich) => self.of_rich(&rich, known),
            None => Vec::new(),
        }
    }

    fn of_rich(&self, rich: &Rich, known: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
        let having = |wanted: &Dependency| self.having(wanted);
        let is_known = |wanted: &Dependency| &self.having(wanted) & known;
        match rich {
            Rich::One(_) | Rich::With(_) | Rich::Without(..) => vec![rich.found(&having)],
            Rich::And(all) => all
                .iter()
                .flat_map(|part| self.of_rich(part, known))
                .collect(),
            Rich::Or(any) => {
                let mut parts = any.iter().map(|part| self.of_rich(part, known));
                let first = parts.next().unwrap_or_default();
                parts.fold(first, |all, part| {
                    let pairs = all.iter().flat_map(|a| part.iter().map(move |b| a | b));
                    pairs.take(ALTERNATIVES).collect()
                })
            }
            Rich::If(then, when, otherwise) => match when.holds(&is_known) {
                true => self.of_rich(then, known),
                false => match otherwise {
                    Some(other) => self.of_rich(other, known),
                    None => Vec::new(),
                },
            },
            Rich::Unless(then, when, otherwise) => match when.holds(&is_known) {
                false => self.of_rich(then, known),
                true => match otherwise {
                    Some(other) => self.of_rich(other, known),
                    None => vec![BTreeSet::new()],
                },
            },
        }
    }

    /// Returns why packages can never be there, each reason as a sentence: what nothing provides that
    /// they require, or all that provide it do.
    pub(super) fn holes(&self) -> BTreeSet<String> {
        let known = self.certain();
        let mut required = BTreeMap::new();
        let mut next: Vec<_> = known.iter().copied().collect();
        while let Some(index) = next.pop() {
            required.entry(index).or_insert_with(|| {
                let required = self.required(index, &known);
                next.extend(required.iter().flat_map(|(_, items)| items.iter()));
                required
            });
        }
        let mut hopeless = BTreeSet::new();
        let is_missing = |items: &BTreeSet<usize>, hopeless: &BTreeSet<usize>| {
            items.iter().all(|item| hopeless.contains(item))
        };
        loop {
            let mut more = required.iter().filter(|(index, required)| {
                self.items[**index].is_offered()
                    && !hopeless.contains(*index)
                    && required
                        .iter()
                        .any(|(_, items)| is_missing(items, &hopeless))
            });
            let more: Vec<_> = more.by_ref().map(|(index, _)| *index).collect();
            if more.is_empty() {
                break;
            }
            hopeless.extend(more);
        }
        let mut reasons = BTreeSet::new();
        let mut seen = BTreeSet::new();
        next.extend(known);
        while let Some(index) = next.pop() {
            if !seen.insert(index) {
                continue;
            }
            for (wanted, items) in &required[&index] {
                match items.is_empty() {
                    _ if !is_missing(items, &hopeless) => {}
                    true => {
                        let who = self.items[index].identity;
                        reasons.insert(format!("nothing provides {wanted} needed by {who}"));
                    }
                    false => next.extend(items),
                }
            }
        }
        reasons
    }
}

/// Collects packages.
#[derive(Default)]
struct Builder<'p> {
    items: Vec<Item<'p>>,
    names: BTreeMap<String, Vec<usize>>,
    /// The files of packages with headers.
    files: Vec<(usize, &'p [File])>,
    listed: Vec<(usize, &'p [String])>,
}

impl<'p> Builder<'p> {
    fn add(
        &mut self,
        origin: Origin,
        identity: &'p Identity,
        header: &'p Header,
        files: &'p [File],
    ) {
        // Lists that are not sound were refused when the package was read.
        let read = |tags| Cow::Owned(Dependency::read(header, tags).unwrap_or_default());
        self.files.push((self.items.len(), files));
        self.push(Item {
            origin,
            identity,
            name: 0,
            foreign: 0,
            provides: read(PROVIDES),
            requires: read(REQUIRES),
            conflicts: read(CONFLICTS),
            obsoletes: read(OBSOLETES),
        });
    }

    fn offer(&mut self, index: usize, offer: &'p Offer, machine: Option<&Machine>) {
        let item = Item {
            origin: Origin::Offered(index),
            identity: &offer.identity,
            name: 0,
            foreign: machine.map_or(0, |machine| machine.distance(&offer.identity.arch)),
            provides: Cow::Borrowed(&offer.provides),
            requires: Cow::Borrowed(&offer.requires),
            conflicts: Cow::Borrowed(&offer.conflicts),
            obsoletes: Cow::Borrowed(&offer.obsoletes),
        };
        // Nothing is offered twice, and nothing takes the place of a newer one.
        let same = self.names.get(&name(&item)).into_iter().flatten();
        let is_beaten = same.map(|other| &self.items[*other]).any(|other| {
            let order = item.identity.version.compare(&other.identity.version);
            match other.is_offered() {
                true => order.is_eq() && item.identity.arch == other.identity.arch,
                false => order.is_le(),
            }
        });
        if !is_beaten {
            self.listed.push((self.items.len(), &offer.paths));
            self.push(item);
        }
    }

    fn push(&mut self, item: Item<'p>) {
        self.names
            .entry(name(&item))
            .or_default()
            .push(self.items.len());
        self.items.push(item);
    }

    fn finish(mut self) -> Universe<'p> {
        let mut provides = BTreeMap::<String, Vec<_>>::new();
        let mut obsoletes = BTreeMap::<String, Vec<_>>::new();
        let mut called = BTreeMap::<&str, Vec<_>>::new();
        let mut paths = BTreeMap::<String, BTreeSet<usize>>::new();
        for (index, item) in self.items.iter().enumerate() {
            called.entry(&item.identity.name).or_default().push(index);
            for (place, provided) in item.provides.iter().enumerate() {
                let providers = provides.entry(provided.name.clone()).or_default();
                providers.push((index, place));
            }
            for (place, obsolete) in item.obsoletes.iter().enumerate() {
                let heirs = obsoletes.entry(obsolete.name.clone()).or_default();
                heirs.push((index, place));
            }
            for wanted in item.requires.iter().chain(&*item.conflicts) {
                let asked = Rich::paths(wanted).into_iter();
                paths.extend(asked.map(|path| (path, BTreeSet::new())));
            }
        }
        for (index, files) in &self.files {
            for file in *files {
                let path = file.path();
                let owners = std::str::from_utf8(&path)
                    .ok()
                    .and_then(|path| paths.get_mut(path));
                owners.map(|owners| owners.insert(*index));
            }
        }
        for (index, listed) in &self.listed {
            for path in *listed {
                paths.get_mut(path).map(|owners| owners.insert(*index));
            }
        }
        let names: Vec<_> = self.names.into_values().collect();
        for (number, items) in names.iter().enumerate() {
            for item in items {
                self.items[*item].name = number;
            }
        }
        Universe {
            items: self.items,
            names,
            provides,
            obsoletes,
            paths,
            called,
        }
    }
}

/// Returns what only one package can have: a 32-bit library lies beside the 64-bit one, and kernels
/// beside one another.
fn name(item: &Item<'_>) -> String {
    let identity = item.identity;
    match is_parallel(&identity.name, &item.provides) {
        true => identity.to_string(),
        false => format!("{} {}", identity.name, bits(&identity.arch)),
    }
}

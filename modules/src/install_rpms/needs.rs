//! Whether packages have all that they require, and nothing that they conflict with.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use super::paths::{self, Paths};
use super::store::Installed;
use super::transaction::{Transaction, obsoletes_package};
use crate::rpm::dependency::{CONFLICTS, Dependency, OBSOLETES, PROVIDES, REQUIRES, Tags, sense};
use crate::rpm::file::File;
use crate::rpm::header::Header;
use crate::rpm::identity::Identity;
use crate::rpm::rich::Rich;
use crate::value::{Span, ValueError};

/// A package of the image, as it was or as it will be.
#[derive(Clone, Copy)]
struct Member<'p> {
    identity: &'p Identity,
    header: &'p Header,
    files: &'p [File],
    /// Where the recipe lists it, if it is new.
    listed: Option<Span>,
}

impl Member<'_> {
    fn is_new(&self) -> bool {
        self.listed.is_some()
    }
}

/// All packages, what they ask for, and what they provide.
struct World<'p> {
    members: Vec<Member<'p>>,
    requires: Vec<Vec<Dependency>>,
    conflicts: Vec<Vec<Dependency>>,
    provides: BTreeMap<String, Vec<(usize, Dependency)>>,
    paths: Paths,
}

/// Checks everything, and reports all that is wrong at once.
pub(super) fn check(
    candidates: &[Candidate],
    installed: &[Installed],
    transaction: &Transaction,
    step: Span,
) -> Result<(), ValueError> {
    let new = transaction.installs().map(|index| {
        let candidate = &candidates[index];
        Member {
            identity: &candidate.package.identity,
            header: &candidate.package.header,
            files: &candidate.files,
            listed: Some(candidate.file.span),
        }
    });
    let (mut kept, mut erased) = (Vec::new(), Vec::new());
    for (index, there) in installed.iter().enumerate() {
        let list = if transaction.is_erased(index) {
            &mut erased
        } else {
            &mut kept
        };
        list.push(Member {
            identity: &there.identity,
            header: &there.header,
            files: there.files(),
            listed: None,
        });
    }
    let world = World::of(new.chain(kept.iter().copied()).collect());
    let before = LazyCell::new(|| World::of(kept.iter().chain(&erased).copied().collect()));
    let mut problems = BTreeMap::new();
    for (index, member) in world.members.iter().enumerate() {
        for wanted in &world.requires[index] {
            let is_rpms = wanted.name.starts_with("rpmlib(");
            // What an installed package lacks it may have lacked before.
            let is_new_problem = || member.is_new() || before.satisfies(wanted);
            if !is_rpms
                && wanted.flags & sense::MISSINGOK == 0
                && !world.satisfies(wanted)
                && is_new_problem()
            {
                let who = member.identity;
                let problem = format!("nothing provides {wanted} needed by {who}");
                problems.insert(problem, member.listed);
            }
        }
        for unwanted in &world.conflicts[index] {
            if unwanted.is_rich() {
                // An expression blames no package.
                if world.satisfies(unwanted) && (member.is_new() || !before.satisfies(unwanted)) {
                    let problem = format!("{} conflicts with {unwanted}", member.identity);
                    problems.insert(problem, member.listed);
                }
                continue;
            }
            for other in world.conflicting(index, unwanted) {
                let other = &world.members[other];
                let (a, b) = (member.identity, other.identity);
                let problem = format!("{a} conflicts with {unwanted} provided by {b}");
                problems.insert(problem, member.listed.or(other.listed));
            }
        }
    }
    let called = by_name(&world.members);
    for member in &kept {
        let obsoletes = read(member.header, OBSOLETES);
        let new = obsoletes.iter().flat_map(|obsolete| {
            let called = called.get(&*obsolete.name).into_iter().flatten();
            called.filter(|new| obsoletes_package(obsolete, new))
        });
        for new in new.filter(|new| new.name != member.identity.name) {
            let by = member.identity;
            let problem = format!("{new} is obsoleted by {by}, which is installed");
            problems.insert(problem, None);
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let listed = problems.values().find_map(|listed| *listed);
    let problems = problems.into_keys().collect::<Vec<_>>().join("; ");
    let error = ValueError::new(listed.unwrap_or(step), problems);
    Err(error.help("add packages to `rpms`, or give `nodeps: true` to install without them"))
}

/// Returns the packages that come, by name.
fn by_name<'p>(members: &[Member<'p>]) -> BTreeMap<&'p str, Vec<&'p Identity>> {
    let mut called = BTreeMap::<&str, Vec<_>>::new();
    for member in members.iter().filter(|member| member.is_new()) {
        let identity = member.identity;
        called.entry(&identity.name).or_default().push(identity);
    }
    called
}

fn read(header: &Header, tags: Tags) -> Vec<Dependency> {
    // Lists that are not sound were refused when the package was read; of what is installed, rpm
    // does not mind either.
    Dependency::read(header, tags).unwrap_or_default()
}

impl<'p> World<'p> {
    fn of(members: Vec<Member<'p>>) -> Self {
        let mut provides: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            for provided in read(member.header, PROVIDES) {
                let name = provided.name.clone();
                provides.entry(name).or_default().push((index, provided));
            }
        }
        let all = |tags| -> Vec<_> {
            let lists = members.iter().map(|member| read(member.header, tags));
            lists.collect()
        };
        let [requires, conflicts] = [REQUIRES, CONFLICTS].map(all);
        let files = members.iter().map(|member| member.files).enumerate();
        let wanted = requires.iter().chain(&conflicts).flatten();
        Self {
            paths: paths::owners(wanted, files),
            members,
            requires,
            conflicts,
            provides,
        }
    }

    /// Returns the packages that have what is asked for.
    fn having(&self, wanted: &Dependency) -> BTreeSet<usize> {
        let provided = self.provides.get(&wanted.name).into_iter().flatten();
        let fitting = provided.filter(|(_, provided)| provided.overlaps(wanted));
        let mut found: BTreeSet<_> = fitting.map(|(index, _)| *index).collect();
        if wanted.name.starts_with('/') && wanted.flags & sense::RANGE == 0 {
            found.extend(self.paths.get(wanted.name.as_bytes()).into_iter().flatten());
        }
        found
    }

    fn satisfies(&self, wanted: &Dependency) -> bool {
        if !wanted.is_rich() {
            return !self.having(wanted).is_empty();
        }
        let rich = Rich::parse(&wanted.name);
        rich.is_some_and(|rich| rich.holds(&|wanted| self.having(wanted)))
    }

    /// Returns the packages that one conflicts with, of which one of the two is new.
    fn conflicting(&self, index: usize, unwanted: &Dependency) -> Vec<usize> {
        let matters = |other: &usize| {
            *other != index && (self.members[index].is_new() || self.members[*other].is_new())
        };
        self.having(unwanted).into_iter().filter(matters).collect()
    }
}

//! Which packages of repositories make a set of packages whole.
//!
//! The crate resolvo solves it. To it, a name stands for all versions of a package, of which one
//! can be there; what is required is a list of names, each with the versions that will do.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use resolvo::conflict::{ConflictCause, ConflictEdge, ConflictGraph, ConflictNode};
use resolvo::{
    Candidates, Condition, ConditionId, ConditionalRequirement, DenseIndex as _, Dependencies,
    DependencyProvider, Interner, KnownDependencies, NameId, Problem, Requirement, SolvableId,
    Solver, SolverCache, StringId, UnsolvableOrCancelled, VersionSetId, VersionSetUnionId,
};

use super::universe::{Item, Origin, Universe};

/// How often the conditions of rich dependencies are looked at: what was added may have made others
/// hold.
const ROUNDS: usize = 16;

/// The most packages that are named as those of which one is needed.
const NAMED: usize = 3;

/// Returns which offers are needed, by place, in order.
///
/// # Errors
///
/// Returns why there is no way.
pub(super) fn solve(universe: &Universe<'_>) -> Result<Vec<usize>, String> {
    let mut chosen = universe.certain();
    for _ in 0..ROUNDS {
        let found = Provider::new(universe, &chosen).solve()?;
        if found == chosen {
            break;
        }
        chosen = found;
    }
    let offers = chosen
        .iter()
        .filter_map(|item| match universe.items[*item].origin {
            Origin::Offered(offer) => Some(offer),
            Origin::Listed | Origin::There => None,
        });
    Ok(offers.collect())
}

/// What resolvo asks for.
struct Provider<'u> {
    universe: &'u Universe<'u>,
    /// What rich dependencies have for there.
    known: &'u BTreeSet<usize>,
    /// Versions of a name, and lists of such, as they were asked for.
    sets: RefCell<Vec<(usize, BTreeSet<usize>)>>,
    unions: RefCell<Vec<Vec<VersionSetId>>>,
    /// What was asked for by lists that are empty.
    lacking: RefCell<BTreeMap<Requirement, String>>,
}

impl<'u> Provider<'u> {
    fn new(universe: &'u Universe<'u>, known: &'u BTreeSet<usize>) -> Self {
        Self {
            universe,
            known,
            sets: RefCell::default(),
            unions: RefCell::default(),
            lacking: RefCell::default(),
        }
    }

    fn solve(self) -> Result<BTreeSet<usize>, String> {
        let mut requirements = Vec::new();
        for (index, item) in self.universe.items.iter().enumerate() {
            match item.origin {
                Origin::Listed => requirements.push(self.require(&BTreeSet::from([index]), "")),
                Origin::There => {
                    requirements.push(self.require(&self.universe.successors(index), ""));
                }
                Origin::Offered(_) => {}
            }
        }
        let mut solver = Solver::new(self);
        match solver.solve(Problem::new().requirements(requirements)) {
            Ok(found) => Ok(found.into_iter().map(index).collect()),
            Err(UnsolvableOrCancelled::Unsolvable(conflict)) => {
                let graph = conflict.graph(&solver);
                Err(solver.provider().reasons(&graph))
            }
            // Nothing here cancels it.
            Err(UnsolvableOrCancelled::Cancelled(_)) => Err("the search was given up".to_owned()),
        }
    }

    /// Asks for one of some items; `wanted` is what they are asked for by.
    fn require(&self, items: &BTreeSet<usize>, wanted: &str) -> ConditionalRequirement {
        let mut names = BTreeMap::<usize, BTreeSet<usize>>::new();
        for index in items {
            let name = self.universe.items[*index].name;
            names.entry(name).or_default().insert(*index);
        }
        let mut names: Vec<_> = names.into_iter().collect();
        let all = &self.universe.items;
        let obsoleted = self.universe.obsoleted(items);
        // What is there or listed first, then what no other one obsoletes, then the package of that
        // very name, then by architecture and repository.
        names.sort_by_key(|(name, items)| {
            let known = items.iter().any(|item| !all[*item].is_offered());
            let is_obsolete = items.is_subset(&obsoleted);
            let is_named = items.iter().any(|item| all[*item].identity.name == wanted);
            let foreign = items.iter().map(|item| all[*item].foreign).min();
            (
                !known,
                is_obsolete,
                !is_named,
                foreign,
                items.first().copied(),
                *name,
            )
        });
        let sets = names.into_iter().map(|(name, items)| self.set(name, items));
        let sets: Vec<_> = sets.collect();
        let requirement = match sets[..] {
            [only] => Requirement::Single(only),
            _ => {
                let mut unions = self.unions.borrow_mut();
                unions.push(sets);
                Requirement::Union(VersionSetUnionId::from_index(unions.len() - 1))
            }
        };
        if items.is_empty() {
            let mut lacking = self.lacking.borrow_mut();
            lacking.insert(requirement, wanted.to_owned());
        }
        requirement.into()
    }

    fn set(&self, name: usize, items: BTreeSet<usize>) -> VersionSetId {
        let mut sets = self.sets.borrow_mut();
        sets.push((name, items));
        VersionSetId::from_index(sets.len() - 1)
    }

    fn item(&self, solvable: SolvableId) -> &Item<'u> {
        &self.universe.items[index(solvable)]
    }

    /// Says why packages do not fit together: what they need, and which of that is at odds.
    fn reasons(&self, ConflictGraph { graph, .. }: &ConflictGraph) -> String {
        let mut needs = BTreeMap::<_, BTreeSet<String>>::new();
        let mut odds = BTreeSet::new();
        for edge in graph.raw_edges() {
            let ends = [edge.source(), edge.target()].map(|end| graph[end]);
            let (from, to) = match ends {
                [ConflictNode::Solvable(from), ConflictNode::Solvable(to)] => (from, to),
                [
                    ConflictNode::Solvable(from),
                    ConflictNode::UnresolvedDependency,
                ] => {
                    if let ConflictEdge::Requires(what) = edge.weight
                        && let Some(wanted) = self.lacking.borrow().get(&what)
                    {
                        let from = self.item(from).identity;
                        odds.insert(format!("nothing fits {wanted} of {from}"));
                    }
                    continue;
                }
                _ => continue,
            };
            let [from, to] = [from, to].map(|end| self.item(end).identity);
            match edge.weight {
                ConflictEdge::Requires(what) => {
                    let needs = needs.entry((from.to_string(), what)).or_default();
                    needs.insert(to.to_string());
                }
                ConflictEdge::Conflict(ConflictCause::ForbidMultipleInstances) => {
                    odds.insert(format!("{from} and {to} cannot both be there"));
                }
                ConflictEdge::Conflict(_) => {
                    odds.insert(format!("{from} cannot be there beside {to}"));
                }
            }
        }
        let needs = needs.iter().map(|((who, _), what)| {
            let mut list: Vec<_> = what.iter().take(NAMED).map(String::as_str).collect();
            let more = format!("{} more", what.len().saturating_sub(NAMED));
            if what.len() > NAMED {
                list.push(&more);
            }
            format!("{who} needs {}", list.join(" or "))
        });
        let needs: BTreeSet<_> = needs.collect();
        Vec::from_iter(needs.into_iter().chain(odds)).join("; ")
    }
}

fn index(solvable: SolvableId) -> usize {
    solvable.to_index()
}

impl Interner for Provider<'_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        self.item(solvable).identity
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        let first = self.universe.names[name.to_index()][0];
        &self.universe.items[first].identity.name
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        let sets = self.sets.borrow();
        let items = sets[set.to_index()].1.iter();
        let versions = items.map(|item| self.universe.items[*item].identity.version.to_string());
        versions.collect::<Vec<_>>().join(" or ")
    }

    fn display_string(&self, _: StringId) -> impl Display + '_ {
        ""
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        NameId::from_index(self.sets.borrow()[set.to_index()].0)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        NameId::from_index(self.item(solvable).name)
    }

    fn version_sets_in_union(
        &self,
        union: VersionSetUnionId,
    ) -> impl Iterator<Item = VersionSetId> {
        let sets = self.unions.borrow()[union.to_index()].clone();
        sets.into_iter()
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        unreachable!("{condition:?} was never made")
    }
}

impl DependencyProvider for Provider<'_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let sets = self.sets.borrow();
        let items = &sets[set.to_index()].1;
        let fits = |id: &SolvableId| items.contains(&index(*id)) != inverse;
        candidates.iter().copied().filter(fits).collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates> {
        let items = self.universe.names[name.to_index()].iter();
        Some(Candidates {
            candidates: items.map(|item| SolvableId::from_index(*item)).collect(),
            ..Candidates::default()
        })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        solvables.sort_by(|a, b| {
            let (x, y) = (self.item(*a), self.item(*b));
            let known = |item: &Item<'_>| Reverse(!item.is_offered());
            let newest_first = || y.identity.version.compare(&x.identity.version);
            known(x)
                .cmp(&known(y))
                .then_with(newest_first)
                .then(x.foreign.cmp(&y.foreign))
                .then(index(*a).cmp(&index(*b)))
        });
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        let index = index(solvable);
        let required = self.universe.required(index, self.known);
        let requirements = required
            .iter()
            .map(|(wanted, items)| self.require(items, &wanted.name));
        let requirements = requirements.collect();
        let mut constrains = Vec::new();
        for other in self.universe.unwanted(index, self.known) {
            let name = self.universe.items[other].name;
            let all = self.universe.names[name].iter().copied();
            let rest = all.filter(|item| *item != other).collect();
            constrains.push(self.set(name, rest));
        }
        Dependencies::Known(KnownDependencies {
            requirements,
            constrains,
        })
    }
}

//! Which packages of repositories make a set of packages whole.
//!
//! The crate resolvo solves it. To it, a name stands for all versions of a package, of which one
//! can be there; what is required is a list of names, each with the versions that will do.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use resolvo::{
    Candidates, Condition, ConditionId, ConditionalRequirement, DenseIndex as _, Dependencies,
    DependencyProvider, Interner, KnownDependencies, NameId, Problem, Requirement, SolvableId,
    Solver, SolverCache, StringId, UnsolvableOrCancelled, VersionSetId, VersionSetUnionId,
};

use super::universe::{Item, Origin, Universe};

/// How often the conditions of rich dependencies are looked at: what was added may have made others
/// hold.
const ROUNDS: usize = 16;

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
}

impl<'u> Provider<'u> {
    fn new(universe: &'u Universe<'u>, known: &'u BTreeSet<usize>) -> Self {
        Self {
            universe,
            known,
            sets: RefCell::default(),
            unions: RefCell::default(),
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
                let text = conflict.display_user_friendly(&solver).to_string();
                Err(one_line(&text))
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
        // What is there or listed first, then the package of that very name, then by architecture
        // and repository.
        names.sort_by_key(|(name, items)| {
            let known = items.iter().any(|item| !all[*item].is_offered());
            let is_named = items.iter().any(|item| all[*item].identity.name == wanted);
            let foreign = items.iter().map(|item| all[*item].foreign).min();
            (!known, !is_named, foreign, items.first().copied(), *name)
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
}

fn index(solvable: SolvableId) -> usize {
    solvable.to_index()
}

/// Writes a tree of reasons in one line.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let drawn = |letter: char| letter.is_whitespace() || "│├└─".contains(letter);
        line.trim_start_matches(drawn).trim_end()
    });
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("; ")
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
        for other in self.universe.unwanted(index) {
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

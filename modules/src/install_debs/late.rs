//! What the first boot does: each `preinst` that was not run, then all that is to be configured.

use std::collections::{BTreeMap, BTreeSet};

use super::architecture::Architectures;
use super::database::{Database, Entry, INFO, State};
use super::world::{Who, World};
use crate::deb::identity::Identity;
use crate::deb::relation::Relation;
use crate::first_boot::{self, Task};
use crate::{Root, RootError};

/// What dpkg does at the first boot: it keeps settings that are there, and asks nothing.
const DPKG: [&str; 5] = [
    "/usr/bin/env",
    QUIET,
    "dpkg",
    "--force-confdef",
    "--force-confold",
];

/// What the journal calls that.
const CONFIGURE: &str = "dpkg.configure";

/// Which script it is, and so what tells of one that is left.
const PREINST: &str = "DPKG_MAINTSCRIPT_NAME=preinst";

const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";

/// What was unpacked: its place in the list of packages, and what its `preinst` is to be called with
/// if that was not run.
pub(super) struct Unpacked {
    pub(super) place: usize,
    pub(super) preinst: Option<Vec<String>>,
}

/// Leaves for the first boot what is to be done there, in the place of what earlier steps left.
/// `unpacked` is what was unpacked, in that order.
pub(super) fn leave<'u>(
    root: &mut Root<'_>,
    database: &Database,
    arches: &Architectures,
    unpacked: impl Iterator<Item = &'u Unpacked>,
) -> Result<(), RootError> {
    let there = database.entries();
    let there = there.filter(|(_, entry)| entry.state.is_there());
    let places: BTreeMap<String, usize> = there
        .map(|(place, entry)| (preinst(&entry.identity), place))
        .collect();
    let mut late = Vec::new();
    for words in first_boot::left(root)? {
        if let Some(at) = words.iter().position(|word| places.contains_key(word)) {
            late.push((places[&words[at]], words[at + 1..].to_vec()));
        }
    }
    let new = unpacked.filter_map(|it| Some((it.place, it.preinst.clone()?)));
    late.extend(new);
    forget_all(root)?;
    first_boot::add(root, &tasks(database, arches, &late))
}

/// Takes back all that earlier steps left.
pub(super) fn forget_all(root: &mut Root<'_>) -> Result<(), RootError> {
    first_boot::forget(root, |words| {
        words[0] == CONFIGURE || words.iter().any(|word| word == PREINST)
    })
}

/// Takes back the `preinst` of a package.
pub(super) fn forget(root: &mut Root<'_>, identity: &Identity) -> Result<(), RootError> {
    let path = preinst(identity);
    first_boot::forget(root, |words| words.contains(&path))
}

/// Returns what the `preinst` of a package is to be called with, if an earlier step left it.
pub(super) fn arguments(
    root: &Root<'_>,
    identity: &Identity,
) -> Result<Option<Vec<String>>, RootError> {
    let path = preinst(identity);
    let mut left = first_boot::left(root)?.into_iter();
    Ok(left.find_map(|mut words| {
        let at = words.iter().position(|word| *word == path)?;
        Some(words.split_off(at + 1))
    }))
}

/// Returns what is to be done, in that order: each `preinst`, by the place of its package, with its
/// arguments, once what that `Pre-Depends` on is configured.
fn tasks(database: &Database, arches: &Architectures, late: &[(usize, Vec<String>)]) -> Vec<Task> {
    let world = World::before(database, arches);
    let enough = |of: &Identity, relation: &Relation| -> Vec<usize> {
        let found = world.satisfying(of, relation).into_iter();
        let places = found.map(|member| match world.members[member].who {
            Who::New(place) | Who::There(place) => place,
        });
        places.collect()
    };
    let needed = |place: usize| -> Vec<Vec<usize>> {
        let entry = database.entry(place);
        // dpkg does not configure it once more: the others look after what they were called for.
        let awaited = entry.paragraph.get("Triggers-Awaited").split_whitespace();
        let awaited = awaited.filter_map(|name| Some(vec![database.find_named(name)?]));
        let needs = entry.relations.needs();
        let needs = needs.map(|relation| enough(&entry.identity, relation));
        needs.chain(awaited).collect()
    };
    // Also what an earlier step left.
    let is_left =
        |entry: &Entry| entry.state > State::HalfInstalled && entry.state != State::Installed;
    let left = database.entries().filter(|(_, entry)| is_left(entry));
    let mut left: BTreeSet<usize> = left.map(|(place, _)| place).collect();
    let mut waiting: BTreeMap<usize, &[String]> = late
        .iter()
        .map(|(place, arguments)| (*place, &**arguments))
        .collect();
    let mut tasks = Vec::new();
    for (place, _) in late {
        let mut stack: Vec<_> = waiting.remove_entry(place).into_iter().collect();
        while let Some((place, arguments)) = stack.pop() {
            // What it may rely on has to be configured before it, as apt does it, and so the
            // `preinst` of each of them comes first.
            let entry = database.entry(place);
            let before = entry.relations.pre_depends.iter();
            let before = before.map(|relation| enough(&entry.identity, relation));
            let before = before.filter(|need| !need.contains(&place));
            let before = closure(before.collect(), needed, &left);
            let first = before.iter().find_map(|other| waiting.remove_entry(other));
            if let Some(first) = first {
                stack.extend([(place, arguments), first]);
                continue;
            }
            let entries = before.iter().map(|place| database.entry(*place));
            let names: Vec<String> = entries
                .filter(|entry| entry.state != State::TriggersAwaited)
                .map(|entry| entry.identity.label(&arches.native))
                .collect();
            if !names.is_empty() && !before.contains(&place) {
                left.retain(|other| !before.contains(other));
                tasks.push(configure(names));
            }
            tasks.push(run(database, place, arguments));
        }
    }
    tasks.push(configure(vec!["-a".to_owned()]));
    tasks
}

/// Returns the packages that are to be configured for some needs, and for theirs, by places.
fn closure(
    mut needs: Vec<Vec<usize>>,
    needed: impl Fn(usize) -> Vec<Vec<usize>>,
    left: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    while let Some(need) = needs.pop() {
        // One that needs nothing more to be done is enough.
        if let Some(first) = need.first()
            && need.iter().all(|place| left.contains(place))
            && found.insert(*first)
        {
            needs.extend(needed(*first));
        }
    }
    found
}

/// Returns the path of a package's `preinst`.
fn preinst(identity: &Identity) -> String {
    format!("{INFO}/{}.preinst", identity.file_name())
}

fn configure(names: Vec<String>) -> Task {
    let words = DPKG.into_iter().chain(["--configure"]).map(str::to_owned);
    Task {
        name: CONFIGURE.to_owned(),
        program: words.chain(names).collect(),
        ..Task::default()
    }
}

/// Runs a `preinst` with what dpkg tells scripts (its `script.c`); debconf knows by the name of dpkg's
/// own file whose it is, which here is another.
fn run(database: &Database, place: usize, arguments: &[String]) -> Task {
    let identity = &database.entry(place).identity;
    let name = &identity.name;
    let there = |name: &str| {
        let all = database.entries().map(|(_, entry)| entry);
        let there = all.filter(|entry| entry.state != State::NotInstalled);
        let own = there.filter(|entry| entry.identity.name == name);
        own.map(|entry| entry.identity.version.to_string())
            .collect::<Vec<_>>()
    };
    let mut program = vec![
        "/usr/bin/env".to_owned(),
        QUIET.to_owned(),
        format!("DEBCONF_PACKAGE={name}"),
        "DPKG_ADMINDIR=/var/lib/dpkg".to_owned(),
        "DPKG_ROOT=".to_owned(),
        format!("DPKG_MAINTSCRIPT_PACKAGE={name}"),
        format!("DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT={}", there(name).len()),
        format!("DPKG_MAINTSCRIPT_ARCH={}", identity.arch),
        PREINST.to_owned(),
        "DPKG_MAINTSCRIPT_DEBUG=0".to_owned(),
    ];
    let running = there("dpkg").pop();
    program.extend(running.map(|version| format!("DPKG_RUNNING_VERSION={version}")));
    program.push(preinst(identity));
    program.extend_from_slice(arguments);
    Task {
        name: format!("{name}.preinst"),
        program,
        ..Task::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_need_takes() {
        let needed = [
            vec![],
            vec![vec![0]],
            vec![vec![1, 5], vec![3]],
            vec![vec![2]],
            vec![vec![0, 2]],
        ];
        for (need, left, want) in [
            (vec![], vec![0, 1], vec![]),
            (vec![1], vec![0, 1], vec![0, 1]),
            (vec![1], vec![1], vec![1]),
            (vec![1], vec![0], vec![]),
            (vec![1, 5], vec![0, 1], vec![]),
            (vec![2], vec![0, 1, 2, 3], vec![2, 3]),
            (vec![4], vec![0, 2, 4], vec![0, 4]),
            (vec![4], vec![0, 4], vec![4]),
        ] {
            let all_left = left.iter().copied().collect();
            let found = closure(vec![need.clone()], |place| needed[place].clone(), &all_left);
            let want: BTreeSet<usize> = want.into_iter().collect();
            assert_eq!(found, want, "{need:?} {left:?}");
        }
    }
}

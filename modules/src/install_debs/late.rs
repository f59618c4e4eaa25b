//! What the first boot does: each `preinst` that was not run, then all that is to be configured.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Database, INFO, State};
use super::set::Candidate;
use super::world::Who;
use crate::first_boot::Task;

/// What dpkg does at the first boot: it keeps settings that are there, and asks nothing.
const DPKG: [&str; 5] = [
    "/usr/bin/env",
    QUIET,
    "dpkg",
    "--force-confdef",
    "--force-confold",
];

const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";

/// What was unpacked: its place in the list of packages, and what its `preinst` is to be called with
/// if that was not run.
pub(super) struct Unpacked {
    pub(super) place: usize,
    pub(super) preinst: Option<Vec<String>>,
}

/// Returns what is to be done, in that order. `left` are those that are not configured, by their
/// places in the list of candidates.
pub(super) fn tasks(
    database: &Database,
    native: &str,
    candidates: &[Candidate],
    order: &[usize],
    needed: &[Vec<Vec<Who>>],
    unpacked: &BTreeMap<usize, Unpacked>,
    left: &BTreeSet<usize>,
) -> Vec<Task> {
    let mut left = left.clone();
    let mut tasks = Vec::new();
    for index in order {
        let Unpacked { place, preinst } = &unpacked[index];
        let Some(arguments) = preinst else { continue };
        // What it may rely on has to be configured before it, as apt does it.
        let before = candidates[*index].relations.pre_depends.len();
        let before = closure(&needed[*index][..before], needed, &left);
        let names = order.iter().filter(|other| before.contains(other));
        let names: Vec<String> = names
            .map(|other| database.entry(unpacked[other].place).identity.label(native))
            .collect();
        if !names.is_empty() && !before.contains(index) {
            left.retain(|other| !before.contains(other));
            tasks.push(configure(names));
        }
        tasks.push(run(database, *place, arguments));
    }
    tasks.push(configure(vec!["-a".to_owned()]));
    tasks
}

/// Returns the new packages that are to be configured for some needs, and for theirs.
fn closure(
    needs: &[Vec<Who>],
    needed: &[Vec<Vec<Who>>],
    left: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut needs: Vec<&Vec<Who>> = needs.iter().collect();
    while let Some(need) = needs.pop() {
        let new = |who: &Who| match who {
            Who::New(index) if left.contains(index) => Some(*index),
            _ => None,
        };
        // One that needs nothing more to be done is enough.
        let mut missing = need.iter().map(new);
        if let Some(Some(index)) = missing.find(Option::is_none).or(need.first().map(new))
            && found.insert(index)
        {
            needs.extend(&needed[index]);
        }
    }
    found
}

fn configure(names: Vec<String>) -> Task {
    let words = DPKG.into_iter().chain(["--configure"]).map(str::to_owned);
    Task {
        name: "dpkg.configure".to_owned(),
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
        "DPKG_MAINTSCRIPT_NAME=preinst".to_owned(),
        "DPKG_MAINTSCRIPT_DEBUG=0".to_owned(),
    ];
    let running = there("dpkg").pop();
    program.extend(running.map(|version| format!("DPKG_RUNNING_VERSION={version}")));
    program.push(format!("{INFO}/{}.preinst", identity.file_name()));
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
        use Who::{New, There};
        let needed = [
            vec![],
            vec![vec![New(0)]],
            vec![vec![New(1), There(0)], vec![New(3)]],
            vec![vec![New(2)]],
            vec![vec![New(0), New(2)]],
        ];
        for (needs, left, want) in [
            (vec![], vec![0, 1], vec![]),
            (vec![New(1)], vec![0, 1], vec![0, 1]),
            (vec![New(1)], vec![1], vec![1]),
            (vec![New(1)], vec![0], vec![]),
            (vec![New(1), There(0)], vec![0, 1], vec![]),
            (vec![New(2)], vec![0, 1, 2, 3], vec![2, 3]),
            (vec![New(4)], vec![0, 2, 4], vec![0, 4]),
            (vec![New(4)], vec![0, 4], vec![4]),
        ] {
            let found = closure(
                std::slice::from_ref(&needs),
                &needed,
                &left.iter().copied().collect(),
            );
            let want: BTreeSet<usize> = want.into_iter().collect();
            assert_eq!(found, want, "{needs:?} {left:?}");
        }
    }
}

//! Which packages are configured when the step is done, and what is left for the first boot.

use std::collections::{BTreeMap, BTreeSet};

use super::database::State;
use super::scripts;
use super::set::Candidate;
use super::trigger::Line;
use super::unpack::Unpacking;
use super::world::Who;
use crate::first_boot::{self, Task};
use crate::script::policy::Policies;
use crate::{Error, Root};

/// What dpkg does at the first boot: it keeps settings that are there, and asks nothing.
const COMMAND: [&str; 7] = [
    "/usr/bin/env",
    "DEBIAN_FRONTEND=noninteractive",
    "dpkg",
    "--force-confdef",
    "--force-confold",
    "--configure",
    "-a",
];

/// Configures what can be, and leaves the rest for the first boot. `places` are those of the
/// candidates in the list of packages.
pub(super) fn run(
    root: &mut Root<'_>,
    unpacking: &mut Unpacking,
    candidates: &[Candidate],
    order: &[usize],
    needed: &[Vec<Vec<Who>>],
    places: &BTreeMap<usize, usize>,
    policies: &Policies,
) -> Result<(), Error> {
    let configured: BTreeMap<usize, String> = places
        .iter()
        .map(|(index, place)| {
            let paragraph = &unpacking.database.entry(*place).paragraph;
            (*index, paragraph.get("Config-Version").to_owned())
        })
        .collect();
    let scripts = scripts::decide(root, candidates, &configured, policies)?;
    let is_left = |index: &&usize| scripts[*index].is_none();
    let mut left: BTreeSet<usize> = order.iter().filter(is_left).copied().collect();
    // What depends on a package that is not configured cannot be either.
    loop {
        let is_ready = |who: &Who| match who {
            Who::New(other) => !left.contains(other),
            Who::There(other) => unpacking.database.entry(*other).state > State::HalfConfigured,
        };
        let is_held = |index: &&usize| {
            let mut needs = needed[**index].iter();
            !left.contains(*index) && needs.any(|who| !who.is_empty() && !who.iter().any(is_ready))
        };
        let Some(held) = order.iter().find(is_held) else {
            break;
        };
        left.insert(*held);
    }
    for index in order {
        let candidate = &candidates[*index];
        let own = &candidate.identity;
        let Some(ready) = scripts[index].as_ref().filter(|_| !left.contains(index)) else {
            scripts::leave(root, candidate);
            root.info(match scripts[index] {
                Some(_) => format!("{own} is left unpacked: what it depends on is, too"),
                None => format!("{own} is left unpacked"),
            });
            continue;
        };
        let place = places[index];
        let lines = Line::parse(candidate.text("triggers")).unwrap_or_default();
        unpacking.configure(root, place)?;
        scripts::configure(root, candidate, &configured[index], ready)?;
        unpacking.call(root, &lines, Some(place))?;
        unpacking.finish(place);
        // By now it hears itself.
        unpacking.hear(root)?;
        root.info(format!("{own} is configured"));
    }
    let native = &unpacking.arches.native;
    let mut names = Vec::new();
    for (_, entry) in unpacking.database.entries() {
        if entry.state.is_there() && entry.state != State::Installed {
            names.push(entry.identity.label(native));
        }
    }
    later(root, &names)
}

/// Leaves the rest for the first boot.
fn later(root: &mut Root<'_>, names: &[String]) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    if !first_boot::is_possible(root) {
        let names = names.join(", ");
        root.warn(format!(
            "the image has no systemd, so nothing configures {names}; run `dpkg --configure -a` in it"
        ));
        return Ok(());
    }
    let task = Task {
        name: "dpkg.configure".to_owned(),
        program: COMMAND.map(str::to_owned).to_vec(),
        ..Task::default()
    };
    Ok(first_boot::add(root, &[task])?)
}

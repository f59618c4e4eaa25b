//! Which packages are configured when the step is done, and what is left for the first boot.

use std::collections::{BTreeMap, BTreeSet};

use super::database::State;
use super::late::{self, Unpacked};
use super::scripts;
use super::set::Candidate;
use super::trigger::Line;
use super::unpack::Unpacking;
use super::world::Who;
use crate::first_boot;
use crate::script::policy::Policies;
use crate::{Error, Root};

/// Configures what can be, and leaves the rest for the first boot.
pub(super) fn run(
    root: &mut Root<'_>,
    unpacking: &mut Unpacking,
    candidates: &[Candidate],
    order: &[usize],
    needed: &[Vec<Vec<Who>>],
    unpacked: &BTreeMap<usize, Unpacked>,
    policies: &Policies,
) -> Result<(), Error> {
    let configured: BTreeMap<usize, String> = unpacked
        .iter()
        .map(|(index, Unpacked { place, .. })| {
            let paragraph = &unpacking.database.entry(*place).paragraph;
            (*index, paragraph.get("Config-Version").to_owned())
        })
        .collect();
    let mut scripts = scripts::decide(root, candidates, &configured, policies)?;
    let can_be_late = first_boot::is_possible(root);
    for (index, _) in unpacked.iter().filter(|(_, it)| it.preinst.is_some()) {
        scripts::leave_preinst(root, &candidates[*index], can_be_late)?;
        // Its settings and its `postinst` come after its `preinst`.
        if can_be_late {
            scripts.insert(*index, None);
        }
    }
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
        let place = unpacked[index].place;
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
    if names.is_empty() {
        return Ok(late::forget_all(root)?);
    }
    if !can_be_late {
        let names = names.join(", ");
        root.warn(format!(
            "the image has no systemd, so nothing configures {names}; run `dpkg --configure -a` in it"
        ));
        return Ok(());
    }
    let new = order.iter().map(|index| &unpacked[index]);
    Ok(late::leave(
        root,
        &unpacking.database,
        &unpacking.arches,
        new,
    )?)
}

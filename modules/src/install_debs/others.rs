//! What a package takes from others: the paths that it has put there.

use std::collections::BTreeSet;

use super::conffile::Settings;
use super::database::State;
use super::scripts;
use super::unpack::{Package, Unpacking};
use super::world::{Who, World};
use crate::root::any_text::encode;
use crate::script::policy::Policies;
use crate::{Error, Root};

impl Unpacking {
    /// Takes the paths that the package has put there from the lists of others.
    pub(super) fn take_from_others(
        &mut self,
        root: &mut Root<'_>,
        package: &Package<'_>,
        index: usize,
        superseded: &[usize],
        policies: &Policies,
    ) -> Result<(), Error> {
        let own = &package.candidate.identity;
        let mut losers = BTreeSet::new();
        for path in &package.taken {
            let diversion = self.local.diversion(path);
            let by = diversion.and_then(|diversion| diversion.by.as_deref());
            if diversion.is_some() && by == Some(&*own.name) {
                continue;
            }
            for other in self.database.owners(path) {
                let name = &self.database.entry(other).identity.name;
                let is_theirs = *name == own.name || by == Some(&**name) || other == index;
                if !is_theirs {
                    losers.insert(other);
                }
            }
        }
        for loser in losers {
            if !superseded.contains(&loser) && self.disappears(package, loser, index) {
                let gone = self.database.entry(loser).identity.clone();
                root.info(format!("{gone} is gone, as {own} has all of its files"));
                scripts::disappear(root, &self.database, loser, package.candidate, policies)?;
                self.hear(root)?;
                let lines = self.old_triggers(root, Some(loser))?;
                self.call(root, &lines, None)?;
                self.remove_info(root, loser, &[])?;
                // What it was interested in stays in dpkg's lists.
                self.triggers.forget(&mut self.database, loser);
                self.database.remove(loser);
                continue;
            }
            let files = self.database.entry(loser).files.iter();
            let left = files.filter(|path| !package.taken.contains(*path)).cloned();
            let left = left.collect();
            self.database.set_files(loser, left);
            let lost = |path: &str| {
                let path = encode(path);
                package.taken.contains(&path) && package.settings.is_new(&path)
            };
            let entry = self.database.entry(loser);
            let settings = Settings::of(entry);
            let lines = settings.marked(lost).print();
            if lines != entry.paragraph.get("Conffiles") {
                self.database
                    .change(loser, |entry| entry.paragraph.set("Conffiles", lines));
            }
        }
        Ok(())
    }

    /// Returns whether nothing is left of a package, and nothing needs it (dpkg's
    /// `pkg_disappear_others`).
    fn disappears(&self, package: &Package<'_>, loser: usize, index: usize) -> bool {
        let entry = self.database.entry(loser);
        let own = &package.candidate.identity.name;
        let is_left = |path: &Vec<u8>| {
            if let Some(diversion) = self.local.diversion(path) {
                let by = diversion.by.as_deref();
                if by == Some(&*entry.identity.name) || by == Some(own) {
                    return true;
                }
            }
            let others = self.database.owners(path);
            let is_third = |index: &usize| {
                *index != loser && self.database.entry(*index).identity.name != entry.identity.name
            };
            !package.archived.contains(path) && !others.iter().any(is_third)
        };
        let has_files = entry.files.iter().any(|path| path != b"/.");
        let is_empty = has_files && !entry.files.iter().any(is_left);
        entry.state.is_there() && is_empty && !self.is_needed(loser, index)
    }

    /// Returns whether a package needs or recommends one by something that no other one gives it:
    /// either of those that are configured, or the one that comes.
    fn is_needed(&self, loser: usize, new: usize) -> bool {
        let world = World::before(&self.database, &self.arches);
        let gone = self.database.entry(loser);
        let provides = gone.relations.provides.iter();
        let provided = provides.flat_map(|relation| relation.0.iter().map(|one| &one.name));
        let names: BTreeSet<&String> = provided.chain([&gone.identity.name]).collect();
        let is_other = |member: &usize| match world.members[*member].who {
            Who::There(other) => {
                let state = self.database.entry(other).state;
                other != loser && (other == new || state >= State::TriggersPending)
            }
            Who::New(_) => false,
        };
        world.members.iter().any(|member| {
            let relations = member.relations;
            let mut all = relations.needs().chain(&relations.recommends);
            member.who != Who::There(loser)
                && all.any(|relation| {
                    let others = || world.satisfying(member.identity, relation);
                    relation.0.iter().any(|one| names.contains(&one.name))
                        && !others().iter().any(is_other)
                })
        })
    }
}

//! What the step does to the tree: files and scripts of packages, one package after the other.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::conflict::Who;
use super::options::Options;
use super::script::{Scripts, Side, Slot, When};
use super::store::Installed;
use super::transaction::Transaction;
use super::unpack::Unpacking;
use super::{changes, order, payload, script, users};
use crate::rpm::file::State;
use crate::{Cfg, Error, Root};

/// What became of files of packages, where it is not what was decided for them.
pub(super) type Changed = BTreeMap<Who, Vec<(usize, State)>>;

/// All that is decided before the tree is changed.
pub(super) struct Step<'s> {
    pub(super) cfg: &'s Cfg,
    pub(super) options: &'s Options,
    pub(super) candidates: &'s [Candidate],
    pub(super) installed: &'s [Installed],
    pub(super) transaction: &'s Transaction,
    /// The packages that come, first to last.
    pub(super) order: &'s [usize],
    pub(super) color: u32,
}

impl Step<'_> {
    /// Changes the tree: files and scripts, in the order in which rpm comes to them. Returns what
    /// is left of the scripts, and what became of files.
    pub(super) fn change(&self, root: &mut Root<'_>) -> Result<(Scripts<'_>, Changed), Error> {
        let Self {
            cfg,
            options,
            candidates,
            installed,
            transaction,
            order,
            color,
        } = *self;
        let mut unpacking =
            Unpacking::new(root, candidates, installed, transaction, options, color)?;
        let mut scripts = Scripts::new(&options.scriptlets);
        let mut changes = changes::of(candidates, installed, transaction, order, &unpacking);
        let going = order::back(installed, transaction);
        let span = cfg.span();
        let name = |index: usize| &*candidates[index].package.identity.name;
        for index in order {
            let of = script::of_new(&candidates[*index]);
            let count = changes.count(name(*index)) + 1;
            scripts.slot(root, of, Slot::Pretrans, count)?;
        }
        scripts.triggers(root, changes.before(&going), span)?;
        payload::read(root, candidates, order, |root, index, contents| {
            let candidate = &candidates[index];
            let (of, who) = (script::of_new(candidate), Who::New(index));
            scripts.note_undone(users::provided(root, candidate)?);
            scripts.triggers(root, changes.packages(When::Prein, who), span)?;
            let count = changes.count(name(index)) + 1;
            scripts.slot(root, of, Slot::Pre, count)?;
            let replaced = transaction.replaced_by(index);
            unpacking.unpack(root, index, candidate, contents, replaced, &scripts)?;
            changes.note(who, true);
            let new = &candidate.package.identity;
            root.info(match replaced.first() {
                None => format!("{new} installed"),
                Some(old) => format!("{new} installed over {}", installed[*old].identity),
            });
            scripts.triggers(root, changes.files(When::In, who, Side::Before), span)?;
            scripts.slot(root, of, Slot::Post, count)?;
            scripts.triggers(root, changes.packages(When::In, who), span)?;
            scripts.triggers(root, changes.files(When::In, who, Side::After), span)
        })?;
        unpacking.conflicts.check()?;
        for index in &going {
            let (old, who) = (&installed[*index], Who::There(*index));
            let of = script::of_old(old, span);
            scripts.triggers(root, changes.files(When::Un, who, Side::Before), span)?;
            scripts.triggers(root, changes.packages(When::Un, who), span)?;
            let left = changes.count(&old.identity.name).saturating_sub(1);
            scripts.slot(root, of, Slot::Preun, left)?;
            scripts.triggers(root, changes.files(When::Un, who, Side::After), span)?;
            unpacking.erase(root, old)?;
            scripts.triggers(root, changes.files(When::Postun, who, Side::Before), span)?;
            scripts.slot(root, of, Slot::Postun, left)?;
            scripts.triggers(root, changes.packages(When::Postun, who), span)?;
            scripts.triggers(root, changes.files(When::Postun, who, Side::After), span)?;
            changes.note(who, false);
        }
        for index in order {
            let of = script::of_new(&candidates[*index]);
            let count = changes.count(name(*index)) + u32::from(transaction.is_update(*index));
            scripts.slot(root, of, Slot::Posttrans, count)?;
        }
        scripts.triggers(root, changes.after(order), span)?;
        Ok((scripts, unpacking.owners.into_changes()))
    }
}

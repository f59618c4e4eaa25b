//! `install_debs`: installs Debian packages, without root, chroot or the dpkg program.
//!
//! After it, the image's own dpkg and apt see the packages as if dpkg had unpacked them, and those
//! without scripts as if it had configured them, too.

mod architecture;
mod claim;
mod conffile;
mod configure;
mod database;
mod doc;
mod info;
mod late;
mod local;
mod member;
mod needs;
mod old;
mod options;
mod others;
mod payload;
mod record;
mod relations;
mod removal;
mod remove;
mod scripts;
mod set;
mod transaction;
mod trigger;
mod unpack;
mod world;

use std::collections::BTreeMap;

use crate::root::any_text::shown;
use crate::script::policy::Policies;
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root, order};
use architecture::Architectures;
use database::{Database, DatabaseError, State};
use late::Unpacked;
use local::Local;
use options::{Debs, Options};
use payload::Payloads;
use removal::Removal;
use set::Candidate;
use transaction::Transaction;
use trigger::Triggers;
use unpack::Unpacking;
use world::World;

pub(crate) const MODULE: Module = Module {
    name: "install_debs",
    summary: "installs Debian packages, as the image's own dpkg would",
    details: doc::DETAILS,
    keys: &["debs"],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let Options {
        debs: Debs(choices),
    } = cfg.options()?;
    cfg.keep(set::read(&choices.packages, host)?);
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options {
        debs: Debs(choices),
    } = cfg.options()?;
    let candidates = match cfg.kept() {
        Some(candidates) => candidates,
        None => set::read(&choices.packages, root.host())?,
    };
    if candidates.is_empty() {
        root.warn("there is nothing to install; `debs` lists packages and folders of them");
        return Ok(());
    }
    let opened = Database::open(root);
    let mut database = opened
        .map_err(|error: DatabaseError| ValueError::new(cfg.span(), shown(&error.to_string())))?;
    let arches = Architectures::find(root, &database)?;
    let arches = arches.unwrap_or_else(|| Architectures::of(&candidates));
    arches.check(&candidates)?;
    let mut transaction = Transaction::decide(&candidates, &database, &choices)?;
    let all = World::after(&candidates, &database, &transaction, &arches);
    transaction.supersede(all.superseded(&database));
    for (index, there) in &transaction.present {
        let candidate = &candidates[*index];
        root.info(format!("{} is installed already", candidate.identity));
        database.sort_in(*there, &candidate.control);
    }
    if transaction.new.is_empty() {
        return Ok(database.write(root)?);
    }
    let after = World::after(&candidates, &database, &transaction, &arches);
    let before = World::before(&database, &arches);
    needs::check(&after, &before, choices.nodeps, cfg.span())?;
    let order = order::of(&after.edges(&candidates, &transaction));
    let needed: Vec<_> = candidates
        .iter()
        .map(|candidate| after.needed_by(candidate))
        .collect();
    database.read_files(root)?;
    let mut unpacking = Unpacking {
        payloads: Payloads::new(root)?,
        local: Local::read(root)?,
        triggers: Triggers::read(root, &arches.native)?,
        database,
        arches,
    };
    let policies = &choices.scripts;
    policies.check(|name| {
        let mut new = candidates.iter().map(|candidate| &candidate.identity);
        let mut there = unpacking
            .database
            .entries()
            .map(|(_, entry)| &entry.identity);
        new.any(|identity| identity.name == name) || there.any(|identity| identity.name == name)
    })?;
    unpacking.hear(root)?;
    let mut unpacked = BTreeMap::new();
    for index in &order {
        let candidate = &candidates[*index];
        let superseded: Vec<usize> = transaction.superseded_by(*index).collect();
        let old = transaction.new[index];
        let put = put(root, &mut unpacking, candidate, old, &superseded, policies)?;
        unpacked.insert(*index, put);
    }
    configure::run(
        root,
        &mut unpacking,
        &candidates,
        &order,
        &needed,
        &unpacked,
        policies,
    )?;
    unpacking.triggers.write(root)?;
    unpacking.database.write(root)?;
    Ok(())
}

/// Unpacks a package, with what scripts ask for before and after it. `old` is the place of what it
/// replaces, and what it supersedes goes.
fn put(
    root: &mut Root<'_>,
    unpacking: &mut Unpacking,
    candidate: &Candidate,
    old: Option<usize>,
    superseded: &[usize],
    policies: &Policies,
) -> Result<Unpacked, Error> {
    let before = old.map(|old| unpacking.database.entry(old));
    let before = before.filter(|entry| entry.state != State::NotInstalled);
    let before = before.map(|entry| entry.identity.clone());
    let read = |old: &usize| Removal::read(root, &unpacking.database, *old, candidate);
    let upgrade = old.as_ref().map(read).transpose()?;
    let removals = superseded.iter().map(read);
    let removals = removals.collect::<Result<Vec<_>, _>>()?;
    for removal in upgrade.iter().chain(&removals) {
        unpacking.database.deconfigure(removal.index);
        removal.before(root, policies)?;
        unpacking.hear(root)?;
    }
    let entry = old.map(|old| unpacking.database.entry(old));
    let preinst = scripts::before(root, candidate, entry, policies)?;
    unpacking.hear(root)?;
    let new = &candidate.identity;
    let place = unpacking.unpack(root, candidate, upgrade.as_ref(), superseded, policies)?;
    for removal in &removals {
        unpacking.remove(root, removal, new, policies)?;
    }
    root.info(match before {
        None => format!("{new} unpacked"),
        Some(old) => format!("{new} unpacked over {old}"),
    });
    Ok(Unpacked { place, preinst })
}

//! `install_rpms`: installs RPM packages, without root, chroot or the rpm program.
//!
//! After it, the image's own `rpm` sees the packages as if it had installed them: the files with
//! owners, modes, times and capabilities, and the headers in its database. Nothing is fetched:
//! what a package needs has to be in the image or in the list.

mod conflict;
mod doc;
mod erase;
mod fate;
mod machine;
mod needs;
mod options;
mod order;
mod payload;
mod scriptlet;
mod set;
mod states;
mod store;
mod transaction;
mod unpack;

use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root};
use conflict::Who;
use options::Options;
use store::Store;
use transaction::Transaction;
use unpack::Unpacking;

pub(crate) const MODULE: Module = Module {
    name: "install_rpms",
    summary: "installs RPM packages, as the image's own rpm would",
    details: doc::DETAILS,
    keys: &[
        "rpms",
        "excludedocs",
        "install_langs",
        "nodeps",
        "replacefiles",
        "downgrade",
    ],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    set::read(&cfg.options::<Options>()?.rpms, host)?;
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let options: Options = cfg.options()?;
    let candidates = set::read(&options.rpms, root.host())?;
    if candidates.is_empty() {
        root.warn("there is nothing to install; `rpms` lists packages and folders of them");
        return Ok(());
    }
    let color = machine::check(root, &candidates)?;
    let mut store = Store::open(root).map_err(|error| error.at(cfg.span()))?;
    let transaction = Transaction::decide(&candidates, store.installed(), &options)?;
    for index in transaction.present() {
        let there = &store.installed()[index].identity;
        root.info(format!("{there} is installed already"));
    }
    if transaction.is_empty() {
        return Ok(());
    }
    if !options.nodeps {
        needs::check(&candidates, store.installed(), &transaction, cfg.span())?;
    }
    let order = order::order(&candidates, &transaction);
    let mut unpacking = Unpacking::new(
        root,
        &candidates,
        store.installed(),
        &transaction,
        &options,
        color,
    )?;
    let mut unpacked = Vec::new();
    for index in order {
        let candidate = &candidates[index];
        let replaced = transaction.replaced_by(index);
        unpacking.unpack(root, index, candidate, replaced)?;
        unpacked.push(index);
        let old = replaced.first().map(|first| &store.installed()[*first]);
        root.info(match old {
            None => format!("{} installed", candidate.package.identity),
            Some(old) => format!(
                "{} installed over {}",
                candidate.package.identity, old.identity
            ),
        });
    }
    for index in transaction.erased() {
        unpacking.erase(root, &store.installed()[index])?;
    }
    let states: Vec<_> = unpacked
        .iter()
        .map(|index| unpacking.states(*index))
        .collect();
    let changes = unpacking.owners.changes().clone();
    for (who, changes) in &changes {
        if let Who::There(index) = who {
            let marked = store.mark(*index, changes);
            marked.map_err(|error| error.at(cfg.span()))?;
        }
    }
    for index in transaction.erased() {
        store.remove(index).map_err(|error| error.at(cfg.span()))?;
    }
    let time = root.time();
    for (index, states) in unpacked.iter().zip(&states) {
        let candidate = &candidates[*index];
        let added = store.add(candidate, time, color, states);
        added.map_err(|error| error.at(candidate.span))?;
    }
    store.write(root).map_err(|error| error.at(cfg.span()))?;
    let installed = unpacked.iter().map(|index| &candidates[*index]);
    for line in scriptlet::left_out(installed) {
        root.warn(line);
    }
    Ok(())
}

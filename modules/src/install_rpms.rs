//! `install_rpms`: installs RPM packages, without root, chroot or the rpm program.
//!
//! After it, the image's own `rpm` sees the packages as if it had installed them: the files with
//! owners, modes, times and capabilities, and the headers in its database. What a package needs has
//! to be in the image, in the list, or in a repository that the recipe names.

mod candidate;
mod changes;
mod conflict;
mod decoded;
mod doc;
mod erase;
mod fate;
mod machine;
mod modules;
mod needs;
mod options;
mod order;
mod paths;
mod payload;
mod pending;
mod script;
mod setting;
mod solve;
mod states;
mod step;
mod store;
mod supply;
mod transaction;
#[cfg(feature = "rpm-verify")]
mod trust;
#[cfg(not(feature = "rpm-verify"))]
#[path = "install_rpms/unchecked.rs"]
mod trust;
mod universe;
mod unpack;
mod users;

use crate::rpm::identity::Identity;
use crate::rpm::tag;
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root, package_files, shared};
use candidate::Candidate;
use conflict::Who;
use options::Options;
use step::Step;
use store::{At, Store, StoreError};
use transaction::Transaction;

pub(crate) const MODULE: Module = Module {
    name: "install_rpms",
    summary: "installs RPM packages, as the image's own rpm would",
    details: doc::DETAILS,
    keys: &[
        "rpms",
        "repos",
        "keyring",
        "verify",
        "repo_gpgcheck",
        "excludedocs",
        "install_langs",
        "nodeps",
        "replacefiles",
        "scriptlets",
        "downgrade",
    ],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

/// A package that an image has, as lists of packages have it.
pub(crate) struct Listed {
    pub(crate) identity: Identity,
    /// Who makes it; empty if it does not say.
    pub(crate) vendor: String,
    /// Empty if it does not say.
    pub(crate) license: String,
    /// The file name of the source package; empty if it does not say.
    pub(crate) source: String,
}

/// Returns the packages of an image's database.
///
/// # Errors
///
/// Returns why the database cannot be read.
pub(crate) fn list(root: &Root<'_>) -> Result<Vec<Listed>, String> {
    let (_, installed) = Store::open(root).map_err(|error| error.to_string())?;
    let listed = installed.iter().map(|there| {
        let text = |number| {
            let text = there.header.text(number).unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        };
        Listed {
            identity: there.identity.clone(),
            vendor: text(tag::VENDOR),
            license: text(tag::LICENSE),
            source: text(tag::SOURCERPM),
        }
    });
    Ok(listed.collect())
}

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    let options: Options = cfg.options()?;
    trust::read(&options, host)?;
    supply::check(&options, host)?;
    cfg.keep(package_files::read::<Candidate>(&options.rpms, host)?);
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let mut options: Options = cfg.options()?;
    let mut candidates: Vec<Candidate> = match cfg.kept() {
        Some(candidates) => candidates,
        None => package_files::read(&options.rpms, root.host())?,
    };
    if candidates.is_empty() {
        root.warn("there is nothing to install; `rpms` lists packages and folders of them");
        return Ok(());
    }
    setting::complete(&mut options, root)?;
    let machine = machine::check(root, &candidates)?;
    let color = machine.map_or(0, |machine| machine.color);
    let by_arch = machine.is_none_or(|machine| machine.color != 0);
    let opened = Store::open(root).map_err(|error| error.at(cfg.span()));
    let (mut store, installed) = opened?;
    let told = store.warn_of_stale_rows(root, cfg.span());
    told.map_err(|error| error.at(cfg.span()))?;
    let mut transaction = Transaction::decide(&candidates, &installed, &options, by_arch)?;
    let checked = match options.nodeps {
        true => Ok(()),
        false => needs::check(&candidates, &installed, &transaction, cfg.span()),
    };
    if checked.is_err() && !options.repos.is_empty() {
        supply::supply(
            root,
            &options,
            &mut candidates,
            &installed,
            &transaction,
            machine,
        )?;
        transaction = Transaction::decide(&candidates, &installed, &options, by_arch)?;
        needs::check(&candidates, &installed, &transaction, cfg.span())?;
    } else {
        checked?;
    }
    trust::check(root, &options, &candidates, &installed)?;
    for index in transaction.present() {
        let there = &installed[index].identity;
        root.info(format!("{there} is installed already"));
    }
    for (index, by) in transaction.left_out() {
        let [left_out, by] = [index, by].map(|at| &candidates[at].package.identity);
        root.info(format!("{left_out} is left out, as {by} obsoletes it"));
    }
    if transaction.is_empty() {
        return Ok(());
    }
    let is_there = |name: &str| {
        let mut new = candidates
            .iter()
            .map(|candidate| &candidate.package.identity);
        let mut old = installed.iter().map(|there| &there.identity);
        new.any(|identity| identity.name == name) || old.any(|identity| identity.name == name)
    };
    options.scriptlets.check(is_there)?;
    let order = order::order(&candidates, &transaction);
    let step = Step {
        cfg,
        options: &options,
        candidates: &candidates,
        installed: &installed,
        transaction: &transaction,
        order: &order,
        color,
    };
    if store.is_read_only() {
        let (scripts, _) = step.change(root)?;
        let span = cfg.span();
        pending::leave(root, span, &options, &candidates, &installed, &transaction)?;
        return scripts.finish(root);
    }
    // What the database says of a package hardly depends on what becomes of its files.
    let erased: Vec<&At> = transaction.erased().map(|old| &installed[old].at).collect();
    let time = root.time();
    let failed = |error: StoreError| error.at(cfg.span());
    let (spool, spooled) = root.spool().map_err(|cause| failed(cause.into()))?;
    let add = || -> Result<(), StoreError> {
        for old in erased {
            store.remove(old)?;
        }
        let states = |index: &usize| states::decide(&candidates[*index].files, &options, color);
        let new = order.iter().map(|index| (*index, states(index)));
        store.add(&candidates, new, time, color)?;
        store.pack(&*spool)
    };
    let (added, changes) = shared::both(add, || step.change(root));
    let (scripts, changes) = changes?;
    scripts.finish(root)?;
    added.map_err(failed)?;
    for (who, changes) in &changes {
        let marked = match who {
            Who::New(index) => store.mark_new(*index, changes),
            Who::There(index) => store.mark(&installed[*index], changes),
        };
        marked.map_err(failed)?;
    }
    if !changes.is_empty() {
        store.pack(&*spool).map_err(failed)?;
    }
    store.write(root, spooled).map_err(failed)?;
    shared::drop_aside((candidates, installed, store));
    Ok(())
}

//! `install_rpms`: installs RPM packages, without root, chroot or the rpm program.
//!
//! After it, the image's own `rpm` sees the packages as if it had installed them: the files with
//! owners, modes, times and capabilities, and the headers in its database. What a package needs has
//! to be in the image, in the list, or in a repository that the recipe names.

mod changes;
mod conflict;
mod doc;
mod erase;
mod fate;
mod machine;
mod needs;
mod options;
mod order;
mod payload;
mod pending;
mod script;
mod set;
mod solve;
mod states;
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

use crate::rpm::file::State;
use crate::rpm::identity::Identity;
use crate::rpm::tag;
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root};
use conflict::Who;
use options::Options;
use script::{Scripts, Slot, When};
use set::Candidate;
use store::Store;
use transaction::Transaction;
use unpack::Unpacking;

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
    let store = Store::open(root).map_err(|error| error.to_string())?;
    let listed = store.installed().iter().map(|there| {
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
    set::read(&options.rpms, host)?;
    Ok(())
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let options: Options = cfg.options()?;
    let mut candidates = set::read(&options.rpms, root.host())?;
    if candidates.is_empty() {
        root.warn("there is nothing to install; `rpms` lists packages and folders of them");
        return Ok(());
    }
    let machine = machine::check(root, &candidates)?;
    let color = machine.map_or(0, |machine| machine.color);
    let mut store = Store::open(root).map_err(|error| error.at(cfg.span()))?;
    let mut transaction = Transaction::decide(&candidates, store.installed(), &options)?;
    let checked = match options.nodeps {
        true => Ok(()),
        false => needs::check(&candidates, store.installed(), &transaction, cfg.span()),
    };
    if checked.is_err() && !options.repos.is_empty() {
        let there = store.installed();
        supply::supply(
            root,
            &options,
            &mut candidates,
            there,
            &transaction,
            machine,
        )?;
        transaction = Transaction::decide(&candidates, there, &options)?;
        needs::check(&candidates, there, &transaction, cfg.span())?;
    } else {
        checked?;
    }
    trust::check(root, &options, &candidates, store.installed())?;
    for index in transaction.present() {
        let there = &store.installed()[index].identity;
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
        let mut old = store.installed().iter().map(|there| &there.identity);
        new.any(|identity| identity.name == name) || old.any(|identity| identity.name == name)
    };
    options.scriptlets.check(is_there)?;
    let states = change(
        root,
        cfg,
        &options,
        &candidates,
        &store,
        &transaction,
        color,
    )?;
    if store.is_read_only() {
        return Ok(());
    }
    let failed = |error: store::StoreError| error.at(cfg.span());
    for (index, changes) in &states.there {
        store.mark(*index, changes).map_err(failed)?;
    }
    for index in transaction.erased() {
        store.remove(index).map_err(failed)?;
    }
    let new = states.new.iter();
    let new = new.map(|(index, states)| (&candidates[*index], &**states));
    store.add(new, root.time(), color).map_err(failed)?;
    store.write(root).map_err(failed)
}

/// What became of files: of the packages that came, in their order, and of those that were there.
struct States {
    new: Vec<(usize, Vec<State>)>,
    there: Vec<(usize, Vec<(usize, State)>)>,
}

/// Changes the tree: files and scripts, in the order in which rpm comes to them.
fn change(
    root: &mut Root<'_>,
    cfg: &Cfg,
    options: &Options,
    candidates: &[Candidate],
    store: &Store,
    transaction: &Transaction,
    color: u32,
) -> Result<States, Error> {
    let installed = store.installed();
    let order = order::order(candidates, transaction);
    let mut unpacking = Unpacking::new(root, candidates, installed, transaction, options, color)?;
    let mut scripts = Scripts::new(&options.scriptlets);
    let changes = changes::of(candidates, installed, transaction, &unpacking);
    let count = |index: usize| changes.count(&candidates[index].package.identity);
    for index in &order {
        let of = script::of_new(&candidates[*index]);
        scripts.slot(root, of, Slot::Pretrans, count(*index))?;
    }
    scripts.triggers(root, changes.packages(When::Prein), cfg.span())?;
    payload::read(root, candidates, &order, |root, index, contents| {
        let candidate = &candidates[index];
        let of = script::of_new(candidate);
        users::provided(root, candidate)?;
        scripts.slot(root, of, Slot::Pre, count(index))?;
        let replaced = transaction.replaced_by(index);
        unpacking.unpack(root, index, candidate, contents, replaced)?;
        let new = &candidate.package.identity;
        root.info(match replaced.first() {
            None => format!("{new} installed"),
            Some(old) => format!("{new} installed over {}", installed[*old].identity),
        });
        scripts.slot(root, of, Slot::Post, count(index))
    })?;
    scripts.triggers(root, changes.packages(When::In), cfg.span())?;
    scripts.triggers(root, changes.packages(When::Un), cfg.span())?;
    scripts.triggers(root, changes.files(When::Un), cfg.span())?;
    for index in transaction.erased() {
        let old = &installed[index];
        let of = script::of_old(old, cfg.span());
        let left = changes.left(&old.identity);
        scripts.slot(root, of, Slot::Preun, left)?;
        unpacking.erase(root, old)?;
        scripts.slot(root, of, Slot::Postun, left)?;
    }
    scripts.triggers(root, changes.packages(When::Postun), cfg.span())?;
    for index in &order {
        let of = script::of_new(&candidates[*index]);
        scripts.slot(root, of, Slot::Posttrans, count(*index))?;
    }
    scripts.triggers(root, changes.files(When::Postun), cfg.span())?;
    scripts.triggers(root, changes.files(When::In), cfg.span())?;
    if store.is_read_only() {
        let span = cfg.span();
        pending::leave(root, span, options, candidates, installed, transaction)?;
    }
    scripts.finish(root)?;
    let new = order
        .into_iter()
        .map(|index| (index, unpacking.states(index)));
    let there = unpacking.owners.changes().iter();
    let there = there.filter_map(|(who, changes)| match who {
        Who::There(index) => Some((*index, changes.clone())),
        Who::New(_) => None,
    });
    Ok(States {
        new: new.collect(),
        there: there.collect(),
    })
}

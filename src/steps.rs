//! The recipe's steps, run one after the other.

use std::collections::BTreeSet;

use anyhow::Result;
use fsgen::{Timestamp, Tree};
use modules::value::{Key, same_name};
use modules::{Companion, Root};

use crate::Request;
use crate::changes::{self, Writers};
use crate::host::RecipeFolder;
use crate::ids::Ids;
use crate::module::Module;
use crate::own;
use crate::progress::Progress;
use crate::report;
use crate::shown;

/// What the steps did.
pub(crate) struct Ran {
    /// What each did.
    pub(crate) steps: Vec<report::Step>,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
    /// What goes beside the image, each ending once.
    pub(crate) companions: Vec<Companion>,
}

/// Runs all steps.
pub(crate) fn run(
    request: &Request,
    tree: &mut Tree,
    ids: &Ids,
    image_config: Option<&serde_json::Value>,
    now: Timestamp,
    progress: &Progress,
) -> Result<Ran> {
    let recipe = &request.recipe;
    let host = RecipeFolder::new(recipe.folder.clone())
        .spooling(request.spool_dir.clone(), request.limits)
        .keeping(request.cache.clone())
        .telling(ids.tell(recipe));
    let mut done = Vec::new();
    let mut warnings = Vec::new();
    let mut companions: Vec<Companion> = Vec::new();
    let mut writers = Writers::default();
    let mut read = Some(BTreeSet::new());
    for step in &recipe.steps {
        let number = step.number;
        let name = step.module.name();
        let stage = progress.stage(&format!("step {number} {name}"), None);
        let remark = step.remark.iter();
        warnings.extend(remark.map(|remark| recipe.step_warning(step, remark)));
        let outcome = match &step.module {
            Module::BuiltIn(module) => modules::run(tree, name, &host, now, |root| {
                (module.modify)(name, root, &step.cfg)
            })
            .map_err(|error| recipe.step_error(step, &error))?,
            Module::Own(own) => {
                let with = own::Step {
                    number,
                    cfg: &step.cfg,
                    image_config,
                    folder: &recipe.folder,
                    log: &|line| stage.say(line),
                };
                let mut keys = None;
                let modify = |root: &mut Root<'_>| {
                    keys = own.modify(root, &with)?;
                    Ok(())
                };
                let outcome = modules::run(tree, name, &host, now, modify)
                    .map_err(|failure| recipe.own_error(step, &failure))?;
                // A module that does not tell may have read all of them.
                match (&mut read, keys) {
                    (Some(read), Some(keys)) => read.extend(keys),
                    _ => read = None,
                }
                outcome
            }
        };
        for note in &outcome.notes {
            let note = shown::one_line(note, usize::MAX);
            stage.say(&format!("[{name}] {note}"));
        }
        drop(stage);
        for companion in outcome.companions {
            companions.retain(|before| before.ending != companion.ending);
            companions.push(companion);
        }
        let changes = tree.layers().last().map_or(&[][..], |layer| &layer.changes);
        let is_last = number == recipe.steps.len();
        warnings.extend(writers.note(&format!("{number} {name}"), changes, tree, is_last));
        let shown = outcome.warnings.iter();
        warnings.extend(shown.map(|warning| recipe.step_warning(step, warning)));
        done.push(report::Step {
            number,
            module: name.to_owned(),
            changes: changes.iter().map(changes::describe).collect(),
        });
    }
    if let Some(read) = read {
        let is_read = |key: &Key| read.iter().any(|read| same_name(read, &key.name));
        let never = recipe.unclaimed.iter().filter(|(key, _)| !is_read(key));
        warnings.extend(never.map(|(key, meant)| recipe.never_read(key, meant.as_deref())));
    }
    Ok(Ran {
        steps: done,
        warnings,
        companions,
    })
}

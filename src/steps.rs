//! The recipe's steps, run one after the other.

use anyhow::Result;
use fsgen::tree::layer::ChangeKind;
use fsgen::{Timestamp, Tree};

use crate::host::RecipeFolder;
use crate::progress::Progress;
use crate::recipe::Recipe;
use crate::report;

/// Runs all steps; returns what each did, and what the user should know.
pub(crate) fn run(
    recipe: &Recipe,
    tree: &mut Tree,
    now: Timestamp,
    progress: &Progress,
) -> Result<(Vec<report::Step>, Vec<String>)> {
    let host = RecipeFolder(recipe.folder.clone());
    let mut done = Vec::new();
    let mut warnings = Vec::new();
    for step in &recipe.steps {
        let name = step.module.name;
        let stage = progress.stage(&format!("step {} {name}", step.number), None);
        let outcome = modules::run(tree, name, step.module, &step.cfg, &host, now)
            .map_err(|error| recipe.step_error(step, &error))?;
        drop(stage);
        let shown = outcome.warnings.iter();
        warnings.extend(shown.map(|warning| format!("step {} {name}: {warning}", step.number)));
        done.push(report::Step {
            number: step.number,
            module: name.to_owned(),
            changes: outcome
                .changes
                .iter()
                .map(|change| report::Change {
                    change: match change.kind {
                        ChangeKind::Added => "added",
                        ChangeKind::Changed => "changed",
                        ChangeKind::Removed => "removed",
                    },
                    path: change.path.escape_ascii().to_string(),
                })
                .collect(),
        });
    }
    Ok((done, warnings))
}

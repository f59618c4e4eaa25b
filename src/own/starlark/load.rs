//! `load("lib/NAME.star", ...)`: what several modules have in common.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::anyhow;
use starlark::Error;
use starlark::environment::{FrozenModule, Module};
use starlark::eval::FileLoader;

use super::evaluate::Run;
use super::source::Source;

/// Loads files of the folder `lib` beside a module, each once.
pub(super) struct Loader<'r> {
    run: &'r Run,
    folder: PathBuf,
    shown_folder: String,
    /// What is loaded; nothing yet for a file whose statements are running.
    loaded: RefCell<HashMap<String, Option<FrozenModule>>>,
}

impl<'r> Loader<'r> {
    /// Returns the loader of one run of a module.
    pub(super) fn new(module: &Source, run: &'r Run) -> Self {
        let shown_folder = match module.shown.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        Self {
            run,
            folder: module.folder.clone(),
            shown_folder,
            loaded: RefCell::default(),
        }
    }

    fn read(&self, path: &str) -> starlark::Result<FrozenModule> {
        let shown = format!("{}{path}", self.shown_folder);
        let source = Source::read(&self.folder.join(path), &shown)
            .map_err(|failure| Error::new_other(anyhow!("{failure}")))?;
        Module::with_temp_heap(|module| {
            let mut evaluator = self.run.evaluator(&module)?;
            evaluator.set_loader(self);
            self.run.top_level(&mut evaluator, source)?;
            drop(evaluator);
            Ok(module.freeze()?)
        })
    }
}

impl FileLoader for Loader<'_> {
    fn load(&self, path: &str) -> starlark::Result<FrozenModule> {
        if !is_in_lib(path) {
            return Err(Error::new_other(anyhow!(
                "{path:?} cannot be loaded: only \"lib/NAME.star\" can, beside the module"
            )));
        }
        match self.loaded.borrow().get(path) {
            Some(Some(loaded)) => return Ok(loaded.clone()),
            Some(None) => {
                return Err(Error::new_other(anyhow!(
                    "{path:?} loads itself in the end"
                )));
            }
            None => {}
        }
        self.loaded.borrow_mut().insert(path.to_owned(), None);
        let loaded = self.read(path)?;
        let done = Some(loaded.clone());
        self.loaded.borrow_mut().insert(path.to_owned(), done);
        Ok(loaded)
    }
}

/// Returns whether a path is that of a file in `lib`, and in no folder of it.
fn is_in_lib(path: &str) -> bool {
    let name = path
        .strip_prefix("lib/")
        .and_then(|name| name.strip_suffix(".star"));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['/', '\0']))
}

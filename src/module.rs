//! A module that a step runs: one that comes with hsb, or a file of the user's.

use std::sync::Arc;

use modules::value::{Data, Value, ValueError, same_name};
use modules::{Cfg, Host};

use crate::own::Own;

/// One module.
#[derive(Debug, Clone)]
pub enum Module {
    /// It comes with hsb.
    BuiltIn(&'static modules::Module),
    /// It is a file beside the recipe, or in a folder of `module_path`.
    Own(Arc<Own>),
}

impl Module {
    /// Returns what a recipe calls it.
    pub fn name(&self) -> &str {
        match self {
            Module::BuiltIn(module) => module.name,
            Module::Own(own) => &own.name,
        }
    }

    /// Returns the keys of the recipe that are its own, the main one first. A module of the user's
    /// that does not declare any has one, its name.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Module::BuiltIn(module) => module.keys.to_vec(),
            Module::Own(own) => own.keys(),
        }
    }

    /// Returns the key that an inline value which is no mapping is for.
    pub fn main(&self) -> Option<&str> {
        match self {
            Module::BuiltIn(module) => module.keys.first().copied(),
            Module::Own(own) => own.main(),
        }
    }

    /// Returns the options that a step carries inline, as [`modules::Module::inline`] does; a
    /// module of the user's gets them as they are.
    ///
    /// # Errors
    ///
    /// Fails when a key is given twice, and on a value for the main key of a module without one.
    pub fn inline(&self, value: &Value) -> Result<Value, ValueError> {
        match self {
            Module::BuiltIn(module) => module.inline(value),
            Module::Own(own) => match value.data {
                Data::Map(_) | Data::Null => Ok(value.clone()),
                _ if own.main().is_some() => Ok(value.clone()),
                _ => {
                    let error = value.mismatch("the module's options, as a mapping");
                    Err(error.help("`main` in its declaration names the key of such a value"))
                }
            },
        }
    }

    /// Returns whether a key of the recipe is its own.
    pub fn claims(&self, key: &str) -> bool {
        self.keys().iter().any(|own| same_name(own, key))
    }

    /// Finds every mistake in the options that shows without the image.
    ///
    /// # Errors
    ///
    /// Fails with the first one.
    pub fn check(&self, cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
        match self {
            Module::BuiltIn(module) => (module.check)(cfg, host),
            Module::Own(own) => own.check(cfg),
        }
    }

    /// Returns whether it may read any key of the recipe, for all that is known.
    pub fn is_undeclared(&self) -> bool {
        matches!(self, Module::Own(own) if own.declared.is_none())
    }
}

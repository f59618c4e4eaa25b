//! People's own modules: files beside the recipe that change the image as the built-in ones do.
//!
//! `executable`, `python` and `starlark` run as processes of their own that talk over a pipe;
//! `process` keeps them within their limits, `stray` ends what they leave behind, `protocol` answers
//! them, `json` is how values look on the way.
//! All of them see the image through the operations of [`modules::api`] alone.

mod declaration;
mod executable;
pub(crate) mod json;
mod process;
mod protocol;
mod python;
mod shim;
pub(crate) mod starlark;
mod stray;

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use modules::value::ValueError;
use modules::{Cfg, Root};

use crate::recipe::KEYS as RECIPE_KEYS;

pub use declaration::Declaration;
pub(crate) use process::end_all;

/// Says that this process is the program hsb, which modules in Starlark can run in, and that starts
/// nothing else while a module runs.
pub(crate) fn this_is_hsb() {
    starlark::this_is_hsb();
    stray::this_is_hsb();
}

/// How long a module may run that says nothing else.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// Where modules find programs: what the user's shell has is not theirs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One file that is a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// What a recipe calls it: the file's name without its ending.
    pub name: String,
    /// The file, absolute.
    pub file: PathBuf,
    /// The file as messages call it.
    pub shown: String,
    /// What runs it.
    pub kind: Kind,
    /// What it says about itself, if it does.
    pub declared: Option<Declaration>,
}

/// What runs a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `NAME.py`: the machine's python3.
    Python,
    /// `NAME.star`: hsb itself.
    Starlark,
    /// `NAME`: the operating system.
    Executable,
}

impl Kind {
    /// Returns the kind of a file by its name, and the name of the module in it.
    ///
    /// A file without an ending is a module only if it can be executed.
    pub(crate) fn of(file_name: &str, is_executable: bool) -> Option<(Self, &str)> {
        match file_name.rsplit_once('.') {
            Some((name, "py")) => Some((Kind::Python, name)),
            Some((name, "star")) => Some((Kind::Starlark, name)),
            None if is_executable => Some((Kind::Executable, file_name)),
            _ => None,
        }
    }
}

/// What a module runs with, beside the image.
pub(crate) struct Step<'s> {
    /// Its place in the recipe, from 1.
    pub(crate) number: usize,
    /// The recipe as the step sees it.
    pub(crate) cfg: &'s Cfg,
    /// The configuration of the container image that is the source, if it is one.
    pub(crate) image_config: Option<&'s serde_json::Value>,
    /// The folder of the recipe.
    pub(crate) folder: &'s Path,
    /// Shows a line that the module printed.
    pub(crate) log: &'s dyn Fn(&str),
}

/// Why a module failed.
#[derive(Debug)]
pub struct Failure {
    /// One line.
    pub message: String,
    /// `FILE:LINE` of the module, where it is known.
    pub at: Option<String>,
    /// The module's own calls on the way there, or what it printed last.
    pub trace: Option<String>,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())?;
        match &self.trace {
            None => Ok(()),
            Some(trace) => write!(f, "\n{}", trace.trim_end()),
        }
    }
}

impl std::error::Error for Failure {}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: None,
            trace: None,
        }
    }

    /// Returns place and message, on one line.
    pub(crate) fn line(&self) -> String {
        match &self.at {
            Some(at) => format!("{at}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// Names the module's file, where nothing better is known.
    fn of(mut self, module: &Own) -> Self {
        self.at.get_or_insert_with(|| module.shown.clone());
        self
    }
}

impl Own {
    /// Returns its keys of the recipe, the main one first.
    pub(crate) fn keys(&self) -> Vec<&str> {
        match &self.declared {
            None => vec![&self.name],
            Some(declared) => declared.keys(),
        }
    }

    /// Returns the key that an inline value which is no mapping is for.
    pub(crate) fn main(&self) -> Option<&str> {
        match &self.declared {
            None => Some(&self.name),
            Some(declared) => declared.main.as_deref(),
        }
    }

    /// Says why the module's process cannot be started, and what to do.
    fn not_started(&self, error: &io::Error) -> Failure {
        use io::ErrorKind::{NotFound, PermissionDenied};
        let help = match (self.kind, error.kind()) {
            (Kind::Python, _) => {
                return Failure::new(python::missing(error));
            }
            (Kind::Starlark, _) => "",
            (Kind::Executable, NotFound) => {
                ": what its first line names after #! is not there, or a library that it needs"
            }
            (Kind::Executable, PermissionDenied) => {
                ": the file, or what its first line names after #!, may not be executed here"
            }
            (Kind::Executable, _) => ": a script starts with a line such as #!/bin/sh",
        };
        Failure::new(format!("it cannot be run: {error}{help}"))
    }

    /// Reads what the module says about itself, without running it.
    ///
    /// # Errors
    ///
    /// Fails when that is not a declaration.
    pub(crate) fn declare(&mut self) -> Result<(), Failure> {
        let declared = match self.kind {
            Kind::Python => python::declaration(&self.file).map_err(Failure::new),
            Kind::Starlark => starlark::declaration(self),
            Kind::Executable => executable::declaration(&self.file).map_err(Failure::new),
        };
        self.declared = declared.map_err(|failure| failure.of(self))?;
        if let Some(declared) = &self.declared {
            let checked = declared.check_itself(&RECIPE_KEYS);
            checked.map_err(|wrong| Failure::new(wrong).of(self))?;
        }
        Ok(())
    }

    /// Finds the mistakes in the options of a module that declares them.
    ///
    /// # Errors
    ///
    /// Fails with the first one.
    pub(crate) fn check(&self, cfg: &Cfg) -> Result<(), ValueError> {
        match &self.declared {
            None => Ok(()),
            Some(declared) => declared.check(cfg),
        }
    }

    /// Returns how long the module may run.
    fn time_limit(&self) -> Duration {
        let declared = self.declared.as_ref();
        declared
            .and_then(Declaration::time_limit)
            .unwrap_or(TIME_LIMIT)
    }

    /// Lets the module change the image. Returns the keys of the recipe that it read, if it told.
    ///
    /// # Errors
    ///
    /// Fails when the module does, in any way that it can.
    pub(crate) fn modify(
        &self,
        root: &mut Root<'_>,
        step: &Step<'_>,
    ) -> Result<Option<Vec<String>>, Failure> {
        let limit = self.time_limit();
        let done = match self.kind {
            Kind::Python => {
                let command = python::command(&self.file);
                protocol::converse(self, command, limit, root, step).map_err(python::explained)
            }
            Kind::Starlark => starlark::command(self).and_then(|command| {
                let limit = limit.saturating_add(starlark::GRACE);
                protocol::converse(self, command, limit, root, step).map_err(starlark::explained)
            }),
            Kind::Executable => {
                protocol::converse(self, executable::command(&self.file), limit, root, step)
            }
        };
        done.map_err(|failure| failure.of(self))
    }
}

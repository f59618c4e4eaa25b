//! All modules that a recipe can name: files in its folder `modules/`, in those of `module_path`,
//! and the ones that come with hsb, in this order.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use modules::value::{same_name, unknown_name_help};

use crate::module::Module;
use crate::own::{Kind, Own};

/// The modules of a recipe, by name.
#[derive(Debug)]
pub(crate) struct Library {
    own: BTreeMap<String, Candidates>,
    /// What to do about files that are no modules, by what they could be called.
    not_quite: BTreeMap<String, String>,
    built_in: &'static [modules::Module],
}

/// The files of the first folder that has a name.
#[derive(Debug, Default)]
struct Candidates {
    /// One, unless it cannot be told which.
    files: Vec<Own>,
    /// The one with its declaration, as soon as somebody asked for it.
    declared: OnceLock<Result<Arc<Own>, Missing>>,
}

/// Why there is no module of a name.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    /// One line.
    pub(crate) message: String,
    /// What to do, where that can be said.
    pub(crate) help: Option<String>,
}

impl Library {
    /// Returns these modules alone.
    pub(crate) fn of(built_in: &'static [modules::Module]) -> Self {
        Self {
            own: BTreeMap::new(),
            not_quite: BTreeMap::new(),
            built_in,
        }
    }

    /// Finds the modules in folders, the first of which come first. One that is not there holds
    /// none.
    ///
    /// # Errors
    ///
    /// Fails when a folder cannot be read, and names it.
    pub(crate) fn open(folders: &[PathBuf]) -> Result<Self, (PathBuf, io::Error)> {
        let mut library = Self::of(modules::BUILTINS);
        for folder in folders {
            let scanned = library.scan(folder);
            scanned.map_err(|error| (folder.clone(), error))?;
        }
        Ok(library)
    }

    /// Returns the module that a recipe calls `name`; `-` and `_` are one letter.
    pub(crate) fn find(&self, name: &str) -> Result<Module, Missing> {
        let letters = letters(name);
        if let Some(candidates) = self.own.get(&letters) {
            return candidates.one(name).map(Module::Own);
        }
        self.built_in(name).map(Module::BuiltIn).ok_or_else(|| {
            let names = self.names();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let not_quite = self.not_quite.get(&letters).cloned();
            Missing {
                message: format!("unknown module `{name}`"),
                help: not_quite.or_else(|| unknown_name_help(name, &names)),
            }
        })
    }

    /// Returns what there is to say of the choice of a module: that it is not the one that comes
    /// with hsb, or that it is, though a file could be meant.
    pub(crate) fn remark(&self, module: &Module) -> Option<String> {
        match module {
            Module::Own(own) => self.built_in(&own.name).map(|_| {
                let file = &own.shown;
                format!("{file} is used in place of the module that comes with hsb")
            }),
            Module::BuiltIn(module) => self
                .not_quite
                .get(&letters(module.name))
                .map(|help| format!("the module that comes with hsb is used: {help}")),
        }
    }

    fn built_in(&self, name: &str) -> Option<&'static modules::Module> {
        self.built_in
            .iter()
            .find(|module| same_name(module.name, name))
    }

    /// Returns the module that has a key and comes with hsb, whether a recipe lists it or not.
    pub(crate) fn with_key(&self, key: &str) -> Option<&'static modules::Module> {
        let claims = |module: &&modules::Module| module.keys.iter().any(|own| same_name(own, key));
        self.built_in.iter().find(claims)
    }

    /// Returns the keys of all modules that come with hsb.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.built_in.iter().flat_map(|module| module.keys).copied()
    }

    /// Returns the names of all modules, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self.own.values().flat_map(|found| &found.files);
        let own = own.map(|own| own.name.clone());
        let built_in = self.built_in.iter().map(|module| module.name.to_owned());
        let mut names: Vec<_> = own.chain(built_in).collect();
        names.sort_unstable();
        names.dedup_by(|a, b| same_name(a, b));
        names
    }

    /// Adds the modules of a folder whose names no other has yet.
    fn scan(&mut self, folder: &Path) -> io::Result<()> {
        let mut found: BTreeMap<String, Candidates> = BTreeMap::new();
        let entries = match fs::read_dir(Path::new(".").join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is no text is that of no module.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        for file_name in names {
            let path = folder.join(&file_name);
            let shown = path.display().to_string();
            let is_executable = match fs::metadata(&path) {
                Ok(meta) if meta.is_file() => meta.permissions().mode() & 0o111 != 0,
                Ok(_) => continue,
                Err(error) => {
                    let name = file_name.split('.').next().unwrap_or_default();
                    let help = format!("{shown} cannot be read: {error}");
                    self.not_quite.entry(letters(name)).or_insert(help);
                    continue;
                }
            };
            let Some((kind, name)) = Kind::of(&file_name, is_executable) else {
                let (name, help) = not_quite(&file_name, &shown);
                self.not_quite.entry(letters(name)).or_insert(help);
                continue;
            };
            let own = Own {
                name: name.to_owned(),
                file: fs::canonicalize(&path)?,
                shown,
                kind,
                declared: None,
            };
            found.entry(letters(name)).or_default().files.push(own);
        }
        for (name, candidates) in found {
            self.own.entry(name).or_insert(candidates);
        }
        Ok(())
    }
}

impl Candidates {
    /// Returns the module that a recipe means by `name`.
    fn one(&self, name: &str) -> Result<Arc<Own>, Missing> {
        let [own] = self.files.as_slice() else {
            let files: Vec<&str> = self.files.iter().map(|own| own.shown.as_str()).collect();
            return Err(Missing {
                message: format!("module `{name}` could be {}", files.join(" or ")),
                help: Some("remove or rename all but one".to_owned()),
            });
        };
        let declare = || {
            let mut own = own.clone();
            own.declare().map_err(|failure| Missing {
                message: failure.line(),
                help: None,
            })?;
            Ok(Arc::new(own))
        };
        // Once: it starts a process, and a recipe may have many steps of one module.
        self.declared.get_or_init(declare).clone()
    }
}

/// Returns the name that a file could be meant to have as a module, and what it lacks.
fn not_quite<'n>(file_name: &'n str, shown: &str) -> (&'n str, String) {
    match file_name.split_once('.') {
        None => (
            file_name,
            format!("{shown} is there, but cannot be executed: chmod +x {shown}"),
        ),
        Some((name, _)) => (
            name,
            format!(
                "{shown} is there, but a module is {name}.py, {name}.star or an executable {name}"
            ),
        ),
    }
}

/// Returns the one spelling of a name.
fn letters(name: &str) -> String {
    name.replace('-', "_")
}

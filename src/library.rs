//! All modules that a recipe can name: files in its folder `modules/`, in those of `module_path`,
//! and the ones that come with hsb, in this order.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use modules::value::{same_name, unknown_name_help};

use crate::module::Module;
use crate::own::{Kind, Own};

/// The modules of a recipe, by name.
#[derive(Debug)]
pub(crate) struct Library {
    /// The files of the first folder that has the name; one, unless it cannot be told which.
    own: BTreeMap<String, Vec<Own>>,
    built_in: &'static [modules::Module],
}

/// Why there is no module of a name.
#[derive(Debug)]
pub(crate) struct Missing {
    /// One line.
    pub(crate) message: String,
    /// What to do, where that can be said.
    pub(crate) help: Option<String>,
}

impl Library {
    /// Returns these modules alone.
    pub(crate) fn of(built_in: &'static [modules::Module]) -> Self {
        let own = BTreeMap::new();
        Self { own, built_in }
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
            let found = scan(folder).map_err(|error| (folder.clone(), error))?;
            for (name, files) in found {
                library.own.entry(name).or_insert(files);
            }
        }
        Ok(library)
    }

    /// Returns the module that a recipe calls `name`; `-` and `_` are one letter.
    pub(crate) fn find(&self, name: &str) -> Result<Module, Missing> {
        match self.own.get(&letters(name)).map(Vec::as_slice) {
            Some([own]) => {
                let mut own = own.clone();
                own.declare().map_err(|failure| Missing {
                    message: failure.line(),
                    help: None,
                })?;
                Ok(Module::Own(Arc::new(own)))
            }
            Some(several) => {
                let files: Vec<&str> = several.iter().map(|own| own.shown.as_str()).collect();
                Err(Missing {
                    message: format!("module `{name}` could be {}", files.join(" or ")),
                    help: Some("remove or rename all but one".to_owned()),
                })
            }
            None => self.built_in(name).map(Module::BuiltIn).ok_or_else(|| {
                let names = self.names();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                Missing {
                    message: format!("unknown module `{name}`"),
                    help: unknown_name_help(name, &names),
                }
            }),
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
        let own = self.own.values().flatten().map(|own| own.name.clone());
        let built_in = self.built_in.iter().map(|module| module.name.to_owned());
        let mut names: Vec<_> = own.chain(built_in).collect();
        names.sort_unstable();
        names.dedup_by(|a, b| same_name(a, b));
        names
    }
}

/// Returns the one spelling of a name.
fn letters(name: &str) -> String {
    name.replace('-', "_")
}

/// Returns the modules of one folder by their names.
fn scan(folder: &Path) -> io::Result<BTreeMap<String, Vec<Own>>> {
    let mut found: BTreeMap<String, Vec<Own>> = BTreeMap::new();
    let entries = match fs::read_dir(Path::new(".").join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
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
        let Ok(meta) = fs::metadata(&path) else {
            continue;
        };
        let is_executable = meta.permissions().mode() & 0o111 != 0;
        let Some((kind, name)) = Kind::of(&file_name, is_executable).filter(|_| meta.is_file())
        else {
            continue;
        };
        let own = Own {
            name: name.to_owned(),
            file: fs::canonicalize(&path)?,
            shown: path.display().to_string(),
            kind,
            declared: None,
        };
        found.entry(letters(name)).or_default().push(own);
    }
    Ok(found)
}

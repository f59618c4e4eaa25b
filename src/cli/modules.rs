//! `hsb modules` and `hsb schema`: what can be in a recipe here.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use modules::value::{canonical, same_name};

use super::{RECIPE, print};
use crate::library::{Library, Missing};
use crate::recipe::{self, KEYS};
use crate::{catalog, own, schema};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Modules {
    /// Describe this module
    name: Option<String>,
    /// The recipe whose modules they are [default: build.yaml, which need not be there]
    #[arg(short, long, value_name = "RECIPE")]
    file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a file to start a module of your own from: modules/NAME.py
    New {
        /// What recipes will call it
        name: String,
        /// What it is written in
        #[arg(long, value_enum, default_value_t = Language::Python)]
        kind: Language,
        /// The recipe beside whose folder `modules` it goes
        #[arg(short, long, value_name = "RECIPE", default_value = "build.yaml")]
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// NAME.py, run by the machine's python3
    Python,
    /// NAME.star, run by hsb itself
    Starlark,
    /// NAME, a program in any language
    Executable,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// The recipe whose own modules it has [default: build.yaml, which need not be there]
    #[arg(short, long, value_name = "RECIPE")]
    file: Option<PathBuf>,
}

pub(super) fn modules(options: &Modules) -> Result<()> {
    if let Some(Command::New { name, kind, file }) = &options.command {
        return new(name, *kind, file);
    }
    let library = library(options.file.as_deref())?;
    match &options.name {
        None => print(&catalog::list(&library)),
        Some(name) => match library.find(name) {
            Ok(module) => print(&catalog::describe(&module)),
            Err(Missing { message, help }) => {
                let help = help.map(|help| format!("; {help}")).unwrap_or_default();
                bail!("{message}{help}")
            }
        },
    }
}

pub(super) fn print_schema(options: &Schema) -> Result<()> {
    let library = library(options.file.as_deref())?;
    let mut text = serde_json::to_string_pretty(&schema::schema(&library))?;
    text.push('\n');
    print(&text)
}

/// Finds the modules of a recipe; one that is asked for has to be there.
fn library(file: Option<&Path>) -> Result<Library> {
    if let Some(file) = file {
        fs::metadata(file).with_context(|| format!("the recipe {}", file.display()))?;
    }
    let file = file.unwrap_or(Path::new(RECIPE));
    Ok(recipe::library_of(file)?)
}

/// Writes a module; one that is there stays.
fn new(name: &str, language: Language, recipe: &Path) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_plain) {
        bail!("{name:?}: is no name for a module; letters, digits, _ and - are");
    }
    // What is written has a key of its own name.
    if let Some(key) = canonical(name, &KEYS) {
        bail!("{name}: every recipe has the key `{key}`; choose another name");
    }
    let (kind, ending, mode) = match language {
        Language::Python => (own::Kind::Python, ".py", 0o666),
        Language::Starlark => (own::Kind::Starlark, ".star", 0o666),
        Language::Executable => (own::Kind::Executable, "", 0o777),
    };
    let folder = recipe.parent().unwrap_or(recipe).join("modules");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    // Two of one name in a folder are an error, whatever their kinds.
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let there = entry?.file_name();
        let there = there.to_str().unwrap_or_default();
        let stem = there.strip_suffix(".py").or(there.strip_suffix(".star"));
        if same_name(stem.unwrap_or(there), name) {
            let file = folder.join(there);
            let file = file.display();
            bail!("{file}: is there already; choose another name, or remove it");
        }
    }
    let file = folder.join(format!("{name}{ending}"));
    let mut opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&file)
        .with_context(|| file.display().to_string())?;
    let text = catalog::template(kind, name);
    opened.write_all(text.as_bytes())?;
    print(&format!("{}: name it in `modules:`\n", file.display()))
}

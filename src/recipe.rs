//! build.yaml becomes a [`Recipe`]: every default filled in, every mistake found before any work.
//!
//! `parse` knows no files; [`read`] reads one, and lets the modules check their options. What
//! depends on the root filesystem is decided later, by the plan.

mod boot;
pub(crate) mod doc;
mod document;
mod ext4;
mod label;
mod partition;
mod partitions;
mod size;
mod source;
mod step;
#[cfg(test)]
mod tests;
mod vfat;
mod yaml;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use modules::value::{Data, Key, Map, Span, Spanned, Value, ValueError};
use modules::{Host, Warning};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::host::RecipeFolder;
use crate::library::Library;
use crate::module::Module;
use crate::own::Failure;
use crate::source::Source;
use document::Document;

pub use boot::Boot;
pub use document::Problems;
pub use ext4::Ext4;
pub use partition::Partition;
pub use size::{Size, SizeError};
pub use step::Step;
pub use vfat::Vfat;

/// The keys at the top of a recipe that belong to no module.
pub(crate) const KEYS: [&str; 9] = [
    "name",
    "source",
    "size",
    "seed",
    "table",
    "partitions",
    "boot",
    "modules",
    "module_path",
];

/// The largest recipe that is read, in bytes; files for the image go beside it, not into it.
const LONGEST: u64 = 16 << 20;

/// What to build.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Name of the image, without folder and ending.
    pub name: Spanned<String>,
    /// What to start from, each laid on the one before; nothing when it is for -i to say.
    pub sources: Vec<Spanned<Source>>,
    /// Size of the image; never [`Size::Rest`].
    pub size: Spanned<Size>,
    /// What the identifiers are derived from; nothing when it is for the tree to say.
    pub seed: Option<String>,
    /// The kind of partition table.
    pub table: Table,
    /// At least one; exactly one without a table.
    pub partitions: Vec<Partition>,
    /// Whether the recipe has any of the two, `table` and `partitions`.
    pub is_divided: bool,
    /// What boots the image.
    pub boot: Boot,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// Keys that are for modules of the user's to read, for all that is known, and what each could
    /// have been meant to be.
    pub unclaimed: Vec<(Key, Option<String>)>,
    /// The folder of the recipe, which its paths are relative to; empty for the working folder.
    pub folder: PathBuf,
    document: Document,
}

/// The kind of partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// GUID partition table.
    #[default]
    Gpt,
    /// Master boot record.
    Mbr,
    /// None: the image is one filesystem.
    None,
}

/// What is in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filesystem {
    /// An ext4 filesystem.
    Ext4,
    /// FAT12, FAT16 or FAT32 with long names.
    Vfat,
    /// A swap area.
    Swap,
    /// Nothing.
    None,
}

impl fmt::Display for Filesystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Filesystem::Ext4 => "ext4",
            Filesystem::Vfat => "vfat",
            Filesystem::Swap => "swap",
            Filesystem::None => "none",
        })
    }
}

/// Why there is no recipe.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("cannot read the recipe {}: {cause}; -f names another", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The file is too large to be a recipe.
    #[error("{} is no recipe: it has more than {LONGEST} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Its content is wrong.
    #[error(transparent)]
    Wrong(#[from] Problems),
}

/// Reads the recipe in a file, for the modules that come with hsb; `size` overrides that of the
/// image.
///
/// # Errors
///
/// Fails with all the problems that can be found without the source.
pub fn read(file: &Path, size: Option<Size>) -> Result<Recipe, RecipeError> {
    let unreadable = |cause| RecipeError::Unreadable {
        file: file.to_owned(),
        cause,
    };
    let mut bytes = Vec::new();
    let mut limited = File::open(file).map_err(unreadable)?.take(LONGEST + 1);
    limited.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(RecipeError::TooLarge(file.to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|error| document::not_utf8(file, &error))?;
    checked(&text, file, size)
}

/// Returns the recipe that says nothing, as if it were in `file`; `size` is in place of its own.
///
/// # Errors
///
/// Fails when a folder of modules beside it cannot be read.
pub fn without_keys(file: &Path, size: Option<Size>) -> Result<Recipe, RecipeError> {
    checked("{}", file, size)
}

fn checked(text: &str, file: &Path, size: Option<Size>) -> Result<Recipe, RecipeError> {
    let mut recipe = parse(text, file, &Library::open)?;
    if let Some(value) = size {
        let span = Span::default();
        recipe.size = Spanned { value, span };
    }
    recipe.check(&RecipeFolder::new(recipe.folder.clone()))?;
    Ok(recipe)
}

/// Finds the modules that a recipe can name, whatever else is wrong with it; without a recipe,
/// those that are where it would be.
///
/// # Errors
///
/// Fails when its `module_path` or a folder cannot be read.
pub(crate) fn library_of(file: &Path) -> Result<Library, Problems> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let keys = match yaml::parse(&text) {
        Ok(Value {
            data: Data::Map(keys),
            ..
        }) => keys,
        _ => Map::new(),
    };
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let mut problems = Vec::new();
    let library = library(&keys, &folder, &Library::open, &mut problems);
    let document = Document {
        file: file.to_owned(),
        text,
    };
    match problems.is_empty() {
        true => Ok(library),
        false => Err(document.error(problems)),
    }
}

/// Reads a recipe; `file` is what messages call it, `open` finds the modules in folders.
///
/// # Errors
///
/// Fails with all the problems that can be found without asking the modules.
fn parse(text: &str, file: &Path, open: &OpenLibrary<'_>) -> Result<Recipe, Problems> {
    let document = Document {
        file: file.to_owned(),
        text: text.to_owned(),
    };
    let value = yaml::parse(text).map_err(|problem| document.error(vec![problem]))?;
    let Data::Map(keys) = &value.data else {
        let error = match value.data {
            Data::Null => ValueError::new(
                Span {
                    line: 1,
                    column: 1,
                    ..Span::default()
                },
                "the recipe is empty",
            ),
            _ => value.mismatch("keys with their values"),
        };
        let error = error.help("write at least `source: rootfs.tar.gz`, the tarball to start from");
        return Err(document.error(vec![error]));
    };
    let mut problems = Vec::new();
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    let library = library(keys, &folder, open, &mut problems);
    let steps = step::read(&Arc::new(keys.clone()), &library, &mut problems);
    // The keys of a module that is not there would all look unknown.
    let unclaimed = match problems.is_empty() {
        true => step::check_keys(keys, &KEYS, &steps, &library, &mut problems),
        false => Vec::new(),
    };
    let table = field(keys, "table", &mut problems).unwrap_or_default();
    let recipe = Recipe {
        name: name(keys, &mut problems),
        sources: source::read(keys, &folder, &mut problems),
        size: size(keys, &mut problems).unwrap_or(Spanned {
            value: Size::Auto,
            span: Span::default(),
        }),
        seed: field(keys, "seed", &mut problems),
        table,
        partitions: match keys.get("partitions") {
            Some(value) => partitions::read(value, table, &mut problems),
            None => vec![Partition::root()],
        },
        is_divided: keys.get("table").or(keys.get("partitions")).is_some(),
        boot: boot(keys, &mut problems),
        steps,
        unclaimed,
        folder,
        document,
    };
    match problems.is_empty() {
        true => Ok(recipe),
        false => Err(recipe.document.error(problems)),
    }
}

impl Recipe {
    /// Lets each step's module check its options.
    ///
    /// # Errors
    ///
    /// Fails with the first mistake of every step that has one.
    pub fn check(&self, host: &dyn Host) -> Result<(), Problems> {
        let checks = self.steps.iter().filter_map(|step| {
            let problem = step.module.check(&step.cfg, host).err()?;
            Some(match problem.help {
                Some(_) => problem,
                None => {
                    let name = step.module.name();
                    problem.help(format!("`hsb modules {name}` shows its options"))
                }
            })
        });
        let mut problems: Vec<ValueError> = checks.collect();
        // A module that runs twice finds a mistake in the keys at the top twice.
        let mut seen = Vec::new();
        problems.retain(|problem| {
            let is_new = !seen.contains(problem);
            seen.push(problem.clone());
            is_new
        });
        match problems.is_empty() {
            true => Ok(()),
            false => Err(self.document.error(problems)),
        }
    }

    /// Returns what is wrong at a place in the recipe.
    pub fn error(&self, problem: ValueError) -> Problems {
        self.document.error(vec![problem])
    }

    /// Returns the warning about a key that no module read.
    pub(crate) fn never_read(&self, key: &Key, meant: Option<&str>) -> String {
        let (file, line) = (self.document.file.display(), key.span.line);
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
        let name = &key.name;
        format!(
            "{file}:{line}: no module read `{name}`{}",
            meant.unwrap_or_default()
        )
    }

    /// Returns what a step warns of, with the line of the option that it is about. Where that is not
    /// known, it is the first one of a module that comes along, or else where the step is named.
    pub(crate) fn step_warning(&self, step: &Step, warning: &Warning) -> String {
        let text = format!("step {} {}: {warning}", step.number, step.module.name());
        let span = warning.span.or_else(|| match &step.module {
            Module::BuiltIn(_) => {
                let mut own = step.cfg.own();
                Some(own.next().map_or(step.span, |(key, _)| key.span))
            }
            Module::Own(_) => None,
        });
        match span {
            Some(span) if span.line > 0 => {
                format!("{}:{}: {text}", self.document.file.display(), span.line)
            }
            _ => text,
        }
    }

    /// Returns the error of a step whose module is the user's.
    pub(crate) fn own_error(&self, step: &Step, failure: &Failure) -> anyhow::Error {
        let said = failure.to_string();
        let (first, below) = said.split_once('\n').unwrap_or((&said, ""));
        let message = format!("step {} `{}`: {first}", step.number, step.module.name());
        let problem = self.error(ValueError::new(step.span, message));
        match below {
            "" => problem.into(),
            _ => anyhow::anyhow!("{problem}\n\n{below}"),
        }
    }

    /// Returns the error of a step that failed, at the place in the recipe that is to blame.
    pub fn step_error(&self, step: &Step, error: &modules::Error) -> Problems {
        let message = format!("step {} `{}`: {error}", step.number, step.module.name());
        let help = match error {
            modules::Error::Option(error) => error.help.clone(),
            modules::Error::Root { .. } => None,
        };
        let span = error.span().unwrap_or(step.span);
        self.error(ValueError {
            span,
            message,
            help,
        })
    }
}

/// How the modules in folders are found: [`Library::open`], but in tests.
type OpenLibrary<'o> = dyn Fn(&[PathBuf]) -> Result<Library, (PathBuf, io::Error)> + 'o;

/// Finds the modules of a recipe: in its folder `modules`, and in those of `module_path`.
fn library(
    keys: &Map,
    folder: &Path,
    open: &OpenLibrary<'_>,
    problems: &mut Vec<ValueError>,
) -> Library {
    let more: Vec<Spanned<PathBuf>> = field(keys, "module_path", problems).unwrap_or_default();
    let mut folders = vec![folder.join("modules")];
    for path in more {
        let named = folder.join(&path.value);
        match named.is_dir() {
            true => folders.push(named),
            false => {
                let message = format!("there is no folder {}", named.display());
                problems.push(path.error(message));
            }
        }
    }
    open(&folders).unwrap_or_else(|(folder, error)| {
        let message = format!(
            "the modules in {} cannot be found: {error}",
            folder.display()
        );
        let span = keys
            .get("module_path")
            .map_or(Span::default(), |value| value.span);
        problems.push(ValueError::new(span, message));
        Library::of(modules::BUILTINS)
    })
}

/// Reads one of the recipe's own keys.
fn field<T: DeserializeOwned>(keys: &Map, key: &str, problems: &mut Vec<ValueError>) -> Option<T> {
    let read = keys.get(key)?.decode();
    read.map_err(|error| problems.push(error)).ok()
}

/// Reads `name:`, which becomes a file name.
fn name(keys: &Map, problems: &mut Vec<ValueError>) -> Spanned<String> {
    let name: Option<Spanned<String>> = field(keys, "name", problems);
    let Some(name) = name else {
        let (span, value) = (Span::default(), "image".to_owned());
        return Spanned { span, value };
    };
    let wrong = match &*name.value {
        "" => Some("is empty"),
        text if text.starts_with('.') => Some("starts with a dot"),
        text if text.contains('/') => Some("holds a slash"),
        text if text.contains(char::is_control) => Some("holds a control character"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        let error = name.error(format!("the name {:?} {wrong}", name.value));
        problems.push(error.help("it becomes the file name of the image; -o names any place"));
    }
    name
}

fn boot(keys: &Map, problems: &mut Vec<ValueError>) -> Boot {
    let boot: Boot = field(keys, "boot", problems).unwrap_or_default();
    problems.extend(boot.check().err());
    boot
}

fn size(keys: &Map, problems: &mut Vec<ValueError>) -> Option<Spanned<Size>> {
    let size: Spanned<Size> = field(keys, "size", problems)?;
    if size.value == Size::Rest {
        let error = size.error("`rest` is the size of a partition");
        problems.push(error.help("give the image a size such as 4G, or `auto`"));
    }
    Some(size)
}

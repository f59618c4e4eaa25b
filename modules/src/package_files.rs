//! The files of packages that a recipe lists: by name, in a folder, or by a pattern.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::sync::Arc;

use fsgen::ReadAt;

use crate::root::any_text::shown;
use crate::root::matches;
use crate::value::{Span, Spanned, ValueError};
use crate::{Host, shared};

/// A package as a file.
pub(crate) struct PackageFile {
    /// What messages call it.
    pub(crate) name: String,
    /// Where the recipe lists it.
    pub(crate) span: Span,
    pub(crate) source: Arc<dyn ReadAt>,
    /// How many bytes it has.
    pub(crate) len: u64,
}

impl PackageFile {
    /// Returns an error about this package.
    pub(crate) fn error(&self, message: impl Display) -> ValueError {
        error(self.span, &self.name, message)
    }
}

fn error(span: Span, name: &str, message: impl Display) -> ValueError {
    // Texts of packages may have bytes that are part of no character.
    ValueError::new(span, format!("{name}: {}", shown(&message.to_string())))
}

/// A package of which some is read.
pub(crate) trait Package: Send {
    /// What is wrong with one.
    type Error: Display + From<io::Error>;
    /// What only one package of a list can be.
    type Key: Ord;
    /// What its file ends with.
    const ENDING: &'static str;

    fn read(file: PackageFile, host: &dyn Host) -> Result<Self, Self::Error>
    where
        Self: Sized;
    fn file(&self) -> &PackageFile;
    fn key(&self) -> Self::Key;
    /// Returns what messages call the package itself.
    fn shown(&self) -> String;
}

/// Reads the packages that a list stands for, several at a time; returns them in the order of their
/// keys.
pub(crate) fn read<P: Package>(
    items: &[Spanned<String>],
    host: &dyn Host,
) -> Result<Vec<P>, ValueError> {
    let mut files = Vec::new();
    for item in items {
        let found = find(item, P::ENDING, host)?;
        files.extend(found.into_iter().map(|file| (item.span, file)));
    }
    let read = shared::work(host.threads(), &files, |(span, name)| {
        let read = host.open(name).map_err(P::Error::from);
        let read = read.and_then(|(source, len)| {
            let (name, span) = (name.clone(), *span);
            let file = PackageFile {
                name,
                span,
                source,
                len,
            };
            P::read(file, host)
        });
        read.map_err(|cause| error(*span, name, cause))
    })?;
    let mut packages = BTreeMap::<P::Key, P>::new();
    for package in read {
        if let Some(other) = packages.get(&package.key()) {
            let (file, other_file) = (package.file(), other.file());
            // A pattern may find what is listed by itself as well.
            if other_file.name == file.name {
                continue;
            }
            let message = format!(
                "{} is listed as well, in {}",
                other.shown(),
                other_file.name
            );
            return Err(file.error(message).help("list one of them"));
        }
        packages.insert(package.key(), package);
    }
    Ok(packages.into_values().collect())
}

/// Returns the files that an item of the list stands for; of a folder, those with that ending.
fn find(item: &Spanned<String>, ending: &str, host: &dyn Host) -> Result<Vec<String>, ValueError> {
    let path = item.trim_end_matches('/');
    if path.is_empty() {
        return Err(item.error("an empty path is no package"));
    }
    if path.split('/').any(|part| part.contains("**")) {
        let message = format!("{path}: ** is not known; write one * for the names of each level");
        return Err(item.error(message));
    }
    if is_pattern(&path) {
        let found = glob(path, host);
        let found = found.map_err(|error| item.error(format!("{path}: {error}")))?;
        return match found.is_empty() {
            true => Err(item.error(format!("{path} finds no file"))),
            false => Ok(found),
        };
    }
    let names = match host.list(path) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(vec![path.to_owned()]);
        }
        Err(error) => return Err(item.error(format!("{path}: {error}"))),
    };
    let packages = names.iter().filter(|name| name.ends_with(ending));
    let files: Vec<_> = packages.map(|name| format!("{path}/{name}")).collect();
    match files.is_empty() {
        true => Err(item.error(format!("the folder {path} has no file NAME{ending}"))),
        false => Ok(files),
    }
}

fn is_pattern(text: &&str) -> bool {
    text.contains(['*', '?', '['])
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory | io::ErrorKind::NotFound
    )
}

/// Returns the files that a pattern finds, in byte order.
fn glob(pattern: &str, host: &dyn Host) -> io::Result<Vec<String>> {
    let mut found = vec![String::new()];
    let parts: Vec<&str> = pattern.split('/').collect();
    for (i, part) in parts.iter().enumerate() {
        let is_last = i + 1 == parts.len();
        let mut next = Vec::new();
        for folder in found {
            let above = if folder.is_empty() { "." } else { &folder };
            let joined = |name: &str| match &*folder {
                "" if i == 0 => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            if !is_pattern(part) {
                next.push(joined(part));
                continue;
            }
            let names = match host.list(above) {
                // Of what a pattern finds, not all has to be a folder, or have the next one.
                Err(error) if parts[..i].iter().any(is_pattern) && is_no_folder(&error) => continue,
                names => names?,
            };
            let fits = |name: &&String| {
                (part.starts_with('.') || !name.starts_with('.'))
                    && matches(part.as_bytes(), name.as_bytes())
            };
            next.extend(names.iter().filter(fits).map(|name| joined(name)));
        }
        // Beside the files that a name at the end stands for, a folder may not have it.
        if is_last && !is_pattern(part) {
            next.retain(|path| host.open(path).is_ok());
        }
        found = next;
    }
    Ok(found)
}

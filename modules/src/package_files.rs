//! The files of packages that a recipe lists: by name, in a folder, or by a pattern.

use std::io;

use crate::root::matches;
use crate::value::{Spanned, ValueError};
use crate::{Host, shared};

/// Opens the files that a list stands for, several at a time; returns what came of each, with the
/// item of the list.
pub(crate) fn open<'i, T: Send>(
    items: &'i [Spanned<String>],
    ending: &str,
    host: &dyn Host,
    open: impl Fn(&'i Spanned<String>, &str) -> Result<T, ValueError> + Sync,
) -> Result<Vec<(&'i Spanned<String>, T)>, ValueError> {
    let mut files = Vec::new();
    for item in items {
        let found = find(item, ending, host)?;
        files.extend(found.into_iter().map(|file| (item, file)));
    }
    shared::work(host.threads(), &files, |(item, file)| {
        Ok((*item, open(item, file)?))
    })
}

/// Returns the files that an item of the list stands for; of a folder, those with that ending.
fn find(item: &Spanned<String>, ending: &str, host: &dyn Host) -> Result<Vec<String>, ValueError> {
    let path = item.trim_end_matches('/');
    let is_pattern = |text: &str| text.contains(['*', '?', '[']);
    if path.is_empty() {
        return Err(item.error("an empty path is no package"));
    }
    if is_pattern(path) {
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
            if !part.contains(['*', '?', '[']) {
                next.push(joined(part));
                continue;
            }
            let names = match host.list(above) {
                Err(error) if i > 0 && error.kind() == io::ErrorKind::NotADirectory => continue,
                names => names?,
            };
            let fits = |name: &&String| {
                (part.starts_with('.') || !name.starts_with('.'))
                    && matches(part.as_bytes(), name.as_bytes())
            };
            next.extend(names.iter().filter(fits).map(|name| joined(name)));
        }
        // Beside the files that a name at the end stands for, a folder may not have it.
        if is_last && !part.contains(['*', '?', '[']) {
            next.retain(|path| host.open(path).is_ok());
        }
        found = next;
    }
    Ok(found)
}

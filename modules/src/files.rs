//! `files`: writes files, makes directories and links, removes what must not be there.
//!
//! A step works through `remove`, `directories`, `files` and `symlinks`, in this order and each
//! from top to bottom. Directories that are missing above a path are made for root with mode 0755.
//! A file or directory that exists keeps the mode and owner that the recipe does not name. A path
//! that ends in a symbolic link means what the link leads to, except to `remove` and `symlinks`.

mod doc;
mod options;

use fsgen::tree::path::split;
use memchr::memmem;

use crate::error::at;
use crate::permissions;
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root, RootError};
use options::{File, Link, Options, Removal};

pub(crate) const MODULE: Module = Module {
    name: "files",
    summary: "writes files, makes directories and links, removes what must not be there",
    details: "\
Works through `remove`, `directories`, `files` and `symlinks`, in this order. A file or directory
that exists keeps the mode and owner that the recipe does not name. A path that ends in a symbolic
link means what the link leads to, except to `remove` and `symlinks`.",
    keys: &["files", "directories", "symlinks", "remove"],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.check(cfg.span(), host)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let options: Options = cfg.options()?;
    for removal in &options.remove {
        remove(root, &removal.0).map_err(at(removal.span))?;
    }
    for directory in &options.directories {
        let path = &directory.path;
        root.mkdir_all(&**path, 0o755).map_err(at(path.span))?;
        permissions::set(
            root,
            path,
            directory.mode,
            &directory.user,
            &directory.group,
        )?;
    }
    for file in &options.files {
        write(root, file)?;
        permissions::set(root, &file.path, file.mode, &file.user, &file.group)?;
    }
    for link in &options.symlinks {
        make_link(root, link).map_err(at(link.path.span))?;
    }
    Ok(())
}

fn remove(root: &mut Root<'_>, removal: &Removal) -> Result<(), RootError> {
    let removed = if removal.recursive {
        root.remove_all(&removal.path)
    } else {
        root.remove(&removal.path)
    };
    match removed {
        Err(error) if removal.missing_ok && error.is_not_found() => Ok(()),
        other => other,
    }
}

fn write(root: &mut Root<'_>, file: &File) -> Result<(), Error> {
    let path = &file.path;
    let failed = at(path.span);
    make_parent(root, path).map_err(&failed)?;
    if let Some(source) = &file.source {
        return root.put(source, &**path).map_err(at(source.span));
    }
    let text = file.content.as_deref().unwrap_or_default();
    if !file.append {
        return root.write(&**path, text).map_err(failed);
    }
    let before = root.read_if_exists(&**path).map_err(&failed)?;
    let mut before = before.unwrap_or_default();
    let is_open = before.last().is_some_and(|b| *b != b'\n');
    if is_open {
        before.push(b'\n');
    }
    if has_lines(&before, text.as_bytes()) && root.is_file(&**path) {
        return Ok(());
    }
    // Lines do not go on with what the file ends in.
    let start = if is_open { "\n" } else { "" };
    root.append(&**path, format!("{start}{text}"))
        .map_err(failed)
}

/// Returns whether a text is somewhere in a file, as whole lines.
fn has_lines(file: &[u8], text: &[u8]) -> bool {
    let is_at = |at: usize| {
        let end = at + text.len();
        let starts = at == 0 || file[at - 1] == b'\n';
        starts && (end == file.len() || text.ends_with(b"\n") || file[end] == b'\n')
    };
    // One may begin in another, as blank lines do.
    let mut from = 0;
    while let Some(found) = memmem::find(&file[from..], text) {
        if is_at(from + found) {
            return true;
        }
        from += found + 1;
    }
    false
}

fn make_link(root: &mut Root<'_>, link: &Link) -> Result<(), RootError> {
    let (path, target) = (&**link.path, &**link.target);
    make_parent(root, path)?;
    if !link.hard {
        return root.symlink(target, path, link.force);
    }
    root.link(target, path, link.force)
}

fn make_parent(root: &mut Root<'_>, path: &str) -> Result<(), RootError> {
    match split(path.as_bytes()) {
        Some((parent, _)) => root.mkdir_all(parent, 0o755),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;

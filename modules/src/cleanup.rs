//! `cleanup`: takes out what a system gathers while it is used: logs, caches, histories, leases.

mod sort;

use std::collections::BTreeSet;

use fsgen::Kind;
use serde::Deserialize;

use crate::accounts::Accounts;
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError, unknown_name_help};
use crate::{Cfg, Error, Host, Module, Root, RootError};
use sort::{HISTORIES, SORTS, Sort};

pub(crate) const MODULE: Module = Module {
    name: "cleanup",
    summary: "takes out logs, caches, histories, leases and other traces of use",
    details: "\
- `logs`: files in `/var/log` become empty, rotated ones and systemd's journals go
- `caches`: what apt, dnf, yum, zypper, apk and pacman downloaded, and caches that are made anew
- `histories`: of shells, editors and such in the homes of root and of all users
- `leases`: of DHCP clients, and what NetworkManager remembers
- `tmp`: all in `/tmp` and `/var/tmp`
- `backups`: `/etc/passwd-` and its like, old states of dpkg and debconf

Host keys and machine-id are the matters of `ssh` and `machine_id`. Directories stay where programs
expect them. `/var` and `/root` may be links to other folders of the image. Where `/tmp`, or a
folder below those two, is a link, nothing behind it is touched, and a warning says so, unless it
leads to another folder of the same sort, as `/tmp` to `/var/tmp`.",
    keys: &["cleanup"],
    options: &[OptionDoc::optional(
        "cleanup",
        Shape::List(&Shape::OneOf(Sort::NAMES)),
        "what to take out; all of it if left out",
    )],
    example: "modules: [cleanup]\ncleanup: [logs, caches, histories, leases]\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    cleanup: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Options {
    fn sorts(&self) -> Result<Vec<&'static Sort>, ValueError> {
        let Some(names) = &self.cleanup else {
            return Ok(SORTS.iter().collect());
        };
        if names.is_empty() {
            let error = names.error("there is nothing to take out");
            return Err(error.help("leave the key out for everything"));
        }
        let sort = |name: &Spanned<String>| {
            let known = SORTS.iter().find(|sort| sort.name == name.as_str());
            known.ok_or_else(|| {
                let error = name.error(format!("nothing is called {:?} here", **name));
                match unknown_name_help(name, Sort::NAMES) {
                    Some(help) => error.help(help),
                    None => error,
                }
            })
        };
        names.iter().map(sort).collect()
    }
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.sorts().map(drop)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let mut gone = Gone::default();
    let mut left = BTreeSet::new();
    for sort in cfg.options::<Options>()?.sorts()? {
        for pattern in sort.removed {
            for path in found(root, sort, pattern, &mut left) {
                // It may have gone with its folder, which the pattern finds first.
                let Ok(node) = root.lstat(&path) else {
                    continue;
                };
                // Programs do not make the folders of their logs, whatever these are called.
                if !(pattern.contains("**") && matches!(node.kind, Kind::Directory(_))) {
                    gone.remove(root, &path)?;
                }
            }
        }
        for pattern in sort.emptied {
            for path in found(root, sort, pattern, &mut left) {
                gone.empty(root, &path)?;
            }
        }
        if sort.name == "histories" {
            for home in homes(root)? {
                for name in HISTORIES {
                    let path = crate::root::join(&home, name.as_bytes());
                    let is_kept = match root.lstat(&path).map(|node| &node.kind) {
                        // Nothing is to be remembered there at all.
                        Ok(Kind::Symlink(target)) => **target == *b"/dev/null",
                        Ok(Kind::Directory(_)) | Err(_) => true,
                        Ok(_) => false,
                    };
                    if !is_kept {
                        gone.remove(root, &path)?;
                    }
                }
            }
        }
    }
    for link in left {
        let target = root.readlink(&link)?;
        let (link, target) = (link.escape_ascii(), target.escape_ascii());
        root.warn(format!(
            "{link} is a link to {target}: what is in there is not taken out"
        ));
    }
    if gone.files > 0 {
        let Gone { files, bytes } = gone;
        root.info(format!(
            "{files} files with {bytes} bytes are gone or empty"
        ));
    }
    Ok(())
}

/// Returns what a pattern of a sort finds. What it would find behind a link is left: that is added
/// to `left`.
fn found(
    root: &Root<'_>,
    sort: &Sort,
    pattern: &str,
    left: &mut BTreeSet<Vec<u8>>,
) -> Vec<Vec<u8>> {
    let found = root.glob(pattern);
    let Some(link) = link_to(root, pattern).filter(|_| !found.is_empty()) else {
        return found;
    };
    let number = |pattern| {
        root.stat_links(folder(pattern), true)
            .map(|stat| stat.number)
    };
    let mut others = sort.removed.iter().chain(sort.emptied);
    let is_shared = others.any(|other| {
        let same = number(other).is_ok_and(|there| number(pattern).is_ok_and(|here| here == there));
        same && link_to(root, other).is_none()
    });
    if !is_shared {
        left.insert(link.as_bytes().to_vec());
    }
    Vec::new()
}

/// Returns the folder that a pattern looks in.
fn folder(pattern: &str) -> &str {
    let signs = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    let end = pattern[..signs].rfind('/').unwrap_or_default();
    &pattern[..end]
}

/// Returns the first link on the way to what a pattern finds; a folder right below `/` is one only
/// where that itself is looked in.
fn link_to<'p>(root: &Root<'_>, pattern: &'p str) -> Option<&'p str> {
    let folder = folder(pattern);
    let cuts = folder.match_indices('/').map(|(at, _)| at).skip(1);
    let mut ways = cuts.skip(1).map(|at| &folder[..at]).chain([folder]);
    ways.find(|way| root.is_link(way))
}

/// What was taken out.
#[derive(Default)]
struct Gone {
    files: usize,
    bytes: u64,
}

impl Gone {
    fn count(&mut self, root: &Root<'_>, path: &[u8]) -> Result<(), RootError> {
        match &root.lstat(path)?.kind {
            Kind::File(content) => {
                self.files += 1;
                self.bytes += content.len();
            }
            Kind::Directory(_) => {
                for path in root.walk(path)? {
                    if !matches!(root.lstat(&path)?.kind, Kind::Directory(_)) {
                        self.count(root, &path)?;
                    }
                }
            }
            _ => self.files += 1,
        }
        Ok(())
    }

    fn remove(&mut self, root: &mut Root<'_>, path: &[u8]) -> Result<(), RootError> {
        self.count(root, path)?;
        root.remove_all(path)
    }

    /// Empties a file, which keeps owner and mode: programs do not make their logs themselves.
    fn empty(&mut self, root: &mut Root<'_>, path: &[u8]) -> Result<(), RootError> {
        match &root.lstat(path)?.kind {
            Kind::File(content) if !content.is_empty() => {
                self.count(root, path)?;
                let links = root.stat_links(path, false)?.links;
                if links > 1 {
                    // What has another name elsewhere is no log alone.
                    return root.remove(path);
                }
                root.truncate(path, 0)
            }
            _ => Ok(()),
        }
    }
}

/// Returns the home directories of all users that are there, root's first.
fn homes(root: &Root<'_>) -> Result<Vec<Vec<u8>>, RootError> {
    let accounts = Accounts::read(root)?;
    let mut homes = vec![b"/root".to_vec()];
    for [.., home, _] in accounts.users() {
        // Users without a home have `/`, which is nobody's.
        if home.len() > 1 && root.is_dir(home) && !homes.iter().any(|known| known == home) {
            homes.push(home.to_vec());
        }
    }
    Ok(homes)
}

#[cfg(test)]
mod tests;

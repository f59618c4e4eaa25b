//! `cleanup`: takes out what a system gathers while it is used: logs, caches, histories, leases.

mod sort;

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
expect them.",
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
    for sort in cfg.options::<Options>()?.sorts()? {
        for pattern in sort.removed {
            for path in root.glob(pattern) {
                // It may have gone with its folder, which the pattern finds first.
                if root.lstat(&path).is_ok() {
                    gone.remove(root, &path)?;
                }
            }
        }
        for pattern in sort.emptied {
            for path in root.glob(pattern) {
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
    if gone.files > 0 {
        let Gone { files, bytes } = gone;
        root.info(format!(
            "{files} files with {bytes} bytes are gone or empty"
        ));
    }
    Ok(())
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

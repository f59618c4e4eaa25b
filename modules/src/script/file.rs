//! `mkdir`, `touch`, `ln -s`, `chmod`, `chown`, `rm` and `rmdir` on literal paths.

use fsgen::Kind;
use fsgen::tree::path::split;

use crate::root::{Owner, parse_mode};
use crate::{Root, RootError};

/// One command with the paths that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileCommand {
    /// Directories; whether those above are made and existing ones are right, and their mode.
    Mkdir(Vec<String>, bool, Option<u16>),
    Touch(Vec<String>),
    /// A target and a name; whether the name may be taken.
    Symlink(String, String, bool),
    Chmod(u16, Vec<String>),
    Chown(Option<Owner>, Option<Owner>, Vec<String>),
    /// Whether what is not there is right, and directories go with all that is in them.
    Remove(Vec<String>, bool, bool),
    RemoveEmpty(Vec<String>, bool),
}

impl FileCommand {
    pub(super) fn parse(program: &str, words: &[&str]) -> Option<Self> {
        let is_option = |word: &&&str| word.starts_with('-');
        let options: Vec<&str> = words.iter().take_while(is_option).copied().collect();
        let rest = &words[options.len()..];
        let paths = |words: &[&str]| {
            let are_paths = !words.is_empty() && words.iter().all(|word| is_path(word));
            let paths = words.iter().map(|word| (*word).to_owned()).collect();
            are_paths.then_some(paths)
        };
        Some(match (program, &*options) {
            ("mkdir", []) => Self::Mkdir(paths(rest)?, false, None),
            ("mkdir", ["-p"]) => Self::Mkdir(paths(rest)?, true, None),
            ("mkdir", ["-m"]) => {
                let (mode, rest) = rest.split_first()?;
                Self::Mkdir(paths(rest)?, false, Some(mode_of(mode)?))
            }
            ("touch", []) => Self::Touch(paths(rest)?),
            ("ln", [flags @ ("-s" | "-sf" | "-fs" | "-snf" | "-sfn" | "-nsf")]) => match *rest {
                [target, path] if !target.is_empty() && is_path(path) => {
                    let may_replace = flags.contains('f');
                    Self::Symlink(target.to_owned(), path.to_owned(), may_replace)
                }
                _ => return None,
            },
            ("chmod", []) => {
                let (mode, rest) = rest.split_first()?;
                Self::Chmod(mode_of(mode)?, paths(rest)?)
            }
            ("chown", []) => {
                let (owner, rest) = rest.split_first()?;
                let (user, group) = match owner.split_once([':', '.']) {
                    Some((user, group)) => (user, Some(group)),
                    None => (*owner, None),
                };
                let owner = |name: &str| Owner::parse(name.as_bytes());
                let user = match user {
                    "" => None,
                    user => Some(owner(user)?),
                };
                let group = match group {
                    None => None,
                    Some(group) => Some(owner(group)?),
                };
                Self::Chown(user, group, paths(rest)?)
            }
            ("rm", []) => Self::Remove(paths(rest)?, false, false),
            ("rm", ["-f"]) => Self::Remove(paths(rest)?, true, false),
            ("rm", ["-rf" | "-fr"] | ["-r", "-f"]) => Self::Remove(paths(rest)?, true, true),
            ("rmdir", []) => Self::RemoveEmpty(paths(rest)?, false),
            ("rmdir", ["--ignore-fail-on-non-empty"]) => Self::RemoveEmpty(paths(rest)?, true),
            _ => return None,
        })
    }

    /// Does it; returns whether all of it could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let done = match self {
            Self::Mkdir(paths, all, mode) => each(paths, |path| match all {
                true => root.mkdir_all(path, 0o755),
                false if root.lstat(path).is_ok() => Err(exists(path)),
                false => {
                    root.mkdir(path, mode.unwrap_or(0o755))?;
                    inherit(root, path)
                }
            }),
            Self::Touch(paths) => each(paths, |path| match root.exists(path) {
                true => {
                    let now = root.time();
                    root.set_mtime(path, now, true)
                }
                false => {
                    root.write(path, "")?;
                    inherit(root, path)
                }
            }),
            Self::Symlink(target, path, may_replace) => match root.is_dir(path) {
                // The link would go into the directory, or replace it: neither is meant.
                true => Err(exists(path)),
                false => root
                    .symlink(target, path, *may_replace)
                    .and_then(|()| inherit(root, path)),
            },
            Self::Chmod(mode, paths) => each(paths, |path| root.chmod(path, *mode)),
            Self::Chown(user, group, paths) => each(paths, |path| {
                let meta = root.stat(path)?.meta;
                let uid = user.as_ref().map_or(Ok(meta.uid), |user| root.uid(user))?;
                let gid = group
                    .as_ref()
                    .map_or(Ok(meta.gid), |group| root.gid(group))?;
                root.chown(path, uid, gid)
            }),
            Self::Remove(paths, may_miss, with_all) => each(paths, |path| {
                match root
                    .lstat(path)
                    .map(|node| matches!(node.kind, Kind::Directory(_)))
                {
                    Err(error) if error.is_not_found() && *may_miss => Ok(()),
                    Ok(true) if *with_all => root.remove_all(path),
                    Ok(true) => Err(exists(path)),
                    _ => root.remove(path),
                }
            }),
            Self::RemoveEmpty(paths, may_be_full) => each(paths, |path| {
                match root.is_dir(path) && !root.is_link(path) {
                    true if *may_be_full && !root.list(path)?.is_empty() => Ok(()),
                    true => root.remove(path),
                    false => Err(exists(path)),
                }
            }),
        };
        match done {
            Ok(()) => Ok(true),
            // What the image has or lacks is the command's failure, which the script may expect.
            Err(error @ (RootError::Read { .. } | RootError::Spool { .. })) => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// Does something with all paths; returns the last failure.
fn each(
    paths: &[String],
    mut act: impl FnMut(&String) -> Result<(), RootError>,
) -> Result<(), RootError> {
    paths.iter().map(&mut act).fold(Ok(()), Result::and)
}

/// Gives what was made the group of its directory, where that is setgid.
fn inherit(root: &mut Root<'_>, path: &str) -> Result<(), RootError> {
    let Some((above, _)) = split(path.as_bytes()) else {
        return Ok(());
    };
    let above = root.stat(above)?.meta;
    if above.mode & 0o2000 == 0 {
        return Ok(());
    }
    root.change_owner(path, None, Some(above.gid), false)?;
    match root.is_dir(path) && !root.is_link(path) {
        true => root.chmod(path, root.stat(path)?.meta.mode | 0o2000),
        false => Ok(()),
    }
}

fn exists(path: &str) -> RootError {
    RootError::Exists {
        path: path.as_bytes().to_vec(),
        found: "something else",
    }
}

/// Returns whether a word is a path from the root without `..`.
pub(super) fn is_path(word: &str) -> bool {
    word.len() > 1 && word.starts_with('/') && !word.split('/').any(|name| name == "..")
}

fn mode_of(text: &str) -> Option<u16> {
    let is_octal = text.bytes().all(|b| b.is_ascii_digit());
    parse_mode(text.as_bytes()).filter(|_| is_octal)
}

//! `mkdir`, `touch`, `ln -s`, `chmod`, `chown`, `mv`, `rm` and `rmdir` on literal paths.

use fsgen::Kind;
use fsgen::tree::path::split;

use crate::root::{Owner, join, parse_mode};
use crate::{Root, RootError};

/// One command with the paths that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileCommand {
    /// Directories; whether those above are made and existing ones are right, and their mode.
    Mkdir(Vec<String>, bool, Option<u16>),
    Touch(Vec<String>),
    Symlink(String, String, LinkFlags),
    /// Permissions, and whether directories lose setuid and setgid that are not among them.
    Chmod(u16, bool, Vec<String>),
    Chown(Option<Owner>, Option<Owner>, Vec<String>),
    Move(String, String),
    /// Whether what is not there is right, and directories go with all that is in them.
    Remove(Vec<String>, bool, bool),
    RemoveEmpty(Vec<String>, bool),
}

/// How `ln` treats what has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinkFlags {
    may_replace: bool,
    /// Whether a link to a directory is the name itself, and not a way into it.
    is_itself: bool,
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
                    let flags = LinkFlags {
                        may_replace: flags.contains('f'),
                        is_itself: flags.contains('n'),
                    };
                    Self::Symlink(target.to_owned(), path.to_owned(), flags)
                }
                _ => return None,
            },
            ("chmod", []) => {
                let (mode, rest) = rest.split_first()?;
                // GNU's chmod takes zeros before for that.
                Self::Chmod(mode_of(mode)?, mode.len() > 4, paths(rest)?)
            }
            ("chown", []) => {
                let (owner, rest) = rest.split_first()?;
                // There may be a user with a point in its name, or one before it.
                let (user, group) = match owner.split_once(':') {
                    Some((user, group)) => (user, Some(group)),
                    None if owner.contains('.') => return None,
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
            ("mv", [] | ["-f"]) => match *rest {
                [from, to] if is_path(from) && is_path(to) => {
                    let is_bare = |path: &str| !path.ends_with('/');
                    (is_bare(from) && is_bare(to))
                        .then(|| Self::Move(from.to_owned(), to.to_owned()))?
                }
                _ => return None,
            },
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
                true => make_all(root, path),
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
            Self::Symlink(target, path, flags) => link(root, target, path, *flags),
            Self::Chmod(mode, is_exact, paths) => each(paths, |path| {
                let node = root.stat(path)?;
                let kept = match node.kind {
                    Kind::Directory(_) if !is_exact => node.meta.mode & 0o6000,
                    _ => 0,
                };
                root.chmod(path, mode | kept)
            }),
            Self::Chown(user, group, paths) => each(paths, |path| {
                let uid = user.as_ref().map(|user| root.uid(user)).transpose()?;
                let gid = group.as_ref().map(|group| root.gid(group)).transpose()?;
                root.give(path, uid, gid)
            }),
            Self::Move(from, to) => rename(root, from, to),
            Self::Remove(paths, may_miss, with_all) => {
                each(paths, |path| remove(root, path, *may_miss, *with_all))
            }
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
            Err(error) if error.is_of_build() => Err(error),
            Err(_) => Ok(false),
        }
    }
}

/// Does something with all paths; returns a failure, of the build rather than of the command.
fn each(
    paths: &[String],
    mut act: impl FnMut(&String) -> Result<(), RootError>,
) -> Result<(), RootError> {
    let mut done = Ok(());
    for path in paths {
        match act(path) {
            Err(error) if error.is_of_build() => return Err(error),
            result => done = done.and(result),
        }
    }
    done
}

/// Gives something another name, in a directory if that is one.
fn rename(root: &mut Root<'_>, from: &str, to: &str) -> Result<(), RootError> {
    let own = root.stat_links(from, false)?.number;
    let to = match (root.is_dir(to), from.rsplit_once('/')) {
        (true, Some((_, name))) => format!("{to}/{name}"),
        _ => to.to_owned(),
    };
    let there = root.stat_links(&to, false).ok().map(|there| there.number);
    match there == Some(own) {
        // A link never takes the place of its own target either.
        _ if is_same_name(root, from, &to) => Err(exists(&to)),
        // Another name of the same file.
        true => root.remove(from),
        false => root.rename(from, &to),
    }
}

fn remove(
    root: &mut Root<'_>,
    path: &str,
    may_miss: bool,
    with_all: bool,
) -> Result<(), RootError> {
    let name = path.trim_end_matches('/');
    let has_slash = name.len() < path.len();
    let there = root
        .lstat(name)
        .map(|node| matches!(node.kind, Kind::Directory(_)));
    match there {
        Err(error) if error.is_not_found() && may_miss => Ok(()),
        Ok(true) if with_all => root.remove_all(name),
        // A link that leads to a directory stays, and what is in that goes.
        Ok(false) if has_slash && with_all && root.is_dir(name) => {
            for entry in root.list(name)? {
                root.remove_all(join(name.as_bytes(), &entry))?;
            }
            Ok(())
        }
        Ok(false) if has_slash && may_miss && !root.is_dir(name) => Ok(()),
        Ok(is_directory) if is_directory || has_slash => Err(exists(path)),
        _ => root.remove(name),
    }
}

/// Makes a directory and those above; links on the way have to lead to one.
fn make_all(root: &mut Root<'_>, path: &str) -> Result<(), RootError> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    for end in slashes.skip(1).chain([path.len()]) {
        let part = &path[..end];
        match root.is_dir(part) {
            true => {}
            false if root.lstat(part).is_ok() => return Err(exists(part)),
            false => {
                root.mkdir(part, 0o755)?;
                inherit(root, part)?;
            }
        }
    }
    Ok(())
}

/// Makes a link, in a directory if the name is one.
fn link(root: &mut Root<'_>, target: &str, path: &str, flags: LinkFlags) -> Result<(), RootError> {
    let is_way = root.is_dir(path) && !(flags.is_itself && root.is_link(path));
    let path = match target.trim_end_matches('/').rsplit('/').next() {
        _ if !is_way => path.to_owned(),
        Some(name) if !["", ".", ".."].contains(&name) => {
            format!("{}/{name}", path.trim_end_matches('/'))
        }
        _ => return Err(exists(path)),
    };
    match root.lstat(&path).map(|node| &node.kind) {
        Ok(Kind::Directory(_)) => return Err(exists(&path)),
        Ok(_) if !flags.may_replace || is_same_name(root, target, &path) => {
            return Err(exists(&path));
        }
        _ => {}
    }
    root.symlink(target, &path, flags.may_replace)?;
    inherit(root, &path)
}

/// Returns whether the link would take the place of its own target, which `ln` refuses.
fn is_same_name(root: &Root<'_>, target: &str, path: &str) -> bool {
    let stat = |path: &str, follow| root.stat_links(path, follow).ok();
    let (Some(own), Some(there)) = (stat(target, true), stat(path, false)) else {
        return false;
    };
    let place = |path: &str| {
        let (above, name) = split(path.as_bytes())?;
        let folder = root.stat_links(above, true).ok()?;
        Some((folder.number, name.to_vec()))
    };
    own.number == there.number && (own.links == 1 || place(target) == place(path))
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

/// The longest path that the system takes, in bytes (Linux: `PATH_MAX` with its NUL).
const PATH_MAX: usize = 4096;

/// Returns whether a word is a path from the root without `.` and `..`, which ask for folders.
pub(super) fn is_path(word: &str) -> bool {
    (2..PATH_MAX).contains(&word.len())
        && word.starts_with('/')
        && !word.split('/').any(|name| matches!(name, "." | ".."))
}

fn mode_of(text: &str) -> Option<u16> {
    let is_octal = text.bytes().all(|b| b.is_ascii_digit());
    parse_mode(text.as_bytes()).filter(|_| is_octal)
}

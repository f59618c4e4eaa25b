//! Follows lines of tmpfiles.d(5) as `systemd-tmpfiles --create` does.

use fsgen::Kind;
use fsgen::tree::Device;

use super::acl;
use super::item::{Argument, Item, Left};
use super::line;
use super::order::order;
use super::perms::set_perms;
use crate::dropins::specifier::Specifiers;
use crate::dropins::{Line, Problem};
use crate::root::{Root, RootError, ends_with_lines, join, show};

/// What tmpfiles.d(5) knows besides: folders and the user of the system's instance.
const SYSTEM: &[(u8, &str)] = &[
    (b'C', "/var/cache"),
    (b'L', "/var/log"),
    (b'S', "/var/lib"),
    (b't', "/run"),
    (b'h', "/root"),
    (b'g', "root"),
    (b'G', "0"),
    (b'u', "root"),
    (b'U', "0"),
];

/// Why an item was not followed: the image cannot be changed, or what is there is in its way.
pub(super) enum Stop {
    Root(RootError),
    InTheWay(String),
}

impl From<RootError> for Stop {
    fn from(cause: RootError) -> Self {
        Self::Root(cause)
    }
}

/// Follows lines, but for those that only a running system can.
///
/// Returns what could not be done: the rest is done nevertheless.
pub(crate) fn apply(root: &mut Root<'_>, lines: &[Line]) -> Result<Vec<Problem>, RootError> {
    let specifiers = Specifiers::read(root)?.with(SYSTEM);
    let mut problems = Vec::new();
    let mut items = Vec::new();
    for (line, Line { text, .. }) in lines.iter().enumerate() {
        match Item::read(line, text, root, &specifiers) {
            Ok(item) => items.push(item),
            Err(Left::Skipped) => {}
            Err(Left::Later(why)) => {
                root.info(format!(
                    "left to the running system: {}: {why}",
                    text.escape_ascii()
                ));
            }
            Err(Left::Wrong(message)) => problems.push(Problem { line, message }),
        }
    }
    let items = order(items, &mut problems);
    let mut appended = Appended::of(&items);
    for item in &items {
        match create(root, item, &mut appended) {
            Ok(()) => {}
            Err(Stop::Root(cause @ RootError::Read { .. })) => return Err(cause),
            Err(_) if item.modifiers.may_fail => {}
            Err(Stop::Root(cause)) => problems.push(Problem {
                line: item.line,
                message: cause.to_string(),
            }),
            Err(Stop::InTheWay(message)) => problems.push(Problem {
                line: item.line,
                message,
            }),
        }
    }
    problems.sort_by_key(|problem| problem.line);
    Ok(problems)
}

/// Returns what is wrong with a line, as far as that shows without an image.
pub(super) fn check(line: &str) -> Result<(), String> {
    line::parse(line.trim().as_bytes()).map(drop)
}

fn create(root: &mut Root<'_>, item: &Item, appended: &mut Appended) -> Result<(), Stop> {
    let path = &item.path;
    if !item.is_glob() {
        super::parents::make(root, item)?;
    }
    match (item.kind, &item.argument) {
        (b'f' | b'F', _) => file(root, item),
        (b'd' | b'D' | b'v' | b'q' | b'Q', _) => directory(root, item),
        (b'p', _) => node(root, item, &Kind::Fifo),
        (b'c', Argument::Device(major, minor)) => {
            let (major, minor) = (*major, *minor);
            node(root, item, &Kind::CharDevice(Device { major, minor }))
        }
        (b'b', Argument::Device(major, minor)) => {
            let (major, minor) = (*major, *minor);
            node(root, item, &Kind::BlockDevice(Device { major, minor }))
        }
        (b'L', Argument::Bytes(target)) => link(root, item, target),
        (b'C', Argument::Bytes(source)) => super::copy::copy(root, item, source),
        (b'w', Argument::Bytes(text)) => each(root, path, |root, path| {
            write(root, item, path, text, appended)
        }),
        (b'e', _) => each(root, path, |root, path| match root.stat(path) {
            Ok(node) if matches!(node.kind, Kind::Directory(_)) => {
                Ok(set_perms(root, path, item, false, true)?)
            }
            Ok(node) => Err(in_the_way(path, &node.kind)),
            // A dangling link.
            Err(_) => Ok(()),
        }),
        (b'z' | b'm', _) => each(root, path, |root, path| {
            Ok(set_perms(root, path, item, false, false)?)
        }),
        (b'Z', _) => each_below(root, path, |root, path| {
            set_perms(root, path, item, false, false)
        }),
        (b't', Argument::Attributes(list)) => each(root, path, |root, path| {
            Ok(set_attributes(root, path, list)?)
        }),
        (b'T', Argument::Attributes(list)) => {
            each_below(root, path, |root, path| set_attributes(root, path, list))
        }
        (b'a', Argument::Acls { access, default }) => each(root, path, |root, path| {
            let plus = item.modifiers.plus;
            Ok(acl::set(
                root,
                path,
                access.as_ref(),
                default.as_ref(),
                plus,
            )?)
        }),
        (b'A', Argument::Acls { access, default }) => each_below(root, path, |root, path| {
            let plus = item.modifiers.plus;
            acl::set(root, path, access.as_ref(), default.as_ref(), plus)
        }),
        (b'h' | b'H', _) => {
            root.info(format!(
                "left to the running system: the attributes of {}",
                show(path)
            ));
            Ok(())
        }
        // To be removed, or not to be cleaned, by others.
        _ => Ok(()),
    }
}

pub(super) fn in_the_way(path: &[u8], kind: &Kind) -> Stop {
    Stop::InTheWay(format!(
        "{} is there already, as a {}",
        show(path),
        kind.noun()
    ))
}

/// Returns what is at a path, a link itself.
fn kind(root: &Root<'_>, path: &[u8]) -> Option<Kind> {
    root.lstat(path).ok().map(|node| node.kind.clone())
}

fn file(root: &mut Root<'_>, item: &Item) -> Result<(), Stop> {
    let path = &item.path;
    let text = match &item.argument {
        Argument::Bytes(text) => &text[..],
        _ => b"",
    };
    let is_new = match kind(root, path) {
        None => true,
        Some(Kind::File(_)) => false,
        Some(other) => return Err(in_the_way(path, &other)),
    };
    if is_new || item.kind == b'F' || item.modifiers.plus {
        root.write(path, text)?;
    }
    if is_new {
        root.chmod(path, item.new_mode())?;
    }
    Ok(set_perms(root, path, item, is_new, false)?)
}

fn directory(root: &mut Root<'_>, item: &Item) -> Result<(), Stop> {
    let path = &item.path;
    let is_new = match kind(root, path) {
        None => true,
        Some(Kind::Directory(_)) => false,
        // What leads to one is as good, and is left alone.
        Some(Kind::Symlink(_)) if root.is_dir(path) => return Ok(()),
        Some(other) => return Err(in_the_way(path, &other)),
    };
    if is_new {
        root.mkdir(path, item.new_mode())?;
    }
    Ok(set_perms(root, path, item, is_new, false)?)
}

/// Makes a FIFO or device; one of the same kind is as good, whatever its numbers are.
fn node(root: &mut Root<'_>, item: &Item, wanted: &Kind) -> Result<(), Stop> {
    let path = &item.path;
    let is_new = match kind(root, path) {
        None => true,
        Some(found) if found.noun() == wanted.noun() => false,
        Some(_) if item.modifiers.plus => {
            root.remove_all(path)?;
            true
        }
        Some(other) => return Err(in_the_way(path, &other)),
    };
    if is_new {
        root.mknod(path, wanted.clone(), item.new_mode())?;
    }
    Ok(set_perms(root, path, item, is_new, false)?)
}

fn link(root: &mut Root<'_>, item: &Item, target: &[u8]) -> Result<(), Stop> {
    let path = &item.path;
    if item.modifiers.if_target {
        let directory = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at);
        let full = match target.first() {
            Some(b'/') => target.to_vec(),
            _ => join(&path[..directory], target),
        };
        if root.lstat(full).is_err() {
            return Ok(());
        }
    }
    let is_new = match kind(root, path) {
        None => true,
        Some(Kind::Symlink(now)) if *now == *target => false,
        Some(_) if item.modifiers.plus => {
            root.remove_all(path)?;
            true
        }
        // Whatever it is, somebody wanted it so.
        Some(_) => return Ok(()),
    };
    root.symlink(target, path, false)?;
    Ok(set_perms(root, path, item, is_new, false)?)
}

/// What `w+` lines add to each path, all together.
struct Appended(Vec<(Vec<u8>, Vec<u8>)>);

impl Appended {
    fn of(items: &[Item]) -> Self {
        let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for item in items
            .iter()
            .filter(|item| item.kind == b'w' && item.modifiers.plus)
        {
            if let Argument::Bytes(text) = &item.argument {
                match all.iter_mut().find(|(path, _)| *path == item.path) {
                    Some((_, whole)) => whole.extend(text),
                    None => all.push((item.path.clone(), text.clone())),
                }
            }
        }
        Self(all)
    }
}

/// Writes over the start of a file that is there, or to its end.
fn write(
    root: &mut Root<'_>,
    item: &Item,
    path: &[u8],
    text: &[u8],
    appended: &mut Appended,
) -> Result<(), Stop> {
    match root.stat(path).map(|node| &node.kind) {
        Ok(Kind::File(_)) => {}
        Ok(other @ Kind::Directory(_)) => return Err(in_the_way(path, other)),
        // Nothing is there, or what is written goes nowhere.
        _ => return Ok(()),
    }
    let before = root.read(path)?;
    let after = if item.modifiers.plus {
        let whole = appended.0.iter().find(|(of, _)| *of == item.path);
        let whole = whole.map(|(_, whole)| &whole[..]).unwrap_or_default();
        if ends_with_lines(&before, whole) {
            before.clone()
        } else {
            [&before[..], text].concat()
        }
    } else {
        let rest = before.get(text.len()..).unwrap_or_default();
        [text, rest].concat()
    };
    if after != before {
        root.write(path, after)?;
    }
    Ok(set_perms(root, path, item, false, true)?)
}

fn set_attributes(
    root: &mut Root<'_>,
    path: &[u8],
    list: &[(Vec<u8>, Vec<u8>)],
) -> Result<(), RootError> {
    // The kernel has none of a user's for links, and none for devices and the like.
    let kind = &root.lstat(path)?.kind;
    if matches!(kind, Kind::Symlink(_)) {
        return Ok(());
    }
    let may_have = matches!(kind, Kind::File(_) | Kind::Directory(_));
    if !may_have && list.iter().any(|(name, _)| name.starts_with(b"user.")) {
        return Err(RootError::Kind {
            path: path.to_vec(),
            found: kind.noun(),
            wanted: "file or directory",
        });
    }
    for (name, value) in list {
        root.change_xattr(path, name, Some(value), false)?;
    }
    Ok(())
}

/// Does something to all that a pattern finds; returns the first failure, after all are tried.
fn each(
    root: &mut Root<'_>,
    pattern: &[u8],
    mut work: impl FnMut(&mut Root<'_>, &[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut result = Ok(());
    for path in super::pattern::find(root, pattern) {
        let done = work(root, &path);
        result = result.and(done);
    }
    result
}

/// Does the same to all that is in what a pattern finds as well; below it, links are not followed.
fn each_below(
    root: &mut Root<'_>,
    pattern: &[u8],
    mut work: impl FnMut(&mut Root<'_>, &[u8]) -> Result<(), RootError>,
) -> Result<(), Stop> {
    each(root, pattern, |root, path| {
        work(root, path)?;
        if root.is_dir(path) && !root.is_link(path) {
            for path in root.walk(path)? {
                work(root, &path)?;
            }
        }
        Ok(())
    })
}

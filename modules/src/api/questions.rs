//! Operations that ask what is where, and change nothing.

use fsgen::Kind;

use super::operation::{Operation, Parameter, Type, flag, required};
use super::{Data, Error};
use crate::Root;
use crate::root::Stat;

const PATH: Parameter = required("path", Type::Path, "where to look");

pub(super) const EXISTS: Operation = Operation {
    name: "exists",
    summary: "returns whether a path leads to something; a dangling link does not",
    parameters: &[PATH],
    returns: Type::Bool,
    act: |root, args| Ok(root.exists(args.bytes()).into()),
};

pub(super) const IS_FILE: Operation = Operation {
    name: "is_file",
    summary: "returns whether a path leads to a regular file",
    parameters: &[PATH],
    returns: Type::Bool,
    act: |root, args| Ok(root.is_file(args.bytes()).into()),
};

pub(super) const IS_DIR: Operation = Operation {
    name: "is_dir",
    summary: "returns whether a path leads to a directory",
    parameters: &[PATH],
    returns: Type::Bool,
    act: |root, args| Ok(root.is_dir(args.bytes()).into()),
};

pub(super) const IS_LINK: Operation = Operation {
    name: "is_link",
    summary: "returns whether a path ends in a symbolic link",
    parameters: &[PATH],
    returns: Type::Bool,
    act: |root, args| Ok(root.is_link(args.bytes()).into()),
};

pub(super) const READLINK: Operation = Operation {
    name: "readlink",
    summary: "returns the target of a symbolic link, as it is written there",
    parameters: &[PATH],
    returns: Type::Text,
    act: |root, args| Ok(root.readlink(args.bytes())?.into()),
};

pub(super) const LIST: Operation = Operation {
    name: "list",
    summary: "returns the names in a directory, in byte order",
    parameters: &[PATH],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(root.list(args.bytes())?.into()),
};

pub(super) const GLOB: Operation = Operation {
    name: "glob",
    summary: "returns the paths that a pattern with *, ?, [..] and ** finds, in byte order",
    parameters: &[required(
        "pattern",
        Type::Path,
        "as shells have it; ** is any directories",
    )],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(root.glob_any(args.bytes())?.into()),
};

pub(super) const WALK: Operation = Operation {
    name: "walk",
    summary: "returns the paths of all that is below a directory; links are not followed",
    parameters: &[PATH],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(root.walk(args.bytes())?.into()),
};

pub(super) const STAT: Operation = Operation {
    name: "stat",
    summary: "returns type, mode, uid, gid, user, group, size, mtime, mtime_ns, nlink, major, minor and ino",
    parameters: &[
        PATH,
        flag(
            "follow",
            true,
            "of what a link leads to, not of the link itself",
        ),
    ],
    returns: Type::Map,
    act: |root, args| {
        let (path, follow) = (args.bytes(), args.flag());
        let stat = root.stat_links(&path, follow)?;
        status(root, &stat)
    },
};

/// Returns what `stat` tells. A user or group that the image does not name is null.
fn status(root: &Root<'_>, stat: &Stat<'_>) -> Result<Data, Error> {
    let meta = stat.node.meta;
    let (kind, size) = match &stat.node.kind {
        Kind::Directory(_) => ("directory", 0),
        Kind::File(content) => ("file", content.len()),
        Kind::Symlink(target) => ("symlink", target.len() as u64),
        Kind::CharDevice(_) => ("char", 0),
        Kind::BlockDevice(_) => ("block", 0),
        Kind::Fifo => ("fifo", 0),
        Kind::Socket => ("socket", 0),
    };
    let (major, minor) = match stat.node.kind {
        Kind::CharDevice(device) | Kind::BlockDevice(device) => (device.major, device.minor),
        _ => (0, 0),
    };
    let name = |name: Option<Vec<u8>>| name.map_or(Data::Null, Data::Bytes);
    Ok(Data::map([
        ("type", kind.into()),
        ("mode", u32::from(meta.mode).into()),
        ("uid", meta.uid.into()),
        ("gid", meta.gid.into()),
        ("user", name(root.user_name(meta.uid)?)),
        ("group", name(root.group_name(meta.gid)?)),
        ("size", size.into()),
        ("mtime", meta.mtime.secs.into()),
        ("mtime_ns", meta.mtime.nanos.into()),
        ("nlink", stat.links.into()),
        ("major", major.into()),
        ("minor", minor.into()),
        ("ino", stat.number.into()),
    ]))
}

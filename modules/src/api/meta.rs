//! Operations on owner, mode, time and attributes.

use fsgen::Timestamp;

use super::operation::{Operation, Parameter, Type, flag, number, optional, required};
use super::{Data, Error};
use crate::root::ModeChange;

const PATH: Parameter = required("path", Type::Path, "what to change");
const RECURSIVE: Parameter = flag("recursive", false, "all that is in the directory, too");
const FOLLOW: Parameter = flag(
    "follow",
    true,
    "of what a link leads to, not of the link itself",
);
const NAME: Parameter = required("name", Type::Text, "its full name, as in \"user.comment\"");

pub(super) const CHMOD: Operation = Operation {
    name: "chmod",
    summary: "sets permission bits, with setuid, setgid and sticky",
    parameters: &[
        PATH,
        required(
            "mode",
            Type::ModeChange,
            "as chmod(1) has it: 0o755, \"0755\" or \"u+x,go-w\"",
        ),
        RECURSIVE,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, mode, recursive) = (args.bytes(), args.any(), args.flag());
        let change = match mode {
            Data::Bytes(text) => ModeChange::parse(&text).map_err(|why| {
                let text = text.escape_ascii();
                Error::invalid(format!("chmod: `mode`: \"{text}\" {why}"))
            })?,
            // The table lets a number or a text through, the number within twelve bits.
            Data::Int(mode) => ModeChange::from(u16::try_from(mode).unwrap_or_default()),
            _ => ModeChange::default(),
        };
        Ok(root.change_mode(path, &change, recursive)?.into())
    },
};

pub(super) const CHOWN: Operation = Operation {
    name: "chown",
    summary: "sets user and group, by number or by name; setuid and setgid stay",
    parameters: &[
        PATH,
        optional("user", Type::Owner, "left as it is if left out"),
        optional("group", Type::Owner, "left as it is if left out"),
        flag(
            "recursive",
            false,
            "all that is in the directory, too; links themselves",
        ),
        FOLLOW,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, user, group) = (args.bytes(), args.owner(), args.owner());
        let (recursive, follow) = (args.flag(), args.flag());
        let uid = user.map(|user| root.uid(&user)).transpose()?;
        let gid = group.map(|group| root.gid(&group)).transpose()?;
        if recursive {
            root.change_owner_all(path, uid, gid, follow)?;
        } else {
            root.change_owner(path, uid, gid, follow)?;
        }
        Ok(Data::Null)
    },
};

pub(super) const UTIME: Operation = Operation {
    name: "utime",
    summary: "sets the time of the last change of content",
    parameters: &[
        PATH,
        required(
            "mtime",
            Type::Int {
                min: i64::MIN,
                max: i64::MAX,
            },
            "seconds since 1970",
        ),
        number(
            "mtime_ns",
            Type::Int {
                min: 0,
                max: 999_999_999,
            },
            0,
            "nanoseconds after that second",
        ),
        FOLLOW,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let path = args.bytes();
        let mtime = Timestamp {
            secs: args.int(),
            nanos: args.int(),
        };
        Ok(root.set_mtime(path, mtime, args.flag())?.into())
    },
};

pub(super) const GETXATTR: Operation = Operation {
    name: "getxattr",
    summary: "returns the value of an extended attribute",
    parameters: &[PATH, NAME, FOLLOW],
    returns: Type::Bytes,
    act: |root, args| Ok(root.xattr(args.bytes(), args.bytes(), args.flag())?.into()),
};

pub(super) const SETXATTR: Operation = Operation {
    name: "setxattr",
    summary: "sets an extended attribute",
    parameters: &[
        PATH,
        NAME,
        required("value", Type::Bytes, "its value"),
        FOLLOW,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, name, value) = (args.bytes(), args.bytes(), args.bytes());
        Ok(root
            .change_xattr(path, name, Some(&value), args.flag())?
            .into())
    },
};

pub(super) const REMOVEXATTR: Operation = Operation {
    name: "removexattr",
    summary: "removes an extended attribute, which must be there",
    parameters: &[PATH, NAME, FOLLOW],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, name) = (args.bytes(), args.bytes());
        Ok(root.change_xattr(path, name, None, args.flag())?.into())
    },
};

pub(super) const LISTXATTR: Operation = Operation {
    name: "listxattr",
    summary: "returns the names of all extended attributes, in byte order",
    parameters: &[PATH, FOLLOW],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(root.xattrs(args.bytes(), args.flag())?.into()),
};

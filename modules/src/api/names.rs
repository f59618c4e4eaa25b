//! Operations that make, move and remove names.

use fsgen::Kind;
use fsgen::tree::Device;

use super::operation::{Operation, Parameter, Type, flag, number, required};
use super::{Data, Error, ErrorKind};
use crate::root::show;

const PATH: Parameter = required("path", Type::Path, "the new name");
const FORCE: Parameter = flag(
    "force",
    false,
    "replace anything but a directory that is there",
);

/// The largest major and minor number of Linux: 12 and 20 bits.
const MAJOR: Type = Type::Int { min: 0, max: 0xfff };
const MINOR: Type = Type::Int {
    min: 0,
    max: 0xf_ffff,
};

pub(super) const MKDIR: Operation = Operation {
    name: "mkdir",
    summary: "makes a directory that belongs to root",
    parameters: &[
        PATH,
        number("mode", Type::Mode, 0o755, "its mode, if it is new"),
        flag("parents", true, "make missing directories above, mode 0755"),
        flag("exist_ok", true, "a directory may be there already"),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, mode): (_, u16) = (args.bytes(), args.int());
        let (parents, exist_ok) = (args.flag(), args.flag());
        if exist_ok && root.is_dir(&path) {
            return Ok(Data::Null);
        }
        if parents {
            root.mkdir_above(&path)?;
        }
        Ok(root.mkdir(&path, mode)?.into())
    },
};

pub(super) const SYMLINK: Operation = Operation {
    name: "symlink",
    summary: "makes a symbolic link; one with the same target may be there",
    parameters: &[
        required(
            "target",
            Type::Path,
            "what it leads to, kept as it is written",
        ),
        PATH,
        FORCE,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        Ok(root
            .symlink(args.bytes(), args.bytes(), args.flag())?
            .into())
    },
};

pub(super) const LINK: Operation = Operation {
    name: "link",
    summary: "makes a hard link",
    parameters: &[
        required(
            "existing",
            Type::Path,
            "a file; a link there is linked itself",
        ),
        PATH,
        FORCE,
    ],
    returns: Type::Nothing,
    act: |root, args| Ok(root.link(args.bytes(), args.bytes(), args.flag())?.into()),
};

pub(super) const MKNOD: Operation = Operation {
    name: "mknod",
    summary: "makes a device node, FIFO or socket that belongs to root",
    parameters: &[
        PATH,
        required(
            "type",
            Type::Choice(&["char", "block", "fifo", "socket"]),
            "what to make",
        ),
        number("major", MAJOR, 0, "the driver, for devices"),
        number("minor", MINOR, 0, "the instance, for devices"),
        number("mode", Type::Mode, 0o600, "its mode"),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, word) = (args.bytes(), args.bytes());
        let device = Device {
            major: args.int(),
            minor: args.int(),
        };
        let kind = match &*word {
            b"char" => Kind::CharDevice(device),
            b"block" => Kind::BlockDevice(device),
            b"fifo" => Kind::Fifo,
            _ => Kind::Socket,
        };
        Ok(root.mknod(path, kind, args.int())?.into())
    },
};

pub(super) const RENAME: Operation = Operation {
    name: "rename",
    summary: "moves something to another name, replacing what is there as rename(2) does",
    parameters: &[
        required("from", Type::Path, "what to move"),
        required("to", Type::Path, "its new name"),
    ],
    returns: Type::Nothing,
    act: |root, args| Ok(root.rename(args.bytes(), args.bytes())?.into()),
};

pub(super) const COPY: Operation = Operation {
    name: "copy",
    summary: "copies something to a free name, with owner, mode, times and attributes",
    parameters: &[
        required("from", Type::Path, "what to copy; a link is copied itself"),
        required("to", Type::Path, "the name of the copy"),
        flag(
            "recursive",
            false,
            "a directory goes with all that is in it",
        ),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (from, to, recursive) = (args.bytes(), args.bytes(), args.flag());
        if !recursive && root.is_dir(&from) && !root.is_link(&from) {
            let place = show(&from);
            let error = Error::other(format!("copy: {place} is a directory")).at(from);
            return Err(Error {
                kind: ErrorKind::IsADirectory,
                ..error.help("give recursive=True to copy all that is in it")
            });
        }
        Ok(root.copy(from, to)?.into())
    },
};

pub(super) const REMOVE: Operation = Operation {
    name: "remove",
    summary: "removes a file, a link itself, or an empty directory",
    parameters: &[
        required("path", Type::Path, "what to remove"),
        flag(
            "recursive",
            false,
            "a directory goes with all that is in it",
        ),
        flag("missing_ok", false, "nothing need be there"),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, recursive, missing_ok) = (args.bytes(), args.flag(), args.flag());
        let removed = if recursive {
            root.remove_all(path)
        } else {
            root.remove(path)
        };
        match removed {
            Err(error) if missing_ok && error.is_not_found() => Ok(Data::Null),
            other => Ok(other?.into()),
        }
    },
};

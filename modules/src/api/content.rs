//! Operations on what files hold.

use super::args::Args;
use super::operation::{Operation, Parameter, Type, flag, number, optional, required};
use super::{Data, Error};
use crate::Root;
use crate::root::show;

const PATH: Parameter = required("path", Type::Path, "the file");
pub(super) const MODE: Parameter = optional("mode", Type::Mode, "its mode; a new file has 0644");
pub(super) const OWNER: Parameter =
    optional("owner", Type::Owner, "its user; a new file belongs to root");
pub(super) const GROUP: Parameter = optional(
    "group",
    Type::Owner,
    "its group; a new file belongs to root",
);
pub(super) const PARENTS: Parameter = flag(
    "parents",
    false,
    "make missing directories above, mode 0755",
);

pub(super) const READ: Operation = Operation {
    name: "read",
    summary: "returns the content of a file, as text",
    parameters: &[PATH],
    returns: Type::Text,
    act: read,
};

pub(super) const READ_BYTES: Operation = Operation {
    name: "read_bytes",
    summary: "returns the content of a file, as bytes: at most `length` of them from `offset` on, where these are given",
    parameters: &[
        PATH,
        number("offset", Type::COUNT, 0, "bytes to leave out"),
        optional(
            "length",
            Type::COUNT,
            "at most this many bytes; all if left out",
        ),
    ],
    returns: Type::Bytes,
    act: |root, args| {
        let (path, offset) = (args.bytes(), args.int());
        let length = args
            .maybe_int()
            .and_then(|length| u64::try_from(length).ok());
        Ok(root
            .read_range(path, offset, length.unwrap_or(u64::MAX))?
            .into())
    },
};

fn read(root: &mut Root<'_>, args: &mut Args) -> Result<Data, Error> {
    Ok(root.read(args.bytes())?.into())
}

pub(super) const LINES: Operation = Operation {
    name: "lines",
    summary: "returns the lines of a file, without their line ends",
    parameters: &[PATH],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(root.lines(args.bytes())?.into()),
};

pub(super) const WRITE: Operation = Operation {
    name: "write",
    summary: "gives a file new content; what it is else stays as it is",
    parameters: &[
        PATH,
        required("data", Type::Bytes, "all that the file holds"),
        MODE,
        OWNER,
        GROUP,
        PARENTS,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, data) = (args.bytes(), args.bytes());
        let dress = Dress::read(root, args)?;
        dress.make_way(root, &path)?;
        root.write(&path, data)?;
        dress.put_on(root, &path)
    },
};

pub(super) const APPEND: Operation = Operation {
    name: "append",
    summary: "adds to the end of a file, which is made when it is missing",
    parameters: &[PATH, required("data", Type::Bytes, "what to add")],
    returns: Type::Nothing,
    act: |root, args| Ok(root.append(args.bytes(), args.bytes())?.into()),
};

pub(super) const PUT: Operation = Operation {
    name: "put",
    summary: "copies a file of the project's folder into the image",
    parameters: &[
        required(
            "host_path",
            Type::Text,
            "where it is, from build.yaml's folder",
        ),
        PATH,
        MODE,
        OWNER,
        GROUP,
        PARENTS,
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (host_path, path) = (args.text(), args.bytes());
        let dress = Dress::read(root, args)?;
        dress.make_way(root, &path)?;
        root.put(&host_path, &path)?;
        dress.put_on(root, &path)
    },
};

pub(super) const REPLACE: Operation = Operation {
    name: "replace",
    summary: "replaces a text in a file; returns how many times it did",
    parameters: &[
        PATH,
        required("old", Type::Bytes, "what to look for"),
        required("new", Type::Bytes, "what to put in its place"),
        optional(
            "count",
            Type::COUNT,
            "at most this many, from the start; all if left out",
        ),
        flag("missing_ok", false, "the file need not hold the text"),
    ],
    returns: Type::COUNT,
    act: |root, args| {
        let (path, old, new) = (args.bytes(), args.bytes(), args.bytes());
        let (count, missing_ok) = (args.maybe_int(), args.flag());
        let count = count.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let done = root.replace(&path, &old, &new, count)?;
        if done == 0 && !missing_ok && count != Some(0) {
            let (old, place) = (old.escape_ascii(), show(&path));
            let error = Error::other(format!("replace: {place} does not hold \"{old}\""));
            return Err(error.at(path).help("give missing_ok=True if it need not"));
        }
        Ok(Data::from(done as u64))
    },
};

pub(super) const EDIT_LINE: Operation = Operation {
    name: "edit_line",
    summary: "replaces the lines that an expression finds, or adds the line if it is not there; returns whether the file changed",
    parameters: &[
        PATH,
        required("regex", Type::Text, "finds the lines, each without its end"),
        required("line", Type::Bytes, "what they become, without its end"),
        optional(
            "insert_after",
            Type::Text,
            "finds the line above a new one; at the end if left out",
        ),
    ],
    returns: Type::Bool,
    act: |root, args| {
        let (path, regex, line) = (args.bytes(), args.text(), args.bytes());
        let insert_after = args.maybe_text();
        Ok(root
            .edit_line(path, &regex, line, insert_after.as_deref())?
            .into())
    },
};

pub(super) const TRUNCATE: Operation = Operation {
    name: "truncate",
    summary: "cuts a file, or fills it up with zero bytes, to a size",
    parameters: &[PATH, required("size", Type::COUNT, "bytes")],
    returns: Type::Nothing,
    act: |root, args| Ok(root.truncate(args.bytes(), args.int())?.into()),
};

pub(super) const WRITE_BYTES: Operation = Operation {
    name: "write_bytes",
    summary: "writes over the bytes of a file from `offset` on; a gap after its end becomes a hole",
    parameters: &[
        PATH,
        required("offset", Type::COUNT, "where to begin"),
        required("data", Type::Bytes, "what to write"),
    ],
    returns: Type::Nothing,
    act: |root, args| {
        let (path, offset) = (args.bytes(), args.int());
        Ok(root.write_at(path, offset, args.bytes())?.into())
    },
};

/// Mode and owner that a call gives a file along with its content.
pub(super) struct Dress {
    mode: Option<u16>,
    uid: Option<u32>,
    gid: Option<u32>,
    parents: bool,
}

impl Dress {
    /// Reads the last four arguments. Names are looked up before anything is written.
    pub(super) fn read(root: &Root<'_>, args: &mut Args) -> Result<Self, Error> {
        let mode = args.mode();
        let (owner, group) = (args.owner(), args.owner());
        Ok(Self {
            mode,
            uid: owner.map(|owner| root.uid(&owner)).transpose()?,
            gid: group.map(|group| root.gid(&group)).transpose()?,
            parents: args.flag(),
        })
    }

    pub(super) fn make_way(&self, root: &mut Root<'_>, path: &[u8]) -> Result<(), Error> {
        if self.parents {
            root.mkdir_above(path)?;
        }
        Ok(())
    }

    pub(super) fn put_on(&self, root: &mut Root<'_>, path: &[u8]) -> Result<Data, Error> {
        root.change_owner(path, self.uid, self.gid, true)?;
        if let Some(mode) = self.mode {
            root.chmod(path, mode)?;
        }
        Ok(Data::Null)
    }
}

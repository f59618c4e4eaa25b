//! Why the image could not be read or changed as a module asked.

use std::io;

use fsgen::ext4::acl::AclError;
use fsgen::tree::path::PathError;
use thiserror::Error;

/// A call on [`Root`](crate::Root) that failed, with the path as the module wrote it.
#[derive(Debug, Error)]
pub enum RootError {
    /// The path leads nowhere.
    #[error("{}", lookup_message(path, cause))]
    Path {
        /// The path asked for.
        path: Vec<u8>,
        /// Where it ended.
        cause: PathError,
    },
    /// A link to `/dev/null` is in the place of the file.
    #[error(
        "{} leads to /dev/null, where nothing is kept; remove that link in an earlier step, with \
         `files` and `remove`",
        show(path)
    )]
    Masked {
        /// The path asked for.
        path: Vec<u8>,
    },
    /// Something else than asked for is there.
    #[error("{} is a {found}, not a {wanted}", show(path))]
    Kind {
        /// The path asked for.
        path: Vec<u8>,
        /// What is there.
        found: &'static str,
        /// What the call works on.
        wanted: &'static str,
    },
    /// A new name is taken.
    #[error("{} exists already: it is a {found}", show(path))]
    Exists {
        /// The path asked for.
        path: Vec<u8>,
        /// What is there.
        found: &'static str,
    },
    /// A directory that must be empty is not.
    #[error(
        "{} is a directory with {entries} entries; remove it recursively",
        show(path)
    )]
    NotEmpty {
        /// The path asked for.
        path: Vec<u8>,
        /// How many names it holds.
        entries: usize,
    },
    /// A directory would end up below itself.
    #[error("{} cannot go into itself, to {}", show(from), show(to))]
    IntoItself {
        /// The directory.
        from: Vec<u8>,
        /// The place inside it.
        to: Vec<u8>,
    },
    /// A directory would get a second name.
    #[error("{} is a directory: it cannot have a hard link", show(path))]
    LinkToDirectory {
        /// The path asked for.
        path: Vec<u8>,
    },
    /// A file is too large to be edited in memory.
    #[error(
        "{} has {len} bytes; at most {limit} can be read into memory",
        show(path)
    )]
    TooLarge {
        /// The path asked for.
        path: Vec<u8>,
        /// Its size in bytes.
        len: u64,
        /// The largest size in bytes.
        limit: u64,
    },
    /// A file would be too large to be read again.
    #[error(
        "{} would have more than {limit} bytes, the most that can be read",
        show(path)
    )]
    Grown {
        /// The path asked for.
        path: Vec<u8>,
        /// The largest size in bytes.
        limit: u64,
    },
    /// A pattern finds too much.
    #[error(
        "the pattern {} finds more paths than fit into 512 MiB; ask for less at once",
        show(pattern)
    )]
    ManyPaths {
        /// The pattern.
        pattern: Vec<u8>,
    },
    /// A file that must be text is not.
    #[error("{} is not UTF-8 text: byte {at} begins no character", show(path))]
    NotText {
        /// The path asked for.
        path: Vec<u8>,
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// A file of accounts has lines of another system.
    #[error(
        "{}: line {line} ends in CR LF, and programs take the CR for a part of it; end lines in LF \
         alone",
        show(path)
    )]
    LineEnd {
        /// The file.
        path: Vec<u8>,
        /// The line, from 1 on.
        line: usize,
    },
    /// A mode has bits beyond permissions, setuid, setgid and sticky.
    #[error("{}: mode {mode:#o} is above 0o7777", show(path))]
    Mode {
        /// The path asked for.
        path: Vec<u8>,
        /// The mode asked for.
        mode: u16,
    },
    /// A symbolic link cannot have that target.
    #[error("{}: the target of a symbolic link {why}", show(path))]
    Target {
        /// The link.
        path: Vec<u8>,
        /// What is wrong, to be put behind the target.
        why: &'static str,
    },
    /// An extended attribute has no usable name.
    #[error(
        "{}: attribute {:?} needs a name of at most 255 bytes in user., trusted., security. or system.",
        show(path), name.escape_ascii().to_string()
    )]
    AttributeName {
        /// The path asked for.
        path: Vec<u8>,
        /// The attribute's name.
        name: Vec<u8>,
    },
    /// A value is no access control list.
    #[error("{}: {why}", show(path))]
    Acl {
        /// The path asked for.
        path: Vec<u8>,
        /// What is wrong.
        why: AclError,
    },
    /// The node cannot have an access control list.
    #[error("{}: {what}", show(path))]
    NoAcl {
        /// The path asked for.
        path: Vec<u8>,
        /// What it cannot have.
        what: &'static str,
    },
    /// The node has no such attribute.
    #[error("{} has no attribute {:?}", show(path), name.escape_ascii().to_string())]
    NoAttribute {
        /// The path asked for.
        path: Vec<u8>,
        /// The attribute's name.
        name: Vec<u8>,
    },
    /// The image has no account of that name.
    #[error("the image's /etc/{} has no {what} {:?}", account_file(what), name.escape_ascii().to_string())]
    NoAccount {
        /// User or group.
        what: &'static str,
        /// The name asked for.
        name: Vec<u8>,
    },
    /// A text that must be one line has several.
    #[error("{}: the line to write has a line end in it", show(path))]
    ManyLines {
        /// The path asked for.
        path: Vec<u8>,
    },
    /// A regular expression cannot be read.
    #[error("regular expression {text:?}: {why}")]
    Expression {
        /// The expression.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The source that holds a file's content failed.
    #[error("{}: {cause}", show(path))]
    Read {
        /// The path asked for.
        path: Vec<u8>,
        /// What the source said.
        cause: io::Error,
    },
    /// A host file cannot be used.
    #[error("host file {path}: {cause}")]
    Host {
        /// The host path as the recipe has it.
        path: String,
        /// What the host said.
        cause: io::Error,
    },
    /// There is no place for content that is too large for memory.
    #[error("cannot keep what was decoded: {cause}; --tmp takes another folder")]
    Spool {
        /// What the host said.
        cause: io::Error,
    },
}

impl RootError {
    /// Returns whether nothing is at the path, or nothing where one of its folders should be.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            RootError::Path {
                cause: PathError::NotFound(_),
                ..
            }
        )
    }

    /// Returns whether a failure has nothing to do with what the image has or lacks.
    pub(crate) fn is_of_build(&self) -> bool {
        matches!(self, RootError::Read { .. } | RootError::Spool { .. })
    }

    /// Returns the path that was asked for, where one was.
    pub fn path(&self) -> Option<&[u8]> {
        match self {
            RootError::Path { path, .. }
            | RootError::Masked { path }
            | RootError::Kind { path, .. }
            | RootError::Exists { path, .. }
            | RootError::NotEmpty { path, .. }
            | RootError::LinkToDirectory { path }
            | RootError::TooLarge { path, .. }
            | RootError::Grown { path, .. }
            | RootError::NotText { path, .. }
            | RootError::LineEnd { path, .. }
            | RootError::Mode { path, .. }
            | RootError::AttributeName { path, .. }
            | RootError::NoAttribute { path, .. }
            | RootError::Acl { path, .. }
            | RootError::NoAcl { path, .. }
            | RootError::ManyLines { path }
            | RootError::Target { path, .. }
            | RootError::Read { path, .. } => Some(path),
            RootError::IntoItself { from, .. } => Some(from),
            RootError::NoAccount { .. }
            | RootError::Expression { .. }
            | RootError::ManyPaths { .. }
            | RootError::Host { .. }
            | RootError::Spool { .. } => None,
        }
    }
}

fn account_file(what: &str) -> &'static str {
    if what == "user" { "passwd" } else { "group" }
}

/// Returns an image path as messages show it: absolute, odd bytes escaped.
pub(crate) fn show(path: &[u8]) -> String {
    if let Some(number) = path.strip_prefix(super::number::PREFIX) {
        return format!("inode {}", number.escape_ascii());
    }
    let path = path.strip_prefix(b"/").unwrap_or(path);
    format!("/{}", path.escape_ascii())
}

fn lookup_message(path: &[u8], cause: &PathError) -> String {
    let path = show(path);
    match cause {
        PathError::NotFound(missing) if show(missing) == path.trim_end_matches('/') => {
            format!("no such file in the image: {path}")
        }
        PathError::NotFound(missing) => {
            format!(
                "no such file in the image: {} (on the way to {path})",
                show(missing)
            )
        }
        _ => format!("{path}: {cause}"),
    }
}

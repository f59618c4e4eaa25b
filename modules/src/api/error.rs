//! Why an operation failed, in a form that every language has an exception for.

use fsgen::tree::path::PathError;

use crate::RootError;

/// What else can be done with a file that is too large.
const PARTS: &str = "read_bytes with offset and length reads parts of a file; \
                     put, copy and rename take files of any size";

/// A failed operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The sort of failure.
    pub kind: ErrorKind,
    /// One line, lower case.
    pub message: String,
    /// What to do instead, where that can be said.
    pub help: Option<String>,
    /// The path of the image that it is about, as it was asked for.
    pub path: Option<Vec<u8>>,
}

/// What sort of failure it is; in Python each is an exception of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing is there: `FileNotFoundError`.
    NotFound,
    /// Something is there already: `FileExistsError`.
    Exists,
    /// A directory is needed: `NotADirectoryError`.
    NotADirectory,
    /// Anything but a directory is needed: `IsADirectoryError`.
    IsADirectory,
    /// The directory has entries: `OSError` with `ENOTEMPTY`.
    NotEmpty,
    /// Links lead in a circle: `OSError` with `ELOOP`.
    Loop,
    /// The call itself is wrong, whatever the image holds: `ValueError`.
    Invalid,
    /// Anything else: `OSError`.
    Other,
}

impl ErrorKind {
    /// Returns the name that programs get: `not_found`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::NotFound => "not_found",
            ErrorKind::Exists => "exists",
            ErrorKind::NotADirectory => "not_a_directory",
            ErrorKind::IsADirectory => "is_a_directory",
            ErrorKind::NotEmpty => "not_empty",
            ErrorKind::Loop => "loop",
            ErrorKind::Invalid => "invalid",
            ErrorKind::Other => "other",
        }
    }
}

impl Error {
    /// Returns the error of a call that is wrong in itself.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Invalid,
            message: message.into(),
            help: None,
            path: None,
        }
    }

    /// Returns the error of a call that this image cannot do.
    pub(super) fn other(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Other,
            ..Self::invalid(message)
        }
    }

    /// Says which path it is about.
    #[must_use]
    pub(super) fn at(mut self, path: Vec<u8>) -> Self {
        self.path = Some(path);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<RootError> for Error {
    fn from(error: RootError) -> Self {
        Self {
            kind: kind(&error),
            message: error.to_string(),
            help: matches!(error, RootError::TooLarge { .. }).then(|| PARTS.to_owned()),
            path: error.path().map(<[u8]>::to_vec),
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Root { cause, .. } => cause.into(),
            crate::Error::Option(error) => Self {
                kind: ErrorKind::Invalid,
                message: error.message,
                help: error.help,
                path: None,
            },
        }
    }
}

fn kind(error: &RootError) -> ErrorKind {
    match error {
        RootError::Path { cause, .. } => match cause {
            PathError::NotFound(_) => ErrorKind::NotFound,
            PathError::NotADirectory(_) => ErrorKind::NotADirectory,
            PathError::TooManyLinks => ErrorKind::Loop,
            PathError::Nul => ErrorKind::Invalid,
            PathError::NameTooLong(_) | PathError::NoName => ErrorKind::Other,
        },
        RootError::Kind { wanted, .. } if *wanted == "directory" => ErrorKind::NotADirectory,
        RootError::Kind { found, wanted, .. } if (*found, *wanted) == ("directory", "file") => {
            ErrorKind::IsADirectory
        }
        RootError::LinkToDirectory { .. } => ErrorKind::IsADirectory,
        RootError::Exists { .. } => ErrorKind::Exists,
        RootError::NotEmpty { .. } => ErrorKind::NotEmpty,
        RootError::Mode { .. }
        | RootError::Target { .. }
        | RootError::AttributeName { .. }
        | RootError::Acl { .. }
        | RootError::NoAcl { .. }
        | RootError::ManyLines { .. }
        | RootError::ManyPaths { .. }
        | RootError::Expression { .. } => ErrorKind::Invalid,
        _ => ErrorKind::Other,
    }
}

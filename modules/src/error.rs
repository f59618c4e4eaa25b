//! Why a module could not do its work.

use thiserror::Error;

use crate::root::RootError;
use crate::value::{Span, ValueError};

/// A failed module. Step, module name, file and line are added by the caller, who knows them.
#[derive(Debug, Error)]
pub enum Error {
    /// An option is wrong, in itself or for this image.
    #[error(transparent)]
    Option(#[from] ValueError),
    /// The image could not be read or changed.
    #[error("{cause}")]
    Root {
        /// The option that asked for it, where there is one.
        span: Option<Span>,
        /// What went wrong.
        cause: RootError,
    },
}

impl Error {
    /// Returns the place in the recipe that is at fault, where there is one.
    pub fn span(&self) -> Option<Span> {
        match self {
            Error::Option(error) => Some(error.span),
            Error::Root { span, .. } => *span,
        }
    }
}

impl From<RootError> for Error {
    fn from(cause: RootError) -> Self {
        Error::Root { span: None, cause }
    }
}

/// Returns the function that says which option a failed call on the image was for.
pub(crate) fn at(span: Span) -> impl Fn(RootError) -> Error {
    move |cause| Error::Root {
        span: Some(span),
        cause,
    }
}

//! Why a unit could not be enabled, disabled or masked.

use thiserror::Error;

use super::UnitName;
use crate::RootError;
use crate::root::show;

/// A failed call on a unit.
#[derive(Debug, Error)]
pub(crate) enum UnitError {
    /// No file defines it.
    #[error("the image has no unit {name}")]
    Missing { name: UnitName },
    /// It cannot be started, so enabling it would do nothing.
    #[error("unit {name} is masked by {}", show(path))]
    Masked { name: UnitName, path: Vec<u8> },
    /// It is another name for a unit.
    #[error("unit {name} is a link to {}; name that unit instead", target.escape_ascii())]
    Linked { name: UnitName, target: Vec<u8> },
    /// Only an instance of it can be enabled.
    #[error("unit {name} is a template: name an instance, as in {}", name.with_instance("NAME"))]
    NoInstance { name: UnitName },
    /// No unit can be called that.
    #[error("{name:?} is no name of a unit: {why}")]
    Name { name: String, why: &'static str },
    /// An `[Install]` section asks for what cannot be.
    #[error("unit {unit}: {key}={value:?}: {why}")]
    Install {
        unit: UnitName,
        key: &'static str,
        value: String,
        why: &'static str,
    },
    /// A link has to be where there is another.
    #[error("{} is a link to {} already", show(path), target.escape_ascii())]
    Taken { path: Vec<u8>, target: Vec<u8> },
    /// The image could not be read or changed.
    #[error(transparent)]
    Root(#[from] RootError),
}

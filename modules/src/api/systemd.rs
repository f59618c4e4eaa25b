//! Operations on the units of systemd.

use super::operation::{Operation, Parameter, Type, required};
use super::{Error, ErrorKind};
use crate::units::{self, UnitError};

const UNIT: Parameter = required("unit", Type::Text, "its name; without an ending, a service");

pub(super) const ENABLE: Operation = Operation {
    name: "enable",
    summary: "lets a unit of systemd start at boot; returns the links that were made",
    parameters: &[UNIT],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(units::enable(root, &args.text())?.into()),
};

pub(super) const DISABLE: Operation = Operation {
    name: "disable",
    summary: "keeps a unit of systemd from starting at boot; returns the links that were removed",
    parameters: &[UNIT],
    returns: Type::List(&Type::Text),
    act: |root, args| Ok(units::disable(root, &args.text())?.into()),
};

pub(super) const MASK: Operation = Operation {
    name: "mask",
    summary: "makes a unit of systemd impossible to start; returns whether it was possible",
    parameters: &[UNIT],
    returns: Type::Bool,
    act: |root, args| Ok(units::mask(root, &args.text())?.into()),
};

pub(super) const UNMASK: Operation = Operation {
    name: "unmask",
    summary: "takes back a mask; returns whether there was one",
    parameters: &[UNIT],
    returns: Type::Bool,
    act: |root, args| Ok(units::unmask(root, &args.text())?.into()),
};

impl From<UnitError> for Error {
    fn from(error: UnitError) -> Self {
        let message = error.to_string();
        let (kind, path) = match error {
            UnitError::Root(error) => return error.into(),
            UnitError::Missing { .. } => (ErrorKind::NotFound, None),
            UnitError::Name { .. } => (ErrorKind::Invalid, None),
            UnitError::Taken { path, .. } => (ErrorKind::Exists, Some(path)),
            UnitError::Masked { path, .. } => (ErrorKind::Other, Some(path)),
            UnitError::Linked { .. } | UnitError::NoInstance { .. } | UnitError::Install { .. } => {
                (ErrorKind::Other, None)
            }
        };
        Error {
            kind,
            message,
            help: None,
            path,
        }
    }
}

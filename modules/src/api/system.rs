//! Operations on what the image is, and on what the user is told.

use super::operation::{Operation, Parameter, Type, required};

const MESSAGE: Parameter = required("message", Type::Text, "one line");

pub(super) const INFO: Operation = Operation {
    name: "info",
    summary: "tells the user something",
    parameters: &[MESSAGE],
    returns: Type::Nothing,
    act: |root, args| {
        root.info(args.text());
        Ok(().into())
    },
};

pub(super) const WARN: Operation = Operation {
    name: "warn",
    summary: "warns the user of something that does not stop the build",
    parameters: &[MESSAGE],
    returns: Type::Nothing,
    act: |root, args| {
        root.warn(args.text());
        Ok(().into())
    },
};

//! Operations on what the image is, and on what the user is told.

use super::Data;
use super::operation::{Operation, Parameter, Type, required};
use crate::os_release;

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

pub(super) const OS_RELEASE: Operation = Operation {
    name: "os_release",
    summary: "returns what the image's os-release(5) says, by key: ID, VERSION_ID and so on",
    parameters: &[],
    returns: Type::Map,
    act: |root, _| {
        let entries = os_release::read(root)?.into_iter();
        Ok(Data::Map(
            entries.map(|(key, value)| (key, value.into())).collect(),
        ))
    },
};

pub(super) const PARTITIONS: Operation = Operation {
    name: "partitions",
    summary: "returns the partitions of the image to be, each with `number`, `mount`, `type`, \
              `filesystem`, `label`, `uuid` and `partuuid`; what one does not have is null",
    parameters: &[],
    returns: Type::List(&Type::Map),
    act: |root, _| {
        let text = |text: &Option<String>| {
            let text = text.as_deref();
            text.map_or(Data::Null, Data::from)
        };
        let each = root.partitions().iter().map(|partition| {
            let keys = [
                ("number", Data::Int(partition.number.into())),
                ("mount", text(&partition.mount)),
                ("type", text(&partition.kind)),
                ("filesystem", text(&partition.filesystem)),
                ("label", text(&partition.label)),
                ("uuid", text(&partition.uuid)),
                ("partuuid", text(&partition.partuuid)),
            ];
            Data::Map(keys.map(|(key, value)| (key.to_owned(), value)).into())
        });
        Ok(Data::List(each.collect()))
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

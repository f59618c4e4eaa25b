//! The options of `fstab` as users read them.

use crate::option::{OptionDoc, Shape};

const MOUNT: Shape = Shape::Map(&[
    OptionDoc::required(
        "mount",
        Shape::Text,
        "the mount point of a partition, or of `device`",
    ),
    OptionDoc::optional(
        "options",
        Shape::Text,
        "mount options, as in `noatime,nodev`",
    ),
    OptionDoc::optional(
        "device",
        Shape::Text,
        "what is mounted there when it is no partition of the image, as in `tmpfs`",
    ),
    OptionDoc::optional(
        "type",
        Shape::Text,
        "the filesystem of `device`; if left out, that of a line with this device, what is named as \
         `tmpfs` is, or auto",
    ),
]);

pub(super) const OPTIONS: &[OptionDoc] = &[OptionDoc::optional(
    "fstab",
    Shape::Map(&[
        OptionDoc::optional(
            "by",
            Shape::OneOf(&["uuid", "partuuid", "label"]),
            "what partitions are found by; uuid if left out",
        ),
        OptionDoc::optional(
            "mounts",
            Shape::List(&MOUNT),
            "options for partitions, and what is mounted besides",
        ),
    ]),
    "how; all partitions by their UUID if left out",
)];

pub(super) const EXAMPLE: &str = "\
modules: [fstab]
fstab:
  by: partuuid
  mounts:
    - {mount: /, options: noatime}
    - {mount: /tmp, device: tmpfs, type: tmpfs, options: \"size=50%,nosuid,nodev\"}
";

//! The recipe's own keys in words: for the JSON Schema, and held to what is read by a test.

use modules::{OptionDoc, Presence, Shape};

/// What `modules` is; its items are those of the modules that are there.
pub(crate) const MODULES: &str = "the steps, run in this order: names, or names with options";

/// A number of bytes, or a text that means one.
const SIZE: Shape = Shape::AnyOf(&[
    Shape::Text,
    Shape::Int {
        min: 1,
        max: i64::MAX,
    },
]);

/// The keys at the top, but for `modules`.
pub(crate) const RECIPE: &[OptionDoc] = &[
    text(
        "name",
        "image",
        "name of the image file, without its ending",
    ),
    OptionDoc::optional(
        "source",
        Shape::AnyOf(&[
            Shape::Text,
            Shape::Map(SOURCE),
            Shape::List(&Shape::AnyOf(&[Shape::Text, Shape::Map(SOURCE)])),
        ]),
        "a tarball, folder or container image, relative to the recipe, or a list; -i overrides it",
    ),
    OptionDoc {
        presence: Presence::Default("auto"),
        ..OptionDoc::optional(
            "size",
            SIZE,
            "size of the whole image: 4G, auto, +512M; -s overrides it",
        )
    },
    OptionDoc::optional("seed", Shape::Text, "what all UUIDs are derived from"),
    text("table", "gpt", "gpt, mbr, or none: a bare filesystem"),
    OptionDoc::optional(
        "partitions",
        Shape::List(&Shape::Map(PARTITION)),
        "what the image is divided into; one root filesystem when left out",
    ),
    OptionDoc::optional("boot", Shape::Map(BOOT), "what boots the image"),
    OptionDoc::optional(
        "module_path",
        Shape::List(&Shape::Text),
        "more folders with modules, relative to the recipe",
    ),
];

/// The keys of a source.
pub(crate) const SOURCE: &[OptionDoc] = &[
    OptionDoc::required(
        "from",
        Shape::Text,
        "a tarball, folder, container or disk image, relative to the recipe; oci:HOST/NAME:TAG; an URL",
    ),
    text("path", "/", "the directory of the image that it goes to"),
    OptionDoc {
        presence: Presence::Default("0"),
        ..OptionDoc::optional(
            "strip",
            Shape::Int {
                min: 0,
                max: u32::MAX as i64,
            },
            "names to take off the front of each path",
        )
    },
    OptionDoc::optional(
        "include",
        Shape::List(&Shape::Text),
        "patterns of paths that are wanted; everything when left out",
    ),
    OptionDoc::optional(
        "exclude",
        Shape::List(&Shape::Text),
        "patterns of paths that are not",
    ),
    OptionDoc::optional(
        "owner",
        Shape::Text,
        "root or UID:GID, whose all of it is; as found when left out",
    ),
    OptionDoc::optional(
        "owners",
        Shape::Text,
        "a file of lines OWNER MODE PATTERN, relative to the recipe",
    ),
    OptionDoc::optional(
        "tag",
        Shape::Text,
        "name of a container image, where there are several",
    ),
    text(
        "platform",
        "linux/amd64",
        "what a container image runs on, where there are several",
    ),
    OptionDoc::optional(
        "partition",
        Shape::AnyOf(&[
            Shape::Int {
                min: 1,
                max: u32::MAX as i64,
            },
            Shape::Text,
        ]),
        "number, name or label of a disk image's partition; its root when left out",
    ),
    OptionDoc::optional("sha256", Shape::Text, "digest of a file by http or https"),
    OptionDoc::flag("trust", "whether such a file may be any"),
];

/// The keys of `boot`.
const BOOT: &[OptionDoc] = &[OptionDoc::optional(
    "kernel",
    Shape::Text,
    "version or path of the kernel that -x takes; the newest one when left out",
)];

/// The keys of a partition.
pub(crate) const PARTITION: &[OptionDoc] = &[
    OptionDoc::optional(
        "number",
        Shape::Int {
            min: 1,
            max: u32::MAX as i64,
        },
        "its number in the table",
    ),
    OptionDoc::optional(
        "label",
        Shape::Text,
        "name in the table and label of the filesystem",
    ),
    OptionDoc::optional(
        "name",
        Shape::Text,
        "name in the table, where it is another one",
    ),
    OptionDoc::optional(
        "type",
        Shape::Text,
        "esp, root, swap, linux-generic, ..., a GUID or an MBR byte",
    ),
    OptionDoc::optional("uuid", Shape::Text, "identifier of the partition"),
    OptionDoc::optional("fs", Shape::Text, "what is in it: ext4, vfat, swap or none"),
    OptionDoc::optional("mount", Shape::Text, "the directory whose subtree it holds"),
    OptionDoc::optional("size", SIZE, "its size: 512M, auto, +512M, or rest"),
    OptionDoc::flag("bootable", "whether firmware of the old kind boots from it"),
    OptionDoc::optional("fs_uuid", Shape::Text, "identifier of the filesystem"),
    OptionDoc::optional("profile", Shape::Text, "features of ext4: compat or modern"),
    OptionDoc::optional(
        "block_size",
        Shape::Int {
            min: 1024,
            max: 4096,
        },
        "bytes of a block",
    ),
    OptionDoc::optional(
        "inodes",
        Shape::Int {
            min: 1,
            max: u32::MAX as i64,
        },
        "number of inodes",
    ),
    OptionDoc::optional(
        "bytes_per_inode",
        Shape::Int {
            min: 1024,
            max: 64 << 20,
        },
        "bytes of the filesystem for each inode",
    ),
    OptionDoc::optional(
        "reserved_percent",
        Shape::Number,
        "blocks that only root may use, from 0 to 50",
    ),
    OptionDoc::optional(
        "journal",
        Shape::AnyOf(&[
            Shape::Bool,
            Shape::Text,
            Shape::Int {
                min: 1,
                max: i64::MAX,
            },
        ]),
        "true, false or a size",
    ),
    OptionDoc::optional(
        "fat",
        Shape::Int { min: 12, max: 32 },
        "type of FAT: 12, 16 or 32",
    ),
    OptionDoc::optional(
        "cluster_size",
        Shape::Int {
            min: 512,
            max: 64 << 10,
        },
        "bytes of a cluster of vfat",
    ),
];

const fn text(name: &'static str, default: &'static str, summary: &'static str) -> OptionDoc {
    OptionDoc {
        presence: Presence::Default(default),
        ..OptionDoc::optional(name, Shape::Text, summary)
    }
}

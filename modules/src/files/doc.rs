//! The options of `files` as users read them.

use crate::option::{OptionDoc, Shape};

const PATH: OptionDoc = OptionDoc::required(
    "path",
    Shape::Text,
    "where; missing directories above are made",
);
const USER: OptionDoc = OptionDoc::optional("user", Shape::OWNER, "its user; root if it is new");
const GROUP: OptionDoc = OptionDoc::optional("group", Shape::OWNER, "its group; root if it is new");

const FILE: Shape = Shape::Map(&[
    PATH,
    OptionDoc::optional(
        "content",
        Shape::Text,
        "the text that it holds; this or `source` is needed",
    ),
    OptionDoc::optional(
        "source",
        Shape::Text,
        "the file that it is a copy of, from the folder of build.yaml",
    ),
    OptionDoc::flag(
        "append",
        "add the text to the end of what is there, unless its lines are there already",
    ),
    OptionDoc::optional("mode", Shape::Mode, "its mode; 0644 if it is new"),
    USER,
    GROUP,
]);

const DIRECTORY: Shape = Shape::Map(&[
    PATH,
    OptionDoc::optional("mode", Shape::Mode, "its mode; 0755 if it is new"),
    USER,
    GROUP,
]);

const LINK: Shape = Shape::Map(&[
    PATH,
    OptionDoc::required("target", Shape::Text, "what it leads to"),
    OptionDoc::flag(
        "hard",
        "make a second name for the target instead of a symbolic link",
    ),
    OptionDoc::flag(
        "force",
        "replace anything but a directory that has the name",
    ),
]);

const REMOVAL: Shape = Shape::Map(&[
    OptionDoc::required("path", Shape::Text, "a file, link or empty directory"),
    OptionDoc::flag("recursive", "remove a directory with all that is in it"),
    OptionDoc::flag("missing_ok", "nothing need be there"),
]);

pub(super) const OPTIONS: &[OptionDoc] = &[
    OptionDoc::optional("files", Shape::List(&FILE), "files to write"),
    OptionDoc::optional(
        "directories",
        Shape::List(&DIRECTORY),
        "directories to make",
    ),
    OptionDoc::optional("symlinks", Shape::List(&LINK), "links to make"),
    OptionDoc::optional(
        "remove",
        Shape::List(&Shape::AnyOf(&[Shape::Text, REMOVAL])),
        "what must not be there; a path alone stands for its mapping",
    ),
];

pub(super) const EXAMPLE: &str = r#"modules: [files]
remove:
  - {path: /etc/sudoers.d/README, missing_ok: true}
  - {path: /var/cache/apt, recursive: true, missing_ok: true}
directories:
  - {path: /srv/www, mode: "2775", group: adm}
files:
  - path: /etc/issue
    content: |
      Welcome to \n.
  - {path: /etc/hosts, content: "10.0.0.1 db\n", append: true}
symlinks:
  - {path: /etc/localtime, target: ../usr/share/zoneinfo/UTC, force: true}
"#;

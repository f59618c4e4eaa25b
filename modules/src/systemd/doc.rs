//! The options of `systemd` as users read them.

use crate::option::{OptionDoc, Shape};

const CONTENT: OptionDoc = OptionDoc::optional("content", Shape::Text, "the text of the file");
const SOURCE: OptionDoc = OptionDoc::optional(
    "source",
    Shape::Text,
    "the file that it is a copy of, from the folder of build.yaml",
);

const UNIT: Shape = Shape::Map(&[
    OptionDoc::required("name", Shape::Text, "its whole name, as in `hello.service`"),
    CONTENT,
    SOURCE,
    OptionDoc::optional(
        "drop_ins",
        Shape::List(&Shape::Map(&[
            OptionDoc::required("name", Shape::Text, "name of the file, which ends in .conf"),
            CONTENT,
            SOURCE,
        ])),
        "files for the folder NAME.d, which add to the unit of the image or to this one",
    ),
]);

const NAMES: Shape = Shape::List(&Shape::Text);

pub(super) const OPTIONS: &[OptionDoc] = &[OptionDoc::required(
    "systemd",
    Shape::Map(&[
        OptionDoc::optional("units", Shape::List(&UNIT), "units to write"),
        OptionDoc::optional("unmask", NAMES, "units that may be started again"),
        OptionDoc::optional(
            "preset",
            Shape::AnyOf(&[Shape::Text, NAMES]),
            "units to enable or disable as the image's presets say; `all` for every one",
        ),
        OptionDoc::optional("disable", NAMES, "units that do not start at boot"),
        OptionDoc::optional("enable", NAMES, "units that start at boot"),
        OptionDoc::optional("mask", NAMES, "units that cannot be started at all"),
        OptionDoc::optional(
            "default_target",
            Shape::Text,
            "what the system boots into, as in `multi-user.target`",
        ),
    ]),
    "what to do; at least one of these",
)];

pub(super) const EXAMPLE: &str = r#"modules: [systemd]
systemd:
  units:
    - name: hello.service
      content: |
        [Unit]
        Description=Says hello at boot
        [Service]
        Type=oneshot
        ExecStart=/bin/echo hello
        [Install]
        WantedBy=multi-user.target
    - name: getty@tty1.service
      drop_ins:
        - {name: 50-clear.conf, content: "[Service]\nTTYVTDisallocate=no\n"}
  enable: [hello, fstrim.timer, getty@tty2]
  mask: [apt-daily.timer]
  default_target: multi-user.target
"#;

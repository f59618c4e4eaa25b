//! Who hears of what packages do: as with dpkg, row by row.

use super::build::Deb;
use super::rows::{DEB, ROW, Row, TOUCHING, judge};

/// A library for two architectures that wants to know of a path.
const fn watching(name: &'static str) -> Deb {
    Deb {
        name,
        fields: "Multi-Arch: same\n",
        control: &[("triggers", "interest /usr/lib/x\n")],
        ..DEB
    }
}

/// A package that wants another to hear of its changes.
const CALLING: Deb = Deb {
    name: "calls_1_all",
    files: &[("/usr/share/calls", "1\n")],
    control: &[("triggers", "activate called\n")],
    ..DEB
};

const HEARING: Deb = Deb {
    name: "hears_1_all",
    control: &[("triggers", "interest called\n")],
    ..DEB
};

const ROWS: &[Row] = &[
    Row {
        before: &[watching("a_1_amd64"), watching("a_1_i386")],
        new: &[TOUCHING],
        ..ROW
    },
    Row {
        before: &[watching("a_1_i386")],
        new: &[TOUCHING],
        ..ROW
    },
    Row {
        before: &[Deb {
            fields: "",
            ..watching("a_1_i386")
        }],
        new: &[TOUCHING],
        ..ROW
    },
    // What was waited for goes, of one architecture.
    Row {
        before: &[watching("a_1_amd64"), watching("a_1_i386"), TOUCHING],
        new: &[watching("a_2_amd64"), watching("a_2_i386")],
        ..ROW
    },
    Row {
        before: &[watching("a_1_i386"), TOUCHING],
        new: &[Deb {
            fields: "",
            ..watching("a_2_amd64")
        }],
        ..ROW
    },
    // A package does not hear itself while it is configured, but others of its trigger.
    Row {
        before: &[Deb {
            name: "hears_1_all",
            control: &[("triggers", "interest called\n")],
            ..DEB
        }],
        new: &[
            Deb {
                name: "calls_1_all",
                control: &[("triggers", "interest called\nactivate called\n")],
                ..DEB
            },
            Deb {
                name: "watches_1_all",
                files: &[("/etc/w", "1\n")],
                control: &[
                    ("conffiles", "/etc/w\n"),
                    ("triggers", "interest /etc/w\nactivate /etc/w\n"),
                ],
                ..DEB
            },
        ],
        ..ROW
    },
    // What waited before still waits.
    Row {
        laid: &[
            (
                "/var/lib/dpkg/status",
                "Package: a\nStatus: install ok triggers-pending\nMaintainer: a\n\
                 Architecture: all\nVersion: 1\nDescription: a\nTriggers-Pending: x\n\n\
                 Package: b\nStatus: install ok triggers-awaited\nMaintainer: a\n\
                 Architecture: all\nVersion: 1\nConfig-Version: 1\nDescription: b\n\
                 Triggers-Awaited: a\n\n",
            ),
            ("/var/lib/dpkg/triggers/Unincorp", ""),
            ("/var/lib/dpkg/info/a.list", "/.\n"),
            ("/var/lib/dpkg/info/b.list", "/.\n"),
        ],
        new: &[Deb {
            name: "b_2_all",
            ..DEB
        }],
        ..ROW
    },
    // What an older version calls, or one that goes, is called once more.
    Row {
        before: &[CALLING, HEARING],
        new: &[Deb {
            name: "calls_2_all",
            ..DEB
        }],
        ..ROW
    },
    Row {
        before: &[CALLING, HEARING],
        new: &[Deb {
            name: "b_1_all",
            fields: "Conflicts: calls\nReplaces: calls\n",
            ..DEB
        }],
        ..ROW
    },
    Row {
        before: &[CALLING, HEARING],
        new: &[Deb {
            name: "b_1_all",
            fields: "Replaces: calls\n",
            files: CALLING.files,
            ..DEB
        }],
        ..ROW
    },
    // So are those whom scripts call, as they are then; of two architectures, neither waits.
    Row {
        before: &[HEARING],
        new: &[
            watching("a_1_amd64"),
            Deb {
                control: &[("postinst", "#!/bin/sh\ndpkg-trigger called\n")],
                ..watching("a_1_i386")
            },
        ],
        ..ROW
    },
    Row {
        before: &[HEARING],
        new: &[
            Deb {
                name: "b_1_all",
                control: &[("preinst", "#!/bin/sh\ndpkg-trigger --no-await called\n")],
                ..DEB
            },
            Deb {
                name: "hears_2_all",
                ..HEARING
            },
        ],
        ..ROW
    },
    Row {
        new: &[
            Deb {
                name: "b_1_all",
                control: &[("postinst", "#!/bin/sh\ndpkg-trigger called\n")],
                ..DEB
            },
            HEARING,
        ],
        ..ROW
    },
    Row {
        before: &[Deb {
            control: &[("postinst", "#!/bin/sh\ndpkg-trigger called\n")],
            ..HEARING
        }],
        new: &[Deb {
            name: "hears_2_all",
            control: &[
                ("triggers", "interest called\n"),
                ("postinst", "#!/bin/sh\ndpkg-trigger called\n"),
            ],
            ..DEB
        }],
        ..ROW
    },
    Row {
        before: &[
            HEARING,
            Deb {
                name: "b_1_all",
                files: &[("/usr/share/b", "1\n")],
                control: &[("postrm", "#!/bin/sh\ndpkg-trigger called\n")],
                ..DEB
            },
        ],
        new: &[Deb {
            name: "c_1_all",
            fields: "Conflicts: b\nReplaces: b\n",
            ..DEB
        }],
        ..ROW
    },
    Row {
        before: &[
            HEARING,
            Deb {
                name: "b_1_all",
                control: &[("prerm", "#!/bin/sh\ndpkg-trigger called\n")],
                ..DEB
            },
        ],
        new: &[Deb {
            name: "b_2_all",
            ..DEB
        }],
        ..ROW
    },
    // What waits may go.
    Row {
        before: &[HEARING, CALLING],
        new: &[Deb {
            name: "b_1_all",
            fields: "Conflicts: calls\nReplaces: calls\n",
            ..DEB
        }],
        ..ROW
    },
    Row {
        before: &[
            HEARING,
            Deb {
                control: &[("triggers", "activate called\n"), ("postrm", "#!/bin/sh\n")],
                ..CALLING
            },
        ],
        new: &[Deb {
            name: "b_1_all",
            fields: "Conflicts: calls\nReplaces: calls\n",
            ..DEB
        }],
        ..ROW
    },
    // What waited before counts as never configured.
    Row {
        before: &[watching("a_1_amd64"), TOUCHING],
        new: &[Deb {
            name: "b_2_all",
            ..TOUCHING
        }],
        ..ROW
    },
];

#[test]
fn who_hears_of_what_is_as_with_dpkg() {
    judge(ROWS, "triggers");
}

//! A few packages that come to a few others, row by row: tree and lists are those that dpkg leaves.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, lay, system};
use crate::install_rpms::system::{assert_same, pack};
use crate::kit::{Work, run, succeed, tool};

pub(super) struct Row {
    /// What is there before.
    pub(super) before: &'static [Deb],
    /// What people lay there then, as in [`lay`].
    pub(super) laid: &'static [(&'static str, &'static str)],
    /// What is to become of a package that is there, for `--set-selections`.
    pub(super) selected: &'static str,
    pub(super) new: &'static [Deb],
    /// Further options of the recipe.
    pub(super) options: &'static str,
    /// What hsb says of it if it refuses it, as dpkg does.
    pub(super) refused: Option<&'static str>,
}

pub(super) const ROW: Row = Row {
    before: &[],
    laid: &[],
    selected: "",
    new: &[],
    options: "",
    refused: None,
};

pub(super) const DEB: Deb = Deb {
    name: "",
    fields: "",
    files: &[],
    control: &[],
};

pub(super) const TOUCHING: Deb = Deb {
    name: "b_1_all",
    files: &[("/usr/lib/x/y", "1\n")],
    ..DEB
};

/// A library for two architectures with a setting.
const fn setting(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Deb {
    Deb {
        name,
        fields: "Multi-Arch: same\n",
        files,
        control: &[("conffiles", "/etc/d\n")],
    }
}

/// Two packages of which the first has nothing that the next one to come has not.
const fn emptied(provided: &'static str, needed: &'static str) -> [Deb; 2] {
    let gone = Deb {
        name: "gone_1_all",
        fields: provided,
        files: &[("/usr/share/a", "1\n")],
        ..DEB
    };
    let needing = Deb {
        name: "needing_1_all",
        fields: needed,
        ..DEB
    };
    [gone, needing]
}

/// A package that has all files of that one.
const fn taking(fields: &'static str) -> Deb {
    Deb {
        name: "takes_1_all",
        fields,
        files: &[("/usr/share/a", "2\n")],
        ..DEB
    }
}

/// A package with a setting.
const DROPS: Deb = Deb {
    name: "drops_1_all",
    files: &[("/etc/d", "1\n")],
    control: &[("conffiles", "/etc/d\n")],
    ..DEB
};

/// Its next version, with which the setting goes.
const DROPPED: Deb = Deb {
    name: "drops_2_all",
    files: &[("/usr/share/drops", "1\n")],
    control: &[("conffiles", "remove-on-upgrade /etc/d\n")],
    ..DEB
};

const ROWS: &[Row] = &[
    // The owner and mode of a file are those of its last name.
    Row {
        laid: &[(
            "/var/lib/dpkg/statoverride",
            "#990 #991 600 /usr/share/b\n#990 #0 4750 /usr/share/c\n",
        )],
        new: &[Deb {
            name: "links_1_all",
            files: &[
                ("/usr/share/a", "1\n"),
                ("/usr/share/b=", "/usr/share/a"),
                ("/usr/share/c", "1\n"),
                ("/usr/share/d=", "/usr/share/c"),
            ],
            ..DEB
        }],
        ..ROW
    },
    // A setting that both architectures have is the same, whatever people made of it.
    Row {
        before: &[setting("d_1_amd64", &[("/etc/d", "1\n")])],
        new: &[setting("d_1_i386", &[("/etc/d", "3\n")])],
        refused: Some("/etc/d differs from that of d for another architecture"),
        ..ROW
    },
    Row {
        before: &[setting("d_1_amd64", &[("/etc/d", "1\n")])],
        laid: &[("/etc/d", "mine\n")],
        new: &[setting("d_1_i386", &[("/etc/d", "1\n")])],
        ..ROW
    },
    Row {
        new: &[
            setting("d_1_amd64", &[("/etc/d", "1\n")]),
            setting("d_1_i386", &[("/etc/d", "1\n")]),
        ],
        ..ROW
    },
    // A further name of a file that is left to another package is one of that.
    Row {
        before: &[Deb {
            name: "other_1_all",
            fields: "Replaces: more\n",
            files: &[("/usr/share/a", "other\n")],
            ..DEB
        }],
        new: &[Deb {
            name: "more_1_all",
            files: &[
                ("600:/usr/share/a", "more\n"),
                ("/usr/share/b=", "/usr/share/a"),
            ],
            ..DEB
        }],
        ..ROW
    },
    // Two architectures need one version, whatever else is forced.
    Row {
        before: &[setting("d_1_amd64", &[("/etc/d", "1\n")])],
        new: &[setting("d_2_i386", &[("/etc/d", "1\n")])],
        options: "nodeps: true",
        refused: Some("d 2 (i386) is for another architecture than d 1 (amd64)"),
        ..ROW
    },
    // One of them takes the place of what was for one, or for all.
    Row {
        before: &[Deb {
            name: "d_1_all",
            ..DEB
        }],
        new: &[
            setting("d_2_amd64", &[("/etc/d", "1\n")]),
            setting("d_2_i386", &[("/etc/d", "1\n")]),
        ],
        ..ROW
    },
    // Nothing takes the place of several.
    Row {
        before: &[
            setting("d_1_amd64", &[("/etc/d", "1\n")]),
            setting("d_1_i386", &[("/etc/d", "1\n")]),
        ],
        new: &[Deb {
            name: "d_2_amd64",
            ..DEB
        }],
        refused: Some("it has no `Multi-Arch: same`, but the image has it for several"),
        ..ROW
    },
    // What is there already is wanted from now on.
    Row {
        before: &[TOUCHING],
        selected: "b deinstall",
        new: &[TOUCHING],
        ..ROW
    },
    Row {
        before: &[TOUCHING],
        selected: "b hold",
        new: &[TOUCHING],
        ..ROW
    },
    // What is not to be there comes anew, even in the same version.
    Row {
        before: &[TOUCHING],
        selected: "b deinstall",
        new: &[Deb {
            files: &[("/usr/lib/x/z", "2\n")],
            ..TOUCHING
        }],
        ..ROW
    },
    // So does what another one has to take the place of.
    Row {
        before: &[Deb {
            fields: "Conflicts: a\n",
            ..TOUCHING
        }],
        new: &[
            Deb {
                name: "a_1_all",
                fields: "Replaces: b\n",
                ..DEB
            },
            Deb {
                files: &[("/usr/lib/x/z", "2\n")],
                ..TOUCHING
            },
        ],
        ..ROW
    },
    // The place of a package among others is that of its last file.
    Row {
        before: &[TOUCHING],
        new: &[Deb {
            fields: "Section: x\nPriority: extra\n",
            ..TOUCHING
        }],
        ..ROW
    },
    // What was wanted of an architecture is there once a package for it takes the place of another.
    Row {
        before: &[Deb {
            name: "d_1_i386",
            fields: "Multi-Arch: same\n",
            ..DEB
        }],
        laid: &[(
            "/var/lib/dpkg/status",
            "Package: d\nStatus: install ok installed\nMaintainer: A <a@b>\nArchitecture: i386\n\
             Multi-Arch: same\nVersion: 1\nDescription: x\n\n\
             Package: d\nStatus: install ok not-installed\nArchitecture: amd64\n\
             Multi-Arch: same\n\n",
        )],
        new: &[Deb {
            name: "d_2_amd64",
            ..DEB
        }],
        ..ROW
    },
    // What is not installed may be wanted for one architecture, or not at all.
    Row {
        laid: &[(
            "/var/lib/dpkg/status",
            "Package: b\nStatus: install ok not-installed\nArchitecture: i386\n\n\
             Package: c\nStatus: deinstall ok not-installed\nArchitecture: all\n\n\
             Package: d\nStatus: hold ok not-installed\nArchitecture: all\n\n\
             Package: e\nStatus: purge ok not-installed\nArchitecture: all\n\n",
        )],
        new: &[TOUCHING],
        ..ROW
    },
    Row {
        laid: &[(
            "/var/lib/dpkg/status",
            "Package: b\nStatus: install ok not-installed\n\n",
        )],
        new: &[TOUCHING],
        ..ROW
    },
    // A setting that is to be removed stays so when another package has it.
    Row {
        before: &[Deb {
            name: "had_1_all",
            files: &[("/usr/share/a", "1\n"), ("/usr/share/b", "1\n")],
            control: &[("conffiles", "remove-on-upgrade /etc/d\n")],
            ..DEB
        }],
        new: &[Deb {
            fields: "Replaces: had\n",
            ..setting("has_1_all", &[("/usr/share/a", "2\n"), ("/etc/d", "1\n")])
        }],
        ..ROW
    },
    // What is emptied stays where another package needs it, or likes to have it.
    Row {
        before: &emptied("", "Depends: gone\n"),
        new: &[taking("Replaces: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("", "Recommends: gone\n"),
        new: &[taking("Replaces: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("", "Suggests: gone\n"),
        new: &[taking("Replaces: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("Provides: v\n", "Depends: v\n"),
        new: &[taking("Replaces: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("Provides: v\n", "Depends: v\n"),
        new: &[taking("Replaces: gone\nProvides: v\n")],
        ..ROW
    },
    Row {
        before: &emptied("", "Depends: gone | takes\n"),
        new: &[taking("Replaces: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("", "Depends: gone (>= 1)\n"),
        new: &[taking("Replaces: gone\nProvides: gone\n")],
        ..ROW
    },
    Row {
        before: &emptied("", "Depends: gone\n"),
        new: &[taking("Replaces: gone\nProvides: gone\n")],
        ..ROW
    },
    // What an interrupted dpkg has left goes.
    Row {
        laid: &[
            ("/etc/d.dpkg-new/x", "1\n"),
            ("/usr/share/a.dpkg-new", "1\n"),
            ("/usr/share/a.dpkg-tmp/x", "1\n"),
            ("/usr/share/l.dpkg-new", "1\n"),
            ("/usr/share/d.dpkg-new", "1\n"),
            ("/usr/share/there.dpkg-new", "1\n"),
            ("/usr/share/there/x", "1\n"),
        ],
        new: &[Deb {
            files: &[
                ("/etc/d", "1\n"),
                ("/usr/share/a", "1\n"),
                ("/usr/share/d/x", "1\n"),
                ("/usr/share/l@", "a"),
                ("/usr/share/there/", ""),
            ],
            ..DROPS
        }],
        ..ROW
    },
    // A setting that goes, whatever lies there and beside it.
    Row {
        before: &[DROPS],
        laid: &[("/etc/d.dpkg-dist", "2\n")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        before: &[DROPS],
        laid: &[("/etc/d", "mine\n"), ("/etc/d.dpkg-dist", "2\n")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        before: &[DROPS],
        laid: &[("/etc/d@", "e"), ("/etc/e", "1\n")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        before: &[DROPS],
        laid: &[("/etc/d@", "e"), ("/etc/e", "mine\n")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        before: &[DROPS],
        laid: &[("/etc/d@", "e"), ("/etc/e/", "")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        before: &[DROPS],
        laid: &[("/etc/d@", "e")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        laid: &[("/etc/d/", "")],
        new: &[DROPPED],
        ..ROW
    },
    Row {
        laid: &[("/etc/d", "mine\n")],
        new: &[DROPPED],
        ..ROW
    },
];

#[test]
fn what_comes_to_what_is_as_with_dpkg() {
    judge(ROWS, "rows");
}

/// Lets dpkg judge each of a few rows.
pub(super) fn judge(rows: &[Row], name: &str) {
    if !dpkg_installs() {
        return;
    }
    for (number, row) in rows.iter().enumerate() {
        let work = Work::under(Path::new("/dev/shm"), &format!("deb-{name}-{number}"));
        let build_all = |debs: &[Deb], into| -> Vec<_> {
            let debs = debs.iter();
            debs.map(|deb| build(&work, deb, into, "-Znone")).collect()
        };
        let (before, new) = (build_all(row.before, "before"), build_all(row.new, "new"));
        let theirs = system(&work, "system");
        if !before.is_empty() {
            succeed(
                dpkg(&theirs)
                    .args(["--force-script-chrootless", "-i"])
                    .args(&before),
            );
        }
        for (path, text) in row.laid {
            lay(&theirs, path, text);
        }
        if !row.selected.is_empty() {
            let mut sh = tool("sh");
            let line = "echo \"$1\" | dpkg --root=\"$2\" --set-selections";
            succeed(sh.args(["-c", line, "sh", row.selected]).arg(&theirs));
        }
        let recipe = format!(
            "modules: [install_debs]\ndebs: {{packages: [new], {}}}\n",
            row.options
        );
        let Some(want) = row.refused else {
            let Some(mounted) = installed(&work, &theirs, &recipe) else {
                return;
            };
            let options = ["--force-script-chrootless", "--skip-same-version", "-i"];
            succeed(dpkg(&theirs).args(options).args(&new));
            let [ours, theirs] = [mounted.path(), &theirs].map(seen);
            println!("row {number}");
            assert_same(&ours, &theirs);
            continue;
        };
        let tar = work.join("system.tar");
        pack(&theirs, &tar);
        work.write("build.yaml", recipe);
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = ours.code == Some(1) && ours.stderr.contains(want);
        assert!(is_told, "{number}: {want}: {ours:#?}");
        let judged = run(dpkg(&theirs).arg("-i").args(&new));
        assert_ne!(judged.code, Some(0), "{number}: {judged:#?}");
    }
}

/// Describes a system, and what dpkg says of its packages.
fn seen(root: &Path) -> Vec<String> {
    /// What is left for the first boot, and an empty list of dpkg's own.
    const APART: [&str; 4] = [
        "etc/systemd",
        "var/lib/hsb",
        "var/lib/dpkg/status ",
        "var/lib/dpkg/triggers/Unincorp",
    ];
    let mut lines = described(root);
    lines.retain(|line| !APART.iter().any(|start| line.starts_with(start)));
    let status = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
    lines.extend(status.lines().map(str::to_owned));
    for question in ["-l", "--audit"] {
        let answer = run(dpkg(root).arg(question));
        lines.extend([answer.stdout, answer.stderr]);
    }
    lines
}

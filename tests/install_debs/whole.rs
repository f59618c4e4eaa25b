//! Many packages at once into a system with others: tree, lists and answers are the same as after
//! dpkg.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, run, succeed, tool};

const PLAIN: Deb = Deb {
    name: "",
    fields: "",
    files: &[],
    control: &[],
};

/// What is there before.
const BEFORE: &[Deb] = &[
    Deb {
        name: "settings_1.0_all",
        fields: "Homepage: http://example.org\nTag: x\n",
        files: &[
            ("/etc/set/same", "1\n"),
            ("/etc/set/new", "1\n"),
            ("/etc/set/changed", "1\n"),
            ("/etc/set/changed-and-new", "1\n"),
            ("/etc/set/removed", "1\n"),
            ("/etc/set/removed-and-new", "1\n"),
            ("/etc/set/linked", "1\n"),
            ("/etc/set/obsolete", "1\n"),
            ("/etc/set/gone", "1\n"),
            ("/etc/set/gone-changed", "1\n"),
            ("/usr/share/set/old/deep/file", "1\n"),
            ("/usr/share/set/kept", "1\n"),
            ("/usr/share/set/kind", "file\n"),
        ],
        control: &[(
            "conffiles",
            "/etc/set/same\n/etc/set/new\n/etc/set/changed\n/etc/set/changed-and-new\n\
             /etc/set/removed\n/etc/set/removed-and-new\n/etc/set/linked\n/etc/set/obsolete\n\
             /etc/set/gone\n/etc/set/gone-changed\n",
        )],
    },
    Deb {
        name: "other_2:1.0-1_all",
        fields: "Section: misc\nPriority: optional\nProvides: virtual (= 3), thing\n",
        files: &[
            ("/usr/share/other/a", "a\n"),
            ("/usr/share/other/moves", "other\n"),
            ("/etc/other", "other\n"),
            ("/usr/share/split/a", "a\n"),
        ],
        control: &[("conffiles", "/etc/other\n")],
    },
    Deb {
        name: "swallowed_1_all",
        files: &[("/usr/share/swallowed/a", "old\n")],
        ..PLAIN
    },
    Deb {
        name: "diverter_1_all",
        files: &[("/usr/bin/tool", "diverter's\n")],
        ..PLAIN
    },
    Deb {
        name: "watcher_1_all",
        control: &[(
            "triggers",
            "interest /usr/share/watched\ninterest-noawait /usr/share/quiet\ninterest called\n\
             interest-noawait called-quietly\n",
        )],
        ..PLAIN
    },
    Deb {
        name: "lib_1.0_amd64",
        fields: "Multi-Arch: same\n",
        files: &[
            ("/usr/lib/amd64/lib.so", "64\n"),
            ("/usr/share/doc/lib/text", "1.0\n"),
            ("/etc/lib.conf", "1.0\n"),
        ],
        control: &[("conffiles", "/etc/lib.conf\n")],
    },
];

/// What is installed by the two.
const AFTER: &[Deb] = &[
    Deb {
        name: "settings_2.0_all",
        fields: "Homepage: http://example.org\nX-Own: y\nSection: misc\nPriority: optional\n",
        files: &[
            ("/etc/set/same", "1\n"),
            ("/etc/set/new", "2\n"),
            ("/etc/set/changed", "1\n"),
            ("/etc/set/changed-and-new", "2\n"),
            ("/etc/set/removed", "1\n"),
            ("/etc/set/removed-and-new", "2\n"),
            ("/etc/set/linked", "2\n"),
            ("600:/etc/set/added", "2\n"),
            ("/etc/set/there", "2\n"),
            ("/usr/share/set/kept", "2\n"),
            ("/usr/share/set/kind/inside", "directory\n"),
        ],
        control: &[(
            "conffiles",
            "/etc/set/same\n/etc/set/new\n/etc/set/changed\n/etc/set/changed-and-new\n\
             /etc/set/removed\n/etc/set/removed-and-new\n/etc/set/linked\n/etc/set/added\n\
             /etc/set/there\nremove-on-upgrade /etc/set/gone\n\
             remove-on-upgrade /etc/set/gone-changed\n",
        )],
    },
    Deb {
        name: "taker_1.0_all",
        fields: "Replaces: other (<< 2:2), swallowed\nDepends: virtual (>= 2),thing|nothing, late\n\
                 Breaks: other (<< 1:0)\nConflicts: never (>=1)\n",
        files: &[
            ("/usr/share/other/moves", "taker\n"),
            ("/usr/share/swallowed/a", "new\n"),
            ("/usr/share/taker/text", "x\n"),
            ("/usr/share/taker/hard=", "/usr/share/taker/text"),
            ("/usr/share/taker/link@", "text"),
            ("4755:/usr/bin/taker", "x\n"),
            ("2775:/var/taker/", ""),
            ("1777:/var/taker/tmp/", ""),
        ],
        control: &[(
            "md5sums",
            "68b329da9893e34099c7d8ad5cb9c940  usr/bin/taker\n",
        )],
    },
    Deb {
        name: "late_1.0_all",
        fields: "Pre-Depends: diverter\nDepends: lib-user\n",
        files: &[("/lib/late/file", "by a link\n"), ("/usr/lib/late2", "x\n")],
        ..PLAIN
    },
    Deb {
        name: "lib-user_1.0_amd64",
        fields: "Depends: lib (= 1.0), late\nMulti-Arch: foreign\nEssential: no\n",
        files: &[("/usr/share/lib-user", "x\n")],
        ..PLAIN
    },
    Deb {
        name: "lib_1.0_i386",
        fields: "Multi-Arch: same\n",
        files: &[
            ("/usr/lib/i386/lib.so", "32\n"),
            ("/usr/share/doc/lib/text", "1.0\n"),
            ("/etc/lib.conf", "1.0\n"),
        ],
        control: &[("conffiles", "/etc/lib.conf\n")],
    },
    Deb {
        name: "tools_1.0_all",
        files: &[
            ("/usr/bin/tool", "tools'\n"),
            ("755:/usr/bin/owned", "x\n"),
            ("/usr/share/by-hand", "x\n"),
            ("/usr/share/was-directory@", "elsewhere"),
            ("/usr/share/to-directory@", "/usr/share/directory"),
        ],
        ..PLAIN
    },
    Deb {
        name: "waker_1.0_all",
        files: &[
            ("/usr/share/watched/file", "x\n"),
            ("/usr/share/quiet/file", "x\n"),
        ],
        control: &[(
            "triggers",
            "activate called\nactivate-noawait called-quietly\ninterest-noawait waker\n",
        )],
        ..PLAIN
    },
];

/// A setting that is a link: dpkg 1.21 puts its own beside it, where it never looks again.
const LINKED: &str = " /etc/set/linked ";

/// What people changed in between.
fn change(root: &Path) {
    let write = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
    for name in ["changed", "changed-and-new", "there", "gone-changed"] {
        write(&format!("etc/set/{name}"), "mine\n");
    }
    for name in ["removed", "removed-and-new"] {
        fs::remove_file(root.join("etc/set").join(name)).unwrap();
    }
    fs::rename(root.join("etc/set/linked"), root.join("etc/real")).unwrap();
    std::os::unix::fs::symlink("../real", root.join("etc/set/linked")).unwrap();
    fs::create_dir_all(root.join("usr/share/was-directory")).unwrap();
    fs::create_dir_all(root.join("usr/share/directory")).unwrap();
    std::os::unix::fs::symlink("directory", root.join("usr/share/to-directory")).unwrap();
    let divert = |args: &[&str]| {
        let mut divert = tool("dpkg-divert");
        divert.arg(format!("--root={}", root.display()));
        succeed(divert.arg("--no-rename").args(args));
    };
    divert(&[
        "--package",
        "diverter",
        "--divert",
        "/usr/bin/tool.real",
        "--add",
        "/usr/bin/tool",
    ]);
    divert(&[
        "--local",
        "--divert",
        "/usr/share/aside",
        "--add",
        "/usr/share/by-hand",
    ]);
    let mut told = tool("dpkg-statoverride");
    told.arg(format!("--root={}", root.display()));
    succeed(told.args(["--add", "#990", "#991", "2750", "/usr/bin/owned"]));
}

#[test]
fn packages_are_as_dpkg_installs_them() {
    let work = Work::under(Path::new("/dev/shm"), "debs");
    let ways = ["-Zgzip", "-Zxz", "-Znone"];
    let build_all = |debs: &[Deb], into: &str| -> Vec<_> {
        let ways = ways.iter().cycle();
        debs.iter()
            .zip(ways)
            .map(|(deb, way)| build(&work, deb, into, way))
            .collect()
    };
    let (before, after) = (build_all(BEFORE, "before"), build_all(AFTER, "after"));
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    succeed(dpkg(&theirs).arg("-i").args(&before));
    change(&theirs);
    let recipe = "modules: [install_debs]\ndebs: [after]\n";
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(dpkg(&theirs).arg("-i").args(&after));
    for root in [ours, &*theirs] {
        // Those that were added are in the order of installation, which dpkg's is another.
        let file = root.join("var/lib/dpkg/triggers/File");
        let text = fs::read_to_string(&file).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        fs::write(&file, lines.join("\n")).unwrap();
    }
    let status = |root: &Path| {
        let text = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        let line = |line: &str| match line.strip_prefix("Triggers-Pending: ") {
            // dpkg turns them round each time it reads them.
            Some(names) => {
                let mut names: Vec<_> = names.split(' ').collect();
                names.sort_unstable();
                format!("Triggers-Pending: {}", names.join(" "))
            }
            None => line.to_owned(),
        };
        let lines = text.lines().filter(|line| !line.starts_with(LINKED));
        lines.map(line).collect::<Vec<_>>()
    };
    assert_same(&status(ours), &status(&theirs));
    // What is left for the first boot is ours alone.
    const APART: [&str; 5] = [
        "etc/real",
        "etc/set/linked",
        "etc/systemd",
        "var/lib/hsb",
        "var/lib/dpkg/status ",
    ];
    let [our_lines, their_lines] = [ours, &theirs].map(|root| {
        let mut lines = described(root);
        lines.retain(|line| !APART.iter().any(|start| line.starts_with(start)));
        lines
    });
    assert_same(&our_lines, &their_lines);
    assert_eq!(fs::read(ours.join("etc/real")).unwrap(), b"2\n");
    for question in [
        &["-l"][..],
        &["-L", "settings", "other", "lib:i386"],
        &[
            "-S",
            "/usr/share/other/moves",
            "/usr/bin/tool",
            "/etc/lib.conf",
        ],
        &["-V", "other", "lib", "taker", "tools"],
        &["--audit"],
        &["-C"],
    ] {
        let answers = [ours, &theirs].map(|root| run(dpkg(root).args(question)).stdout);
        assert_eq!(answers[0], answers[1], "{question:?}");
    }
}

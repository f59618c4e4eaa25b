//! Packages that go because a new one takes their place, as dpkg removes them.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, run, succeed};

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
        files: &[
            ("/etc/set/conf", "1\n"),
            ("/etc/set/more/conf", "1\n"),
            ("/etc/set/plain", "1\n"),
            ("/usr/share/set/deep/file", "1\n"),
            ("/usr/share/set/link@", "deep"),
            ("/usr/share/kept/by-hand/file", "1\n"),
            ("/usr/share/both", "settings'\n"),
            ("/usr/share/shared/a", "1\n"),
        ],
        control: &[
            ("conffiles", "/etc/set/conf\n/etc/set/more/conf\n"),
            ("triggers", "interest /usr/share/watched\ninterest called\n"),
        ],
        ..PLAIN
    },
    Deb {
        name: "bare_1_all",
        files: &[("/usr/share/bare/a", "1\n"), ("/opt/bare/held/a", "1\n")],
        ..PLAIN
    },
    Deb {
        name: "rival_1_all",
        fields: "Conflicts: new\n",
        files: &[("/usr/share/rival", "1\n"), ("/usr/share/shared/b", "1\n")],
        ..PLAIN
    },
    Deb {
        name: "swallowed_1_all",
        files: &[("/usr/share/swallowed/a", "1\n")],
        ..PLAIN
    },
    Deb {
        name: "foreign_1_amd64",
        fields: "Multi-Arch: same\n",
        files: &[
            ("/usr/lib/amd64/x", "1\n"),
            ("/usr/share/doc/foreign/x", "1\n"),
        ],
        ..PLAIN
    },
    Deb {
        name: "waiting_1_all",
        files: &[("/usr/share/watched/file", "1\n")],
        ..PLAIN
    },
    Deb {
        name: "needing_1_all",
        fields: "Depends: bare\n",
        files: &[("/usr/share/needing", "1\n")],
        ..PLAIN
    },
];

/// What takes their place.
const NEW: Deb = Deb {
    name: "new_2_all",
    fields: "Conflicts: settings (<< 2), bare, swallowed, foreign\n\
             Replaces: settings, bare, rival, swallowed, foreign\nProvides: bare\n",
    files: &[
        ("/usr/share/both", "new\n"),
        ("/usr/share/swallowed/a", "2\n"),
        ("/usr/share/new", "2\n"),
    ],
    ..PLAIN
};

#[test]
fn packages_that_are_superseded_go_as_with_dpkg() {
    let work = Work::under(Path::new("/dev/shm"), "superseded");
    let before: Vec<_> = BEFORE
        .iter()
        .map(|deb| build(&work, deb, "before", "-Zgzip"))
        .collect();
    let new = build(&work, &NEW, "new", "-Zgzip");
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    for deb in &before {
        succeed(dpkg(&theirs).arg("-i").arg(deb));
    }
    let write = |path: &str| fs::write(theirs.join(path), "mine\n").unwrap();
    write("etc/set/more/conf");
    write("usr/share/kept/by-hand/mine");
    fs::create_dir(theirs.join("opt/bare/held/mine")).unwrap();
    let status = |root: &Path| fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
    assert!(status(&theirs).contains("Triggers-Awaited: settings\n"));
    let recipe = "modules: [install_debs]\ndebs: [new]\n";
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(dpkg(&theirs).arg("-i").arg(&new));
    let [our_status, their_status] = [ours, &theirs].map(|root| {
        let text = status(root);
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    assert_same(&our_status, &their_status);
    assert_same(&described(ours), &described(&theirs));
    for question in [&["-l"][..], &["-L", "settings"], &["--audit"], &["-C"]] {
        let answers = [ours, &theirs].map(|root| run(dpkg(root).args(question)).stdout);
        assert_eq!(answers[0], answers[1], "{question:?}");
    }
}

#[test]
fn what_is_not_superseded_is_in_the_way() {
    let work = Work::under(Path::new("/dev/shm"), "in-the-way");
    let folder = system(&work, "system");
    let tar = work.join("system.tar");
    for (there, fields, want) in [
        (
            "",
            "Conflicts: old\n",
            Some("new 2 (all) conflicts with old, which is old 1 (all)"),
        ),
        (
            "",
            "Replaces: old\nBreaks: old\n",
            Some("new 2 (all) breaks old"),
        ),
        ("", "Conflicts: old\nReplaces: old\n", None),
        (
            "",
            "Conflicts: old\nReplaces: old (<< 1)\n",
            Some("conflicts with old"),
        ),
        ("Conflicts: new\n", "Replaces: old\n", None),
        (
            "Conflicts: new\n",
            "",
            Some("old 1 (all) conflicts with new"),
        ),
        (
            "Essential: yes\n",
            "Conflicts: old\nReplaces: old\n",
            Some("conflicts with old"),
        ),
        (
            "Provides: it\n",
            "Conflicts: it\nReplaces: it\nProvides: it\n",
            Some("conflicts with it"),
        ),
        (
            "Provides: it\n",
            "Conflicts: it\nReplaces: old\nProvides: it\n",
            None,
        ),
        (
            "\nPackage: needing\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nDepends: old\n",
            "Conflicts: old\nReplaces: old\n",
            Some("needing 1 (all) depends on old, which nothing provides"),
        ),
    ] {
        let fields = Box::leak(fields.to_owned().into_boxed_str());
        let new = Deb {
            name: "new_2_all",
            fields,
            files: NEW.files,
            ..PLAIN
        };
        build(&work, &new, "debs", "-Zgzip");
        let status = format!(
            "Package: old\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n{there}\n"
        );
        fs::write(folder.join("var/lib/dpkg/status"), status).unwrap();
        crate::install_rpms::system::pack(&folder, &tar);
        work.write("build.yaml", "modules: [install_debs]\ndebs: [debs]\n");
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let removed = "old 1 (all) is removed, as new 2 (all) takes its place";
        let (code, want) = match want {
            Some(want) => (1, want),
            None => (0, removed),
        };
        let is_told = run.stderr.contains(want);
        assert!(
            run.code == Some(code) && is_told,
            "{there}{fields}: {run:#?}"
        );
    }
}

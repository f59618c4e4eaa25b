//! Packages that go because a new one takes their place, as dpkg removes them.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::scripts::furnish;
use crate::install_rpms::system::{assert_same, pack};
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

/// The `postrm` of a package that disappears as a newer version of another has all of its files,
/// that of the older version of the other, what more the newer one says, and whether it is installed.
const DISAPPEARING: &[(&str, &str, &str, bool)] = &[
    ("[ $1 = disappear ] && touch /opt/$2-$3", "", "", true),
    (
        "touch /opt/gone",
        "if [ -e /opt/gone ]; then touch /opt/late; fi",
        "",
        true,
    ),
    (
        "if [ -e /opt/old ]; then touch /opt/late; fi",
        "if [ -e /opt/old ]; then touch /opt/early; fi",
        "",
        true,
    ),
    ("exit 3", "", "", false),
    // Here it is removed before.
    (
        "if [ -e /var/lib/dpkg/info/gone.md5sums ]; then touch /opt/$1-$#; fi",
        "",
        "Conflicts: gone\n",
        true,
    ),
];

#[test]
fn packages_that_disappear_are_heard_as_with_dpkg() {
    let work = Work::under(Path::new("/dev/shm"), "disappearing");
    if !dpkg_installs() {
        return;
    }
    for (number, &(gone, old, fields, is_installed)) in DISAPPEARING.iter().enumerate() {
        let theirs = system(&work, &format!("system{number}"));
        furnish(&theirs);
        let deb = |name, fields, files, script: &str| {
            let script = &*format!("#!/bin/sh\n{script}\n").leak();
            let deb = Deb {
                name,
                fields,
                files,
                control: &*vec![("postrm", script), ("triggers", "interest /opt/x\n")].leak(),
            };
            build(&work, &deb, &format!("debs{number}"), "-Znone")
        };
        let before = [
            deb("gone_1_all", "", &[("/opt/a", "1\n")], gone),
            deb("new_1_all", "", &[("/opt/old", "1\n")], old),
        ];
        succeed(dpkg(&theirs).arg("-i").args(before));
        let new = deb(
            "new_2_all",
            format!("Replaces: gone\n{fields}").leak(),
            &[("/opt/a", "2\n"), ("/opt/b", "2\n")],
            "",
        );
        let recipe = format!("modules: [install_debs]\ndebs: [debs{number}/new_2_all.deb]\n");
        let mounted = match is_installed {
            true => installed(&work, &theirs, &recipe),
            false => {
                pack(&theirs, &work.join("system.tar"));
                work.write("build.yaml", &recipe);
                let ours = run(work.hsb(["plan", "-i"]).arg(work.join("system.tar")));
                let want = "the script gone.postrm ends with status 3";
                assert!(ours.stderr.contains(want), "{gone}: {ours:#?}");
                None
            }
        };
        let dpkg = run(dpkg(&theirs).arg("-i").arg(&new));
        assert_eq!(dpkg.code == Some(0), is_installed, "{gone}: {dpkg:#?}");
        if let Some(mounted) = mounted {
            // What scripts make has the time of whoever runs them.
            let [ours, theirs] = [mounted.path(), &theirs].map(|root| {
                let lines = described(root).into_iter();
                let names = lines.map(|line| line.split(' ').next().unwrap().to_owned());
                names.collect::<Vec<_>>()
            });
            assert_same(&ours, &theirs);
        }
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
        pack(&folder, &tar);
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

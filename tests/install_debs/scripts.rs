//! Packages with scripts: left as `dpkg --unpack` leaves them, for the first boot.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, lay, system};
use crate::install_rpms::scripts::{furnish, put_programs, quiet};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, run, succeed, tool};

const PLAIN: Deb = Deb {
    name: "",
    fields: "",
    files: &[("/etc/plain", "x\n")],
    control: &[("conffiles", "/etc/plain\n")],
};

const OLD: Deb = Deb {
    name: "served_1.0_all",
    ..SERVED
};

const SERVED: Deb = Deb {
    name: "served_2.0_all",
    fields: "",
    files: &[("/etc/served.conf", "x\n"), ("755:/usr/bin/served", "x\n")],
    control: &[
        ("conffiles", "/etc/served.conf\n"),
        ("postinst", "#!/bin/sh\nset -e\nserved --make-keys\n"),
        ("prerm", "#!/bin/sh\nserved --stop\n"),
        ("templates", "Template: served/what\nType: string\n"),
        ("triggers", "interest /usr/share/served\nactivate called\n"),
    ],
};

const HEARING: Deb = Deb {
    name: "hearing_1_all",
    control: &[("triggers", "interest called\n")],
    files: &[],
    ..PLAIN
};

const DEPENDING: Deb = Deb {
    name: "depending_1_all",
    fields: "Depends: served\n",
    ..PLAIN
};

#[test]
fn what_has_scripts_is_left_unpacked() {
    let work = Work::under(Path::new("/dev/shm"), "deb-scripts");
    let debs: Vec<_> = [&SERVED, &DEPENDING]
        .map(|deb| build(&work, deb, "debs", "-Zgzip"))
        .into();
    let old = [&OLD, &HEARING].map(|deb| build(&work, deb, "old", "-Zgzip"));
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    succeed(dpkg(&theirs).arg("--unpack").args(&old));
    // As if the script had run: only its shell is missing here.
    let status = theirs.join("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("ok unpacked", "ok installed")).unwrap();
    for script in ["prerm", "postinst"] {
        fs::remove_file(theirs.join(format!("var/lib/dpkg/info/served.{script}"))).unwrap();
    }
    let recipe = "modules: [install_debs]\ndebs: [debs]\n";
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(dpkg(&theirs).arg("--unpack").args(&debs));
    let status = |root: &Path| -> Vec<String> {
        let text = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    assert_same(&status(ours), &status(&theirs));
    let [our_lines, their_lines] = [ours, &theirs].map(|root| {
        let mut lines = described(root);
        lines.retain(|line| !line.starts_with("etc/systemd") && !line.starts_with("var/lib/hsb"));
        lines
    });
    assert_same(&our_lines, &their_lines);
    let run_file = fs::read_to_string(ours.join("var/lib/hsb/scriptlets/run")).unwrap();
    let line = "once dpkg.configure /dev/null /usr/bin/env DEBIAN_FRONTEND=noninteractive dpkg \
                --force-confdef --force-confold --configure -a\n";
    assert!(run_file.contains(line), "{run_file}");
    let unit = ours.join("etc/systemd/system/multi-user.target.wants/hsb-scriptlets.service");
    assert!(fs::symlink_metadata(unit).unwrap().is_symlink());
}

#[test]
fn what_is_not_run_is_told_of() {
    let work = Work::under(Path::new("/dev/shm"), "deb-warnings");
    let before = Deb {
        name: "before_1_all",
        control: &[("preinst", "#!/bin/sh\n# why\nset -e\nuseradd x\nx | y\n")],
        files: &[("/usr/share/before", "x\n")],
        ..PLAIN
    };
    for deb in [&SERVED, &before] {
        build(&work, deb, "debs", "-Zgzip");
    }
    let newer = Deb {
        name: "before_2_all",
        ..before
    };
    build(&work, &newer, "newer", "-Zgzip");
    let folder = system(&work, "system");
    let tar = work.join("system.tar");
    const OLD_STATUS: &str = "Package: before\nStatus: install ok installed\nVersion: 0\n\
                              Architecture: all\nMaintainer: A <a@b>\nDescription: x\n";
    let rows: &[(&str, &[&str], &[&str])] = &[
        (
            "modules: [install_debs]\ndebs: [debs]\n",
            &[
                "script before.preinst: left for the first boot, before `dpkg --configure -a`",
                "before 1 (all) is left unpacked",
                "script served.postinst: left for `dpkg --configure -a`",
            ],
            &["warning:"],
        ),
        (
            "modules: [install_debs, {install_debs: {debs: [newer]}}]\ndebs: [debs]\n",
            &[
                "before 2 (all) unpacked over before 1 (all)",
                "before 2 (all) is left unpacked",
            ],
            &[
                "warning:",
                "before.preinst upgrade",
                "before.preinst: not run",
            ],
        ),
        (
            "modules: [install_debs]\ndebs: [newer]\n",
            &[
                "the script before.preinst is not run, nor at the first boot, when the files of \
                 the older version, which it may be for, are gone: set -e / useradd x / x | y",
                "before 2 (all) is configured",
            ],
            &["scriptlets"],
        ),
        (
            "modules: [install_debs]\ndebs: {packages: [debs], scripts: skip}\n",
            &[
                "script before.preinst: not run",
                "before 1 (all) is configured",
            ],
            &["warning:", "scriptlets"],
        ),
        (
            "modules: [install_debs]\ndebs: [debs]\n",
            &[
                "the script before.preinst is not run, as the image has no systemd that would run \
                 it at the first boot: set -e / useradd x / x | y",
                "before 1 (all) is configured",
                "script served.postinst: left for `dpkg --configure -a`",
                "the image has no systemd, so nothing configures served;",
            ],
            &["scriptlets"],
        ),
    ];
    for (recipe, told, not) in rows {
        let old = recipe.contains("debs: [newer]\n").then_some(OLD_STATUS);
        fs::write(folder.join("var/lib/dpkg/status"), old.unwrap_or_default()).unwrap();
        if told.last().unwrap().contains("no systemd") {
            fs::remove_file(folder.join("usr/lib/systemd/systemd")).unwrap();
        }
        crate::install_rpms::system::pack(&folder, &tar);
        work.write("build.yaml", recipe);
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        assert_eq!(run.code, Some(0), "{run:#?}");
        for want in *told {
            assert!(run.stderr.contains(want), "{want}: {run:#?}");
        }
        for wrong in *not {
            assert!(!run.stderr.contains(wrong), "{wrong}: {run:#?}");
        }
    }
}

/// A `preinst` that tells what it is called with, in which nothing is understood.
macro_rules! telling {
    ($more:expr) => {
        concat!(
            "#!/bin/sh\nset -e\nfor name in late; do\n",
            $more,
            "\ndone\n",
            "echo \"$* in $PWD: $DPKG_MAINTSCRIPT_PACKAGE $DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT ",
            "$DPKG_MAINTSCRIPT_ARCH $DPKG_MAINTSCRIPT_NAME $DPKG_MAINTSCRIPT_DEBUG ",
            "$DPKG_ADMINDIR ${DPKG_ROOT-unset}\" >>/var/lib/told\n"
        )
    };
}

/// What one package needs of another before it is unpacked, in the order of what is run.
const BEFORE: [Deb; 4] = [
    Deb {
        name: "first_1_all",
        control: &[(
            "postinst",
            "#!/bin/sh\nfor name in first; do touch /var/lib/$name; done\n",
        )],
        files: &[],
        ..PLAIN
    },
    Deb {
        name: "late_1_all",
        control: &[
            ("preinst", telling!("useradd -r $name")),
            ("postinst", "#!/bin/sh\nset -e\nchown late /var/lib/late\n"),
            ("conffiles", "/etc/late.conf\n"),
        ],
        files: &[("/var/lib/late/", ""), ("/etc/late.conf", "x\n")],
        ..PLAIN
    },
    Deb {
        name: "left_2_amd64",
        fields: "Multi-Arch: same\n",
        control: &[
            ("preinst", telling!("cat /etc/left.conf >/etc/left.moved")),
            ("conffiles", "/etc/left.moved\n"),
        ],
        files: &[("/etc/left.moved", "new\n")],
    },
    Deb {
        name: "second_1_all",
        fields: "Pre-Depends: first\n",
        control: &[("preinst", telling!("[ -e /var/lib/first ] || exit 3"))],
        ..PLAIN
    },
];

const WAS_LEFT: Deb = Deb {
    name: "left_1_amd64",
    fields: "Multi-Arch: same\n",
    control: &[("conffiles", "/etc/left.conf\n")],
    files: &[("/etc/left.conf", "old\n")],
};

#[test]
fn a_preinst_is_done_at_the_first_boot() {
    boot("deb-late", "modules: [install_debs]\ndebs: [debs]\n");
}

#[test]
fn what_an_earlier_step_left_is_configured_before_it() {
    let first = "modules:\n- install_debs: {debs: [debs/first_1_all.deb]}\n";
    boot(
        "deb-later",
        &format!("{first}- install_debs: {{debs: [debs]}}\n"),
    );
}

/// Lets a recipe install [`BEFORE`], runs what is left, and compares that with what dpkg does.
fn boot(name: &str, recipe: &str) {
    let work = Work::under(Path::new("/dev/shm"), name);
    let debs = BEFORE.map(|deb| build(&work, &deb, "debs", "-Zgzip"));
    let was_left = build(&work, &WAS_LEFT, "old", "-Zgzip");
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    furnish(&theirs);
    lay(&theirs, "/dev/null", "");
    put_programs(
        &theirs,
        &[
            "dpkg",
            "dpkg-deb",
            "dpkg-split",
            "diff",
            "start-stop-daemon",
            "tar",
            "useradd",
        ],
    );
    succeed(dpkg(&theirs).arg("-i").arg(&was_left));
    succeed(dpkg(&theirs).args(["-r", "left"]));
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(dpkg(&theirs).arg("-i").arg(&debs[0]));
    succeed(dpkg(&theirs).arg("-i").args(&debs[1..]));
    let run_file = fs::read_to_string(ours.join("var/lib/hsb/scriptlets/run")).unwrap();
    let lines = run_file.lines().filter(|line| line.starts_with("once "));
    let names: Vec<_> = lines.map(|line| line.split(' ').nth(1).unwrap()).collect();
    let want = [
        "late.preinst",
        "left.preinst",
        "dpkg.configure",
        "second.preinst",
        "dpkg.configure",
    ];
    assert_eq!(names, want, "{run_file}");
    succeed(
        tool("chroot")
            .arg(ours)
            .args(["/bin/sh", "/var/lib/hsb/scriptlets/run"]),
    );
    let [our_lines, their_lines] = [ours, &theirs].map(|root| {
        let mut lines = quiet(root);
        let is_ours = |line: &String| {
            ["var/lib/dpkg/", "etc/systemd"]
                .iter()
                .any(|start| line.starts_with(start))
        };
        lines.retain(|line| !is_ours(line));
        for file in ["var/lib/told", "var/lib/dpkg/status", "etc/passwd"] {
            let text = fs::read_to_string(root.join(file)).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        for question in ["-l", "--audit"] {
            lines.push(run(dpkg(root).arg(question)).stdout);
        }
        lines
    });
    assert_same(&our_lines, &their_lines);
}

#[test]
fn what_later_steps_make_of_what_is_left() {
    const UNKNOWN: &str = "#!/bin/sh\nfoo --bar baz\n";
    const KNOWN: &str = "#!/bin/sh\nset -e\nmkdir -p /var/lib/known\n";
    let deb = |name, fields, control| Deb {
        name,
        fields,
        control,
        files: &[],
    };
    let preinst = &[("preinst", UNKNOWN)];
    let libx = "Pre-Depends: libx\n";
    let work = Work::new("deb-steps");
    for (folder, deb) in [
        ("libx", deb("libx_1_all", "", &[("postinst", UNKNOWN)])),
        ("x2", deb("libx_2_all", "", &[])),
        ("x3", deb("libx_3_all", "", preinst)),
        ("x4", deb("libx_4_all", "", preinst)),
        ("needs", deb("needs_1_all", "Depends: libx\n", &[])),
        ("one", deb("one_1_all", libx, preinst)),
        ("two", deb("two_1_all", libx, preinst)),
        ("far", deb("far_1_all", "Pre-Depends: needs\n", preinst)),
        (
            "hears",
            deb("hears_1_all", "", &[("triggers", "interest call\n")]),
        ),
        (
            "waits",
            deb("waits_1_all", "", &[("triggers", "activate call\n")]),
        ),
        ("after", deb("after_1_all", "Pre-Depends: waits\n", preinst)),
        ("b1", deb("b_1_all", "", preinst)),
        ("b2", deb("b_2_all", "", preinst)),
        ("plain", deb("b_2_all", "", &[])),
        ("known", deb("b_2_all", "", &[("preinst", KNOWN)])),
        ("b3", deb("b_3_all", "", preinst)),
        ("gone", deb("c_1_all", "Conflicts: b\nReplaces: b\n", &[])),
        ("dpkg", deb("dpkg_1_all", "", &[])),
    ] {
        build(&work, &deb, folder, "-Zgzip");
    }
    let tar = work.join("system.tar");
    crate::install_rpms::system::pack(&system(&work, "system"), &tar);
    let rows: &[(&[&str], &[&str])] = &[
        (&["libx", "one"], &["libx", "one.preinst install", "-a"]),
        (
            &["libx", "one", "two"],
            &["libx", "one.preinst install", "two.preinst install", "-a"],
        ),
        (
            &["libx", "needs", "far"],
            &["libx needs", "far.preinst install", "-a"],
        ),
        (
            &["hears", "waits", "after"],
            &["hears", "after.preinst install", "-a"],
        ),
        (&["b1", "b2"], &["b.preinst install", "-a"]),
        (&["b1", "b2", "b3"], &["b.preinst install", "-a"]),
        (&["b1", "dpkg", "b2"], &["b.preinst install", "-a"]),
        // What is configured leaves nothing to do.
        (&["b1", "plain"], &[]),
        (&["b1", "plain", "b3"], &[]),
        (&["b1", "known"], &[]),
        (&["b1", "gone"], &[]),
        (&["libx", "one", "x2"], &["one.preinst install", "-a"]),
        // What was left in an order gets another one, as newer versions have their own.
        (
            &["x3", "one", "x4"],
            &["libx.preinst install", "libx", "one.preinst install", "-a"],
        ),
        (
            &["b1", "two", "x3", "one"],
            &[
                "b.preinst install",
                "libx.preinst install",
                "libx",
                "two.preinst install",
                "one.preinst install",
                "-a",
            ],
        ),
    ];
    for (steps, want) in rows {
        let steps = steps.iter();
        let steps: String = steps
            .map(|step| format!("- install_debs: {{debs: {{packages: [{step}], nodeps: true}}}}\n"))
            .collect();
        work.write("build.yaml", format!("modules:\n{steps}"));
        let mut plan = work.hsb(["plan", "-q", "--show", "/var/lib/hsb/scriptlets/run", "-i"]);
        let run_file = succeed(plan.arg(&tar));
        let lines = run_file.lines().filter(|line| line.starts_with("once "));
        let lines: Vec<_> = lines
            .map(|line| {
                let start = ["--configure ", "/dpkg/info/"];
                let split = start.iter().find_map(|start| line.split_once(start));
                split.unwrap().1
            })
            .collect();
        assert_eq!(lines, *want, "{steps}");
    }
}

#[test]
fn what_is_left_is_done_in_whatever_the_image_boots_into() {
    let work = Work::under(Path::new("/dev/shm"), "deb-targets");
    build(&work, &SERVED, "debs", "-Zgzip");
    let folder = system(&work, "system");
    let tar = work.join("system.tar");
    let wants = |target: &str| format!("/etc/systemd/system/{target}.wants/hsb-scriptlets.service");
    for (default, wanted, not) in [
        ("graphical.target", "multi-user.target", "graphical.target"),
        ("kiosk.target", "kiosk.target", "graphical.target"),
    ] {
        let link = folder.join("usr/lib/systemd/default.target");
        let link = link.parent().unwrap().join("system/default.target");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(default, &link).unwrap();
        crate::install_rpms::system::pack(&folder, &tar);
        work.write("build.yaml", "modules: [install_debs]\ndebs: [debs]\n");
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let both = run.stdout.clone() + &run.stderr;
        assert!(both.contains(&wants(wanted)), "{default}: {both}");
        assert!(!both.contains(&wants(not)), "{default}: {both}");
    }
}

//! Scripts: done to the tree, they leave what rpm leaves that runs them; the rest is done at the
//! first boot.

use std::fs;
use std::path::Path;

use super::build::{base, build, installed, recipe, rpm, work};
use super::system::{assert_same, dump, listing, pack};
use crate::kit::{Work, run, succeed, tool};

/// Programs that the scripts run, which the small system does not have.
const PROGRAMS: [&str; 20] = [
    "sh",
    "bash",
    "getent",
    "groupadd",
    "useradd",
    "usermod",
    "update-alternatives",
    "systemctl",
    "ldconfig",
    "mkdir",
    "touch",
    "ln",
    "chmod",
    "chown",
    "rm",
    "cat",
    "cut",
    "rmdir",
    "mv",
    "env",
];

/// Puts programs of this machine with their libraries into the small system.
pub(crate) fn put_programs(root: &Path, programs: &[&str]) {
    for program in programs {
        let folders = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"];
        let mut places = folders
            .map(|folder| Path::new(folder).join(program))
            .into_iter();
        let found = places.find(|path| path.exists());
        let path = fs::canonicalize(found.expect(program)).unwrap();
        let libraries = run(tool("ldd").arg(&path)).stdout;
        let libraries = libraries
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for (from, to) in libraries
            .map(|library| (Path::new(library), library.to_owned()))
            .chain([(&*path, format!("/bin/{program}"))])
        {
            let to = root.join(to.trim_start_matches('/'));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let _ = fs::remove_file(&to);
            fs::copy(from, to).unwrap();
        }
    }
}

/// Does that with those that scripts call, and adds settings.
pub(crate) fn furnish(root: &Path) {
    put_programs(root, &PROGRAMS);
    for folder in [
        "var/lib/dpkg/alternatives",
        "etc/alternatives",
        "usr/lib/systemd",
        "srv",
        "tmp",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::create_dir_all(root.join("sbin")).unwrap();
    let _ = fs::copy(root.join("bin/ldconfig"), root.join("sbin/ldconfig"));
    let _ = fs::remove_file(root.join("usr/lib/systemd/systemd"));
    fs::copy(root.join("bin/sh"), root.join("usr/lib/systemd/systemd")).unwrap();
    fs::copy("/etc/login.defs", root.join("etc/login.defs")).unwrap();
    fs::write(root.join("etc/scr-gone"), "").unwrap();
}

/// Describes a tree without what only programs that run leave, and without times, which for what
/// scripts make are those of the clock.
pub(crate) fn quiet(root: &Path) -> Vec<String> {
    const LEFT: [&str; 9] = [
        "etc/passwd- ",
        "etc/group- ",
        "etc/shadow- ",
        "etc/gshadow- ",
        "etc/.pwd.lock ",
        "etc/ld.so.cache ",
        "var/log/",
        "var/cache/",
        "var/lib/hsb",
    ];
    let ours = [
        "etc/systemd/system/hsb-scriptlets",
        "etc/systemd/system/multi-user.target.wants/hsb-scriptlets",
    ];
    let lines = listing(root).into_iter();
    let lines = lines.filter(|line| !LEFT.iter().chain(&ours).any(|left| line.starts_with(left)));
    let without_time = |line: String| {
        let mut words: Vec<_> = line.split(' ').collect();
        words.remove(3);
        // Debian's systemctl calls the folder of units by its old name.
        words
            .join(" ")
            .replace(" /lib/systemd", " /usr/lib/systemd")
    };
    lines.map(without_time).collect()
}

fn rpms(work: &Work) {
    build(work, "scripts.spec", &[]);
}

#[test]
fn scripts_leave_what_they_leave_with_rpm() {
    let work = work("scripts");
    rpms(&work);
    let tar = base(&work);
    let theirs = work.join("base");
    furnish(&theirs);
    pack(&theirs, &tar);
    recipe(&work, "nodeps: true");
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let ours = mounted.path();
    let packages = super::build::packages(&work);
    succeed(
        rpm(&theirs)
            .args(["-i", "--noplugins", "--nodeps"])
            .args(&packages)
            .env("SOURCE_DATE_EPOCH", super::build::NOW),
    );
    assert_same(&dump(ours), &dump(&theirs));

    // What was left for the first boot, and what it is then.
    let run_file = fs::read_to_string(ours.join("var/lib/hsb/scriptlets/run")).unwrap();
    let left: Vec<_> = run_file
        .lines()
        .filter(|line| line.starts_with("once "))
        .collect();
    let names: Vec<_> = left
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "scripts-loop.post",
            "scripts-watch.triggerin",
            "scripts-loop.posttrans",
            "scripts-watch.transfiletriggerin",
        ]
    );
    succeed(
        tool("chroot")
            .arg(ours)
            .args(["/bin/sh", "/var/lib/hsb/scriptlets/run"]),
    );
    assert!(!ours.join("var/lib/hsb").exists());
    assert!(
        !ours
            .join("etc/systemd/system/hsb-scriptlets.service")
            .exists()
    );
    assert_same(&quiet(ours), &quiet(&theirs));
    for file in ["passwd", "group", "shadow", "gshadow"] {
        let read =
            |root: &Path| fs::read_to_string(root.join("etc").join(file)).unwrap_or_default();
        assert_eq!(
            without_day(&read(ours)),
            without_day(&read(&theirs)),
            "{file}"
        );
    }
}

/// Leaves out the days of the last change, which are those of the clock.
fn without_day(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let mut lines: Vec<_> = text.lines().map(words).collect();
    for line in &mut lines {
        if line.len() == 9 {
            line[2].clear();
        }
    }
    lines
}

#[test]
fn scripts_are_left_out_as_the_recipe_says() {
    let work = work("policies");
    rpms(&work);
    let base = base(&work);
    for (more, code, want) in [
        (
            "",
            0,
            "the script scripts-loop.post is not run: for i in a b",
        ),
        (
            "scriptlets: fail",
            1,
            "the script scripts-loop.post would have to run: for i in a b",
        ),
        (
            "scriptlets: firstboot",
            1,
            "cannot be left for the first boot: the image has no systemd",
        ),
        ("scriptlets: skip", 1, "the image has no user scr"),
        (
            "scriptlets: skip",
            1,
            "the script scripts.pre, which is not run, may do that: getent group scrgrp",
        ),
        (
            "scriptlets: {scripts-loop: skip, scripts-watch: skip, default: fail}",
            0,
            "script scripts-loop.post: not run",
        ),
        (
            "scriptlets: {nobody: skip}",
            1,
            "neither the image nor the list has a package \"nobody\"",
        ),
        ("scriptlets: run", 2, "unknown value `run`"),
        (
            "scriptlets: [skip]",
            2,
            "auto, skip, firstboot, fail, or a mapping of packages to these",
        ),
    ] {
        recipe(&work, &format!("nodeps: true\n{more}"));
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&base));
        let told =
            run.code == Some(code) && (run.stderr.contains(want) || run.stdout.contains(want));
        assert!(told, "{more}: {run:#?}");
    }
}

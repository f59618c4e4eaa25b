//! Packages as rpm itself sees them: it builds them, installs them beside hsb, and looks at what
//! hsb installed.

mod authorities;
mod build;
mod choices;
mod databases;
mod gone;
mod guards;
mod kernels;
#[cfg(feature = "rpm-verify")]
mod keys;
mod listed;
#[cfg(feature = "rpm-verify")]
mod lists;
#[cfg(feature = "lua")]
mod lua;
mod lying;
mod mended;
mod modular;
mod needs;
mod payloads;
mod refused;
pub(crate) mod scripts;
mod seal;
mod settings;
#[cfg(feature = "rpm-verify")]
mod signed;
mod supply;
pub(crate) mod system;
mod triggers;
mod users;
mod ways;
mod whole;

use std::fs;
use std::path::Path;

use crate::kit::{debugfs, run, succeed};
pub(crate) use build::example;
use build::{
    NOW, base, build, build_file, by_rpm, installed, packages, recipe, rpm, rpm_installs, work,
};
use system::{assert_same, dump, listing, pack};

/// Where the images here have their package database.
const DATABASE: &str = "/var/lib/rpm/rpmdb.sqlite";

#[test]
fn packages_are_as_rpm_installs_them() {
    let work = work("rpms");
    build(&work, "set.spec", &[]);
    for (kind, payload) in [
        ("gzip", "w9.gzdio"),
        ("bzip2", "w9.bzdio"),
        ("xz", "w6.xzdio"),
        ("lzma", "w6.lzdio"),
        ("zstd", "w3.zstdio"),
        ("none", "w.ufdio"),
    ] {
        build(
            &work,
            "payload.spec",
            &[("kind", kind), ("_binary_payload", payload)],
        );
    }
    recipe(&work, "");
    let base = base(&work);
    let Some(mounted) = installed(&work, &base) else {
        return;
    };
    let ours = mounted.path();
    let theirs = by_rpm(&work, &packages(&work));
    assert_same(&listing(ours), &listing(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    let capability = debugfs(
        &work.join("image.raw"),
        0,
        "ea_get -x /usr/bin/set-ping security.capability",
    );
    assert!(
        capability.contains("01 00 00 02 00 30 00 00"),
        "{capability}"
    );

    // rpm on what hsb made: it finds all, has no complaint, and can go on.
    let asked = |args: &[&str]| succeed(rpm(ours).args(args));
    assert_eq!(asked(&["-qa"]).lines().count(), 11);
    assert_eq!(
        asked(&["-qf", "/usr/share/set/m"]),
        "set-files-1.0-1.x86_64\n"
    );
    assert_eq!(
        asked(&["-q", "--whatprovides", "virtual"]),
        "set-1.0-1.x86_64\n"
    );
    assert_eq!(
        asked(&["-qc", "set"]),
        "/etc/set/main.conf\n/etc/set/other.conf\n"
    );
    asked(&["--verifydb"]);
    let verified = run(rpm(ours).args(["-Va"]));
    assert_eq!(
        (verified.code, &*verified.stdout),
        (Some(0), ""),
        "{verified:#?}"
    );
    fs::write(ours.join("etc/set/main.conf"), "changed").unwrap();
    asked(&["-e", "set", "payload-xz"]);
    assert!(!ours.join("opt/xz").exists());
    assert_eq!(
        fs::read(ours.join("etc/set/main.conf.rpmsave")).unwrap(),
        b"changed"
    );
    assert_eq!(asked(&["-qa"]).lines().count(), 9);
}

#[test]
fn packages_replace_others_as_rpm_does() {
    let work = work("replaced");
    build(
        &work,
        "payload.spec",
        &[("kind", "none"), ("_binary_payload", "w.ufdio")],
    );
    let version = |version: &str, folder: &str| {
        let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/next.spec");
        build_file(&work, Path::new(spec), folder, &[("version", version)]);
    };
    version("1.9", "first");
    version("1.10", "second");
    let first = ["", "-part"].map(|part| work.join(format!("first/next{part}-1.9.noarch.rpm")));
    let second = ["", "-part"].map(|part| work.join(format!("second/next{part}-1.10.noarch.rpm")));

    if !rpm_installs() {
        return;
    }
    // A system with the first version, on which somebody changed some settings. The database is
    // as rpm left it: with a log beside it.
    base(&work);
    let theirs = by_rpm(&work, &packages(&work));
    succeed(rpm(&theirs).args(["-U", "--noplugins"]).args(&first));
    for name in ["changed", "changed-noreplace", "same", "moved-changed"] {
        fs::write(theirs.join("etc/next").join(name), "mine\n").unwrap();
    }
    assert!(theirs.join("var/lib/rpm/rpmdb.sqlite-wal").exists());
    let tar = work.join("base.tar");
    pack(&theirs, &tar);
    succeed(rpm(&theirs).args(["-U", "--noplugins"]).args(&second));

    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [second]\n",
    );
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let ours = mounted.path();
    // Only the clocks differ: settings that were replaced have the time of their change.
    let without_times = |root: &Path| -> Vec<String> {
        let words = |line: &String| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let lines = listing(root);
        lines
            .iter()
            .map(words)
            .map(|mut words| {
                if words[0].starts_with("etc/next") {
                    words.remove(3);
                }
                words.join(" ")
            })
            .collect()
    };
    assert_same(&without_times(ours), &without_times(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    assert_eq!(
        succeed(rpm(ours).arg("-qa")),
        "next-1.10-1.noarch\nnext-part-1.10-1.noarch\n"
    );
    drop(mounted);

    // The same once more changes nothing; the older one is refused, unless it is asked for.
    for (recipe, code, want) in [
        (
            "rpms: [second]",
            0,
            "next-1.10-1.noarch is installed already",
        ),
        (
            "rpms: [first]",
            1,
            "next-1.10-1.noarch is newer, and installed",
        ),
        (
            "rpms: [first]\ndowngrade: true",
            0,
            "next-1.9-1.noarch installed over next-1.10-1.noarch",
        ),
    ] {
        pack(&theirs, &tar);
        work.write("build.yaml", format!("modules: [install_rpms]\n{recipe}\n"));
        let mut plan = work.hsb(["plan", "-i"]);
        let run = run(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
        assert!(
            run.code == Some(code) && run.stderr.contains(want),
            "{recipe}: {run:#?}"
        );
    }
}

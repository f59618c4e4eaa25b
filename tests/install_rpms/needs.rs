//! What packages need and do not bear: rpm and hsb take and refuse the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::build::{base, build_file, build_target, rpm, rpm_installs, work};
use super::system::pack;
use crate::kit::{Work, run, succeed};

/// A package's name, which its program has as well, and a line of its header.
type Package<'r> = (&'r str, &'r str);

const X: Package<'_> = ("x", "");
const Y: Package<'_> = ("y", "");
const Z: Package<'_> = ("z", "");

/// What is installed, what is listed, and what is wrong with that, if anything is.
const ROWS: &[(&[Package<'_>], Package<'_>, &str)] = &[
    // Paths in conditions, of what is there and of the package itself.
    (
        &[X],
        ("p", "Requires: (z if /usr/bin/x)"),
        "nothing provides (z if /usr/bin/x) needed by p-1-1.noarch",
    ),
    (&[Y], ("p", "Requires: (z if /usr/bin/x)"), ""),
    (
        &[X],
        ("p", "Requires: (z if /usr/bin/p)"),
        "nothing provides (z if /usr/bin/p) needed by p-1-1.noarch",
    ),
    (
        &[Y],
        ("p", "Requires: (z if /usr/bin/x else x)"),
        "nothing provides (z if /usr/bin/x else x) needed by p-1-1.noarch",
    ),
    // What conflicts unless something is there.
    (&[X, Y], ("p", "Conflicts: (x unless y)"), ""),
    (&[X, Y], ("p", "Conflicts: (x unless /usr/bin/y)"), ""),
    (&[X, Y], ("p", "Conflicts: (x unless (y or z))"), ""),
    (&[Y], ("p", "Conflicts: (x unless y)"), ""),
    (
        &[X],
        ("p", "Conflicts: (x unless y)"),
        "p-1-1.noarch conflicts with (x unless y)",
    ),
    (
        &[X, Y, Z],
        ("p", "Conflicts: (x unless y else z)"),
        "p-1-1.noarch conflicts with (x unless y else z)",
    ),
    // The package itself counts in an expression, and by itself it does not.
    (&[X], ("p", "Conflicts: (x unless p)"), ""),
    (
        &[X],
        ("p", "Conflicts: (p and x)"),
        "p-1-1.noarch conflicts with (p and x)",
    ),
    (&[X], ("p", "Conflicts: p"), ""),
    (
        &[("q", "Conflicts: (q and x)")],
        X,
        "q-1-1.noarch conflicts with (q and x)",
    ),
    // What is installed obsoletes it.
    (
        &[("q", "Obsoletes: x")],
        X,
        "x-1-1.noarch is obsoleted by q-1-1.noarch, which is installed",
    ),
    (&[("q", "Obsoletes: x < 1")], X, ""),
    (&[("q", "Obsoletes: y\nProvides: x")], X, ""),
    // What conflicts already is no new problem.
    (&[("q", "Conflicts: (q and x)"), X], Y, ""),
];

/// Builds a package once.
fn build(work: &Work, built: &mut BTreeMap<String, PathBuf>, (name, line): Package<'_>) -> PathBuf {
    let key = format!("{name} {line}");
    let count = built.len();
    let build = || {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
             AutoReqProv: no\n{line}\n%description\nx\n%install\nmkdir -p %{{buildroot}}/usr/bin\n\
             echo {name} > %{{buildroot}}/usr/bin/{name}\n%files\n/usr/bin/{name}\n"
        );
        let (spec, folder) = (format!("{name}-{count}.spec"), format!("built/{count}"));
        build_file(work, &work.write(&spec, text), &folder, &[]);
        work.join(format!("{folder}/{name}-1.noarch.rpm"))
    };
    built.entry(key).or_insert_with(build).clone()
}

#[test]
fn packages_are_taken_and_refused_as_by_rpm() {
    let work = work("needs");
    let tar = base(&work);
    if !rpm_installs() {
        return;
    }
    let theirs = work.join("base");
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [new.rpm]\n");
    let mut built = BTreeMap::new();
    let mut wrong = Vec::new();
    for row @ (there, new, want) in ROWS {
        fs::remove_dir_all(theirs.join("var/lib/rpm")).unwrap_or_default();
        let mut old = rpm(&theirs);
        old.args(["-i", "--noplugins", "--nodeps", "--justdb"]);
        for package in *there {
            old.arg(build(&work, &mut built, *package));
        }
        if !there.is_empty() {
            succeed(&mut old);
        }
        let new = build(&work, &mut built, *new);
        fs::copy(&new, work.join("new.rpm")).unwrap();
        pack(&theirs, &tar);
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let judged = run(rpm(&theirs).args(["-U", "--test", "--noplugins"]).arg(new));
        let code = i32::from(!want.is_empty());
        let is_same = ours.code == Some(code) && (judged.code == Some(0)) == want.is_empty();
        if !is_same || !ours.stderr.contains(want) {
            wrong.push(format!("{row:?}: {ours:#?} {judged:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_version_for_another_architecture() {
    let work = work("arches");
    let tar = base(&work);
    if !rpm_installs() {
        return;
    }
    let theirs = work.join("base");
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [new.rpm]\n");
    let arches = ["x86_64", "noarch"];
    for arch in arches {
        let text = format!(
            "Name: x\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             %description\nx\n%install\nmkdir -p %{{buildroot}}/etc\n\
             echo {arch} > %{{buildroot}}/etc/x\n%files\n/etc/x\n"
        );
        let spec = work.write(&format!("{arch}.spec"), text);
        build_target(&work, &spec, "built", &format!("{arch}-linux"), &[]);
    }
    let package = |arch: &str| work.join(format!("built/x-1.{arch}.rpm"));
    for (old, new) in arches.iter().flat_map(|old| arches.map(|new| (*old, new))) {
        let by_rpm = |option: &str, arch: &str| {
            run(rpm(&theirs)
                .args([option, "--noplugins"])
                .arg(package(arch)))
            .code
        };
        fs::remove_dir_all(theirs.join("var/lib/rpm")).unwrap_or_default();
        assert_eq!(by_rpm("-i", old), Some(0));
        pack(&theirs, &tar);
        fs::copy(package(new), work.join("new.rpm")).unwrap();
        let ours = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        // rpm calls it an error that it is installed already.
        let want = match old == new {
            true => format!("x-1-1.{new} is installed already"),
            false => format!("x-1-1.{new} installed over x-1-1.{old}"),
        };
        assert!(
            ours.code == Some(0) && ours.stderr.contains(&want),
            "{ours:#?}"
        );
        let is_replaced = by_rpm("-U", new) == Some(0);
        assert_eq!(is_replaced, old != new, "{old} {new}");
        let there = succeed(rpm(&theirs).args(["-qa"]));
        assert_eq!(there.trim(), format!("x-1-1.{new}"));
    }
}

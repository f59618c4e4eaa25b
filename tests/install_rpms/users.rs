//! Users that packages bring as data: they are there before the files that they own.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::build::{base, build, build_file, installed, recipe, work};
use crate::kit::run;

/// What packages provide, and what is told of it.
const TOLD: &[(&str, &str)] = &[
    ("user(foo) = AAA", "user(foo) = AAA makes nobody"),
    ("user(foo) = 1.0", "user(foo) = 1.0 makes nobody"),
    (
        "user(foo) = dSBiYXIgNzgA",
        "user(foo) has a line of another name: \"u bar 78\"",
    ),
    ("group(foo)", ""),
    ("group(foo) = ZyBmb28gNzkA", ""),
];

#[test]
fn lines_that_make_nobody_are_told_of() {
    let work = work("told");
    let tar = base(&work);
    for (provides, told) in TOLD {
        let text = format!(
            "Name: told\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             BuildArch: noarch\nProvides: {provides}\n%description\nx\n%files\n"
        );
        build_file(&work, &work.write("told.spec", &text), "rpms", &[]);
        recipe(&work, "nodeps: true");
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = match *told {
            "" => !ours.stderr.contains("foo"),
            told => ours.stderr.contains(told),
        };
        assert!(ours.code == Some(0) && is_told, "{provides}: {ours:#?}");
        let text = text + "%ghost %attr(-,foo,-) /opt\n%attr(-,foo,-) %dir /srv\n";
        let text = text.replace("%files", "%install\nmkdir -p %{buildroot}/srv\n%files");
        build_file(&work, &work.write("told.spec", text), "rpms", &[]);
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = ours.stderr.contains(told) && ours.stderr.contains("no user foo");
        assert!(ours.code == Some(1) && is_told, "{provides}: {ours:#?}");
    }
}

#[test]
fn users_come_with_their_packages() {
    let work = work("users");
    build(&work, "users.spec", &[]);
    let base = base(&work);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [rpms]\n",
    );
    let Some(mounted) = installed(&work, &base) else {
        return;
    };
    let root = mounted.path();
    let number = |file: &str, name: &str| -> u32 {
        let text = fs::read_to_string(root.join("etc").join(file)).unwrap();
        let mut rows = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let row = rows.find(|row| row[0] == name);
        row.unwrap_or_else(|| panic!("{name} in {text}"))[2]
            .parse()
            .unwrap()
    };
    for (path, user, group) in [
        ("var/lib/one", "hsb-one", "hsb-two"),
        ("var/lib/three", "hsb-three", "hsb-three"),
        ("var/lib/three/file", "hsb-one", "hsb-three"),
    ] {
        let meta = fs::metadata(root.join(path)).unwrap();
        let owners = (number("passwd", user), number("group", group));
        assert_eq!((meta.uid(), meta.gid()), owners, "{path}");
    }
    assert_eq!(number("group", "hsb-two"), 444);
    let group = fs::read_to_string(root.join("etc/group")).unwrap();
    assert!(group.contains("hsb-two:x:444:hsb-three\n"), "{group}");
}

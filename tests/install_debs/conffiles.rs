//! Lists of settings that dpkg refuses, files that a header cannot have, and what lies in the way of
//! settings.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, lay, system};
use crate::install_rpms::scripts::put_programs;
use crate::install_rpms::system::{assert_same, pack};
use crate::kit::{Work, run, succeed, tool};

#[test]
fn lists_of_settings_that_dpkg_refuses() {
    let work = Work::under(Path::new("/dev/shm"), "deb-conffiles");
    let tar = work.join("system.tar");
    pack(&system(&work, "system"), &tar);
    work.write("build.yaml", "modules: [install_debs]\ndebs: [debs]\n");
    for (number, (name, text, want)) in [
        (
            "conffiles",
            "odd /opt/x\n",
            "/opt/x has the flag \"odd\", which is not known",
        ),
        (
            "conffiles",
            " /opt/x\n",
            "/opt/x has the flag \"\", which is not known",
        ),
        ("conffiles", "opt/x\n", "\"opt/x\" is no absolute path"),
        (
            "conffiles",
            "remove-on-upgrade opt/y\n",
            "\"opt/y\" is no absolute path",
        ),
        (
            "conffiles",
            "remove-on-upgrade\n",
            "\"remove-on-upgrade\" is no absolute path",
        ),
        ("conffiles", "/opt/x", "the last line has no end"),
        ("conffiles", "/opt\n", "/opt is a directory"),
        (
            "conffiles",
            "remove-on-upgrade /opt/x\n",
            "/opt/x is to be removed by upgrades",
        ),
        ("conffiles", "remove-on-upgrade /opt/y\n/opt/x \n\n", ""),
        ("conffiles", "//opt/x\n", ""),
        ("conffiles", "/opt/x\n/opt/x\n", ""),
        ("more/", "", "control.tar has the directory /more"),
    ]
    .into_iter()
    .enumerate()
    {
        let deb = Deb {
            name: "pk_1_all",
            fields: "",
            files: &[("/opt/x", "x\n")],
            control: vec![(name, text)].leak(),
        };
        let file = build(&work, &deb, "debs", "--nocheck");
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_right = match want {
            "" => ours.code == Some(0),
            want => ours.code != Some(0) && ours.stderr.contains(want),
        };
        assert!(is_right, "{text:?}: {ours:#?}");
        if dpkg_installs() {
            let theirs = system(&work, &format!("system-{number}"));
            let judged = run(dpkg(&theirs).args(["--force-unsafe-io", "-i"]).arg(file));
            assert_eq!(
                judged.code == Some(0),
                want.is_empty(),
                "{text:?}: {judged:#?}"
            );
        }
    }
}

/// Paths with what is there, as in [`lay`].
type Laid = &'static [(&'static str, &'static str)];

/// What lies where a package's setting `c` is to be, and beside it.
const IN_THE_WAY: &[Laid] = &[
    &[],
    &[("c/", "")],
    &[("c/x", "mine\n")],
    &[("c@", "c")],
    &[("c@", "d"), ("d@", "c")],
    &[("c@", "d"), ("d/", "")],
];

/// The same with links to files: dpkg leaves its own beside the link, and never looks there again.
/// With it what is there in the end.
const LINKED: &[(Laid, &str, &str)] = &[
    (&[("c@", "d")], "d", "x\n"),
    (&[("c@", "d"), ("d", "mine\n")], "d.dpkg-dist", "x\n"),
    (&[("c@", "no/d")], "c.dpkg-new", "x\n"),
];

#[test]
fn settings_where_no_file_is() {
    let work = Work::under(Path::new("/dev/shm"), "deb-settings");
    let folder = system(&work, "system");
    let named = |name: &'static str, number| format!("{name}{number}");
    let own = IN_THE_WAY.iter().enumerate();
    let own = own.map(|(number, there)| (named("set", number), there, "debs"));
    let linked = LINKED.iter().enumerate();
    let linked = linked.map(|(number, (there, ..))| (named("linked", number), there, "linked"));
    for (name, there, into) in own.chain(linked) {
        for (path, text) in *there {
            lay(&folder, &format!("/etc/{name}/{path}"), text);
        }
        let setting: &str = format!("/etc/{name}/c").leak();
        let list: &str = format!("{setting}\n").leak();
        let deb = Deb {
            name: format!("{name}_1_all").leak(),
            fields: "",
            files: vec![(setting, "x\n")].leak(),
            control: vec![("conffiles", list)].leak(),
        };
        build(&work, &deb, into, "-Znone");
    }
    let recipe = "modules: [install_debs]\ndebs: [debs, linked]\n";
    let Some(mounted) = installed(&work, &folder, recipe) else {
        return;
    };
    for (number, (_, path, text)) in LINKED.iter().enumerate() {
        let file = mounted.path().join(format!("etc/linked{number}/{path}"));
        assert_eq!(fs::read_to_string(file).unwrap(), *text, "{number}: {path}");
    }
    if !dpkg_installs() {
        return;
    }
    // With another root, dpkg 1.21 takes that root twice for what is no file.
    let programs = [
        "dpkg",
        "dpkg-deb",
        "dpkg-split",
        "tar",
        "rm",
        "sh",
        "diff",
        "ldconfig",
        "start-stop-daemon",
    ];
    put_programs(&folder, &programs);
    fs::rename(work.join("debs"), folder.join("debs")).unwrap();
    let mut judge = tool("chroot");
    judge.arg(&folder).args([
        "dpkg",
        "--force-confdef",
        "--force-confold",
        "--no-triggers",
    ]);
    succeed(judge.args(["--force-unsafe-io", "--recursive", "-i", "/debs"]));
    let [ours, theirs] = [mounted.path(), &folder].map(|root| {
        let mut lines = described(root);
        lines.retain(|line| line.starts_with("etc/set"));
        let status = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        let settings = status.lines().filter(|line| line.starts_with(" /etc/set"));
        lines.extend(settings.map(str::to_owned));
        lines
    });
    assert_same(&ours, &theirs);
}

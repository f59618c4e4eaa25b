//! Lists of settings that dpkg refuses, and files that a header cannot have.

use std::path::Path;

use super::build::{Deb, build, dpkg, dpkg_installs, system};
use crate::install_rpms::system::pack;
use crate::kit::{Work, run};

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

//! Scripts that change nothing and only say whether their package may come: dpkg and hsb hear the
//! same.

use std::path::Path;

use super::build::{Deb, build, dpkg, dpkg_installs, system};
use crate::install_rpms::scripts::furnish;
use crate::install_rpms::system::pack;
use crate::kit::{Work, run, succeed};

/// The name and text of a script, and whether its package is installed.
const ROWS: &[(&str, &str, bool)] = &[
    (
        "preinst",
        "if [ -f /etc/passwd ]; then echo no; exit 1; fi",
        false,
    ),
    ("preinst", "if [ -f /etc/nothing ]; then exit 1; fi", true),
    ("preinst", "set -e\n[ -x /etc/nothing ]\nexit 0", false),
    ("preinst", "[ $1 = install ]", true),
    ("postinst", "[ -x /etc/nothing ] || exit 1", false),
    ("postinst", "[ -x /etc/nothing ] && exit 1; :", true),
    ("prerm", "exit 1", true),
];

/// Scripts of an older package and of a newer one, and whether the newer one is installed.
const UPGRADES: &[((&str, &str), &str, bool)] = &[
    (("prerm", "exit 1"), "exit 1", false),
    (("prerm", "exit 1"), "", false),
    (
        ("prerm", "exit 1"),
        "[ $1:$2:$3 = failed-upgrade:1:2 ]",
        true,
    ),
    (("postrm", "exit 1"), "[ $1 != upgrade ]", true),
    (("postrm", "exit 1"), "false", false),
];

#[test]
fn scripts_that_only_say_no() {
    let work = Work::under(Path::new("/dev/shm"), "deb-guards");
    let folder = system(&work, "system");
    furnish(&folder);
    let tar = work.join("system.tar");
    let deb = |name: String, control: Option<(&'static str, &str)>| {
        let control = control.map(|(slot, text)| (slot, &*format!("#!/bin/sh\n{text}\n").leak()));
        let deb = Deb {
            files: vec![(&*format!("/opt/{name}/").leak(), "")].leak(),
            name: name.leak(),
            fields: "",
            control: Vec::from_iter(control).leak(),
        };
        build(&work, &deb, "debs", "-Znone")
    };
    let files: Vec<_> = ROWS
        .iter()
        .zip(0..)
        .map(|((slot, text, _), number)| deb(format!("p{number}_1_all"), Some((slot, text))))
        .collect();
    if !dpkg_installs() {
        return;
    }
    // Old packages, of which dpkg asks the newer ones when they refuse to go.
    let upgrades = UPGRADES
        .iter()
        .enumerate()
        .map(|(number, &(old, new, is_installed))| {
            let name = |version: u8| format!("old{number}_{version}_all");
            let before = deb(name(1), Some(old));
            succeed(dpkg(&folder).arg("-i").arg(before));
            let after = deb(name(2), (!new.is_empty()).then_some((old.0, new)));
            ((old.0, new, is_installed), after)
        });
    let upgrades: Vec<_> = upgrades.collect();
    pack(&folder, &tar);
    let rows = ROWS.iter().copied().zip(files);
    for ((slot, text, is_installed), file) in rows.chain(upgrades) {
        let theirs = run(dpkg(&folder).arg("-i").arg(&file));
        assert_eq!(
            theirs.code == Some(0),
            is_installed,
            "{slot}: {text}: {theirs:#?}"
        );
        let name = file.file_name().unwrap().display();
        work.write(
            "build.yaml",
            format!("modules: [install_debs]\ndebs: [debs/{name}]\n"),
        );
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = is_installed || ours.stderr.contains("ends with status 1");
        assert!(
            (ours.code == Some(0)) == is_installed && is_told,
            "{slot}: {text}: {ours:#?}"
        );
    }
}

//! Scripts that change nothing and only say whether their package may come: rpm and hsb hear the
//! same.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::build::{base, build_file, installed, recipe, rpm, rpm_installs, work};
use super::scripts::furnish;
use super::system::pack;
use crate::kit::{run, succeed, tool};

/// Further lines of a package's header, its script, and whether it is installed.
const ROWS: &[(&str, &str, bool)] = &[
    (
        "",
        "%pre\nif [ -f /etc/passwd ]; then echo no; exit 1; fi",
        false,
    ),
    ("", "%pre\nif [ -f /etc/nothing ]; then exit 1; fi", true),
    ("", "%pre\n[ -x /etc/nothing ]", false),
    ("", "%pretrans\n[ -x /etc/nothing ] || exit 3", false),
    ("", "%pre\ncommand -v umask || exit 1", true),
    ("", "%pre\ncommand -v umask && exit 1", false),
    ("", "%pre\n[ -d /run/systemd/system ] && exit 1; :", true),
    ("", "%triggerprein -- guards-9\nexit 1\n%post\nexit 1", true),
    ("", "%pre -p \"/bin/sh -e\"\n[ -x /etc/nothing ]\n:", false),
    ("", "%pre -p \"/bin/sh -e\"\n[ -f /etc/passwd ]\n:", true),
    ("Obsoletes: guards-old", "", false),
];

#[test]
fn scripts_keep_bytes_that_are_no_characters() {
    let work = work("bytes");
    let tar = base(&work);
    let folder = work.join("base");
    furnish(&folder);
    pack(&folder, &tar);
    let text = b"Name: bytes\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
                 %description\nx\n%post\ntouch /srv/caf\xe9\n%files\n";
    let spec = work.write("bytes.spec", text);
    build_file(
        &work,
        &spec,
        "rpms",
        &[("_invalid_encoding_terminates_build", "0")],
    );
    recipe(&work, "nodeps: true");
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let run = mounted.path().join("var/lib/hsb/scriptlets/run");
    succeed(
        tool("chroot")
            .arg(mounted.path())
            .args(["/bin/sh", "/var/lib/hsb/scriptlets/run"]),
    );
    assert!(!run.exists());
    let made = mounted
        .path()
        .join("srv")
        .join(OsStr::from_bytes(b"caf\xe9"));
    assert!(made.exists());
}

#[test]
fn scripts_that_only_say_no() {
    let work = work("guards");
    let tar = base(&work);
    let folder = work.join("base");
    furnish(&folder);
    let head = "Name: guards\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
                BuildArch: noarch\n%description\nx\n";
    let package = |name: &str, lines: &str, script: &str| {
        let header = format!("Summary: x\nAutoReqProv: no\n{lines}\n%description {name}\nx\n");
        let named = |line: &str| match line.split_once(' ') {
            _ if !line.starts_with('%') => line.to_owned(),
            Some((slot, rest)) => format!("{slot} {name} {rest}"),
            None => format!("{line} {name}"),
        };
        let script = script.lines().map(named).collect::<Vec<_>>().join("\n");
        format!("%package {name}\n{header}%files {name}\n{script}\n")
    };
    let mut spec = head.to_owned() + &package("old", "", "%preun\n[ -f /etc/nothing ]");
    for (number, (lines, script, _)) in ROWS.iter().enumerate() {
        spec += &package(&number.to_string(), lines, script);
    }
    let spec = work.write("guards.spec", spec);
    build_file(&work, &spec, "rpms", &[]);
    if !rpm_installs() {
        return;
    }
    let file = |name: &str| format!("rpms/guards-{name}-1.noarch.rpm");
    let mut before = rpm(&folder);
    before
        .args(["-i", "--noplugins", "--nodeps"])
        .arg(work.join(file("old")));
    succeed(&mut before);
    pack(&folder, &tar);
    for (number, (lines, script, is_installed)) in ROWS.iter().enumerate() {
        let file = file(&number.to_string());
        let theirs = run(rpm(&folder)
            .args(["-U", "--noplugins", "--nodeps"])
            .arg(work.join(&file)));
        let row = format!("{lines}{script}");
        assert_eq!(theirs.code == Some(0), *is_installed, "{row}: {theirs:#?}");
        work.write(
            "build.yaml",
            format!("modules: [install_rpms]\nrpms: [{file}]\nnodeps: true\n"),
        );
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = *is_installed || ours.stderr.contains("ends with status");
        assert!(
            (ours.code == Some(0)) == *is_installed && is_told,
            "{row}: {ours:#?}"
        );
    }
}

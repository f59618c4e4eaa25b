//! Repositories with modules: dnf and hsb take the same of their packages.

use std::fs;
use std::process::Command;

use super::build::{base, build_file, rpm_installs, work};
use super::system::pack;
use crate::kit::{run, succeed, tool};

/// Streams, of the module `m` if they name none, with a package each and what they need, the default
/// ones, what dnf keeps of the system's choice for `m`, what is required, and what comes of `x-1`,
/// `x-2` and `w-1`, which provides `u` and `v`.
type Row = (
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const OLD: (&str, &str) = ("1.0", "x-0:1-1.noarch");
const NEW: (&str, &str) = ("2.0", "x-0:2-1.noarch");
const ROWS: &[Row] = &[
    (&[], "", "", "x", Some("x-2")),
    // Streams that are not used, and such that are.
    (&[NEW], "", "", "x", Some("x-1")),
    (&[NEW], "2.0", "", "x", Some("x-2")),
    (&[OLD], "1.0", "", "x", Some("x-1")),
    (&[OLD, NEW], "2.0", "", "x", Some("x-2")),
    (
        &[OLD, NEW],
        "2.0",
        "stream=1.0\nstate=enabled",
        "x",
        Some("x-1"),
    ),
    (&[NEW], "2.0", "stream=\nstate=disabled", "x", Some("x-1")),
    (&[NEW, ("1.0", NEW.1)], "1.0", "", "x", Some("x-2")),
    (&[OLD, NEW], "", "", "x", None),
    // What provides a name of a stream in use is hidden, but not by the name of a source.
    (&[("1.0", "u-0:1-1.noarch")], "", "", "v", Some("w-1")),
    (&[("1.0", "u-0:1-1.noarch")], "1.0", "", "v", None),
    (&[("1.0", "u-0:1-1.src")], "1.0", "", "v", Some("w-1")),
    // What streams in use need of others, and of the platform.
    (
        &[("1.0", "u-0:1-1.src o:2"), ("o:1", OLD.1), ("o:2", NEW.1)],
        "1.0 o:1",
        "",
        "x",
        Some("x-2"),
    ),
    (
        &[("z:1", "x-0:2-1.noarch o:2"), ("o:1", ""), ("o:2", "")],
        "z:1 o:1",
        "",
        "x",
        Some("x-1"),
    ),
    (
        &[
            ("1.0", "x-0:1-1.noarch o:1"),
            ("1.0", "x-0:2-1.noarch o:2"),
            ("o:1", ""),
            ("o:2", ""),
        ],
        "1.0 o:1",
        "",
        "x",
        Some("x-1"),
    ),
    (
        &[("1.0", "x-0:2-1.noarch platform:el8")],
        "1.0",
        "",
        "x",
        Some("x-2"),
    ),
    (
        &[("1.0", "x-0:2-1.noarch platform:el9")],
        "1.0",
        "",
        "x",
        Some("x-1"),
    ),
];

#[test]
fn modules_are_used_as_by_dnf() {
    let work = work("modular");
    let tar = base(&work);
    if !rpm_installs() {
        return;
    }
    for (name, version, line, folder) in [
        ("x", "1", "", "repo"),
        ("x", "2", "", "repo"),
        ("w", "1", "Provides: u, v", "repo"),
        ("app-x", "1", "Requires: x", "apps"),
        ("app-v", "1", "Requires: v", "apps"),
    ] {
        let text = format!(
            "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
             AutoReqProv: no\n{line}\n%description\nx\n%files\n"
        );
        let spec = work.write(&format!("{name}-{version}.spec"), text);
        build_file(&work, &spec, folder, &[]);
    }
    work.write(".rpmmacros", "%_dbpath /var/lib/rpm\n");
    tool("dnf");
    let theirs = work.join("base");
    fs::create_dir_all(theirs.join("etc/dnf/modules.d")).unwrap();
    fs::write(
        theirs.join("etc/os-release"),
        "PLATFORM_ID=\"platform:el8\"\n",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for row @ (streams, default, choice, wanted, want) in ROWS {
        let app = format!("apps/app-{wanted}-1.noarch.rpm");
        let recipe = "modules: [install_rpms]\nrepos: [repo]\nverify: none\nrpms: ";
        work.write("build.yaml", format!("{recipe}[{app}]\n"));
        let mut list = String::new();
        for (number, (stream, package)) in streams.iter().enumerate() {
            let (module, stream) = stream.split_once(':').unwrap_or(("m", stream));
            let (package, needs) = package.split_once(' ').unwrap_or((package, ""));
            let needs = needs
                .split_terminator(' ')
                .map(|need| need.replace(':', ": [") + "]");
            let needs = needs.collect::<Vec<_>>().join(", ");
            let packages = package.split_terminator(' ').collect::<Vec<_>>();
            list += &format!(
                "---\ndocument: modulemd\nversion: 2\ndata:\n  name: {module}\n  \
                 stream: \"{stream}\"\n  version: 1\n  context: c0ffee0{number}\n  \
                 arch: noarch\n  summary: s\n  description: d\n  license: {{module: [MIT]}}\n  \
                 dependencies: [{{requires: {{{needs}}}}}]\n  artifacts: {{rpms: {packages:?}}}\n\
                 ...\n"
            );
        }
        for default in default.split_terminator(' ') {
            let (module, default) = default.split_once(':').unwrap_or(("m", default));
            list += &format!(
                "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: {module}\n  \
                 stream: \"{default}\"\n...\n"
            );
        }
        succeed(tool("createrepo_c").arg("-q").arg(work.join("repo")));
        if !list.is_empty() {
            let list = work.write("modules.yaml", list);
            let mut add = tool("modifyrepo_c");
            add.arg("--mdtype=modules").arg(list);
            succeed(add.arg(work.join("repo/repodata")));
        }
        let kept = theirs.join("etc/dnf/modules.d/m.module");
        let choice = match *choice {
            "" => String::new(),
            choice => format!("[m]\nname=m\nprofiles=\n{choice}\n"),
        };
        fs::write(kept, choice).unwrap();
        fs::remove_dir_all(theirs.join("dnf")).unwrap_or_default();
        pack(&theirs, &tar);
        let ours = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let mut dnf = Command::new("/usr/bin/python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/resolve.py");
        dnf.env("HOME", work.path()).arg(script).arg(&theirs);
        dnf.arg(work.join("repo")).arg(work.join(app));
        let judged = succeed(&mut dnf);
        let is_told = match want {
            Some(_) => true,
            None => ours.stderr.contains("-1.noarch would do, but"),
        };
        let (here, there) = match want {
            Some(want) => (
                format!("{want}-1.noarch is required"),
                format!("+app-{wanted}-1-1.noarch +{want}-1.noarch"),
            ),
            None => (format!("nothing provides {wanted}"), "error".to_owned()),
        };
        if !is_told || !ours.stderr.contains(&here) || judged.trim() != there {
            wrong.push(format!("{row:?}: {judged:?} {ours:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

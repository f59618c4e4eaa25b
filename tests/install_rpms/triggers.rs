//! Triggers and the numbers that scripts are told, in upgrades of several packages.

use std::fs;
use std::path::Path;

use super::build::{NOW, base, build_file, installed, rpm, rpm_installs, work};
use super::scripts::{furnish, quiet};
use super::system::{assert_same, pack};
use crate::kit::succeed;

/// Name, version, further lines of the header, files in `/opt`, and what listens to what.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const BEFORE: &[Row] = &[
    ("told", "1", "", "told", "target"),
    ("kept", "1", "", "kept", "target target>1 other gone self"),
    ("target", "1", "", "target shared", ""),
    ("gone", "1", "", "gone", "gone"),
    ("alone", "1", "", "alone", "kept target"),
    ("twice", "1", "", "twice-1", ""),
    ("twice", "2", "", "twice-2", ""),
    ("files", "1", "", "files", "/opt /opt/target"),
    ("gone-files", "1", "", "only shared", ""),
    ("renamed", "1", "", "renamed-1", ""),
];

const AFTER: &[Row] = &[
    ("told", "2", "", "told", "target"),
    ("target", "2", "", "target", ""),
    ("other", "1", "Obsoletes: gone", "other shared", ""),
    ("self", "1", "", "self", "self kept"),
    ("alone", "2", "", "alone", "kept target"),
    ("twice", "3", "", "twice-3", ""),
    ("gone-files", "2", "", "shared", ""),
    ("new-name", "1", "Obsoletes: renamed < 2", "new-name", ""),
    ("renamed", "2", "", "renamed-2", ""),
];

/// Packages none of which needs another: who listens goes before or after what it listens to.
const FREE: &[Row] = &[
    ("first", "1", "", "first", "later"),
    ("later", "1", "", "later", "first"),
    ("third", "1", "", "third", "first later"),
];

const FREED: &[Row] = &[
    ("first", "2", "", "first", "later"),
    ("later", "2", "", "later", "first"),
    ("third", "2", "", "third", "first later"),
];

/// Packages whose files come and go: who listens stays, is replaced, begins, ends, goes or comes.
const HEARD: &[Row] = &[
    ("ears", "1", "", "ears", "/opt /opt/mu"),
    ("both", "1", "", "both-1 both", "/opt/both /opt"),
    ("ends", "1", "", "ends-1", "/opt"),
    ("mute", "1", "", "mute-1 mute", ""),
    ("gone", "1", "", "gone-1 heir", "/opt"),
];

const HEARS: &[Row] = &[
    ("both", "2", "", "both-2 both", "/opt/both /opt"),
    ("ends", "2", "", "ends-2", ""),
    ("mute", "2", "", "mute-2 mute", "/opt"),
    ("heir", "1", "Obsoletes: gone", "heir", "/opt"),
    ("comes", "1", "", "comes", "/opt /srv"),
];

/// Scripts in Lua that say in one file when they are called, and what they are told of. Those of
/// one package fail afterwards.
fn logs(name: &str, version: &str, listens: &str) -> String {
    let mut text = String::new();
    for kind in ["pretrans", "pre", "post", "preun", "postun", "posttrans"] {
        text += &format!("%{kind} -p <lua>\n{}", log(name, version, kind, ""));
    }
    let prefixes = listens.replace(' ', ", ");
    let kinds =
        ["in", "un", "postun"].map(|kind| [format!("file{kind}"), format!("transfile{kind}")]);
    for kind in kinds.iter().flatten().filter(|_| !listens.is_empty()) {
        for priority in ["", "-P 9999", "-P 10000"] {
            let (whole, when) = kind.split_at(kind.find("file").unwrap() + 4);
            text += &format!("%{whole}trigger{when} -p <lua> {priority} -- {prefixes}\n");
            let fails = if name == "ears" { "error('no')\n" } else { "" };
            text += &log(name, version, &format!("{kind}{priority}"), fails);
        }
    }
    text
}

fn log(name: &str, version: &str, kind: &str, end: &str) -> String {
    format!(
        "local f = io.open('/srv/log', 'a')\nf:write('{name}-{version} {kind}:')\n\
         local path = rpm.next_file and rpm.next_file()\nwhile path do\nf:write(' ', path)\n\
         path = rpm.next_file()\nend\nf:write('\\n')\nf:close()\n{end}"
    )
}

/// Scripts of all kinds, each of which leaves a file that says with which numbers it was called.
fn scripts(name: &str, version: &str, listens: &str) -> String {
    let touch = |kind: &str| format!("touch /srv/{name}-{version}-{kind}-$1-$2\n");
    let mut text = String::new();
    for kind in ["pretrans", "pre", "post", "preun", "postun", "posttrans"] {
        text += &format!("%{kind}\n{}", touch(kind));
    }
    for (number, target) in listens
        .split(' ')
        .enumerate()
        .filter(|(_, it)| !it.is_empty())
    {
        let target = target.replace('>', " > ");
        let kinds: &[&str] = match target.starts_with('/') {
            false => &["prein", "in", "un", "postun"],
            true => &["in", "un", "postun"],
        };
        for kind in kinds {
            if target.starts_with('/') {
                for whole in ["", "trans"] {
                    let touched = format!("touch /srv/{name}-{whole}file{kind}-{number}\n");
                    text += &format!("%{whole}filetrigger{kind} -- {target}\n{touched}");
                }
            } else {
                let touched = touch(&format!("{kind}-{number}"));
                text += &format!("%trigger{kind} -- {target}\n{touched}");
            }
        }
    }
    text
}

#[test]
fn triggers_are_told_what_rpm_tells_them() {
    compare("triggers", [BEFORE, AFTER], true, scripts);
}

#[test]
fn packages_that_need_no_other_go_as_with_rpm() {
    compare("triggers-free", [FREE, FREED], false, scripts);
}

#[test]
fn triggers_for_files_fire_when_they_do_with_rpm() {
    compare("triggers-files", [HEARD, HEARS], true, logs);
}

/// Lets rpm and hsb install the second packages over the first.
fn compare(
    name: &str,
    sets: [&[Row]; 2],
    are_chained: bool,
    scripts: fn(&str, &str, &str) -> String,
) {
    let work = work(name);
    let tar = base(&work);
    let theirs = work.join("base");
    furnish(&theirs);
    let mut packages = [Vec::new(), Vec::new()];
    for (built, (rows, folder)) in sets.into_iter().zip(["old", "new"]).enumerate() {
        // Each needs the one before it, which says in which order they come and go.
        let mut needed = String::new();
        for (name, version, lines, files, listens) in rows {
            let listed: String = files.split(' ').map(|it| format!("/opt/{it}\n")).collect();
            let text = format!(
                "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\n\
                 AutoReqProv: no\nBuildArch: noarch\n{lines}\n{needed}%description\nx\n%install\n\
                 mkdir -p %{{buildroot}}/opt\ncd %{{buildroot}}/opt\necho x | tee {files}\n\
                 touch -d @1000 *\n{}\n%files\n{listed}",
                scripts(name, version, listens)
            );
            if are_chained && !matches!(*name, "kept" | "files" | "twice") {
                needed = format!("Requires: {name}\n");
            }
            let spec = work.write(&format!("{name}-{version}.spec"), text);
            build_file(&work, &spec, folder, &[]);
            packages[built].push(work.join(format!("{folder}/{name}-{version}.noarch.rpm")));
        }
        if !are_chained {
            // rpm begins with the last of its arguments.
            packages[built].reverse();
        }
    }
    if !rpm_installs() {
        return;
    }
    let by_rpm = |options: &[&str], packages: &[std::path::PathBuf]| {
        let mut judge = rpm(&theirs);
        judge
            .args(options)
            .args(["--noplugins", "--nodeps"])
            .args(packages);
        succeed(judge.env("SOURCE_DATE_EPOCH", NOW));
    };
    by_rpm(&["-i", "--force"], &packages[0]);
    fs::remove_dir_all(theirs.join("srv")).unwrap();
    fs::create_dir(theirs.join("srv")).unwrap();
    pack(&theirs, &tar);
    by_rpm(&["-U"], &packages[1]);
    let text = "modules: [install_rpms]\nsize: 128M\ntable: none\nrpms: [new]\nnodeps: true\n";
    work.write("build.yaml", text);
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let left = |root: &Path| {
        let mut lines = quiet(root);
        lines.retain(|line| line.starts_with("srv/") || line.starts_with("opt/"));
        lines
    };
    let logged = |root: &Path| fs::read_to_string(root.join("srv/log")).unwrap_or_default();
    let [ours, judged] = [mounted.path(), &theirs].map(logged);
    for (number, (ours, theirs)) in ours.lines().zip(judged.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {number}");
    }
    assert_same(&left(mounted.path()), &left(&theirs));
}

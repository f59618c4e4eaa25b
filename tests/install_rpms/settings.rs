//! Settings that packages bring where another file was, or somebody put something else: what is
//! kept, and under which name.

use super::build::{base, build_file, installed, rpm, rpm_installs, work};
use super::system::{assert_same, listing, pack};
use crate::kit::{run, succeed, tool};

/// A file in `/opt/x`: how package `b` lists and makes it, which of the packages has it in the next
/// version, how that is listed and made, and what somebody does meanwhile.
type Row = (
    (&'static str, &'static str),
    &'static str,
    (&'static str, &'static str),
    &'static str,
);

const ONE: &str = "echo one > N";
const TWO: &str = "echo two > N";
const KEEP: &str = "%config(noreplace)";
const MINE: &str = "echo mine > N";
const FOLDER: &str = "rm N; mkdir N; echo mine > N/more";
const EMPTY: &str = "rm N; mkdir N";

const ROWS: &[Row] = &[
    (("", ONE), "a", ("", TWO), ":"),
    (("", ONE), "a", ("", TWO), MINE),
    (("", ONE), "a", ("%config", TWO), ":"),
    (("", ONE), "a", ("%config", TWO), MINE),
    (("", ONE), "a", (KEEP, TWO), ":"),
    (("", ONE), "a", (KEEP, TWO), MINE),
    (("", ONE), "b", (KEEP, TWO), ":"),
    (("", ONE), "a", ("%config(missingok)", TWO), "rm N"),
    (("%config", ONE), "a", (KEEP, TWO), ":"),
    (("%config", ONE), "a", (KEEP, TWO), MINE),
    (("%config", ONE), "a", ("", TWO), MINE),
    (("%config", ONE), "b", ("%config", TWO), FOLDER),
    (("%config", ONE), "b", ("%config", TWO), EMPTY),
    (("%config", ONE), "b", ("%config", ONE), FOLDER),
    (("%config", ONE), "b", (KEEP, TWO), FOLDER),
    (("%config", ONE), "b", ("", TWO), FOLDER),
    (("%config", ONE), "a", ("%config", TWO), FOLDER),
    (("%config", ONE), "b", ("%dir", "mkdir N"), MINE),
    (("%config", ONE), "b", ("%dir", "mkdir N"), ":"),
    (("%config", ONE), "b", ("%dir", "mkdir N"), FOLDER),
    (
        ("%config", ONE),
        "b",
        ("%dir", "mkdir N"),
        "ln -sf nowhere N",
    ),
    (
        ("%config", ONE),
        "b",
        ("%config", "ln -s there N"),
        "ln -sf there N",
    ),
    (
        ("%config", "ln -s x N"),
        "b",
        ("%config", TWO),
        "rm N; echo two > N",
    ),
    (
        ("%dir", "mkdir N"),
        "b",
        (KEEP, TWO),
        "rmdir N; echo mine > N",
    ),
];

#[test]
fn what_was_there_is_kept_as_with_rpm() {
    let work = work("settings");
    let tar = base(&work);
    let theirs = work.join("base");
    let rows = |change: &dyn Fn(&Row) -> Option<String>| -> String {
        let rows = ROWS.iter().enumerate().filter_map(|(number, row)| {
            let name = format!("r{number:02}");
            Some(change(row)?.replace('N', &name) + "\n")
        });
        rows.collect()
    };
    for (version, name) in [("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")] {
        let of = |row: &Row| match version {
            "1" => (name == "b").then_some(row.0),
            _ => (name == row.1).then_some(row.2),
        };
        let made = rows(&|row| Some(of(row)?.1.to_owned()));
        let listed = rows(&|row| Some(of(row)?.0.to_owned() + " /opt/x/N"));
        let text = format!(
            "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\n\
             BuildArch: noarch\nAutoReqProv: no\n%description\nx\n%install\n\
             mkdir -p %{{buildroot}}/opt/x\ncd %{{buildroot}}/opt/x\ntouch {name}\n{made}\n\
             %files\n/opt/x/{name}\n{listed}"
        );
        let spec = work.write(&format!("{name}-{version}.spec"), text);
        build_file(&work, &spec, &format!("rpms{version}"), &[]);
    }
    if !rpm_installs() {
        return;
    }
    let by_rpm = |version: &str| {
        let files =
            ["a", "b"].map(|name| work.join(format!("rpms{version}/{name}-{version}.noarch.rpm")));
        succeed(rpm(&theirs).args(["-U", "--noplugins"]).args(files));
    };
    by_rpm("1");
    let changes = rows(&|row| Some(row.3.to_owned()));
    let script = format!(
        "set -e\ncd {}/opt/x\nmkdir there\n{changes}find . -exec touch -hd @1000 {{}} +",
        theirs.display()
    );
    succeed(tool("sh").args(["-c", &script]));
    pack(&theirs, &tar);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\nrpms: [rpms2]\ntable: none\n",
    );
    let plan = run(work.hsb(["plan", "-i"]).arg(&tar));
    let want = "/opt/x/r11 was changed before; it is kept as /opt/x/r11.rpmsave, and that of b-2-1";
    assert!(plan.stderr.contains(want), "{plan:#?}");
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    by_rpm("2");
    assert_same(&listing(mounted.path()), &listing(&theirs));
}

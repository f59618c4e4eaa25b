//! Packages that dpkg-deb would not make, and systems that are not plain: dpkg takes them or not,
//! and so does hsb.

use std::fs;
use std::path::Path;

use super::build::{described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::{assert_same, pack};
use crate::kit::{Work, run, succeed, tool};

struct Row {
    /// What is installed already: state, lines before and behind its version, and files.
    before: [&'static str; 3],
    listed: &'static str,
    /// Further lines of the header.
    fields: &'static str,
    /// Files beside the header, as in `NAME=TEXT`.
    control: &'static [&'static str],
    /// What it consists of, with bytes as in `\xe9`.
    members: &'static str,
    /// What hsb says of it if it refuses it.
    refused: Option<&'static str>,
}

const PLAIN: Row = Row {
    before: ["install ok installed", "", ""],
    listed: "/.",
    fields: "",
    control: &[],
    members: "f ./opt/a",
    refused: None,
};

const LEFT: [&str; 3] = [
    "deinstall ok config-files",
    "",
    "Conffiles:\n /etc/c d41d8cd98f00b204e9800998ecf8427e\n",
];

const ROWS: &[Row] = &[
    PLAIN,
    Row {
        fields: "Depends: there:any\n",
        refused: Some("pk 1 (all) depends on there:any, which nothing provides"),
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "Multi-Arch: allowed\n", ""],
        fields: "Depends: there:any\n",
        ..PLAIN
    },
    Row {
        fields: "Depends: there:native\n",
        refused: Some("pk 1 (all) depends on there:native, which nothing provides"),
        ..PLAIN
    },
    Row {
        fields: "Depends: there:all, there:amd64\n",
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "Multi-Arch: foreign\n", ""],
        fields: "Depends: there:any\n",
        refused: Some("pk 1 (all) depends on there:any, which nothing provides"),
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v:any\n"],
        fields: "Depends: v:any\n",
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v\n"],
        fields: "Depends: v:any\n",
        refused: Some("pk 1 (all) depends on v:any, which nothing provides"),
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v:any\n"],
        fields: "Depends: v\n",
        refused: Some("pk 1 (all) depends on v, which nothing provides"),
        ..PLAIN
    },
    Row {
        before: [
            "install ok installed",
            "Multi-Arch: allowed\n",
            "Provides: v\n",
        ],
        fields: "Depends: v:any\n",
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v:i386 (= 3)\n"],
        fields: "Depends: v:i386 (>= 2)\n",
        ..PLAIN
    },
    Row {
        before: [
            "install ok installed",
            "Multi-Arch: foreign\n",
            "Provides: v:i386\n",
        ],
        fields: "Depends: v\n",
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v (>= 2)\n"],
        fields: "Depends: v\n",
        refused: Some("pk 1 (all) depends on v, which nothing provides"),
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v\n"],
        fields: "Conflicts: v:i386\n",
        refused: Some("pk 1 (all) conflicts with v:i386, which is there 2 (amd64)"),
        ..PLAIN
    },
    Row {
        fields: "Conflicts: there:all\n",
        refused: Some("pk 1 (all) conflicts with there:all, which is there 2 (amd64)"),
        ..PLAIN
    },
    Row {
        before: ["install ok installed", "", "Provides: v (>= 2)\n"],
        fields: "Conflicts: there:i386, there:native, v\n",
        ..PLAIN
    },
    Row {
        fields: "Conflicts: there\nReplaces: there\n",
        ..PLAIN
    },
    Row {
        listed: "/.\n/opt\n/opt/a",
        fields: "Replaces: there:i386, there:native\n",
        refused: Some("pk 1 (all) and there 2 (amd64) both have /opt/a"),
        ..PLAIN
    },
    Row {
        listed: "/.\n/opt\n/opt/a",
        fields: "Replaces: there:all\n",
        ..PLAIN
    },
    Row {
        before: ["hold ok installed", "", ""],
        fields: "Conflicts: there\nReplaces: there\n",
        refused: Some("pk 1 (all) conflicts with there"),
        ..PLAIN
    },
    Row {
        control: &["conffiles=/opt/a\\0\\n"],
        refused: Some("conffiles: \"/opt/a\\0\" has a byte 0"),
        ..PLAIN
    },
    Row {
        control: &["conffiles=opt/\\xe9\\n"],
        refused: Some("conffiles: \"opt/\\xe9\" is no absolute path"),
        ..PLAIN
    },
    Row {
        control: &["conffiles=/opt/c\\xe9\\n"],
        members: "f ./opt/c\\xe9\nf ./opt/b\\xc3\\xa9",
        ..PLAIN
    },
    Row {
        before: LEFT,
        listed: "/etc\n/etc/c",
        control: &["conffiles=/etc/c\\n"],
        members: "d ./etc/\nf ./etc/c",
        ..PLAIN
    },
    Row {
        control: &["triggers=interest foo # y\\n"],
        refused: Some("triggers: \"interest foo # y\""),
        ..PLAIN
    },
    Row {
        control: &["triggers=interest /opt/\n"],
        refused: Some("triggers: \"interest /opt/\""),
        ..PLAIN
    },
    Row {
        control: &["triggers=activate a_b\nactivate /opt/\n"],
        ..PLAIN
    },
    Row {
        control: &["triggers=interest foo"],
        refused: Some("triggers: the last line has no end"),
        ..PLAIN
    },
    Row {
        control: &["triggers=# x\\r\\n\\n interest\\tfoo \\n"],
        ..PLAIN
    },
    Row {
        control: &["triggers=interest foo\\r\\n"],
        refused: Some("triggers: \"interest foo\\r\""),
        ..PLAIN
    },
    Row {
        control: &["triggers=\\r\\n"],
        refused: Some("triggers: \"\\r\""),
        ..PLAIN
    },
    Row {
        members: "x x\nf ./opt/a",
        refused: Some("data.tar: a header of the type 'x', where only 0123456KL may be"),
        ..PLAIN
    },
    Row {
        members: "g g\nf ./opt/a",
        refused: Some("data.tar: a header of the type 'g'"),
        ..PLAIN
    },
    Row {
        members: "c ./opt/a",
        refused: Some("data.tar: a header of the type '7'"),
        ..PLAIN
    },
    Row {
        members: "v v\nf ./opt/a",
        refused: Some("data.tar: a header of the type 'V'"),
        ..PLAIN
    },
    Row {
        members: "l ./opt/l ../etc\nf ./opt/l/x",
        refused: Some("/opt/l/x: the package has no folder /opt/l before it"),
        ..PLAIN
    },
    Row {
        members: "f ./opt/q/a\nd ./opt/q/",
        refused: Some("/opt/q/a: the package has no folder /opt/q before it"),
        ..PLAIN
    },
    Row {
        members: "l ./opt/a zz\nh ./opt/b ./opt/a",
        refused: Some("/opt/b is a hard link to what is no file before it: /opt/a"),
        ..PLAIN
    },
    Row {
        members: "f ./opt/a\nd ./opt/a/",
        refused: Some("/opt/a: a folder, but a file before it"),
        ..PLAIN
    },
    Row {
        members: "f ./opt/a\nh ./opt/b ./opt/a\nd ./opt/d/\nf ./opt/d/e\nl ./opt/c a",
        ..PLAIN
    },
];

#[test]
fn odd_packages_are_as_dpkg_takes_them() {
    let work = Work::under(Path::new("/dev/shm"), "deb-judged");
    if !dpkg_installs() {
        return;
    }
    let make = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_debs/make.py");
    work.write("build.yaml", "modules: [install_debs]\ndebs: [pk.deb]\n");
    for (number, row) in ROWS.iter().enumerate() {
        let folder = system(&work, &format!("system{number}"));
        let admin = folder.join("var/lib/dpkg");
        let [state, multi, settings] = row.before;
        let status = format!(
            "Package: there\nStatus: {state}\nMaintainer: a\nArchitecture: amd64\n{multi}Version: 2\n\
             {settings}Description: x\n\n"
        );
        fs::write(admin.join("status"), status).unwrap();
        fs::write(admin.join("info/there.list"), format!("{}\n", row.listed)).unwrap();
        if row.listed.contains("/etc/c") {
            fs::write(folder.join("etc/c"), "").unwrap();
        }
        let header = "Package: pk\nVersion: 1\nArchitecture: all\nMaintainer: a\n";
        let header = format!("{header}{}Description: x\n", row.fields);
        let members = format!("d ./\nd ./opt/\n{}", row.members);
        let deb = work.join("pk.deb");
        succeed(
            tool("python3")
                .arg(make)
                .arg(&deb)
                .args([header, members])
                .args(row.control),
        );
        let mounted = match row.refused {
            None => installed(&work, &folder, "modules: [install_debs]\ndebs: [pk.deb]\n"),
            Some(want) => {
                pack(&folder, &work.join("system.tar"));
                let ours = run(work.hsb(["plan", "-i"]).arg(work.join("system.tar")));
                let is_told = matches!(ours.code, Some(1 | 2)) && ours.stderr.contains(want);
                assert!(is_told, "{number}: {want}: {ours:#?}");
                None
            }
        };
        let theirs = run(dpkg(&folder).args(["--force-not-root", "-i"]).arg(&deb));
        let is_taken = theirs.code == Some(0);
        assert_eq!(is_taken, row.refused.is_none(), "{number}: {theirs:#?}");
        if let Some(mounted) = mounted {
            let status = |root: &Path| {
                let text = fs::read(root.join("var/lib/dpkg/status")).unwrap();
                text.escape_ascii().to_string().replace("\\n", "\n")
            };
            assert_eq!(status(mounted.path()), status(&folder), "{number}");
            // dpkg leaves an empty list of its own.
            let [ours, theirs] = [mounted.path(), &folder].map(|root| {
                let mut lines = described(root);
                lines.retain(|line| !line.starts_with("var/lib/dpkg/triggers/Unincorp"));
                lines
            });
            assert_same(&ours, &theirs);
        }
    }
}

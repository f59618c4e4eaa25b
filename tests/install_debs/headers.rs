//! Headers of packages: what dpkg refuses hsb refuses, and what it takes is in its list alike.

use std::fs;
use std::path::{Path, PathBuf};

use super::build::{dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::pack;
use crate::kit::{Work, run, succeed, tool};

/// The lines that no row has to say.
const REST: &str = "Maintainer: a\nDescription: x\n";

/// Headers behind `Package: pk`, with what hsb says of them.
const REFUSED: &[(&str, &str)] = &[
    (
        "Essential: maybe",
        "Essential is \"maybe\", but has to be yes or no",
    ),
    ("Essential: yes no", "has to be yes or no"),
    ("Protected: 3", "Protected is \"3\""),
    (
        "Multi-Arch: same",
        "Multi-Arch is same, but Architecture is all",
    ),
    (
        "Multi-Arch: SAME",
        "Multi-Arch is same, but Architecture is all",
    ),
    ("Multi-Arch: bogus", "Multi-Arch is \"bogus\""),
    (
        "Priority: optional x",
        "Priority is \"optional x\", but has to be one word",
    ),
    ("Priority: requiredx", "has to be one word"),
    (
        "Version: abc",
        "Version has the version \"abc\", which does not begin with a digit",
    ),
    ("Version: ~1", "does not begin with a digit"),
    ("Version: 1:a1", "does not begin with a digit"),
    ("Version: 1_2", "a character that versions cannot have"),
    ("Version: 1-", "an empty revision"),
    ("Version: -1:3", "an epoch that is no number"),
    ("Version:", "the field Version is missing"),
    (
        "Status: install ok installed",
        "a package cannot say Status, which is for dpkg's list only",
    ),
    ("Status:", "cannot say Status"),
    ("Config-Version: 1", "cannot say Config-Version"),
    ("Triggers-Pending: x", "cannot say Triggers-Pending"),
    ("Triggers-Awaited: x", "cannot say Triggers-Awaited"),
    (
        "Conffiles: /a 1",
        "Conffiles has \"/a 1\", which is no path with a digest",
    ),
    ("Conffiles:\n /a 1\n x", "Conffiles has \" x\""),
    (
        "Filename: a b\nSize: 1",
        "Size has no value, or not as many",
    ),
    ("Filename:", "Filename has no value"),
    ("X: 1", "the name of the field \"X\" is too short"),
    ("Xy: 1\nxy: 2", "has the field xy once more"),
    ("Xy: a\n \n b", "has only spaces"),
    ("Xy: a\n\nYx: b", "no `Field: value`"),
    ("-xy: 1", "no `Field: value`"),
    ("Depends: a,,b", "Depends has an empty place"),
    ("Depends: a,", "Depends has an empty place"),
    ("Depends: ,a", "Depends has an empty place"),
    ("Depends:\n a,\n b", "Depends has an empty place"),
    ("Replaces:\n a", "Replaces has an empty place"),
    ("Version:\n 1", "does not begin with a digit"),
    ("Depends: a | | b", "Depends has an empty place"),
    ("Recommended: a,,b", "Recommends has an empty place"),
    ("Enhances: a,,b", "Enhances has an empty place"),
    ("Depends: a (>= abc)", "Depends has the version \"abc\""),
    ("Replaces: a (>= abc)", "Replaces has the version \"abc\""),
    (
        "Depends: a (>= 1",
        "Depends has \"a (>= 1\", which is no relation",
    ),
    ("Depends: a (<> 1)", "which is no relation"),
    ("Depends: a:b_c", "which is no relation"),
    ("Depends: a [amd64]", "which is no relation"),
    (
        "Conflicts: a | b",
        "Conflicts has \"a | b\", but cannot have alternatives",
    ),
    ("Breaks: a | b", "Breaks has \"a | b\""),
    ("Provides: a | b", "Provides has \"a | b\""),
    ("Replaces: a | b", "Replaces has \"a | b\""),
];

/// Headers that dpkg takes. Packages have the names `p0`, `p1` and so on.
const TAKEN: &[&str] = &[
    "Priority: OPTIONAL",
    "Priority: Odd words",
    "Essential: YES",
    "Essential: no\nProtected: NO",
    "Essential:\nDepends:\nMulti-Arch:",
    "Multi-Arch: FOREIGN",
    "Architecture: amd64\nMulti-Arch: Same",
    "Multi-Arch: NO\nImportant: 3",
    "Revision: 2",
    "Class: x\nRecommended: a\nOptional: b",
    "Recommends: A (1), b(>=2),c:any  |  d",
    "Filename: x\nSize: 1\nMD5sum: 2\nSHA256: 3",
    "Conffiles:\n /a 1",
    "Xy:\nYx: a\t \n b  ",
    "#xy:\n a\n\tb",
    "Source: x (2)\nSection: x y",
    "Version: +1:3",
    "Version: -0:3\nRecommends: a (>= +1:2)",
    "X-\u{e9}: 1\nX-\u{1}\u{7f}: 2",
];

fn header(name: &str, lines: &str) -> Vec<u8> {
    let mut text = format!("Package: {name}\n");
    for (field, usual) in [("Version", "1-4"), ("Architecture", "all")] {
        if !lines.starts_with(&format!("{field}:")) {
            text += &format!("{field}: {usual}\n");
        }
    }
    format!("{text}{lines}\n{REST}").into_bytes()
}

/// Makes a package with a header, whatever is in it.
fn build(work: &Work, name: &str, header: &[u8]) -> PathBuf {
    let tree = work.join("deb");
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir_all(tree.join("DEBIAN")).unwrap();
    fs::write(tree.join("DEBIAN/control"), header).unwrap();
    fs::write(tree.join(name), name).unwrap();
    let file = work.join(format!("{name}.deb"));
    let mut build = tool("dpkg-deb");
    build.args(["--nocheck", "--root-owner-group", "-Znone", "--build"]);
    succeed(build.arg(&tree).arg(&file));
    file
}

#[test]
fn headers_that_dpkg_refuses() {
    let work = Work::under(Path::new("/dev/shm"), "headers-refused");
    let folder = system(&work, "system");
    let tar = work.join("system.tar");
    pack(&folder, &tar);
    work.write("build.yaml", "modules: [install_debs]\ndebs: [pk.deb]\n");
    let whole = header("pk", "Xy: 1");
    let mut rows: Vec<_> = REFUSED
        .iter()
        .map(|(lines, want)| (header("pk", lines), *want))
        .collect();
    rows.push((
        whole[..whole.len() - 1].to_vec(),
        "the last line has no end",
    ));
    rows.push((
        [&whole, &b"Zy:\n"[..]].concat(),
        "the last field has no value",
    ));
    rows.push((
        [&whole, &b"\xe9: 1\n"[..]].concat(),
        "the name of the field \"\\xe9\" is too short",
    ));
    for (header, want) in rows {
        let file = build(&work, "pk", &header);
        let header = String::from_utf8_lossy(&header);
        let mut judge = dpkg(&folder);
        judge.args(["--force-not-root", "--force-depends", "--no-act", "-i"]);
        let judged = run(judge.arg(file));
        assert!(judged.code == Some(1), "dpkg takes {header}: {judged:#?}");
        let run = run(work.hsb(["build", "-o", "image.raw", "-i"]).arg(&tar));
        let is_told = run.stderr.contains(want) && run.stderr.contains("build.yaml:2:8: pk.deb:");
        assert!(run.code == Some(2) && is_told, "{header}: {run:#?}");
        assert!(!work.join("image.raw").exists());
    }
}

#[test]
fn headers_that_dpkg_takes() {
    let work = Work::under(Path::new("/dev/shm"), "headers-taken");
    let folder = system(&work, "system");
    let names: Vec<String> = (0..).map(|n| format!("p{n}")).take(TAKEN.len()).collect();
    let mut headers: Vec<_> = names.iter().zip(TAKEN).collect();
    let upper = "UPPER".to_owned();
    headers.push((&upper, &"Provides: Other"));
    let mut files = Vec::new();
    for (name, lines) in headers {
        files.push(build(&work, name, &header(name, lines)));
    }
    // Not in UTF-8, as names of maintainers were.
    let odd = b"Xa: \xe4\xff!\nX-\xe9: 1\n";
    let latin = [&*header("latin", "Xy: 1"), odd].concat();
    files.push(build(&work, "latin", &latin));
    let list = files.iter().map(|file| file.file_name().unwrap().to_str());
    let list: Vec<_> = list.map(Option::unwrap).collect();
    let recipe = format!("modules: [install_debs]\ndebs: [{}]\n", list.join(", "));
    let Some(mounted) = installed(&work, &folder, &recipe) else {
        return;
    };
    let image = mounted.path();
    let admin = "var/lib/dpkg";
    let files_of = |root: &Path| {
        let names = fs::read_dir(root.join(admin).join("info")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    if dpkg_installs() {
        succeed(
            dpkg(&folder)
                .args(["--force-depends", "--force-unsafe-io", "-i"])
                .args(&files),
        );
        let status = |root: &Path| {
            let text = fs::read(root.join(admin).join("status")).unwrap();
            text.escape_ascii().to_string().replace("\\n", "\n")
        };
        assert_eq!(status(image), status(&folder));
        assert_eq!(files_of(image), files_of(&folder));
    }
    let audit = run(dpkg(image).arg("--audit"));
    assert_eq!(
        (audit.code, &*audit.stdout, &*audit.stderr),
        (Some(0), "", "")
    );
}

//! What was wrong once, and was found by reading: one row each.

use std::fs;
use std::path::Path;

use super::build::{base, build_file, build_target, work};
use super::system::pack;
use crate::kit::run;

/// Writes a spec of one file.
fn spec(
    work: &crate::kit::Work,
    name: &str,
    version: &str,
    install: &str,
    files: &str,
) -> std::path::PathBuf {
    let text = format!(
        "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
         %description\nx\n%install\nmkdir -p %{{buildroot}}/etc\ncd %{{buildroot}}/etc\n{install}\n\
         %files\n{files}\n"
    );
    work.write(&format!("{name}-{version}.spec"), text)
}

#[test]
fn two_versions_with_another_machine_between() {
    let work = work("between");
    let base = base(&work);
    for (version, target) in [
        ("1", "x86_64-linux"),
        ("2", "i686-linux"),
        ("2", "x86_64-linux"),
    ] {
        let spec = spec(&work, "pair", version, "echo x > pair", "/etc/pair");
        build_target(&work, &spec, "rpms", target, &[]);
    }
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
    let run = run(work.hsb(["plan", "-i"]).arg(&base));
    assert!(
        run.code == Some(1) && run.stderr.contains("pair-1-1.x86_64 is listed as well"),
        "{run:#?}"
    );
}

#[test]
fn a_name_that_has_no_room_for_its_ending() {
    let work = work("long");
    let tar = base(&work);
    let name = "n".repeat(253);
    let install = format!("echo new > {name}");
    let spec = spec(
        &work,
        "long",
        "1",
        &install,
        &format!("%config(noreplace) /etc/{name}"),
    );
    build_file(&work, Path::new(&spec), "rpms", &[]);
    let folder = work.join("base");
    fs::write(folder.join("etc").join(&name), "mine\n").unwrap();
    pack(&folder, &tar);
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
    let run = run(work.hsb(["plan", "-i"]).arg(&tar));
    assert!(
        run.code == Some(1) && run.stderr.contains("long-1.x86_64.rpm: /etc/nnn"),
        "{run:#?}"
    );
}

#[test]
fn a_database_with_a_view() {
    let work = work("view");
    let tar = base(&work);
    let folder = work.join("base");
    let spec = spec(&work, "some", "1", "echo x > some", "/etc/some");
    build_file(&work, Path::new(&spec), "rpms", &[]);
    let database = folder.join("var/lib/rpm/rpmdb.sqlite");
    for (statement, code) in [
        ("CREATE TABLE more (a)", 0),
        (
            "CREATE VIEW Packages AS SELECT 1 AS hnum, zeroblob(1000) AS blob",
            1,
        ),
        (
            "CREATE TABLE t (a); CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END",
            1,
        ),
    ] {
        fs::create_dir_all(database.parent().unwrap()).unwrap();
        drop(fs::remove_file(&database));
        let script = format!(
            "import sqlite3\nd = sqlite3.connect({:?})\nd.executescript({statement:?})\n",
            database.display().to_string()
        );
        crate::kit::succeed(crate::kit::tool("python3").args(["-c", &script]));
        pack(&folder, &tar);
        work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
        let run = run(work.hsb(["plan", "-i"]).arg(&tar));
        let told = code == 0
            || run
                .stderr
                .contains("it has views or triggers, which rpm never makes");
        assert!(run.code == Some(code) && told, "{statement}: {run:#?}");
    }
}

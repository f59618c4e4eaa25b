//! What was wrong once, and was found by reading: one row each.

use std::fs;
use std::path::Path;

use super::build::{
    NOW, base, build_file, build_target, installed, recipe, rpm, rpm_installs, work,
};
use super::system::{assert_same, dump, listing, pack};
use crate::kit::{run, succeed, tool};

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
    let never = "it has views or triggers, which rpm never makes";
    for (statement, want) in [
        ("CREATE TABLE more (a)", "it has no table Packages"),
        (
            "CREATE VIEW Packages AS SELECT 1 AS hnum, zeroblob(1000) AS blob",
            never,
        ),
        (
            "CREATE TABLE t (a); CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END",
            never,
        ),
    ] {
        fs::create_dir_all(database.parent().unwrap()).unwrap();
        drop(fs::remove_file(&database));
        let script = format!(
            "import sqlite3\nd = sqlite3.connect({:?})\nd.executescript({statement:?})\n",
            database.display().to_string()
        );
        succeed(tool("python3").args(["-c", &script]));
        pack(&folder, &tar);
        work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
        let run = run(work.hsb(["plan", "-i"]).arg(&tar));
        let told = run.stderr.contains(want);
        assert!(run.code == Some(1) && told, "{statement}: {run:#?}");
    }
}

#[test]
fn databases_that_rpm_finds_fault_with() {
    let work = work("faults");
    let tar = base(&work);
    let folder = work.join("base");
    for name in ["some", "more"] {
        let spec = spec(
            &work,
            name,
            "1",
            &format!("echo x > {name}"),
            &format!("/etc/{name}"),
        );
        build_file(&work, Path::new(&spec), "rpms", &[]);
    }
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nrpms: [rpms/more*]\n",
    );
    if !rpm_installs() {
        return;
    }
    let rpm = |args: &[&str]| {
        let mut rpm = rpm(&folder);
        rpm.current_dir(work.path())
            .args(args)
            .env("SOURCE_DATE_EPOCH", NOW);
        run(&mut rpm).code
    };
    let database = folder.join("var/lib/rpm/rpmdb.sqlite");
    let install = ["-i", "--noplugins", "rpms/more-1.x86_64.rpm"];
    for (change, code, want, asked) in [
        ("SELECT 1", 0, "more-1-1.x86_64 installed", None),
        ("CREATE TABLE a (b)", 0, "more-1-1.x86_64 installed", None),
        (
            "DROP INDEX Name_key_idx",
            0,
            "more-1-1.x86_64 installed",
            None,
        ),
        (
            "DROP TABLE Name",
            1,
            "rpmdb.sqlite: its table Name has 0 columns, that of rpm 3",
            Some(&install[..]),
        ),
        (
            "DROP TABLE Sigmd5",
            1,
            "rpmdb.sqlite: its table Sigmd5 has 0 columns, that of rpm 3",
            Some(&install),
        ),
        (
            "ALTER TABLE Name ADD COLUMN more",
            1,
            "rpmdb.sqlite: its table Name has 4 columns, that of rpm 3",
            Some(&install),
        ),
        (
            "ALTER TABLE Packages ADD COLUMN more",
            1,
            "rpmdb.sqlite: its table Packages has 3 columns, that of rpm 2",
            Some(&install),
        ),
        (
            "UPDATE Packages SET hnum = hnum + 40",
            0,
            "of the image's package database /var/lib/rpm/rpmdb.sqlite has rows of packages that are not",
            Some(&["--verifydb"]),
        ),
    ] {
        fs::remove_dir_all(folder.join("var/lib/rpm")).unwrap_or_default();
        assert_eq!(
            rpm(&["-i", "--noplugins", "rpms/some-1.x86_64.rpm"]),
            Some(0)
        );
        let script = format!(
            "import sqlite3\nd = sqlite3.connect({:?})\nd.executescript({change:?})\n",
            database.display().to_string()
        );
        succeed(tool("python3").args(["-c", &script]));
        pack(&folder, &tar);
        let ours = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        assert!(
            ours.code == Some(code) && ours.stderr.contains(want),
            "{change}: {ours:#?}"
        );
        let is_told = ours.stderr.contains("rpm --rebuilddb");
        assert_eq!(is_told, asked.is_some(), "{change}: {ours:#?}");
        if let Some(asked) = asked {
            assert_ne!(rpm(asked), Some(0), "{change}");
        }
    }
    fs::remove_file(&database).unwrap();
    std::os::unix::fs::symlink("/opt/nowhere/x", &database).unwrap();
    pack(&folder, &tar);
    let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
    let want = "/var/lib/rpm/rpmdb.sqlite is no file, and no link to one";
    assert!(
        ours.code == Some(1) && ours.stderr.contains(want),
        "{ours:#?}"
    );
}

/// The beginning of a log of sqlite: magic, version, size of pages and so on, with the checksum of
/// these.
fn log(numbers: [u32; 8]) -> Vec<u8> {
    let bytes = numbers.iter().flat_map(|number| number.to_be_bytes());
    bytes.chain([0; 5000]).collect()
}

#[test]
fn logs_that_are_none() {
    let work = work("logs");
    let tar = base(&work);
    let folder = work.join("base");
    let spec = spec(&work, "some", "1", "echo x > some", "/etc/some");
    build_file(&work, &spec, "rpms", &[]);
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
    if !rpm_installs() {
        return;
    }
    let file = work.join("rpms/some-1.x86_64.rpm");
    succeed(rpm(&folder).args(["-i", "--noplugins"]).arg(file));
    let database = folder.join("var/lib/rpm/rpmdb.sqlite");
    let script = format!(
        "import sqlite3\nsqlite3.connect({:?}).execute('PRAGMA wal_checkpoint(TRUNCATE)')\n",
        database.display().to_string()
    );
    succeed(tool("python3").args(["-c", &script]));
    let (magic, page) = (0x377f_0682, 4096);
    for (bytes, code) in [
        (Vec::new(), 0),
        (vec![0; 5000], 0),
        (b"junk".repeat(2000), 0),
        (
            log([magic, 3_007_000, page, 0, 1, 2, 0xd5e7_0313, 0x8fce_dab8]),
            0,
        ),
        (log([magic, 3_007_000, page, 0, 1, 2, 1, 1]), 0),
        (
            log([magic, 3_007_000, 1000, 0, 1, 2, 0xa5cd_0313, 0x47a7_dab8]),
            0,
        ),
        (
            log([magic, 3_007_001, page, 0, 1, 2, 0xd8e7_0313, 0x94ce_dab8]),
            1,
        ),
    ] {
        fs::write(folder.join("var/lib/rpm/rpmdb.sqlite-wal"), &bytes).unwrap();
        pack(&folder, &tar);
        let ours = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let judged = run(rpm(&folder).args(["-q", "some"]));
        let want = match code {
            0 => "some-1-1.x86_64 is installed already",
            _ => "its write-ahead log is damaged: it is of a version that is not known",
        };
        let row = &bytes[..bytes.len().min(32)];
        assert!(
            ours.code == Some(code) && ours.stderr.contains(want),
            "{row:?}: {ours:#?}"
        );
        assert_eq!(judged.code, Some(code), "{row:?}: {judged:#?}");
    }
}

#[test]
fn a_way_that_a_user_made_leads_to_what_stays() {
    let work = work("way-back");
    let tar = base(&work);
    let theirs = work.join("base");
    let files = "mkdir -p ../opt/mm/sub; echo x | tee ../opt/mm/hosts ../opt/mm/sub/deep";
    for (version, install, files) in [
        ("1", files, "/opt/mm/hosts\n/opt/mm/sub/deep"),
        ("2", "echo x > other", "/etc/other"),
    ] {
        let spec = spec(&work, "way", version, install, files);
        build_file(&work, &spec, &format!("rpms{version}"), &[]);
    }
    if !rpm_installs() {
        return;
    }
    let by_rpm = |option: &str, version: &str| {
        let file = work.join(format!("rpms{version}/way-{version}.x86_64.rpm"));
        succeed(rpm(&theirs).args([option, "--noplugins"]).arg(file));
    };
    by_rpm("-i", "1");
    let (link, own) = (theirs.join("opt/mm"), theirs.join("opt/own"));
    fs::rename(&link, &own).unwrap();
    std::os::unix::fs::symlink("own", &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(1000), Some(1000)).unwrap();
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\nrpms: [rpms2]\ntable: none\n",
    );
    pack(&theirs, &tar);
    let plan = run(work.hsb(["plan", "-i"]).arg(&tar));
    let want = "/opt/mm/sub/deep of way-1-1.x86_64 stays: /opt/mm is a link that user 1000 made";
    assert!(plan.stderr.contains(want), "{plan:#?}");
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    by_rpm("-U", "2");
    assert!(own.join("hosts").exists());
    assert_same(&listing(mounted.path()), &listing(&theirs));
}

/// Packages with further lines of the header, what they do in `/opt/x`, and their files: they share
/// files of different times, or obsolete each other.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    (
        "share-one",
        "",
        "echo x > f; echo x > c; ln -s f l; touch -d @1000 f c; touch -hd @1000 l",
        "/opt/x\n%config(noreplace) /opt/x/c",
    ),
    (
        "share-two",
        "Requires: share-one",
        "echo x > f; echo x > c; ln -s f l; touch -d @2000 f c; touch -hd @2000 l",
        "/opt/x\n%config(noreplace) /opt/x/c",
    ),
    (
        "round-one",
        "Obsoletes: round-two",
        "touch -d @1000 one",
        "/opt/x/one",
    ),
    (
        "round-two",
        "Obsoletes: round-one",
        "touch -d @1000 two",
        "/opt/x/two",
    ),
];

#[test]
fn pairs_are_as_with_rpm() {
    let work = work("pairs");
    let tar = base(&work);
    for (name, lines, install, files) in PAIRS {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             BuildArch: noarch\n{lines}\n%description\nx\n%install\n\
             mkdir -p %{{buildroot}}/opt/x\ncd %{{buildroot}}/opt/x\n{install}\n\
             touch -d @1000 .\n%files\n{files}\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        build_file(&work, &spec, "rpms", &[]);
    }
    recipe(&work, "");
    for setting in [None, Some("mine\n")] {
        let theirs = work.join("base");
        fs::remove_dir_all(theirs.join("opt")).unwrap_or_default();
        if let Some(setting) = setting {
            fs::create_dir_all(theirs.join("opt/x")).unwrap();
            fs::write(theirs.join("opt/x/c"), setting).unwrap();
        }
        pack(&theirs, &tar);
        let Some(mounted) = installed(&work, &tar) else {
            return;
        };
        if !rpm_installs() {
            return;
        }
        let packages = PAIRS
            .iter()
            .map(|(name, ..)| format!("rpms/{name}-1.noarch.rpm"));
        let mut judge = rpm(&theirs);
        judge.args(["-U", "--noplugins"]).args(packages);
        succeed(judge.current_dir(work.path()).env("SOURCE_DATE_EPOCH", NOW));
        assert_same(&listing(mounted.path()), &listing(&theirs));
        assert_same(&dump(mounted.path()), &dump(&theirs));
        fs::remove_dir_all(theirs.join("var/lib/rpm")).unwrap();
    }
}

#[test]
fn a_way_that_a_user_made() {
    let work = work("way");
    let tar = base(&work);
    let theirs = work.join("base");
    let install = "mkdir -p ../opt/mm; echo x > ../opt/mm/a";
    let spec = spec(&work, "way", "1", install, "/opt/mm/a");
    build_file(&work, Path::new(&spec), "rpms", &[]);
    if !rpm_installs() {
        return;
    }
    recipe(&work, "");
    fs::create_dir_all(theirs.join("opt")).unwrap();
    fs::create_dir_all(theirs.join("opt/own")).unwrap();
    for (user, target, is_followed) in [
        (0, "../etc", true),
        (1000, "../etc", false),
        (1000, "own", true),
    ] {
        let link = theirs.join("opt/mm");
        fs::remove_file(&link).unwrap_or_default();
        fs::remove_dir_all(theirs.join("var/lib/rpm")).unwrap_or_default();
        std::os::unix::fs::symlink(target, &link).unwrap();
        std::os::unix::fs::lchown(&link, Some(user), Some(user)).unwrap();
        std::os::unix::fs::chown(theirs.join("opt/own"), Some(1000), None).unwrap();
        pack(&theirs, &tar);
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let file = work.join("rpms/way-1.x86_64.rpm");
        let judged = run(rpm(&theirs).args(["-i", "--noplugins"]).arg(file));
        assert_eq!(judged.code == Some(0), is_followed, "{judged:#?}");
        let told = is_followed
            || ours
                .stderr
                .contains("/opt/mm is a link that user 1000 made");
        assert!((ours.code == Some(0)) == is_followed && told, "{ours:#?}");
    }
}

#[test]
fn databases_are_where_rpm_is_set_to_have_them() {
    let work = work("dbpath");
    let tar = base(&work);
    let folder = work.join("base");
    let spec = spec(&work, "some", "1", "echo x > some", "/etc/some");
    build_file(&work, Path::new(&spec), "rpms", &[]);
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
    let mut written = Vec::new();
    for (file, line, want) in [
        (
            "usr/lib/rpm/macros",
            "%_dbpath %{_usr}/lib/x",
            "/usr/lib/x/rpmdb.sqlite",
        ),
        (
            "usr/lib/rpm/macros.d/macros.x",
            "%_dbpath /x",
            "/x/rpmdb.sqlite",
        ),
        (
            "etc/rpm/macros.rpmnew",
            "%_dbpath /not-here",
            "/x/rpmdb.sqlite",
        ),
        (
            "etc/rpm/macros.db",
            "%_dbpath /y\n%_dbpath /opt/db",
            "/opt/db/rpmdb.sqlite",
        ),
        (
            "etc/rpm/macros",
            "%_dbpath\t%{unknown}/x",
            "/var/lib/rpm/rpmdb.sqlite",
        ),
        (
            "etc/rpm/macros",
            "%_dbpath /opt/db\n%_db_backend ndb",
            "/opt/db/Packages.db",
        ),
    ] {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("{line}\n")).unwrap();
        written.push(path);
        pack(&folder, &tar);
        // It is there, but no text to show.
        let run = run(work.hsb(["plan", "-q", "--show", want, "-i"]).arg(&tar));
        let is_there = run.stderr.contains(&format!("{want}: is no text"));
        assert!(is_there, "{file}: {run:#?}");
    }
    // What is there already is found.
    if !rpm_installs() {
        return;
    }
    fs::write(written.last().unwrap(), "%_dbpath /opt/db\n").unwrap();
    let mut judge = rpm(&folder);
    judge.args(["--define", "_dbpath /opt/db", "-i", "--noplugins"]);
    succeed(judge.arg(work.join("rpms/some-1.x86_64.rpm")));
    pack(&folder, &tar);
    let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
    assert!(
        run.stderr.contains("some-1-1.x86_64 is installed already"),
        "{run:#?}"
    );
}

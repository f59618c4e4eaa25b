//! Databases of other kinds than sqlite: samples of rpm's own, which
//! `scripts/make-rpm-databases` makes, and lets rpm judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use fsgen::{Meta, Timestamp, Tree};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Root};

use super::build::{NOW, base, hsb, rpm, rpm_installs, work};
use super::system::{assert_same, dump, pack};
use crate::accounts::NoFiles;
use crate::kit::{Work, fail, run, succeed, tool};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rpm-databases.tar.gz");

/// Makes a system with the database of a sample, or none; packages are in `rpms`.
fn system(work: &Work, database: &str) -> PathBuf {
    succeed(
        tool("tar")
            .arg("-C")
            .arg(work.path())
            .args(["-xf", SAMPLES]),
    );
    base(work);
    let system = work.join("base");
    let folder = system.join("var/lib/rpm");
    fs::create_dir_all(&folder).unwrap();
    if !database.is_empty() {
        for entry in fs::read_dir(work.join(database)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    system
}

/// Lets each step install one package; returns the files of the image.
fn installed(work: &Work, system: &Path, names: &[&str]) -> PathBuf {
    let steps = names
        .iter()
        .map(|name| format!("  - install_rpms: {{rpms: [rpms/{name}.rpm]}}\n"));
    let steps: String = steps.collect();
    work.write(
        "build.yaml",
        format!("size: 64M\ntable: none\nmodules:\n{steps}"),
    );
    let tar = work.join("system.tar");
    pack(system, &tar);
    succeed(&mut hsb(work, &tar));
    let (tar, tree) = (work.join("image.tar"), work.join("image"));
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir(&tree).unwrap();
    let export = work.hsb(["export", "image.raw", "-o"]).arg(&tar).output();
    assert!(export.unwrap().status.success());
    let mut unpack = tool("tar");
    unpack.arg("-C").arg(&tree).arg("-xpf").arg(&tar);
    unpack.args(["--exclude=./dev", "--exclude=dev"]);
    succeed(&mut unpack);
    tree
}

fn macros(system: &Path, line: &str) {
    let file = system.join("usr/lib/rpm/macros");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, line).unwrap();
}

/// What a list of packages has of the image.
fn listed(work: &Work, tree: &Path) -> String {
    let text = "modules: [sbom]\nsbom: {cyclonedx: /list}\n";
    let recipe = work.write("list.yaml", text);
    let tar = work.join("list.tar");
    pack(tree, &tar);
    let mut plan = work.hsb(["plan", "-q", "--show", "/list", "-f"]);
    let list = succeed(plan.arg(recipe).arg("-i").arg(&tar));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let components = list["components"].as_array().unwrap().iter();
    let words = components.map(|component| {
        let [name, version] = ["name", "version"].map(|key| component[key].as_str().unwrap());
        format!("{name} {version}\n")
    });
    words.collect()
}

#[test]
fn ndb_is_written_as_rpm_writes_it() {
    let work = work("ndb");
    let system = system(&work, "");
    macros(&system, "%_db_backend\t      ndb\n");
    let image = installed(&work, &system, &["payload-a-1.0", "next-1.9"]);
    let read = |folder: &Path, name: &str| fs::read(folder.join(name)).unwrap();
    let (ours, theirs) = (image.join("var/lib/rpm"), work.join("ndb"));
    assert!(read(&ours, "Packages.db") == read(&theirs, "Packages.db"));
    // rpm counts each change of an index; that and nothing else is another number.
    let counted = |name: &Path| {
        let mut bytes = read(name, "Index.db");
        let starts: Vec<usize> = (0..bytes.len())
            .step_by(4096)
            .filter(|at| bytes[*at..].starts_with(b"Rpm"))
            .collect();
        assert_eq!(starts.len(), 19);
        for start in starts {
            bytes[start + 8..start + 12].fill(0);
        }
        bytes
    };
    assert!(counted(&ours) == counted(&theirs));
    assert!(!ours.join("rpmdb.sqlite").exists());
    assert_eq!(listed(&work, &image), "next 1.9-1\npayload-a 1.0-1\n");
}

#[test]
fn ndb_is_extended() {
    let work = work("ndb-more");
    let system = system(&work, "ndb");
    let image = installed(&work, &system, &["payload-b-1.0", "next-1.10"]);
    let want = "next 1.10-1\npayload-a 1.0-1\npayload-b 1.0-1\n";
    assert_eq!(listed(&work, &image), want);
    assert!(!image.join("usr/share/next/only-1.9").exists());
    // The number of the next package goes on.
    let packages = fs::read(image.join("var/lib/rpm/Packages.db")).unwrap();
    assert_eq!(packages[16], 5);
    let damaged = system.join("var/lib/rpm/Packages.db");
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[5000] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let tar = work.join("system.tar");
    pack(&system, &tar);
    let told = fail(&mut hsb(&work, &tar), 1);
    let want = "/var/lib/rpm/Packages.db: it is damaged: package 1: its checksum is wrong";
    assert!(told.contains(want), "{told}");
}

#[test]
fn bdb_is_read_and_changed_at_the_first_boot() {
    let work = work("bdb");
    let system = system(&work, "bdb");
    let steps = ["next-1.10", "payload-b-1.0"];
    let recipe = "modules: [install_rpms]\nrpms: [rpms/next-1.10.rpm]\n";
    work.write("build.yaml", recipe);
    let tar = work.join("system.tar");
    pack(&system, &tar);
    let told = fail(&mut hsb(&work, &tar), 1);
    assert!(told.contains("has no systemd"), "{told}");

    let systemd = system.join("usr/lib/systemd/systemd");
    fs::create_dir_all(systemd.parent().unwrap()).unwrap();
    fs::write(&systemd, "").unwrap();
    let image = installed(&work, &system, &steps);
    // What comes at the first boot is there already for later steps.
    let want = "next 1.10-1\npayload-a 1.0-1\npayload-b 1.0-1\n";
    assert_eq!(listed(&work, &image), want);
    let bdb = "var/lib/rpm/Packages";
    assert!(fs::read(image.join(bdb)).unwrap() == fs::read(system.join(bdb)).unwrap());
    let tasks = fs::read_to_string(image.join("var/lib/hsb/scriptlets/run")).unwrap();
    let tasks: Vec<_> = tasks
        .lines()
        .filter(|line| line.starts_with("once "))
        .collect();
    let want = ["001", "002"].map(|number| {
        let short = number.trim_start_matches('0');
        format!("once rpmdb-{short} /dev/null /bin/sh /var/lib/hsb/rpms/{number}/run")
    });
    assert_eq!(tasks, want);
    pack(&image, &tar);
    for (name, want) in [
        ("next-1.10", "next-1.10-1.noarch is installed already"),
        ("next-1.9", "next-1.10-1.noarch is newer, and installed"),
    ] {
        work.write(
            "build.yaml",
            format!("modules: [install_rpms]\nrpms: [rpms/{name}.rpm]\n"),
        );
        let told = run(work
            .hsb(["plan", "-v", "-i"])
            .arg(&tar)
            .env("SOURCE_DATE_EPOCH", NOW));
        assert!((told.stderr + &told.stdout).contains(want), "{name}");
    }
    if !rpm_installs() {
        return;
    }

    // The scripts of the first boot, with a database that this rpm can write.
    let theirs = work.join("theirs");
    let package = |name: &str| work.join(format!("rpms/{name}.rpm"));
    for root in [&image, &theirs] {
        fs::create_dir_all(root).unwrap();
        let _ = fs::remove_file(root.join(bdb));
        for name in ["payload-a-1.0", "next-1.9"] {
            let mut rpm = rpm(root);
            succeed(
                rpm.args(["-i", "--noplugins", "--justdb"])
                    .arg(package(name)),
            );
        }
    }
    for name in steps {
        let mut rpm = rpm(&theirs);
        succeed(
            rpm.args(["-U", "--noplugins", "--justdb"])
                .arg(package(name)),
        );
    }
    let program = format!(
        "#!/bin/sh\nfor word; do\n\tshift\n\tcase $word in *.rpm) word=$PWD/$word ;; esac\n\
         \tset -- \"$@\" \"$word\"\ndone\n\
         exec {} --define '_dbpath /var/lib/rpm' --root {} \"$@\"\n",
        tool("rpm").get_program().display(),
        image.display()
    );
    fs::create_dir(work.join("path")).unwrap();
    let program = work.write("path/rpm", program);
    succeed(Command::new("chmod").arg("+x").arg(&program));
    let path = format!("{}:/usr/bin:/bin", work.join("path").display());
    for number in ["001", "002"] {
        let run = image.join(format!("var/lib/hsb/rpms/{number}/run"));
        let script = fs::read_to_string(run).unwrap();
        let here = format!("{}/var/lib/hsb", image.display());
        let script = work.write("run", script.replace("/var/lib/hsb", &here));
        succeed(Command::new("sh").arg(script).env("PATH", &path));
    }
    assert!(!image.join("var/lib/hsb/rpms").exists());
    assert_same(&dump(&image), &dump(&theirs));
}

/// Lists the packages of an image that has nothing but a database.
fn list(name: &str, database: &[u8]) -> Result<(), String> {
    let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
    let now = Timestamp::from_secs(1);
    let mut root = Root::new(&mut tree, &NoFiles, now);
    root.mkdir_all("/var/lib/rpm", 0o755).unwrap();
    root.write(format!("/var/lib/rpm/{name}"), database)
        .unwrap();
    let map = |name: &str, value| {
        let (name, span) = (name.to_owned(), Span::default());
        let mut map = Map::new();
        map.insert(Key { name, span }, value).unwrap();
        map
    };
    let options = Value::from(map("spdx", Value::from("/list")));
    let module = modules::find("sbom").unwrap();
    let recipe = Arc::new(map("sbom", options));
    let cfg = Cfg::new(&recipe, module.keys, None, Span::default()).unwrap();
    let listed = modules::run(&mut tree, "sbom", &NoFiles, now, |root| {
        (module.modify)("sbom", root, &cfg)
    });
    listed.map(drop).map_err(|error| error.to_string())
}

#[test]
fn damaged_databases_are_refused_in_one_line() {
    let work = work("damaged");
    succeed(
        tool("tar")
            .arg("-C")
            .arg(work.path())
            .args(["-xf", SAMPLES]),
    );
    for (kind, name, limit) in [("ndb", "Packages.db", 4200), ("bdb", "Packages", 24576)] {
        let whole = fs::read(work.join(kind).join(name)).unwrap();
        assert_eq!(list(name, &whole), Ok(()));
        let mut draw = 1_u64;
        let mut refused = 0;
        for _ in 0..3000 {
            let mut next = |below: usize| {
                draw = draw
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                usize::try_from(draw >> 33).unwrap() % below
            };
            let mut bytes = whole.clone();
            for _ in 0..=next(3) {
                let at = next(limit.min(bytes.len()));
                bytes[at] = [0, 1, 0x7f, 0xff, u8::try_from(next(256)).unwrap()][next(5)];
            }
            if next(8) == 0 {
                bytes.truncate(next(whole.len()));
            }
            if let Err(message) = list(name, &bytes) {
                assert!(!message.contains('\n'), "{message}");
                refused += 1;
            }
        }
        assert!(refused > 300, "{kind}: {refused}");
    }
}

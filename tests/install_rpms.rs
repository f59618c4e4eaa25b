//! Packages as rpm itself sees them: it builds them, installs them beside hsb, and looks at what
//! hsb installed.

mod system;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::{Mounted, Work, debugfs, e2fsck_clean, loop_mount, run, succeed, tool};
use system::{assert_same, dump, listing};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");

/// The time of all builds.
const NOW: &str = "1700000000";

/// Where the images here have their package database.
const DATABASE: &str = "/var/lib/rpm/rpmdb.sqlite";

/// Makes a folder in memory: rpm waits at its end until all that any program wrote is on the disk.
fn work(name: &str) -> Work {
    Work::under(Path::new("/dev/shm"), name)
}

/// Builds the packages of a spec in the folder `rpms`.
fn build(work: &Work, spec: &str, defines: &[(&str, &str)]) {
    let spec = format!("{}/tests/install_rpms/{spec}", env!("CARGO_MANIFEST_DIR"));
    build_file(work, Path::new(&spec), "rpms", defines);
}

fn build_file(work: &Work, spec: &Path, folder: &str, defines: &[(&str, &str)]) {
    let top = work.join("rpmbuild");
    let mut rpmbuild = tool("rpmbuild");
    rpmbuild
        .args([
            "-bb",
            "--quiet",
            "--target",
            "x86_64-linux",
            "--nodebuginfo",
        ])
        .env("SOURCE_DATE_EPOCH", NOW);
    let always = [
        ("_topdir", top.display().to_string()),
        ("_rpmdir", work.join(folder).display().to_string()),
        (
            "_build_name_fmt",
            "%%{NAME}-%%{VERSION}.%%{ARCH}.rpm".to_owned(),
        ),
        ("_buildhost", "build.example".to_owned()),
        ("source_date_epoch_from_changelog", "0".to_owned()),
        ("use_source_date_epoch_as_buildtime", "1".to_owned()),
    ];
    for (name, value) in &always {
        rpmbuild.arg("--define").arg(format!("{name} {value}"));
    }
    for (name, value) in defines {
        rpmbuild.arg("--define").arg(format!("{name} {value}"));
    }
    succeed(rpmbuild.arg(spec));
}

/// Makes a package in each of two folders.
pub(crate) fn example(work: &Work, folders: [&str; 2]) {
    let spec = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/install_rpms/payload.spec"
    );
    for (folder, kind) in folders.into_iter().zip(["gzip", "none"]) {
        build_file(work, Path::new(spec), folder, &[("kind", kind)]);
    }
}

/// Writes a recipe that installs `rpms`, with more lines behind it.
fn recipe(work: &Work, more: &str) {
    let text = format!("modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [rpms]\n{more}");
    work.write("build.yaml", text);
}

fn hsb(work: &Work, source: &Path) -> Command {
    let mut hsb = work.hsb(["build", "-o", "image.raw", "-i"]);
    hsb.arg(source).env("SOURCE_DATE_EPOCH", NOW);
    hsb
}

/// Makes the archive of a small system, without the files that are there to be hard.
fn base(work: &Work) -> PathBuf {
    let (folder, tar) = (work.join("base"), work.join("base.tar"));
    fs::create_dir(&folder).unwrap();
    let extract = ["-xpf", FIXTURE, "--exclude=./usr/share/limits"];
    succeed(tool("tar").arg("-C").arg(&folder).args(extract));
    succeed(
        tool("tar")
            .arg("-C")
            .arg(&folder)
            .arg("-cf")
            .arg(&tar)
            .arg("."),
    );
    tar
}

/// Builds an image and has the kernel show it.
fn installed(work: &Work, source: &Path) -> Option<Mounted> {
    succeed(&mut hsb(work, source));
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    loop_mount(&image, 0, "rw")
}

/// Returns rpm with the root of an installation.
fn rpm(root: &Path) -> Command {
    let mut rpm = tool("rpm");
    rpm.args(["--define", "_dbpath /var/lib/rpm", "--root"])
        .arg(root);
    rpm
}

/// Lets rpm install into the folder of the small system.
fn by_rpm(work: &Work, rpms: &[PathBuf]) -> PathBuf {
    let folder = work.join("base");
    succeed(rpm(&folder).args(["-i", "--noplugins"]).args(rpms));
    folder
}

fn packages(work: &Work) -> Vec<PathBuf> {
    let entries = fs::read_dir(work.join("rpms")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn packages_are_as_rpm_installs_them() {
    let work = work("rpms");
    build(&work, "set.spec", &[]);
    for (kind, payload) in [
        ("gzip", "w9.gzdio"),
        ("bzip2", "w9.bzdio"),
        ("xz", "w6.xzdio"),
        ("lzma", "w6.lzdio"),
        ("zstd", "w3.zstdio"),
        ("none", "w.ufdio"),
    ] {
        build(
            &work,
            "payload.spec",
            &[("kind", kind), ("_binary_payload", payload)],
        );
    }
    recipe(&work, "");
    let base = base(&work);
    let Some(mounted) = installed(&work, &base) else {
        return;
    };
    let ours = mounted.path();
    let theirs = by_rpm(&work, &packages(&work));
    assert_same(&listing(ours), &listing(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    let capability = debugfs(
        &work.join("image.raw"),
        0,
        "ea_get -x /usr/bin/set-ping security.capability",
    );
    assert!(
        capability.contains("01 00 00 02 00 30 00 00"),
        "{capability}"
    );

    // rpm on what hsb made: it finds all, has no complaint, and can go on.
    let asked = |args: &[&str]| succeed(rpm(ours).args(args));
    assert_eq!(asked(&["-qa"]).lines().count(), 11);
    assert_eq!(
        asked(&["-qf", "/usr/share/set/m"]),
        "set-files-1.0-1.x86_64\n"
    );
    assert_eq!(
        asked(&["-q", "--whatprovides", "virtual"]),
        "set-1.0-1.x86_64\n"
    );
    assert_eq!(
        asked(&["-qc", "set"]),
        "/etc/set/main.conf\n/etc/set/other.conf\n"
    );
    asked(&["--verifydb"]);
    let verified = run(rpm(ours).args(["-Va"]));
    assert_eq!(
        (verified.code, &*verified.stdout),
        (Some(0), ""),
        "{verified:#?}"
    );
    fs::write(ours.join("etc/set/main.conf"), "changed").unwrap();
    asked(&["-e", "set", "payload-xz"]);
    assert!(!ours.join("opt/xz").exists());
    assert_eq!(
        fs::read(ours.join("etc/set/main.conf.rpmsave")).unwrap(),
        b"changed"
    );
    assert_eq!(asked(&["-qa"]).lines().count(), 9);
}

#[test]
fn packages_replace_others_as_rpm_does() {
    let work = work("replaced");
    build(
        &work,
        "payload.spec",
        &[("kind", "none"), ("_binary_payload", "w.ufdio")],
    );
    let version = |version: &str, folder: &str| {
        let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/next.spec");
        build_file(&work, Path::new(spec), folder, &[("version", version)]);
    };
    version("1.9", "first");
    version("1.10", "second");
    let first = work.join("first/next-1.9.noarch.rpm");
    let second = work.join("second/next-1.10.noarch.rpm");

    // A system with the first version, on which somebody changed some settings. The database is
    // as rpm left it: with a log beside it.
    base(&work);
    let theirs = by_rpm(&work, &packages(&work));
    succeed(rpm(&theirs).args(["-U", "--noplugins"]).arg(&first));
    for name in ["changed", "changed-noreplace", "same"] {
        fs::write(theirs.join("etc/next").join(name), "mine\n").unwrap();
    }
    assert!(theirs.join("var/lib/rpm/rpmdb.sqlite-wal").exists());
    let tar = work.join("base.tar");
    succeed(
        tool("tar")
            .arg("-C")
            .arg(&theirs)
            .arg("-cf")
            .arg(&tar)
            .arg("."),
    );
    succeed(rpm(&theirs).args(["-U", "--noplugins"]).arg(&second));

    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [second]\n",
    );
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let ours = mounted.path();
    // Only the clocks differ: settings that were replaced have the time of their change.
    let without_times = |root: &Path| -> Vec<String> {
        let words = |line: &String| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let lines = listing(root);
        lines
            .iter()
            .map(words)
            .map(|mut words| {
                if words[0].starts_with("etc/next") {
                    words.remove(3);
                }
                words.join(" ")
            })
            .collect()
    };
    assert_same(&without_times(ours), &without_times(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    assert_eq!(succeed(rpm(ours).arg("-qa")), "next-1.10-1.noarch\n");
    drop(mounted);

    // The same once more changes nothing; the older one is refused, unless it is asked for.
    for (recipe, code, want) in [
        (
            "rpms: [second]",
            0,
            "next-1.10-1.noarch is installed already",
        ),
        (
            "rpms: [first]",
            1,
            "next-1.10-1.noarch is newer, and installed",
        ),
        (
            "rpms: [first]\ndowngrade: true",
            0,
            "next-1.9-1.noarch installed over next-1.10-1.noarch",
        ),
    ] {
        succeed(
            tool("tar")
                .arg("-C")
                .arg(&theirs)
                .arg("-cf")
                .arg(&tar)
                .arg("."),
        );
        work.write("build.yaml", format!("modules: [install_rpms]\n{recipe}\n"));
        let mut plan = work.hsb(["plan", "-i"]);
        let run = run(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
        assert!(
            run.code == Some(code) && run.stderr.contains(want),
            "{recipe}: {run:#?}"
        );
    }
}

#[test]
fn packages_that_cannot_be_installed() {
    let work = work("refused");
    let base = base(&work);
    build(
        &work,
        "payload.spec",
        &[("kind", "gzip"), ("_binary_payload", "w9.gzdio")],
    );
    let spec = |name: &str, lines: &str, files: &str| {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             {lines}\n%description\nx\n%install\ncd %{{buildroot}}\nmkdir -p opt/gzip/many etc usr/lib\n\
             echo {name} > opt/gzip/many/3\necho {name} > etc/{name}\n%files\n{files}\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        build_file(
            &work,
            &spec,
            name,
            &[("_unpackaged_files_terminate_build", "0")],
        );
    };
    spec(
        "needy",
        "BuildArch: noarch\nRequires: nothing-has-this >= 2, /no/such/path\nRequires: (a or b)",
        "/etc/needy",
    );
    spec(
        "rival",
        "BuildArch: noarch\nConflicts: payload-gzip < 2",
        "/etc/rival",
    );
    spec("thief", "BuildArch: noarch", "/opt/gzip/many/3");
    spec(
        "stranger",
        "BuildArch: noarch",
        "%attr(-,nobody-here,root) /etc/stranger",
    );
    spec(
        "solid",
        "BuildArch: noarch",
        "%attr(755,root,root) /etc/solid",
    );
    spec("round", "BuildArch: noarch\nRequires: round", "/etc/round");
    let good = fs::read(work.join("rpms/payload-gzip-1.0.noarch.rpm")).unwrap();
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        work.write(name, bytes);
    };
    let len = good.len();
    damaged("cut-lead.rpm", &|b| b.truncate(50));
    damaged("cut-header.rpm", &|b| b.truncate(6000));
    damaged("cut-payload.rpm", &|b| b.truncate(len - 100));
    damaged("header.rpm", &|b| b[6500] ^= 1);
    damaged("payload.rpm", &|b| b[len - 500] ^= 1);
    damaged("longer.rpm", &|b| b.extend(*b"more"));
    damaged("count.rpm", &|b| b[96 + 8..96 + 12].fill(0xff));
    damaged("source.rpm", &|b| b[7] = 1);
    work.write("text.rpm", "no package at all");
    fs::create_dir(work.join("empty")).unwrap();
    let mut wrong = Vec::new();
    for (rpms, code, want) in [
        ("[missing.rpm]", 2, "missing.rpm: No such file"),
        ("[empty]", 2, "the folder empty has no file NAME.rpm"),
        ("['x*.rpm']", 2, "x*.rpm finds no file"),
        ("['']", 2, "an empty path is no package"),
        ("[5]", 2, "expected a string"),
        ("rpms", 2, "expected a list"),
        ("[text.rpm]", 2, "this is no RPM package"),
        (
            "[cut-lead.rpm]",
            2,
            "inside the package's header of signatures; was the download cut short?",
        ),
        ("[cut-header.rpm]", 2, "inside the package's header"),
        ("[header.rpm]", 2, "the header has the SHA-256 digest"),
        (
            "[count.rpm]",
            2,
            "the header says that it has 4294967295 entries",
        ),
        ("[source.rpm]", 2, "this is a source package"),
        ("[rpms, header.rpm]", 2, "header.rpm: the header has"),
        (
            "[rpms, longer.rpm]",
            2,
            "are the same package, payload-gzip-1.0-1.noarch",
        ),
        ("[cut-payload.rpm]", 1, "the payload ends at byte"),
        ("[payload.rpm]", 1, "payload"),
        (
            "[longer.rpm]",
            1,
            "something else follows the end of the compressed data",
        ),
        (
            "[needy]",
            1,
            "nothing provides nothing-has-this >= 2 needed by needy-1-1.noarch",
        ),
        (
            "[needy]",
            1,
            "nothing provides /no/such/path needed by needy-1-1.noarch",
        ),
        (
            "[needy]",
            1,
            "nothing provides (a or b) needed by needy-1-1.noarch",
        ),
        (
            "[rpms, rival]",
            1,
            "rival-1-1.noarch conflicts with payload-gzip < 2 provided by payload-gzip-1.0-1.noarch",
        ),
        (
            "[rpms, thief]",
            1,
            "thief-1-1.noarch and payload-gzip-1.0-1.noarch both have /opt/gzip/many/3",
        ),
        (
            "[stranger]",
            1,
            "the image has no user nobody-here, who owns /etc/stranger",
        ),
        ("[round]", 0, "round-1-1.noarch installed"),
        ("[needy]\nnodeps: true", 0, "needy-1-1.noarch installed"),
        (
            "[solid, solid/solid-1.noarch.rpm, 'sol*/*']",
            0,
            "solid-1-1.noarch installed",
        ),
        ("[]", 0, "there is nothing to install"),
    ] {
        work.write(
            "build.yaml",
            format!("modules: [install_rpms]\nrpms: {rpms}\n"),
        );
        let run = run(work.hsb(["plan", "-i"]).arg(&base));
        if run.code != Some(code) || !run.stderr.contains(want) {
            wrong.push(format!("{rpms}: {run:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The recipe of 2012, as it was.
    work.write(
        "build.yaml",
        "modules: [install_rpms, add_user]\nadd_users: [harlowja]\n",
    );
    let run = run(work.hsb(["plan", "-i"]).arg(&base));
    assert!(
        run.code == Some(0) && run.stderr.contains("there is nothing to install"),
        "{run:#?}"
    );
}

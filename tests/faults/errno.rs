//! Calls that the kernel refuses: each at any moment, by strace; disks that are really full.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{PART, is_old, pack, prepared};
use crate::kit::{self, Run, Work};

/// Runs a build in which, of the calls that have to do with one file, number `when` fails.
fn injected(work: &Work, file: &str, calls: &str, error: &str, when: u32) -> Run {
    kit::run(
        kit::tool("strace")
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
            ])
            .args(["-e", &format!("inject={calls}:error={error}:when={when}")])
            .arg("-P")
            .arg(work.join(file))
            .arg(env!("CARGO_BIN_EXE_hsb"))
            .args(["build", "-q", "--threads", "1", "-i"])
            .arg(work.join("rootfs.tar"))
            .arg("-o")
            .arg(work.join("image.raw"))
            .current_dir(work.path()),
    )
}

#[test]
fn every_call_can_fail() {
    // Some failures are harmless: of what a source is, a look may be in vain.
    const HARMLESS: u32 = 5;
    let source = "rootfs.tar";
    for (file, calls, error, says) in [
        (source, "openat", "EACCES", "Permission denied"),
        (source, "pread64", "EIO", "Input/output error"),
        (source, "statx", "EIO", "Input/output error"),
        (PART, "openat", "EACCES", "Permission denied"),
        (PART, "flock", "ENOLCK", "No locks available"),
        (PART, "ftruncate", "ENOSPC", "No space left"),
        (PART, "pwrite64", "ENOSPC", "No space left"),
        (PART, "pwrite64", "EIO", "Input/output error"),
        (PART, "fsync", "EIO", "Input/output error"),
        (PART, "rename", "EPERM", "not permitted"),
    ] {
        let work = prepared("injected", 3 << 20);
        let (mut failed, mut passed) = (0, 0);
        // Until there is no such call any more.
        for when in 1.. {
            work.write("image.raw", "old");
            let run = injected(&work, file, calls, error, when);
            let Run { code, stderr, .. } = &run;
            assert!(!stderr.contains("panicked"), "{calls} {when}: {stderr}");
            assert!(!work.join(PART).exists(), "{calls} {when}: {stderr}");
            if *code == Some(0) {
                kit::sfdisk_clean(&work.join("image.raw"));
                passed += 1;
                if passed == HARMLESS {
                    break;
                }
                continue;
            }
            failed += 1;
            // Of the last call the user knows the name that he gave.
            let name = if calls == "rename" { "image.raw" } else { file };
            assert!(
                stderr.contains(says) && stderr.contains(name),
                "{calls} {when}: {stderr}"
            );
            assert!(is_old(&work), "{calls} {when}: {stderr}");
        }
        assert!(failed > 0, "{file}, {calls}");
    }
}

#[test]
fn a_source_that_cannot_be_read_is_named() {
    let work = prepared("unreadable", 0);
    // Opens, and then fails at its first byte: address 0 is no memory.
    let message = kit::fail(&mut work.hsb(["build", "-q", "-i", "/proc/self/mem"]), 1);
    assert!(message.contains("/proc/self/mem: cannot read"), "{message}");
    assert!(is_old(&work));
}

/// Runs a script with `hsb` as `$0` where `disk` is a file system of so many KiB.
///
/// Whoever may not mount may do so in a user namespace; not in every container, though.
fn on_small_disk(work: &Work, kib: u32, script: &str) -> Option<Run> {
    const CANNOT: i32 = 99;
    let script = format!(
        "mount -t tmpfs -o size={kib}k tmpfs disk || exit {CANNOT}; echo -n old >disk/old.raw
        {script}; code=$?; ls -A disk; cat disk/old.raw; exit $code"
    );
    let run = kit::run(
        kit::tool("unshare")
            .args([
                "--mount",
                "--user",
                "--map-root-user",
                "bash",
                "-c",
                &script,
            ])
            .arg(env!("CARGO_BIN_EXE_hsb"))
            .current_dir(work.path()),
    );
    if run.code == Some(CANNOT) || run.stderr.starts_with("unshare: ") {
        kit::say(&format!("NOT TRIED on a full disk: {}", run.stderr.trim()));
        return None;
    }
    Some(run)
}

#[test]
fn a_full_disk_leaves_the_old_image() {
    // A limit on the size of files, which stands for a full disk: the image gets no size.
    let work = prepared("limit", 4 << 20);
    let script = "ulimit -f 1024; exec \"$0\" build -q";
    let message = kit::fail(
        Command::new("bash")
            .args(["-c", script, env!("CARGO_BIN_EXE_hsb")])
            .current_dir(work.path()),
        1,
    );
    assert!(message.contains(PART), "{message}");
    assert!(is_old(&work));
    assert!(!work.join(PART).exists());

    // A small disk: its last block goes at another moment for every size.
    // Not of zeros, which need no room.
    let work = prepared("small", 0);
    work.write("file", vec![b'x'; 16 << 20]);
    pack(&work);
    fs::create_dir(work.join("disk")).unwrap();
    kit::succeed(kit::tool("gzip").arg("-k").arg(work.join("rootfs.tar")));
    for kib in [4, 16, 64, 256, 1024, 2048, 4096, 8192] {
        for (script, part) in [
            ("\"$0\" build -q -o disk/old.raw", "old.raw"),
            // The temporary file that a compressed source is decoded into.
            (
                "\"$0\" build -q --no-cache -i rootfs.tar.gz --tmp disk",
                "--tmp takes another folder",
            ),
            (
                "TMPDIR=$PWD/disk \"$0\" build -q --no-cache -i rootfs.tar.gz",
                "--tmp takes another folder",
            ),
        ] {
            let Some(run) = on_small_disk(&work, kib, script) else {
                return;
            };
            assert_eq!(run.code, Some(1), "{kib}: {run:#?}");
            let said = [part, "No space left"]
                .iter()
                .all(|part| run.stderr.contains(part));
            assert!(said, "{kib}: {run:#?}");
            let of_image = run
                .stderr
                .starts_with("hsb: no room for an image that is 16.");
            assert_eq!(of_image, part == "old.raw", "{kib}: {run:#?}");
            assert_eq!(run.stdout, "old.raw\nold", "{kib}");
            assert!(is_old(&work), "{kib}");
        }
    }
}

#[test]
fn a_full_disk_stops_the_decoding_of_packages() {
    let work = prepared("packages", 0);
    crate::install_rpms::example(&work, ["rpms", "rpms"]);
    let control = "Package: large\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\n\
                   Description: a package\n";
    fs::create_dir_all(work.join("large/DEBIAN")).unwrap();
    work.write("large/DEBIAN/control", control);
    work.write("large/file", vec![b'x'; 300 << 10]);
    fs::create_dir_all(work.join("base/var/lib/dpkg/info")).unwrap();
    work.write("base/var/lib/dpkg/status", "");
    let mut tool = kit::tool("dpkg-deb");
    kit::succeed(
        tool.args(["--root-owner-group", "-b"])
            .args([work.join("large"), work.join("large.deb")]),
    );
    let mut tool = kit::tool("tar");
    tool.arg("-C").arg(work.join("base")).arg("-cf");
    kit::succeed(tool.arg(work.join("rootfs.tar")).arg("."));
    fs::create_dir(work.join("disk")).unwrap();
    for (kind, packages) in [("rpms", "rpms"), ("debs", "large.deb")] {
        let recipe =
            format!("source: rootfs.tar\nmodules: [install_{kind}]\n{kind}: [{packages}]\n");
        work.write("build.yaml", recipe);
        let script = "\"$0\" build -q --no-cache --tmp disk -o new.raw";
        let whole = on_small_disk(&work, 8192, script);
        assert!(whole.is_none_or(|run| run.code == Some(0)), "{kind}");
        fs::remove_file(work.join("new.raw")).unwrap_or_default();
        for kib in [4, 16, 64] {
            let Some(run) = on_small_disk(&work, kib, script) else {
                return;
            };
            let said = ["disk: ", "No space left"].map(|part| run.stderr.contains(part));
            assert!(run.code == Some(1) && said == [true; 2], "{kib}: {run:#?}");
            let errors = run.stderr.lines().filter(|line| line.starts_with("hsb: "));
            let errors = errors.filter(|line| !line.starts_with("hsb: warning"));
            assert_eq!(errors.count(), 1, "{run:#?}");
            assert_eq!(run.stdout, "old.raw\nold", "{kib}");
            assert!(!work.join("new.raw").exists());
        }
    }
}

#[test]
fn home_and_tmp_need_not_be_there() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The build folder may be closed to the user that the sandbox turns into.
    let work = Work::under(&std::env::temp_dir(), "home");
    fs::set_permissions(work.path(), Permissions::from_mode(0o777)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_hsb"), work.join("hsb")).unwrap();
    fs::copy(project.join("tests/sandbox.py"), work.join("sandbox.py")).unwrap();
    let source = project.join("fixtures/rootfs.tar.gz");
    fs::copy(source, work.join("rootfs.tar.gz")).unwrap();
    work.write("build.yaml", "source: rootfs.tar.gz\n");
    fs::create_dir(work.join("home")).unwrap();
    fs::set_permissions(work.join("home"), Permissions::from_mode(0o555)).unwrap();
    for home in ["home", "nowhere"] {
        let mut build = kit::tool("python3");
        build
            .args(["sandbox.py", "./hsb", "build", "-q"])
            .env("HOME", work.join(home))
            .env_remove("HSB_CACHE")
            .env_remove("XDG_CACHE_HOME")
            .current_dir(work.path());
        // Beside OUT is room for all that it needs.
        kit::succeed(build.env_remove("TMPDIR"));
        kit::sfdisk_clean(&work.join("image.raw"));
        // What cannot be written is named, with the way out.
        let message = kit::fail(build.env("TMPDIR", work.join(home)), 1);
        let part = "cannot make a temporary file to decode rootfs.tar.gz into";
        assert!(message.contains(part), "{message}");
        kit::succeed(build.args(["--tmp", "."]));
    }
}

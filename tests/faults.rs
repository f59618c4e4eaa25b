//! What goes wrong around a build: signals, full disks, changing files, other builds.
//!
//! Whatever happens, OUT is the old file or the whole new one.

mod errno;

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::kit::{self, Work};

const PART: &str = ".image.raw.hsb-part";

/// A recipe, a tarball with one file of that many bytes, and an image from before.
fn prepared(name: &str, bytes: u64) -> Work {
    let work = Work::new(name);
    work.write("build.yaml", "source: rootfs.tar\n");
    let file = File::create(work.join("file")).unwrap();
    file.set_len(bytes).unwrap();
    pack(&work);
    work.write("image.raw", "old");
    work
}

/// Makes the source anew, of the one file that is there.
fn pack(work: &Work) {
    kit::succeed(kit::tool("tar").current_dir(work.path()).args([
        "--owner=0",
        "--group=0",
        "-cf",
        "rootfs.tar",
        "file",
    ]));
    fs::remove_file(work.join("file")).unwrap();
}

fn is_old(work: &Work) -> bool {
    fs::read(work.join("image.raw")).unwrap() == b"old"
}

/// Sends a signal by its name.
fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until a file is there and is what it should be.
fn wait_for(path: &Path, is_ready: impl Fn(&fs::Metadata) -> bool) {
    let start = Instant::now();
    while !fs::metadata(path).is_ok_and(|meta| is_ready(&meta)) {
        assert!(start.elapsed() < Duration::from_secs(60), "{path:?}");
        sleep(Duration::from_millis(1));
    }
}

/// Waits for the end of a process, but not for ever.
fn exit_code(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn signals_leave_nothing_behind() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let work = prepared("signal", 0);
        // It waits for an archive that never comes.
        // What starts the tests may have signals ignored, which hsb would leave as they are.
        let mut child = Command::new("env")
            .args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_hsb")])
            .args(["build", "-q", "-i", "-"])
            .current_dir(work.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&work.join(PART), |_| true);
        let before = work.names();
        // Waiting for it would close it.
        let _open = child.stdin.take();
        sleep(Duration::from_millis(50));
        signal(&child, name);
        assert_eq!(exit_code(&mut child), Some(code), "{name}");
        assert!(before.contains(&PART.to_owned()));
        assert_eq!(work.names(), ["build.yaml", "image.raw", "rootfs.tar"]);
        assert!(is_old(&work));
    }
}

/// The image itself before it has its name, and the folder with the name after that.
#[test]
fn a_build_waits_for_the_disk_unless_told_not_to() {
    for (option, want) in [
        ("--quiet", "sync image, rename, sync folder"),
        ("--no-sync", "rename"),
    ] {
        let work = prepared("sync", 0);
        let trace = synced(&work, &["build", option]);
        let image = format!("{PART}>)");
        let calls = trace.lines().filter_map(|line| match line {
            _ if line.contains("rename(") => line.contains(PART).then_some("rename"),
            _ if line.contains("sync(") && line.contains(&image) => Some("sync image"),
            _ if line.contains("sync(") => Some("sync folder"),
            _ => None,
        });
        assert_eq!(calls.collect::<Vec<_>>().join(", "), want, "{trace}");
        assert!(!is_old(&work));
    }
}

/// The names in a folder before the folder has its own.
#[test]
fn a_layout_is_on_disk_before_it_is_in_its_place() {
    let work = prepared("layout", 0);
    let trace = synced(&work, &["export", "rootfs.tar", "--format=oci", "-o=out"]);
    let calls: Vec<_> = trace.lines().filter(|line| line.contains(" = 0")).collect();
    let [.., blobs, above, folder, placed, parent] = &calls[..] else {
        panic!("{trace}");
    };
    for (call, want) in [
        (blobs, "/.out.hsb-part/blobs/sha256>)"),
        (above, "/.out.hsb-part/blobs>)"),
        (folder, "/.out.hsb-part>)"),
        (placed, "rename(\".out.hsb-part\", \"out\")"),
        (parent, "sync("),
    ] {
        assert!(call.contains(want), "{trace}");
    }
}

/// Runs hsb, and returns its calls that put files on disk and in their places.
fn synced(work: &Work, args: &[&str]) -> String {
    let mut strace = kit::tool("strace");
    strace.args(["-f", "-y", "-o", "trace", "-e"]);
    strace.args(["trace=fsync,fdatasync,rename", env!("CARGO_BIN_EXE_hsb")]);
    kit::succeed(strace.args(args).current_dir(work.path()));
    fs::read_to_string(work.join("trace")).unwrap()
}

#[test]
fn a_killed_build_leaves_one_file_that_the_next_one_takes_over() {
    const KILLS: u32 = 100;
    let work = prepared("kill", 32 << 20);
    let build = || work.hsb(["build", "-q"]).spawn().unwrap();
    let start = Instant::now();
    assert!(build().wait().unwrap().success());
    let whole = start.elapsed();
    let new = kit::sha256(&work.join("image.raw"));
    let mut seen = [0; 3];
    for kill in 0..KILLS {
        work.write("image.raw", "old");
        let mut child = build();
        // Sweeps over all of a build, and a little beyond.
        sleep(whole * kill / KILLS * 5 / 4);
        child.kill().unwrap();
        child.wait().unwrap();
        let is_old = is_old(&work);
        assert!(is_old || kit::sha256(&work.join("image.raw")) == new);
        let mut names = work.names();
        let has_part = names.iter().any(|name| name == PART);
        names.retain(|name| name != PART);
        assert_eq!(names, ["build.yaml", "image.raw", "rootfs.tar"]);
        seen[usize::from(is_old) + usize::from(is_old && has_part)] += 1;
    }
    // Moments before a file was there, while it was written, and after: all were hit.
    assert!(seen[2] > 0, "{seen:?}");
    assert!(build().wait().unwrap().success());
    assert_eq!(work.names(), ["build.yaml", "image.raw", "rootfs.tar"]);
    assert_eq!(kit::sha256(&work.join("image.raw")), new);
}

#[test]
fn of_two_builds_of_one_image_the_second_is_refused() {
    let work = prepared("two", 0);
    let mut first = work
        .hsb(["build", "-q", "-i", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&work.join(PART), |_| true);
    sleep(Duration::from_millis(50));
    let message = kit::fail(&mut work.hsb(["build", "-q"]), 1);
    assert!(message.contains("another build is writing it"), "{message}");
    let mut input = first.stdin.take().unwrap();
    let tar = fs::read(work.join("rootfs.tar")).unwrap();
    input.write_all(&tar).unwrap();
    drop(input);
    assert!(first.wait().unwrap().success());
    kit::sfdisk_clean(&work.join("image.raw"));
    assert_eq!(work.names(), ["build.yaml", "image.raw", "rootfs.tar"]);
}

#[test]
fn a_source_that_changes_is_refused() {
    let rewrite = |path: &Path| {
        let mut file = OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(1 << 20)).unwrap();
        file.write_all(b"other").unwrap();
    };
    let cut = |path: &Path| {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(1 << 20).unwrap();
    };
    let append = |path: &Path| {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(&[0; 512]).unwrap();
    };
    type Change<'c> = (&'c str, &'c dyn Fn(&Path), &'c str);
    let changes: [Change<'_>; 3] = [
        ("rewritten in place", &rewrite, "rootfs.tar: it changed"),
        ("cut short", &cut, "rootfs.tar"),
        (
            "longer",
            &append,
            "rootfs.tar: it changed while it was read: from",
        ),
    ];
    for (what, change, message) in changes {
        let work = prepared("changing", 512 << 20);
        let mut child = work
            .hsb(["build", "-q", "--threads", "1"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It has its size once all headers are read, and its content is being copied.
        wait_for(&work.join(PART), |meta| meta.len() > 0);
        signal(&child, "STOP");
        change(&work.join("rootfs.tar"));
        signal(&child, "CONT");
        let mut said = String::new();
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{what}: {said}");
        assert!(said.contains(message), "{what}: {said}");
        assert!(is_old(&work), "{what}");
        assert!(!work.join(PART).exists(), "{what}");
    }
}

#[test]
fn what_reads_the_report_can_go_away_but_not_fail() {
    for (output, code, is_built) in [
        ("/dev/null", 0, true),
        // Closed from the start.
        ("&-", 0, true),
        // A reader that is gone.
        ("closed pipe", 0, true),
        // The report of an image that nobody learns of would be lost.
        ("/dev/full", 1, false),
    ] {
        let work = prepared("stdout", 0);
        let script = match output {
            "closed pipe" => "\"$0\" build --json | true; exit ${PIPESTATUS[0]}".to_owned(),
            _ => format!("exec \"$0\" build --json >{output}"),
        };
        let run = kit::run(
            Command::new("bash")
                .args(["-c", &script, env!("CARGO_BIN_EXE_hsb")])
                .current_dir(work.path()),
        );
        assert_eq!(run.code, Some(code), "{output}: {run:#?}");
        assert_eq!(!is_old(&work), is_built, "{output}");
        assert_eq!(work.names(), ["build.yaml", "image.raw", "rootfs.tar"]);
    }
}

#[test]
fn nobody_has_to_read_standard_error() {
    for (end, code, is_built) in [
        ("2>/dev/full", 0, true),
        ("2>&-", 0, true),
        ("2> >(true)", 0, true),
        ("-s 1000 2>/dev/full", 2, false),
    ] {
        let work = prepared("stderr", 0);
        let script = format!("sleep 0.1; exec \"$0\" build {end}");
        let run = kit::run(
            Command::new("bash")
                .args(["-c", &script, env!("CARGO_BIN_EXE_hsb")])
                .current_dir(work.path()),
        );
        assert_eq!(run.code, Some(code), "{end}: {run:#?}");
        assert_eq!(!is_old(&work), is_built, "{end}");
    }
}

#[test]
fn a_named_pipe_is_read_once() {
    for _ in 0..10 {
        let work = prepared("fifo", 0);
        kit::succeed(Command::new("mkfifo").arg(work.join("pipe")));
        let feed = format!("cat {0}/rootfs.tar >{0}/pipe", work.path().display());
        let mut writer = Command::new("sh").args(["-c", &feed]).spawn().unwrap();
        kit::succeed(&mut work.hsb(["build", "-q", "-i", "pipe"]));
        assert!(writer.wait().unwrap().success());
        kit::sfdisk_clean(&work.join("image.raw"));
    }
}

#[test]
fn the_new_image_is_as_private_as_the_old_one() {
    let work = prepared("mode", 0);
    for mode in [0o600, 0o640, 0o664] {
        fs::set_permissions(work.join("image.raw"), fs::Permissions::from_mode(mode)).unwrap();
        kit::succeed(&mut work.hsb(["build", "-q"]));
        let now = fs::metadata(work.join("image.raw")).unwrap().permissions();
        assert_eq!(now.mode() & 0o7777, mode);
    }
}

#[test]
fn places_that_are_no_file() {
    let work = prepared("places", 0);
    kit::succeed(Command::new("mkfifo").arg(work.join("pipe.raw")));
    std::os::unix::fs::symlink("/dev/null", work.join("device.raw")).unwrap();
    std::os::unix::fs::symlink("nowhere", work.join("dangling.raw")).unwrap();
    for (out, message) in [
        ("pipe.raw", "is there and is no regular file"),
        ("device.raw", "is there and is no regular file"),
        ("dangling.raw", "is a link to nothing"),
        (
            &format!("{}.raw", "x".repeat(242)),
            "a name of 246 bytes; it can have 245",
        ),
    ] {
        let said = kit::fail(&mut work.hsb(["build", "-q", "-o", out]), 2);
        assert!(said.contains(message), "{out}: {said}");
    }
    // Here not even root can make a file.
    let said = kit::fail(&mut work.hsb(["build", "-q", "-o", "/proc/x.raw"]), 1);
    let message =
        "/proc/x.raw: nothing can be written there: /proc/.x.raw.hsb-part: cannot be made: ";
    assert!(said.contains(message), "{said}");
    // A link keeps pointing where it does; the file there is replaced.
    fs::create_dir(work.join("there")).unwrap();
    fs::write(work.join("there/real.raw"), "old").unwrap();
    std::os::unix::fs::symlink("there/real.raw", work.join("link.raw")).unwrap();
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "link.raw"]));
    assert!(work.join("link.raw").is_symlink());
    kit::sfdisk_clean(&work.join("there/real.raw"));
}

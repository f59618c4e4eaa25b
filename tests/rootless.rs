//! The promise "rootless": a build gets along without any privilege, and never asks for one.
//!
//! Two judges. `sandbox.py` runs a build as nobody, without capabilities and with a seccomp
//! filter that kills it on the first mount, namespace, chroot, device node or change of owner.
//! What seccomp cannot see, the names of files, strace does: no `/dev/loop*`, `/dev/fuse` or
//! `/dev/kvm`, no file written outside the folders given, no other program, no network.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::kit::{Work, e2fsck_clean, sfdisk_clean, sgdisk_clean, sha256, succeed, tool};

/// Linux: the signal of a system call that a filter forbids.
const SIGSYS: i32 = 31;

const RECIPE: &str = "\
name: rootless
source: rootfs.tar.gz
modules: [add_user]
add_users: [grace]
";

/// A folder that nobody can use, with the sandbox, the program, a recipe and its source.
pub(super) fn open_to_nobody() -> Work {
    let work = Work::under(&std::env::temp_dir(), "rootless");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::set_permissions(work.path(), Permissions::from_mode(0o777)).unwrap();
    for (name, from, mode) in [
        ("sandbox.py", root.join("tests/sandbox.py"), 0o644),
        ("hsb", env!("CARGO_BIN_EXE_hsb").into(), 0o755),
        ("rootfs.tar.gz", root.join("fixtures/rootfs.tar.gz"), 0o644),
    ] {
        fs::copy(from, work.join(name)).unwrap();
        fs::set_permissions(work.join(name), Permissions::from_mode(mode)).unwrap();
    }
    let recipe = work.write("build.yaml", RECIPE);
    fs::set_permissions(recipe, Permissions::from_mode(0o644)).unwrap();
    work
}

/// Puts the sandbox in front of a command, which then has nothing of the user's environment.
pub(super) fn sandboxed(work: &Work, mut command: Command, args: &[&str]) -> Command {
    command
        .arg(work.join("sandbox.py"))
        .args(args)
        .current_dir(work.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    command
}

#[test]
fn the_sandbox_kills_what_it_should() {
    let work = open_to_nobody();
    let names = "import sandbox; print(*sandbox.calls()[1])";
    let names = succeed(tool("python3").args(["-c", names]).current_dir(work.path()));
    let names: Vec<_> = names.split_whitespace().collect();
    for must in [
        "mount", "umount2", "unshare", "setns", "chroot", "mknodat", "fchownat", "setuid", "ptrace",
    ] {
        assert!(names.contains(&must), "{must} is not among {names:?}");
    }
    for name in names {
        // As an argument, CLONE_NEWUSER is bad for most calls and makes clone a forbidden one.
        let call = format!(
            "import sandbox; sandbox.libc.syscall(sandbox.calls()[1]['{name}'], 0x10000000)"
        );
        let status = sandboxed(&work, tool("python3"), &["python3", "-c", &call])
            .status()
            .unwrap();
        // Without clone3 programs go on with clone, so that one fails and does not kill.
        let want = if name == "clone3" { None } else { Some(SIGSYS) };
        assert_eq!(status.signal(), want, "{name}: {status}");
    }
    let unshare = sandboxed(&work, tool("python3"), &["unshare", "-U", "true"])
        .status()
        .unwrap();
    assert_eq!(unshare.signal(), Some(SIGSYS));
    succeed(&mut sandboxed(&work, tool("python3"), &["true"]));
}

#[test]
fn a_build_needs_no_privilege() {
    let work = open_to_nobody();
    let build = ["./hsb", "build", "-o", "sandboxed.raw"];
    succeed(&mut sandboxed(&work, tool("python3"), &build));
    let image = work.join("sandboxed.raw");
    sfdisk_clean(&image);
    sgdisk_clean(&image);
    e2fsck_clean(&image, 1024 * 1024);

    succeed(&mut work.hsb(["build", "-o", "plain.raw"]));
    assert_eq!(sha256(&image), sha256(&work.join("plain.raw")));
}

#[test]
fn a_build_opens_no_device_and_starts_no_program() {
    let work = open_to_nobody();
    let mut strace = tool("strace");
    strace
        .args(["-f", "-o", "trace"])
        .args(["-e", "trace=%file,socket,connect,bind"])
        .arg(tool("python3").get_program());
    let build = ["./hsb", "build", "-o", "traced.raw"];
    succeed(&mut sandboxed(&work, strace, &build));

    let trace = fs::read_to_string(work.join("trace")).unwrap();
    let mut lines = trace.lines();
    // What Python does before is not the build's doing.
    assert!(lines.any(|line| line.contains("execve(\"./hsb\"")));
    let mut wrote_image = false;
    for line in lines {
        let call = line
            .split_once(' ')
            .map_or(line, |(_, call)| call.trim_start());
        let (name, arguments) = call.split_once('(').unwrap_or((call, ""));
        let path = arguments.split('"').nth(1).unwrap_or("");
        assert!(
            !["execve", "execveat", "socket", "connect", "bind"].contains(&name),
            "{line}"
        );
        if path.starts_with("/dev/") {
            let harmless = ["/dev/null", "/dev/urandom", "/dev/tty"];
            assert!(harmless.contains(&path), "{line}");
        }
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"]
            .iter()
            .any(|flag| arguments.contains(flag))
            || [
                "rename", "link", "unlink", "symlink", "mkdir", "rmdir", "chmod", "truncate",
            ]
            .iter()
            .any(|verb| name.starts_with(verb));
        if writes {
            let inside = !path.starts_with('/') || Path::new(path).starts_with(work.path());
            assert!(inside || path == "/dev/null", "{line}");
            wrote_image |= inside;
        }
    }
    assert!(wrote_image, "the trace shows no file written: {trace}");
}

/// A container may allow few processes, and a thread counts as one.
#[test]
fn few_threads_are_enough_or_too_few() {
    let work = open_to_nobody();
    let mut done = 0;
    for (source, limit) in ["rootfs.tar.gz", "rootfs.tar"]
        .iter()
        .flat_map(|source| (1..8).map(move |limit| (source, limit)))
    {
        let script = format!(
            "test -e rootfs.tar || gzip -dk rootfs.tar.gz; ulimit -u {limit}; \
             exec ./hsb build -q --no-cache -i {source} -o few.raw"
        );
        // Nobody else has this number: the limit counts all that a user runs.
        let mut limited = match rustix::process::getuid().is_root() {
            true => {
                let mut setpriv = tool("setpriv");
                setpriv.args(["--reuid=61234", "--regid=61234", "--clear-groups", "bash"]);
                setpriv
            }
            false => tool("bash"),
        };
        let run = crate::kit::run(limited.args(["-c", &script]).current_dir(work.path()));
        match run.code {
            Some(0) => done += 1,
            Some(1) => assert!(
                run.stderr.starts_with("hsb: "),
                "{source} {limit}: {run:#?}"
            ),
            _ => panic!("{source} {limit}: {run:#?}"),
        }
    }
    assert!(
        done > 0 || !rustix::process::getuid().is_root(),
        "no limit was enough"
    );
}

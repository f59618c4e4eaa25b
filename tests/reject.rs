//! Calls, recipes and archives that must fail: the exit code, the message, and nothing left.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::kit::{self, Work};

/// A failing build: files to make, arguments, exit code, parts of the message.
type Case<'c> = (&'c str, &'c str, &'c [&'c str], i32, &'c [&'c str]);

const MINIMAL: &str = "source: rootfs.tar\n";

#[test]
fn what_fails_says_why_and_leaves_nothing() {
    let cases: &[Case<'_>] = &[
        (
            "no recipe",
            "",
            &["-f", "none.yaml"],
            2,
            &["none.yaml", "-f"],
        ),
        ("no source", "name: x", &[], 2, &["no source", "-i"]),
        (
            "missing source",
            "source: gone.tar",
            &[],
            2,
            &["gone.tar", "No such file"],
        ),
        (
            "unknown key",
            "source: rootfs.tar\nsise: 4G",
            &[],
            2,
            &["build.yaml:2:1", "sise", "did you mean `size`"],
        ),
        (
            "unknown module",
            "source: rootfs.tar\nmodules: [add_usr]",
            &[],
            2,
            &["build.yaml:2", "add_usr", "add_user"],
        ),
        (
            "wrong type",
            "source: rootfs.tar\nmodules: 5",
            &[],
            2,
            &["build.yaml:2:10"],
        ),
        ("wrong size", MINIMAL, &["-s", "4X"], 2, &["4X"]),
        (
            "unknown ending",
            MINIMAL,
            &["-o", "image.iso"],
            2,
            &["image.iso", ".raw"],
        ),
        (
            "unlisted module's key",
            "source: rootfs.tar\nadd_users: [x]",
            &[],
            2,
            &["add_user", "not in `modules:`"],
        ),
        (
            "folder in the way",
            MINIMAL,
            &["-o", "folder.raw"],
            1,
            &["folder.raw", "no regular file"],
        ),
        (
            "no folder for OUT",
            MINIMAL,
            &["-o", "none/x.raw"],
            1,
            &["none/.x.raw.hsb-part", "No such file"],
        ),
        (
            "too small",
            MINIMAL,
            &["-s", "2M"],
            1,
            &["2097152", "make it at least"],
        ),
        (
            "no space for the table",
            MINIMAL,
            &["-s", "1000"],
            1,
            &["1000", "make it at least"],
        ),
        (
            "failing step",
            "source: rootfs.tar\nmodules: [files]\nfiles:\n- {path: /etc/x, content: a, user: nobody-here}",
            &[],
            1,
            &["step 1", "files", "build.yaml:4", "nobody-here"],
        ),
        (
            "the image is the source",
            "source: image.raw",
            &[],
            1,
            &["is the source"],
        ),
        (
            "truncated",
            "source: cut.tar",
            &[],
            1,
            &["cut.tar", "etc/passwd"],
        ),
        ("no tarball", "source: text.tar", &[], 1, &["text.tar"]),
        ("empty", "source: empty.tar", &[], 1, &["empty.tar"]),
        (
            "broken gzip",
            "source: broken.tar.gz",
            &[],
            1,
            &["broken.tar.gz", "gzip"],
        ),
    ];
    for (name, recipe, args, code, parts) in cases {
        let work = Work::new("reject");
        inputs(&work);
        work.write("build.yaml", recipe);
        work.write("image.raw", fs::read(work.join("rootfs.tar")).unwrap());
        let before = (work.names(), kit::sha256(&work.join("image.raw")));
        let message = kit::fail(work.hsb(["build", "-q"]).args(*args), *code);
        for part in *parts {
            assert!(
                message.contains(part),
                "{name}: {part:?} is not in: {message}"
            );
        }
        assert!(!message.contains("panicked"), "{name}: {message}");
        assert_eq!(
            (work.names(), kit::sha256(&work.join("image.raw"))),
            before,
            "{name}"
        );
    }
}

fn inputs(work: &Work) {
    fs::create_dir(work.join("folder.raw")).unwrap();
    fs::create_dir(work.join("etc")).unwrap();
    work.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n".repeat(100));
    let tar = kit::succeed(kit::tool("tar").current_dir(work.path()).args([
        "--format=gnu",
        "--owner=0",
        "--group=0",
        "-cf",
        "rootfs.tar",
        "etc",
    ]));
    assert!(tar.is_empty());
    fs::remove_dir_all(work.join("etc")).unwrap();
    let whole = fs::read(work.join("rootfs.tar")).unwrap();
    work.write("cut.tar", &whole[..2000]);
    work.write("text.tar", "This is no archive.\n".repeat(100));
    work.write("empty.tar", "");
    let mut packed = pack(&work.join("rootfs.tar"));
    packed.truncate(packed.len() - 9);
    work.write("broken.tar.gz", packed);
}

fn pack(path: &Path) -> Vec<u8> {
    kit::tool("gzip")
        .arg("-c")
        .arg(path)
        .output()
        .unwrap()
        .stdout
}

#[test]
fn a_full_disk_leaves_the_old_image() {
    let work = Work::new("full");
    inputs(&work);
    work.write("build.yaml", "source: rootfs.tar\nsize: 64M\n");
    let mut old = fs::File::create(work.join("image.raw")).unwrap();
    old.write_all(b"old").unwrap();
    // A limit on the size of files stands for a disk that is full.
    let script = "ulimit -f 1024; trap '' XFSZ; exec \"$0\" build -q";
    let message = kit::fail(
        std::process::Command::new("bash")
            .args(["-c", script, env!("CARGO_BIN_EXE_hsb")])
            .current_dir(work.path()),
        1,
    );
    assert!(message.contains(".image.raw.hsb-part"), "{message}");
    assert_eq!(fs::read(work.join("image.raw")).unwrap(), b"old");
    assert!(!work.names().contains(&".image.raw.hsb-part".to_owned()));
}

//! Calls, recipes and archives that must fail: the exit code, the message, and nothing left.

use std::fs;
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
            "room for no partition",
            "source: rootfs.tar\nsize: +8M\npartitions: [{mount: /, size: 4M}]",
            &[],
            2,
            &["build.yaml:2:7: 8388608 bytes", "`rest`, and there is none"],
        ),
        (
            "room for no partition, from the call",
            "source: rootfs.tar\npartitions: [{mount: /, size: auto}]",
            &["-s", "+8M"],
            2,
            &["8388608 bytes", "`rest`, and there is none"],
        ),
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
            2,
            &["folder.raw", "no regular file"],
        ),
        (
            "OUT that names a folder",
            MINIMAL,
            &["-o", "x.raw/"],
            2,
            &["x.raw/: names a folder"],
        ),
        (
            "no folder for OUT",
            MINIMAL,
            &["-o", "none/x.raw"],
            2,
            &["none/x.raw: there is no folder none"],
        ),
        (
            "file for a folder of OUT",
            MINIMAL,
            &["-o", "rootfs.tar/x.raw"],
            2,
            &["rootfs.tar/x.raw: cannot be made: Not a directory"],
        ),
        (
            "too small",
            "source: rootfs.tar\nmodules: [files]\nfiles:\n- {path: /large, source: large}",
            &["-s", "3M"],
            1,
            &[
                "hsb: the content needs an image of",
                "3145728",
                "make it at least",
            ],
        ),
        (
            "too small by the recipe",
            "source: rootfs.tar\nsize: 2M",
            &[],
            2,
            &[
                "build.yaml:2:7: even without files, the image needs",
                "it has 2097152",
            ],
        ),
        (
            "no space for the table",
            MINIMAL,
            &["-s", "1000"],
            2,
            &["even without files", "it has 1000"],
        ),
        (
            "no space for an empty filesystem",
            "source: rootfs.tar\npartitions:\n- {mount: /, size: 100K, block_size: 1024, journal: 1M}",
            &["-s", "1G"],
            2,
            &[
                "build.yaml:3:20: filesystem /: even without files, it needs",
                "it has 1048576",
            ],
        ),
        (
            "a partition too small for its content",
            "source: rootfs.tar\npartitions:\n- {mount: /}\n- {mount: /etc, size: 1M, inodes: 20, block_size: 1024}\nmodules: [files]\nfiles:\n- {path: /etc/large, source: large}",
            &[],
            1,
            &[
                "build.yaml:4:23: filesystem /etc: the content needs",
                "the filesystem has 1048576",
            ],
        ),
        (
            "too few inodes",
            "source: rootfs.tar\npartitions:\n- {mount: /, inodes: 11}",
            &[],
            1,
            &["build.yaml:3:22: filesystem /: the content needs 13 inodes"],
        ),
        (
            "too few inodes for any filesystem",
            "source: rootfs.tar\npartitions:\n- {mount: /, inodes: 10}",
            &[],
            2,
            &["build.yaml:3:22: filesystem /: the content needs 11 inodes"],
        ),
        (
            "too many inodes",
            "source: rootfs.tar\nsize: 64M\npartitions:\n- {mount: /, inodes: 100000}",
            &[],
            2,
            &["build.yaml:4:22: filesystem /: 100000 inodes, at most 32768 are possible"],
        ),
        (
            "journal too small",
            "source: rootfs.tar\npartitions:\n- {mount: /, journal: 4M}\n- {mount: /etc, journal: 4K}",
            &[],
            2,
            &[
                "build.yaml:4:26: filesystem /etc: a journal of 4096 bytes; with blocks of 4096 bytes it can have 4194304 to 41943040000",
            ],
        ),
        (
            "filesystem too large for its blocks",
            "source: rootfs.tar\ntable: none\nsize: 1T\npartitions:\n- {mount: /, block_size: 1024}",
            &[],
            2,
            &[
                "build.yaml:3:7: filesystem /: a filesystem of 1099511627776 bytes; with blocks of 1024 bytes it can have at most 824499503104",
            ],
        ),
        (
            "more than there can be, without any partition",
            "source: rootfs.tar\nsize: 8000T",
            &[],
            2,
            &["build.yaml:2:7: filesystem /: a filesystem of"],
        ),
        (
            "a pipe for a host file",
            "source: rootfs.tar\nmodules: [files]\nfiles:\n- {path: /x, source: pipe}",
            &[],
            2,
            &["build.yaml:4", "pipe is no regular file"],
        ),
        (
            "the rest of nothing",
            "source: rootfs.tar\npartitions:\n- {mount: /}\n- {fs: swap, size: rest}",
            &[],
            2,
            &["build.yaml:4:20: `rest` of an image", "give a `size`"],
        ),
        (
            "more than an MBR can say",
            "source: rootfs.tar\ntable: mbr\nsize: 3T",
            &[],
            2,
            &[
                "build.yaml:3:7: ",
                "an MBR counts at most 4294967295 sectors",
            ],
        ),
        (
            "a file in the place of a mount point",
            "source: rootfs.tar\npartitions:\n- {mount: /}\n- {mount: /etc/passwd, size: 8M}",
            &[],
            1,
            &[
                "build.yaml:4:3: mount point /etc/passwd: ",
                "is not a directory",
            ],
        ),
        (
            "control character in a mount point",
            "source: rootfs.tar\npartitions:\n- {mount: /}\n- {mount: \"/a\\e[31m\", size: 8M}",
            &[],
            2,
            &["build.yaml:4:11: a mount point cannot hold '\\u{1b}'"],
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
            2,
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
    let mut wrong = Vec::new();
    for (name, recipe, args, code, parts) in cases {
        let work = Work::new("reject");
        inputs(&work);
        work.write("build.yaml", recipe);
        work.write("image.raw", fs::read(work.join("rootfs.tar")).unwrap());
        let before = (work.names(), kit::sha256(&work.join("image.raw")));
        // A plan finds all that a build does, but for what goes wrong with the image itself.
        for command in ["plan", "build"] {
            let run = kit::run(work.hsb([command, "-q"]).args(*args));
            let message = run.stderr;
            if run.code != Some(*code) {
                wrong.push(format!("{command}, {name}: {:?}: {message}", run.code));
            }
            for part in parts.iter().filter(|part| !message.contains(**part)) {
                wrong.push(format!("{command}, {name}: no {part:?} in: {message}"));
            }
            assert!(!message.contains("panicked"), "{name}: {message}");
        }
        assert_eq!(
            (work.names(), kit::sha256(&work.join("image.raw"))),
            before,
            "{name}"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn inputs(work: &Work) {
    fs::create_dir(work.join("folder.raw")).unwrap();
    kit::succeed(std::process::Command::new("mkfifo").arg(work.join("pipe")));
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
    work.write("large", vec![1; 1 << 20]);
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

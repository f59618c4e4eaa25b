//! Files that modules do not hold in memory: read in parts, appended to, and full of holes.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::kit::{Work, debugfs, e2fsck_clean, fail, run, succeed};

const MIB: u64 = 1 << 20;

/// A folder with a file of 100 MiB, all but 12 bytes of it holes, and a module that works on it.
fn project(file: &str, text: &str) -> Work {
    let work = Work::new("own-large");
    let large = File::create(work.join("large")).unwrap();
    large.set_len(100 * MIB).unwrap();
    large.write_all_at(b"here", 80 * MIB).unwrap();
    large.write_all_at(b"over ten", 10 * MIB - 4).unwrap();
    fs::create_dir(work.join("modules")).unwrap();
    work.write(&format!("modules/{file}"), text);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    let source = source.display();
    let recipe = format!("source: {source}\nsize: 256M\ntable: none\nmodules: [own]\n");
    work.write("build.yaml", recipe);
    work
}

#[test]
fn python_reads_parts_of_large_files_and_leaves_holes() {
    let text = r#"
import os, shutil
M = 1 << 20
def modify(name, root, cfg):
    root.put("large", "/srv/large")
    path = root + "/srv/large"
    assert root.read_bytes("/srv/large", 80 * M, 4) == b"here"
    assert root.read_bytes("/srv/large", offset=100 * M - 1) == b"\0"
    assert root.read_bytes("/srv/large", offset=1 << 40, length=5) == b""
    with open(path, "rb") as file:
        assert file.seek(-20 * M, 2) == 80 * M and file.read(5) == b"here\0"
        file.seek(10 * M - 4)
        assert file.read(8) == b"over ten"
        os.rename(path, root + "/srv/moved")
        file.seek(80 * M)
        assert file.read(4) == b"here"
    fd = os.open(root + "/srv/moved", os.O_RDONLY)
    assert os.pread(fd, 3, 80 * M + 1) == b"ere"
    os.close(fd)
    with open(root + "/swapfile", "wb") as swap:
        swap.truncate(1 << 30)
    os.truncate(root + "/srv/moved", 80 * M + 2)
    with open(root + "/srv/moved", "rb") as file:
        file.seek(-4, 2)
        assert file.read() == b"\0\0he"
    os.truncate(root + "/srv/moved", 200 * M)
"#;
    let work = project("own.py", text);
    succeed(&mut work.hsb(["build"]));
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    for (path, size, most) in [
        ("/swapfile", 1 << 30, 0),
        ("/srv/moved", 200 * MIB, 81 * MIB),
    ] {
        check_size(&image, path, size, most);
    }
}

#[test]
fn files_of_any_size_are_written_in_places() {
    let text = r#"
import os
M = 1 << 20
def modify(name, root, cfg):
    path = root + "/srv/large"
    root.put("large", "/srv/large")
    with open(path, "ab") as file:
        file.write(b"end\n")
    root.append("/srv/large", "of it")
    with open(path, "r+b") as file:
        file.seek(80 * M + 1)
        file.write(b"EAR")
        file.flush()
        assert os.pread(file.fileno(), 5, 80 * M) == b"hEAR\0"
        file.seek(-5, 2)
        assert file.read() == b"of it"
    with open(root + "/srv/holes", "wb") as file:
        file.write(b"head")
        file.truncate(60 * M)
        file.seek(60 * M)
        file.write(b"x")
    root.write("/srv/hole", "")
    root.truncate("/srv/hole", 70 * M)
    root.append("/srv/hole", "x")
    with open(root + "/srv/hole", "a") as file:
        file.write("y")
    with open(root + "/swapfile", "wb") as swap:
        swap.truncate(256 * M)
        swap.seek(4086)
        swap.write(b"SWAPSPACE2")
    with open(root + "/srv/far", "wb") as file:
        file.seek(1 << 30)
        file.write(b"x")
    text = "\1" * (45 * M)
    with open(root + "/srv/controls", "w") as file:
        file.write(text)
    root.write("/srv/at-once", text)
    root.write_bytes("/srv/at-once", len(text) - 1, "!!")
    for name in ("controls", "at-once"):
        size = root.stat("/srv/" + name).size
        print(name, size, root.read_bytes("/srv/" + name, size - 3), flush=True)
"#;
    let work = project("own.py", text);
    let said = run(&mut work.hsb(["build"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    for line in [
        r"controls 47185920 b'\x01\x01\x01'",
        r"at-once 47185921 b'\x01!!'",
    ] {
        assert!(said.stderr.contains(line), "{said:#?}");
    }
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    for (path, size, most) in [
        ("/srv/large", 100 * MIB + 9, 101 * MIB),
        ("/srv/holes", 60 * MIB + 1, 8192),
        ("/srv/hole", 70 * MIB + 2, 4096),
        ("/swapfile", 256 * MIB, 4096),
        ("/srv/far", (1 << 30) + 1, 4096),
    ] {
        check_size(&image, path, size, most);
    }
}

/// Checks the size of a file, and that it takes no more room than so many bytes.
fn check_size(image: &Path, path: &str, size: u64, most: u64) {
    let told = debugfs(image, 0, &format!("stat {path}"));
    assert!(told.contains(&format!("Size: {size}\n")), "{told}");
    let (_, blocks) = told.split_once("Blockcount: ").unwrap();
    let blocks: u64 = blocks.split_whitespace().next().unwrap().parse().unwrap();
    assert!(blocks * 512 <= most, "{path}: {blocks}");
}

#[test]
fn what_is_too_large_says_how_it_can_be_read() {
    for (file, line) in [
        ("own.py", "root.read('/srv/large')"),
        ("own.py", "root.replace('/srv/large', 'here', 'there')"),
        (
            "own.star",
            "root.read_bytes('/srv/large', length=100 << 20)",
        ),
    ] {
        let text = format!(
            "def modify(name, root, cfg):\n    root.put('large', '/srv/large')\n    {line}\n"
        );
        let said = fail(&mut project(file, &text).hsb(["build"]), 1);
        let expected = "/srv/large has 104857600 bytes; at most 67108864 can be read into memory; \
                        read_bytes with offset and length reads parts of a file";
        assert!(said.contains(expected), "{line}: {said}");
        assert!(
            said.contains(&format!("modules/{file}:3")),
            "{line}: {said}"
        );
    }
}

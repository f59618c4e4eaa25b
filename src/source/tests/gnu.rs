//! Archives by GNU tar in all its formats, judged by Python's tarfile module.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use super::*;

/// Reads an archive and compares what the tree holds with what the judge says.
#[track_caller]
fn judge(archive: &Path) -> Vec<String> {
    let loaded = load_file(archive).unwrap_or_else(|e| panic!("{e:#}"));
    assert_eq!(loaded.warnings, [""; 0]);
    let ours: Vec<_> = listing(&loaded).into_iter().collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/source/tests/judge.py");
    let theirs = run(Command::new("python3").arg(script).arg(archive), "python3");
    let theirs = String::from_utf8(theirs).unwrap();
    for line in theirs.lines() {
        assert!(
            ours.iter().any(|ours| ours == line),
            "{line}\nnot in {ours:#?}"
        );
    }
    assert_eq!(theirs.lines().count(), ours.len(), "{theirs}\n{ours:#?}");
    ours
}

/// Runs GNU tar on the whole of a folder.
fn tar(folder: &Path, archive: &Path, options: &[&str]) {
    let mut command = Command::new("tar");
    command
        .args(["--create", "--sort=name", "--file"])
        .arg(archive);
    command
        .arg("--directory")
        .arg(folder)
        .args(options)
        .arg(".");
    run(&mut command, "tar (GNU tar)");
}

fn set_time(path: &Path, secs: i64, nanos: u32) {
    let whole = Duration::from_secs(secs.unsigned_abs());
    let time = if secs < 0 {
        SystemTime::UNIX_EPOCH - whole
    } else {
        SystemTime::UNIX_EPOCH + whole
    };
    let time = time + Duration::from_nanos(nanos.into());
    File::open(path).unwrap().set_modified(time).unwrap();
}

/// A folder with all that a format may have trouble with, up to its longest path and link.
fn sample(root: &Path, path_max: usize, link_max: usize) {
    let file = |name: &str, bytes: &[u8], mode: u32| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    file("empty", b"", 0o600);
    file("one block", &[b'1'; 512], 0o4755);
    file("one more", &[b'2'; 513], 0o2711);
    file("odd\n\t\\ name \u{e9}", b"x", 0o644);
    let old = file("old", b"old", 0o444);
    set_time(&old, 0, 0);
    fs::hard_link(&old, root.join("the same")).unwrap();
    // Paths ("./" counts) and link targets around the sizes of the header's fields.
    for len in [100, 101, 155, 156, 255, 256, 257, 300] {
        if len <= path_max {
            // Cut so that a ustar header can hold it in two pieces.
            let name = "n".repeat(100.min(len / 2));
            let (upper, lower) = ((len - name.len()) / 2, (len - name.len()).div_ceil(2));
            let dir = format!("{}/{}", "u".repeat(upper - 2), "l".repeat(lower - 2));
            file(&format!("{dir}/{name}"), &len.to_be_bytes(), 0o644);
        }
    }
    for len in [1, 99, 100, 101, 255, 1000] {
        if len <= link_max {
            symlink("t".repeat(len), root.join(format!("link{len}"))).unwrap();
        }
    }
    if path_max == 300 {
        file(&"m".repeat(255), b"longest name", 0o644);
    }
    fs::create_dir_all(root.join("dir/deep")).unwrap();
    fs::set_permissions(root.join("dir"), PermissionsExt::from_mode(0o1777)).unwrap();
    run(
        Command::new("mkfifo").arg(root.join("dir/fifo")),
        "coreutils",
    );
}

#[test]
fn formats() {
    for (format, path_max, link_max, owner) in [
        ("v7", 99, 99, 0o7_777_777),
        ("ustar", 256, 100, 0o7_777_777),
        ("oldgnu", 300, 1000, 0xffff_fffe_u32),
        ("gnu", 300, 1000, 0xffff_fffe),
        ("posix", 300, 1000, 0xffff_fffe),
    ] {
        let work = tempfile::tempdir().unwrap();
        let root = work.path().join("root");
        sample(&root, path_max, link_max);
        for (name, secs, nanos) in [
            ("new", 5_000_000_000, 0),
            ("before", -2, 500_000_000),
            ("fine", 7, 123_456_789),
        ] {
            // Only these formats have negative times.
            if secs >= 0 || path_max == 300 {
                fs::write(root.join(name), name).unwrap();
                set_time(&root.join(name), secs, nanos);
            }
        }
        let archive = work.path().join("archive");
        let format_option = format!("--format={format}");
        let owner = [format!("--owner=:{owner}"), format!("--group=:{owner}")];
        let mut options = vec![&*format_option, "--numeric-owner", &owner[0], &owner[1]];
        if format == "v7" {
            options.push("--exclude=fifo");
        }
        tar(&root, &archive, &options);
        let ours = judge(&archive);
        assert!(ours.len() > 12, "{format}: {ours:#?}");
        let lines = ours.join("\n");
        let exact = lines.contains("+123456789ns") && lines.contains("-2+500000000ns");
        assert_eq!(exact, format == "posix", "{lines}");
    }
}

#[test]
fn sparse_files() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir(&root).unwrap();
    // Up to 4 parts fit a header, 21 more each block after it.
    for (name, parts, len) in [
        ("hole", 0, 40_000),
        ("few", 3, 100_000),
        ("four", 4, 100_001),
        ("five", 5, 200_000),
        ("more", 60, 1 << 20),
    ] {
        let file = File::create(root.join(name)).unwrap();
        for part in 0..parts {
            file.write_all_at(&[b'p'; 700], len / parts * part + 512)
                .unwrap();
        }
        file.set_len(len).unwrap();
    }
    fs::write(root.join("plain"), [b'x'; 3000]).unwrap();
    for options in [
        &["--format=oldgnu"][..],
        &["--format=gnu"],
        &["--format=posix", "--sparse-version=0.0"],
        &["--format=posix", "--sparse-version=0.1"],
        &["--format=posix", "--sparse-version=1.0"],
    ] {
        let archive = work.path().join("archive");
        // So that the holes do not depend on the filesystem below.
        let options = [options, &["--sparse", "--hole-detection=raw"]].concat();
        tar(&root, &archive, &options);
        let ours = judge(&archive);
        let parts: Vec<_> = ours.iter().map(|line| line.matches("-").count()).collect();
        assert_eq!(parts, [0, 3, 5, 4, 0, 60, 0], "{ours:#?}");
    }
}

#[test]
fn attributes() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    fs::write(root.join("file"), "x").unwrap();
    for (path, name, value) in [
        ("file", "user.text", "plain"),
        ("file", "user.binary", "0x000a003d0aff313820706174683d780a"),
        ("file", "user.empty", ""),
        ("dir", "user.percent%41=", "x"),
    ] {
        let mut command = Command::new("setfattr");
        command.args(["-n", name, "-v", value]).arg(root.join(path));
        run(&mut command, "attr");
    }
    let archive = work.path().join("archive");
    tar(&root, &archive, &["--format=posix", "--xattrs"]);
    let ours = listing(&load_file(&archive).unwrap()).join("\n");
    let want = "user.binary=\\x00\\n\\x00=\\n\\xff18 path=x\\n user.empty= user.text=plain";
    assert!(ours.contains(want), "{ours}");
    assert!(ours.contains("user.percent%41==x"), "{ours}");
}

#[test]
fn access_control_lists_are_as_the_kernel_has_them() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::create_dir_all(root.join("dir")).unwrap();
    // GNU tar writes names where it can: these are the archived system's own.
    fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
    fs::write(root.join("etc/passwd"), "root:x:0:0:::\n").unwrap();
    let acl = "u:70000:rwx,u:0:r,g:9999:w,g:0:x,u:12345:-";
    let mut command = Command::new("setfacl");
    command.args(["-m", &format!("{acl},d:{}", acl.replace(',', ",d:"))]);
    run(command.arg(root.join("dir")), "acl");
    let archive = work.path().join("archive");
    tar(&root, &archive, &["--format=posix", "--acls"]);
    let loaded = load_file(&archive).unwrap();
    let id = loaded.tree.resolve(b"dir").unwrap();
    let xattrs = &loaded.tree.node(id).xattrs;
    assert_eq!(xattrs.len(), 2);
    for (name, value) in xattrs {
        let name = str::from_utf8(name).unwrap();
        let mut command = Command::new("getfattr");
        command.args(["--only-values", "--absolute-names", "-n", name]);
        let theirs = run(command.arg(root.join("dir")), "attr");
        assert_eq!(
            value.escape_ascii().to_string(),
            theirs.escape_ascii().to_string()
        );
    }
}

//! Images that become tarballs and container images again, as GNU tar, Python, skopeo and umoci
//! read them.

use std::fs;
use std::path::{Path, PathBuf};

use super::kit::{self, Work};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Asserts that Python finds the same in two tars.
fn assert_same(work: &Work, a: &Path, b: &Path) {
    let mut python = kit::tool("python3");
    python.arg(project("tests/looking/same_tar.py"));
    python.arg(project("scripts/compare-tree")).args([a, b]);
    let said = kit::succeed(python.current_dir(work.path()));
    assert!(said.starts_with("SAME: "), "{said}");
}

/// Makes a folder of files on a few limits, that no privilege is needed for.
fn sample(work: &Work) {
    let made = r#"
        umask 022; mkdir -p root/etc root/empty root/.hidden; cd root
        echo root:x:0:0::/:/bin/sh > etc/passwd
        printf 'new\nline' > "$(printf 'new\nline \377 \033')"
        long=$(printf '%0200d' 0); mkdir -p "$long/$long"; echo deep > "$long/$long/file"
        ln "$long/$long/file" "$long/link"; ln -s "$long/$long" symlink; ln etc/passwd passwd-
        truncate -s 5M holes; printf data | dd of=holes bs=1 seek=3000000 conv=notrunc status=none
        truncate -s 1M all-hole; truncate -s 70000 tail; printf x | dd of=tail conv=notrunc status=none
        truncate -s 200000 "$long/holes"; printf y | dd of="$long/holes" bs=1 seek=100000 conv=notrunc status=none
        head -c 3000000 /dev/urandom > large; mkfifo fifo
        chmod 4751 large; chmod 1777 empty
        setfattr -n user.mark -v "$(printf 'a=b%%')" etc/passwd; setfattr -n user.kk -v x large
        setfacl -m u:54321:r,g:54322:rw etc/passwd; setfacl -d -m u:54323:rwx empty
        touch -h -d '2001-02-03T04:05:06.5Z' symlink; touch -d '2020-01-01T00:00:00.123456789Z' fifo
        touch -d '2021-03-04T05:06:07Z' empty etc .
    "#;
    let mut sh = kit::tool("sh");
    kit::succeed(sh.args(["-ec", made]).current_dir(work.path()));
}

#[test]
fn a_tar_on_every_limit_comes_back_as_it_was() {
    let work = Work::new("export-edge");
    let tar = work.join("edges.tar");
    let mut make = kit::tool("python3");
    let make = make
        .arg(project("scripts/make-edges"))
        .arg("--few")
        .arg(&tar);
    kit::succeed(make.env("PYTHONDONTWRITEBYTECODE", "1"));
    let out = work.join("out.tar");
    kit::succeed(work.hsb(["export", "edges.tar", "-o"]).arg(&out));
    assert_same(&work, &tar, &out);
    let same = kit::succeed(&mut work.hsb(["diff", "edges.tar", "out.tar"]));
    assert_eq!(same, "");
}

#[test]
fn gnu_tar_unpacks_what_was_exported() {
    let work = Work::new("export-gnu");
    sample(&work);
    kit::succeed(&mut work.hsb(["export", "root", "-o", "a.tar"]));
    // The same again, packed, on one core and through a pipe: the same members.
    for name in ["b.tar.gz", "b.tar.bz2", "b.tar.xz", "b.tar.zst"] {
        kit::succeed(&mut work.hsb(["export", "a.tar", "-o", name]));
        if name.ends_with(".zst") {
            // Python reads no zstd.
            let mut zstd = kit::tool("zstd");
            let zstd = zstd.args(["-dq", name, "-o", "z.tar"]);
            kit::succeed(zstd.current_dir(work.path()));
            assert_same(&work, &work.join("a.tar"), &work.join("z.tar"));
            continue;
        }
        assert_same(&work, &work.join("a.tar"), &work.join(name));
    }
    let piped = fs::File::create(work.join("c.tar")).unwrap();
    let mut hsb = work.hsb(["export", "b.tar.xz"]);
    kit::succeed(hsb.stdout(piped));
    assert_eq!(
        kit::sha256(&work.join("a.tar")),
        kit::sha256(&work.join("c.tar"))
    );

    fs::create_dir(work.join("unpacked")).unwrap();
    let mut tar = kit::tool("tar");
    let tar = tar.args([
        "--xattrs",
        "--xattrs-include=*",
        "--acls",
        "-C",
        "unpacked",
        "-xpf",
    ]);
    let unpacked = kit::run(tar.arg("a.tar").current_dir(work.path()));
    assert_eq!((unpacked.code, &*unpacked.stderr), (Some(0), ""));
    // What GNU tar packed of the folder is what Python looks for in the copy.
    let mut tar = kit::tool("tar");
    let tar = tar.args([
        "--format=pax",
        "--xattrs",
        "--acls",
        "-S",
        "--numeric-owner",
    ]);
    let tar = tar.args(["-C", "root", "-cf", "theirs.tar", "."]);
    kit::succeed(tar.current_dir(work.path()));
    let mut compare = kit::tool("python3");
    let compare = compare
        .arg(project("scripts/compare-tree"))
        .args(["theirs.tar", "unpacked"]);
    kit::succeed(compare.current_dir(work.path()));
    let same = kit::succeed(&mut work.hsb(["diff", "root", "unpacked"]));
    assert_eq!(same, "");

    // A part of it, under its own names.
    kit::succeed(&mut work.hsb(["export", "root", "/etc", "-o", "etc.tar"]));
    let mut tar = kit::tool("tar");
    let names = kit::succeed(tar.args(["-tf", "etc.tar"]).current_dir(work.path()));
    assert_eq!(names, "etc/\netc/passwd\n");
}

#[test]
fn a_container_image_that_others_read() {
    let work = Work::new("export-oci");
    sample(&work);
    // Layers have no times between two seconds for umoci, nor a place for some of the names.
    fs::remove_file(work.join("root/fifo")).unwrap();
    for (format, out, skopeo) in [
        ("oci", "layout", "oci:layout:1.0"),
        ("oci", "oci.tar", "oci-archive:oci.tar:1.0"),
        ("docker", "docker.tar", "docker-archive:docker.tar"),
    ] {
        let name = if format == "oci" {
            "1.0"
        } else {
            "me/image:1.0"
        };
        let arguments = [
            "export", "root", "--format", format, "--name", name, "-o", out,
        ];
        kit::succeed(&mut work.hsb(arguments));
        let mut inspect = kit::tool("skopeo");
        let inspect = inspect.args(["inspect", "--config", skopeo]);
        let config = kit::succeed(inspect.current_dir(work.path()));
        assert!(
            config.contains("\"os\": \"linux\"") || config.contains("\"os\":\"linux\""),
            "{config}"
        );
        let copy = format!("dir:{format}-{out}");
        let mut skopeo_copy = kit::tool("skopeo");
        let skopeo_copy = skopeo_copy.args(["--insecure-policy", "copy", "-q", skopeo, &copy]);
        kit::succeed(skopeo_copy.current_dir(work.path()));
        let same = kit::succeed(&mut work.hsb(["diff", "root", out]));
        assert_eq!(same, "", "{out}");
    }
    let mut umoci = kit::tool("umoci");
    let umoci = umoci.args(["unpack", "--rootless", "--image", "layout:1.0", "bundle"]);
    kit::succeed(umoci.current_dir(work.path()));
    let arguments = [
        "diff",
        "root",
        "bundle/rootfs",
        "--ignore",
        "mtime,owner,xattr,mode",
    ];
    let differences = kit::succeed(&mut work.hsb(arguments));
    assert_eq!(differences, "");
    // The same bytes again.
    for out in ["oci.tar", "docker.tar"] {
        let before = kit::sha256(&work.join(out));
        let (format, name) = match out {
            "oci.tar" => ("oci", "1.0"),
            _ => ("docker", "me/image:1.0"),
        };
        let arguments = [
            "export", "layout", "--format", format, "--name", name, "-o", out,
        ];
        kit::succeed(&mut work.hsb(arguments));
        assert_eq!(before, kit::sha256(&work.join(out)), "{out}");
    }
}

/// A folder is as whole as a file: a signal leaves nothing, and what was killed is no hindrance.
#[test]
fn a_layout_that_is_cut_short() {
    let work = Work::new("export-cut");
    fs::create_dir(work.join("root")).unwrap();
    // Large enough to take its time.
    work.write("root/file", vec![1; 128 << 20]);
    let export = || work.hsb(["export", "root", "--format", "oci", "-o", "layout"]);
    for signal in ["TERM", "KILL"] {
        let mut child = export().spawn().unwrap();
        while !work
            .join(".layout.hsb-part/blobs/sha256/.layer.hsb-part")
            .exists()
        {
            assert!(child.try_wait().unwrap().is_none(), "over before it began");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let kill = format!("kill -{signal} {}", child.id());
        kit::succeed(kit::tool("sh").args(["-c", &kill]));
        assert!(!child.wait().unwrap().success());
        let left: &[&str] = match signal {
            "KILL" => &[".layout.hsb-part", "root"],
            _ => &["root"],
        };
        assert_eq!(work.names(), left, "{signal}");
    }
    work.write("root/file", "small");
    kit::succeed(&mut export());
    assert_eq!(work.names(), ["layout", "root"]);
    kit::succeed(&mut work.hsb(["diff", "root", "layout"]));
}

#[test]
fn what_cannot_be_exported() {
    let work = Work::new("export-reject");
    fs::create_dir(work.join("root")).unwrap();
    work.write("root/.wh.file", "");
    for (arguments, code, want) in [
        (
            &["--format", "oci", "-o", "a"][..],
            1,
            "/.wh.file: in a container image, a name",
        ),
        (
            &["--format", "docker", "-o", "a"],
            2,
            "a: give -o the ending .tar",
        ),
        (
            &["--format", "docker"],
            2,
            "a container image goes to a file",
        ),
        (&["--name", "x"], 2, "--name is for container images"),
        (&["-o", "a.zip"], 2, "a.zip: the ending of -o says how"),
        (&["-o", "root/a.tar"], 2, "lies in the source"),
        (&["-o", "gone/a.tar"], 2, "there is no folder gone; make it"),
        (&["/gone"], 1, "/gone: no such file"),
        (&["/.wh.file"], 1, "is a file; only a directory"),
        (
            &["--format", "oci", "-o", "root"],
            2,
            "root: is there already",
        ),
        (
            &["--format", "oci", "-o", "a", "--name", "bad tag"],
            2,
            "--name \"bad tag\": letters and digits",
        ),
        (
            &["--format", "docker", "-o", "a.tar", "--name", "Web"],
            2,
            "--name \"Web\": has no name like",
        ),
    ] {
        let mut hsb = work.hsb(["export", "root"]);
        let message = kit::fail(hsb.args(arguments), code);
        assert!(message.contains(want), "{arguments:?}: {message}");
        assert_eq!(work.names(), ["root"], "{arguments:?}");
    }
    kit::succeed(&mut work.hsb(["export", "root", "-o", "a.tar"]));
}

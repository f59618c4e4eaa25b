//! Images for EC2 and OpenStack: kernel and ramdisk found in trees as distributions lay them out,
//! bundles as uploaders read them, and what is refused.

mod kernels;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::kit::{Work, fail, run, succeed, tool};

/// A kernel for x86-64 that says its version; never run, so there is no more to it.
fn kernel(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    bytes[0x1FE..0x208].copy_from_slice(b"\x55\xaaXXHdrS\x0f\x02");
    bytes[0x20E..0x210].copy_from_slice(&0x1000_u16.to_le_bytes());
    bytes[0x236] = 1;
    let text = format!("{version} (somebody@somewhere) #1 SMP");
    bytes[0x1200..0x1200 + text.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, bytes).unwrap();
    gzip.finish().unwrap()
}

/// Starts as a program for x86-64 (62) or aarch64 (183) does.
fn program(machine: u8) -> Vec<u8> {
    let mut bytes = b"\x7FELF\x02\x01".to_vec();
    bytes.resize(64, 0);
    bytes[18] = machine;
    bytes
}

/// Packs a tree of files and, with an arrow, links.
fn pack(work: &Work, entries: &[(&str, &[u8])]) {
    let root = work.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).unwrap();
    }
    fs::create_dir_all(root.join("boot")).unwrap();
    for (path, content) in entries {
        let (path, target) = match path.split_once(" -> ") {
            Some((path, target)) => (path, Some(target)),
            None => (*path, None),
        };
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match target {
            Some(target) => symlink(target, file).unwrap(),
            None => fs::write(file, content).unwrap(),
        }
    }
    let mut tar = tool("tar");
    tar.args(["--mtime=@1700000000", "--owner=0", "--group=0", "-cf"])
        .arg(work.join("rootfs.tar"))
        .arg("-C")
        .arg(root)
        .arg(".");
    succeed(&mut tar);
}

fn report(work: &Work, args: &[&str]) -> Value {
    let printed = succeed(work.hsb(["build", "-q", "--json"]).args(args));
    serde_json::from_str(&printed).unwrap()
}

const CPIO: &[u8] = b"070701 and so on";

#[test]
fn uploaders_find_the_three_parts() {
    let work = Work::new("bundle");
    work.write("build.yaml", "source: rootfs.tar\nname: web\n");
    let image = kernel("6.1.0-18-amd64");
    pack(
        &work,
        &[
            ("bin/sh", &program(62)),
            ("boot/vmlinuz-6.1.0-18-amd64", &image),
            ("boot/initrd.img-6.1.0-18-amd64", CPIO),
        ],
    );
    let uploaders = |archive: &str| {
        let mut python = tool("python3");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundle/uploaders.py");
        run(python.arg(script).arg(work.join(archive)))
    };
    for archive in ["blah.tar.gz", "blah.tgz", "blah.tar", "blah.tar.bz2"] {
        let told = report(&work, &["-s", "16M", "-x", "-o", archive]);
        let parts = "blah blah-vmlinuz blah-initrd blah.img";
        // The one for EC2 unpacks by gzip.
        let ec2 = match archive.ends_with("gz") {
            true => "ec2 blah-vmlinuz blah-initrd blah.img\n",
            false => "",
        };
        let want = format!("2012 {parts}\n2014 {parts}\n{ec2}");
        assert_eq!(uploaders(archive).stdout, want, "{archive}");
        // The command line names the filesystem that is in the archive.
        let uuid = told["partitions"][0]["content"]["uuid"].as_str().unwrap();
        let boot = &told["boot"];
        let line = format!("root=UUID={uuid} rw console=ttyS0");
        assert_eq!(boot["command_line"], line.as_str());
        assert_eq!(boot["version"], "6.1.0-18-amd64");

        let unpacked = work.join("unpacked");
        fs::create_dir(&unpacked).unwrap();
        let mut tar = tool("tar");
        succeed(
            tar.arg("-xf")
                .arg(work.join(archive))
                .arg("-C")
                .arg(&unpacked),
        );
        assert_eq!(fs::read(unpacked.join("blah-vmlinuz")).unwrap(), image);
        assert_eq!(fs::read(unpacked.join("blah-initrd")).unwrap(), CPIO);
        crate::kit::e2fsck_clean(&unpacked.join("blah.img"), 0);
        fs::remove_dir_all(unpacked).unwrap();
    }
    // What they never could unpack.
    report(&work, &["-x", "-o", "blah.tar.xz"]);
    assert!(
        uploaders("blah.tar.xz")
            .stderr
            .contains("do not know how to unpack")
    );

    // Beside an image, and in a folder.
    for name in ["rootfs.tar", "build.yaml"] {
        fs::copy(work.join(name), work.join("root").join(name)).unwrap();
    }
    fs::create_dir(work.join("out")).unwrap();
    let told = report(
        &work,
        &["-x", "-o", "out/", "-o", "disk.raw", "-o", "disk.qcow2"],
    );
    let files = told["files"].as_array().unwrap();
    let files: Vec<_> = files.iter().map(|f| f["path"].as_str().unwrap()).collect();
    let want = "out/web.img disk.raw disk.qcow2 out/web-vmlinuz out/web-initrd disk-vmlinuz \
                disk-initrd";
    assert_eq!(files.join(" "), want);
    for file in ["out/web-vmlinuz", "disk-vmlinuz"] {
        assert_eq!(fs::read(work.join(file)).unwrap(), image);
    }
    assert_eq!(fs::read(work.join("disk-initrd")).unwrap(), CPIO);
    assert_eq!(
        fs::read(work.join("out/web.img")).unwrap(),
        fs::read(work.join("disk.raw")).unwrap()
    );

    // A recipe that divides the image has its way, and a word about it.
    work.write("build.yaml", "source: rootfs.tar\ntable: gpt\n");
    let told = report(&work, &["-x", "-o", "disk.raw"]);
    let line = told["boot"]["command_line"].as_str().unwrap();
    let partuuid = told["partitions"][0]["partuuid"].as_str().unwrap();
    assert_eq!(line, format!("root=PARTUUID={partuuid} rw console=ttyS0"));
    assert!(
        told["warnings"][0]
            .as_str()
            .unwrap()
            .contains("`table: none`")
    );
}

#[test]
fn names_that_uploaders_misread() {
    let work = Work::new("names");
    pack(&work, &[("boot/vmlinuz-6.1", &kernel("6.1"))]);
    work.write("build.yaml", "source: rootfs.tar\nname: my-initrd\n");
    for (args, want) in [
        (&["-o", "my-initrd-test.tar.gz"][..], "holds \"initrd\""),
        (&["-o", "VMLINUZ.tgz"], "holds \"vmlinuz\""),
        (&["-o", "a-initramfs.raw"], "holds \"initramfs\""),
        (
            &["-o", "f\u{f6}\u{f6}.tar.gz"],
            "holds 'ö', which tar lists",
        ),
        (&["-o", "a\\b.tar.gz"], "holds '\\\\', which tar lists"),
        (&["-o", ".hidden.tar.gz"], "starts with a dot"),
        (&["-o", "./-rf.tar.gz"], "starts with a dash"),
        (&["-o", " foo.tar.gz"], "starts with a blank"),
        (&["-o", ".tar.gz"], "the ending of -o chooses the format"),
        (&["-o", "disk.img.tar.gz"], "holds \".img\""),
        (&["-o", "a.qcow2.tgz"], "holds \".qcow2\""),
        (&["-o", "a.tar.tar.gz"], "holds \".tar\""),
        (
            &["-o", "a.sha256.tar.gz"],
            "holds \"sha\" after its last dot",
        ),
        (&["-o", "a\nb.tar.gz"], "holds '\\n', which tar lists"),
        (&["-o", "."], "\"my-initrd\" holds \"initrd\""),
        (
            &[],
            "build.yaml:2:7: -x: the name \"my-initrd\" holds \"initrd\"",
        ),
        (
            &["-o", "a.raw", "-o", "./a.raw"],
            "./a.raw: -o names this file twice",
        ),
        (&["-o", "none/x.raw"], "there is no folder none"),
        (
            &["-o", "a-vmlinuz"],
            "the ending of -o chooses the format; known are .raw .img .qcow2",
        ),
        (
            &["--compress", "-o", "a.raw"],
            "--compress: no OUT is a .qcow2",
        ),
    ] {
        let said = fail(work.hsb(["build", "-q", "-x"]).args(args), 2);
        assert!(said.contains(want), "{args:?}: {said}");
        assert_eq!(work.names(), ["build.yaml", "root", "rootfs.tar"]);
    }
    let long = format!("{}.tar.gz", "n".repeat(93));
    let said = fail(&mut work.hsb(["build", "-q", "-x", "-o", &long]), 2);
    assert!(said.contains("has 93 bytes"), "{said}");
    // What is only wrong in a bundle is fine without one.
    succeed(&mut work.hsb(["build", "-q", "-o", "my-initrd-test.tar.gz"]));

    // A ramdisk of an earlier build does not go with a kernel that has none.
    work.write("a-initrd", "old");
    let run = run(&mut work.hsb(["build", "-q", "-x", "-o", "a.raw"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("a-initrd: was there before"), "{run:?}");
    assert_eq!(fs::read(work.join("a-initrd")).unwrap(), b"old");
}

#[test]
fn a_rebuild_compares_kernel_and_ramdisk() {
    let work = Work::new("bundle-rebuild");
    work.write("build.yaml", "source: rootfs.tar\nname: web\n");
    let mut image = kernel("6.1");
    let with = |image: &[u8], ramdisk: Option<&[u8]>| {
        let shell = program(62);
        let mut entries = vec![("bin/sh", &*shell), ("boot/vmlinuz-6.1", image)];
        entries.extend(ramdisk.map(|bytes| ("boot/initrd.img-6.1", bytes)));
        pack(&work, &entries);
    };
    let rebuild = |image: &str, code: i32| {
        let found = run(&mut work.hsb(["verify", "--rebuild", "build.yaml", "-x", image]));
        assert_eq!(found.code, Some(code), "{image}: {found:#?}");
        let lines = found.stdout.lines().filter(|l| l.contains("beside it"));
        lines.map(|l| l.to_owned() + "\n").collect::<String>()
    };
    with(&image, Some(CPIO));
    report(&work, &["-x", "-o", "a.img", "-o", "a.tar.gz"]);
    for name in ["a.img", "a.tar.gz"] {
        assert_eq!(rebuild(name, 0), "");
    }
    // The file is damaged, and nothing else.
    let mut damaged = CPIO.to_vec();
    damaged[3] = b'!';
    fs::write(work.join("a-initrd"), &damaged).unwrap();
    let found = run(&mut work.hsb(["verify", "--rebuild", "build.yaml", "-x", "a.img"]));
    let want = "ramdisk beside it, byte 3: 0x21 in the image, 0x37 as rebuilt\n\
                a.img: not what build.yaml makes\n";
    assert_eq!((&*found.stdout, found.code), (want, Some(1)), "{found:#?}");
    let found = run(&mut work.hsb(["verify", "--rebuild", "build.yaml", "a.img"]));
    assert_ne!(found.code, Some(0), "a table, without -x");
    fs::remove_file(work.join("a-vmlinuz")).unwrap();
    let want = "kernel beside it, file: missing in the image, 8192 bytes as rebuilt\n";
    assert!(rebuild("a.img", 1).starts_with(want));
    // Another source.
    image.truncate(8000);
    with(&image, None);
    let want = "kernel beside it, size: 8192 bytes in the image, 8000 bytes as rebuilt\n\
                ramdisk beside it, file: 16 bytes in the image, missing as rebuilt\n";
    assert_eq!(rebuild("a.tar.gz", 1), want);
}

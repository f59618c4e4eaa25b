//! Files that store a disk: qcow2 with all options of qemu-img, and all that hsb writes.

use std::fs;

use super::{build, files, mke2fs, refused};
use crate::kit::{self, Work};

fn qemu_img(work: &Work, arguments: &str) {
    let mut qemu_img = kit::tool("qemu-img");
    qemu_img.args(arguments.split(' ')).current_dir(work.path());
    // For LUKS it measures the machine, which a busy one does not let it do now and then.
    for _ in 0..9 {
        let run = kit::run(&mut qemu_img);
        match run.code {
            Some(0) => return,
            _ if run.stderr.contains("accurate CPU usage") => {}
            _ => break,
        }
    }
    kit::succeed(&mut qemu_img);
}

/// What qemu-img is told to make a qcow2.
const QCOW2: &[&str] = &[
    "",
    "-o compat=0.10",
    "-o cluster_size=512",
    "-o cluster_size=2M",
    "-o extended_l2=on",
    "-o extended_l2=on,cluster_size=16k",
    "-o refcount_bits=1",
    "-o lazy_refcounts=on",
    "-o preallocation=metadata",
    "-o preallocation=falloc",
    "-o preallocation=metadata,extended_l2=on",
    "-o data_file=data",
    "-o data_file=data,data_file_raw=on",
    "-c",
    "-c -o compat=0.10",
    "-c -o cluster_size=512",
    "-c -o cluster_size=2M",
    "-c -o compression_type=zstd",
    "-c -o compression_type=zstd,cluster_size=4k",
    "-c -o extended_l2=on,compression_type=zstd",
];

#[test]
fn every_qcow2() {
    let work = Work::new("images-qcow2");
    let raw = mke2fs(&work, "fs.raw", &["-t", "ext4"], &files(&work));
    let (want, _) = build(&work, "fs.raw");
    for options in QCOW2 {
        let space = if options.is_empty() { "" } else { " " };
        qemu_img(
            &work,
            &format!("convert -f raw -O qcow2{space}{options} fs.raw fs.qcow2"),
        );
        assert!(
            build(&work, "fs.qcow2").0 == want,
            "{options}: another image"
        );
        fs::remove_file(work.join("data")).ok();
    }
    // An image over another one, and one over that, by each way to name the one below.
    let changed = work.join("changed.raw");
    fs::copy(&raw, &changed).unwrap();
    kit::run(
        kit::tool("debugfs")
            .args(["-w", "-R", "rm dir/big"])
            .arg(&changed),
    );
    let (want_changed, _) = build(&work, "changed.raw");
    assert!(want_changed != want);
    qemu_img(
        &work,
        "convert -f raw -O qcow2 -o cluster_size=4k fs.raw base.qcow2",
    );
    for (base, form, options) in [
        ("fs.raw", "raw", ""),
        ("base.qcow2", "qcow2", ",cluster_size=4k"),
        ("base.qcow2", "qcow2", ",extended_l2=on"),
        ("base.qcow2", "qcow2", ",compat=0.10"),
        ("PATH/base.qcow2", "qcow2", ""),
    ] {
        let base = base.replace("PATH", work.path().to_str().unwrap());
        for name in ["over.qcow2", "top.qcow2"] {
            fs::remove_file(work.join(name)).ok();
        }
        qemu_img(
            &work,
            &format!("create -q -f qcow2 -b {base} -F {form} -o size=24M{options} over.qcow2"),
        );
        assert!(
            build(&work, "over.qcow2").0 == want,
            "{base} {options}: another image"
        );
        // What changed goes into the one above.
        qemu_img(&work, "create -q -f qcow2 -b over.qcow2 -F qcow2 top.qcow2");
        qemu_img(&work, "convert -n -f raw -O qcow2 changed.raw top.qcow2");
        assert!(
            build(&work, "top.qcow2").0 == want_changed,
            "{base} {options}: another image"
        );
        qemu_img(&work, "rebase -f qcow2 -b over.qcow2 -F qcow2 top.qcow2");
        assert!(
            build(&work, "top.qcow2").0 == want_changed,
            "{base} {options}: rebased"
        );
        // A disk that grew: what the one below does not have is zero.
        qemu_img(&work, "resize -q over.qcow2 40M");
        assert!(
            build(&work, "over.qcow2").0 == want,
            "{base} {options}: another image"
        );
    }
    // What is said to be raw is raw, whatever a guest has written to where a boot loader would be.
    for start in ["conectix", "QFI\u{fb}", "KDMV\u{9}", "vhdxfile"] {
        let mut bytes = fs::read(&raw).unwrap();
        bytes[..start.len()].copy_from_slice(start.as_bytes());
        work.write("odd.raw", bytes);
        qemu_img(&work, "create -q -f qcow2 -b odd.raw -F raw odd.qcow2");
        assert!(
            build(&work, "odd.qcow2").0 == want,
            "{start}: another image"
        );
    }
    // A snapshot does not matter.
    qemu_img(&work, "snapshot -c one base.qcow2");
    assert!(build(&work, "base.qcow2").0 == want);
}

#[test]
fn all_that_hsb_writes() {
    let work = Work::new("images-formats");
    files(&work);
    let (want, _) = build(&work, "files");
    for ending in [
        "raw", "qcow2", "vmdk", "vhd", "raw.gz", "img.bz2", "raw.xz", "img.zst",
    ] {
        for table in ["none", "gpt", "mbr"] {
            let out = format!("image.{ending}");
            work.write("disk.yaml", format!("table: {table}\nsource: files\n"));
            kit::succeed(&mut work.hsb(["build", "-q", "-f", "disk.yaml", "-o", &out]));
            let (got, said) = build(&work, &out);
            assert!(got == want, "{out} {table}: another image");
            assert_eq!(said, "", "{out} {table}");
        }
    }
    kit::succeed(&mut work.hsb([
        "build",
        "-q",
        "-c",
        "-i",
        "files",
        "-f",
        "disk.yaml",
        "-o",
        "image.qcow2",
    ]));
    assert!(build(&work, "image.qcow2").0 == want);
    qemu_img(&work, "convert -O vmdk image.qcow2 sparse.vmdk");
    assert!(build(&work, "sparse.vmdk").0 == want);
    // From a pipe, too.
    let pipe = fs::File::open(work.join("image.qcow2")).unwrap();
    work.write("build.yaml", "table: none\nseed: same\n");
    kit::succeed(
        work.hsb(["build", "-q", "-i", "-", "-o", "built.raw"])
            .stdin(pipe),
    );
    assert!(fs::read(work.join("built.raw")).unwrap() == want);
}

/// An archive without members starts with zeros, too.
#[test]
fn disks_that_start_with_zeros() {
    let work = Work::new("images-zeros");
    for (at, magic, want) in [
        (1024, &b"\x10\x20\xf5\xf2"[..], "it holds F2FS"),
        (0x8001, b"CD001", "it holds ISO 9660"),
        (0x1_0040, b"_BHRfS_M", "it holds btrfs"),
        (512, b"LABELONE", "it holds an LVM volume"),
        (4086, b"SWAPSPACE2", "it holds swap"),
        (
            0,
            b"",
            "it starts with zeros, so it is no archive with files",
        ),
        (
            5 << 20,
            b"something",
            "it starts with zeros, so it is no archive",
        ),
    ] {
        let mut disk = vec![0; 10 << 20];
        disk[at..at + magic.len()].copy_from_slice(magic);
        work.write("in.img", disk);
        for command in ["ls", "inspect"] {
            // Of a disk, there is something to say in any case.
            let mut hsb = work.hsb([command, "in.img"]);
            let run = kit::run(&mut hsb);
            assert!(run.stderr.contains(want), "{command} {want}: {run:#?}");
        }
        let mut build = work.hsb(["build", "-q", "-i", "in.img", "-o", "out.raw"]);
        let message = kit::fail(&mut build, 1);
        assert!(message.contains(want), "{want}: {message}");
    }
    // The copy at the end of a GPT is enough.
    fs::create_dir(work.join("root")).unwrap();
    work.write("root/file", "here");
    work.write("build.yaml", "source: root\n");
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "in.img"]));
    let mut disk = fs::read(work.join("in.img")).unwrap();
    for byte in [0, b'x'] {
        disk[..34 * 512].fill(byte);
        work.write("in.img", &disk);
        let names = kit::succeed(&mut work.hsb(["ls", "in.img"]));
        assert_eq!(names, "file\nlost+found\n");
    }
    // Tar makes such an archive of nothing.
    kit::succeed(kit::tool("tar").current_dir(work.path()).args([
        "-cf",
        "in.tar",
        "-T",
        "/dev/null",
    ]));
    assert_eq!(kit::succeed(&mut work.hsb(["ls", "in.tar"])), "");
}

#[test]
fn what_is_not_read_is_said_by_name() {
    let work = Work::new("images-unread");
    work.write("secret", "secret");
    fs::create_dir(work.join("in")).unwrap();
    for (arguments, want) in [
        (
            "create -q -f qcow2 --object secret,id=s,data=abc -o encrypt.format=luks,encrypt.key-secret=s in/x 4M",
            "it is encrypted (LUKS)",
        ),
        (
            "create -q -f luks --object secret,id=s,data=abc -o key-secret=s in/x 4M",
            "it holds an encrypted volume (LUKS), which is not read here",
        ),
        ("create -q -f vpc in/x 4M", "it is a dynamic VHD"),
        ("create -q -f vhdx in/x 4M", "it is a VHDX"),
        (
            "create -q -f vdi in/x 4M",
            "it is a VirtualBox disk image (VDI)",
        ),
        ("create -q -f qed in/x 4M", "it is a QED image"),
        ("create -q -f qcow in/x 4M", "version 1 is not read here"),
        ("create -q -f parallels in/x 4M", "it is a Parallels image"),
        (
            "create -q -f vmdk -o subformat=monolithicFlat in/x 4M",
            "it is a VMDK of several files",
        ),
        (
            "create -q -f qcow2 -u -b ../secret -F raw in/x 4M",
            "it needs the file \"../secret\", which is not in its folder",
        ),
        (
            "create -q -f qcow2 -u -b /etc/passwd -F raw in/x 4M",
            "it needs the file \"/etc/passwd\", which is not in its folder",
        ),
        (
            "create -q -f qcow2 -u -b nbd://localhost/x -F raw in/x 4M",
            "it needs \"nbd://localhost/x\", which is no file",
        ),
        (
            "create -q -f qcow2 -u -b json:{\"driver\":\"nbd\"} -F raw in/x 4M",
            "which is no file",
        ),
        (
            "create -q -f qcow2 -u -b missing -F raw in/x 4M",
            "in/missing: No such file",
        ),
        (
            "create -q -f qcow2 -u -b x -F qcow2 in/x 4M",
            "it comes twice, as a difference to itself",
        ),
    ] {
        for old in fs::read_dir(work.join("in")).unwrap() {
            fs::remove_file(old.unwrap().path()).unwrap();
        }
        qemu_img(&work, arguments);
        let message = refused(&work, "in/x");
        assert!(message.contains(want), "{arguments}: {message}");
    }
    // What comes from elsewhere names no file at all.
    qemu_img(&work, "create -q -f qcow2 -u -b secret -F raw in/x 4M");
    let pipe = fs::File::open(work.join("in/x")).unwrap();
    let mut hsb = work.hsb(["build", "-q", "-i", "-", "-o", "built.raw"]);
    let message = kit::fail(hsb.stdin(pipe), 1);
    assert!(message.contains("only images in files may"), "{message}");
}

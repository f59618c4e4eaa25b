//! Which filesystem of a disk is taken.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::{build, files, refused};
use crate::kit::{self, Work};

/// Makes a disk of 96 MiB with a partition table by sfdisk, and puts files into partitions.
fn disk(work: &Work, table: &str, contents: &[(u64, &Path)]) {
    let path = work.join("disk.raw");
    let file = fs::File::create(&path).unwrap();
    file.set_len(96 << 20).unwrap();
    let mut sfdisk = kit::tool("sfdisk");
    sfdisk.arg("-q").arg(&path);
    let script = fs::File::open(work.write("table", table)).unwrap();
    kit::succeed(sfdisk.stdin(script));
    for (mib, content) in contents {
        file.write_all_at(&fs::read(content).unwrap(), mib << 20)
            .unwrap();
    }
}

const GPT: &str = "label: gpt\n\
    1: start=2048, size=61440, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=\"first\"\n\
    14: start=63488, size=2048, type=21686148-6449-6E6F-744E-656564454649\n\
    15: start=65536, size=20480, type=uefi, name=\"ESP\"\n\
    16: start=86016, size=61440, type=TYPE, name=\"last\"\n";

#[test]
fn the_root_is_taken_when_it_is_clear() {
    let work = Work::new("images-partitions");
    let files = files(&work);
    let (want, _) = build(&work, "files");
    let root = super::mke2fs(&work, "root.img", &["-t", "ext4", "-L", "label"], &files);
    let other = work.join("other");
    fs::create_dir_all(other.join("etc")).unwrap();
    let other = super::mke2fs(&work, "other.img", &["-t", "ext4", "-L", "other"], &other);
    let esp = work.join("esp.img");
    fs::File::create(&esp).unwrap().set_len(10 << 20).unwrap();
    kit::succeed(kit::tool("mkfs.fat").args(["-n", "UEFI"]).arg(&esp));
    kit::succeed(
        kit::tool("mcopy")
            .env("TZ", "UTC")
            .arg("-si")
            .arg(&esp)
            .args([files.join("dir/big"), files.join("many")])
            .arg("::"),
    );
    let generic = GPT.replace("TYPE", "0FC63DAF-8483-4772-8E79-3D69D8477DE4");
    let typed = GPT.replace("TYPE", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");

    // By its type, however many others there are.
    disk(&work, &typed, &[(1, &other), (32, &esp), (42, &root)]);
    let (got, said) = build(&work, "disk.raw");
    assert!(got == want, "{said}");
    for part in [
        "partition 16 (ext4 \"last\" \"label\") is read",
        "1 (ext4 \"first\" \"other\")",
        "15 (FAT",
        "\"UEFI\")",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // By number, name and label.
    for (which, is_root) in [
        ("16", true),
        ("last", true),
        ("label", true),
        ("1", false),
        ("first", false),
    ] {
        let (got, said) = build(&work, &format!("{{from: disk.raw, partition: {which}}}"));
        assert_eq!((got == want, &*said), (is_root, ""), "{which}");
    }
    // The ESP below, as a system has it.
    let (_, said) = build(
        &work,
        "[disk.raw, {from: disk.raw, partition: 15, path: /boot/efi}]",
    );
    let others = "what is on 1 (ext4 \"first\" \"other\") can be laid over it";
    assert!(said.contains(others), "{said}");
    let all = "[disk.raw, {from: disk.raw, partition: 15, path: /boot/efi}, \
               {from: disk.raw, partition: other, path: /srv}]";
    assert_eq!(build(&work, all).1, "");
    let built = work.join("built.raw");
    let stat = kit::debugfs(&built, 0, "stat /boot/efi/big");
    assert!(
        stat.contains("Size: 400000") && stat.contains("Mode:  0644"),
        "{stat}"
    );
    let names = kit::debugfs(&built, 0, "ls /boot/efi/many");
    assert!(names.contains(&format!("{}299", "n".repeat(60))), "{names}");

    // One by its type that is damaged, and another one.
    let damaged = work.join("damaged.img");
    fs::write(&damaged, [0x5A; 4096]).unwrap();
    disk(&work, &typed, &[(1, &other), (42, &damaged)]);
    let message = refused(&work, "disk.raw");
    let told = "partition 16 has the type of a root filesystem, and what is on it is not known";
    assert!(message.contains(told), "{message}");
    let said = build(&work, "{from: disk.raw, partition: other}").1;
    assert_eq!(said, "");

    // The only one there is.
    disk(&work, &generic, &[(32, &esp), (42, &root)]);
    assert!(build(&work, "disk.raw").0 == want);
    // Two that may be, and no type says which.
    disk(&work, &generic, &[(1, &other), (42, &root)]);
    let message = refused(&work, "disk.raw");
    let told = "which of its partitions is the root cannot be told";
    assert!(
        message.contains(told) && message.contains("16 (ext4 \"last\" \"label\")"),
        "{message}"
    );
    for (which, want) in [
        ("3", "its GPT has no partition 3, but 1 (ext4"),
        ("nope", "it has no partition \"nope\", but 1 (ext4"),
        (
            "14",
            "partition 14: it holds no filesystem that is known here",
        ),
    ] {
        let message = refused(&work, &format!("{{from: disk.raw, partition: {which}}}"));
        assert!(message.contains(want), "{which}: {message}");
    }

    // The first header is gone, then both.
    let file = fs::File::options()
        .write(true)
        .open(work.join("disk.raw"))
        .unwrap();
    file.write_all_at(&[0x55], 512 + 60).unwrap();
    let (got, said) = build(&work, "{from: disk.raw, partition: last}");
    assert!(
        got == want && said.contains("the copy of the GPT at the end is used"),
        "{said}"
    );
    file.write_all_at(&[0x55], (96 << 20) - 512 + 60).unwrap();
    let message = refused(&work, "disk.raw");
    assert!(
        message.contains("its partition table is damaged: the first GPT header: its checksum"),
        "{message}"
    );
    file.write_all_at(&[0; 512], 512).unwrap();
    file.write_all_at(&[0; 512], (96 << 20) - 512).unwrap();
    let message = refused(&work, "disk.raw");
    assert!(
        message.contains("its MBR stands for a GPT, but there is none"),
        "{message}"
    );

    // Logical partitions of an MBR.
    let mbr = "label: dos\n\
        1: start=2048, size=20480, type=ef\n\
        2: start=22528, size=174000, type=5\n\
        5: start=24576, size=61440, type=83\n\
        6: start=90112, size=61440, type=83\n";
    disk(&work, mbr, &[(1, &esp), (12, &other), (44, &root)]);
    for (which, is_root) in [("6", true), ("label", true), ("5", false)] {
        let (got, _) = build(&work, &format!("{{from: disk.raw, partition: {which}}}"));
        assert_eq!(got == want, is_root, "{which}");
    }
    // A disk that is one filesystem.
    assert!(build(&work, "{from: root.img, partition: label}").0 == want);
    let message = refused(&work, "{from: root.img, partition: 1}");
    assert!(message.contains("it has no partition table"), "{message}");
    work.write("build.yaml", "source: {from: files, partition: 1}\n");
    let message = kit::fail(&mut work.hsb(["build", "-q"]), 2);
    assert!(
        message.contains("`partition` chooses a part of a disk image, and "),
        "{message}"
    );
}

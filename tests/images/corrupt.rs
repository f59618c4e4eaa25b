//! Damaged images: an error that says what and where, whatever byte it is.

use std::fs;

use super::{build, debugfs, files, mke2fs, refused};
use crate::kit::{self, Work};

/// Copies an image with some bytes replaced.
fn damaged(work: &Work, name: &str, edits: &[(usize, &[u8])]) {
    let mut bytes = fs::read(work.join(name)).unwrap();
    for (at, new) in edits {
        bytes[*at..at + new.len()].copy_from_slice(new);
    }
    work.write("damaged", bytes);
}

#[test]
fn ext4() {
    let work = Work::new("images-corrupt-ext4");
    let files = files(&work);
    let image = mke2fs(
        &work,
        "fs.img",
        &["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,^64bit"],
        &files,
    );
    let number = |request: &str| -> usize {
        let shown = kit::debugfs(&image, 0, request);
        shown.split_whitespace().next().unwrap().parse().unwrap()
    };
    let inode = |path: &str| -> usize {
        let shown = kit::debugfs(&image, 0, &format!("imap {path}"));
        let place = shown.split("located at block ").nth(1).unwrap();
        let (block, offset) = place.trim().split_once(", offset 0x").unwrap();
        block.parse::<usize>().unwrap() * 4096 + usize::from_str_radix(offset, 16).unwrap()
    };
    let (dir, big, root) = (inode("/dir"), inode("/dir/big"), inode("/"));
    let names = number("blocks /dir") * 4096;
    let table = kit::debugfs(&image, 0, "stats");
    assert!(table.contains("Group  0"), "{table}");
    let sb = 1024;
    for (edits, want) in [
        (
            &[(sb + 0x18, &[9][..])][..],
            "it holds no filesystem that is known here",
        ),
        (
            &[(sb + 0x04, &[0, 0, 0, 9])],
            "blocks of 4096 bytes, but there is room for 6144",
        ),
        (&[(sb + 0x20, &[0; 4])], "groups of 0 blocks"),
        (&[(sb + 0x28, &[0; 4])], "and 0 inodes"),
        (&[(sb + 0x58, &[7, 0])], "inodes of 7 bytes"),
        (
            &[(4096 + 8, &[0, 0, 0, 9])],
            "the inodes of group 0 would be at block 150994944",
        ),
        (
            &[(root, &[0, 0])],
            "inode 2: its mode is 0o0, which is of no kind of file",
        ),
        (
            &[(dir + 0x1A, &[0, 0])],
            "/dir: inode 12: it has no name left",
        ),
        (
            &[(dir + 0x28, &[0])],
            "/dir: inode 12: its extent tree has a node of magic 0xf300",
        ),
        (
            &[(dir + 0x2A, &[5])],
            "its extent tree has a node of magic 0xf30a with 5 entries",
        ),
        (
            &[(dir + 0x3C, &[0xFF; 4])],
            "/dir: inode 12: its block 0 would be block 4294967295 of 6144",
        ),
        (&[(dir + 0x38, &[0])], "its extent at block 0 is empty"),
        (
            &[(names + 4, &[3, 0])],
            "/dir: inode 12: an entry of 3 bytes with a name of 1",
        ),
        (&[(names + 4, &[0, 0])], "an entry of 0 bytes"),
        (&[(names + 24, &[0xFF; 4])], "there are 6144 of them"),
        (
            &[(names + 24, &[2, 0, 0, 0])],
            "a directory that is in another place, too",
        ),
        (&[(names + 32, b"/")], "a name that none may have"),
        (
            &[(big + 0x88, &[0xFF; 4])],
            "its time has 1073741823 nanoseconds",
        ),
        (
            &[(big + 0x68, &[0xFF; 4])],
            "its attributes in block 4294967295",
        ),
        (
            &[(big + 0x68, &[2, 0, 0, 0])],
            "its attributes in block 2: the magic is",
        ),
        (&[(big + 0x6C, &[0xFF; 4])], "bytes"),
    ] {
        damaged(&work, "fs.img", edits);
        let message = refused(&work, "damaged");
        assert!(message.contains(want), "{edits:x?} {want}: {message}");
    }
    // Names and blocks that come again would make a large tree of a small image.
    for (name, requests, want) in [
        (
            "ext4",
            "ln dir/big dir/tiNy",
            "/dir: inode 12: it has the name \"tiny\" twice",
        ),
        (
            "ext2",
            "sif dir block[1] BLOCK\nsif dir size 8192",
            "/dir: inode 12: its block 1 is block BLOCK, which is another one of its blocks",
        ),
        (
            "ext2",
            "mkdir other\nsif other block[0] BLOCK",
            " are those of another directory, too",
        ),
    ] {
        let options = ["-t", name, "-b", "4096", "-O", "^metadata_csum"];
        let image = mke2fs(&work, "twice.img", &options, &files);
        let block = kit::debugfs(&image, 0, "blocks /dir");
        let filled = |text: &str| text.replace("BLOCK", block.trim());
        debugfs(&work, &image, &filled(requests));
        let mut bytes = fs::read(&image).unwrap();
        let other = bytes.windows(4).position(|name| name == b"tiNy");
        other.into_iter().for_each(|at| bytes[at + 2] = b'n');
        fs::write(&image, bytes).unwrap();
        let (message, want) = (refused(&work, "twice.img"), filled(want));
        assert!(message.contains(&want), "{want}: {message}");
        let run = kit::run(kit::tool("e2fsck").arg("-fn").arg(&image));
        assert_eq!(run.code, Some(4), "{run:#?}");
    }
    // With checksums, every byte of metadata counts.
    let image = mke2fs(&work, "sums.img", &["-t", "ext4", "-b", "4096"], &files);
    let blocks = kit::debugfs(&image, 0, "blocks /dir");
    let names = blocks.trim().parse::<usize>().unwrap() * 4096;
    for (at, want) in [
        (sb + 0x100, "the checksum of its superblock is "),
        (names + 2000, "a block of names has the checksum"),
        (names + 4091, "a block of names has no checksum"),
        (4096 + 0x10, "the descriptor of group 0 has the checksum"),
    ] {
        damaged(&work, "sums.img", &[(at, &[0xEE])]);
        let message = refused(&work, "damaged");
        assert!(message.contains(want), "{at} {want}: {message}");
        judged(&work);
    }
    let options = ["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,uninit_bg"];
    mke2fs(&work, "old.img", &options, &files);
    damaged(&work, "old.img", &[(4096 + 0x10, &[0xEE])]);
    let message = refused(&work, "damaged");
    let want = "the descriptor of group 0 has the checksum";
    assert!(message.contains(want), "{message}");
    judged(&work);
}

/// Asserts that e2fsck finds fault with what is damaged, too.
fn judged(work: &Work) {
    let image = work.join("damaged");
    let run = kit::run(kit::tool("e2fsck").arg("-fn").arg(image));
    assert!(run.code.is_some_and(|code| code & 12 != 0), "{run:#?}");
}

/// The root of an index, and a node below it.
#[test]
fn indexes() {
    let work = Work::new("images-corrupt-index");
    fs::create_dir_all(work.join("files/many")).unwrap();
    for number in 0..3000 {
        work.write(&format!("files/many/{number:0>200}"), "");
    }
    let image = mke2fs(
        &work,
        "fs.img",
        &["-t", "ext4", "-b", "1024"],
        &work.join("files"),
    );
    kit::run(kit::tool("e2fsck").arg("-fyD").arg(&image));
    let diff = ["diff", "fs.img", "files", "--ignore", "owner,mtime"];
    assert_eq!(kit::succeed(&mut work.hsb(diff)), "");
    let dump = kit::debugfs(&image, 0, "htree_dump /many");
    assert!(dump.contains("Indirect levels: 1"), "{dump}");
    let node = dump.split("block ").nth(1).unwrap();
    let node: usize = node.split_whitespace().next().unwrap().parse().unwrap();
    let blocks = kit::debugfs(&image, 0, "blocks /many");
    let blocks: Vec<usize> = blocks
        .split_whitespace()
        .map(|b| b.parse().unwrap())
        .collect();
    for (block, at) in [(0, 50), (0, 1020), (node, 30), (node, 1020)] {
        damaged(&work, "fs.img", &[(blocks[block] * 1024 + at, &[0xEE])]);
        let message = refused(&work, "damaged");
        let want = "a block of its index has the checksum";
        assert!(message.contains(want), "{block} {at}: {message}");
        judged(&work);
        if block != 0 {
            continue;
        }
        let path = format!("/many/{:0>200}", 17);
        let message = kit::fail(&mut work.hsb(["ls", "-d", "damaged", &path]), 1);
        assert!(message.contains(want), "{block} {at}: {message}");
    }
}

#[test]
fn stored_disks() {
    let work = Work::new("images-corrupt-disks");
    mke2fs(&work, "fs.raw", &["-t", "ext4"], &files(&work));
    for (format, options) in [
        ("qcow2", ""),
        ("packed", "-c"),
        ("vmdk", "-o subformat=streamOptimized"),
    ] {
        let mut qemu_img = kit::tool("qemu-img");
        let name = format!("fs.{format}");
        let form = if format == "vmdk" { "vmdk" } else { "qcow2" };
        qemu_img.args(["convert", "-f", "raw", "-O", form]);
        qemu_img.args(options.split_whitespace());
        kit::succeed(qemu_img.args(["fs.raw", &name]).current_dir(work.path()));
    }
    let l2 = |name: &str| -> usize {
        let bytes = fs::read(work.join(name)).unwrap();
        let be = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        let l1 = usize::try_from(be(40)).unwrap();
        usize::try_from(be(l1) & !(1 << 63)).unwrap()
    };
    let (plain, packed) = (l2("fs.qcow2"), l2("fs.packed"));
    for (name, edits, want) in [
        (
            "fs.qcow2",
            &[(7, &[4][..])][..],
            "version 4 is not read here",
        ),
        (
            "fs.qcow2",
            &[(23, &[8])],
            "clusters of 2^8 bytes; possible are 2^9 to 2^21",
        ),
        ("fs.qcow2", &[(35, &[1])], "it is encrypted (AES)"),
        ("fs.qcow2", &[(35, &[9])], "its encryption method is 9"),
        ("fs.qcow2", &[(79, &[2])], "it is marked as corrupt"),
        (
            "fs.qcow2",
            &[(79, &[0x80])],
            "it needs feature 7, which is not known here",
        ),
        ("fs.qcow2", &[(103, &[9])], "a header of 9 bytes"),
        (
            "fs.qcow2",
            &[(24, &[1])],
            "a first table of 1 entries; a disk of",
        ),
        (
            "fs.qcow2",
            &[(36, &[0xFF; 4])],
            "a first table of 4294967295 entries",
        ),
        ("fs.qcow2", &[(40, &[1])], "its first table"),
        (
            "fs.qcow2",
            &[(plain + 6, &[2])],
            "which is no multiple of 65536",
        ),
        ("fs.qcow2", &[(plain + 1, &[1])], "but the file ends at"),
        (
            "fs.packed",
            &[(packed + 7, &[1])],
            "the compressed cluster at",
        ),
        (
            "fs.packed",
            &[(packed + 3, &[1])],
            "were to be read, but it ends at",
        ),
        ("fs.vmdk", &[(4, &[9])], "version 9 is not read here"),
        ("fs.vmdk", &[(77, &[9])], "compression 9 is not known here"),
        ("fs.vmdk", &[(20, &[3])], "grains of 3 sectors"),
        ("fs.vmdk", &[(44, &[0, 0])], "tables of 0 grains"),
        ("fs.vmdk", &[(15, &[1, 1, 1, 1])], "sectors in"),
    ] {
        damaged(&work, name, edits);
        let message = refused(&work, "damaged");
        assert!(
            message.contains(want),
            "{name} {edits:x?} {want}: {message}"
        );
    }
    // Cut anywhere, there is an error, and never another image.
    let (want, _) = build(&work, "fs.raw");
    for name in ["fs.raw", "fs.qcow2", "fs.packed", "fs.vmdk"] {
        let bytes = fs::read(work.join(name)).unwrap();
        for part in 0..12 {
            let cut = bytes.len() / 12 * part;
            work.write("damaged", &bytes[..cut]);
            work.write("build.yaml", "table: none\nseed: same\nsource: damaged\n");
            let run = kit::run(&mut work.hsb(["build", "-q", "-o", "built.raw"]));
            let is_same = || fs::read(work.join("built.raw")).unwrap() == want;
            assert!(
                run.code == Some(1) || (run.code == Some(0) && is_same()),
                "{name} {cut}: {run:#?}"
            );
        }
    }
}

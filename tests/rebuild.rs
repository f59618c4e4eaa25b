//! `hsb verify --rebuild`: images that are what their recipe makes, and images that others changed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use super::kit::{self, Work};

/// Where the partitions of the sample start, in bytes.
const ESP: u64 = 1 << 20;
const ROOT: u64 = 41 << 20;
const SWAP: u64 = 141 << 20;

/// Makes the source and the recipe of an image with all that partitions can hold.
fn sample(work: &Work) {
    for folder in ["root/etc", "root/boot/efi/EFI", "root/many"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    work.write("root/etc/motd", "hello\n");
    work.write("root/boot/efi/EFI/loader.txt", "loads\n");
    for number in 0..300 {
        work.write(&format!("root/many/file-{number}"), "");
    }
    let mut sh = kit::tool("sh");
    let times = "find root -exec touch -d '2020-02-03T04:05:06.5Z' {} +";
    kit::succeed(sh.args(["-c", times]).current_dir(work.path()));
    work.write(
        "build.yaml",
        "source: {from: root, owner: root}\nseed: same\nsize: 150M\nmodules:\n- hostname: web\n\
         partitions:\n- {type: esp, mount: /boot/efi, size: 40M, label: FIRM}\n\
         - {mount: /, size: 100M}\n- {fs: swap, size: 8M}\n",
    );
}

/// Compares an image with what the recipe makes.
fn rebuild(work: &Work, image: &str) -> kit::Run {
    kit::run(&mut work.hsb(["verify", "--rebuild", "build.yaml", image]))
}

#[test]
fn every_format_is_what_its_recipe_makes() {
    let work = Work::new("rebuild-same");
    sample(&work);
    let images = [
        "x.raw",
        "x.qcow2",
        "x.vmdk",
        "x.vhd",
        "x.raw.gz",
        "x.raw.xz",
        "x.raw.zst",
        "x.tar",
        "x.tar.bz2",
    ];
    let outs = images.iter().flat_map(|image| ["-o", image]);
    kit::succeed(&mut work.hsb(["build", "-q"].into_iter().chain(outs)));
    let names = work.names();
    for image in images {
        let found = rebuild(&work, image);
        let said = format!("{image}: the same as build.yaml makes it\n");
        assert_eq!(
            (found.code, found.stdout),
            (Some(0), said),
            "{}",
            found.stderr
        );
    }
    assert_eq!(work.names(), names, "nothing is left behind");
    // A bare filesystem of a size that VHD rounds up, made from another source than the recipe's.
    work.write("bare.yaml", "table: none\nsource: nothing\n");
    let options = ["-f", "bare.yaml", "-i", "root", "-s", "10300K"];
    let build = ["build", "-q", "-o", "bare.vhd", "-o", "bare.raw"];
    kit::succeed(&mut work.hsb(build.iter().chain(&options)));
    for image in ["bare.raw", "bare.vhd"] {
        let verify = [
            "verify",
            image,
            "--rebuild",
            "bare.yaml",
            "-i",
            "root",
            "-s",
            "10300K",
        ];
        kit::succeed(&mut work.hsb(verify));
    }
    let larger = [
        "verify",
        "bare.raw",
        "--rebuild",
        "bare.yaml",
        "-i",
        "root",
        "-s",
        "10304K",
    ];
    let found = kit::run(&mut work.hsb(larger));
    let first = "disk, size: 10547200 bytes in the image, 10551296 bytes as rebuilt\n";
    assert!(
        found.code == Some(1) && found.stdout.starts_with(first),
        "{found:?}"
    );
}

/// How an image is changed.
enum Change {
    /// A request to debugfs.
    Debugfs(&'static str),
    /// Bytes at a place.
    Bytes(u64, &'static [u8]),
    /// Its size in bytes.
    Size(u64),
    /// A command.
    Sh(&'static str),
}
use Change::{Bytes, Debugfs, Sh, Size};

/// Changes, and what is said first of each.
const CHANGES: &[(Change, &str)] = &[
    (
        Debugfs("sif /etc/motd mtime @1100000000"),
        "partition 2, ext4, inode 17 of /etc/motd, mtime: 2004-11-09T11:33:20.5Z in the image, \
         2020-02-03T04:05:06.5Z as rebuilt",
    ),
    (
        Debugfs("sif /etc/motd uid 70000"),
        "partition 2, ext4, inode 17 of /etc/motd, owner: 70000 in the image, 0 as rebuilt",
    ),
    (
        Debugfs("sif /etc/motd mode 0104755"),
        "partition 2, ext4, inode 17 of /etc/motd, type and mode: 104755 in the image, 100644 as \
         rebuilt",
    ),
    (
        Debugfs("sif /etc/motd size 5"),
        "partition 2, ext4, inode 17 of /etc/motd, size: 5 in the image, 6 as rebuilt",
    ),
    (
        Debugfs("ea_set /etc/motd user.x why"),
        "partition 2, ext4, inode 17 of /etc/motd, attribute user.x: \"why\" in the image, not \
         there as rebuilt",
    ),
    (
        Debugfs("ssv volume_name other"),
        "partition 2, ext4, superblock, label: \"other\" in the image, \"root\" as rebuilt",
    ),
    (
        Debugfs("ssv mnt_count 7"),
        "partition 2, ext4, superblock, time of the last write: ",
    ),
    (
        Debugfs("set_bg 0 free_blocks_count 5"),
        "partition 2, ext4, superblock, time of the last write: ",
    ),
    (
        Debugfs("ln /etc/motd /etc/other"),
        "partition 2, ext4, directory /etc, entry 5 of a block: \"other\", inode 17 in the image, \
         no more as rebuilt",
    ),
    (
        Debugfs("sif <8> links_count 2"),
        "partition 2, ext4, inode 8 of the journal, links: 2 in the image, 1 as rebuilt",
    ),
    (
        Debugfs("sif <5000> links_count 2"),
        "partition 2, ext4, inode 5000, not in use, links: 2 in the image, 0 as rebuilt",
    ),
    (
        Debugfs("zap_block -f /etc/motd -o 1 -l 1 -p 0x58 0"),
        "partition 2, ext4, content of /etc/motd, byte 1: 0x58 in the image, 0x65 as rebuilt",
    ),
    (
        Debugfs("zap_block -f /many -o 0 -l 4 -p 0x58 1"),
        "partition 2, ext4, directory /many, entry 1 of a block: ",
    ),
    (
        Debugfs("zap_block -f <8> -o 100 -l 1 -p 0x58 500"),
        "partition 2, ext4, the journal, byte 2048100: 0x58 in the image, 0x00 as rebuilt",
    ),
    (
        Bytes(ROOT + 70, b"boot"),
        "partition 2, ext4, boot code, byte 70: 0x62 in the image, 0x00 as rebuilt",
    ),
    (
        Bytes(ROOT + 1024 + 1020, b"X"),
        "partition 2, ext4, superblock, checksum: ",
    ),
    (
        Bytes(ROOT + 4096 + 12, b"\x05\0"),
        "partition 2, ext4, descriptor of group 0, free blocks: 5 in the image, ",
    ),
    (
        Bytes(ROOT + (90 << 20) + 3, b"X"),
        "partition 2, ext4, unused space, byte 94371843: 0x58 in the image, 0x00 as rebuilt",
    ),
    (Bytes(512 + 56, b"XXXX"), "GPT header, disk GUID: 58585858-"),
    (
        Bytes(1024 + 128 + 56, b"R"),
        "entry 2 of the GPT, name: \"Root\"",
    ),
    (
        Bytes(440, b"\x01\x02\x03\x04"),
        "MBR, disk signature: 0x4030201 in the image, 0x0 as rebuilt",
    ),
    (
        Bytes((150 << 20) - 512 + 40, b"X"),
        "second GPT header, first usable sector: ",
    ),
    (
        Bytes(ESP - 4096, b"X"),
        "unused space, byte 1044480: 0x58 in the image, 0x00 as rebuilt",
    ),
    (
        Bytes(SWAP + 1052, b"swappy"),
        "partition 3, swap, header, label: \"swappy\" in the image, \"\" as rebuilt",
    ),
    (
        Bytes(ESP + 67, b"\x01\x02\x03\x04"),
        "partition 1, vfat, boot sector, serial number: 0x4030201 in the image, ",
    ),
    (
        Bytes(ESP + 512 + 488, b"\x01\x02\x03\x04"),
        "partition 1, vfat, sector of free clusters, free clusters: 67305985 in the image, ",
    ),
    (
        Sh("printf new > new; mcopy -o -i changed.raw@@1M new ::/EFI/loader.txt"),
        "partition 1, vfat, sector of free clusters, ",
    ),
    (
        Sh("mattrib +r -i changed.raw@@1M ::/EFI/loader.txt"),
        "partition 1, vfat, directory /boot/efi/EFI, entry 4, attributes: 0x21 in the image, 0x20 \
         as rebuilt",
    ),
    (
        Size(140 << 20),
        "disk, size: 146800640 bytes in the image, 157286400 bytes as rebuilt",
    ),
];

#[test]
fn the_first_difference_has_a_name() {
    let work = Work::new("rebuild-changed");
    sample(&work);
    kit::succeed(&mut work.hsb(["build", "-q"]));
    let mut wrong = String::new();
    for (change, want) in CHANGES {
        let mut copy = Command::new("cp");
        kit::succeed(
            copy.args(["--sparse=always", "image.raw", "changed.raw"])
                .current_dir(work.path()),
        );
        let open = || {
            let mut options = OpenOptions::new();
            options.write(true).open(work.join("changed.raw")).unwrap()
        };
        match change {
            Debugfs(request) => {
                let mut debugfs = kit::tool("debugfs");
                let debugfs = debugfs.args(["-w", "-R", request]);
                let debugfs = debugfs.arg(format!("changed.raw?offset={ROOT}"));
                kit::succeed(debugfs.current_dir(work.path()));
            }
            Bytes(at, bytes) => open().write_all_at(bytes, *at).unwrap(),
            Size(bytes) => open().set_len(*bytes).unwrap(),
            Sh(command) => {
                let mut sh = kit::tool("sh");
                kit::succeed(sh.args(["-ec", command]).current_dir(work.path()));
            }
        }
        let found = rebuild(&work, "changed.raw");
        let last = found.stdout.lines().last().unwrap();
        let is_said = last.starts_with("changed.raw: not what build.yaml makes; ");
        if found.code != Some(1) || !found.stdout.starts_with(want) || !is_said {
            wrong += &format!("{want}\n  {found:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn another_source_is_found_out() {
    let work = Work::new("rebuild-source");
    sample(&work);
    kit::succeed(&mut work.hsb(["build", "-q", "-o", "image.qcow2"]));
    work.write("root/etc/motd", "Hello\n");
    let mut touch = Command::new("touch");
    let touch = touch.args(["-d", "2020-02-03T04:05:06.5Z", "root/etc/motd"]);
    kit::succeed(touch.current_dir(work.path()));
    let found =
        kit::run(&mut work.hsb(["verify", "--json", "--rebuild", "build.yaml", "image.qcow2"]));
    assert_eq!(found.code, Some(1), "{found:?}");
    let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found["differing_blocks"], 1);
    let mut difference = found["differences"][0].clone();
    difference.as_object_mut().unwrap().remove("offset");
    let want = serde_json::json!({
        "partition": 2, "filesystem": "ext4", "structure": "content of /etc/motd",
        "field": "byte 0", "image": "0x68", "rebuilt": "0x48",
    });
    assert_eq!(difference, want);
    assert_eq!(found["differences"].as_array().unwrap().len(), 1);
    // An image that ends long before, in a format that knows its size.
    let larger = ["-s", "160M", "image.qcow2"];
    let found = kit::run(work.hsb(["verify", "--rebuild", "build.yaml"]).args(larger));
    let first = "disk, size: 157286400 bytes in the image, 167772160 bytes as rebuilt\n";
    assert!(
        found.code == Some(1) && found.stdout.starts_with(first),
        "{found:?}"
    );
    // What cannot be told has another status.
    for (arguments, want) in [
        (
            &["--rebuild", "build.yaml", "root"][..],
            "root: is no disk image",
        ),
        (&["--rebuild", "gone.yaml", "image.qcow2"], "gone.yaml"),
        (&["--rebuild", "build.yaml", "gone"], "gone: No such file"),
        (
            &["--rebuild", "build.yaml", "-i", "gone", "image.qcow2"],
            "gone: No such file",
        ),
        (&["-i", "root", "image.qcow2"], "--rebuild"),
        (
            &["image.qcow2"],
            "only raw images can be checked, which `qemu-img convert -O raw` makes",
        ),
    ] {
        let message = kit::fail(work.hsb(["verify"]).args(arguments), 2);
        assert!(message.contains(want), "{arguments:?}: {message}");
    }
}

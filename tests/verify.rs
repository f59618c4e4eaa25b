//! `hsb verify` beside e2fsck, fsck.fat, sgdisk and sfdisk, on right and on damaged images.

mod bases;
mod classes;
mod damage;
mod hostile;
mod sweep;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

use crate::kit::{self, Work, run, succeed, tool};
use bases::Judge;

/// Asserts that a judge and hsb both find nothing.
fn both_clean(judge: Judge, image: &Path) {
    let (found, said) = damage::judge(judge, image);
    assert!(!found, "{}: {said}", image.display());
    let (found, said) = damage::ours(image);
    assert!(!found, "{}: {said}", image.display());
}

/// What mke2fs can make, as options.
const MKE2FS: [&[&str]; 18] = [
    &["-t", "ext4", "-b", "1024"],
    &["-t", "ext4", "-b", "2048"],
    &["-t", "ext4", "-b", "4096"],
    &["-t", "ext4", "-b", "1024", "-g", "1024"],
    &["-t", "ext4", "-O", "^has_journal", "-I", "1024"],
    &["-t", "ext4", "-O", "^metadata_csum"],
    &["-t", "ext4", "-O", "^metadata_csum,uninit_bg"],
    &["-t", "ext4", "-O", "^metadata_csum,uninit_bg,^64bit"],
    &["-t", "ext4", "-O", "^64bit"],
    &["-t", "ext4", "-O", "^flex_bg,^resize_inode"],
    &["-t", "ext4", "-O", "^sparse_super,^resize_inode"],
    &["-t", "ext4", "-O", "sparse_super2,^resize_inode"],
    &["-t", "ext4", "-O", "^filetype,^dir_index"],
    &[
        "-t",
        "ext4",
        "-O",
        "metadata_csum_seed,orphan_file,ea_inode,large_dir",
    ],
    &["-t", "ext4", "-I", "128"],
    &["-t", "ext3", "-b", "1024"],
    &["-t", "ext2", "-b", "4096", "-O", "^large_file"],
    &["-t", "ext2", "-I", "128", "-O", "^ext_attr"],
];

#[test]
fn what_mke2fs_makes_is_clean() {
    let work = Work::new("verify-mke2fs");
    for options in MKE2FS {
        println!("{options:?}");
        let image = bases::mke2fs(&work, "fs", 20 << 20, options);
        both_clean(Judge::E2fsck, &image);
        bases::index_directories(&image);
        both_clean(Judge::E2fsck, &image);
    }
}

#[test]
fn every_hash_of_names_is_known() {
    let work = Work::new("verify-hash");
    for hash in ["legacy", "half_md4", "tea"] {
        for flags in ["1", "2"] {
            println!("{hash}, flags {flags}");
            let image = bases::mke2fs(&work, "fs", 12 << 20, &["-t", "ext4", "-b", "1024"]);
            succeed(
                tool("tune2fs")
                    .arg("-E")
                    .arg(format!("hash_alg={hash}"))
                    .arg(&image),
            );
            let request = format!("ssv flags {flags}");
            succeed(tool("debugfs").args(["-w", "-R", &request]).arg(&image));
            bases::index_directories(&image);
            both_clean(Judge::E2fsck, &image);
        }
    }
}

#[test]
fn what_the_kernel_leaves_is_clean() {
    // Creates, deletes, renames, punches, and fills directories until they have an index.
    const USE: &str = r"
        set -e
        for i in $(seq 500); do : > many/another-name-of-some-length-$i; done
        rm many/*-1*
        mkdir sub sub/1 sub/2 sub/3; rmdir sub/2
        mv a sub/renamed; ln -s $(printf 'y%.0s' $(seq 200)) sub/long
        mkdir sub/caf$(printf '\351')
        for i in $(seq 200); do : > sub/caf$(printf '\351')/$(printf '\377\300')-a-name-with-high-bytes-$i; done
        for i in $(seq 20); do echo x | dd of=sub/holes bs=1 seek=$((i * 9000)) conv=notrunc 2>/dev/null; done
        fallocate -l 300000 sub/fallocated || true
        truncate -s 100000 sub/renamed/large
        ln sub/renamed/large sub/again
        setfattr -n user.after -v $(printf 'z%.0s' $(seq 200)) sub/1
        setfattr -n user.same -v $(printf 'z%.0s' $(seq 300)) sub/3 sub/renamed/large
        setfacl -m u:9:rw sub/1 || true
    ";
    let work = Work::new("verify-kernel");
    for options in MKE2FS {
        println!("{options:?}");
        let image = bases::mke2fs(&work, "fs", 20 << 20, &[options, &["-N", "2000"]].concat());
        let Some(mounted) = kit::loop_mount(&image, 0, "rw") else {
            return;
        };
        let has_attributes = !options.contains(&"^large_file") && !options.contains(&"^ext_attr");
        let shell = run(Command::new("bash")
            .args(["-c", USE])
            .current_dir(mounted.path()));
        assert!(shell.code == Some(0) || !has_attributes, "{shell:#?}");
        drop(mounted);
        both_clean(Judge::E2fsck, &image);
    }
}

#[test]
fn what_mkfs_fat_makes_is_clean() {
    let work = Work::new("verify-fat");
    for (size, options) in [
        (1 << 20, &["-F", "12"][..]),
        (3 << 20, &["-F", "12", "-s", "4", "-f", "1"]),
        (20 << 20, &["-F", "16"]),
        (5 << 20, &["-F", "16", "-s", "1", "-S", "512", "-R", "8"]),
        (34 << 20, &["-F", "32", "-s", "1"]),
        (300 << 20, &["-F", "32", "-S", "4096", "-s", "1"]),
    ] {
        let image = bases::mkfs_fat(&work, "fs", size, options);
        both_clean(Judge::FsckFat, &image);
    }
}

#[test]
fn what_hsb_builds_is_clean() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    for recipe in [
        "table: gpt",
        "table: mbr\nsize: 300M",
        "table: none\npartitions: [{fs: ext4, mount: /, block_size: 1024, journal: false}]",
        "size: 200M\npartitions:\n- {number: 3, fs: ext4, mount: /, size: 90M, block_size: 2048}\n\
         - {number: 1, fs: swap, size: 9M}\n- {number: 14, fs: ext4, mount: /usr, size: rest}\n\
         - {number: 5, fs: none, size: 1M}",
        "size: 300M\npartitions:\n- {mount: /}\n- {type: esp, mount: /boot/efi, size: 40M}",
    ] {
        println!("{recipe}");
        let work = Work::new("verify-hsb");
        work.write("build.yaml", recipe);
        succeed(work.hsb(["build", "-q", "-i"]).arg(&fixture));
        let said = succeed(&mut work.hsb(["verify", "image.raw"]));
        let end = match recipe.contains("fs: none") {
            true => "  clean, but for 1 partition that was not checked\n",
            false => "  clean\n",
        };
        assert!(said.ends_with(end), "{said}");
    }
}

#[test]
fn a_filesystem_whose_start_was_overwritten_is_known() {
    let work = Work::new("verify-wiped");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    let ext4 = "superblock: magic is";
    let esp = "{type: esp, mount: /boot/efi, size: 40M}, {mount: /}";
    for (partitions, size, at, expected) in [
        ("{mount: /, block_size: 1024}", "16M", 1024, ext4),
        ("{mount: /, block_size: 2048}", "48M", 1024, ext4),
        ("{mount: /, block_size: 4096}", "160M", 1024, ext4),
        (esp, "auto", 0, "boot sector: signature is"),
    ] {
        for byte in [0, 0x5A] {
            work.write("build.yaml", format!("partitions: [{partitions}]\n"));
            let build = ["build", "--no-sync", "-q", "-s", size, "-i"];
            succeed(work.hsb(build).arg(&fixture));
            let image = work.path().join("image.raw");
            let file = File::options().write(true).open(&image).unwrap();
            file.write_all_at(&[byte; 1024], (1 << 20) + at).unwrap();
            let (found, said) = damage::ours(&image);
            let expected = format!("partition 1: {expected}");
            assert!(found && said.contains(&expected), "{partitions}: {said}");
        }
    }
}

#[test]
fn a_swap_area_is_known() {
    let work = Work::new("verify-swap");
    let image = work.write("swap", vec![0; 1 << 20]);
    succeed(tool("mkswap").arg(&image));
    let (found, said) = damage::ours(&image);
    assert!(!found && said.contains("swap: 256 pages"), "{said}");
    for (at, byte, expected) in [
        (4090, b'X', "signature is SWAPXPACE2"),
        (1024, 2, "version is 2, expected 1"),
        (1029, 1, "last page is 511, there are 256 of 4096 bytes"),
        (1034, 1, "65536 bad pages, at most 637 can be listed"),
    ] {
        let mut bytes = std::fs::read(&image).unwrap();
        bytes[at] = byte;
        let (found, said) = damage::ours(&work.write("damaged", bytes));
        assert!(found && said.contains(expected), "{said}");
    }
}

/// A row of the damage table.
const ROW: &str = "ours and theirs, ours only, theirs only, nobody";

#[test]
fn what_others_find_in_damaged_images_is_found() {
    let work = Work::new("verify-damage");
    // More of them: HSB_DAMAGE=2000 for each image, HSB_DAMAGE_SEED for others.
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |number| number.parse().unwrap())
    };
    let (count, seed) = (number("HSB_DAMAGE", 46), number("HSB_DAMAGE_SEED", 1));
    let mut total = 0;
    let mut unexplained = String::new();
    kit::say(&format!("one byte of metadata changed, found by: {ROW}"));
    for base in bases::all(&work) {
        both_clean(base.judge, &base.image);
        let cases = damage::damage(&base, usize::try_from(count).unwrap(), seed);
        total += cases.len();
        kit::say(&damage::row(&base, &cases));
        unexplained.extend(damage::unexplained(&base, &cases));
    }
    assert!(total >= 500, "{total} bytes");
    assert!(unexplained.is_empty(), "{unexplained}");
}

#[test]
fn the_exit_status_says_what_was_found() {
    let work = Work::new("verify-status");
    let image = bases::mke2fs(&work, "fs", 4 << 20, &["-t", "ext2"]);
    succeed(work.hsb(["verify", "--json"]).arg(&image));
    succeed(
        tool("debugfs")
            .args(["-w", "-R", "sif empty links_count 2"])
            .arg(&image),
    );
    let found = run(work.hsb(["verify", "--json"]).arg(&image));
    assert_eq!(found.code, Some(1), "{found:?}");
    let verdict: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(verdict["problem_count"], 1, "{verdict}");
    assert_eq!(
        verdict["problems"][0]["what"],
        "count of links is 2, expected 1"
    );
    assert_eq!(verdict["partitions"][0]["content"], "ext4");

    work.write("text", "no image\n");
    for (image, why) in [
        ("missing", "No such file"),
        (
            "text",
            "neither a partition table nor a filesystem that is known",
        ),
        ("/dev/null", "neither a file nor a block device"),
        (".", "neither a file nor a block device"),
    ] {
        let said = kit::fail(&mut work.hsb(["verify", image]), 2);
        assert!(said.contains(why), "{said}");
    }
}

//! Filesystems by mke2fs, with every feature that it can turn on.

use std::fs;
use std::path::Path;

use super::{build, debugfs, files, mke2fs, refused};
use crate::kit::{self, Work};

/// What mke2fs is told, one filesystem a line.
const OPTIONS: &[&str] = &[
    "-t ext4",
    "-t ext2",
    "-t ext3",
    "-t ext2 -I 128 -O none,ext_attr",
    "-t ext3 -b 1024",
    "-t ext4 -b 1024",
    "-t ext4 -b 2048 -I 512",
    "-t ext4 -b 65536",
    "-t ext4 -I 1024",
    "-t ext4 -O ^64bit",
    "-t ext4 -O ^metadata_csum",
    "-t ext4 -O ^metadata_csum,uninit_bg",
    "-t ext4 -O metadata_csum_seed",
    "-t ext4 -O ^flex_bg",
    "-t ext4 -O ^extents,^64bit",
    "-t ext4 -O ^dir_index",
    "-t ext4 -O ^filetype",
    "-t ext4 -O ^sparse_super,^resize_inode",
    "-t ext4 -O sparse_super2,^resize_inode",
    "-t ext4 -O meta_bg,^resize_inode",
    "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 1024",
    "-t ext2 -b 1024 -O meta_bg,^resize_inode -g 1024",
    "-t ext4 -b 1024 -O bigalloc,meta_bg,^resize_inode -C 16384",
    "-t ext4 -O bigalloc -C 65536",
    "-t ext4 -b 1024 -O bigalloc -C 8192",
    "-t ext4 -O inline_data",
    "-t ext4 -O inline_data -I 1024",
    "-t ext4 -O inline_data,^metadata_csum -b 1024",
    "-t ext4 -O large_dir",
    "-t ext4 -O ea_inode",
    "-t ext4 -O encrypt",
    "-t ext4 -O casefold -E encoding=utf8",
    "-t ext4 -O mmp",
    "-t ext4 -O quota",
    "-t ext4 -O quota,project -E quotatype=usrquota:grpquota:prjquota",
    "-t ext4 -O verity",
    "-t ext4 -O stable_inodes",
    "-t ext4 -O orphan_file",
    "-t ext4 -O fast_commit",
    "-t ext4 -O ^has_journal",
    "-t ext4 -E lazy_itable_init=1,packed_meta_blocks=1",
    "-t ext4 -O huge_file,dir_nlink,extra_isize,large_file,ext_attr,dir_index",
];

#[test]
fn what_goes_in_comes_out() {
    let work = Work::new("images-features");
    let files = files(&work);
    for options in OPTIONS {
        let options: Vec<&str> = options.split(' ').collect();
        let image = mke2fs(&work, "fs.img", &options, &files);
        // With inline data, mke2fs gives sparse files a block of zeros.
        let without = match options.iter().any(|option| option.contains("inline_data")) {
            true => ", exclude: [sparse]",
            false => "",
        };
        let (want, _) = build(&work, &format!("{{from: files{without}}}"));
        let (got, said) = build(&work, &format!("{{from: fs.img{without}}}"));
        assert!(got == want, "{options:?}: another image; {said}");
        assert_eq!(said, "", "{options:?}");
        inspected(&work, &image);
        fs::remove_file(image).unwrap();
    }
}

/// Asserts that `hsb inspect` says of a filesystem what dumpe2fs does.
fn inspected(work: &Work, image: &Path) {
    let ours = kit::succeed(&mut work.hsb(["inspect", "--json", "fs.img"]));
    let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
    let ours = &ours["disk"]["filesystem"];
    let theirs = kit::dumpe2fs(image, 0);
    let value = |key: &str| {
        let mut lines = theirs.lines().filter_map(|line| line.strip_prefix(key));
        lines.next().unwrap().trim_start_matches(':').trim()
    };
    let number = |key: &str| value(key).parse::<u64>().unwrap();
    let features = ours["features"].as_array().unwrap().iter();
    let features: Vec<_> = features.map(|name| name.as_str().unwrap()).collect();
    assert_eq!(
        features.join(" "),
        value("Filesystem features:"),
        "{theirs}"
    );
    assert_eq!(ours["uuid"], value("Filesystem UUID:"));
    let block_size = number("Block size:");
    assert_eq!(ours["block_size"], block_size);
    assert_eq!(ours["bytes"], number("Block count:") * block_size);
    assert_eq!(
        ours["free_bytes"],
        number("Free blocks:") * block_size,
        "{theirs}"
    );
    assert_eq!(ours["inodes"], number("Inode count:"));
    assert_eq!(ours["free_inodes"], number("Free inodes:"));
}

/// What mke2fs does not take over, or a user cannot make.
#[test]
fn owners_devices_and_large_attributes() {
    let work = Work::new("images-special");
    let files = files(&work);
    work.write("large", [b'l'; 1024]);
    work.write(
        "capability",
        b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    for options in [
        "-t ext4 -O ea_inode",
        "-t ext4 -O ea_inode,inline_data",
        "-t ext4 -O ea_inode,^metadata_csum",
    ] {
        let options: Vec<&str> = options.split(' ').collect();
        let image = mke2fs(&work, "fs.img", &options, &files);
        debugfs(
            &work,
            &image,
            "mknod block b 8 17\n\
             mknod char c 5 1\n\
             sif char block[0] 0\n\
             sif char block[1] 0x111FA070\n\
             sif dir/tiny uid 70000\n\
             sif dir/tiny gid 4294967294\n\
             sif dir/big mtime 20400229123456\n\
             sif dir/small mtime_extra 0x12345678\n\
             ea_set -f capability dir/tiny security.capability\n\
             ea_set -f large dir/big user.large\n\
             sif dir/small flags 0x80010\n",
        );
        let (_, said) = build(&work, "fs.img");
        assert!(
            said.contains("1 files are immutable or append-only"),
            "{said}"
        );
        let built = work.join("built.raw");
        let shown = |path: &str| crate::kit::debugfs(&built, 0, &format!("stat {path}"));
        for (path, want) in [
            ("block", "Device major/minor number: 08:17 (hex 08:11)"),
            ("char", "Device major/minor number: 4000:70000"),
            ("dir/tiny", "User: 70000   Group:    -2"),
            ("dir/tiny", "security.capability (20)"),
            ("dir/big", "user.large (1024)"),
            (
                "dir/big",
                "mtime: 0x83f8f7f0:00000001 -- Wed Feb 29 12:34:56 2040",
            ),
            ("dir/small", ":12345678 -- "),
        ] {
            let shown = shown(path);
            assert!(
                shown.contains(want),
                "{options:?} {path}: no {want:?} in {shown}"
            );
        }
    }
}

#[test]
fn what_is_not_read_is_said_by_name() {
    let work = Work::new("images-refused");
    let files = files(&work);
    for (requests, want) in [
        (
            "sif dir flags 0x80800",
            "/dir: inode 12: it is encrypted (feature encrypt)",
        ),
        ("sif dir/big flags 0x80804", "/dir/big: inode "),
        (
            "sif dir/big flags 0x80004",
            "it is compressed (feature compression)",
        ),
        (
            "ssv feature_incompat 0x2c3",
            "it has the feature compression",
        ),
        (
            "ssv feature_incompat 0x2ca",
            "it has the feature journal_dev",
        ),
        ("ssv feature_incompat 0x12c2", "it has the feature dirdata"),
        (
            "ssv feature_incompat 0x802c2",
            "incompatible feature 0x80000, which is not known",
        ),
    ] {
        let image = mke2fs(
            &work,
            "fs.img",
            &["-t", "ext4", "-O", "^metadata_csum"],
            &files,
        );
        debugfs(&work, &image, requests);
        let message = refused(&work, "fs.img");
        assert!(message.contains(want), "{requests}: {message}");
    }
    // What is left out does not matter, encrypted or not.
    let image = mke2fs(&work, "fs.img", &["-t", "ext4", "-O", "encrypt"], &files);
    debugfs(&work, &image, "sif dir flags 0x80800");
    build(&work, "{from: fs.img, exclude: [dir]}");
}

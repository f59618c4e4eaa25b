//! Images to be damaged, made by other people's programs and by hsb, and where their metadata lies.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::kit::{Work, succeed, tool};

/// Who says whether an image is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    E2fsck,
    FsckFat,
    Sgdisk,
    Sfdisk,
}

/// An image that its judge finds clean.
pub(crate) struct Base {
    pub(crate) name: &'static str,
    pub(crate) judge: Judge,
    pub(crate) image: PathBuf,
    /// Ranges of bytes that hold metadata: start and end.
    pub(crate) metadata: Vec<(usize, usize)>,
}

/// Makes all images that are to be damaged.
pub(crate) fn all(work: &Work) -> Vec<Base> {
    let ext = |name: &'static str, options: &[&str]| {
        let image = mke2fs(work, name, 12 << 20, options);
        index_directories(&image);
        let metadata = ext_metadata(work, &image);
        Base {
            name,
            judge: Judge::E2fsck,
            image,
            metadata,
        }
    };
    let fat = |name: &'static str, size: u64, options: &[&str]| {
        let image = mkfs_fat(work, name, size, options);
        let metadata = fat_metadata(&image);
        Base {
            name,
            judge: Judge::FsckFat,
            image,
            metadata,
        }
    };
    let last = (16 << 20) - 512;
    let tables = [
        (
            "GPT",
            Judge::Sgdisk,
            GPT,
            vec![0, 512, 1024, last - 32 * 512, last],
        ),
        ("MBR", Judge::Sfdisk, MBR, vec![0, 6144 * 512, 12288 * 512]),
    ];
    let mut bases = vec![
        ext(
            "ext4, 1 KiB blocks",
            &["-t", "ext4", "-b", "1024", "-g", "4096"],
        ),
        ext("ext4, 4 KiB blocks", &["-t", "ext4", "-b", "4096"]),
        ext(
            "ext4, new features",
            &[
                "-t",
                "ext4",
                "-b",
                "1024",
                "-O",
                "metadata_csum_seed,orphan_file,ea_inode,large_dir",
            ],
        ),
        ext(
            "ext4, no checksums",
            &[
                "-t",
                "ext4",
                "-b",
                "1024",
                "-g",
                "4096",
                "-O",
                "^metadata_csum",
            ],
        ),
        ext(
            "ext4, crc16",
            &[
                "-t",
                "ext4",
                "-b",
                "1024",
                "-O",
                "^metadata_csum,uninit_bg,^64bit",
            ],
        ),
        ext("ext3", &["-t", "ext3", "-b", "1024"]),
        ext("ext2", &["-t", "ext2", "-b", "1024", "-I", "128"]),
        fat("FAT12", 3 << 20, &["-F", "12"]),
        fat("FAT16", 5 << 20, &["-F", "16", "-s", "1"]),
        fat("FAT32", 34 << 20, &["-F", "32", "-s", "1"]),
    ];
    bases.extend(tables.map(|(name, judge, script, sectors)| Base {
        name,
        judge,
        image: disk(work, name, script),
        metadata: sectors.into_iter().map(|at| (at, at + 512)).collect(),
    }));
    bases.push(of_hsb(work));
    bases
}

/// Builds a bare filesystem as hsb does.
fn of_hsb(work: &Work) -> Base {
    work.write(
        "build.yaml",
        "table: none\nsize: 16M\npartitions: [{fs: ext4, mount: /, block_size: 1024}]\n",
    );
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    succeed(work.hsb(["build", "-q", "-i"]).arg(fixture));
    let image = work.join("image.raw");
    let metadata = ext_metadata(work, &image);
    Base {
        name: "of hsb",
        judge: Judge::E2fsck,
        image,
        metadata,
    }
}

/// Files for mke2fs and mtools: names, sizes and links of several kinds.
pub(crate) fn sample_tree(work: &Work) -> PathBuf {
    let root = work.join("sample");
    let many = root.join("many");
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    fs::create_dir_all(&many).unwrap();
    for number in 0..120 {
        fs::write(many.join(format!("a-name-of-some-length-{number}")), "x").unwrap();
    }
    fs::write(root.join("a/large"), vec![7; 600_000]).unwrap();
    fs::write(root.join("a/b/text"), "text\n").unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::hard_link(root.join("a/large"), root.join("a/b/c/linked")).unwrap();
    std::os::unix::fs::symlink("short", root.join("a/short")).unwrap();
    std::os::unix::fs::symlink("long/".repeat(30), root.join("a/long")).unwrap();
    root
}

/// What debugfs puts into a filesystem beyond what a folder of an ordinary user can have.
fn specials() -> String {
    let mut requests = String::from("mknod dev c 300 4\nmknod pipe p\n");
    writeln!(requests, "ea_set a/large user.small {}", "s".repeat(40)).unwrap();
    writeln!(requests, "ea_set a/b user.long {}", "l".repeat(400)).unwrap();
    writeln!(requests, "ea_set a/b user.other {}", "o".repeat(60)).unwrap();
    // Many extents: each piece is written at a distance from the last.
    requests
        + "fallocate empty 5 5\nfallocate empty 9 10\nfallocate empty 14 20\nfallocate empty 30 30\nfallocate empty 40 41\nsif empty size 200000\n"
}

/// Makes a filesystem as mke2fs does, with more in it.
pub(crate) fn mke2fs(work: &Work, name: &str, size: u64, options: &[&str]) -> PathBuf {
    let tree = work.join("sample");
    let tree = if tree.exists() {
        tree
    } else {
        sample_tree(work)
    };
    let image = work.join(format!("{name}.img"));
    File::create(&image).unwrap().set_len(size).unwrap();
    succeed(
        tool("mke2fs")
            .args([
                "-q",
                "-E",
                "lazy_itable_init=0,resize=100000",
                "-N",
                "240",
                "-d",
            ])
            .arg(&tree)
            .args(options)
            .arg(&image),
    );
    let script = work.write("requests", specials());
    let mut debugfs = tool("debugfs");
    succeed(debugfs.args(["-w", "-f"]).arg(script).arg(&image));
    image
}

/// Gives directories the index that mke2fs does not make.
pub(crate) fn index_directories(image: &Path) {
    let run = crate::kit::run(tool("e2fsck").args(["-fyD"]).arg(image));
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
}

/// The same for a filesystem that may have no directories of that kind.
pub(crate) fn index_if_ext(image: &Path) {
    if crate::kit::run(tool("dumpe2fs").arg("-h").arg(image)).code == Some(0) {
        index_directories(image);
    }
}

/// Returns the blocks with metadata, as e2image finds them, without those that are all zero.
pub(crate) fn ext_metadata(work: &Work, image: &Path) -> Vec<(usize, usize)> {
    let copy = work.join("metadata");
    succeed(tool("e2image").arg("-r").arg(image).arg(&copy));
    let bytes = fs::read(&copy).unwrap();
    fs::remove_file(copy).unwrap();
    let starts = (0..bytes.len()).step_by(1024);
    starts
        .map(|start| (start, start + 1024))
        .filter(|(start, end)| bytes[*start..*end].iter().any(|byte| *byte != 0))
        .collect()
}

/// Makes a FAT filesystem with mkfs.fat and mtools.
pub(crate) fn mkfs_fat(work: &Work, name: &str, size: u64, options: &[&str]) -> PathBuf {
    let tree = work.join("sample");
    let tree = if tree.exists() {
        tree
    } else {
        sample_tree(work)
    };
    let image = work.join(format!("{name}.img"));
    File::create(&image).unwrap().set_len(size).unwrap();
    succeed(
        tool("mkfs.fat")
            .args(["-i", "12345678", "-n", "LABEL"])
            .args(options)
            .arg(&image),
    );
    succeed(
        tool("mmd")
            .arg("-i")
            .arg(&image)
            .args(["::/DIR", "::/dir/Sub folder"]),
    );
    let copy = |from: &str, to: &str| {
        succeed(
            tool("mcopy")
                .arg("-i")
                .arg(&image)
                .arg(tree.join(from))
                .arg(to),
        );
    };
    copy("a/large", "::/dir/LARGE.BIN");
    copy("a/b/text", "::/A long name with späces.text");
    copy("empty", "::/empty");
    for number in 0..12 {
        copy(
            "a/b/text",
            &format!("::/dir/Sub folder/Long name number {number}"),
        );
    }
    succeed(
        tool("mdel")
            .arg("-i")
            .arg(&image)
            .arg("::/dir/Sub folder/Long name number 7"),
    );
    image
}

/// Returns the sectors of a FAT filesystem that are metadata and not all zero.
pub(crate) fn fat_metadata(image: &Path) -> Vec<(usize, usize)> {
    let bytes = fs::read(image).unwrap();
    let le16 = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let (reserved, per_cluster) = (le16(14), usize::from(bytes[13]));
    let table = if le16(22) == 0 { le16(36) } else { le16(22) };
    let tables = reserved + 2 * table;
    let clusters = tables + le16(17) / 16;
    let mut sectors: Vec<usize> = (0..clusters).collect();
    // Directories: the root of FAT32 is the first cluster; others start with the entry `.`.
    for start in (clusters..bytes.len() / 512).step_by(per_cluster) {
        let is_root = le16(17) == 0 && start == clusters;
        if is_root || bytes[start * 512..].starts_with(b".          ") {
            sectors.extend(start..start + per_cluster);
        }
    }
    let ranges = sectors
        .into_iter()
        .map(|sector| (sector * 512, sector * 512 + 512));
    ranges
        .filter(|(start, end)| bytes[*start..*end].iter().any(|byte| *byte != 0))
        .collect()
}

/// Two partitions, the second one with two more in it: sectors 6144 and 12288 have their tables.
pub(crate) const MBR: &str = "label: dos\n1: start=2048, size=2M, type=83\n\
    2: start=6144, size=8M, type=5\n5: start=8192, size=2M, type=83\n\
    6: start=14336, size=2M, type=83\n";

/// Two partitions, as far apart from the tables as gdisk likes it.
pub(crate) const GPT: &str = "label: gpt\nfirst-lba: 34\n\
    label-id: 11111111-2222-3333-4444-555555555555\n\
    size=2M,type=U,uuid=11111111-2222-3333-4444-555555555551,name=one\n\
    size=8M,type=L,uuid=11111111-2222-3333-4444-555555555552\n";

/// Makes a disk with a partition table as sfdisk or sgdisk does.
pub(crate) fn disk(work: &Work, name: &str, script: &str) -> PathBuf {
    let image = work.join(format!("{name}.img"));
    File::create(&image).unwrap().set_len(16 << 20).unwrap();
    let script = work.write("script", script);
    succeed(
        tool("sfdisk")
            .arg("-q")
            .arg(&image)
            .stdin(File::open(script).unwrap()),
    );
    image
}

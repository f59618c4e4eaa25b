//! Trees at the limits of ext4, straight through `fsgen`, judged by e2fsck and debugfs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fsgen::ext4::{self, BlockSize, Journal, Options, Size};
use fsgen::guid::Seed;
use fsgen::tree::content::Segment;
use fsgen::tree::{Device, Xattrs};
use fsgen::{Content, Kind, Meta, NodeId, ReadAt, Region, Timestamp, Tree, WriteAt};

use super::kit::{self, Work};

const META: Meta = Meta::root(
    0o755,
    Timestamp {
        secs: 1_700_000_000,
        nanos: 123_456_789,
    },
);
const MIB: u64 = 1 << 20;

/// A new file of the host: what is not written reads as zero, as the writer expects.
pub(super) struct Disk(pub(super) File);

impl WriteAt for Disk {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(&self.0, buf, offset)
    }
}

/// What [`Pattern`] repeats: seven times each of 251 bytes, a length that no block size divides.
static PERIOD: [u8; 7 * 251] = {
    let mut bytes = [0; 7 * 251];
    let mut value = 0;
    while value < 251 {
        let mut i = 0;
        while i < 7 {
            bytes[value as usize * 7 + i] = value;
            i += 1;
        }
        value += 1;
    }
    bytes
};

/// Content that depends on its place.
pub(super) struct Pattern;

impl ReadAt for Pattern {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut at = usize::try_from(offset % PERIOD.len() as u64).unwrap();
        let mut rest = buf;
        while !rest.is_empty() {
            let len = rest.len().min(PERIOD.len() - at);
            let (now, later) = rest.split_at_mut(len);
            now.copy_from_slice(&PERIOD[at..at + len]);
            (rest, at) = (later, 0);
        }
        Ok(())
    }

    fn name(&self) -> String {
        "a pattern".to_owned()
    }
}

fn options(block_size: u32) -> Options {
    let seed = Seed::new(b"test");
    let mut options = Options::new(seed.uuid("fs"), seed.uuid("hash"), Timestamp::from_secs(1));
    options.block_size = BlockSize::new(block_size).unwrap();
    options.label = "root".to_owned();
    options
}

fn image(work: &Work, tree: &Tree, size: Size, options: Options) -> Result<PathBuf, ext4::Error> {
    let layout = ext4::plan(tree, Tree::ROOT, &[], size, options)?;
    let path = work.join("fs.img");
    let disk = Disk(File::create(&path).unwrap());
    disk.0.set_len(layout.bytes()).unwrap();
    ext4::write(
        &layout,
        tree,
        Region::new(&disk, 0, layout.bytes()),
        2,
        &|_| (),
    )?;
    Ok(path)
}

fn add(tree: &mut Tree, folder: NodeId, name: &str, content: Content) -> NodeId {
    let node = tree.add_file(META, content);
    tree.link(folder, name.as_bytes(), node);
    node
}

fn names(count: usize, len: usize) -> Tree {
    let mut tree = Tree::new(META);
    for i in 0..count {
        add(
            &mut tree,
            Tree::ROOT,
            &format!("{i:0len$}"),
            Content::bytes([]),
        );
    }
    tree
}

fn folders(count: usize) -> Tree {
    let mut tree = Tree::new(META);
    for i in 0..count {
        tree.make_directories(format!("d{i}").as_bytes(), META)
            .unwrap();
    }
    tree
}

fn segments(count: u64, step: u64) -> Tree {
    let mut tree = Tree::new(META);
    let source = tree.add_source(Arc::new(Pattern));
    let parts = (0..count).map(|i| Segment {
        at: i * step,
        len: 4096,
        offset: i,
    });
    let content = Content::sparse(source, count * step + 5, parts.collect()).unwrap();
    add(&mut tree, Tree::ROOT, "sparse", content);
    tree
}

fn files() -> Tree {
    let mut tree = Tree::new(META);
    let source = tree.add_source(Arc::new(Pattern));
    let folder = tree.make_directories(b"a/b/c", META).unwrap();
    for len in [0, 1, 4095, 4096, 4097, 128 * MIB, 128 * MIB + 1] {
        add(
            &mut tree,
            folder,
            &format!("f{len}"),
            Content::span(source, len, len),
        );
    }
    for len in [1, 59, 60, 61, 1023] {
        let link = tree.add_symlink(META, &vec![b'l'; len]);
        tree.link(folder, format!("l{len}").as_bytes(), link);
    }
    for (name, kind) in [
        ("fifo", Kind::Fifo),
        ("socket", Kind::Socket),
        (
            "small",
            Kind::CharDevice(Device {
                major: 255,
                minor: 255,
            }),
        ),
        (
            "large",
            Kind::BlockDevice(Device {
                major: 4095,
                minor: 0xF_FFFF,
            }),
        ),
    ] {
        let node = tree.add_special(META, kind);
        tree.link(folder, name.as_bytes(), node);
    }
    tree
}

fn attributes() -> Tree {
    let mut tree = Tree::new(META);
    for i in 0..2100_usize {
        let node = add(&mut tree, Tree::ROOT, &format!("f{i}"), Content::bytes([]));
        let mut xattrs = Xattrs::new();
        xattrs.insert(b"security.capability"[..].into(), vec![2; 20].into());
        // One block with more sharers than it can have, and blocks of one inode each.
        let mut value = vec![9; 300];
        if i >= 2050 {
            value[..8].copy_from_slice(&i.to_le_bytes());
        }
        xattrs.insert(b"user.long"[..].into(), value.into());
        tree.set_xattrs(node, xattrs);
    }
    tree
}

#[test]
fn every_tree_is_clean_at_every_block_size() {
    type Case = (&'static str, fn() -> Tree);
    let trees: [Case; 11] = [
        ("empty", || Tree::new(META)),
        ("a file called lost+found", || {
            let mut tree = Tree::new(META);
            add(&mut tree, Tree::ROOT, "lost+found", Content::bytes([]));
            tree
        }),
        ("one full directory block", || names(252, 8)),
        ("one name more", || names(255, 8)),
        ("two index levels", || names(20_000, 100)),
        ("as many folders as links", || folders(64_998)),
        ("more folders than links", || folders(65_001)),
        ("files", files),
        ("five extents", || segments(5, 8192)),
        ("a tree of depth two", || segments(30_000, 12_288)),
        ("attributes", attributes),
    ];
    let work = Work::new("ext4-trees");
    for (name, tree) in trees {
        let tree = tree();
        for block_size in [1024, 2048, 4096] {
            for size in [Size::Fit { free: 3 * MIB }, Size::Exact(1024 * MIB)] {
                println!("{name}, blocks of {block_size}, {size:?}");
                let image = image(&work, &tree, size, options(block_size)).unwrap();
                kit::e2fsck_clean(&image, 0);
            }
        }
    }
}

#[test]
fn every_geometry_is_clean() {
    let work = Work::new("ext4-sizes");
    let tree = segments(5, 8192);
    for block_size in [1024_u32, 2048, 4096] {
        let block = u64::from(block_size);
        let group = block * block * 8;
        for bytes in [
            2047 * block,
            2048 * block,
            group,
            group + block,
            group + 200 * block,
            2 * group - block,
            17 * group,
            25 * group + 900 * block,
            64 * group,
            65 * group,
            2000 * group,
        ] {
            for journal in [Journal::Auto, Journal::None] {
                println!("blocks of {block_size}, {bytes} bytes, {journal:?}");
                let mut options = options(block_size);
                options.journal = journal;
                // Fewer inodes keep the tables of the largest ones small.
                options.bytes_per_inode = 1 << 20;
                let image = image(&work, &tree, Size::Exact(bytes), options).unwrap();
                kit::e2fsck_clean(&image, 0);
            }
        }
    }
}

#[test]
fn the_features_are_those_of_a_current_filesystem() {
    let work = Work::new("ext4-features");
    let image = image(&work, &files(), Size::Exact(512 * MIB), options(4096)).unwrap();
    let seen = kit::dumpe2fs(&image, 0);
    for line in [
        "Filesystem volume name:   root",
        "Filesystem features:      has_journal ext_attr resize_inode dir_index filetype extent 64bit \
         flex_bg sparse_super large_file huge_file dir_nlink extra_isize metadata_csum",
        "Filesystem flags:         signed_directory_hash",
        "Default directory hash:   half_md4",
        "Inode size:\t          256",
        "Checksum type:            crc32c",
        "Reserved block count:     6553",
        "Filesystem state:         clean",
    ] {
        assert!(seen.contains(line), "{line}\n{seen}");
    }
}

#[test]
fn the_numbers_are_those_of_mke2fs() {
    let work = Work::new("ext4-numbers");
    let theirs = work.join("theirs.img");
    // Free blocks and the like depend on what is in it; the rest is the same line by line.
    let names = [
        "Inode count:",
        "Block count:",
        "Reserved block count:",
        "Overhead clusters:",
        "First block:",
        "Reserved GDT blocks:",
        "Blocks per group:",
        "Inodes per group:",
        "Inode blocks per group:",
        "Flex block group size:",
        "Total journal blocks:",
        "Max transaction length:",
    ];
    let numbers = |image: &Path| -> Vec<String> {
        let seen = kit::dumpe2fs(image, 0);
        let is_number = |line: &&str| names.iter().any(|name| line.starts_with(name));
        seen.lines().filter(is_number).map(str::to_owned).collect()
    };
    for block_size in [1024, 2048, 4096] {
        for mib in [16, 64, 256, 1024, 4096] {
            let size = Size::Exact(mib * MIB);
            let ours = image(&work, &Tree::new(META), size, options(block_size)).unwrap();
            kit::succeed(
                kit::tool("mke2fs")
                    .args(["-qF", "-t", "ext4", "-i", "16384", "-b"])
                    .arg(block_size.to_string())
                    .arg(&theirs)
                    .arg(format!("{mib}M")),
            );
            let [ours, theirs] = [&ours, &theirs].map(|image| numbers(image));
            assert_eq!(ours, theirs, "{mib} MiB, blocks of {block_size}");
            assert_eq!(ours.len(), names.len());
        }
    }
}

#[test]
fn a_fit_leaves_what_was_asked_for() {
    for free in [0, 4096, 5 * MIB, 700 * MIB] {
        let layout =
            ext4::plan(&files(), Tree::ROOT, &[], Size::Fit { free }, options(4096)).unwrap();
        assert_eq!(layout.free_bytes(), free);
    }
    let plan = |size| ext4::plan(&files(), Tree::ROOT, &[], size, options(4096));
    // Less than that will do when there is no inode to spare, and not one block less still.
    let usual = plan(Size::Fit { free: 0 }).unwrap().bytes();
    assert_eq!(plan(Size::Exact(usual)).unwrap().free_bytes(), 0);
    let Err(ext4::Error::TooSmall { need: least, .. }) = plan(Size::Exact(0)) else {
        panic!("a filesystem of no bytes");
    };
    assert!(least < usual);
    assert_eq!(plan(Size::Exact(least)).unwrap().bytes(), least);
    let error = plan(Size::Exact(least - 1)).err().unwrap().to_string();
    assert!(
        error.contains(&format!("make it at least {least} bytes")),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_the_numbers() {
    let link = |len: usize| {
        let mut tree = Tree::new(META);
        let node = tree.add_symlink(META, &vec![b'x'; len]);
        tree.link(Tree::ROOT, b"link", node);
        tree
    };
    let hard_links = |count: usize| {
        let mut tree = Tree::new(META);
        let node = tree.add_file(META, Content::bytes([]));
        for i in 0..count {
            tree.link(Tree::ROOT, format!("n{i}").as_bytes(), node);
        }
        tree
    };
    let attribute = |len: usize| {
        let mut tree = Tree::new(META);
        let node = add(&mut tree, Tree::ROOT, "f", Content::bytes([]));
        let value: (Box<[u8]>, Box<[u8]>) = (b"user.a"[..].into(), vec![1; len].into());
        tree.set_xattrs(node, [value].into());
        tree
    };
    let huge = |blocks: u64| {
        let mut tree = Tree::new(META);
        let source = tree.add_source(Arc::new(Pattern));
        let content = Content::sparse(source, blocks * 4096, Vec::new()).unwrap();
        add(&mut tree, Tree::ROOT, "huge", content);
        tree
    };
    let work = Work::new("ext4-refused");
    let small = Size::Exact(64 * MIB);
    for (what, good, bad, size, message) in [
        (
            "link target",
            link(4095),
            link(4096),
            small,
            "/link: a link target of 4096 bytes, at most 4095",
        ),
        (
            "links",
            hard_links(65_000),
            hard_links(65_001),
            small,
            "65001 hard links, ext4 allows 65000",
        ),
        (
            "attribute",
            attribute(65536),
            attribute(65537),
            small,
            "/f: attribute user.a: a value of 65537 bytes, at most 65536",
        ),
        (
            "size",
            huge(u64::from(u32::MAX)),
            huge(1 << 32),
            small,
            "/huge: 17592186044416 bytes, ext4 allows",
        ),
    ] {
        let image_of = |tree: &Tree| image(&work, tree, size, options(4096));
        kit::e2fsck_clean(&image_of(&good).unwrap(), 0);
        let error = image_of(&bad).unwrap_err().to_string();
        assert!(error.contains(message), "{what}: {error}");
    }
    let error = image(&work, &files(), small, options(4096))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("of them for its journal), the filesystem has 67108864"),
        "{error}"
    );
}

#[test]
fn names_are_found_through_the_index() {
    let work = Work::new("ext4-lookup");
    let mut tree = names(3000, 12);
    for name in ["caf\u{e9}", "\u{ff}\u{fe}", "tab\tnewline\n"] {
        add(&mut tree, Tree::ROOT, name, Content::bytes([]));
    }
    let image = image(&work, &tree, Size::Fit { free: 0 }, options(4096)).unwrap();
    kit::e2fsck_clean(&image, 0);
    // ext4-view walks the directory by itself, and finds as many names.
    let filesystem = open(&image);
    let count = filesystem.read_dir("/").unwrap().count();
    assert_eq!(count, 3003 + 3, "with `.`, `..` and lost+found");
}

fn open(image: &Path) -> ext4_view::Ext4 {
    ext4_view::Ext4::load_from_path(image).unwrap()
}

#[test]
fn content_reads_back_through_another_reader() {
    let work = Work::new("ext4-content");
    let tree = files();
    let image = image(&work, &tree, Size::Fit { free: 0 }, options(4096)).unwrap();
    let filesystem = open(&image);
    for len in [0, 1, 4095, 4096, 4097, 128 * MIB + 1] {
        let read = filesystem.read(format!("/a/b/c/f{len}").as_str()).unwrap();
        let mut want = vec![0; usize::try_from(len).unwrap()];
        Pattern.read_exact_at(&mut want, len).unwrap();
        assert!(read == want, "f{len}");
    }
}

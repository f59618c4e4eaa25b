//! Trees as FAT filesystems, straight through `fsgen`, judged by fsck.fat, mtools and the crate
//! fatfs.
//!
//! - `build`: whole builds with a FAT partition
//! - `limits`: sizes of filesystems, files and directories
//! - `losses`: what FAT cannot hold
//! - `random`: random trees in random filesystems
//! - `readback`: what the judges read, beside the tree

mod build;
mod limits;
mod losses;
mod random;
mod readback;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use fsgen::fat::{self, Error, FatType, Layout, Options, Serial, Size};
use fsgen::{Content, Meta, NodeId, Region, Timestamp, Tree};

use super::ext4::{Disk, Pattern};
use super::kit::{self, Work};

const META: Meta = Meta::root(0o755, Timestamp::from_secs(1_700_000_001));
const MIB: u64 = 1 << 20;
const TYPES: [FatType; 3] = [FatType::Fat12, FatType::Fat16, FatType::Fat32];

fn options(fat_type: Option<FatType>) -> Options {
    let mut options = Options::new(Serial(0x1A2B_3C4D), META.mtime);
    options.label = "TEST".to_owned();
    options.fat_type = fat_type;
    options
}

/// Writes a filesystem into `fs.img`.
fn image(
    work: &Work,
    tree: &Tree,
    size: Size,
    options: Options,
) -> Result<(PathBuf, Layout), Error> {
    let layout = fat::plan(tree, Tree::ROOT, &[], size, options)?;
    let path = work.join("fs.img");
    let disk = Disk(File::create(&path).unwrap());
    disk.0.set_len(layout.bytes()).unwrap();
    let written = std::cell::Cell::new(0);
    let region = Region::new(&disk, 0, layout.bytes());
    fat::write(&layout, tree, region, 2048, &|bytes| {
        written.set(written.get() + bytes);
    })?;
    assert_eq!(written.get(), layout.written_bytes());
    Ok((path, layout))
}

fn add(tree: &mut Tree, folder: NodeId, name: &str, content: Content) -> NodeId {
    let node = tree.add_file(META, content);
    tree.link(folder, name.as_bytes(), node);
    node
}

/// Files whose content is their own name.
fn named<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Tree {
    let mut tree = Tree::new(META);
    let folder = tree.make_directories(b"a folder", META).unwrap();
    for name in names {
        let name = name.as_ref();
        for place in [folder, Tree::ROOT] {
            add(&mut tree, place, name, Content::bytes(name.as_bytes()));
        }
    }
    tree
}

fn sizes() -> Tree {
    let mut tree = Tree::new(META);
    let source = tree.add_source(Arc::new(Pattern));
    let folder = tree.make_directories(b"EFI/BOOT", META).unwrap();
    for cluster in [512, 1024, 2048, 4096, 32_768] {
        for len in [0, 1, cluster - 1, cluster, cluster + 1, 3 * cluster] {
            let name = format!("of {cluster} {len}");
            add(&mut tree, folder, &name, Content::span(source, len, len));
        }
    }
    tree
}

fn deep() -> Tree {
    let mut tree = Tree::new(META);
    let folder = tree
        .make_directories("deep one/".repeat(80).as_bytes(), META)
        .unwrap();
    add(&mut tree, folder, "bottom", Content::bytes(*b"reached"));
    tree
}

fn wide() -> Tree {
    let mut tree = Tree::new(META);
    for i in 0..60 {
        let folder = tree
            .make_directories(format!("folder {i}").as_bytes(), META)
            .unwrap();
        for j in 0..i % 20 {
            add(&mut tree, folder, &format!("F{j}"), Content::bytes(*b"x"));
        }
    }
    tree
}

fn unusual_names() -> Tree {
    let long = "x".repeat(255);
    let umlauts = "\u{e4}".repeat(127);
    let wide = "\u{1f600}".repeat(63);
    named([
        "A",
        "lower",
        "Mixed.Txt",
        "UPPER.TXT",
        "12345678.123",
        "123456789.1234",
        ".hidden",
        "..two",
        "two..dots",
        " leading space",
        "in ner",
        "a+b,c;d=e[f]",
        "x~1",
        "X~1.TXT",
        "caf\u{e9}",
        "\u{65e5}\u{672c}\u{8a9e}.text",
        "\u{1f600}.txt",
        "A\u{1f600}B",
        "con",
        "\u{80}\u{9f}",
        "\u{fffd}\u{fffe}",
        "\u{e5}",
        &long,
        &umlauts,
        &wide,
    ])
}

#[test]
fn every_tree_reads_back_from_every_type() {
    type Case = (&'static str, fn() -> Tree);
    let trees: [Case; 10] = [
        ("empty", || Tree::new(META)),
        ("one file", || named(["one"])),
        ("unusual names", unusual_names),
        ("200 names that start alike", || {
            named((0..200).map(|i| format!("same name {i}.text")))
        }),
        ("thirteen units", || {
            named((1..=53).map(|len| "n".repeat(len)))
        }),
        ("sizes", sizes),
        ("80 deep", deep),
        ("many folders", wide),
        ("a folder of many clusters", || {
            let mut tree = Tree::new(META);
            let folder = tree.make_directories(b"f", META).unwrap();
            for i in 0..600 {
                add(
                    &mut tree,
                    folder,
                    &format!("a name of two entries {i}"),
                    Content::bytes([]),
                );
            }
            tree
        }),
        ("times", times),
    ];
    let work = Work::new("fat-trees");
    for (name, tree) in trees {
        let tree = tree();
        for fat_type in TYPES {
            println!("{name}, {fat_type}");
            let plan = |free| image(&work, &tree, Size::Fit { free }, options(Some(fat_type)));
            let (path, layout) = plan(100_000).unwrap();
            assert_eq!(layout.geometry().fat_type, fat_type);
            readback::judge(&work, &path, &tree, &layout);
            // And with no cluster to spare, where the type can have that few.
            let (path, layout) = plan(0).unwrap();
            readback::judge_without_mtools(&path, &tree, &layout);
        }
    }
}

fn times() -> Tree {
    let mut tree = Tree::new(META);
    for secs in [
        i64::MIN,
        -1,
        0,
        1,
        315_532_799,
        315_532_800,
        315_532_801,
        951_782_399,
        951_782_400,
        2_147_483_648,
        4_107_542_400,
        4_354_819_199,
        4_354_819_200,
        i64::MAX,
    ] {
        let meta = Meta::root(
            0o644,
            Timestamp {
                secs,
                nanos: 999_999_999,
            },
        );
        let node = tree.add_file(meta, Content::bytes(*b"t"));
        tree.link(Tree::ROOT, format!("t{secs}").as_bytes(), node);
    }
    tree
}

#[test]
fn the_kernel_shows_what_the_tree_has() {
    let work = Work::new("fat-mounted");
    for (tree, size) in [
        (unusual_names(), Size::Exact(MIB)),
        (sizes(), Size::Exact(20 * MIB)),
        (times(), Size::Exact(64 * MIB)),
    ] {
        let (image, _) = image(&work, &tree, size, options(None)).unwrap();
        readback::with_kernel(&image, &tree);
    }
}

#[test]
fn of_other_filesystems_just_the_mount_point_is_there() {
    let work = Work::new("fat-hidden");
    let mut tree = named(["one", "two"]);
    let efi = tree.make_directories(b"boot/efi", META).unwrap();
    let other = tree
        .make_directories(b"boot/efi/other/inner", META)
        .unwrap();
    add(&mut tree, other, "unseen", Content::bytes(*b"x"));
    add(&mut tree, efi, "seen", Content::bytes(*b"x"));
    let hidden = [tree.parent(other)];
    let size = Size::Exact(MIB);
    let layout = fat::plan(&tree, efi, &hidden, size, options(None)).unwrap();
    let path = work.join("fs.img");
    let disk = Disk(File::create(&path).unwrap());
    disk.0.set_len(MIB).unwrap();
    // A start that the boot sector has no bits for.
    fat::write(&layout, &tree, Region::new(&disk, 0, MIB), 1 << 32, &|_| ()).unwrap();
    let seen = kit::fsck_fat_clean(&path);
    assert!(seen.contains(" 0 hidden sectors"), "{seen}");
    let listed = kit::succeed(
        kit::tool("mdir")
            .args(["-/", "-b", "-i"])
            .arg(&path)
            .arg("::"),
    );
    assert_eq!(listed, "::/other/\n::/seen\n");
}

#[test]
fn labels_and_serials() {
    let work = Work::new("fat-label");
    for (label, serial, seen_label, seen_serial) in [
        ("", 0, "has no label", "0000-0000"),
        ("EFI SYSTEM", 0x1A2B_3C4D, "is EFI SYSTEM ", "1A2B-3C4D"),
        ("A~1 (B)-{C}", u32::MAX, "is A~1 (B)-{C}", "FFFF-FFFF"),
    ] {
        for fat_type in TYPES {
            let mut options = options(Some(fat_type));
            options.label = label.to_owned();
            options.serial = Serial(serial);
            let tree = named(["x"]);
            let (image, _) = image(&work, &tree, Size::Fit { free: 0 }, options).unwrap();
            kit::fsck_fat_clean(&image);
            let seen = kit::succeed(kit::tool("mdir").arg("-i").arg(&image).arg("::"));
            assert!(
                seen.contains(&format!(" Volume in drive : {seen_label}")),
                "{seen}"
            );
            assert!(
                seen.contains(&format!(" Volume Serial Number is {seen_serial}")),
                "{seen}"
            );
        }
    }
    let mut options = options(None);
    options.label = "esp".to_owned();
    let error = image(&work, &named(["x"]), Size::Exact(MIB), options)
        .err()
        .unwrap();
    assert!(
        error.to_string().starts_with("label \"esp\" has 'e'; "),
        "{error}"
    );
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let work = Work::new("fat-same");
    let digest = || {
        let (image, _) = image(
            &work,
            &unusual_names(),
            Size::Exact(40 * MIB),
            options(None),
        )
        .unwrap();
        kit::sha256(&image)
    };
    assert_eq!(digest(), digest());
}

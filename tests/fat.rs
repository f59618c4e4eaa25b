//! Trees and sizes at the limits of FAT, straight through `fsgen`, judged by fsck.fat, mtools
//! and the crate fatfs.

mod random;
mod readback;

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use fsgen::fat::{self, ClusterSize, Error, FatType, Layout, Options, Serial, Size};
use fsgen::tree::Device;
use fsgen::tree::content::Segment;
use fsgen::{Content, Kind, Meta, NodeId, Region, Timestamp, Tree};

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
        written.set(written.get() + bytes)
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
fn every_size_is_clean() {
    const GIB: u64 = 1024 * MIB;
    let work = Work::new("fat-sizes");
    let tree = named(["one"]);
    let fat12 = FatType::Fat12;
    let fat16 = FatType::Fat16;
    let fat32 = FatType::Fat32;
    for (cluster, bytes, fat_type, clusters) in [
        // The smallest for this tree, and the limits between the types.
        (Some(512), 38 * 512, fat12, 3),
        (Some(512), 4_141 * 512, fat12, 4_084),
        (Some(512), 4_150 * 512, fat16, 4_085),
        (Some(512), 66_069 * 512, fat16, 65_524),
        (Some(512), 66_581 * 512, fat32, 65_525),
        (Some(32_768), 4_085 * 32_768 - 1, fat12, 4_083),
        (Some(32_768), 4_086 * 32_768 - 1, fat12, 4_084),
        (Some(32_768), 4_087 * 32_768, fat16, 4_085),
        (Some(32_768), 65_533 * 32_768, fat16, 65_524),
        (Some(32_768), 65_542 * 32_768, fat32, 65_525),
        // What goes with a size by default.
        (None, 100_000, fat12, 160),
        (None, 2 * MIB, fat12, 4_039),
        (None, 4_142 * 512, fat12, 2_047),
        (None, 3 * MIB, fat16, 6_063),
        (None, 32 * MIB, fat16, 16_343),
        (None, 33 * MIB, fat32, 66_512),
        (None, 33 * MIB + 511, fat32, 66_512),
        (None, 260 * MIB, fat32, 524_256),
        (None, 261 * MIB, fat32, 66_681),
        (None, 3 * GIB, fat32, 784_894),
        (None, 9 * GIB, fat32, 1_178_495),
        (None, 40 * GIB, fat32, 1_310_399),
        (None, 128 * GIB, fat32, 4_193_279),
    ] {
        println!("{bytes} bytes, clusters of {cluster:?}");
        let mut options = options(None);
        options.cluster_size = cluster.map(|bytes| ClusterSize::new(bytes).unwrap());
        let (image, layout) = image(&work, &tree, Size::Exact(bytes), options).unwrap();
        let geometry = layout.geometry();
        assert_eq!((geometry.fat_type, geometry.clusters), (fat_type, clusters));
        readback::judge_without_mtools(&image, &tree, &layout);
    }
}

/// A filesystem that is full to its last cluster, and one with room.
#[test]
fn a_fit_leaves_what_was_asked_for() {
    let work = Work::new("fat-fit");
    for (fat_type, len) in [
        (FatType::Fat12, 2 * MIB - 1),
        (FatType::Fat16, 9 * MIB),
        (FatType::Fat32, 40 * MIB + 1),
    ] {
        let mut tree = sizes();
        let source = tree.add_source(Arc::new(Pattern));
        add(
            &mut tree,
            Tree::ROOT,
            "large",
            Content::span(source, 0, len),
        );
        for free in [0, 1, 3 * MIB, 290 * MIB] {
            println!("{fat_type}, {free} free");
            let plan = |size| fat::plan(&tree, Tree::ROOT, &[], size, options(Some(fat_type)));
            let fit = match plan(Size::Fit { free }) {
                Err(Error::TooLarge {
                    fat_type: FatType::Fat12,
                    ..
                }) if free > 200 * MIB => continue,
                fit => fit.unwrap(),
            };
            let cluster = u64::from(fit.geometry().cluster_size.bytes());
            assert_eq!(fit.free_bytes(), free.next_multiple_of(cluster));
            let exact = plan(Size::Exact(fit.bytes())).unwrap();
            assert_eq!(exact.geometry(), fit.geometry());
            if free == 0 {
                let error = plan(Size::Exact(fit.bytes() - 1))
                    .err()
                    .unwrap()
                    .to_string();
                let want = format!("make it at least {} bytes", fit.bytes());
                assert!(error.contains(&want), "{error}");
            }
            if free <= MIB {
                let size = Size::Fit { free };
                let (image, layout) = image(&work, &tree, size, options(Some(fat_type))).unwrap();
                readback::judge_without_mtools(&image, &tree, &layout);
            }
        }
    }
}

#[test]
fn a_root_directory_is_as_large_as_it_must_be() {
    let work = Work::new("fat-root");
    for (names, entries) in [(511, 512), (512, 528), (4_000, 4_016)] {
        let mut tree = Tree::new(META);
        for i in 0..names {
            add(&mut tree, Tree::ROOT, &format!("F{i}"), Content::bytes([]));
        }
        for fat_type in TYPES {
            let (image, layout) =
                image(&work, &tree, Size::Fit { free: 0 }, options(Some(fat_type))).unwrap();
            let entries = if fat_type == FatType::Fat32 {
                0
            } else {
                entries
            };
            assert_eq!(layout.geometry().root_entries, entries);
            readback::judge_without_mtools(&image, &tree, &layout);
        }
    }
}

#[test]
fn a_file_can_have_four_gibibytes_less_one() {
    let work = Work::new("fat-large");
    for len in [(1 << 32) - 4096, (1 << 32) - 1] {
        let mut tree = Tree::new(META);
        let source = tree.add_source(Arc::new(Pattern));
        let segments = [0, len - 3000].map(|at| Segment {
            at,
            len: 3000,
            offset: at,
        });
        let content = Content::sparse(source, len, segments.to_vec()).unwrap();
        add(&mut tree, Tree::ROOT, "large.bin", content.clone());
        let (image, layout) = image(&work, &tree, Size::Fit { free: 0 }, options(None)).unwrap();
        if len.is_multiple_of(4096) {
            readback::judge_without_mtools(&image, &tree, &layout);
        } else {
            // fsck.fat up to 4.2 counts the 2^32 bytes of these clusters with 32 bits.
            readback::with_fatfs(&image, &tree, &layout);
        }
        let mut mshowfat = kit::tool("mshowfat");
        let chain = kit::succeed(mshowfat.arg("-i").arg(&image).arg("::large.bin"));
        let last = 2 + len.div_ceil(4096);
        assert_eq!(chain.trim(), format!("::/large.bin <3-{last}>"));

        let disk = File::options().read(true).write(true).open(&image).unwrap();
        let filesystem = fatfs::FileSystem::new(disk, fatfs::FsOptions::new()).unwrap();
        let mut file = filesystem.root_dir().open_file("large.bin").unwrap();
        file.seek(SeekFrom::End(-4000)).unwrap();
        let (mut seen, mut want) = (Vec::new(), vec![0; 4000]);
        file.read_to_end(&mut seen).unwrap();
        content.read_exact_at(&tree, &mut want, len - 4000).unwrap();
        assert!(seen == want);
        // What the file leaves out, the image leaves out.
        let allocated = fs::metadata(&image).unwrap().blocks() * 512;
        assert!(allocated < 12 * MIB, "{allocated}");
    }
}

#[test]
fn what_fat_cannot_say_is_refused() {
    let mut tree = Tree::new(META);
    let source = tree.add_source(Arc::new(Pattern));
    let with = |name: &str, node: &dyn Fn(&mut Tree) -> NodeId| {
        let mut tree = Tree::new(META);
        tree.add_source(Arc::new(Pattern));
        let folder = tree.make_directories(b"EFI", META).unwrap();
        let node = node(&mut tree);
        tree.link(folder, name.as_bytes(), node);
        tree
    };
    let special = |kind: Kind| with("x", &move |tree| tree.add_special(META, kind.clone()));
    let file = |len| {
        with("x", &|tree: &mut Tree| {
            tree.add_file(META, Content::sparse(source, len, Vec::new()).unwrap())
        })
    };
    let device = Device { major: 1, minor: 3 };
    let pair = |one: &str, other: &str| {
        let mut tree = Tree::new(META);
        add(&mut tree, Tree::ROOT, one, Content::bytes([]));
        add(&mut tree, Tree::ROOT, other, Content::bytes([]));
        tree
    };
    let small = Size::Exact(8 * MIB);
    let fit = Size::Fit { free: 0 };
    for (tree, size, fat_type, message) in [
        (
            with("x", &|tree: &mut Tree| tree.add_symlink(META, b"../y")),
            fit,
            None,
            "/EFI/x: a symlink to ../y; FAT has none: put a copy of the file there, or take the link away",
        ),
        (
            special(Kind::CharDevice(device)),
            fit,
            None,
            "/EFI/x: a character device; FAT holds only files and directories: take it away",
        ),
        (special(Kind::Fifo), fit, None, "/EFI/x: a FIFO; FAT holds"),
        (
            special(Kind::Socket),
            fit,
            None,
            "/EFI/x: a socket; FAT holds",
        ),
        (
            file(1 << 32),
            fit,
            None,
            "/EFI/x: a file of 4294967296 bytes, FAT allows 4294967295; split it",
        ),
        (
            file(9 * MIB),
            small,
            None,
            "bytes as FAT16, the filesystem has 8388608; make it at least",
        ),
        (
            file(40 * MIB),
            small,
            None,
            "bytes as FAT32, the filesystem has 8388608; make it at least",
        ),
        (
            named(["x"]),
            Size::Exact(32 * MIB),
            Some(FatType::Fat32),
            "the content needs 34098688 bytes as FAT32",
        ),
        (
            file(3000 * MIB),
            fit,
            Some(FatType::Fat16),
            "FAT16 with clusters of 32768 bytes has at most 2146861056 bytes",
        ),
        (
            named(["x"]),
            Size::Exact(3 << 40),
            None,
            "FAT32 with clusters of 32768 bytes has at most 2199023255040 bytes, 3298534883328 are asked for",
        ),
        (
            pair("Readme", "README"),
            fit,
            None,
            "/Readme: FAT finds names whatever their case, and there is \"README\" already; rename one",
        ),
        (
            with("a:b", &|tree: &mut Tree| tree.add_directory(META)),
            fit,
            None,
            "/EFI/a:b: the name has ':'",
        ),
        (
            with("a.", &|tree: &mut Tree| tree.add_directory(META)),
            fit,
            None,
            "/EFI/a.: the name ends in '.'",
        ),
    ] {
        let error = image(&Work::new("fat-refused"), &tree, size, options(fat_type))
            .err()
            .unwrap();
        assert!(error.to_string().contains(message), "{error}");
    }
    // One byte less is a file.
    assert!(fat::plan(&file((1 << 32) - 1), Tree::ROOT, &[], fit, options(None)).is_ok());
}

#[test]
fn what_is_lost_is_told_once_for_each_kind() {
    let mut tree = Tree::new(META);
    let folder = tree.make_directories(b"EFI", META).unwrap();
    let file = |tree: &mut Tree, name: &str, meta| {
        let node = tree.add_file(meta, Content::bytes(*b"linked"));
        tree.link(folder, name.as_bytes(), node);
        node
    };
    let meta = |mode, uid, secs| Meta {
        uid,
        ..Meta::root(mode, Timestamp::from_secs(secs))
    };
    let day = META.mtime.secs;
    file(&mut tree, "usual", meta(0o644, 0, day));
    let plan = |tree: &Tree| {
        let size = Size::Fit { free: 0 };
        let layout = fat::plan(tree, Tree::ROOT, &[], size, options(Some(FatType::Fat12))).unwrap();
        layout.warnings().to_vec()
    };
    assert_eq!(plan(&tree), [""; 0]);
    let linked = file(&mut tree, "linked", meta(0o755, 0, 0));
    tree.link(Tree::ROOT, b"again", linked);
    file(&mut tree, "mode", meta(0o600, 0, day));
    file(&mut tree, "owner", meta(0o644, 1000, day));
    let labelled = file(&mut tree, "xattr", meta(0o644, 0, i64::MAX));
    let value: (Box<[u8]>, Box<[u8]>) = (b"user.a"[..].into(), b"1"[..].into());
    tree.set_xattrs(labelled, [value].into());
    assert_eq!(
        plan(&tree),
        [
            "/again and 1 more: FAT has no hard links: each becomes a copy",
            "/EFI/mode and 2 more: FAT keeps no owners, modes and attributes: mount options decide",
            "/again and 2 more: FAT keeps times of 1980 to 2107: others become the nearest there",
        ]
    );
    let work = Work::new("fat-lost");
    let (image, layout) = image(&work, &tree, Size::Exact(MIB), options(None)).unwrap();
    readback::judge(&work, &image, &tree, &layout);
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

/// A directory with as many entries as there can be; the judges compare each with each.
#[test]
fn a_full_directory() {
    let work = Work::new("fat-full");
    let tree = |names| {
        let mut tree = Tree::new(META);
        let folder = tree.make_directories(b"FULL", META).unwrap();
        for i in 0..names {
            add(&mut tree, folder, &format!("F{i}"), Content::bytes([]));
        }
        tree
    };
    // `.` and `..` are two of the 65,536.
    let full = tree(65_534);
    let (image, layout) = image(&work, &full, Size::Fit { free: 0 }, options(None)).unwrap();
    readback::judge_without_mtools(&image, &full, &layout);
    let fit = Size::Fit { free: 0 };
    let error = fat::plan(&tree(65_535), Tree::ROOT, &[], fit, options(None))
        .err()
        .unwrap();
    let want = "/FULL: the names take 65537 entries, a long one several of them; a directory of \
                FAT has 65536; spread them over several directories";
    assert_eq!(error.to_string(), want);
    // As a root with a place of its own, it would fit in FAT32 only.
    let folder = full.lookup(Tree::ROOT, b"FULL").unwrap();
    let error = fat::plan(&full, folder, &[], fit, options(Some(FatType::Fat16)))
        .err()
        .unwrap();
    let want = "the root directory needs 65535 entries, a long name several of them; FAT16 has at \
                most 65520; take FAT32, or move names into directories";
    assert_eq!(error.to_string(), want);
    assert!(fat::plan(&full, folder, &[], fit, options(None)).is_ok());
}

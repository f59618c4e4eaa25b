//! What FAT cannot hold: what is refused, and what is lost with a warning.

use std::sync::Arc;

use fsgen::fat::{self, FatType, Size};
use fsgen::tree::Device;
use fsgen::{Content, Kind, Meta, NodeId, Timestamp, Tree};

use super::super::ext4::Pattern;
use super::super::kit::Work;
use super::{META, MIB, add, image, named, options, readback};

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

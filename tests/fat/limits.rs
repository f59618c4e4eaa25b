//! Sizes of filesystems, files and directories at the limits of FAT.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use fsgen::fat::{self, ClusterSize, Error, FatType, Size};
use fsgen::tree::content::Segment;
use fsgen::{Content, Tree};

use super::super::ext4::Pattern;
use super::super::kit::{self, Work};
use super::{META, MIB, TYPES, add, image, named, options, readback, sizes};

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

/// A directory with as many entries as there can be: names of 255 letters take 21 of them.
#[test]
fn a_full_directory() {
    let work = Work::new("fat-full");
    let tree = |short| {
        let mut tree = Tree::new(META);
        let folder = tree.make_directories(b"FULL", META).unwrap();
        let long = (0..3120).map(|i| format!("{i:0255}"));
        for name in long.chain((0..short).map(|i| format!("F{i}"))) {
            add(&mut tree, folder, &name, Content::bytes([]));
        }
        tree
    };
    // `.` and `..` are two of the 65,536.
    let full = tree(14);
    let fit = Size::Fit { free: 0 };
    let (image, layout) = image(&work, &full, fit, options(None)).unwrap();
    readback::judge_without_mtools(&image, &full, &layout);
    let error = fat::plan(&tree(15), Tree::ROOT, &[], fit, options(None))
        .err()
        .unwrap();
    let want = "/FULL: the names take 65537 entries, a long one several of them; a directory of \
                FAT has 65536; spread them over several directories";
    assert_eq!(error.to_string(), want);
    // A root with a place of its own has a few less.
    let folder = full.lookup(Tree::ROOT, b"FULL").unwrap();
    let plan = |fat_type| fat::plan(&full, folder, &[], fit, options(fat_type));
    let want = "the root directory needs 65535 entries, a long name several of them; FAT16 has at \
                most 65520; take FAT32, or move names into directories";
    assert_eq!(plan(Some(FatType::Fat16)).err().unwrap().to_string(), want);
    assert!(plan(None).is_ok());
}

#[test]
fn a_file_can_have_four_gibibytes_less_one() {
    let work = Work::new("fat-large");
    const CLUSTER: u64 = 32_768;
    let mut options = options(None);
    options.cluster_size = ClusterSize::new(32_768);
    for len in [(1 << 32) - CLUSTER, (1 << 32) - 1] {
        let mut tree = Tree::new(META);
        let source = tree.add_source(Arc::new(Pattern));
        let segments = [0, len - 3000].map(|at| Segment {
            at,
            len: 3000,
            offset: at,
        });
        let content = Content::sparse(source, len, segments.to_vec()).unwrap();
        add(&mut tree, Tree::ROOT, "large.bin", content.clone());
        let (image, layout) = image(&work, &tree, Size::Fit { free: 0 }, options.clone()).unwrap();
        if len.is_multiple_of(CLUSTER) {
            readback::judge_without_mtools(&image, &tree, &layout);
        } else {
            // fsck.fat up to 4.2 counts the bytes of these clusters, 2^32, with 32 bits.
            readback::with_fatfs(&image, &tree, &layout);
        }
        let mut mshowfat = kit::tool("mshowfat");
        let chain = kit::succeed(mshowfat.arg("-i").arg(&image).arg("::large.bin"));
        let last = 2 + len.div_ceil(CLUSTER);
        assert_eq!(chain.trim(), format!("::/large.bin <3-{last}>"));

        let filesystem = readback::open(&image);
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

//! Images that share what the cache has, on filesystems that can do that.

use std::fs;

use super::kit::{self, Work};

/// Sizes of files, in bytes, and how many of them are shared: those of 64 KiB and more.
const SIZES: [usize; 6] = [1, 65_535, 65_536, 65_537, 300_001, 5 << 20];
const SHARED: usize = 4;

#[test]
fn a_build_from_the_cache_shares_large_files_and_makes_the_same_image() {
    let work = Work::new("shared");
    for (number, size) in SIZES.iter().enumerate() {
        let byte = |at: usize| u8::try_from((at / 7 + at * number) % 251).unwrap();
        let content: Vec<u8> = (0..*size).map(byte).collect();
        fs::create_dir_all(work.join("tree/etc")).unwrap();
        work.write(&format!("tree/etc/{number}"), content);
    }
    let mut tar = kit::tool("tar");
    tar.args(["--mtime=@1", "--sort=name", "--zstd", "-C", "tree", "-cf"]);
    kit::succeed(tar.args(["a.tar.zst", "."]).current_dir(work.path()));
    for recipe in ["first", "second"] {
        let text = format!("table: none\nmodules: [hostname]\nhostname: {recipe}\n");
        work.write(&format!("{recipe}.yaml"), text);
    }
    let arguments = ["build", "-q", "-i", "a.tar.zst", "-f"];
    for (maker, more, size, shared) in [
        ("mkfs.xfs", "-q", 320 << 20, SHARED),
        ("mkfs.xfs", "-mreflink=0", 320 << 20, 0),
        ("mkfs.btrfs", "-q", 160 << 20, SHARED),
    ] {
        let disk = work.join(maker);
        fs::File::create(&disk).unwrap().set_len(size).unwrap();
        kit::succeed(kit::tool(maker).args(["-q", "-f", more]).arg(&disk));
        let Some(mounted) = kit::loop_mount(&disk, 0, "rw") else {
            continue;
        };
        for (recipe, want) in [("first", 0), ("second", shared), ("first", shared)] {
            let recipe = format!("{recipe}.yaml");
            let image = mounted.path().join("image.raw");
            let mut hsb = work.hsb([&arguments[..], &[&recipe, "-o"]].concat());
            hsb.env("HSB_CACHE", mounted.path().join("cache"));
            kit::succeed(hsb.arg(&image));
            let mut hsb = work.hsb([&arguments[..], &[&recipe, "-o"]].concat());
            kit::succeed(hsb.args(["copied.raw", "--no-cache"]));
            let same = kit::sha256(&image) == kit::sha256(&work.join("copied.raw"));
            assert!(same, "{maker} {recipe}");
            kit::e2fsck_clean(&image, 0);
            let extents = kit::succeed(kit::tool("filefrag").arg("-v").arg(&image));
            // The flags of an extent are behind its last colon.
            let flags = extents.lines().filter_map(|line| line.rsplit(':').next());
            let shared = flags.filter(|flags| flags.split(',').any(|flag| flag.trim() == "shared"));
            let shared = shared.count();
            // A file may be in several pieces.
            let is_right = shared >= want && (want > 0 || shared == 0);
            assert!(is_right, "{maker} {recipe}: {shared}: {extents}");
        }
    }
}

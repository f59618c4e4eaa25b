//! Images made to make a checker run in circles, or out of memory, or past the end of something.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::bases;
use super::damage::{self, Numbers};
use crate::kit::{Work, succeed, tool};

/// Asserts that hsb finds something that is said like this.
fn found(image: &Path, expected: &str) {
    let (found, said) = damage::ours(image);
    assert!(found && said.contains(expected), "{expected}: {said}");
}

#[test]
fn any_bytes_end_in_a_verdict() {
    let work = Work::new("verify-any");
    let mut numbers = Numbers(1);
    for (name, image, metadata) in [
        (
            "ext4",
            bases::mke2fs(&work, "ext4", 8 << 20, &["-t", "ext4", "-b", "1024"]),
            2 << 20,
        ),
        (
            "ext2",
            bases::mke2fs(&work, "ext2", 4 << 20, &["-t", "ext2", "-b", "1024"]),
            1 << 20,
        ),
        (
            "FAT16",
            bases::mkfs_fat(&work, "fat", 5 << 20, &["-F", "16", "-s", "1"]),
            64 << 10,
        ),
    ] {
        bases::index_if_ext(&image);
        let right = fs::read(&image).unwrap();
        let used: Vec<usize> = (0..metadata).filter(|at| right[*at] != 0).collect();
        let file = OpenOptions::new().write(true).open(&image).unwrap();
        for round in 0..150 {
            let places: Vec<usize> = (0..=numbers.next(40))
                .map(|_| used[numbers.next(used.len())])
                .collect();
            for at in &places {
                let byte =
                    [0, 0xFF, 0x80, u8::try_from(numbers.next(256)).unwrap()][numbers.next(4)];
                file.write_all_at(&[byte], u64::try_from(*at).unwrap())
                    .unwrap();
            }
            let (found, said) = damage::ours(&image);
            assert!(said.lines().count() < 300, "{name}, round {round}: {found}");
            for at in places {
                file.write_all_at(&right[at..=at], u64::try_from(at).unwrap())
                    .unwrap();
            }
        }
    }
}

/// Runs debugfs on a filesystem without checksums, where every change is a plain one.
fn changed(work: &Work, requests: &str) -> std::path::PathBuf {
    let image = bases::mke2fs(
        work,
        "fs",
        6 << 20,
        &["-t", "ext4", "-b", "1024", "-O", "^metadata_csum"],
    );
    let script = work.write("requests", requests);
    succeed(tool("debugfs").args(["-w", "-f"]).arg(script).arg(&image));
    image
}

#[test]
fn circles_are_found() {
    let work = Work::new("verify-circles");
    // Two directories, each in the other; the links from above are gone.
    let image = changed(
        &work,
        "mkdir one\nmkdir one/two\nlink one one/two/three\nunlink one\n",
    );
    found(&image, "lies in a circle of directories");
    // A directory with two names.
    found(
        &changed(&work, "mkdir one\nlink one two\n"),
        "has another name already",
    );
    // A directory that has its own block twice: it would be read for each.
    found(&changed(&work, "sif many block[IND] 0\n"), "inode");

    let fat = bases::mkfs_fat(&work, "fat", 5 << 20, &["-F", "16", "-s", "1"]);
    let bytes = fs::read(&fat).unwrap();
    // The second cluster of LARGE.BIN is followed by the first one.
    let name = bytes
        .windows(11)
        .position(|name| name == b"LARGE   BIN")
        .unwrap();
    let first = usize::from(u16::from_le_bytes([bytes[name + 26], bytes[name + 27]]));
    let table = 512 * usize::from(u16::from_le_bytes([bytes[14], bytes[15]]));
    let file = OpenOptions::new().write(true).open(&fat).unwrap();
    let circle = u16::try_from(first).unwrap().to_le_bytes();
    file.write_all_at(&circle, u64::try_from(table + 2 * (first + 1)).unwrap())
        .unwrap();
    found(&fat, &format!("cluster {first} is in a chain already"));

    let disk = bases::disk(&work, "mbr", bases::MBR);
    let file = OpenOptions::new().write(true).open(&disk).unwrap();
    // The next link after the second one is the second one.
    file.write_all_at(&[5], 12288 * 512 + 446 + 16 + 4).unwrap();
    file.write_all_at(&6144_u32.to_le_bytes(), 12288 * 512 + 446 + 16 + 8)
        .unwrap();
    file.write_all_at(&100_u32.to_le_bytes(), 12288 * 512 + 446 + 16 + 12)
        .unwrap();
    found(&disk, "was in the chain before");
}

#[test]
fn large_numbers_take_no_memory() {
    let work = Work::new("verify-numbers");
    for (at, bytes, expected) in [
        // Groups as small as can be on a filesystem said to be as large as can be.
        (1024 + 0x04, &[0xFF; 4][..], "number of inodes is 240"),
        (1024 + 0x20, &[8, 0, 0, 0], "blocks per group is 8"),
        (1024 + 0x28, &[0xFF; 4], "inodes per group is"),
        (1024 + 0x18, &[40, 0, 0, 0], "log2 of the block size is 40"),
        (1024 + 0x58, &[0, 0], "inode size is 0"),
        (
            1024 + 0xCE,
            &[0xFF; 2],
            "number of reserved descriptor blocks is 65535",
        ),
        (
            1024 + 0x60,
            &[0x10],
            "feature meta_bg is not supported here: not checked",
        ),
        (
            1024 + 0x66,
            &[0x40],
            "unknown read-only compatible features 0x400000: not checked",
        ),
        (
            1024 + 0x4C,
            &[0],
            "revision 0 is not supported: not checked",
        ),
        (1024 + 0x38, &[0], "magic is 0xef00, expected 0xef53"),
    ] {
        let image = changed(&work, "quit\n");
        let file = OpenOptions::new().write(true).open(&image).unwrap();
        // As much as a disk can seem to have.
        file.set_len(1 << 42).unwrap();
        file.write_all_at(bytes, at).unwrap();
        found(&image, expected);
    }
}

#[test]
fn damage_that_both_tables_share_is_found() {
    let work = Work::new("verify-gpt");
    let disk = bases::disk(&work, "gpt", bases::GPT);
    let file = OpenOptions::new().write(true).open(&disk).unwrap();
    // The last sector of the first partition, in both arrays of entries.
    for array in [1024, (16 << 20) - 33 * 512] {
        file.write_all_at(&[0xFE], array + 40).unwrap();
    }
    found(&disk, "GPT header: checksum of the entries");
}

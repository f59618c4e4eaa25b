//! Images made to make a checker run in circles, or out of memory, or past the end of something.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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
fn changed(work: &Work, requests: &str) -> PathBuf {
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

/// A GPT whose entries all are the same filesystem.
fn same_partitions(work: &Work, filesystem: &Path, count: u32) -> PathBuf {
    let content = fs::read(filesystem).unwrap();
    let sectors = |bytes: usize| u64::try_from(bytes.div_ceil(512)).unwrap();
    let first = (2 + sectors(128 * count as usize)).next_multiple_of(2048);
    let last = first + sectors(content.len()) - 1;
    let mut entries = Vec::new();
    for number in 1..=u128::from(count) {
        entries.extend([0xAF; 16]);
        entries.extend(number.to_le_bytes());
        entries.extend([first.to_le_bytes(), last.to_le_bytes()].concat());
        entries.resize(entries.len() + 80, 0);
    }
    let backup = last + 1 + sectors(entries.len());
    let header = |own: u64, other: u64, at: u64| {
        let mut bytes = b"EFI PART\0\0\x01\0\x5C\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        for number in [own, other, first, last] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([7; 16]);
        bytes.extend(at.to_le_bytes());
        for number in [count, 128, crc32(&entries)] {
            bytes.extend(number.to_le_bytes());
        }
        let sum = crc32(&bytes).to_le_bytes();
        bytes[16..20].copy_from_slice(&sum);
        bytes
    };
    let image = work.join("same");
    let file = File::create(&image).unwrap();
    let write = |bytes: &[u8], sector: u64| file.write_all_at(bytes, 512 * sector).unwrap();
    file.set_len(512 * (backup + 1)).unwrap();
    let whole = u32::try_from(backup).unwrap().to_le_bytes();
    file.write_all_at(&[0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], 446)
        .unwrap();
    file.write_all_at(&whole, 458).unwrap();
    file.write_all_at(&[0x55, 0xAA], 510).unwrap();
    write(&header(1, backup, 2), 1);
    write(&entries, 2);
    write(&content, first);
    write(&entries, last + 1);
    write(&header(backup, 1, last + 1), backup);
    image
}

/// Returns the checksum of a GPT.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

#[test]
fn partitions_that_overlap_are_read_once() {
    let work = Work::new("verify-overlap");
    // Each inode of the filesystem is wrong, so that there is much to tell.
    let filesystem = changed(&work, "clri <2>\nquit\n");
    let image = same_partitions(&work, &filesystem, 32_768);
    // 150 MB and 10 seconds of a processor: reading each of them took hours.
    let script = "ulimit -v 150000; ulimit -t 10; exec \"$0\" \"$@\"";
    let hsb = work.hsb([""; 0]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(hsb)
        .arg("verify")
        .arg(&image);
    let run = crate::kit::run(&mut shell);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let told = |text: &str| {
        let lines = run.stdout.lines();
        lines.filter(|line| line.contains(text)).count()
    };
    assert_eq!(told(", ext4: 1 groups"), 1);
    assert_eq!(told(", overlaps one before it: not checked"), 32_767);
    assert_eq!(told("partition 2: starts at sector"), 1);

    // Two links of a chain that have the same partition.
    let filesystem = bases::mke2fs(&work, "small", 2 << 20, &["-t", "ext2", "-b", "1024"]);
    let disk = bases::disk(&work, "chain", bases::MBR);
    let file = OpenOptions::new().write(true).open(&disk).unwrap();
    file.write_all_at(&fs::read(filesystem).unwrap(), 8192 * 512)
        .unwrap();
    for (link, next) in [(6144_u64, 1_u32), (6145, 0)] {
        let first = u32::try_from(8192 - link).unwrap();
        let mut sector = [0; 512];
        for (index, (kind, first, count)) in [(0x83, first, 4096), (5, next, 100)]
            .into_iter()
            .enumerate()
            .filter(|(_, (_, first, _))| *first > 0)
        {
            let at = 446 + 16 * index;
            sector[at + 4] = kind;
            sector[at + 8..at + 12].copy_from_slice(&first.to_le_bytes());
            sector[at + 12..at + 16].copy_from_slice(&u32::to_le_bytes(count));
        }
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        file.write_all_at(&sector, link * 512).unwrap();
    }
    for expected in [
        "partition 6: starts at sector 8192, where partition 5 ends at 12287",
        "partition 5: 2097152 bytes at byte 4194304, ext4: 1 groups",
        "partition 6: 2097152 bytes at byte 4194304, overlaps one before it: not checked",
    ] {
        found(&disk, expected);
    }
}

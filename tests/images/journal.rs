//! Filesystems that were not unmounted: their journal counts, and e2fsck agrees about what it says.

use std::fs;
use std::path::Path;

use super::{build, debugfs, files, mke2fs, refused};
use crate::kit::{self, Work};

/// What mke2fs is told, and how debugfs opens the journal.
const OPTIONS: &[(&str, &str)] = &[
    ("-t ext4", "jo"),
    ("-t ext4", "jo -c"),
    ("-t ext4", "jo -c -v 2"),
    ("-t ext4 -O ^64bit", "jo -c"),
    ("-t ext4 -O ^metadata_csum,^64bit", "jo"),
    ("-t ext3", "jo"),
    ("-t ext4 -b 1024", "jo -c"),
    ("-t ext4 -O fast_commit", "jo -c"),
];

/// Puts into the journal of `image` what makes it what `changed` is, and then what `then` says.
fn log_difference(work: &Work, image: &Path, changed: &Path, open: &str, then: &str) {
    let block_size = 1024;
    let (old, new) = (fs::read(image).unwrap(), fs::read(changed).unwrap());
    let size = kit::dumpe2fs(image, 0);
    let size = size
        .lines()
        .find_map(|line| line.strip_prefix("Block size:"));
    let size: usize = size.unwrap().trim().parse().unwrap();
    assert!(size >= block_size);
    let mut blocks = String::new();
    let mut data = Vec::new();
    let pairs = old.chunks(size).zip(new.chunks(size)).enumerate();
    // The superblock stays: it says that the journal is to be looked at.
    for (number, (_, new)) in pairs.skip(2048 / size).filter(|(_, (old, new))| old != new) {
        blocks += &format!("{}{number}", if blocks.is_empty() { "" } else { "," });
        data.extend(new);
    }
    work.write("data", data);
    debugfs(
        work,
        image,
        &format!("{open}\njw -b {blocks} data\njc\n{then}"),
    );
}

#[test]
fn the_journal_is_replayed() {
    let work = Work::new("images-journal");
    let files = files(&work);
    for (options, open) in OPTIONS {
        let options: Vec<&str> = options.split(' ').collect();
        let image = mke2fs(&work, "fs.img", &options, &files);
        let changed = work.join("changed.img");
        fs::copy(&image, &changed).unwrap();
        // The start of this looks like a block of the journal.
        work.write(
            "magic",
            [&b"\xc0\x3b\x39\x98"[..], &[b'm'; 20_000]].concat(),
        );
        debugfs(
            &work,
            &changed,
            "mkdir new\nwrite magic new/magic\nrm dir/big\nsymlink dir/link target\n",
        );
        log_difference(&work, &image, &changed, open, "");
        let (got, said) = build(&work, "fs.img");
        let replays = "it was not unmounted; its journal is read with it";
        assert!(said.contains(replays), "{options:?}: {said}");
        let (want, said) = build(&work, "changed.img");
        assert!(!said.contains(replays), "{said}");
        assert!(got == want, "{options:?} {open}: another image");
        // The program that does this for a living has it so, too.
        kit::run(kit::tool("e2fsck").arg("-fy").arg(&image));
        let (judged, _) = build(&work, "fs.img");
        assert!(judged == want, "{options:?} {open}: e2fsck disagrees");
    }
}

#[test]
fn what_was_revoked_or_is_not_whole_is_not_replayed() {
    let work = Work::new("images-revoked");
    let files = files(&work);
    let (want, _) = build(&work, "files");
    work.write("junk", [b'j'; 4096]);
    for options in ["-t ext4", "-t ext4 -O ^metadata_csum,^64bit"] {
        let options: Vec<&str> = options.split(' ').collect();
        for (requests, is_replayed) in [
            ("jo\njw -b BLOCK junk\njc", true),
            ("jo\njw -b BLOCK junk\njw -r BLOCK\njc", false),
            ("jo -c\njw -b BLOCK junk\njw -r BLOCK\njc", false),
            ("jo\njw -r BLOCK\njw -b BLOCK junk\njc", true),
            ("jo -c\njw -b BLOCK -c junk\njc", false),
        ] {
            // Without checksums of its own, a filesystem has none in its journal.
            if options.len() > 2 && requests.contains("-c\n") {
                continue;
            }
            let image = mke2fs(&work, "fs.img", &options, &files);
            let blocks = kit::debugfs(&image, 0, "blocks /dir/big");
            let block = blocks.split_whitespace().next().unwrap();
            debugfs(&work, &image, &requests.replace("BLOCK", block));
            let (got, _) = build(&work, "fs.img");
            assert_eq!(got != want, is_replayed, "{options:?} {requests}");
            kit::run(kit::tool("e2fsck").arg("-fy").arg(&image));
            assert!(
                build(&work, "fs.img").0 == got,
                "{options:?} {requests}: e2fsck disagrees"
            );
        }
    }
}

/// Power may fail between any two blocks of the last transaction: it never was.
#[test]
fn what_is_torn_at_the_end_is_the_end() {
    let work = Work::new("images-torn");
    let files = files(&work);
    work.write("junk", [b'j'; 4096]);
    for open in ["jo -c", "jo -c -v 2"] {
        let image = mke2fs(&work, "fs.img", &["-t", "ext4", "-b", "4096"], &files);
        let blocks = kit::debugfs(&image, 0, "blocks /dir/big");
        let blocks: Vec<_> = blocks.split_whitespace().take(3).collect();
        let [one, two, three] = blocks[..] else {
            panic!("{blocks:?}");
        };
        let whole = format!("{open}\njw -b {one} junk\njc\n");
        let torn = format!("{open}\njw -c -b {two} junk\njc\n");
        let revoked = format!("{open}\njw -c -r {one},{three}\njc\n");
        let block = |image: &Path, number: usize| {
            let blocks = kit::debugfs(image, 0, "blocks <8>");
            let block = blocks.split_whitespace().nth(number).unwrap();
            block.parse::<usize>().unwrap() * 4096
        };
        debugfs(&work, &image, &whole);
        let (want, _) = build(&work, "fs.img");
        // The first transaction has blocks 1 to 3. In the second one, the tail of the descriptor,
        // the logged block, or the list of revoked blocks and its length is not as it was written.
        for (then, number, at) in [
            (&torn, 4, 4092),
            (&torn, 5, 0),
            (&revoked, 4, 4092),
            (&revoked, 4, 14),
        ] {
            let image = mke2fs(&work, "fs.img", &["-t", "ext4", "-b", "4096"], &files);
            debugfs(&work, &image, &format!("{whole}{then}"));
            let mut bytes = fs::read(&image).unwrap();
            let place = block(&image, number) + at;
            bytes[place] ^= 0x55;
            fs::write(&image, bytes).unwrap();
            let (got, _) = build(&work, "fs.img");
            assert!(got == want, "{open} {then} {number}: another image");
            let run = kit::run(kit::tool("e2fsck").arg("-fy").arg(&image));
            assert!(!run.stdout.contains("corrupt"), "{run:#?}");
            let (judged, _) = build(&work, "fs.img");
            assert!(judged == want, "{open} {then} {number}: e2fsck disagrees");
        }
    }
}

/// A CRC-32 that is not reflected, and not inverted at the end: that of `cksum` of bzip2.
fn sum(state: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(state, |state, byte| {
        (0..8).fold(state ^ u32::from(*byte) << 24, |state, _| {
            (state << 1) ^ ((state >> 31) * 0x04C1_1DB7)
        })
    })
}

/// Changes the journal of an image, which is the blocks `places`.
fn damage(bytes: &mut [u8], places: &[usize], changes: &[(usize, usize, &[u8])]) {
    for (block, at, value) in changes {
        let at = places[*block] * 4096 + at;
        bytes[at..at + value.len()].copy_from_slice(value);
    }
    let head = places[0] * 4096;
    // The journal's superblock has a checksum if it says so: CRC-32C (4) at byte 80.
    if bytes[head + 80] == 4 {
        bytes[head + 252..head + 256].fill(0);
        let sum = !crc32c::crc32c_append(0, &bytes[head..head + 1024]);
        bytes[head + 252..head + 256].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Commits that are not as they were written: what Linux and e2fsck make of them.
#[test]
fn commits_count_as_they_do_for_others() {
    let work = Work::new("images-commits");
    let files = files(&work);
    work.write("junk", [b'j'; 4096]);
    work.write("rest", [b'r'; 4096]);
    const V3: &str = "-t ext4 -b 4096";
    const PLAIN: &str = "-t ext4 -b 4096 -O ^metadata_csum,^64bit";
    let asynchronous: (usize, usize, &[u8]) = (0, 40, &[0, 0, 0, 0x16]);
    // Two transactions of three blocks each; what is changed of these, and how many count then; with
    // none, all of it is refused.
    let (torn, wrong): (&[u8], &[u8]) = (&[7; 4], &[7; 4]);
    for (options, summed, changes, count) in [
        (V3, false, vec![], Some(2)),
        // Linux takes them for whole, and e2fsck 1.47.0 not yet.
        (V3, false, vec![(6, 3000, torn)], Some(2)),
        (V3, false, vec![(3, 3000, torn)], Some(2)),
        (V3, false, vec![(6, 16, wrong)], None),
        (V3, false, vec![asynchronous, (6, 16, wrong)], Some(1)),
        (V3, false, vec![asynchronous, (3, 16, wrong)], Some(0)),
        // It may be left from an earlier round: its time is before that of the first.
        (V3, false, vec![(6, 48, &[0; 8])], Some(1)),
        (PLAIN, true, vec![], Some(2)),
        (PLAIN, true, vec![(6, 16, wrong)], None),
        (PLAIN, true, vec![(5, 16, wrong)], None),
        (PLAIN, true, vec![(6, 12, &[0; 8])], Some(2)),
        (
            PLAIN,
            true,
            vec![(0, 40, &[0, 0, 0, 4]), (5, 16, wrong)],
            Some(1),
        ),
        (
            PLAIN,
            true,
            vec![(0, 40, &[0, 0, 0, 4]), (2, 16, wrong)],
            None,
        ),
    ] {
        let what = format!("{options} {changes:x?}");
        let list: Vec<&str> = options.split(' ').collect();
        let open = if summed { "jo" } else { "jo -c" };
        let image = mke2fs(&work, "fs.img", &list, &files);
        let blocks = kit::debugfs(&image, 0, "blocks /dir/big");
        let blocks: Vec<_> = blocks.split_whitespace().take(2).collect();
        let mut wants = vec![fs::read(&image).unwrap()];
        let mut requests = String::new();
        for (file, block) in ["junk", "rest"].iter().zip(&blocks) {
            requests += &format!("{open}\njw -b {block} {file}\njc\n");
            let mut next = wants.last().unwrap().clone();
            let at = block.parse::<usize>().unwrap() * 4096;
            next[at..at + 4096].copy_from_slice(&fs::read(work.join(file)).unwrap());
            wants.push(next);
        }
        debugfs(&work, &image, &requests);
        let places = kit::debugfs(&image, 0, "blocks <8>");
        let places = places.split_whitespace().map(|b| b.parse().unwrap());
        let places: Vec<usize> = places.collect();
        let mut bytes = fs::read(&image).unwrap();
        if summed {
            let of = |number: usize| bytes[places[number] * 4096..][..4096].to_vec();
            let sums = [1, 4].map(|first| sum(sum(!0, &of(first)), &of(first + 1)));
            let commits = sums.map(|sum| [&[1, 4, 0, 0][..], &sum.to_be_bytes()].concat());
            let feature = (0, 36, &[0, 0, 0, 1][..]);
            let sums = [feature, (3, 12, &commits[0]), (6, 12, &commits[1])];
            damage(&mut bytes, &places, &sums);
        }
        damage(&mut bytes, &places, &changes);
        fs::write(&image, bytes).unwrap();
        let Some(count) = count else {
            let message = refused(&work, "fs.img");
            assert!(message.contains("has the checksum"), "{what}: {message}");
            let e2fsck = kit::run(kit::tool("e2fsck").arg("-fy").arg(&image));
            assert!(e2fsck.stdout.contains("corrupt"), "{what}: {e2fsck:#?}");
            continue;
        };
        let content = |image: &str| kit::succeed(&mut work.hsb(["cat", image, "dir/big"]));
        fs::write(work.join("want.img"), &wants[count]).unwrap();
        assert!(content("fs.img") == content("want.img"), "{what}");
        if !changes.iter().any(|(_, at, _)| *at == 3000) {
            let e2fsck = kit::run(kit::tool("e2fsck").arg("-fy").arg(&image));
            assert!(!e2fsck.stdout.contains("corrupt"), "{what}: {e2fsck:#?}");
            assert!(content("fs.img") == content("want.img"), "{what}: e2fsck");
        }
    }
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let work = Work::new("images-unreplayed");
    let files = files(&work);
    work.write("junk", [b'j'; 4096]);
    let logged = |name: &str| {
        let image = mke2fs(&work, name, &["-t", "ext4", "-b", "4096"], &files);
        debugfs(&work, &image, "jo -c\njw -b 3000 junk\njc\n");
        image
    };
    // Block 0 of the journal is its superblock; the transaction begins with block 1.
    let image = logged("fs.img");
    let blocks = kit::debugfs(&image, 0, "blocks <8>");
    let blocks: Vec<usize> = blocks
        .split_whitespace()
        .map(|b| b.parse().unwrap())
        .collect();
    for (block, at, value, want) in [
        (
            blocks[0],
            0,
            0x12,
            "its superblock has the magic 0x123b3998",
        ),
        (
            blocks[0],
            15,
            1,
            "it has blocks of 4097 bytes, the filesystem of 4096",
        ),
        (blocks[0], 43, 0x80, "it has features 0x80, not known here"),
        (blocks[0], 28, 1, "it starts at its block 16777217"),
        (blocks[1], 100, 1, "its block 1 has the checksum"),
        (
            blocks[2],
            100,
            1,
            "block 3000, in its block 2, has the checksum",
        ),
        // Behind its first sector, a commit may be torn.
        (blocks[3], 20, 1, "its block 3 has the checksum"),
    ] {
        let mut bytes = fs::read(&image).unwrap();
        bytes[block * 4096 + at] = value;
        work.write("damaged.img", bytes);
        let message = refused(&work, "damaged.img");
        let journal = "it was not unmounted, and its journal cannot be replayed";
        assert!(
            message.contains(journal) && message.contains(want),
            "{want}: {message}"
        );
    }
    debugfs(&work, &image, "ssv journal_inum 0");
    let message = refused(&work, "fs.img");
    assert!(message.contains("it is on another device"), "{message}");
}

//! Bytes of the superblock and of the first inodes, each changed in turn; where these have
//! checksums, they are made right again, so that it is the field that has to be noticed.

use std::fs::{self, File, OpenOptions};

use super::bases::{self, Base, Judge};
use super::damage::{self, Case, Numbers};
use super::{ROW, both_clean};
use crate::kit::{self, Work};

/// Reserved inodes, `lost+found`, and some more.
const INODES: usize = 16;
/// How a byte is changed: a low bit, one in the middle, a high one, all.
const CHANGES: [u8; 4] = [0x01, 0x10, 0x80, 0xFF];

/// A superblock, or an inode.
struct Record {
    at: usize,
    bytes: Vec<u8>,
    /// The inode's number; 0 for the superblock.
    inode: usize,
}

/// A filesystem in blocks of 1 KiB whose records are swept over.
struct Swept {
    base: Base,
    file: File,
    records: Vec<Record>,
    /// What the checksums of inodes start with, if there are any.
    seed: Option<u32>,
}

fn le(bytes: &[u8], at: usize, len: usize) -> usize {
    let bytes = bytes[at..at + len].iter().rev();
    bytes.fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Goes on with a checksum that is not inverted at the end, as ext4 has them.
fn sum(state: u32, bytes: &[u8]) -> u32 {
    !crc32c::crc32c_append(!state, bytes)
}

impl Swept {
    fn new(work: &Work, name: &'static str, options: &[&str]) -> Self {
        let image = bases::mke2fs(work, name, 5 << 20, &[options, &["-b", "1024"]].concat());
        bases::index_directories(&image);
        both_clean(Judge::E2fsck, &image);
        let bytes = fs::read(&image).unwrap();
        let raw = &bytes[1024..2048];
        let seed = (le(raw, 0x64, 4) & 0x400 != 0).then(|| {
            let seed = u32::try_from(le(raw, 0x270, 4)).unwrap();
            let is_given = le(raw, 0x60, 4) & 0x2000 != 0;
            if is_given {
                seed
            } else {
                sum(!0, &raw[0x68..0x78])
            }
        });
        let (size, table) = (le(raw, 0x58, 2), 1024 * le(&bytes, 2048 + 8, 4));
        let mut records = vec![Record {
            at: 1024,
            bytes: raw.to_vec(),
            inode: 0,
        }];
        records.extend((1..=INODES).map(|inode| {
            let at = table + (inode - 1) * size;
            Record {
                at,
                bytes: bytes[at..at + size].to_vec(),
                inode,
            }
        }));
        let file = OpenOptions::new().read(true).write(true).open(&image);
        Self {
            file: file.unwrap(),
            base: Base {
                name,
                judge: Judge::E2fsck,
                image,
                metadata: Vec::new(),
            },
            records,
            seed,
        }
    }

    /// Makes the checksum of a changed record right.
    fn mend(&self, inode: usize, bytes: &mut [u8]) {
        let Some(seed) = self.seed else { return };
        if inode == 0 {
            let state = sum(!0, &bytes[..0x3FC]);
            bytes[0x3FC..].copy_from_slice(&state.to_le_bytes());
            return;
        }
        let has_high = le(bytes, 0x80, 2) >= 4;
        bytes[0x7C..0x7E].fill(0);
        if has_high {
            bytes[0x82..0x84].fill(0);
        }
        let state = sum(seed, &u32::try_from(inode).unwrap().to_le_bytes());
        let state = sum(sum(state, &bytes[0x64..0x68]), bytes).to_le_bytes();
        bytes[0x7C..0x7E].copy_from_slice(&state[..2]);
        if has_high {
            bytes[0x82..0x84].copy_from_slice(&state[2..]);
        }
    }

    fn change(&self, record: &Record, at: usize, change: u8) -> Case {
        let mut bytes = record.bytes.clone();
        bytes[at] ^= change;
        self.mend(record.inode, &mut bytes);
        let start = u64::try_from(record.at).unwrap();
        let (ours, theirs) = damage::ask(&self.base, &self.file, start, &bytes);
        Case {
            at: u64::try_from(record.at + at).unwrap(),
            before: record.bytes[at],
            after: record.bytes[at] ^ change,
            ours,
            theirs,
        }
    }

    /// Changes all bytes in four ways, or `some` of them in one.
    fn sweep(&self, some: Option<usize>) -> Vec<Case> {
        let all = self.records.iter().flat_map(|record| {
            let places = (0..record.bytes.len()).map(move |at| (record, at));
            places.flat_map(|(record, at)| CHANGES.map(|change| (record, at, change)))
        });
        let mut all: Vec<_> = all.collect();
        if let Some(some) = some {
            let mut numbers = Numbers(1);
            let count = all.len();
            all = (0..some).map(|_| all[numbers.next(count)]).collect();
        }
        let changed = |(record, at, change): (&Record, usize, u8)| self.change(record, at, change);
        all.into_iter().map(changed).collect()
    }
}

/// Bytes that e2fsck noticed and hsb did not: filesystem, inode (0 for the superblock), byte,
/// change.
const MISSED: [(usize, usize, usize, u8); 26] = [
    // The orphan file without an inode for it; quotas and the orphan file without the feature.
    (0, 0, 0x5D, 0x10),
    (0, 0, 0x240, 0x10),
    (0, 0, 0x244, 0x80),
    (0, 0, 0x26C, 0x10),
    (0, 0, 0x280, 0x10),
    // The inode of the bad blocks: owner, deletion time, group, links, inline data, attributes.
    (0, 1, 0x02, 0x10),
    (0, 1, 0x14, 0x10),
    (0, 1, 0x18, 0x10),
    (0, 1, 0x1A, 0x10),
    (0, 1, 0x23, 0x10),
    (0, 1, 0x68, 0x10),
    // Reserved ones: flags that go with no feature, and sizes that no map reaches.
    (0, 3, 0x23, 0x40),
    (0, 5, 0x6D, 0x10),
    // The resize inode: deletion time, index, inline data, attributes, size.
    (0, 7, 0x14, 0x10),
    (0, 7, 0x21, 0x10),
    (0, 7, 0x23, 0x10),
    (0, 7, 0x68, 0x10),
    (0, 7, 0x6C, 0x10),
    (0, 7, 0x6D, 0x10),
    (0, 7, 0x6E, 0x10),
    (0, 7, 0x6F, 0x10),
    // A file cannot be both: mapped by extents, and inside of its inode.
    (0, 8, 0x23, 0x10),
    // The size of an orphan file; a journal and a size of descriptors without their features.
    (1, 12, 0x04, 0x10),
    (3, 0, 0xD0, 0x01),
    (3, 0, 0xE0, 0x10),
    (3, 0, 0xFE, 0xFF),
];

#[test]
fn each_byte_that_e2fsck_notices_is_noticed() {
    let work = Work::new("verify-sweep");
    let options = |name, options: &[&str]| Swept::new(&work, name, options);
    let all = [
        options(
            "ext4, no checksums",
            &["-t", "ext4", "-O", "^metadata_csum"],
        ),
        options(
            "ext4, new features",
            &[
                "-t",
                "ext4",
                "-O",
                "metadata_csum_seed,orphan_file,ea_inode,large_dir",
            ],
        ),
        options("ext3", &["-t", "ext3"]),
        options("ext2", &["-t", "ext2", "-I", "128"]),
    ];
    for (which, inode, at, change) in MISSED {
        let case = all[which].change(&all[which].records[inode], at, change);
        let place = format!(
            "{}, inode {inode}, byte {at:#x}: {}",
            all[which].base.name, case.theirs.1
        );
        assert!(case.theirs.0 && case.ours.0, "{place}");
    }
    // More of them: HSB_SWEEP=1000 for each filesystem, or HSB_SWEEP=all.
    let some = match std::env::var("HSB_SWEEP").as_deref() {
        Ok("all") => None,
        Ok(number) => Some(number.parse().unwrap()),
        Err(_) => Some(60),
    };
    let mut unexplained = String::new();
    kit::say(&format!(
        "a byte of superblock or inode changed, found by: {ROW}"
    ));
    for swept in all {
        let cases = swept.sweep(some);
        kit::say(&damage::row(&swept.base, &cases));
        unexplained.extend(damage::unexplained(&swept.base, &cases));
    }
    assert!(unexplained.is_empty(), "{unexplained}");
}

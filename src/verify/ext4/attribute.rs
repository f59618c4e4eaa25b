//! Extended attributes: in what an inode leaves free, in a block, and values that are inodes.
//!
//! Source: the kernel's Documentation/filesystems/ext4/attributes.rst, and `fs/ext4/xattr.c` for
//! the hashes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;

use super::owned::Owned;
use super::raw_inode::RawInode;
use super::volume::Volume;
use crate::crc::crc32c;
use crate::fields::{Fields, slice};
use crate::verify::problem::Problems;

const MAGIC: u32 = 0xEA02_0000;
/// Bytes of a block's header.
const HEADER: usize = 32;
/// Bytes of an entry before its name.
const ENTRY: usize = 16;
/// Most inodes that may share a block.
const MAX_SHARERS: u32 = 1024;
/// The largest number that stands for the first part of a name.
const MAX_PREFIX: u8 = 10;
/// Numbers that are whole names: access rights, default access rights, and rich ones.
const NAMELESS: [u8; 3] = [2, 3, 8];

/// A value that is the content of an inode, as an entry refers to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub inode: u32,
    pub size: u32,
    /// The hash of the entry, which has that of the value in it.
    entry_hash: u32,
    /// The same with nothing for the value: signed and unsigned characters.
    name_hashes: [u32; 2],
}

impl Value {
    /// Returns whether the entry's hash goes with a value of this checksum.
    pub(super) fn agrees(&self, checksum: u32) -> bool {
        let with = |hash: u32| hash.rotate_left(16) ^ checksum;
        self.entry_hash == 0 || self.name_hashes.map(with).contains(&self.entry_hash)
    }
}

/// One block of attributes, and who has it.
#[derive(Debug)]
struct Shared {
    /// What its header says.
    references: u32,
    /// How many inodes refer to it.
    found: u32,
    values: Vec<Value>,
}

/// All attributes seen so far that concern more than one inode.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    blocks: BTreeMap<u64, Option<Shared>>,
    /// References to values, by the inode that has the value.
    pub values: BTreeMap<u32, Vec<Value>>,
}

impl Attributes {
    /// Checks all attributes of an inode and returns what they add to its size on disk, in bytes.
    pub(super) fn check_inode(
        &mut self,
        volume: &Volume<'_>,
        (number, inode): (u32, RawInode<'_>),
        owned: &mut Owned,
        problems: &mut Problems,
    ) -> io::Result<u64> {
        let place = format!("inode {number}");
        let mut values = Vec::new();
        let extra = if inode.0.len() > 128 {
            inode.extra_size()
        } else {
            0
        };
        let region = slice(inode.0, 128 + usize::from(extra), inode.0.len());
        if extra > 0 && region.le32(0) == MAGIC {
            let list = List {
                bytes: slice(region, 4, region.len()),
                first: 0,
                is_block: false,
            };
            values = list.check(&place, volume, problems);
        }
        let mut bytes = 0;
        let block = inode.attribute_block();
        if block != 0 {
            if !volume.superblock.features.attributes() {
                problems.add(&place, "has attributes without the feature ext_attr");
            }
            if volume.contains(block, 1) {
                bytes += u64::from(volume.superblock.block_size);
            }
            values.extend(self.take_block(volume, (&place, block), owned, problems)?);
        }
        let rounding = u64::from(volume.superblock.block_size);
        for value in values {
            bytes += u64::from(value.size).next_multiple_of(rounding);
            self.values.entry(value.inode).or_default().push(value);
        }
        Ok(bytes)
    }

    /// Counts one more inode that has this block; checks the block when it is the first.
    fn take_block(
        &mut self,
        volume: &Volume<'_>,
        (place, block): (&str, u64),
        owned: &mut Owned,
        problems: &mut Problems,
    ) -> io::Result<Vec<Value>> {
        if let Some(known) = self.blocks.get_mut(&block) {
            return Ok(match known {
                Some(shared) => {
                    shared.found = shared.found.saturating_add(1);
                    shared.values.clone()
                }
                None => Vec::new(),
            });
        }
        if !volume.contains(block, 1) {
            problems.add(
                place,
                format_args!("its attributes would be at block {block}"),
            );
            self.blocks.insert(block, None);
            return Ok(Vec::new());
        }
        if owned.claim(block, 1) > 0 {
            problems.add(
                place,
                format_args!("block {block} of its attributes belongs to something else too"),
            );
            self.blocks.insert(block, None);
            return Ok(Vec::new());
        }
        let shared = check_block(volume, block, &volume.block(block)?, problems);
        let values = shared.as_ref().map(|shared| shared.values.clone());
        self.blocks.insert(block, shared);
        Ok(values.unwrap_or_default())
    }

    /// Compares how many inodes have each block with what its header says.
    pub(super) fn check_sharing(&self, problems: &mut Problems) -> u64 {
        for (block, shared) in &self.blocks {
            if let Some(shared) = shared {
                let place = format_args!("attribute block {block}");
                problems.expect(place, "reference count", shared.references, shared.found);
            }
        }
        u64::try_from(self.blocks.len()).unwrap_or(u64::MAX)
    }
}

fn check_block(
    volume: &Volume<'_>,
    number: u64,
    bytes: &[u8],
    problems: &mut Problems,
) -> Option<Shared> {
    let place = format!("attribute block {number}");
    problems.expect_bits(&place, "magic", bytes.le32(0), MAGIC);
    if bytes.le32(0) != MAGIC {
        return None;
    }
    let references = bytes.le32(4);
    if references == 0 || references > MAX_SHARERS {
        let what = format_args!("reference count is {references}, at most {MAX_SHARERS}");
        problems.add(&place, what);
    }
    problems.expect(&place, "number of blocks", bytes.le32(8), 1);
    if volume.superblock.features.metadata_csum() {
        let mut state = crc32c(volume.superblock.seed, &number.to_le_bytes());
        state = crc32c(state, slice(bytes, 0, 0x10));
        state = crc32c(state, &[0; 4]);
        state = crc32c(state, slice(bytes, 0x14, bytes.len()));
        problems.expect_bits(&place, "checksum", bytes.le32(0x10), state);
    }
    let list = List {
        bytes,
        first: HEADER,
        is_block: true,
    };
    let values = list.check(&place, volume, problems);
    Some(Shared {
        references,
        found: 1,
        values,
    })
}

/// A list of entries and their values, in an inode or in a block.
struct List<'a> {
    /// What the values' places count from.
    bytes: &'a [u8],
    /// Where the first entry lies.
    first: usize,
    is_block: bool,
}

impl List<'_> {
    /// Checks all entries and returns the values that lie in inodes.
    fn check(&self, place: &str, volume: &Volume<'_>, problems: &mut Problems) -> Vec<Value> {
        let mut external = Vec::new();
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut block_hash = Some(0_u32);
        let mut before: Option<(u8, usize, &[u8])> = None;
        let mut at = self.first;
        // The list ends with four zero bytes, or with the room for it.
        while at + 4 <= self.bytes.len() && self.bytes.le32(at) != 0 {
            let head = slice(self.bytes, at, ENTRY);
            let len = usize::from(head.byte(0));
            let name = slice(self.bytes, at + ENTRY, len);
            let label = format!("attribute {}.{}", head.byte(1), name.escape_ascii());
            // A list of access rights is all of its name.
            if (len == 0 && !NAMELESS.contains(&head.byte(1))) || name.len() < len {
                problems.add(
                    place,
                    format_args!("attribute at byte {at}: name of {len} bytes"),
                );
                return external;
            }
            if head.byte(1) > MAX_PREFIX {
                problems.add(place, format_args!("{label}: unknown kind of name"));
            }
            let key = (head.byte(1), len, name);
            // The kernel stops to look at the first name that is too large.
            if self.is_block && before.is_some_and(|before| before >= key) {
                problems.add(place, format_args!("{label}: out of order"));
            }
            before = Some(key);
            let (offset, size) = (usize::from(head.le16(2)), head.le32(8));
            let hash = head.le32(12);
            if head.le32(4) != 0 {
                external.extend(external_value(
                    head,
                    name,
                    (place, &label),
                    volume,
                    problems,
                ));
            } else {
                let len = size as usize;
                let value = slice(self.bytes, offset, len.next_multiple_of(4));
                if size > 0 && (value.len() < len || !offset.is_multiple_of(4)) {
                    let what = format_args!("{label}: value of {size} bytes at {offset}");
                    problems.add(place, what);
                } else {
                    let value = if size > 0 { value } else { &[] };
                    if size > 0 {
                        taken.push((offset, offset + value.len()));
                    }
                    check_hash(
                        (place, &label),
                        (hash, name, value),
                        self.is_block,
                        problems,
                    );
                }
            }
            block_hash = block_hash
                .filter(|_| hash != 0)
                .map(|sum| sum.rotate_left(16) ^ hash);
            at += ENTRY + len.next_multiple_of(4);
        }
        taken.push((self.first, at + 4));
        taken.sort_unstable();
        if taken.windows(2).any(|pair| pair[0].1 > pair[1].0) {
            problems.add(place, "values of attributes overlap");
        }
        let found = self.bytes.le32(12);
        // Without that hash the kernel shares the block with no other inode.
        if self.is_block && found != 0 {
            let expected = block_hash.unwrap_or_default();
            problems.expect_bits(place, "hash of all attributes", found, expected);
        }
        external
    }
}

/// Checks an entry whose value is an inode.
fn external_value(
    head: &[u8],
    name: &[u8],
    (place, label): (&str, &str),
    volume: &Volume<'_>,
    problems: &mut Problems,
) -> Option<Value> {
    let inode = head.le32(4);
    let range = volume.superblock.first_inode..=volume.superblock.inodes();
    if !volume.superblock.features.attribute_inodes() || !range.contains(&inode) {
        problems.add(place, format_args!("{label}: value in inode {inode}"));
        return None;
    }
    Some(Value {
        inode,
        size: head.le32(8),
        entry_hash: head.le32(12),
        name_hashes: name_hashes(name),
    })
}

/// Checks the hash of an entry with its value beside it.
fn check_hash(
    (place, label): (&str, impl Display),
    (found, name, value): (u32, &[u8], &[u8]),
    is_block: bool,
    problems: &mut Problems,
) {
    // In inodes many writers leave it out.
    if found == 0 && !is_block {
        return;
    }
    let expected = name_hashes(name).map(|hash| {
        let words = value.chunks(4).map(|word| word.le32(0));
        words.fold(hash, |hash, word| hash.rotate_left(16) ^ word)
    });
    if !expected.contains(&found) {
        let what = format_args!("{label}: hash is {found:#x}, expected {:#x}", expected[0]);
        problems.add(place, what);
    }
}

/// Returns the hash of a name, with unsigned and with signed characters: kernels before 6.2 took
/// what their machine has, later ones accept both.
fn name_hashes(name: &[u8]) -> [u32; 2] {
    let unsigned = |hash: u32, byte: &u8| hash.rotate_left(5) ^ u32::from(*byte);
    let signed =
        |hash: u32, byte: &u8| hash.rotate_left(5) ^ i32::from(byte.cast_signed()).cast_unsigned();
    [name.iter().fold(0, unsigned), name.iter().fold(0, signed)]
}

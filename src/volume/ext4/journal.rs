//! The journal of a filesystem that was not unmounted: blocks whose newest state is only there.
//!
//! Nothing is written. What the journal has is put over what is read.
//!
//! Source: the kernel's Documentation/filesystems/ext4/journal.rst, and fs/jbd2/recovery.c for the
//! order of things. All numbers are big-endian.

mod replayed;

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result, bail, ensure};

use super::Ext4;
use super::map::Run;
use crate::crc::{crc32_forward, crc32c};
use crate::fields::{Fields as _, slice};
pub(super) use replayed::Replayed;

const MAGIC: u32 = 0xC03B_3998;
/// Bytes that each block of the journal's own starts with: magic, kind, transaction.
const HEADER: usize = 12;

const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const REVOKE: u32 = 5;

/// Where a commit has its time, in seconds since 1970.
const COMMIT_TIME: usize = 48;
/// Bytes of a commit; what is behind them in its block is zero.
const COMMIT_LEN: usize = 60;

/// The feature that commits have a checksum of their whole transaction (`journal_checksum` without
/// `metadata_csum`). It is one that may be unknown.
const CHECKSUM_1: u32 = 0x1;
/// What such a commit says of its checksum: a CRC-32 of four bytes.
const CRC_32: u32 = 0x0104;

/// The features that a journal may have here; more are refused by number or name.
const KNOWN: u32 = WIDE | ASYNC | CHECKSUM_2 | CHECKSUM_3 | FAST | 1;
const WIDE: u32 = 0x2;
/// Commits do not wait for what they are about, so that one may be there before it.
const ASYNC: u32 = 0x4;
const CHECKSUM_2: u32 = 0x8;
const CHECKSUM_3: u32 = 0x10;
const FAST: u32 = 0x20;

/// Flags of a block that a transaction has: its first bytes were the magic; it needs no
/// identifier of its own; nothing comes after it.
const ESCAPED: u32 = 1;
const SAME_UUID: u32 = 2;
const LAST: u32 = 8;

/// Bytes of memory that are taken for what a transaction says of a block, at most.
const TAKEN: u64 = 96;

/// A block of the filesystem whose newest state is in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Logged {
    /// The block that has it.
    pub at: u64,
    /// Whether its first four bytes have to be the magic.
    pub is_escaped: bool,
}

/// A journal that is read from its start.
struct Journal<'a> {
    volume: &'a Ext4,
    runs: Vec<Run>,
    features: u32,
    /// Whether commits have a checksum of all blocks before them.
    has_sums: bool,
    seed: u32,
    /// The first block after the superblock and the one after the last.
    first: u64,
    end: u64,
    /// Blocks that a later transaction says are not to be touched: by which one.
    revoked: HashMap<u64, u32>,
    /// The state of blocks, by transaction.
    logged: Vec<Tag>,
}

/// What a transaction says of a block.
struct Tag {
    block: u64,
    /// The transaction.
    number: u32,
    /// The block of the journal that has it.
    index: u64,
    /// That of the transaction and the block: its lower half where there is no room for more.
    checksum: u32,
    logged: Logged,
}

/// A transaction whose end was not seen yet: what it has counts when that is there.
#[derive(Default)]
struct Transaction {
    logged: Vec<Tag>,
    revoked: Vec<u64>,
    /// The CRC-32 of its blocks, if its commit has one.
    sum: Option<u32>,
    /// What is wrong with its first block that is not as it should be.
    damage: Option<anyhow::Error>,
}

impl Transaction {
    fn check(&mut self, checked: Result<()>) {
        self.damage = self.damage.take().or(checked.err());
    }
}

/// Returns what the journal of a filesystem has to say.
///
/// # Errors
///
/// Fails when it is damaged, elsewhere, or of a kind that is not supported.
pub(super) fn read(volume: &Ext4) -> Result<BTreeMap<u64, Logged>> {
    let number = volume.superblock.journal_inode();
    ensure!(
        number != 0,
        "it is on another device; mount the filesystem there, or let `e2fsck` repair it"
    );
    let inode = volume.inode(number)?;
    let runs = super::map::runs(volume, &inode)?;
    let mut journal = Journal {
        volume,
        runs,
        features: 0,
        has_sums: false,
        seed: 0,
        first: 0,
        end: 0,
        revoked: HashMap::new(),
        logged: Vec::new(),
    };
    let superblock = journal.block(0)?;
    let (kind, start) = (superblock.be32(4), superblock.be32(28));
    ensure!(
        superblock.be32(0) == MAGIC && matches!(kind, 3 | 4),
        "its superblock has the magic {:#x} and is of kind {kind}",
        superblock.be32(0)
    );
    let (block_size, expected) = (superblock.be32(12), volume.superblock.block_size);
    ensure!(
        block_size == expected,
        "it has blocks of {block_size} bytes, the filesystem of {expected}"
    );
    if kind == 4 {
        journal.features = superblock.be32(40);
        journal.has_sums = superblock.be32(36) & CHECKSUM_1 != 0;
        let unknown = journal.features & !KNOWN;
        ensure!(unknown == 0, "it has features {unknown:#x}, not known here");
    }
    journal.seed = crc32c(!0, slice(&superblock, 48, 16));
    let fast_blocks = match journal.features & FAST {
        0 => 0,
        // QEMU and e2fsprogs agree with the kernel on what none given means.
        _ => match superblock.be32(0x54) {
            0 => 256,
            some => some,
        },
    };
    let len = superblock.be32(16);
    journal.first = superblock.be32(20).into();
    journal.end = u64::from(len.saturating_sub(fast_blocks));
    if start == 0 {
        return Ok(BTreeMap::new());
    }
    ensure!(
        journal.first > 0 && (journal.first..journal.end).contains(&start.into()),
        "it starts at its block {start} of {} to {}",
        journal.first,
        journal.end
    );
    let next = journal.transactions(superblock.be32(24), start.into())?;
    if fast_blocks > 0 {
        journal.check_fast(next)?;
    }
    journal.newest()
}

impl Journal<'_> {
    fn place(&self, number: u64) -> Result<u64> {
        let index = self.runs.partition_point(|run| run.logical <= number);
        let run = index.checked_sub(1).and_then(|index| self.runs.get(index));
        run.filter(|run| number - run.logical < run.count)
            .map(|run| run.start + (number - run.logical))
            .with_context(|| format!("it has no block {number}"))
    }

    fn block(&self, number: u64) -> Result<Vec<u8>> {
        Ok(self.volume.block(self.place(number)?)?.to_vec())
    }

    /// Returns the block after another one: the journal is a ring.
    fn after(&self, number: u64) -> u64 {
        match number + 1 {
            next if next >= self.end => self.first,
            next => next,
        }
    }

    fn has_checksums(&self) -> bool {
        self.features & (CHECKSUM_2 | CHECKSUM_3) != 0
    }

    /// Reads all transactions that are whole, and returns the number that the next would have.
    ///
    /// The last one may be torn, in any of its blocks: whether they count is known at its commit.
    fn transactions(&mut self, mut number: u32, mut at: u64) -> Result<u32> {
        let mut open = Transaction::default();
        // When the transaction before was committed, in seconds since 1970.
        let mut committed = 0;
        // What is wrong with a transaction that counts as the end.
        let mut torn = None;
        for _ in self.first..self.end {
            let block = self.block(at)?;
            if block.be32(0) != MAGIC || block.be32(8) != number {
                break;
            }
            match block.be32(4) {
                DESCRIPTOR => {
                    open.check(self.check_tail(&block, at));
                    let next = self.descriptor(&block, number, at, &mut open.logged)?;
                    if self.has_sums {
                        open.sum = Some(self.sum(open.sum, at, next)?);
                    }
                    at = next;
                }
                REVOKE => {
                    open.check(self.check_tail(&block, at));
                    let revoked = self.revoke(&block, &mut open.revoked);
                    open.check(revoked);
                    at = self.after(at);
                }
                COMMIT => {
                    let checked = self.check_commit(&block, at, open.sum);
                    let time = block.be64(COMMIT_TIME);
                    if (open.damage.is_some() || checked.is_err()) && time < committed {
                        // It is older than what came before, and left from an earlier round.
                        break;
                    }
                    if let Some(damage) = open.damage.or(torn) {
                        return Err(damage);
                    }
                    torn = checked.err();
                    match torn {
                        Some(damage) if self.features & ASYNC == 0 => return Err(damage),
                        // It may be that the power failed before its blocks were written; but not
                        // that there was another one after it, which only these checksums tell.
                        Some(_) if self.has_sums => {}
                        Some(_) => break,
                        None => {
                            committed = time;
                            self.logged.append(&mut open.logged);
                            for block in open.revoked {
                                self.revoked.insert(block, number);
                            }
                        }
                    }
                    open = Transaction::default();
                    number = number.wrapping_add(1);
                    at = self.after(at);
                }
                _ => break,
            }
            ensure!(
                open.logged.len() as u64 <= self.end,
                "a transaction has more blocks than the journal"
            );
            let logged = self.logged.len() + open.logged.len();
            let revoked = self.revoked.len() + open.revoked.len();
            let most = self.volume.metadata_max;
            ensure!(
                (logged + revoked) as u64 * TAKEN <= most,
                "what it says of {logged} blocks and of {revoked} that were revoked takes more than \
                 {most} bytes of memory; if it should, --max-metadata allows more"
            );
        }
        Ok(number)
    }

    /// Finds the blocks that follow one that describes them, and returns which is after these.
    fn descriptor(
        &self,
        block: &[u8],
        number: u32,
        mut at: u64,
        logged: &mut Vec<Tag>,
    ) -> Result<u64> {
        let tag_len = self.tag_len();
        let tail = if self.has_checksums() { 4 } else { 0 };
        let mut tag_at = HEADER;
        at = self.after(at);
        while tag_at + tag_len <= block.len() - tail {
            let tag = slice(block, tag_at, tag_len);
            let is_third = self.features & CHECKSUM_3 != 0;
            let flags = if is_third {
                tag.be32(4)
            } else {
                tag.be32(4) & 0xFFFF
            };
            let high = match self.features & WIDE {
                0 => 0,
                _ => tag.be32(8),
            };
            logged.push(Tag {
                block: u64::from(high) << 32 | u64::from(tag.be32(0)),
                number,
                index: at,
                checksum: match is_third {
                    true => tag.be32(12),
                    false => tag.be32(4) >> 16,
                },
                logged: Logged {
                    at: self.place(at)?,
                    is_escaped: flags & ESCAPED != 0,
                },
            });
            at = self.after(at);
            tag_at += tag_len;
            if flags & SAME_UUID == 0 {
                tag_at += 16;
            }
            if flags & LAST != 0 {
                break;
            }
        }
        Ok(at)
    }

    /// Checks the checksum of a block that is to be replayed.
    fn check_logged(&self, tag: &Tag) -> Result<()> {
        if !self.has_checksums() {
            return Ok(());
        }
        let Tag {
            block,
            number,
            index,
            checksum: found,
            ..
        } = tag;
        let sum = crc32c(self.seed, &number.to_be_bytes());
        let sum = crc32c(sum, &self.block(*index)?);
        let expected = match self.features & CHECKSUM_3 {
            0 => sum & 0xFFFF,
            _ => sum,
        };
        ensure!(
            *found == expected,
            "block {block}, in its block {index}, has the checksum {found:#x}, expected \
             {expected:#x}"
        );
        Ok(())
    }

    fn tag_len(&self) -> usize {
        if self.features & CHECKSUM_3 != 0 {
            return 16;
        }
        let wide = if self.features & WIDE != 0 { 4 } else { 0 };
        let checksum = if self.features & CHECKSUM_2 != 0 {
            2
        } else {
            0
        };
        8 + wide + checksum
    }

    fn revoke(&self, block: &[u8], revoked: &mut Vec<u64>) -> Result<()> {
        let tail = if self.has_checksums() { 4 } else { 0 };
        let end = block.be32(12) as usize;
        ensure!(
            (HEADER + 4..=block.len() - tail).contains(&end),
            "a list of revoked blocks ends at byte {end}"
        );
        let numbers = slice(block, HEADER + 4, end - HEADER - 4);
        match self.features & WIDE {
            0 => revoked.extend(numbers.chunks_exact(4).map(|n| u64::from(n.be32(0)))),
            _ => revoked.extend(numbers.chunks_exact(8).map(|n| n.be64(0))),
        }
        Ok(())
    }

    /// Checks the checksum at the end of a block.
    fn check_tail(&self, block: &[u8], at: u64) -> Result<()> {
        let end = block.len() - 4;
        self.check(block, end, at)
    }

    /// Checks the checksum of a commit, and that of its transaction, if it has one.
    fn check_commit(&self, block: &[u8], at: u64, sum: Option<u32>) -> Result<()> {
        if self.has_sums {
            let (kind, found) = (block.be32(HEADER) >> 16, block.be32(HEADER + 4));
            let expected = sum.unwrap_or(!0);
            ensure!(
                (kind, found) == (CRC_32, expected) || (kind, found) == (0, 0),
                "the transaction up to its block {at} has the checksum {found:#x}, expected \
                 {expected:#x}"
            );
            return Ok(());
        }
        // Of a block that is torn, its first sector is enough.
        let mut first = block.to_vec();
        first[COMMIT_LEN..].fill(0);
        let checked = self.check(block, HEADER + 4, at);
        checked.or_else(|damage| self.check(&first, HEADER + 4, at).or(Err(damage)))
    }

    /// Goes on with the CRC-32 of a transaction, from a block that describes others to the last one
    /// of these.
    fn sum(&self, sum: Option<u32>, mut at: u64, end: u64) -> Result<u32> {
        let mut sum = sum.unwrap_or(!0);
        for _ in self.first..self.end {
            sum = crc32_forward(sum, &self.block(at)?);
            at = self.after(at);
            if at == end {
                break;
            }
        }
        Ok(sum)
    }

    /// Checks the checksum of a block, which is in it and counts as zero there.
    fn check(&self, block: &[u8], place: usize, at: u64) -> Result<()> {
        if !self.has_checksums() {
            return Ok(());
        }
        let mut zeroed = block.to_vec();
        zeroed[place..place + 4].fill(0);
        let (found, expected) = (block.be32(place), crc32c(self.seed, &zeroed));
        ensure!(
            found == expected,
            "its block {at} has the checksum {found:#x}, expected {expected:#x}"
        );
        Ok(())
    }

    /// Checks that no fast commit follows the last transaction: these say what was done, not what
    /// blocks came to.
    fn check_fast(&self, next: u32) -> Result<()> {
        const HEAD: u16 = 9;
        let block = self.block(self.end)?;
        // A tag, its length, features, and the transaction that it belongs to.
        if block.le16(0) == HEAD && block.le32(8) == next {
            bail!("it has fast commits (feature fast_commit), which are not replayed here");
        }
        Ok(())
    }

    /// Returns the newest state of each block that was not revoked later.
    fn newest(self) -> Result<BTreeMap<u64, Logged>> {
        let mut newest = BTreeMap::new();
        for tag in &self.logged {
            let revoked = self.revoked.get(&tag.block);
            // Numbers go round.
            let is_revoked =
                revoked.is_some_and(|by| by.wrapping_sub(tag.number).cast_signed() >= 0);
            if !is_revoked {
                self.check_logged(tag)?;
                newest.insert(tag.block, tag.logged);
            }
        }
        Ok(newest)
    }
}

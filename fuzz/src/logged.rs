//! A filesystem that was not unmounted: its journal has a block of it, and one that was revoked.

/// Bytes of a block.
const BLOCK: usize = 1024;
const MAGIC: u32 = 0xC03B_3998;
const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const REVOKE: u32 = 5;
/// Flags of a block in a transaction: no identifier goes with it; it is the last one.
const SAME: u32 = 2;
const LAST: u32 = 8;

/// Makes an ext4 filesystem of blocks of 1 KiB with a journal, and without checksums, one that was
/// not unmounted.
pub(crate) fn log(bytes: &mut [u8]) {
    let le32 = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    // The superblock is in block 1, the first descriptor in block 2, inode 8 is the journal.
    let table = le32(2 * BLOCK + 8);
    let inode_size = usize::from(u16::from_le_bytes([
        bytes[BLOCK + 0x58],
        bytes[BLOCK + 0x59],
    ]));
    let inode = number(table) * BLOCK + 7 * inode_size;
    let journal = number(le32(inode + 0x28 + 12 + 8)) * BLOCK;
    let sequence = u32::from_be_bytes(bytes[journal + 24..journal + 28].try_into().unwrap());
    let content = bytes[number(table) * BLOCK..][..BLOCK].to_vec();
    let mut put = |block: usize, words: &[u32]| {
        for (word, at) in words.iter().zip((journal + block * BLOCK..).step_by(4)) {
            bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
    };
    let next = sequence + 1;
    put(
        1,
        &[
            MAGIC,
            DESCRIPTOR,
            sequence,
            table,
            SAME,
            table + 1,
            SAME | LAST,
        ],
    );
    put(4, &[MAGIC, COMMIT, sequence]);
    put(5, &[MAGIC, REVOKE, next, 20, table + 1]);
    put(6, &[MAGIC, COMMIT, next]);
    for block in [2, 3] {
        bytes[journal + block * BLOCK..][..BLOCK].copy_from_slice(&content);
    }
    // It starts at its block 1, and has no features.
    bytes[journal + 28..journal + 32].copy_from_slice(&1_u32.to_be_bytes());
    bytes[journal + 36..journal + 48].fill(0);
    bytes[BLOCK + 0x60] |= 4;
}

fn number(block: u32) -> usize {
    usize::try_from(block).unwrap()
}

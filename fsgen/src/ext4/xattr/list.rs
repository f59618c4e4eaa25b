//! The bytes of a list of attributes: entries from its start upwards, values from its end downwards.

use zerocopy::IntoBytes;

use super::super::checksum::Seed;
use super::super::format::{XATTR_MAGIC, XattrEntry, XattrHeader};
use super::{Attribute, ENTRY, HEADER, IN_INODE, PAD, value_hash};

/// Where values of their own are, and how they are hashed.
#[derive(Clone, Copy)]
pub(in super::super) struct Values {
    /// The inode of the first.
    pub first_inode: u32,
    pub seed: Seed,
}

impl Attribute<'_> {
    fn hash(&self, values: Values) -> u32 {
        let mut hash = 0_u32;
        for byte in self.name {
            hash = hash.rotate_left(5) ^ u32::from(*byte);
        }
        if self.outside.is_some() {
            // Of a value in an inode, the checksum takes part as its only word.
            return hash.rotate_left(16) ^ value_hash(&self.value, values.seed);
        }
        for word in self.value.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            hash = hash.rotate_left(16) ^ u32::from_le_bytes(bytes);
        }
        hash
    }
}

/// Returns the part of an inode that holds attributes.
pub(in super::super) fn inode(attributes: &[Attribute<'_>], values: Values) -> [u8; IN_INODE] {
    let mut out = [0; IN_INODE];
    if !attributes.is_empty() {
        out[..4].copy_from_slice(&XATTR_MAGIC.to_le_bytes());
        fill(&mut out[4..], 0, attributes, values, false);
    }
    out
}

/// Fills `out`, which is zero, with the block at `address` that so many inodes share.
///
/// The checksum covers the block's own address.
pub(in super::super) fn block(
    out: &mut [u8],
    attributes: &[Attribute<'_>],
    values: Values,
    sharers: u32,
    address: u64,
) {
    fill(out, HEADER, attributes, values, true);
    let mut header = XattrHeader {
        magic: XATTR_MAGIC.into(),
        refcount: sharers.into(),
        blocks: 1.into(),
        hash: block_hash(attributes, values).into(),
        checksum: 0.into(),
        reserved: [0.into(); 3],
    };
    out[..HEADER].copy_from_slice(header.as_bytes());
    let sum = values.seed.over_numbered(&address.to_le_bytes(), out);
    header.checksum = sum.into();
    out[..HEADER].copy_from_slice(header.as_bytes());
}

fn fill(
    out: &mut [u8],
    mut at: usize,
    attributes: &[Attribute<'_>],
    values: Values,
    is_block: bool,
) {
    let mut end = out.len();
    for attribute in attributes {
        let (value, inode) = match attribute.outside {
            None => (&attribute.value[..], 0),
            Some(number) => (&[][..], values.first_inode + number),
        };
        end -= value.len().next_multiple_of(PAD);
        out[end..end + value.len()].copy_from_slice(value);
        let short = |n: usize| u16::try_from(n).expect("offsets lie within a block");
        let entry = XattrEntry {
            name_len: u8::try_from(attribute.name.len()).expect("checked when it was made"),
            name_index: attribute.index,
            // An empty value lies nowhere.
            value_offs: if value.is_empty() { 0 } else { short(end) }.into(),
            value_inum: inode.into(),
            value_size: u32::try_from(attribute.value.len())
                .expect("at most VALUE_MAX")
                .into(),
            hash: if is_block || inode != 0 {
                attribute.hash(values)
            } else {
                0
            }
            .into(),
        };
        out[at..at + ENTRY].copy_from_slice(entry.as_bytes());
        at += ENTRY;
        out[at..at + attribute.name.len()].copy_from_slice(attribute.name);
        at = (at + attribute.name.len()).next_multiple_of(PAD);
    }
}

fn block_hash(attributes: &[Attribute<'_>], values: Values) -> u32 {
    let mut hash = 0_u32;
    for attribute in attributes {
        match attribute.hash(values) {
            0 => return 0, // "do not share": what the kernel does
            entry => hash = hash.rotate_left(16) ^ entry,
        }
    }
    hash
}

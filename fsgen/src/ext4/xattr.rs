//! Extended attributes: first in the inode, then in a block that equal inodes share.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/attributes.rst` and `fs/ext4/xattr.c`.

use zerocopy::IntoBytes;

use super::acl;
use super::checksum::Seed;
use super::format::{XATTR_MAGIC, XattrEntry, XattrHeader};
use super::geometry::BlockSize;
use crate::tree::Xattrs;

/// Bytes for attributes in a 256-byte inode: all that follows the 160 bytes of fields.
pub(super) const IN_INODE: usize = 96;

/// How many inodes may share one block (`EXT4_XATTR_REFCOUNT_MAX`).
pub(super) const MAX_SHARERS: u32 = 1024;

const ENTRY: usize = size_of::<XattrEntry>();
const HEADER: usize = size_of::<XattrHeader>();
/// Four zero bytes end a list of entries.
const END: usize = 4;

/// The prefixes that are stored as a number (`name_index`). Two of them are whole names.
const PREFIXES: [(&[u8], u8); 5] = [
    (b"system.posix_acl_access", 2),
    (b"system.posix_acl_default", 3),
    (b"user.", 1),
    (b"trusted.", 4),
    (b"security.", 6),
];

/// The attributes of one inode as they are stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// What fits in the inode, ready to be copied there.
    pub inode: Option<[u8; IN_INODE]>,
    /// The block, but for its number of sharers and its checksum: see [`finish_block`].
    pub block: Option<Vec<u8>>,
    /// The names that Linux has no place for.
    pub dropped: Vec<Box<[u8]>>,
}

struct Attribute {
    index: u8,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Attribute {
    fn new(full_name: &[u8], value: &[u8]) -> Result<Option<Self>, String> {
        let Some((prefix, index)) = PREFIXES.iter().find(|(p, _)| full_name.starts_with(p)) else {
            return Ok(None);
        };
        let name = full_name[prefix.len()..].to_vec();
        let is_acl = matches!(index, 2 | 3);
        if name.is_empty() != is_acl {
            return Ok(None);
        }
        if u8::try_from(name.len()).is_err() {
            return Err(format!(
                "a name of {} bytes, at most 255 are allowed",
                name.len()
            ));
        }
        let value = if is_acl {
            acl::to_disk(value)?
        } else {
            value.to_vec()
        };
        Ok(Some(Self {
            index: *index,
            name,
            value,
        }))
    }

    /// Bytes that the attribute takes: entry with name, and value, both padded to 4.
    fn size(&self) -> usize {
        (ENTRY + self.name.len()).next_multiple_of(4) + self.value.len().next_multiple_of(4)
    }

    fn hash(&self) -> u32 {
        let mut hash = 0_u32;
        for byte in &self.name {
            hash = hash.rotate_left(5) ^ u32::from(*byte);
        }
        for word in self.value.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            hash = hash.rotate_left(16) ^ u32::from_le_bytes(bytes);
        }
        hash
    }
}

/// Decides where each attribute goes.
///
/// `is_file_or_directory` says whether Linux allows `user.` attributes at all.
///
/// # Errors
///
/// Fails when they do not fit in the inode and one block, or when a value is malformed.
pub(super) fn store(
    xattrs: &Xattrs,
    is_file_or_directory: bool,
    block_size: BlockSize,
) -> Result<Stored, String> {
    let mut stored = Stored::default();
    let mut in_inode = Vec::new();
    let mut in_block = Vec::new();
    let mut inode_left = IN_INODE - 4 - END; // the magic comes first
    let mut block_left = block_size.len() - HEADER - END;
    for (full_name, value) in xattrs {
        let shown = full_name.escape_ascii();
        let attribute =
            Attribute::new(full_name, value).map_err(|why| format!("attribute {shown}: {why}"))?;
        let attribute = match attribute {
            Some(a) if is_file_or_directory || a.index != 1 => a,
            _ => {
                stored.dropped.push(full_name.clone());
                continue;
            }
        };
        let size = attribute.size();
        if size <= inode_left {
            inode_left -= size;
            in_inode.push(attribute);
        } else if size <= block_left {
            block_left -= size;
            in_block.push(attribute);
        } else {
            return Err(format!(
                "attribute {shown} takes {size} bytes, and of the {} bytes for attributes \
                 {block_left} are left; take attributes away",
                block_size.len() - HEADER - END
            ));
        }
    }
    // The kernel stops its search in a block at the first entry that sorts higher.
    in_block
        .sort_by(|a, b| (a.index, a.name.len(), &a.name).cmp(&(b.index, b.name.len(), &b.name)));

    if !in_inode.is_empty() {
        let mut out = [0; IN_INODE];
        out[..4].copy_from_slice(&XATTR_MAGIC.to_le_bytes());
        fill(&mut out[4..], 0, &in_inode, false);
        stored.inode = Some(out);
    }
    if !in_block.is_empty() {
        let mut out = vec![0; block_size.len()];
        fill(&mut out, HEADER, &in_block, true);
        let header = XattrHeader {
            magic: XATTR_MAGIC.into(),
            refcount: 0.into(),
            blocks: 1.into(),
            hash: block_hash(&in_block).into(),
            checksum: 0.into(),
            reserved: [0.into(); 3],
        };
        out[..HEADER].copy_from_slice(header.as_bytes());
        stored.block = Some(out);
    }
    Ok(stored)
}

/// Writes entries from `at` upwards and values from the end downwards.
fn fill(out: &mut [u8], mut at: usize, attributes: &[Attribute], hashed: bool) {
    let mut end = out.len();
    for attribute in attributes {
        let value = &attribute.value;
        end -= value.len().next_multiple_of(4);
        out[end..end + value.len()].copy_from_slice(value);
        let short = |n: usize| u16::try_from(n).expect("offsets lie within a block");
        let entry = XattrEntry {
            name_len: u8::try_from(attribute.name.len()).expect("checked in `new`"),
            name_index: attribute.index,
            // An empty value lies nowhere.
            value_offs: if value.is_empty() { 0 } else { short(end) }.into(),
            value_inum: 0.into(),
            value_size: u32::from(short(value.len())).into(),
            hash: if hashed { attribute.hash() } else { 0 }.into(),
        };
        out[at..at + ENTRY].copy_from_slice(entry.as_bytes());
        at += ENTRY;
        out[at..at + attribute.name.len()].copy_from_slice(&attribute.name);
        at = (at + attribute.name.len()).next_multiple_of(4);
    }
}

fn block_hash(attributes: &[Attribute]) -> u32 {
    let mut hash = 0_u32;
    for attribute in attributes {
        match attribute.hash() {
            0 => return 0, // "do not share": what the kernel does
            entry => hash = hash.rotate_left(16) ^ entry,
        }
    }
    hash
}

/// Adds what depends on the filesystem: the number of inodes that share the block, and the
/// checksum, which covers the block's own address.
pub(super) fn finish_block(block: &mut [u8], sharers: u32, address: u64, seed: Seed) {
    block[4..8].copy_from_slice(&sharers.to_le_bytes());
    block[16..20].fill(0);
    let sum = seed.over_numbered(&address.to_le_bytes(), block);
    block[16..20].copy_from_slice(&sum.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(list: &[(&str, usize)]) -> Result<(bool, bool, usize), String> {
        let xattrs = list
            .iter()
            .map(|(name, len)| (name.as_bytes().into(), vec![7; *len].into()))
            .collect();
        let stored = store(&xattrs, true, BlockSize::DEFAULT)?;
        Ok((
            stored.inode.is_some(),
            stored.block.is_some(),
            stored.dropped.len(),
        ))
    }

    #[test]
    fn inode_first_then_block_then_an_error() {
        // 96 bytes less magic and end leave 88: an entry of 16, a name of 4, a value of 68.
        // 4,096 less header and end leave 4,060: a value of 4,040.
        for (list, want) in [
            (&[("user.abcd", 68)][..], Some((true, false, 0))),
            (&[("user.abcd", 69)], Some((false, true, 0))),
            (&[("user.abcd", 4040)], Some((false, true, 0))),
            (&[("user.abcd", 4041)], None),
            (
                &[("user.aaaa", 0), ("user.abcd", 100)],
                Some((true, true, 0)),
            ),
            (&[("com.apple.x", 5), ("user.", 1)], Some((false, false, 2))),
            (&[], Some((false, false, 0))),
        ] {
            assert_eq!(place(list).ok(), want, "{list:?}");
        }
    }

    #[test]
    fn user_attributes_of_links_and_devices_are_dropped() {
        let xattrs = [
            (b"user.a"[..].into(), b"1"[..].into()),
            (b"trusted.a"[..].into(), b"1"[..].into()),
        ];
        let stored = store(&xattrs.into(), false, BlockSize::DEFAULT).unwrap();
        assert_eq!(stored.dropped, [b"user.a"[..].into()]);
        assert!(stored.inode.is_some());
    }
}

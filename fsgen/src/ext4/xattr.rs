//! Extended attributes: first in the inode, then in a block that equal inodes share, and values
//! that fit in neither in inodes of their own (the feature `ea_inode`).
//!
//! Source: the kernel's `Documentation/filesystems/ext4/attributes.rst` and `fs/ext4/xattr.c`.

use zerocopy::IntoBytes;

use super::acl;
use super::checksum::Seed;
use super::format::{XATTR_MAGIC, XattrEntry, XattrHeader};
use super::geometry::BlockSize;
use crate::tree::{Kind, Xattrs};

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

/// The longest value of an attribute that Linux reads or sets (`XATTR_SIZE_MAX`).
const VALUE_MAX: usize = 65536;

/// The attributes of one inode as they are stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// What fits in the inode, ready to be copied there.
    pub inode: Option<[u8; IN_INODE]>,
    /// The block, but for its number of sharers and its checksum: see [`finish_block`].
    pub block: Option<Vec<u8>>,
    /// The values that go to inodes of their own, in the order of their numbers.
    pub values: Vec<Vec<u8>>,
    /// The names that Linux has no place for.
    pub dropped: Vec<Box<[u8]>>,
}

/// Where values of their own go: the number of the next free inode, and how they are hashed.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    pub next_inode: u32,
    pub seed: Seed,
}

struct Attribute {
    index: u8,
    name: Vec<u8>,
    value: Vec<u8>,
    /// The inode that holds the value, and the value's checksum.
    outside: Option<(u32, u32)>,
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
        if value.len() > VALUE_MAX {
            return Err(format!(
                "a value of {} bytes, at most {VALUE_MAX} are allowed",
                value.len()
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
            outside: None,
        }))
    }

    /// Bytes that the attribute takes: entry with name, and value, both padded to 4.
    fn size(&self) -> usize {
        let value = if self.outside.is_some() {
            0
        } else {
            self.value.len().next_multiple_of(4)
        };
        (ENTRY + self.name.len()).next_multiple_of(4) + value
    }

    fn hash(&self) -> u32 {
        let mut hash = 0_u32;
        for byte in &self.name {
            hash = hash.rotate_left(5) ^ u32::from(*byte);
        }
        if let Some((_, sum)) = self.outside {
            // Of a value in an inode, the checksum takes part as its only word.
            return hash.rotate_left(16) ^ sum;
        }
        for word in self.value.chunks(4) {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            hash = hash.rotate_left(16) ^ u32::from_le_bytes(bytes);
        }
        hash
    }
}

/// Returns the checksum of a value that has an inode of its own.
pub(super) fn value_hash(value: &[u8], seed: Seed) -> u32 {
    seed.over(value)
}

/// Decides where each attribute goes.
///
/// Linux allows `user.` attributes for files and directories only.
///
/// # Errors
///
/// Fails when names or values are longer than Linux allows, when there are more entries than fit
/// in the inode and one block, or when a value is malformed.
pub(super) fn store(
    xattrs: &Xattrs,
    kind: &Kind,
    block_size: BlockSize,
    outside: Outside,
) -> Result<Stored, String> {
    let allows_user = matches!(kind, Kind::File(_) | Kind::Directory(_));
    let mut stored = Stored::default();
    let mut attributes = Vec::new();
    for (full_name, value) in xattrs {
        let attribute = Attribute::new(full_name, value)
            .map_err(|why| format!("attribute {}: {why}", full_name.escape_ascii()))?;
        match attribute {
            Some(a) if allows_user || a.index != 1 => attributes.push(a),
            _ => stored.dropped.push(full_name.clone()),
        }
    }
    let is_link = matches!(kind, Kind::Symlink(_));
    stored.values = move_outside(&mut attributes, is_link, block_size, outside)?;
    let mut in_inode = Vec::new();
    let mut in_block = Vec::new();
    let mut inode_left = inode_room(is_link && !stored.values.is_empty());
    for attribute in attributes {
        let size = attribute.size();
        if size <= inode_left {
            inode_left -= size;
            in_inode.push(attribute);
        } else {
            in_block.push(attribute);
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

/// Gives the largest values inodes of their own, as few as it takes for the rest to fit.
fn move_outside(
    attributes: &mut [Attribute],
    is_link: bool,
    block_size: BlockSize,
    outside: Outside,
) -> Result<Vec<Vec<u8>>, String> {
    let mut values = Vec::new();
    while !fits(
        attributes,
        inode_room(is_link && !values.is_empty()),
        block_room(block_size),
    ) {
        // Of equal ones the first: the order of names decides.
        let inside = attributes.iter_mut().filter(|a| a.outside.is_none());
        let largest = inside.rev().max_by_key(|a| a.value.len());
        let Some(attribute) = largest.filter(|a| !a.value.is_empty()) else {
            return Err(format!(
                "{} attributes, whose names take more than the {} bytes that there are; \
                 take attributes away",
                attributes.len(),
                inode_room(false) + block_room(block_size)
            ));
        };
        let number = u32::try_from(values.len()).expect("at most a block of entries");
        let inode = outside.next_inode.saturating_add(number);
        attribute.outside = Some((inode, value_hash(&attribute.value, outside.seed)));
        values.push(attribute.value.clone());
    }
    Ok(values)
}

fn fits(attributes: &[Attribute], mut inode_left: usize, mut block_left: usize) -> bool {
    attributes.iter().all(|attribute| {
        let size = attribute.size();
        let left = if size <= inode_left {
            &mut inode_left
        } else {
            &mut block_left
        };
        left.checked_sub(size).map(|after| *left = after).is_some()
    })
}

/// Returns the bytes for entries and values in the inode, after the magic.
///
/// Blocks of values count as the user's own, and in a link that has any, e2fsck takes the target
/// for block numbers unless there is a block of attributes too: so its inode holds none.
fn inode_room(is_link_with_values: bool) -> usize {
    if is_link_with_values {
        0
    } else {
        IN_INODE - 4 - END
    }
}

/// Bytes for entries and values in a block.
fn block_room(block_size: BlockSize) -> usize {
    block_size.len() - HEADER - END
}

/// Writes entries from `at` upwards and values from the end downwards.
fn fill(out: &mut [u8], mut at: usize, attributes: &[Attribute], hashed: bool) {
    let mut end = out.len();
    for attribute in attributes {
        let (value, inode) = match attribute.outside {
            None => (&attribute.value[..], 0),
            Some((inode, _)) => (&[][..], inode),
        };
        end -= value.len().next_multiple_of(4);
        out[end..end + value.len()].copy_from_slice(value);
        let short = |n: usize| u16::try_from(n).expect("offsets lie within a block");
        let entry = XattrEntry {
            name_len: u8::try_from(attribute.name.len()).expect("checked in `new`"),
            name_index: attribute.index,
            // An empty value lies nowhere.
            value_offs: if value.is_empty() { 0 } else { short(end) }.into(),
            value_inum: inode.into(),
            value_size: u32::try_from(attribute.value.len())
                .expect("at most VALUE_MAX")
                .into(),
            hash: if hashed || inode != 0 {
                attribute.hash()
            } else {
                0
            }
            .into(),
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
    use crate::tree::content::Content;

    const OUTSIDE: Outside = Outside {
        next_inode: 100,
        seed: Seed::NOTHING,
    };

    fn file() -> Kind {
        Kind::File(Content::bytes([]))
    }

    /// Returns whether inode and block are used, how many values are outside, how many dropped.
    fn place(list: &[(&str, usize)]) -> Result<(bool, bool, usize, usize), String> {
        let xattrs = list
            .iter()
            .map(|(name, len)| (name.as_bytes().into(), vec![7; *len].into()))
            .collect();
        let stored = store(&xattrs, &file(), BlockSize::DEFAULT, OUTSIDE)?;
        Ok((
            stored.inode.is_some(),
            stored.block.is_some(),
            stored.values.len(),
            stored.dropped.len(),
        ))
    }

    #[test]
    fn inode_first_then_block_then_an_inode_for_the_value() {
        // 96 bytes less magic and end leave 88: an entry of 16, a name of 4, a value of 68.
        // 4,096 less header and end leave 4,060: a value of 4,040.
        for (list, want) in [
            (&[("user.abcd", 68)][..], (true, false, 0, 0)),
            (&[("user.abcd", 69)], (false, true, 0, 0)),
            (&[("user.abcd", 4040)], (false, true, 0, 0)),
            (&[("user.abcd", 4041)], (true, false, 1, 0)),
            (&[("user.abcd", 65536)], (true, false, 1, 0)),
            (
                &[("user.a", 2000), ("user.b", 3000), ("user.c", 2000)],
                (true, true, 1, 0),
            ),
            (&[("user.aaaa", 0), ("user.abcd", 100)], (true, true, 0, 0)),
            (&[("com.apple.x", 5), ("user.", 1)], (false, false, 0, 2)),
            (&[], (false, false, 0, 0)),
        ] {
            assert_eq!(place(list), Ok(want), "{list:?}");
        }
    }

    #[test]
    fn what_linux_does_not_allow() {
        let name = format!("user.{:0255}", 1);
        let many: Vec<String> = (0..300).map(|i| format!("user.{i}")).collect();
        let many: Vec<_> = many.iter().map(|name| (name.as_str(), 0)).collect();
        for (list, want) in [
            (
                &[("user.a", 65537)][..],
                "a value of 65537 bytes, at most 65536",
            ),
            (
                &[(&format!("{name}2"), 1)],
                "a name of 256 bytes, at most 255",
            ),
            (
                &many,
                "300 attributes, whose names take more than the 4148 bytes",
            ),
        ] {
            let message = place(list).unwrap_err();
            assert!(message.contains(want), "{message}");
        }
    }

    #[test]
    fn user_attributes_of_links_and_devices_are_dropped() {
        let xattrs = [
            (b"user.a"[..].into(), b"1"[..].into()),
            (b"trusted.a"[..].into(), b"1"[..].into()),
        ];
        let stored = store(&xattrs.into(), &Kind::Fifo, BlockSize::DEFAULT, OUTSIDE).unwrap();
        assert_eq!(stored.dropped, [b"user.a"[..].into()]);
        assert!(stored.inode.is_some());
    }
}

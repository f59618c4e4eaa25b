//! Extended attributes: first in the inode, then in a block that equal inodes share, and values
//! that fit in neither in inodes of their own (the feature `ea_inode`).
//!
//! This file decides where each attribute goes; [`list`] has the bytes of both places.
//!
//! Source: the kernel's `Documentation/filesystems/ext4/attributes.rst` and `fs/ext4/xattr.c`.

pub(super) mod list;

use std::borrow::Cow;

use super::acl;
use super::checksum::Seed;
use super::format::{XattrEntry, XattrHeader};
use super::geometry::BlockSize;
use crate::tree::{Kind, Node, Xattrs};

/// Bytes for attributes in a 256-byte inode: all that follows the 160 bytes of fields.
pub(super) const IN_INODE: usize = 96;

/// How many inodes may share one block (`EXT4_XATTR_REFCOUNT_MAX`).
pub(super) const MAX_SHARERS: u32 = 1024;

const ENTRY: usize = size_of::<XattrEntry>();
const HEADER: usize = size_of::<XattrHeader>();
/// Entries, names and values begin at multiples of this.
const PAD: usize = 4;
/// Four zero bytes end a list of entries.
const END: usize = 4;

const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";

/// The prefixes that are stored as a number (`name_index`). Two of them are whole names.
const PREFIXES: [(&[u8], u8); 5] = [
    (ACL_ACCESS, 2),
    (ACL_DEFAULT, 3),
    (b"user.", 1),
    (b"trusted.", 4),
    (b"security.", 6),
];

/// The longest value of an attribute that Linux reads or sets (`XATTR_SIZE_MAX`).
const VALUE_MAX: usize = 65536;

/// One attribute as it is stored; the value is the tree's own, but for ACLs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attribute<'t> {
    index: u8,
    name: &'t [u8],
    value: Cow<'t, [u8]>,
    /// Which of the inode's values that have inodes of their own this one is.
    outside: Option<u32>,
}

/// Where the attributes of one inode go.
#[derive(Debug, Default)]
pub(super) struct Placement<'t> {
    pub in_inode: Vec<Attribute<'t>>,
    /// In the order of a block.
    pub in_block: Vec<Attribute<'t>>,
    /// The values that go to inodes of their own, in the order of their numbers.
    pub outside: Vec<Outside>,
    /// How many Linux has no place for.
    pub dropped: usize,
}

/// A value that has an inode of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outside {
    /// Where the attribute stands among those of its node.
    pub position: u32,
    /// Bytes of the value.
    pub len: u32,
}

impl<'t> Attribute<'t> {
    /// Returns nothing for names that Linux has no place for.
    fn new(full_name: &'t [u8], value: &'t [u8]) -> Result<Option<Self>, String> {
        let Some((prefix, index)) = PREFIXES.iter().find(|(p, _)| full_name.starts_with(p)) else {
            return Ok(None);
        };
        let name = &full_name[prefix.len()..];
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
            acl::to_disk(value).map_err(|why| why.to_string())?.into()
        } else {
            value.into()
        };
        Ok(Some(Self {
            index: *index,
            name,
            value,
            outside: None,
        }))
    }

    /// Returns whether the value has an inode of its own.
    pub(super) fn is_outside(&self) -> bool {
        self.outside.is_some()
    }

    /// The kernel stops its search in a block at the first entry that sorts higher.
    fn block_order(&self) -> impl Ord + use<'_, 't> {
        (self.index, self.name.len(), self.name)
    }

    /// Bytes that the attribute takes in its list: entry with name, and value, both padded.
    fn size(&self) -> usize {
        let value = match self.outside {
            None => self.value.len().next_multiple_of(PAD),
            Some(_) => 0,
        };
        (ENTRY + self.name.len()).next_multiple_of(PAD) + value
    }
}

/// Decides where each attribute of a node goes.
///
/// Linux allows `user.` attributes for files and directories only, ACLs for all but links, and
/// those that new files get for directories.
///
/// # Errors
///
/// Fails when names or values are longer than Linux allows, when there are more entries than fit
/// in the inode and one block, or when a value is malformed.
pub(super) fn place(node: &Node, block_size: BlockSize) -> Result<Placement<'_>, String> {
    let mut placement = Placement::default();
    if node.xattrs.is_empty() {
        return Ok(placement);
    }
    let allows_user = matches!(node.kind, Kind::File(_) | Kind::Directory(_));
    let mut attributes = Vec::new();
    for (position, (full_name, value)) in (0..).zip(&node.xattrs) {
        let has_place = match &**full_name {
            ACL_ACCESS => !matches!(node.kind, Kind::Symlink(_)),
            ACL_DEFAULT => matches!(node.kind, Kind::Directory(_)),
            _ => true,
        };
        if !has_place {
            placement.dropped += 1;
            continue;
        }
        let attribute = Attribute::new(full_name, value)
            .map_err(|why| format!("attribute {}: {why}", full_name.escape_ascii()))?;
        match attribute {
            Some(a) if allows_user || a.index != 1 => attributes.push((position, a)),
            _ => placement.dropped += 1,
        }
    }
    let is_link = matches!(node.kind, Kind::Symlink(_));
    let block_room = block_size.len() - HEADER - END;
    let in_inode = loop {
        let inode_room = inode_room(is_link && !placement.outside.is_empty());
        if let Some(in_inode) = split(&attributes, inode_room, block_room) {
            break in_inode;
        }
        let number = u32::try_from(placement.outside.len()).expect("at most a block of entries");
        let Some((position, largest)) = largest_value(&mut attributes) else {
            return Err(format!(
                "{} attributes, whose names take more than the {} bytes that there are; \
                 take attributes away",
                attributes.len(),
                inode_room + block_room
            ));
        };
        largest.outside = Some(number);
        placement.outside.push(Outside {
            position: *position,
            len: u32::try_from(largest.value.len()).expect("at most VALUE_MAX"),
        });
    };
    for ((_, attribute), is_in_inode) in attributes.into_iter().zip(in_inode) {
        if is_in_inode {
            placement.in_inode.push(attribute);
        } else {
            placement.in_block.push(attribute);
        }
    }
    let in_block = &mut placement.in_block;
    in_block.sort_by(|a, b| a.block_order().cmp(&b.block_order()));
    Ok(placement)
}

/// Returns the value of an attribute as it is stored in an inode of its own.
pub(super) fn value(xattrs: &Xattrs, outside: Outside) -> Cow<'_, [u8]> {
    let attribute = xattrs.iter().nth(outside.position as usize);
    let attribute = attribute.and_then(|(name, value)| Attribute::new(name, value).ok()?);
    attribute.map(|a| a.value).unwrap_or_default()
}

/// Returns the checksum of a value that has an inode of its own.
pub(super) fn value_hash(value: &[u8], seed: Seed) -> u32 {
    seed.over(value)
}

/// Returns the largest value that still lies with its entry: the fewest are to be moved.
fn largest_value<'a, 't>(
    attributes: &'a mut [(u32, Attribute<'t>)],
) -> Option<&'a mut (u32, Attribute<'t>)> {
    let inside = attributes.iter_mut().filter(|(_, a)| a.outside.is_none());
    // Of equal ones the first: the order of names decides.
    let largest = inside.rev().max_by_key(|(_, a)| a.value.len());
    largest.filter(|(_, a)| !a.value.is_empty())
}

/// Returns which attributes go to the inode so that all others fit in the block, if there is a way.
///
/// The inode is filled as far as it can be, which leaves the least for the block. There are only
/// 22 different sums, so all of them are tried.
fn split(
    attributes: &[(u32, Attribute<'_>)],
    inode_room: usize,
    block_room: usize,
) -> Option<Vec<bool>> {
    let total: usize = attributes.iter().map(|(_, a)| a.size()).sum();
    if total > inode_room + block_room {
        return None;
    }
    // For each sum in units of `PAD` the attribute that was the first to complete it.
    let mut last = [None; IN_INODE / PAD];
    let room = inode_room / PAD;
    for (number, (_, attribute)) in attributes.iter().enumerate() {
        let size = attribute.size() / PAD;
        for sum in (size..=room).rev() {
            let is_sum = sum == size || last[sum - size].is_some();
            if is_sum && last[sum].is_none() {
                last[sum] = Some(number);
            }
        }
    }
    let fullest = (1..=room).rev().find(|sum| last[*sum].is_some());
    let mut sum = fullest.unwrap_or(0);
    if total - sum * PAD > block_room {
        return None;
    }
    let mut in_inode = vec![false; attributes.len()];
    while let Some(number) = last[sum].filter(|_| sum > 0) {
        in_inode[number] = true;
        sum -= attributes[number].1.size() / PAD;
    }
    Some(in_inode)
}

/// Returns the bytes for entries and values in the inode, after the magic.
///
/// Blocks of values count as the user's own, and in a link that has any, e2fsck takes the target
/// for block numbers unless there is a block of attributes too: so its inode holds none.
fn inode_room(is_link_with_values: bool) -> usize {
    if is_link_with_values {
        0
    } else {
        IN_INODE - size_of::<u32>() - END
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::content::Content;
    use crate::tree::{Meta, Timestamp};

    fn node(kind: Kind, list: &[(&str, usize)]) -> Node {
        let xattrs = list
            .iter()
            .map(|(name, len)| (name.as_bytes().into(), vec![7; *len].into()))
            .collect();
        Node {
            meta: Meta::root(0, Timestamp::default()),
            xattrs,
            kind,
        }
    }

    /// Returns how many attributes are in the inode, in the block, have values outside, are dropped.
    fn placed(node: &Node) -> Result<[usize; 4], String> {
        let placement = place(node, BlockSize::DEFAULT)?;
        Ok([
            placement.in_inode.len(),
            placement.in_block.len(),
            placement.outside.len(),
            placement.dropped,
        ])
    }

    fn file(list: &[(&str, usize)]) -> Result<[usize; 4], String> {
        placed(&node(Kind::File(Content::bytes([])), list))
    }

    #[test]
    fn inode_first_then_block_then_an_inode_for_the_value() {
        // 96 bytes less magic and end leave 88: an entry of 16, a name of 4, a value of 68.
        // 4,096 less header and end leave 4,060: a value of 4,040.
        for (list, want) in [
            (&[("user.abcd", 68)][..], [1, 0, 0, 0]),
            (&[("user.abcd", 69)], [0, 1, 0, 0]),
            (&[("user.abcd", 4040)], [0, 1, 0, 0]),
            (&[("user.abcd", 4041)], [1, 0, 1, 0]),
            (&[("user.abcd", 65536)], [1, 0, 1, 0]),
            (
                &[("user.a", 2000), ("user.b", 3000), ("user.c", 2000)],
                [1, 2, 1, 0],
            ),
            (&[("user.aaaa", 0), ("user.abcd", 100)], [1, 1, 0, 0]),
            (&[("com.apple.x", 5), ("user.", 1)], [0, 0, 0, 2]),
            (&[], [0, 0, 0, 0]),
        ] {
            assert_eq!(file(list), Ok(want), "{list:?}");
        }
    }

    #[test]
    fn the_inode_is_filled_so_that_the_rest_fits() {
        // 24, 88 and 4,036 bytes: only with the second in the inode the others fit in the block.
        let list = [("user.a", 4), ("user.b", 68), ("user.c", 4016)];
        assert_eq!(file(&list), Ok([1, 2, 0, 0]));
        // 32, 44 and 44 bytes: the inode is full with the last two.
        let list = [
            ("user.a", 12),
            ("user.b", 24),
            ("user.c", 24),
            ("user.d", 4008),
        ];
        assert_eq!(file(&list), Ok([2, 2, 0, 0]));
        // Four bytes more are too many, and one value moves out.
        let list = [
            ("user.a", 12),
            ("user.b", 24),
            ("user.c", 24),
            ("user.d", 4009),
        ];
        assert_eq!(file(&list), Ok([2, 2, 1, 0]));
    }

    #[test]
    fn the_least_that_fits_is_what_any_split_can_do() {
        // All splits of five attributes, against the one that is found.
        for seed in 0..2000_usize {
            let size = |n: usize| (seed * 7 + n * n * (seed % 13) * 4) % 92;
            let mut lens: Vec<usize> = (0..4).map(size).collect();
            lens.push(3900 + seed % 97);
            let names = ["user.a", "user.b", "user.c", "user.d", "user.e"];
            let list: Vec<_> = names.into_iter().zip(lens).collect();
            let node = node(Kind::File(Content::bytes([])), &list);
            let sizes: Vec<usize> = list
                .iter()
                .map(|(_, len)| 20 + len.next_multiple_of(4))
                .collect();
            let fits = (0..32_u32).any(|mask| {
                let in_inode = (0..5).filter(|n| mask >> n & 1 == 1).map(|n| sizes[n]);
                let in_inode: usize = in_inode.sum();
                in_inode <= 88 && sizes.iter().sum::<usize>() - in_inode <= 4060
            });
            let outside = placed(&node).unwrap()[2];
            assert_eq!(outside == 0, fits, "{list:?}");
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
            let message = file(list).unwrap_err();
            assert!(message.contains(want), "{message}");
        }
    }

    #[test]
    fn what_linux_has_no_place_for_is_dropped() {
        let link = || Kind::Symlink((*b"x").into());
        let (access, default) = (
            ("system.posix_acl_access", 1),
            ("system.posix_acl_default", 1),
        );
        for (kind, list, want) in [
            (
                Kind::Fifo,
                &[("user.a", 1), ("trusted.a", 1)][..],
                Some([1, 0, 0, 1]),
            ),
            (
                link(),
                &[("user.a", 1), ("trusted.a", 1)],
                Some([1, 0, 0, 1]),
            ),
            (link(), &[access, default], Some([0, 0, 0, 2])),
            (Kind::Fifo, &[default], Some([0, 0, 0, 1])),
            // It has a place, and is no ACL.
            (Kind::Fifo, &[access], None),
        ] {
            assert_eq!(placed(&node(kind, list)).ok(), want, "{list:?}");
        }
    }
}

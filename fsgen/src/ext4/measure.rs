//! What the content needs, whatever the size of the filesystem: blocks of each directory,
//! attribute blocks and who shares them, and the sum of all.

use std::collections::BTreeMap;

use super::extent::{self, MAX_LEN};
use super::format::special_inode;
use super::geometry::BlockSize;
use super::inode::{self, FAST_SYMLINK_MAX, MAX_LINKS};
use super::numbering::{Numbering, Owner};
use super::space::Run;
use super::xattr::Attribute;
use super::{Error, Options, directory, xattr};
use crate::tree::content::Content;
use crate::tree::{Device, Kind, NodeId, Tree};

/// Bytes that `lost+found` has from the start, so that e2fsck need not allocate any.
const LOST_FOUND_BYTES: u64 = 16 * 1024;

/// The longest target of a symbolic link (Linux: `PATH_MAX` with its final NUL).
const SYMLINK_MAX: usize = 4095;

/// The highest numbers of a device that an inode holds.
const MAJOR_MAX: u32 = 0xFFF;
const MINOR_MAX: u32 = 0xF_FFFF;

/// A block of extended attributes.
pub(super) struct XattrBlock {
    /// One of the inodes whose attributes these are.
    pub inode: u32,
    pub sharers: u32,
}

/// The value of an attribute that has an inode of its own.
#[derive(Clone, Copy)]
pub(super) struct Value {
    /// The inode whose attribute it is.
    pub inode: u32,
    pub outside: xattr::Outside,
}

/// What one directory needs.
#[derive(Clone, Copy)]
pub(super) struct Directory {
    pub inode: u32,
    pub blocks: u32,
    pub is_indexed: bool,
}

/// Blocks that the content needs, in all and part by part.
#[derive(Default)]
pub(super) struct Needs {
    /// Every directory, in the order of the inodes.
    pub directories: Vec<Directory>,
    pub xattr_blocks: Vec<XattrBlock>,
    /// Which attribute block an inode has.
    pub xattr_users: BTreeMap<u32, u32>,
    /// Attribute values that have an inode each, numbered after all others.
    pub values: Vec<Value>,
    /// The first of these that an inode has.
    pub value_users: BTreeMap<u32, u32>,
    /// Whether a directory needs the feature `large_dir`.
    pub has_large_directory: bool,
    /// All of them together, with files, links and extent trees.
    pub blocks: u64,
    pub warnings: Vec<String>,
    /// Nodes that lose attributes.
    dropped: Nodes,
}

/// Measures all that the filesystem will hold.
pub(super) fn measure(
    tree: &Tree,
    numbering: &Numbering,
    options: &Options,
) -> Result<Needs, Error> {
    let mut needs = Needs {
        blocks: 1, // the resize inode's list
        ..Needs::default()
    };
    if numbering.owner(special_inode::FIRST) != Owner::LostFound
        && !numbering.is_lost_found(tree, special_inode::FIRST)
    {
        needs.warnings.push(
            "/lost+found is no directory: e2fsck will take it away when it repairs".to_owned(),
        );
    }
    let mut shared = BTreeMap::new();
    let [mut clamped, mut copies] = [Nodes::default(), Nodes::default()];
    for (inode, owner) in numbering.inodes() {
        let entry = |what: String| Error::Entry {
            path: path(tree, owner),
            what,
        };
        needs.add_directory(tree, numbering, options, inode, owner)?;
        let Owner::Node(node) = owner else {
            continue;
        };
        needs.blocks += node_blocks(tree, node, options.block_size).map_err(entry)?;
        let links = numbering.links(node);
        if !tree.is_directory(node) && links > MAX_LINKS {
            return Err(entry(format!(
                "{links} hard links, ext4 allows {MAX_LINKS}; make some of them copies"
            )));
        }
        if !inode::TIMES.contains(&tree.node(node).meta.mtime.secs) {
            clamped.add(node);
        }
        if links < tree.links(node) {
            copies.add(node);
        }
        needs
            .add_xattrs(tree, node, inode, options.block_size, &mut shared)
            .map_err(entry)?;
    }
    needs.blocks += needs.xattr_blocks.len() as u64;
    let more = [
        clamped.warning(tree, "times outside 1901 to 2446 become the nearest there"),
        copies.warning(tree, "hard links across filesystems become copies"),
        needs
            .dropped
            .warning(tree, "attributes that Linux has no place for are dropped"),
    ];
    needs.warnings.extend(more.into_iter().flatten());
    Ok(needs)
}

/// Nodes that the user should know of, all for the same reason. There may be millions of them, and
/// finding the path of one takes a while.
#[derive(Default)]
pub(super) struct Nodes {
    count: u64,
    first: Option<NodeId>,
}

impl Nodes {
    fn add(&mut self, node: NodeId) {
        self.count += 1;
        self.first.get_or_insert(node);
    }

    fn warning(&self, tree: &Tree, what: &str) -> Option<String> {
        let first = path(tree, Owner::Node(self.first?));
        let first = first.escape_ascii();
        Some(match self.count {
            1 => format!("{first}: {what}"),
            count => format!("{first} and {} more: {what}", count - 1),
        })
    }
}

impl Needs {
    /// Returns whether a directory has a hash index.
    pub(super) fn is_indexed(&self, inode: u32) -> bool {
        self.directories
            .binary_search_by_key(&inode, |directory| directory.inode)
            .is_ok_and(|found| self.directories[found].is_indexed)
    }

    /// Returns how many attribute values have inodes of their own.
    pub(super) fn value_count(&self) -> u32 {
        u32::try_from(self.values.len()).expect("fewer than 2^32 attributes")
    }

    fn add_directory(
        &mut self,
        tree: &Tree,
        numbering: &Numbering,
        options: &Options,
        inode: u32,
        owner: Owner,
    ) -> Result<(), Error> {
        let is_directory = match owner {
            Owner::Node(node) => tree.is_directory(node),
            _ => true,
        };
        if !is_directory {
            return Ok(());
        }
        let bs = options.block_size;
        let entries = numbering.entries(tree, owner);
        let count = entries.len();
        let packed = directory::pack(entries, bs, options.hash_seed.as_bytes()).map_err(|_| {
            Error::Entry {
                path: path(tree, owner),
                what: format!(
                    "{count} names are more than one directory can index; spread them over several"
                ),
            }
        })?;
        if packed.is_large() {
            self.has_large_directory = true;
            self.warnings.push(format!(
                "{}: {count} names take the feature large_dir, which Linux has since 4.13 and \
                 GRUB does not have",
                path(tree, owner).escape_ascii()
            ));
        }
        let mut blocks = u32::try_from(packed.blocks()).expect("an index leads to less");
        if numbering.is_lost_found(tree, inode) && !packed.is_indexed() {
            blocks = u32::try_from(bs.count(LOST_FOUND_BYTES)).expect("at most 16");
        }
        self.directories.push(Directory {
            inode,
            blocks,
            is_indexed: packed.is_indexed(),
        });
        self.blocks += u64::from(blocks);
        Ok(())
    }

    fn add_xattrs<'t>(
        &mut self,
        tree: &'t Tree,
        node: NodeId,
        inode: u32,
        block_size: BlockSize,
        shared: &mut BTreeMap<Vec<Attribute<'t>>, u32>,
    ) -> Result<(), String> {
        let placement = xattr::place(tree.node(node), block_size)?;
        if placement.dropped > 0 {
            self.dropped.add(node);
        }
        if !placement.outside.is_empty() {
            self.value_users.insert(inode, self.value_count());
        }
        for outside in placement.outside {
            self.blocks += block_size.count(outside.len.into());
            self.values.push(Value { inode, outside });
        }
        if placement.in_block.is_empty() {
            return Ok(());
        }
        let next = u32::try_from(self.xattr_blocks.len()).expect("at most one for each inode");
        let index = if placement.in_block.iter().any(Attribute::is_outside) {
            // Whose values are an inode's own is a block of its own.
            next
        } else {
            let known = shared.entry(placement.in_block).or_insert(next);
            let block = self.xattr_blocks.get(*known as usize);
            if block.is_some_and(|block| block.sharers == xattr::MAX_SHARERS) {
                *known = next;
            }
            *known
        };
        if index == next {
            self.xattr_blocks.push(XattrBlock { inode, sharers: 0 });
        }
        self.xattr_blocks[index as usize].sharers += 1;
        self.xattr_users.insert(inode, index);
        Ok(())
    }
}

/// Returns the blocks of a file or link, the extent tree of the least cut-up file included.
fn node_blocks(tree: &Tree, node: NodeId, block_size: BlockSize) -> Result<u64, String> {
    match &tree.node(node).kind {
        Kind::File(content) => {
            let max = u64::from(u32::MAX) * block_size.bytes64();
            if content.len() > max {
                return Err(format!("{} bytes, ext4 allows {max}", content.len()));
            }
            let runs = data_runs(content, block_size);
            let blocks: u64 = runs.iter().map(|run| run.len).sum();
            let extents: u64 = runs.iter().map(|run| run.len.div_ceil(MAX_LEN)).sum();
            let extents = usize::try_from(extents).expect("one for each run in memory");
            Ok(blocks + extent::tree_blocks(extents, block_size) as u64)
        }
        Kind::BlockDevice(Device { major, minor }) | Kind::CharDevice(Device { major, minor })
            if *major > MAJOR_MAX || *minor > MINOR_MAX =>
        {
            Err(format!(
                "device {major}:{minor}, at most {MAJOR_MAX}:{MINOR_MAX} is possible"
            ))
        }
        Kind::Symlink(target) if target.contains(&0) => {
            Err("a link target with a NUL byte, Linux has none".to_owned())
        }
        Kind::Symlink(target) => {
            let max = SYMLINK_MAX.min(block_size.len() - 1);
            match target.len() {
                0 => Err("an empty link target, Linux has none".to_owned()),
                len if len > max => Err(format!("a link target of {len} bytes, at most {max}")),
                len => Ok(u64::from(len > FAST_SYMLINK_MAX)),
            }
        }
        _ => Ok(0),
    }
}

/// Returns the blocks of a file that hold data, as runs within the file.
pub(super) fn data_runs(content: &Content, block_size: BlockSize) -> Vec<Run> {
    let bs = block_size.bytes64();
    let mut runs: Vec<Run> = Vec::new();
    for range in content.extents() {
        let start = range.start / bs;
        let end = range.end.div_ceil(bs);
        match runs.last_mut() {
            // Two ranges may meet in one block.
            Some(last) if last.end() >= start => last.len = end - last.start,
            _ => runs.push(Run {
                start,
                len: end - start,
            }),
        }
    }
    runs
}

fn path(tree: &Tree, owner: Owner) -> Vec<u8> {
    match owner {
        Owner::Node(node) => tree.path_of(node).unwrap_or_default(),
        _ => b"/lost+found".to_vec(),
    }
}

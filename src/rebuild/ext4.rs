//! Structures of ext4 (the kernel's Documentation/filesystems/ext4), by what the plan put there.

use fsgen::ext4::{Holder, Layout, Part};
use fsgen::{NodeId, Tree};

use super::disk::fields;
use super::field::{self, Difference, Field, Show};
use super::{Structure, attribute};
use crate::fields::{Fields as _, slice};
use crate::reader::name::shown;

const SUPERBLOCK: &[Field] = &[
    Field::new("magic", Show::Bits, 0x38, 2),
    Field::new("number of blocks", Show::Number, 0x04, 4).and(0x150, 4),
    Field::new("number of inodes", Show::Number, 0x00, 4),
    Field::new("log2 of the block size", Show::Number, 0x18, 4),
    Field::new("blocks per group", Show::Number, 0x20, 4),
    Field::new("inodes per group", Show::Number, 0x28, 4),
    Field::new("inode size", Show::Number, 0x58, 2),
    Field::new("UUID", Show::Uuid, 0x68, 16),
    Field::new("label", Show::Text, 0x78, 16),
    Field::new("compatible features", Show::Bits, 0x5C, 4),
    Field::new("incompatible features", Show::Bits, 0x60, 4),
    Field::new("features for reading", Show::Bits, 0x64, 4),
    Field::new("free blocks", Show::Number, 0x0C, 4).and(0x158, 4),
    Field::new("free inodes", Show::Number, 0x10, 4),
    Field::new("reserved blocks", Show::Number, 0x08, 4).and(0x154, 4),
    Field::new("time of creation", Show::Time, 0x108, 4),
    Field::new("time of the last check", Show::Time, 0x40, 4),
    Field::new("time of the last mount", Show::Time, 0x2C, 4),
    Field::new("time of the last write", Show::Time, 0x30, 4),
    Field::new("number of mounts", Show::Number, 0x34, 2),
    Field::new("state", Show::Bits, 0x3A, 2),
    Field::new("where it was mounted", Show::Text, 0x88, 64),
    Field::new("KiB written", Show::Number, 0x178, 8),
    Field::new("inode of the journal", Show::Number, 0xE0, 4),
    Field::new("first orphan", Show::Number, 0xE8, 4),
    Field::new("hash seed", Show::Uuid, 0xEC, 16),
    Field::new("kind of hash", Show::Number, 0xFC, 1),
    Field::new("mount options", Show::Bits, 0x100, 4),
    Field::new("copy of the journal's map", Show::Bytes, 0x10C, 68),
    Field::new("flags", Show::Bits, 0x160, 4),
    Field::new("overhead in clusters", Show::Number, 0x248, 4),
    Field::new("seed of checksums", Show::Bits, 0x270, 4),
    Field::new("inode of the orphan file", Show::Number, 0x280, 4),
    Field::new("checksum", Show::Bits, 0x3FC, 4),
];

const DESCRIPTOR: &[Field] = &[
    Field::new("free blocks", Show::Number, 0x0C, 2).and(0x2C, 2),
    Field::new("free inodes", Show::Number, 0x0E, 2).and(0x2E, 2),
    Field::new("directories", Show::Number, 0x10, 2).and(0x30, 2),
    Field::new("unused inodes", Show::Number, 0x1C, 2).and(0x32, 2),
    Field::new("flags", Show::Bits, 0x12, 2),
    Field::new("block of the block bitmap", Show::Number, 0x00, 4).and(0x20, 4),
    Field::new("block of the inode bitmap", Show::Number, 0x04, 4).and(0x24, 4),
    Field::new("block of the inode table", Show::Number, 0x08, 4).and(0x28, 4),
    Field::new("checksum of the block bitmap", Show::Bits, 0x18, 2).and(0x38, 2),
    Field::new("checksum of the inode bitmap", Show::Bits, 0x1A, 2).and(0x3A, 2),
    Field::new("checksum", Show::Bits, 0x1E, 2),
];

const INODE: &[Field] = &[
    Field::new("type and mode", Show::Mode, 0x00, 2),
    Field::new("owner", Show::Number, 0x02, 2).and(0x78, 2),
    Field::new("group", Show::Number, 0x18, 2).and(0x7A, 2),
    Field::new("size", Show::Number, 0x04, 4).and(0x6C, 4),
    Field::new("mtime", Show::Time, 0x10, 4).and(0x88, 4),
    Field::new("ctime", Show::Time, 0x0C, 4).and(0x84, 4),
    Field::new("atime", Show::Time, 0x08, 4).and(0x8C, 4),
    Field::new("crtime", Show::Time, 0x90, 4).and(0x94, 4),
    Field::new("dtime", Show::Time, 0x14, 4),
    Field::new("links", Show::Number, 0x1A, 2),
    Field::new("blocks", Show::Number, 0x1C, 4).and(0x74, 2),
    Field::new("flags", Show::Bits, 0x20, 4),
    Field::new("map, target or device", Show::Bytes, 0x28, 60),
    Field::new("generation", Show::Bits, 0x64, 4),
    Field::new("block of attributes", Show::Number, 0x68, 4).and(0x76, 2),
    Field::new("version", Show::Number, 0x24, 4).and(0x98, 4),
    Field::new("extra size", Show::Number, 0x80, 2),
    Field::new("project", Show::Number, 0x9C, 4),
    Field::new("checksum", Show::Bits, 0x7C, 2).and(0x82, 2),
];

/// Returns the structure that a byte of the filesystem is part of; places count from its start.
pub(super) fn structure(layout: &Layout, tree: &Tree, at: u64) -> Structure {
    let place = layout.part_at(at);
    let (start, len) = (place.start, place.len);
    let copy = |group| match group {
        0 => String::new(),
        group => format!(" (copy in group {group})"),
    };
    let of = |holder| holder_name(tree, holder);
    match place.part {
        Part::Superblock { group } => {
            let name = format!("superblock{}", copy(group));
            fields(&name, start, len, SUPERBLOCK)
        }
        Part::Descriptor { group, of } => {
            let name = format!("descriptor of group {of}{}", copy(group));
            fields(&name, start, len, DESCRIPTOR)
        }
        Part::Inode { number, of: holder } => {
            let name = match holder {
                Holder::Nothing => format!("inode {number}, not in use"),
                _ => format!("inode {number} of {}", of(holder)),
            };
            Structure {
                name,
                start,
                len,
                fields: Box::new(inode),
            }
        }
        Part::Boot => bytes("boot code".to_owned(), start, len),
        Part::Free => Structure::unused(at),
        Part::ReservedDescriptors => bytes("descriptors kept for growth".to_owned(), start, len),
        Part::BlockBitmap { group } => {
            let first = layout.first_block(group);
            let name = format!("block bitmap of group {group}");
            bitmap(name, "block", first, (start, len))
        }
        Part::InodeBitmap { group } => {
            let first = u64::from(group) * u64::from(layout.geometry().inodes_per_group) + 1;
            let name = format!("inode bitmap of group {group}");
            bitmap(name, "inode", first, (start, len))
        }
        Part::Extents(holder) => bytes(format!("extent tree of {}", of(holder)), start, len),
        Part::Attributes(holder) => Structure {
            name: format!("attribute block of {}", of(holder)),
            start,
            len,
            fields: Box::new(attribute::in_block),
        },
        Part::Names(holder) => Structure {
            name: format!("directory {}", of(holder)),
            start,
            len,
            fields: Box::new(names),
        },
        Part::Content { of: holder, at } => Structure {
            name: match holder {
                Holder::Node(_) => format!("content of {}", of(holder)),
                _ => of(holder),
            },
            start,
            len,
            fields: Box::new(move |image, rebuilt| {
                vec![field::byte_of("byte", at, image, rebuilt)]
            }),
        },
    }
}

fn inode(image: &[u8], rebuilt: &[u8]) -> Vec<Difference> {
    let mut found = field::differing(INODE, image, rebuilt);
    // Behind the fields that the inode says it has.
    let at = |raw: &[u8]| 128 + usize::from(raw.le16(128));
    let area = |raw: &[u8]| slice(raw, at(raw), raw.len()).to_vec();
    found.extend(attribute::in_inode(&area(image), &area(rebuilt)));
    // What it follows from comes first.
    found.sort_by_key(|difference| difference.is_derived);
    found
}

/// Returns the path of a node, or what else an inode is.
fn holder_name(tree: &Tree, holder: Holder) -> String {
    match holder {
        Holder::Node(node) => path(tree, node),
        Holder::LostFound => "/lost+found".to_owned(),
        Holder::Resize => "the descriptors kept for growth".to_owned(),
        Holder::Journal => "the journal".to_owned(),
        Holder::Orphans => "the orphan file".to_owned(),
        Holder::Value(node) => format!("an attribute of {}", path(tree, node)),
        Holder::Nothing => "nothing".to_owned(),
    }
}

/// Returns the path of a node, as people write it.
pub(super) fn path(tree: &Tree, node: NodeId) -> String {
    let path = tree.path_of(node).unwrap_or_default();
    match path.first() {
        Some(b'/') => shown(&path),
        _ => format!("/{}", shown(&path)),
    }
}

fn bytes(name: String, start: u64, len: u64) -> Structure {
    Structure {
        name,
        start,
        len,
        fields: Box::new(|image, rebuilt| vec![field::first_byte(image, rebuilt)]),
    }
}

fn bitmap(name: String, what: &'static str, first: u64, (start, len): (u64, u64)) -> Structure {
    let fields = move |image: &[u8], rebuilt: &[u8]| {
        let bits = (0..image.len() * 8).map(|bit| {
            let is_set = |bytes: &[u8]| bytes[bit / 8] >> (bit % 8) & 1 == 1;
            (is_set(image), is_set(rebuilt))
        });
        let mut differing = (first..).zip(bits).filter(|(_, (a, b))| a != b);
        let word = |is_used| if is_used { "in use" } else { "free" }.to_owned();
        let found = differing.next().map(|(number, (a, b))| Difference {
            field: format!("{what} {number}"),
            image: word(a),
            rebuilt: word(b),
            is_derived: false,
        });
        found.into_iter().collect()
    };
    Structure {
        name,
        start,
        len,
        fields: Box::new(fields),
    }
}

/// Returns the first entry that differs in a block of names, if nothing before it does.
fn names(image: &[u8], rebuilt: &[u8]) -> Vec<Difference> {
    let (mut a, mut b) = (entries(image).into_iter(), entries(rebuilt).into_iter());
    let shown = |entry: &Option<(String, u32)>| match entry {
        Some((name, inode)) => format!("\"{name}\", inode {inode}"),
        None => "no more".to_owned(),
    };
    let mut number = 0;
    loop {
        number += 1;
        match (a.next(), b.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                return vec![Difference {
                    field: format!("entry {number} of a block"),
                    image: shown(&a),
                    rebuilt: shown(&b),
                    is_derived: false,
                }];
            }
        }
    }
    let tail = image.len().saturating_sub(4);
    if image[..tail] == rebuilt[..tail] {
        return vec![Difference {
            field: "checksum of a block".to_owned(),
            image: format!("{:#x}", image.le32(tail)),
            rebuilt: format!("{:#x}", rebuilt.le32(tail)),
            is_derived: true,
        }];
    }
    Vec::new()
}

/// Returns names and inodes as far as a block makes sense.
fn entries(block: &[u8]) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 8 < block.len() {
        let (inode, len) = (block.le32(at), usize::from(block.le16(at + 4)));
        if inode != 0 {
            let name = slice(block, at + 8, block.byte(at + 6).into());
            found.push((shown(name), inode));
        }
        if len < 8 {
            break;
        }
        at += len;
    }
    found
}

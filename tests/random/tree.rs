//! Random trees: any shape, name, content, attribute and time that a source could bring.

use std::sync::Arc;

use fsgen::tree::content::{Segment, SourceId};
use fsgen::tree::{Device, Xattrs};
use fsgen::{Content, Kind, Meta, NodeId, Timestamp, Tree};

use super::super::ext4::Pattern;
use super::Rng;
use crate::readback::Sample;

/// What the files and folders of one sample have in common.
struct Style {
    /// Bytes of the filesystem's blocks: sizes of files lie around multiples of it.
    block: u64,
    names: Names,
    has_wild_times: bool,
    /// How many in a hundred nodes carry attributes.
    with_xattrs: u64,
    source: SourceId,
}

#[derive(Clone, Copy)]
enum Names {
    Short,
    Any,
    Long,
    Mixed,
}

/// Returns a random tree for blocks of `block` bytes.
pub(super) fn sample(rng: &mut Rng, block: u64) -> Sample {
    let has_wild_times = rng.below(10) < 3;
    let names = rng.pick(&[Names::Short, Names::Any, Names::Long, Names::Mixed]);
    let with_xattrs = rng.pick(&[0, 0, 10, 40, 100]);
    let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
    let source = tree.add_source(Arc::new(Pattern));
    let style = Style {
        block,
        names,
        has_wild_times,
        with_xattrs,
        source,
    };
    let root = meta(rng, &style);
    tree.set_meta(Tree::ROOT, root);

    let count = match rng.below(100) {
        0..15 => rng.below(4),
        15..85 => rng.below(80),
        85..98 => rng.below(500),
        _ => rng.below(4000),
    };
    let mut folders = vec![Tree::ROOT];
    let mut others = Vec::new();
    // How often the newest folder is taken: this makes a tree deep or flat.
    let depth = rng.below(100);
    for _ in 0..count {
        let folder = if rng.below(100) < depth {
            folders[folders.len() - 1]
        } else {
            rng.pick(&folders)
        };
        let name = name(rng, style.names);
        if tree.lookup(folder, &name).is_some() {
            continue;
        }
        let node = node(rng, &mut tree, &style, &others);
        tree.link(folder, &name, node);
        if tree.is_directory(node) {
            folders.push(node);
        } else {
            others.push(node);
        }
        if rng.below(100) < style.with_xattrs {
            let xattrs = xattrs(rng, &style);
            tree.set_xattrs(node, xattrs);
        }
    }
    lost_and_found(rng, &mut tree, &style);
    take_some_away(rng, &mut tree, &folders);
    let (root, hidden) = part(rng, &tree, &folders);
    Sample {
        tree,
        root,
        hidden,
        has_wild_times,
    }
}

fn node(rng: &mut Rng, tree: &mut Tree, style: &Style, others: &[NodeId]) -> NodeId {
    let meta = meta(rng, style);
    match rng.below(100) {
        0..45 => {
            let content = content(rng, style);
            tree.add_file(meta, content)
        }
        45..70 => tree.add_directory(meta),
        70..80 => {
            let longest = usize::try_from(style.block).unwrap() - 1;
            let len = rng.pick(&[1, 2, 30, 58, 59, 60, 61, 255, longest - 1, longest]);
            tree.add_symlink(meta, &rng.name(len))
        }
        80..90 if !others.is_empty() => rng.pick(others),
        90..94 => {
            let device = Device {
                major: rng.pick(&[0, 1, 8, 255, 256, 4095]),
                minor: rng.pick(&[0, 1, 255, 256, 65535, 0xF_FFFF]),
            };
            let kind = if rng.flip() {
                Kind::CharDevice(device)
            } else {
                Kind::BlockDevice(device)
            };
            tree.add_special(meta, kind)
        }
        _ if rng.flip() => tree.add_special(meta, Kind::Fifo),
        _ => tree.add_special(meta, Kind::Socket),
    }
}

fn meta(rng: &mut Rng, style: &Style) -> Meta {
    const IDS: [u32; 7] = [0, 1, 1000, 65535, 65536, 0x8000_0001, u32::MAX - 1];
    // Each 2^32 seconds long span of the format, and its ends.
    const TAME: [i64; 5] = [
        0,
        1,
        1_700_000_000,
        (1 << 32) + 5,
        (1 << 34) - (1 << 32) + 9,
    ];
    const WILD: [i64; 9] = [
        -1,
        -(1 << 31),
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        (1 << 34) - (1 << 31) - 1,
        (1 << 34) - (1 << 31),
        i64::MIN,
        i64::MAX,
    ];
    let times: &[i64] = if style.has_wild_times { &WILD } else { &TAME };
    Meta {
        mode: rng.pick(&[0, 0o644, 0o755, 0o1777, 0o2755, 0o4711, 0o7777]),
        uid: rng.pick(&IDS),
        gid: rng.pick(&IDS),
        mtime: Timestamp {
            secs: rng.pick(times),
            nanos: rng.pick(&[0, 1, 123_456_789, 999_999_999]),
        },
    }
}

fn name(rng: &mut Rng, names: Names) -> Vec<u8> {
    let kind = match names {
        Names::Mixed => rng.pick(&[Names::Short, Names::Any, Names::Long]),
        kind => kind,
    };
    let name = match kind {
        Names::Short => format!("{:x}", rng.below(100_000)).into_bytes(),
        Names::Long => {
            let len = 240 + rng.index(16);
            rng.name(len)
        }
        _ => {
            let len = 1 + rng.index(24);
            rng.name(len)
        }
    };
    if matches!(&name[..], b"." | b"..") {
        b"...".to_vec()
    } else {
        name
    }
}

fn content(rng: &mut Rng, style: &Style) -> Content {
    let block = style.block;
    let around = |rng: &mut Rng| (rng.below(6) * block + rng.below(3)).saturating_sub(1);
    match rng.below(100) {
        0..20 => Content::bytes([]),
        20..50 => {
            let len = usize::try_from(around(rng)).unwrap();
            Content::bytes(rng.bytes(len))
        }
        50..70 => Content::span(style.source, rng.below(1 << 20), around(rng)),
        70..78 => Content::span(style.source, rng.below(1 << 20), rng.below(400 * block)),
        78..97 => {
            let count = rng.below(8);
            sparse(rng, style, count, 9 * block)
        }
        97 => {
            let count = rng.below(1500);
            sparse(rng, style, count, 3 * block)
        }
        // Far into the terabytes.
        _ => {
            let count = rng.below(6);
            sparse(rng, style, count, (1 << 29) * block)
        }
    }
}

/// Parts of less than three blocks, in distances of up to `step` bytes.
fn sparse(rng: &mut Rng, style: &Style, count: u64, step: u64) -> Content {
    let mut at = 0;
    let mut parts = Vec::new();
    for _ in 0..count {
        at += rng.below(step);
        let len = rng.below(3 * style.block);
        parts.push(Segment {
            at,
            len,
            offset: rng.below(1 << 30),
        });
        at += len;
    }
    let hole = rng.below(step);
    let len = at + rng.pick(&[0, 1, style.block, hole]);
    Content::sparse(style.source, len, parts).unwrap()
}

fn xattrs(rng: &mut Rng, style: &Style) -> Xattrs {
    let mut xattrs = Xattrs::new();
    let block = usize::try_from(style.block).unwrap();
    for _ in 0..rng.below(5) {
        let (name, value): (Vec<u8>, Vec<u8>) = match rng.below(8) {
            0 => (b"security.capability".to_vec(), rng.bytes(20)),
            1 => (
                b"security.selinux".to_vec(),
                b"system_u:object_r:etc_t:s0\0".to_vec(),
            ),
            2 => (b"system.posix_acl_access".to_vec(), acl(rng)),
            3 => (b"trusted.overlay.opaque".to_vec(), b"y".to_vec()),
            // Shared by many inodes.
            4 => (b"user.shared".to_vec(), vec![b's'; 200]),
            _ => {
                let namespace = rng.pick(&["user.", "trusted.", "security."]);
                let len = match rng.below(10) {
                    0..3 => rng.index(3),
                    3..6 => 56 + rng.index(16),
                    6..8 => rng.index(300),
                    8 => block - 60 + rng.index(20),
                    _ => rng.pick(&[block, 2 * block + 1, 9999, 65535, 65536]),
                };
                let name = format!(
                    "{namespace}{:0len$x}",
                    rng.below(64),
                    len = 1 + rng.index(9)
                );
                (name.into_bytes(), rng.bytes(len))
            }
        };
        xattrs.insert(name.into(), value.into());
    }
    xattrs
}

/// An ACL in the form of system calls; some say no more than the mode does.
fn acl(rng: &mut Rng) -> Vec<u8> {
    let mut out = 2_u32.to_le_bytes().to_vec();
    let mut add = |tag: u16, permissions: u64, id: u32| {
        out.extend(tag.to_le_bytes());
        out.extend(u16::try_from(permissions).unwrap().to_le_bytes());
        out.extend(id.to_le_bytes());
    };
    add(0x01, rng.below(8), u32::MAX);
    let named = rng.below(4);
    for id in 0..named {
        add(0x02, rng.below(8), u32::try_from(id).unwrap() * 70_000);
    }
    add(0x04, rng.below(8), u32::MAX);
    if named > 0 {
        add(0x10, rng.below(8), u32::MAX);
    }
    add(0x20, rng.below(8), u32::MAX);
    out
}

/// Sometimes the source brings a `lost+found`, and not always an empty folder of that name.
fn lost_and_found(rng: &mut Rng, tree: &mut Tree, style: &Style) {
    if rng.below(100) >= 15 {
        return;
    }
    let meta = meta(rng, style);
    let folder = tree.add_directory(meta);
    tree.link(Tree::ROOT, b"lost+found", folder);
    for i in 0..rng.pick(&[0, 1, 700]) {
        let file = tree.add_file(meta, Content::bytes([]));
        tree.link(folder, format!("#{i}").as_bytes(), file);
    }
}

/// Removes names again, as later steps do: folders become empty, links lose a name.
fn take_some_away(rng: &mut Rng, tree: &mut Tree, folders: &[NodeId]) {
    if rng.below(100) >= 30 {
        return;
    }
    for _ in 0..rng.below(6) {
        let folder = rng.pick(folders);
        let names: Vec<Vec<u8>> = tree.entries(folder).map(|(n, _)| n.to_vec()).collect();
        let is_all = rng.flip();
        for name in names {
            if is_all || rng.flip() {
                tree.unlink(folder, &name);
            }
        }
    }
}

/// Mostly the whole tree; sometimes a folder of it, with mount points below.
fn part(rng: &mut Rng, tree: &Tree, folders: &[NodeId]) -> (NodeId, Vec<NodeId>) {
    if rng.below(100) >= 10 {
        return (Tree::ROOT, Vec::new());
    }
    let named: Vec<NodeId> = folders
        .iter()
        .copied()
        .filter(|folder| tree.path_of(*folder).is_some())
        .collect();
    let root = rng.pick(&named);
    let hidden = (0..rng.below(3)).map(|_| rng.pick(&named));
    (root, hidden.filter(|folder| *folder != root).collect())
}

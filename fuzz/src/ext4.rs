//! Any small tree as an ext4 filesystem: refused by the plan, or an image that e2fsck has nothing
//! to say about and that an independent reader finds all of the tree in.

use std::path::Path;

use ext4_view::{Ext4, Ext4Error, Path as ViewPath};
use fsgen::ext4::{self, BlockSize, Journal, Options, Size};
use fsgen::guid::Seed;
use fsgen::tree::content::{Segment, SourceId};
use fsgen::tree::{Device, Xattrs};
use fsgen::{Content, Kind, Meta, NodeId, Region, Timestamp, Tree};

use crate::Target;
use crate::disk::{Disk, Ramp};
use crate::input::Choices;
use crate::judge;

pub(crate) const TARGET: Target = Target {
    name: "ext4",
    promise: "a tree is refused, or e2fsck and hsb verify are silent and ext4-view reads it back",
    run,
    rounds: 40,
};

/// The most that a directory of the fuzzer holds: enough for an index of two levels.
const NAMES_MAX: u64 = 3000;
/// The largest image that is written.
const IMAGE_MAX: u64 = 1 << 40;
/// How much of each file is read back.
const READ_MAX: u64 = 1 << 20;

/// Seconds on limits of the format. Those that it stores with the highest bit of its low half set
/// (before 1970, from 2038 to 2106, and so on) are missing: ext4-view takes them for corrupt.
const TIMES: [i64; 5] = [
    0,
    (1 << 31) - 1,
    1 << 32,
    (3 << 32) + (1 << 31) - 1,
    1 << 40,
];

fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let options = options(&mut choices);
    let size = size(&mut choices);
    let tree = tree(&mut choices);
    let Ok(layout) = ext4::plan(&tree, Tree::ROOT, &[], size, options) else {
        return;
    };
    assert!(layout.bytes() <= IMAGE_MAX, "{} bytes", layout.bytes());
    if let Size::Fit { free } = size {
        assert!(layout.free_bytes() >= free);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let disk = Disk(file.as_file());
    disk.0.set_len(layout.bytes()).unwrap();
    let region = Region::new(&disk, 0, layout.bytes());
    let threads = choices.size_up_to(2) + 1;
    ext4::write(&layout, &tree, region, threads, &|_| {}).unwrap();
    judge::e2fsck(file.path());
    judge::hsb(file.path());
    read_back(file.path(), &tree);
}

fn options(choices: &mut Choices<'_>) -> Options {
    let seed = Seed::new(&choices.number().to_le_bytes());
    let time = Timestamp::from_secs(choices.one(&TIMES));
    let mut options = Options::new(seed.uuid("filesystem"), seed.uuid("hash"), time);
    options.block_size = BlockSize::new(choices.one(&[4096, 2048, 1024])).unwrap();
    options.journal = match choices.up_to(3) {
        0 => Journal::Auto,
        1 => Journal::Always,
        2 => Journal::None,
        _ => Journal::Bytes(choices.one(&[1 << 20, 4 << 20, 5_000_000, 0])),
    };
    options.reserved_hundredths = choices.one(&[500, 0, 1, 5000]);
    options.bytes_per_inode = choices.one(&[16384, 1024, 4096, 1 << 26, 1]);
    options.inodes = choices.flip().then(|| choices.up_to(5000));
    options.label = choices.one(&["", "root", "sixteen bytes ok"]).to_owned();
    options
}

fn size(choices: &mut Choices<'_>) -> Size {
    match choices.up_to(3) {
        0 | 1 => Size::Fit {
            free: choices.one(&[0, 1, 1 << 20, 40 << 20]),
        },
        2 => Size::Exact(choices.up_to(64 << 20)),
        _ => Size::Exact(choices.one(&[
            8 << 20,
            128 << 20,
            (128 << 20) + 1024,
            1 << 30,
            (8 << 20) + 50 * 4096,
            3 << 30,
        ])),
    }
}

fn tree(choices: &mut Choices<'_>) -> Tree {
    let meta = meta(choices);
    let mut tree = Tree::new(meta);
    let source = tree.add_source(std::sync::Arc::new(Ramp));
    let mut directories = vec![Tree::ROOT];
    let mut others: Vec<NodeId> = Vec::new();
    while !choices.is_empty() {
        let directory = choices.one(&directories);
        let name = name(choices);
        if tree.lookup(directory, &name).is_some() {
            continue;
        }
        let meta = self::meta(choices);
        let id = match choices.up_to(7) {
            0 | 1 => tree.add_file(meta, content(choices, source)),
            2 => {
                let id = tree.add_directory(meta);
                directories.push(id);
                id
            }
            3 => {
                let len = choices.one(&[1, 59, 60, 1023, 4095, 4096]);
                // Names of more than 255 bytes are none, for ext4-view.
                let target: Vec<u8> = b"target/".iter().copied().cycle().take(len).collect();
                tree.add_symlink(meta, &target)
            }
            4 => tree.add_special(meta, special(choices)),
            5 if !others.is_empty() => choices.one(&others),
            6 => {
                fill(choices, &mut tree, directory, meta);
                continue;
            }
            _ => tree.add_file(meta, Content::bytes(*b"")),
        };
        if choices.up_to(3) == 3 {
            tree.set_xattrs(id, xattrs(choices));
        }
        tree.link(directory, &name, id);
        if !tree.is_directory(id) {
            others.push(id);
        }
    }
    tree
}

fn meta(choices: &mut Choices<'_>) -> Meta {
    let id = |choices: &mut Choices<'_>| choices.one(&[0, 1000, 65535, 65536, u32::MAX - 1]);
    let secs = choices.one(&TIMES);
    Meta {
        mode: choices.one(&[0o755, 0, 0o7777, 0o644]),
        uid: id(choices),
        gid: id(choices),
        mtime: Timestamp {
            secs,
            nanos: choices.one(&[0, 1, 999_999_999]),
        },
    }
}

fn name(choices: &mut Choices<'_>) -> Vec<u8> {
    let number = choices.up_to(30).to_string().into_bytes();
    match choices.up_to(5) {
        0 => b"lost+found".to_vec(),
        1 => [&[b'n'; 253][..], &number].concat(),
        2 => [b"\xff\x80\n", &number[..]].concat(),
        _ => number,
    }
}

fn content(choices: &mut Choices<'_>, source: SourceId) -> Content {
    const LENGTHS: [u64; 10] = [0, 1, 1023, 1024, 4095, 4096, 4097, 49_153, 1 << 20, 5 << 20];
    let offset = choices.up_to(10_000);
    if choices.flip() {
        return Content::span(source, offset, choices.one(&LENGTHS));
    }
    // Parts with holes before them; the last hole may be terabytes large.
    let mut segments = Vec::new();
    let mut at = 0;
    for _ in 0..choices.size_up_to(700) {
        at += choices.one(&[0, 1, 4096, 8192, 1 << 27, 1 << 36]);
        let len = choices.one(&[1, 1024, 4096, 5000]);
        segments.push(Segment {
            at,
            len,
            offset: offset + at % 4096,
        });
        at += len;
    }
    at += choices.one(&[0, 1, 4096, 1 << 43]);
    Content::sparse(source, at, segments).unwrap()
}

fn special(choices: &mut Choices<'_>) -> Kind {
    let device = Device {
        major: choices.one(&[0, 1, 255, 256, 4095]),
        minor: choices.one(&[0, 255, 256, (1 << 20) - 1]),
    };
    match choices.up_to(3) {
        0 => Kind::Fifo,
        1 => Kind::Socket,
        2 => Kind::BlockDevice(device),
        _ => Kind::CharDevice(device),
    }
}

fn xattrs(choices: &mut Choices<'_>) -> Xattrs {
    const NAMES: [&[u8]; 6] = [
        b"user.a",
        b"security.capability",
        b"security.selinux",
        b"trusted.overlay.opaque",
        b"user.another attribute",
        b"system.posix_acl_access",
    ];
    let mut xattrs = Xattrs::new();
    for _ in 0..choices.size_up_to(4) {
        let len = choices.one(&[0, 1, 20, 70, 900, 3900, 4096]);
        let byte = choices.up_to(255).to_le_bytes()[0];
        xattrs.insert(choices.one(&NAMES).into(), vec![byte; len].into());
    }
    xattrs
}

/// Puts many empty files into a directory.
fn fill(choices: &mut Choices<'_>, tree: &mut Tree, directory: NodeId, meta: Meta) {
    let width = choices.one(&[1, 8, 200, 255]);
    for number in 0..choices.up_to(NAMES_MAX) {
        let id = tree.add_file(meta, Content::bytes(*b""));
        tree.link(directory, format!("{number:0width$}").as_bytes(), id);
    }
}

/// Reads names, kinds, owners, modes, times, targets and contents with another's code.
fn read_back(image: &Path, tree: &Tree) {
    let view = match Ext4::load_from_path(image) {
        // Values of attributes in inodes of their own.
        Err(Ext4Error::Incompatible(_)) => return,
        view => view.unwrap(),
    };
    let mut todo = vec![(b"/".to_vec(), Tree::ROOT)];
    while let Some((path, id)) = todo.pop() {
        let node = tree.node(id);
        let at = ViewPath::new(&path);
        let meta = view.symlink_metadata(at).unwrap();
        let want = (node.meta.mode, node.meta.uid, node.meta.gid);
        assert_eq!((meta.mode() & 0o7777, meta.uid(), meta.gid()), want);
        match &node.kind {
            Kind::Directory(_) => {
                let mut names: Vec<_> = view
                    .read_dir(at)
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().as_ref().to_vec())
                    .filter(|name| !matches!(&name[..], b"." | b".."))
                    .filter(|name| {
                        id != Tree::ROOT || name != b"lost+found" || tree.lookup(id, name).is_some()
                    })
                    .collect();
                names.sort_unstable();
                assert!(names.iter().eq(tree.entries(id).map(|(name, _)| name)));
                let slash = if path == b"/" { &b""[..] } else { b"/" };
                todo.extend(
                    tree.entries(id)
                        .map(|(name, child)| ([&path, slash, name].concat(), child)),
                );
            }
            Kind::File(content) => {
                assert_eq!(meta.len(), content.len());
                if content.len() <= READ_MAX {
                    let want = content.read(tree, READ_MAX).unwrap();
                    assert!(view.read(at).unwrap() == want, "{}", path.escape_ascii());
                }
            }
            Kind::Symlink(target) => {
                assert_eq!(view.read_link(at).unwrap().as_ref(), &**target);
            }
            _ => assert!(!meta.is_dir() && !meta.is_symlink()),
        }
    }
}

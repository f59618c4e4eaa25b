//! Any small tree as a FAT filesystem: refused by the plan, or an image that fsck.fat has nothing
//! to say about and that an independent reader finds all of the tree in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use fsgen::fat::{self, ClusterSize, Error, FatType, Layout, Options, Serial, Size};
use fsgen::tree::Xattrs;
use fsgen::tree::content::{Segment, SourceId};
use fsgen::{Content, Kind, Meta, NodeId, Region, Timestamp, Tree};

use crate::Target;
use crate::disk::{Disk, Ramp};
use crate::input::Choices;
use crate::judge;

pub(crate) const TARGET: Target = Target {
    name: "fat",
    promise: "a tree is refused, or fsck.fat and hsb verify are silent and fatfs reads it back",
    run,
    rounds: 40,
};

/// The largest image that is written: of larger ones, just the plan is looked at.
const IMAGE_MAX: u64 = 1 << 30;
/// How much of each file is read back.
const READ_MAX: u64 = 1 << 16;
/// The most names that are put into a directory at once: more than a root of FAT12 can have.
const NAMES_MAX: u64 = 700;

/// Seconds on limits of what is stored: 1980 to 2107, in steps of two.
const TIMES: [i64; 7] = [
    1_700_000_001,
    315_532_799,
    315_532_800,
    4_354_819_199,
    4_354_819_200,
    i64::MIN,
    i64::MAX,
];

fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let options = options(&mut choices);
    let size = size(&mut choices);
    let first_sector = choices.one(&[0, 2048, u64::from(u32::MAX), 1 << 40]);
    let tree = tree(&mut choices);
    let layout = match fat::plan(&tree, Tree::ROOT, &[], size, options.clone()) {
        Ok(layout) => layout,
        Err(error) => return refused(&error, &tree, size, options),
    };
    match size {
        Size::Fit { free } => assert!(layout.free_bytes() >= free),
        Size::Exact(bytes) => assert!(layout.bytes() <= bytes),
    }
    let clusters = layout.geometry().clusters;
    assert!(layout.geometry().fat_type.clusters().contains(&clusters));
    if layout.bytes() > IMAGE_MAX {
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let disk = Disk(file.as_file());
    disk.0.set_len(layout.bytes()).unwrap();
    let region = Region::new(&disk, 0, layout.bytes());
    fat::write(&layout, &tree, region, first_sector, &|_| {}).unwrap();
    judge::fsck_fat(file.path());
    judge::hsb(file.path());
    read_back(file.path(), &tree, &layout);
}

/// What is asked for to make it possible must do.
fn refused(error: &Error, tree: &Tree, size: Size, options: Options) {
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    if let Error::TooSmall { need, have, .. } = *error {
        assert!(need > have, "{message}");
        assert!(
            matches!(size, Size::Exact(bytes) if bytes == have),
            "{message}"
        );
        let least = fat::plan(tree, Tree::ROOT, &[], Size::Exact(need), options);
        let least = least.unwrap_or_else(|error| panic!("{message}, and then {error}"));
        assert!(least.bytes() <= need, "{message}");
    }
}

fn options(choices: &mut Choices<'_>) -> Options {
    let serial = Serial(u32::try_from(choices.up_to(u32::MAX.into())).unwrap());
    let mut options = Options::new(serial, Timestamp::from_secs(choices.one(&TIMES)));
    options.fat_type = choices.one(&[
        None,
        Some(FatType::Fat12),
        Some(FatType::Fat16),
        Some(FatType::Fat32),
    ]);
    options.cluster_size = ClusterSize::new(choices.one(&[0, 0, 512, 1024, 2048, 4096, 32_768]));
    options.label = choices
        .one(&["", "EFI SYSTEM", "ELEVEN BYTE", "x"])
        .to_owned();
    options
}

fn size(choices: &mut Choices<'_>) -> Size {
    match choices.up_to(3) {
        0 | 1 => Size::Fit {
            free: choices.one(&[0, 1, 70_000, 3 << 20, 40 << 20]),
        },
        2 => Size::Exact(choices.up_to(80 << 20)),
        _ => Size::Exact(choices.one(&[
            1 << 20,
            4_141 * 512,
            4_150 * 512,
            66_069 * 512,
            33 << 20,
            (260 << 20) + 512,
            1 << 42,
        ])),
    }
}

fn tree(choices: &mut Choices<'_>) -> Tree {
    let mut tree = Tree::new(meta(choices));
    let source = tree.add_source(Arc::new(Ramp));
    let mut directories = vec![Tree::ROOT];
    let mut files: Vec<NodeId> = Vec::new();
    while !choices.is_empty() {
        let directory = choices.one(&directories);
        let name = name(choices);
        if tree.lookup(directory, &name).is_some() {
            continue;
        }
        let meta = meta(choices);
        let id = match choices.up_to(40) {
            0 => tree.add_symlink(meta, b"target"),
            1 => tree.add_special(meta, Kind::Fifo),
            2..=4 if !files.is_empty() => choices.one(&files),
            5..=7 => {
                fill(choices, &mut tree, directory, meta);
                continue;
            }
            8..=19 => {
                let id = tree.add_directory(meta);
                directories.push(id);
                id
            }
            _ => tree.add_file(meta, content(choices, source)),
        };
        if choices.up_to(20) == 20 {
            tree.set_xattrs(id, Xattrs::from([(b"user.x"[..].into(), b"x"[..].into())]));
        }
        tree.link(directory, &name, id);
        if matches!(tree.node(id).kind, Kind::File(_)) {
            files.push(id);
        }
    }
    tree
}

fn meta(choices: &mut Choices<'_>) -> Meta {
    let secs = choices.one(&TIMES);
    Meta {
        mode: choices.one(&[0o755, 0o644, 0]),
        uid: choices.one(&[0, 1000]),
        gid: 0,
        mtime: Timestamp {
            secs,
            nanos: choices.one(&[0, 999_999_999]),
        },
    }
}

/// Returns a name: most can be stored, and many want the same short name.
fn name(choices: &mut Choices<'_>) -> Vec<u8> {
    const PARTS: [&str; 20] = [
        "A",
        "b",
        "1",
        "~",
        "~1",
        ".",
        " ",
        "+",
        "\u{e4}",
        "\u{df}",
        "\u{130}",
        "\u{1f600}",
        "\u{65e5}",
        "AUX",
        "123456",
        ".TXT",
        "\u{e5}",
        "\u{7f}",
        ":",
        "\u{ffff}",
    ];
    let mut name = Vec::new();
    for _ in 0..=choices.size_up_to(4) {
        // The last ones cannot be stored: not often.
        let most = if choices.up_to(60) == 60 { 19 } else { 16 };
        name.extend_from_slice(PARTS[choices.size_up_to(most)].as_bytes());
    }
    match choices.up_to(60) {
        60 => name.extend([b'n'; 250]),
        59 => name.push(0xff),
        _ => {}
    }
    // Dots and spaces at the end are refused; mostly there is something behind them.
    let is_none = matches!(&name[..], b"." | b"..");
    if matches!(name.last(), Some(b'.' | b' ')) && (is_none || choices.up_to(30) < 30) {
        name.push(b'x');
    }
    name.truncate(255);
    name
}

fn content(choices: &mut Choices<'_>, source: SourceId) -> Content {
    const LENGTHS: [u64; 10] = [
        0,
        1,
        511,
        512,
        513,
        32_768,
        32_769,
        100_000,
        3 << 20,
        1 << 32,
    ];
    let offset = choices.up_to(10_000);
    let len = LENGTHS[choices.size_up_to(LENGTHS.len() - 1)];
    if choices.flip() || len < 512 {
        return Content::span(source, offset, len);
    }
    let segments = [0, len / 2, len - 1].map(|at| Segment {
        at,
        len: 1,
        offset: at,
    });
    Content::sparse(source, len, segments.to_vec()).unwrap()
}

/// Puts many empty files into a directory, whose names begin alike.
fn fill(choices: &mut Choices<'_>, tree: &mut Tree, directory: NodeId, meta: Meta) {
    let width = choices.one(&[1, 5, 13, 200]);
    let begin = choices.one(&["", "F", "same name "]);
    for number in 0..choices.up_to(NAMES_MAX) {
        let name = format!("{begin}{number:0width$}");
        if tree.lookup(directory, name.as_bytes()).is_none() {
            let id = tree.add_file(meta, Content::bytes(*b""));
            tree.link(directory, name.as_bytes(), id);
        }
    }
}

/// Reads names, kinds, lengths and contents with another's code.
fn read_back(image: &Path, tree: &Tree, layout: &Layout) {
    let file = File::open(image).unwrap();
    let view = fatfs::FileSystem::new(file, fatfs::FsOptions::new()).unwrap();
    assert_eq!(view.volume_id(), layout.serial().0);
    let mut todo = vec![(view.root_dir(), Tree::ROOT)];
    while let Some((directory, id)) = todo.pop() {
        let mut want: BTreeMap<_, _> = tree.entries(id).collect();
        for entry in directory.iter() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            let id = want.remove(name.as_bytes());
            let id = id.unwrap_or_else(|| panic!("{name:?} is new"));
            if let Kind::File(content) = &tree.node(id).kind {
                assert_eq!(entry.len(), content.len(), "{name:?}");
                let read = usize::try_from(content.len().min(READ_MAX)).unwrap();
                let (mut want, mut seen) = (vec![0; read], vec![0; read]);
                content.read_exact_at(tree, &mut want, 0).unwrap();
                entry.to_file().read_exact(&mut seen).unwrap();
                assert!(want == seen, "{name:?} has other bytes");
            } else {
                assert!(entry.is_dir(), "{name:?}");
                todo.push((entry.to_dir(), id));
            }
        }
        assert!(want.is_empty(), "{want:?} are missing");
    }
}

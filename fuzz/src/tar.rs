//! Any bytes as an archive: an error of one line, or a tree that holds together and can be
//! planned.

use std::io::Write;

use fsgen::ext4::{self, Options, Size};
use fsgen::guid::Seed;
use fsgen::tree::path::check_name;
use fsgen::{Kind, Timestamp, Tree};
use hsb::source::{self, Input, Source};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "tar",
    promise: "an archive is refused in one line, or becomes a tree that holds together",
    run,
    rounds: 5000,
};

/// The size of a header, and what all contents are padded to.
const BLOCK: usize = 512;
/// How much of each file is read back.
const READ_MAX: u64 = 64 << 10;

fn run(input: &[u8]) {
    let mut bytes = input.to_vec();
    mend_checksums(&mut bytes);
    // Else hardly any input would be whole.
    if bytes.len().is_multiple_of(BLOCK) {
        bytes.extend([0; 2 * BLOCK]);
    }
    let folder = std::env::temp_dir();
    let mut file = tempfile::NamedTempFile::new_in(&folder).unwrap();
    file.write_all(&bytes).unwrap();
    let options = source::Options {
        spool_dir: &folder,
        source_date_epoch: None,
        cache: None,
        limits: source::Limits::default(),
        lenient: false,
        progress: &|_| {},
    };
    let source = Source::from(Input::Path(file.path().to_owned()));
    match source::load(&[source], &options) {
        Ok(loaded) => {
            check(&loaded.tree);
            plan(&loaded.tree);
        }
        Err(error) => {
            let message = format!("{error:#}");
            assert!(!message.contains('\n') && message.len() < 2000, "{message}");
            assert!(
                message.contains(&*file.path().to_string_lossy()),
                "{message}"
            );
        }
    }
}

/// Gives every block that looks like a header the right checksum: without one, no other field of
/// it would ever be looked at.
pub(crate) fn mend_checksums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(BLOCK) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

/// Goes through a tree, and counts what it finds against what the tree says.
pub(crate) fn check(tree: &Tree) {
    let mut names = vec![0; tree.node_count()];
    names[Tree::ROOT.index()] = 1;
    let mut todo = vec![Tree::ROOT];
    while let Some(directory) = todo.pop() {
        for (name, id) in tree.entries(directory) {
            check_name(name).unwrap();
            names[id.index()] += 1;
            match &tree.node(id).kind {
                Kind::Directory(_) => {
                    assert_eq!(names[id.index()], 1, "a directory with two names");
                    assert_eq!(tree.parent(id), directory);
                    todo.push(id);
                }
                Kind::File(content) => {
                    let len = usize::try_from(content.len().min(READ_MAX)).unwrap();
                    content.read_exact_at(tree, &mut vec![0; len], 0).unwrap();
                    let ends = content.extents().map(|extent| extent.end);
                    assert!(ends.max().unwrap_or(0) <= content.len());
                }
                _ => {}
            }
        }
    }
    let links = (0..).zip(&names).map(|(_, count)| *count);
    assert!(links.sum::<u32>() > 0);
    let mut todo = vec![Tree::ROOT];
    while let Some(directory) = todo.pop() {
        assert_eq!(tree.links(directory), 1);
        for (_, id) in tree.entries(directory) {
            assert_eq!(tree.links(id), names[id.index()]);
            if tree.is_directory(id) {
                todo.push(id);
            }
        }
    }
}

/// Plans the smallest filesystem of a tree, which may be impossible, but no reason to panic.
fn plan(tree: &Tree) {
    let seed = Seed::new(b"fuzz");
    let (uuid, hash) = (seed.uuid("filesystem"), seed.uuid("hash"));
    let options = Options::new(uuid, hash, Timestamp::from_secs(0));
    // Most trees of the fuzzer can be planned; those that cannot are no finding.
    drop(ext4::plan(
        tree,
        Tree::ROOT,
        &[],
        Size::Fit { free: 0 },
        options,
    ));
}

/// Returns a file of an archive.
pub(crate) fn member(name: &str, content: &[u8]) -> Vec<u8> {
    of_kind(b'0', name, "", content)
}

/// Returns a member of an archive: a file (0), a hard link (1), a symbolic one (2), a directory (5).
pub(crate) fn of_kind(kind: u8, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, if kind == b'5' { "0000755" } else { "0000644" });
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    put(157, target);
    put(257, "ustar\x0000");
    header[156] = kind;
    let mut bytes = header.to_vec();
    mend_checksums(&mut bytes);
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

//! The default seed of an image's identifiers: what the tree is, without reading a file's content.

use fsgen::guid::Seed;
use fsgen::{Kind, Tree};
use sha2::{Digest as _, Sha256};

/// Returns the seed for a tree that a recipe of this name made.
///
/// Names, owners, modes, times, sizes, link targets, device numbers and attributes count. Two
/// images that differ in just the bytes of a file, and not in its time, share their identifiers.
pub(crate) fn of(tree: &Tree, recipe_name: &str) -> Seed {
    let mut digest = Sha256::new();
    let mut text = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    text(recipe_name.as_bytes());
    let mut todo = vec![Tree::ROOT];
    while let Some(id) = todo.pop() {
        let node = tree.node(id);
        let meta = node.meta;
        text(&meta.mode.to_le_bytes());
        text(&meta.uid.to_le_bytes());
        text(&meta.gid.to_le_bytes());
        text(&meta.mtime.secs.to_le_bytes());
        text(&meta.mtime.nanos.to_le_bytes());
        text(&tree.links(id).to_le_bytes());
        for (name, value) in &node.xattrs {
            text(name);
            text(value);
        }
        text(node.kind.noun().as_bytes());
        match &node.kind {
            Kind::Directory(_) => {
                for (name, child) in tree.entries(id) {
                    text(name);
                    todo.push(child);
                }
            }
            Kind::File(content) => text(&content.len().to_le_bytes()),
            Kind::Symlink(target) => text(target),
            Kind::BlockDevice(device) | Kind::CharDevice(device) => {
                text(&device.major.to_le_bytes());
                text(&device.minor.to_le_bytes());
            }
            Kind::Fifo | Kind::Socket => {}
        }
    }
    Seed::new(&digest.finalize())
}

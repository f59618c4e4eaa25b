//! The default seed of an image's identifiers: what it is made of, without reading a file's content.

use fsgen::guid::Seed;
use fsgen::{Kind, Tree};
use sha2::{Digest as _, Sha256};

use crate::module::Module;
use crate::own::json;
use crate::recipe::Recipe;

/// Returns the seed for a tree that the steps of a recipe have not changed yet.
///
/// The recipe's name, its steps with their options, and of the tree names, owners, modes, times,
/// sizes, link targets, device numbers and attributes count. Two images that differ in just the
/// bytes of a file, and not in its time, share their identifiers, and so do two whose steps have
/// the same options.
pub(crate) fn of(tree: &Tree, recipe: &Recipe) -> Seed {
    let mut digest = Sha256::new();
    let mut text = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    text(recipe.name.as_bytes());
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
    for step in &recipe.steps {
        let options = match &step.module {
            Module::BuiltIn(_) => step.cfg.own_data(),
            // It may read any key, for all that is known.
            Module::Own(_) => step.cfg.to_data(),
        };
        text(step.module.name().as_bytes());
        text(json::of(&options).to_string().as_bytes());
    }
    Seed::new(&digest.finalize())
}

//! What a filesystem will hold: its directories and files, and what they need at any size.

use std::collections::BTreeSet;

use super::fat_type::ClusterSize;
use super::format::ENTRY_SIZE;
use super::{Error, FatType, name, time};
use crate::tree::{Kind, NodeId, Tree};

/// The most entries of a directory: 2 MiB.
const MAX_ENTRIES: u32 = 65_536;
/// The most bytes of a file.
const MAX_FILE: u64 = u32::MAX as u64;

/// A directory.
#[derive(Debug)]
pub(super) struct Directory {
    pub node: NodeId,
    /// Index of the directory that holds it; the root holds itself.
    pub parent: usize,
    /// Whether its content belongs to another filesystem.
    pub is_hidden: bool,
    /// Entries that it needs, for itself and for all its names.
    pub entries: u32,
    /// Index of the first of its directories, which follow one another in the order of names.
    pub first_directory: usize,
    /// Index of the first of its files, which do so, too.
    pub first_file: usize,
}

/// One name of a file. A second name has a copy of its own.
#[derive(Debug)]
pub(super) struct File {
    pub node: NodeId,
    pub bytes: u32,
}

/// All directories and files below one directory of the tree, level by level.
pub(super) struct Inventory {
    /// The root is the first.
    pub directories: Vec<Directory>,
    pub files: Vec<File>,
    pub warnings: Vec<String>,
}

impl Inventory {
    /// Lists what lies below `root`; of `hidden` directories just themselves.
    pub(super) fn new(
        tree: &Tree,
        root: NodeId,
        hidden: &[NodeId],
        has_label: bool,
    ) -> Result<Self, Error> {
        let hidden: BTreeSet<NodeId> = hidden.iter().copied().collect();
        let mut losses = Losses::default();
        let mut inventory = Self {
            directories: vec![Directory::new(root, 0, false)],
            files: Vec::new(),
            warnings: Vec::new(),
        };
        let mut at = 0;
        while at < inventory.directories.len() {
            // A root has a label, all others have `.` and `..`.
            let own = if at == 0 { u32::from(has_label) } else { 2 };
            inventory.enter(tree, at, own, &hidden, &mut losses)?;
            at += 1;
        }
        inventory.warnings = losses.warnings();
        Ok(inventory)
    }

    /// Adds what one directory holds.
    fn enter(
        &mut self,
        tree: &Tree,
        at: usize,
        own: u32,
        hidden: &BTreeSet<NodeId>,
        losses: &mut Losses,
    ) -> Result<(), Error> {
        let Directory {
            node, is_hidden, ..
        } = self.directories[at];
        let directory = Directory {
            entries: own,
            first_directory: self.directories.len(),
            first_file: self.files.len(),
            ..self.directories[at]
        };
        self.directories[at] = directory;
        if is_hidden {
            return Ok(());
        }
        let list: Vec<_> = tree.entries(node).map(|(name, _)| name).collect();
        let stored = name::store(&list).map_err(|refused| {
            let path = path(tree, node, refused.name);
            Error::Entry {
                path,
                what: refused.why,
            }
        })?;
        let names: u64 = stored.iter().map(|name| u64::from(name.entries())).sum();
        let entries = u64::from(own) + names;
        let allowed = u32::try_from(entries)
            .ok()
            .filter(|count| *count <= MAX_ENTRIES);
        self.directories[at].entries = allowed.ok_or_else(|| Error::Entry {
            path: tree.path_of(node).unwrap_or_default(),
            what: format!(
                "the names take {entries} entries, a long one several of them; a directory of FAT \
                 has {MAX_ENTRIES}; spread them over several directories"
            ),
        })?;
        for (name, child) in tree.entries(node) {
            let place = || path(tree, node, name);
            let entry = |what| Error::Entry {
                path: place(),
                what,
            };
            match &tree.node(child).kind {
                Kind::Directory(_) => {
                    self.directories
                        .push(Directory::new(child, at, hidden.contains(&child)));
                }
                Kind::File(content) => self.files.push(File {
                    node: child,
                    bytes: u32::try_from(content.len()).map_err(|_| {
                        let len = content.len();
                        entry(format!(
                            "a file of {len} bytes, FAT allows {MAX_FILE}; split it"
                        ))
                    })?,
                }),
                Kind::Symlink(target) => {
                    let target = target.escape_ascii();
                    return Err(entry(format!(
                        "a symlink to {target}; FAT has none: put a copy of the file there, or \
                         take the link away"
                    )));
                }
                other => {
                    let noun = other.noun();
                    return Err(entry(format!(
                        "a {noun}; FAT holds only files and directories: take it away"
                    )));
                }
            }
            losses.note(tree, child, place);
        }
        Ok(())
    }

    /// Returns how many clusters of this size the content takes.
    pub(super) fn clusters(&self, fat_type: FatType, size: ClusterSize) -> u64 {
        let directories = self.directories.iter().map(|d| d.clusters(size));
        // The root directory of the older types lies before the clusters.
        let skipped = usize::from(fat_type != FatType::Fat32);
        let files = self.files.iter().map(|file| file.clusters(size));
        directories.skip(skipped).chain(files).map(u64::from).sum()
    }

    /// Returns the entries that the root directory needs.
    pub(super) fn root_entries(&self) -> u32 {
        self.directories[0].entries
    }
}

impl Directory {
    fn new(node: NodeId, parent: usize, is_hidden: bool) -> Self {
        Self {
            node,
            parent,
            is_hidden,
            entries: 0,
            first_directory: 0,
            first_file: 0,
        }
    }

    /// Returns how many clusters it takes: one at least.
    pub(super) fn clusters(&self, size: ClusterSize) -> u32 {
        (self.entries * ENTRY_SIZE).div_ceil(size.bytes()).max(1)
    }
}

impl File {
    /// Returns how many clusters it takes: none when it is empty.
    pub(super) fn clusters(&self, size: ClusterSize) -> u32 {
        self.bytes.div_ceil(size.bytes())
    }
}

/// What FAT cannot keep: how often, and the first place.
#[derive(Default)]
struct Losses {
    links: Option<(u64, Vec<u8>)>,
    attributes: Option<(u64, Vec<u8>)>,
    times: Option<(u64, Vec<u8>)>,
}

impl Losses {
    fn note(&mut self, tree: &Tree, id: NodeId, path: impl Fn() -> Vec<u8>) {
        let node = tree.node(id);
        let meta = node.meta;
        let is_directory = tree.is_directory(id);
        let has_usual_mode = meta.mode == 0o755 || (meta.mode == 0o644 && !is_directory);
        let is_usual = meta.uid == 0 && meta.gid == 0 && has_usual_mode && node.xattrs.is_empty();
        for (lost, place) in [
            (!is_directory && tree.links(id) > 1, &mut self.links),
            (!is_usual, &mut self.attributes),
            (!time::is_in_range(meta.mtime), &mut self.times),
        ] {
            if lost {
                place.get_or_insert_with(|| (0, path())).0 += 1;
            }
        }
    }

    fn warnings(self) -> Vec<String> {
        let kinds = [
            (self.links, "FAT has no hard links: each becomes a copy"),
            (
                self.attributes,
                "FAT keeps no owners, modes and attributes: mount options decide",
            ),
            (
                self.times,
                "FAT keeps times of 1980 to 2107: others become the nearest there",
            ),
        ];
        let found = kinds
            .into_iter()
            .filter_map(|(lost, what)| Some((lost?, what)));
        found
            .map(|((count, first), what)| {
                let first = first.escape_ascii();
                match count {
                    1 => format!("{first}: {what}"),
                    _ => format!("{first} and {} more: {what}", count - 1),
                }
            })
            .collect()
    }
}

fn path(tree: &Tree, directory: NodeId, name: &[u8]) -> Vec<u8> {
    let mut path = tree.path_of(directory).unwrap_or_default();
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

//! The tree of directories: who lies in whom, and whether everything can be reached.

use std::collections::{BTreeMap, BTreeSet};

use super::inodes::{Inodes, ROOT};
use super::raw_inode::FileType;
use super::volume::Volume;
use crate::verify::problem::Problems;

/// The most links that an inode can count.
const MAX_LINKS: u32 = 65_000;

/// Directories by what their entries say.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The directory that names a directory.
    containers: BTreeMap<u32, u32>,
    /// What a directory's `..` says.
    parents: BTreeMap<u32, u32>,
}

impl Tree {
    /// Notes that one directory has an entry for another; refuses a second one.
    pub(super) fn add(&mut self, container: u32, directory: u32) -> Result<(), ()> {
        match self.containers.entry(directory) {
            std::collections::btree_map::Entry::Occupied(_) => Err(()),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(container);
                Ok(())
            }
        }
    }

    /// Notes what a directory's `..` says.
    pub(super) fn set_parent(&mut self, directory: u32, parent: u32) {
        self.parents.insert(directory, parent);
    }

    /// Checks that `..` leads back, that every directory is below the root, and all link counts.
    pub(super) fn check(&self, volume: &Volume<'_>, inodes: &mut Inodes, problems: &mut Problems) {
        for (directory, parent) in &self.parents {
            let container = match *directory {
                ROOT => ROOT,
                other => self.containers.get(&other).copied().unwrap_or_default(),
            };
            if container != 0 && container != *parent {
                let place = format_args!("inode {directory}");
                problems.expect(place, "its parent, ..,", *parent, container);
            }
        }
        if inodes
            .find(ROOT)
            .is_none_or(|root| root.kind != Some(FileType::Directory))
        {
            problems.add(format_args!("inode {ROOT}"), "the root is not a directory");
        }
        self.reach(inodes, problems);
        links(volume, inodes, problems);
    }

    /// Reports directories that have a name, but are not below the root: they lie in a circle.
    fn reach(&self, inodes: &Inodes, problems: &mut Problems) {
        let mut reached = BTreeSet::from([ROOT]);
        for used in &inodes.used {
            let mut path = BTreeSet::new();
            let mut at = used.number;
            while !reached.contains(&at) && path.insert(at) {
                match self.containers.get(&at) {
                    Some(container) => at = *container,
                    None => break,
                }
            }
            if path.len() > 1 && path.contains(&at) && self.containers.contains_key(&at) {
                let place = format_args!("inode {}", used.number);
                problems.add(place, "lies in a circle of directories");
            }
            // Each one is looked at once, whatever became of it.
            reached.extend(path);
        }
    }
}

fn links(volume: &Volume<'_>, inodes: &Inodes, problems: &mut Problems) {
    for used in &inodes.used {
        let place = format_args!("inode {}", used.number);
        let is_directory = used.kind == Some(FileType::Directory);
        // A directory's own `.` gives it no place.
        let own = u32::from(is_directory);
        if used.is_nameless {
            problems.expect(place, "number of names", used.names, 0);
            problems.expect(place, "count of links", used.links, 1);
            continue;
        }
        if used.names <= own && used.number != ROOT {
            problems.add(
                place,
                format_args!("is in use ({} links), but has no name", used.links),
            );
            continue;
        }
        // Once there are too many to count, the count is 1 and stays so.
        let is_uncounted = volume.superblock.features.many_subdirectories()
            && is_directory
            && used.links == 1
            && (used.has_index || used.names > MAX_LINKS);
        if u32::from(used.links) != used.names && !is_uncounted {
            problems.expect(place, "count of links", u32::from(used.links), used.names);
        }
    }
}

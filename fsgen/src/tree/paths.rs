//! From nodes to paths that lead to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{NodeId, Tree};

/// For a node, a directory that has a path and the name that it has there.
type Names<'t> = HashMap<NodeId, (NodeId, &'t [u8])>;

impl Tree {
    /// Returns the paths of nodes, but for those that no name leads to, in the time that it takes to
    /// go through the directories that hold them once.
    ///
    /// A node with several names gives one of them.
    pub(super) fn paths_of(&self, ids: &BTreeSet<NodeId>) -> BTreeMap<NodeId, Vec<u8>> {
        let names = self.names_of(ids);
        let mut above = BTreeSet::new();
        for (directory, _) in names.values() {
            let mut at = *directory;
            while at != Self::ROOT && above.insert(at) {
                at = self.parent(at);
            }
        }
        let above = self.names_of(&above);
        let path = |id: NodeId| {
            let mut parts = Vec::new();
            let mut at = id;
            while at != Self::ROOT {
                let (directory, name) = names.get(&at).or_else(|| above.get(&at))?;
                parts.push(*name);
                at = *directory;
            }
            let mut path = Vec::new();
            for name in parts.iter().rev() {
                path.push(b'/');
                path.extend_from_slice(name);
            }
            if path.is_empty() {
                path.push(b'/');
            }
            Some(path)
        };
        ids.iter()
            .filter_map(|id| Some((*id, path(*id)?)))
            .collect()
    }

    /// Finds a directory entry for each node that has one in a directory with a path itself.
    fn names_of(&self, ids: &BTreeSet<NodeId>) -> Names<'_> {
        let mut names = Names::new();
        let mut attached = HashMap::from([(Self::ROOT, true)]);
        let wanted = ids.iter().filter(|id| self.links(**id) > 0);
        let parents: BTreeSet<NodeId> = wanted.clone().map(|id| self.parent(*id)).collect();
        for directory in parents {
            // What a layer that was put back had made is not there any more.
            if directory.index() < self.slots.len() && self.is_attached(directory, &mut attached) {
                for (name, id) in self.entries(directory) {
                    if self.parent(id) == directory && ids.contains(&id) {
                        names.entry(id).or_insert((directory, name));
                    }
                }
            }
        }
        // The newest name of a hard link may have been taken away again, or lie in a directory
        // without a path: look everywhere then.
        let lost = wanted.filter(|id| !names.contains_key(*id) && !self.is_directory(**id));
        let lost: BTreeSet<NodeId> = lost.copied().collect();
        if !lost.is_empty() {
            let all = (0..self.slots.len()).filter_map(|index| self.node_at(index));
            for directory in all.filter(|id| self.is_directory(*id)) {
                if self.is_attached(directory, &mut attached) {
                    for (name, id) in self.entries(directory) {
                        if lost.contains(&id) {
                            names.entry(id).or_insert((directory, name));
                        }
                    }
                }
            }
        }
        names
    }

    /// Returns whether names lead from the root to a directory. `known` are those that were asked
    /// for before.
    fn is_attached(&self, directory: NodeId, known: &mut HashMap<NodeId, bool>) -> bool {
        let mut passed = Vec::new();
        let mut at = directory;
        let is_attached = loop {
            if let Some(known) = known.get(&at) {
                break *known;
            }
            passed.push(at);
            if self.links(at) == 0 {
                break false;
            }
            at = self.parent(at);
        };
        known.extend(passed.into_iter().map(|id| (id, is_attached)));
        is_attached
    }
}

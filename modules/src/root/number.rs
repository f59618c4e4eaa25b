//! Numbers of nodes in place of paths: for what is held open while its names come and go.

use fsgen::NodeId;

use super::Root;

/// What such a path begins with: no name has a NUL byte, so no other path does.
pub(super) const PREFIX: &[u8] = b"\0";

impl Root<'_> {
    /// Returns what stands in place of a path for the node with a [`Stat::number`](super::Stat),
    /// whatever its names are.
    ///
    /// It leads to the node for all that asks for it or changes it, not for what changes names.
    #[must_use]
    pub fn path_of_number(number: u64) -> Vec<u8> {
        [PREFIX, number.to_string().as_bytes()].concat()
    }

    /// Returns the node that such a path leads to, if it is one.
    pub(super) fn numbered(&self, path: &[u8]) -> Option<NodeId> {
        let number = std::str::from_utf8(path.strip_prefix(PREFIX)?).ok()?;
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        self.tree.node_at(index)
    }
}

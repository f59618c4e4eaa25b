//! Work that is taken back if it comes to nothing.

use super::Root;

impl Root<'_> {
    /// Begins something that [`Root::decide`] keeps or takes back.
    pub(crate) fn attempt(&mut self) {
        self.tree.attempt();
    }

    /// Keeps what was done since [`Root::attempt`], or takes it back.
    pub(crate) fn decide(&mut self, is_kept: bool) {
        match is_kept {
            true => self.tree.keep(),
            false => self.tree.rollback(),
        }
    }
}

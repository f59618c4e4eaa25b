//! The inodes that were read last: whoever looks at a file asks for its inode several times in a row.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::inode::Inode;

/// How many are kept at most; a power of two.
const ROOM: usize = 64;

/// Inodes by number, each in the one place that it may have.
pub(super) struct Recent([Mutex<Option<Arc<Inode>>>; ROOM]);

impl Recent {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }

    /// Returns an inode, which is read if it is not there.
    ///
    /// # Errors
    ///
    /// Fails when `read` does.
    pub(super) fn get(
        &self,
        number: u32,
        read: impl FnOnce() -> Result<Inode>,
    ) -> Result<Arc<Inode>> {
        let place = &self.0[number as usize % ROOM];
        // A panic elsewhere leaves it whole.
        let lock = || place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inode) = &*lock()
            && inode.number == number
        {
            return Ok(inode.clone());
        }
        let inode = Arc::new(read()?);
        *lock() = Some(inode.clone());
        Ok(inode)
    }
}

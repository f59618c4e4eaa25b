//! What was read or unpacked lately, by where it is.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes that one cache holds, about.
const BYTES: usize = 4 << 20;
/// It holds at least so many things.
const LEAST: usize = 4;

/// Things of the same size, the one used last first.
pub(crate) struct Cache {
    room: usize,
    held: Mutex<Vec<(u64, Arc<[u8]>)>>,
}

impl Cache {
    /// Returns a cache of things that have `len` bytes each.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            room: (BYTES / len.max(1)).clamp(LEAST, 64),
            held: Mutex::default(),
        }
    }

    /// Returns the thing with a key, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// Fails when `make` does.
    pub(crate) fn get(
        &self,
        key: u64,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<[u8]>> {
        // A panic elsewhere leaves it whole.
        let lock = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = lock();
        if let Some(at) = held.iter().position(|(found, _)| *found == key) {
            held[..=at].rotate_right(1);
            return Ok(held[0].1.clone());
        }
        // Others may go on meanwhile, at the cost of making it twice now and then.
        drop(held);
        let made: Arc<[u8]> = make()?.into();
        let mut held = lock();
        held.truncate(self.room - 1);
        held.insert(0, (key, made.clone()));
        Ok(made)
    }
}

//! How much memory may be taken by what is known of the files of a filesystem.
//!
//! An image of some kilobytes can have paths, names and differences without end. Whoever keeps
//! something for each file takes it from here.

use anyhow::{Result, ensure};

use super::Reader;

/// Bytes of memory, some of them taken.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: u64,
    taken: u64,
}

impl Allowance {
    /// What a set or map takes for something small, in bytes.
    pub(crate) const ENTRY: u64 = 64;

    pub(crate) fn new(most: u64) -> Self {
        Self { most, taken: 0 }
    }

    /// Returns what a reader leaves to those who go through its files.
    pub(crate) fn of(reader: &dyn Reader) -> Self {
        Self::new(reader.metadata_max())
    }

    /// Takes as many bytes more.
    ///
    /// # Errors
    ///
    /// Fails when these are more than there are; then they are taken nevertheless.
    pub(crate) fn take(&mut self, bytes: u64) -> Result<()> {
        self.taken = self.taken.saturating_add(bytes);
        ensure!(
            self.taken <= self.most,
            "what is known of its files takes more than {} bytes of memory; if it should, \
             --max-metadata allows more",
            self.most
        );
        Ok(())
    }

    pub(crate) fn give_back(&mut self, bytes: u64) {
        self.taken = self.taken.saturating_sub(bytes);
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_there_is() {
        let mut allowance = Allowance::new(10);
        for (take, give_back, good, taken) in [
            (10, 0, true, 10),
            (1, 2, false, 9),
            (1, 20, true, 0),
            (u64::MAX, 0, false, u64::MAX),
            (1, u64::MAX, false, 0),
        ] {
            assert_eq!(allowance.take(take).is_ok(), good, "{take}");
            allowance.give_back(give_back);
            assert_eq!(allowance.taken(), taken, "{take} {give_back}");
        }
    }
}

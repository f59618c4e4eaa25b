//! The directories that were gone into: in a damaged image, one may be in itself, or many may have
//! the same names.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use anyhow::{Result, ensure};
use fsgen::tree::Name;

use super::allowance::Allowance;
use super::{FileId, Reader};

/// The longest path of a directory that is gone into, in bytes; 16 times what one system call
/// takes.
pub(crate) const PATH_MAX: usize = 65_536;

/// What is wrong with a directory that was seen before.
const TWICE: &str = "a directory that is in another place, too";

/// Directories, and where their names are.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    directories: HashSet<FileId>,
    /// Ends by start, in bytes of the medium.
    places: BTreeMap<u64, u64>,
}

impl Visited {
    /// Goes into a directory. What is kept of it is taken from the allowance for good.
    ///
    /// # Errors
    ///
    /// Fails when it was gone into before, is too deep, has its names where another one has them,
    /// or cannot be read, and when there is not enough left for it.
    pub(crate) fn enter(
        &mut self,
        reader: &dyn Reader,
        id: FileId,
        path: &[u8],
        allowance: &mut Allowance,
    ) -> Result<()> {
        allowance.take(Allowance::ENTRY)?;
        ensure!(self.directories.insert(id), TWICE);
        ensure!(
            path.len() <= PATH_MAX,
            "its path has {} bytes; directories of more than {PATH_MAX} are not gone into",
            path.len()
        );
        for place in reader.places(id)? {
            allowance.take(Allowance::ENTRY)?;
            self.occupy(place)?;
        }
        Ok(())
    }

    fn occupy(&mut self, place: Range<u64>) -> Result<()> {
        let before = self.places.range(..place.end).next_back();
        ensure!(
            before.is_none_or(|(_, end)| *end <= place.start),
            "its names at byte {} are those of another directory, too",
            place.start
        );
        self.places.insert(place.start, place.end);
        Ok(())
    }
}

/// Returns how many bytes of memory the names of a directory take.
pub(crate) fn names_taken(names: &[(Name, FileId)]) -> u64 {
    names.iter().map(|(name, _)| taken(name)).sum()
}

/// Returns how many bytes of memory a name takes: where it is and whose it is, twice when the list
/// has just grown, and what the allocator adds.
pub(crate) fn taken(name: &[u8]) -> u64 {
    Allowance::ENTRY + name.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_of_two_directories() {
        let mut visited = Visited::default();
        for (start, end, good) in [
            (10, 20, true),
            (20, 30, true),
            (0, 10, true),
            (5, 6, false),
            (29, 31, false),
            (30, 31, true),
            (40, 50, true),
            (35, 60, false),
            (10, 20, false),
        ] {
            let found = visited.occupy(start..end);
            assert_eq!(found.is_ok(), good, "{start}..{end}");
        }
    }
}

//! What is wrong with an image: one line for each problem.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The partition's number; none for the disk itself and for a bare filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<u32>,
    /// Where: `inode 12`, `group 3`, `GPT header`.
    #[serde(rename = "where")]
    pub place: String,
    /// What was found, and what was expected.
    pub what: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.partition {
            write!(f, "partition {number}: ")?;
        }
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// The problems found so far; only the first ones of each partition are kept, all are counted.
#[derive(Debug)]
pub(super) struct Problems {
    partition: Option<u32>,
    kept: Vec<Problem>,
    count: u64,
}

impl Problems {
    /// Most problems of one partition that are told. A hostile image has as many as it likes.
    pub(super) const KEPT: usize = 200;

    /// Starts the list of a partition, or of the disk itself.
    pub(super) fn new(partition: Option<u32>) -> Self {
        Self {
            partition,
            kept: Vec::new(),
            count: 0,
        }
    }

    /// Adds a problem. Nothing is formatted that would not be kept.
    pub(super) fn add(&mut self, place: impl Display, what: impl Display) {
        self.count += 1;
        if self.kept.len() < Self::KEPT {
            self.kept.push(Problem {
                partition: self.partition,
                place: place.to_string(),
                what: what.to_string(),
            });
        }
    }

    /// Adds a problem unless two numbers are the same.
    pub(super) fn expect<T: PartialEq + Display>(
        &mut self,
        place: impl Display,
        name: &str,
        found: T,
        expected: T,
    ) {
        if found != expected {
            self.add(
                place,
                format_args!("{name} is {found}, expected {expected}"),
            );
        }
    }

    /// Adds a problem unless two checksums or other bit patterns are the same.
    pub(super) fn expect_bits(
        &mut self,
        place: impl Display,
        name: &str,
        found: impl Into<u64>,
        expected: impl Into<u64>,
    ) {
        let (found, expected) = (found.into(), expected.into());
        if found != expected {
            self.add(
                place,
                format_args!("{name} is {found:#x}, expected {expected:#x}"),
            );
        }
    }

    /// Returns how many problems there are, kept or not.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Returns the problems that were kept.
    pub(super) fn into_kept(self) -> Vec<Problem> {
        self.kept
    }
}

//! What came of checking an image, for people and for machines.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer};

use super::problem::Problem;
use super::{OVERLAPPING, UNKNOWN};

/// Everything that was checked, and everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The image.
    pub image: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// `gpt`, `mbr` or `none`.
    pub table: &'static str,
    /// The partitions in the order of the table, or the one filesystem of an image without.
    pub partitions: Vec<Checked>,
    /// How many problems there are.
    pub problem_count: u64,
    /// The problems of the disk and of each partition: the first 200 of each, 2,000 of all
    /// partitions.
    pub problems: Vec<Problem>,
}

/// One partition and what it holds.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Its number in the table; 0 when there is none.
    pub number: u32,
    /// First byte in the image.
    pub offset: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// `ext4` (for ext2 and ext3 too), `fat12`, `fat16`, `fat32`, `swap`, `unknown`, or
    /// `overlapping` when it shares sectors with one before it: of these two nothing was checked.
    pub content: &'static str,
    /// What there was to check.
    #[serde(serialize_with = "as_map")]
    pub counts: Vec<Count>,
    /// How many problems it has.
    pub problem_count: u64,
}

/// How many there are of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(
    /// Of what.
    pub &'static str,
    /// How many.
    pub u64,
);

fn as_map<S: Serializer>(counts: &[Count], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|Count(name, number)| (name, number)))
}

impl Verdict {
    /// Returns whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }
}

impl Display for Verdict {
    /// Writes the problems, a line each, and then what was checked.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let told = u64::try_from(self.problems.len()).unwrap_or(u64::MAX);
        if told < self.problem_count {
            writeln!(f, "and {} more problems", self.problem_count - told)?;
        }
        writeln!(
            f,
            "{}: {} bytes, partition table: {}",
            self.image, self.bytes, self.table
        )?;
        for partition in &self.partitions {
            write!(f, "{partition}")?;
        }
        let unknown = |checked: &&Checked| checked.content == UNKNOWN;
        match (
            self.problem_count,
            self.partitions.iter().filter(unknown).count(),
        ) {
            (0, 0) => writeln!(f, "  clean"),
            (0, 1) => writeln!(f, "  clean, but for 1 partition that was not checked"),
            (0, some) => writeln!(
                f,
                "  clean, but for {some} partitions that were not checked"
            ),
            (1, _) => writeln!(f, "  1 problem"),
            (some, _) => writeln!(f, "  {some} problems"),
        }
    }
}

impl Display for Checked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            offset,
            bytes,
            content,
            ..
        } = self;
        write!(f, "  ")?;
        if *number > 0 {
            write!(f, "partition {number}: {bytes} bytes at byte {offset}, ")?;
        }
        match *content {
            UNKNOWN => return writeln!(f, "unknown content: not checked"),
            OVERLAPPING => return writeln!(f, "overlaps one before it: not checked"),
            content => write!(f, "{content}: ")?,
        }
        for (index, Count(name, number)) in self.counts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{number} {name}")?;
        }
        if self.problem_count > 0 {
            write!(f, "; problems: {}", self.problem_count)?;
        }
        writeln!(f)
    }
}

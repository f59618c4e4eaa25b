//! A path that differs.

use serde::Serialize;

use super::field::{Aspect, Field};
use crate::listing::Entry;
use crate::reader::FileId;

/// One path that is not the same in both.
#[derive(Debug, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub(crate) enum Difference {
    /// Only the second has it.
    Added(Entry),
    /// Only the first has it.
    Removed(Entry),
    /// Both have it, but not as it is.
    Changed(Changed),
}

/// A path that both have.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    #[serde(flatten)]
    pub(crate) path: crate::listing::Path,
    /// What it is in the first.
    #[serde(rename = "type")]
    pub(super) noun: &'static str,
    pub(crate) differs: Vec<Field>,
    #[serde(skip)]
    pub(crate) ids: (FileId, FileId),
}

impl Changed {
    /// Returns whether contents differ.
    pub(crate) fn has_content(&self) -> bool {
        let mut aspects = self.differs.iter().map(|field| field.aspect);
        aspects.any(|aspect| aspect == Aspect::Content)
    }
}

impl Difference {
    /// Returns how many bytes of memory this takes.
    pub(super) fn memory(&self) -> u64 {
        let more = match self {
            Difference::Added(entry) | Difference::Removed(entry) => entry.memory(),
            Difference::Changed(changed) => changed.differs.iter().map(Field::memory).sum(),
        };
        // Twice where the list of them has just grown.
        more + (2 * size_of::<Self>() + self.path().len()) as u64
    }

    /// Takes what differs of another one, if both are a change of one path, and returns whether so.
    pub(super) fn take(&mut self, other: &mut Self) -> bool {
        match (self, other) {
            (Difference::Changed(a), Difference::Changed(b)) if a.path == b.path => {
                a.differs.append(&mut b.differs);
                true
            }
            _ => false,
        }
    }

    /// Returns the path of what differs.
    pub(crate) fn path(&self) -> &[u8] {
        match self {
            Difference::Added(entry) | Difference::Removed(entry) => &entry.path.1,
            Difference::Changed(changed) => &changed.path.1,
        }
    }
}

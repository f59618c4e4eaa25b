//! How large a filesystem is to be.

/// How large a filesystem becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// This many bytes, or a little less where the format cannot use the last ones.
    Exact(u64),
    /// What the content needs, and this many bytes free.
    Fit {
        /// Free bytes, rounded up to whole blocks or clusters.
        free: u64,
    },
}

//! Every operation at work and failing.

mod content;
mod names;
mod questions;

/// Calls on the sample, and the result of the last one.
pub(super) type Row = (&'static [&'static str], &'static str);

/// All rows.
pub(super) const ALL: [&[Row]; 3] = [content::ROWS, names::ROWS, questions::ROWS];

//! What the user should know after the build.

use std::fmt;

use crate::value::Span;

/// A warning of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One line, lower case.
    pub message: String,
    /// The option that it is about, where there is one.
    pub span: Option<Span>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

//! What a recipe says about booting.

use modules::value::{Spanned, ValueError};
use serde::Deserialize;

/// The keys of `boot:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Boot {
    /// The kernel that goes beside the image: its version, or its path in the tree.
    pub kernel: Option<Spanned<String>>,
}

impl Boot {
    /// Returns what is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        match &self.kernel {
            Some(kernel) if kernel.value.is_empty() => Err(kernel
                .error("the kernel is empty")
                .help("give its version or its path, or leave it out for the newest one")),
            _ => Ok(()),
        }
    }
}

//! The options of `install_rpms`.

use serde::Deserialize;

use super::script::Policies;
use crate::value::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Package files, folders and patterns.
    #[serde(default)]
    pub(super) rpms: Vec<Spanned<String>>,
    /// Install what lacks something that it requires, or that conflicts.
    #[serde(default)]
    pub(super) nodeps: bool,
    /// Leave documentation out.
    #[serde(default)]
    pub(super) excludedocs: bool,
    /// The languages whose files are put there; all without it.
    pub(super) install_langs: Option<Vec<String>>,
    /// Let packages take files of others.
    #[serde(default)]
    pub(super) replacefiles: bool,
    /// What becomes of scripts.
    #[serde(default)]
    pub(super) scriptlets: Policies,
    /// Replace newer versions by older ones.
    #[serde(default)]
    pub(super) downgrade: bool,
}

//! The options of `install_rpms`.

use serde::Deserialize;

use super::script::Policies;
use crate::value::Spanned;

/// What is asked of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verify {
    /// A wrong one is an error; one that cannot be checked, or is not there, is told of.
    #[default]
    Auto,
    /// Every package has one, by a key that is known.
    Signature,
    /// Nothing.
    None,
}

impl Options {
    /// Returns whether documentation is left out.
    pub(super) fn leaves_docs_out(&self) -> bool {
        self.excludedocs == Some(true)
    }

    /// Returns whether the lists of repositories have to be signed.
    pub(super) fn checks_lists(&self) -> bool {
        self.repo_gpgcheck.as_ref().is_some_and(|asked| asked.value)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Package files, folders and patterns.
    #[serde(default)]
    pub(super) rpms: Vec<Spanned<String>>,
    /// Folders and addresses of repositories.
    #[serde(default)]
    pub(super) repos: Vec<Spanned<String>>,
    /// Install what lacks something that it requires, or that conflicts.
    #[serde(default)]
    pub(super) nodeps: bool,
    /// Files and folders of OpenPGP keys.
    #[serde(default)]
    pub(super) keyring: Vec<Spanned<String>>,
    /// What is asked of signatures.
    pub(super) verify: Option<Spanned<Verify>>,
    /// Whether the lists of repositories have to be signed.
    pub(super) repo_gpgcheck: Option<Spanned<bool>>,
    /// Leave documentation out; what the image's rpm is set to without it.
    pub(super) excludedocs: Option<bool>,
    /// The languages whose files are put there; without it those that the image's rpm is set to, or
    /// all.
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

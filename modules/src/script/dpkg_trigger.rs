//! `dpkg-trigger`: calls those packages that are interested in a name.

use crate::{Root, RootError};

/// Where dpkg notes calls until it has looked who is interested: a name, and who waits.
pub(crate) const CALLS: &str = "/var/lib/dpkg/triggers/Unincorp";

/// What stands for nobody who waits.
pub(crate) const NOBODY: &str = "-";

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DpkgTrigger {
    name: String,
    /// Who waits, if that is not the script's package.
    by: Option<String>,
    waits: bool,
}

impl DpkgTrigger {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let mut call = Self {
            name: String::new(),
            by: None,
            waits: true,
        };
        for word in words {
            match *word {
                "--no-await" => call.waits = false,
                "--await" => call.waits = true,
                word if word.starts_with("--by-package=") => {
                    call.by = word.split_once('=').map(|(_, by)| by.to_owned());
                }
                name if call.name.is_empty() && !name.starts_with('-') => {
                    name.clone_into(&mut call.name);
                }
                _ => return None,
            }
        }
        let is_sound = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        let is_known = is_sound(&call.name) && call.by.as_deref().is_none_or(is_sound);
        is_known.then_some(call)
    }

    /// Notes the call of a package's script.
    pub(super) fn run(&self, root: &mut Root<'_>, package: &str) -> Result<(), RootError> {
        let text = root.read_if_exists(CALLS)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let by = match self.waits {
            true => self.by.as_deref().unwrap_or(package),
            false => NOBODY,
        };
        root.mkdir_above(CALLS)?;
        root.write(CALLS, format!("{text}{} {by}\n", self.name))
    }
}

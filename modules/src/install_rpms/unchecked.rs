//! What there is of signatures in a build without the feature `rpm-verify`: they are not looked at,
//! and asking for it is an error.

use super::candidate::Candidate;
use super::options::{Options, Verify};
use super::store::Installed;
use crate::value::ValueError;
use crate::{Error, Host, Root};

/// Refuses options that would not hold.
pub(super) fn read(options: &Options, _: &dyn Host) -> Result<(), ValueError> {
    const MESSAGE: &str =
        "this hsb was built without the feature rpm-verify: it checks no signature";
    if let Some(key) = options.keyring.first() {
        return Err(key.error(MESSAGE));
    }
    if let Some(asked) = options.repo_gpgcheck.as_ref().filter(|asked| asked.value) {
        return Err(asked.error(MESSAGE));
    }
    match &options.verify {
        Some(verify) if verify.value == Verify::Signature => Err(verify.error(MESSAGE)),
        _ => Ok(()),
    }
}

/// Looks at nothing.
pub(super) fn check(
    _: &mut Root<'_>,
    _: &Options,
    _: &[Candidate],
    _: &[Installed],
) -> Result<(), Error> {
    Ok(())
}

/// What lists of repositories are checked with, which is nothing.
pub(super) struct Lists;

impl Lists {
    pub(super) fn read(_: &Root<'_>, _: &Options, _: &[Installed]) -> Result<Option<Self>, Error> {
        Ok(None)
    }

    pub(super) fn check(&self, _: &[u8], _: &[u8]) -> Result<String, String> {
        Ok(String::new())
    }
}

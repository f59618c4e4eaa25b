//! What `update-ca-trust` makes in the distributions around Fedora: bundles of the authorities that
//! are trusted, in every form that programs ask for, of the files that say which these are.
//!
//! The real program runs p11-kit's `trust extract` several times. What that makes depends on the
//! files alone, but for the order, in which it lists folders: here it is that of their names. All
//! that p11-kit is not known to take in just one way is refused, and then nothing is made.
//!
//! - `program` says which bundles the image's own program makes
//! - `source` reads folders: `persist` files of p11-kit's own form, `pem` those of PEM; `object` is
//!   what is in them, `certificate`, `name`, `extension`, `oid` and `auxiliary` their parts in DER;
//!   `dictionary` is the order of p11-kit's tables
//! - `store` says which certificates a bundle for a `purpose` has; `bundle`, `java`, `edk2`, `folder` write one each

mod auxiliary;
mod bundle;
mod certificate;
mod dictionary;
mod edk2;
mod extension;
mod folder;
mod java;
mod legacy;
mod name;
mod object;
mod oid;
mod pem;
mod persist;
mod program;
mod purpose;
mod settings;
mod source;
mod store;

use crate::{Root, RootError};
pub(crate) use legacy::install as install_legacy;
use program::{Bundle, Program};
use store::Store;

/// Where the bundles are.
const EXTRACTED: &str = "/etc/pki/ca-trust/extracted";

/// Where p11-kit looks for certificates, what comes first counts first.
const SOURCES: [&str; 2] = ["/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source"];

/// Why nothing is made.
#[derive(Debug)]
pub(crate) enum Stop {
    Root(RootError),
    /// Something is not understood, or in the way.
    Unknown(String),
}

impl From<RootError> for Stop {
    fn from(error: RootError) -> Self {
        match error.is_of_build() {
            true => Self::Root(error),
            false => Self::Unknown(error.to_string()),
        }
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Unknown(why)
    }
}

/// Makes all bundles anew. Where that is refused, some may have been made.
pub(crate) fn update(root: &mut Root<'_>) -> Result<(), Stop> {
    let program = Program::read(root)?;
    settings::check(root)?;
    let store = Store::read(root)?;
    if program.has_links_elsewhere {
        folder::clear_links(root)?;
    }
    for bundle in &program.bundles {
        let path = format!("{EXTRACTED}/{}", bundle.path());
        let content = match bundle {
            Bundle::OpenSsl => bundle::trusted(&store)?,
            Bundle::Pem(purpose, _) => bundle::plain(&store.anchors(*purpose)?),
            Bundle::Java(purpose) => {
                let time = program.time.unwrap_or(root.time().secs);
                java::keystore(&store.anchors(*purpose)?, time)?
            }
            Bundle::Edk2(purpose) => edk2::list(&store.anchors(*purpose)?)?,
            Bundle::Folder(purpose) => {
                folder::write(root, &path, &store.anchors(*purpose)?)?;
                continue;
            }
        };
        folder::replace(root, &path, content)?;
    }
    for name in &program.links {
        let path = format!("{EXTRACTED}/{}/{name}", folder::PATH);
        root.symlink("../tls-ca-bundle.pem", path, false)?;
    }
    if program.has_links_elsewhere {
        folder::link_elsewhere(root)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

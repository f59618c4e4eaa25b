//! The image's own `update-ca-trust`: which bundles it makes.
//!
//! It is a script, of which there are several: old ones make no directory by hash, some put two
//! links there, new ones put links to `/etc/pki/tls/certs` instead. So it is followed, line by line,
//! as it runs when packages call it; one line of any other kind is one too many.

mod run;

use super::purpose::Purpose;
use super::{Stop, folder};
use crate::{Root, RootError};
use run::Run;

/// Where the program is.
const PATHS: [&str; 2] = ["/usr/bin/update-ca-trust", "/usr/sbin/update-ca-trust"];

/// A bundle that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bundle {
    /// All certificates, with what they are trusted for.
    OpenSsl,
    Pem(Purpose, &'static str),
    Java(Purpose),
    Edk2(Purpose),
    /// One file for each certificate, with links by hash.
    Folder(Purpose),
}

/// All that are known: what the image's program says for each.
const BUNDLES: [(&str, Bundle); 7] = [
    (
        "openssl-bundle --filter=certificates --overwrite --comment",
        Bundle::OpenSsl,
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose server-auth",
        Bundle::Pem(Purpose::Server, "pem/tls-ca-bundle.pem"),
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose email",
        Bundle::Pem(Purpose::Email, "pem/email-ca-bundle.pem"),
    ),
    (
        "pem-bundle --filter=ca-anchors --overwrite --comment --purpose code-signing",
        Bundle::Pem(Purpose::Code, "pem/objsign-ca-bundle.pem"),
    ),
    (
        "java-cacerts --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Java(Purpose::Server),
    ),
    (
        "edk2-cacerts --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Edk2(Purpose::Server),
    ),
    (
        "pem-directory-hash --filter=ca-anchors --overwrite --purpose server-auth",
        Bundle::Folder(Purpose::Server),
    ),
];

impl Bundle {
    /// Returns where it is, from the folder of all bundles.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl/ca-bundle.trust.crt",
            Self::Pem(_, path) => path,
            Self::Java(_) => "java/cacerts",
            Self::Edk2(_) => "edk2/cacerts.bin",
            Self::Folder(_) => folder::PATH,
        }
    }
}

/// What the program does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) bundles: Vec<Bundle>,
    /// Links to the bundle for TLS that it puts into the directory by hash.
    pub(super) links: Vec<String>,
    /// Whether it puts links by hash to `/etc/pki/tls/certs`, too.
    pub(super) has_links_elsewhere: bool,
    /// The seconds since 1970 that its bundles are dated by, if it says that.
    pub(super) time: Option<i64>,
}

impl Program {
    pub(super) fn read(root: &Root<'_>) -> Result<Self, Stop> {
        let path = PATHS.into_iter().find(|path| root.is_file(path));
        let path = path.ok_or_else(|| format!("there is no {}", PATHS[0]))?;
        match root.read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text).map_err(|line| {
                format!("{path} is none of those that are known, by its line {line:?}")
            })?),
            Err(RootError::NotText { .. }) => Err(format!("{path} is no script").into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads its text; fails with the first line that is not known.
    fn parse(text: &str) -> Result<Self, String> {
        let lines = run::lines(text)?;
        let mut run = Run::default();
        run.all(&lines)?;
        // Links are put where those of an earlier call were taken away.
        match run.program.bundles.is_empty() || run.program.has_links_elsewhere != run.is_cleared {
            true => Err(text.lines().next().unwrap_or_default().to_owned()),
            false => Ok(run.program),
        }
    }
}

#[cfg(test)]
mod tests;

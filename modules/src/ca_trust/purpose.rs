//! What certificates are trusted for.

use super::oid::dotted;
use crate::ca_certificates::der::{Elements, OBJECT};

/// How many purposes a list may have.
const MOST: usize = 1000;

/// What a certificate is to be trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Server,
    Email,
    Code,
}

/// The identifiers of all purposes that p11-kit knows, 1.3.6.1.5.5.7.3.1 to 8,
/// in its order: servers, clients, code, e-mail, three of IPsec, and stamps of time.
pub(super) const KNOWN_PURPOSES: [&[u8]; 8] = [
    &[0x2b, 6, 1, 5, 5, 7, 3, 1],
    &[0x2b, 6, 1, 5, 5, 7, 3, 2],
    &[0x2b, 6, 1, 5, 5, 7, 3, 3],
    &[0x2b, 6, 1, 5, 5, 7, 3, 4],
    &[0x2b, 6, 1, 5, 5, 7, 3, 5],
    &[0x2b, 6, 1, 5, 5, 7, 3, 6],
    &[0x2b, 6, 1, 5, 5, 7, 3, 7],
    &[0x2b, 6, 1, 5, 5, 7, 3, 8],
];

impl Purpose {
    /// Returns its object identifier.
    pub(super) fn oid(self) -> &'static [u8] {
        match self {
            Self::Server => KNOWN_PURPOSES[0],
            Self::Code => KNOWN_PURPOSES[2],
            Self::Email => KNOWN_PURPOSES[3],
        }
    }
}

/// Reads a list of purposes, of which there are not too many.
pub(super) fn list(content: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Elements(content);
    let mut purposes = Vec::new();
    while !list.is_empty() {
        let purpose = list.one(OBJECT)?;
        dotted(purpose)?;
        purposes.push(purpose.to_vec());
    }
    (purposes.len() <= MOST).then_some(purposes)
}

//! What certificates are trusted for.

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

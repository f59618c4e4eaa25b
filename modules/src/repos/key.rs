//! Public keys of OpenPGP, armored or as bytes.

use crate::Host;
use crate::given::{self, Given};
use crate::value::ValueError;

const ARMOR: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Armored,
    Bytes,
}

/// Returns the form of a key, if it is one: RFC 4880, sections 4.2 and 6.2.
pub(super) fn form(key: &[u8]) -> Option<Form> {
    let start = key.trim_ascii_start();
    if start.starts_with(ARMOR) {
        return Some(Form::Armored);
    }
    // A packet of the type 6, in the old or the new format.
    match key.first() {
        Some(0x98..=0x9b | 0xc6) => Some(Form::Bytes),
        _ => None,
    }
}

pub(super) fn check(key: &Given, host: &dyn Host) -> Result<Form, ValueError> {
    form(&given::load(key, host)?).ok_or_else(|| {
        let error = key.error("this is no public key of OpenPGP");
        error.help("it starts with `-----BEGIN PGP PUBLIC KEY BLOCK-----`, or is what gpg exports")
    })
}

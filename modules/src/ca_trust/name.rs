//! The name of whom a certificate is for, as p11-kit reads it.

use md5::{Digest as _, Md5};

use super::oid::dotted;
use crate::ca_certificates::der::{BMP, Elements, OBJECT, SEQUENCE, SET, UNIVERSAL, UTF8};
use crate::ca_certificates::subject;

/// Parts that can be a label, the best first: 2.5.4.3, 2.5.4.11 and 2.5.4.10.
const LABELS: [[u8; 3]; 3] = [[0x55, 4, 3], [0x55, 4, 11], [0x55, 4, 10]];

/// Numbers, signs of several alphabets, and of ASCII.
const TEXTS: [u8; 5] = [UTF8, 0x12, 0x13, 0x14, 0x16];

/// What a name is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// How the certificate is called that is given no label.
    pub(super) label: Option<String>,
    /// By what OpenSSL looks for it: the hash of today, if p11-kit can read all texts, and that of
    /// before 1.0.
    pub(super) hashes: Vec<u32>,
}

impl Name {
    /// Reads one as it stands; nothing where p11-kit would leave odd signs.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let name = Elements(der).inside(SEQUENCE)?;
        let mut labels = [const { None }; LABELS.len()];
        let mut parts = name;
        while !parts.is_empty() {
            let mut part = parts.inside(SET).filter(|part| !part.is_empty())?;
            while !part.is_empty() {
                let mut pair = part.inside(SEQUENCE)?;
                let kind = pair.one(OBJECT)?;
                let value = pair.any()?;
                let is_odd_pair = |two: &[u8]| (0xd8..0xe0).contains(&two[0]) || two == [0; 2];
                let is_odd = match value.tag {
                    BMP | UNIVERSAL if value.content.is_empty() => true,
                    BMP => value.content.chunks(2).any(is_odd_pair),
                    UNIVERSAL => value.content.chunks(4).any(|four| four == [0; 4]),
                    _ => TEXTS.contains(&value.tag) && value.content.contains(&0),
                };
                if is_odd || dotted(kind).is_none() {
                    return None;
                }
                if let Some(place) = LABELS.iter().position(|label| label == kind) {
                    // The first counts, even if it is damaged.
                    labels[place].get_or_insert(text(value.tag, value.content).flatten());
                }
            }
        }
        let digest = Md5::digest(der);
        let old = u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]);
        Some(Self {
            label: labels.into_iter().flatten().flatten().next(),
            hashes: subject::hash_as(name, text)
                .into_iter()
                .chain([old])
                .collect(),
        })
    }
}

/// Returns the text of a value that is one; nothing at all for a text that is damaged.
fn text(tag: u8, bytes: &[u8]) -> Option<Option<String>> {
    let text = match tag {
        tag if TEXTS.contains(&tag) => std::str::from_utf8(bytes).ok()?.to_owned(),
        BMP | UNIVERSAL => subject::wide(tag, bytes)?,
        _ => return Some(None),
    };
    Some(Some(text))
}

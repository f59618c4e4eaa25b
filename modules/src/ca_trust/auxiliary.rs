//! What OpenSSL puts behind a certificate to say what it is trusted for (its `X509_CERT_AUX`).

use std::collections::HashMap;

use super::oid::dotted;
use super::{dictionary, purpose};
use crate::ca_certificates::der::{Elements, OBJECT, OCTET_STRING, SEQUENCE, UTF8, tagged};

const REJECTED: u8 = 0xa0;
const OTHER: u8 = 0xa1;

/// All of it; purposes are object identifiers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Auxiliary {
    pub(super) trusts: Option<Vec<Vec<u8>>>,
    pub(super) rejects: Option<Vec<Vec<u8>>>,
    pub(super) alias: Option<Vec<u8>>,
    /// The identifier of the key.
    pub(super) key_id: Option<Vec<u8>>,
}

impl Auxiliary {
    /// Reads one with nothing behind it; its `key_id` is the element as it stands.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut all = Elements(der);
        let mut one = all.inside(SEQUENCE)?;
        all.end()?;
        let trusts = one.maybe(SEQUENCE)?.map(purpose::list);
        let rejects = one.maybe(REJECTED)?.map(purpose::list);
        let alias = one.maybe(UTF8)?.map(<[u8]>::to_vec);
        if let Some(alias) = &alias {
            // p11-kit ends there, or fails.
            (!alias.is_empty() && !alias.contains(&0)).then_some(())?;
        }
        let key_id = match one.0.first() {
            Some(&OCTET_STRING) => Some(one.whole(OCTET_STRING)?.to_vec()),
            _ => None,
        };
        one.maybe(OTHER)?;
        one.end()?;
        let known = |purposes: Option<Option<_>>| match purposes {
            Some(None) => None,
            purposes => Some(purposes.flatten()),
        };
        Some(Self {
            trusts: known(trusts)?,
            rejects: known(rejects)?,
            alias,
            key_id,
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let list = |tag, purposes: &[Vec<u8>]| {
            let all = purposes.iter().map(|purpose| tagged(OBJECT, purpose));
            tagged(tag, &all.collect::<Vec<_>>().concat())
        };
        let mut inside = Vec::new();
        if let Some(trusts) = &self.trusts {
            inside.extend(list(SEQUENCE, trusts));
        }
        if let Some(rejects) = &self.rejects {
            inside.extend(list(REJECTED, rejects));
        }
        if let Some(alias) = &self.alias {
            inside.extend(tagged(UTF8, alias));
        }
        if let Some(key_id) = &self.key_id {
            inside.extend(tagged(OCTET_STRING, key_id));
        }
        tagged(SEQUENCE, &inside)
    }
}

/// Returns purposes in the order that p11-kit gives them, each once; nothing if there is a number
/// in one that is beyond all that are used.
pub(super) fn ordered(purposes: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let texts: Vec<String> = purposes
        .iter()
        .map(|oid| dotted(oid))
        .collect::<Option<_>>()?;
    let mut by_text: HashMap<_, _> = texts.iter().cloned().zip(purposes).collect();
    let ordered = dictionary::ordered(texts);
    let found = ordered.iter().filter_map(|text| by_text.remove(text));
    Some(found.cloned().collect())
}

//! All certificates of the sources, and which of them belong into a bundle (p11-kit's `enumerate.c`).

use std::collections::{HashMap, HashSet};

use super::certificate::Certificate;
use super::extension::{ANY_PURPOSE, CONSTRAINTS, Extension, PURPOSES};
use super::object::{Entry, Object};
use super::purpose::Purpose;
use super::source::Source;
use super::{SOURCES, Stop};
use crate::Root;

/// What is known of keys and certificates.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// One for each source, the first that counts first.
    tokens: Vec<Token>,
    /// The keys of certificates that are distrusted.
    blocked_keys: HashSet<Vec<u8>>,
    /// The issuers and serial numbers of these.
    blocked_serials: HashSet<(Vec<u8>, Vec<u8>)>,
}

/// A source.
#[derive(Debug, Default)]
struct Token {
    entries: Vec<Entry>,
    /// Extensions by key and kind; the first counts.
    attached: HashMap<(Vec<u8>, Vec<u8>), Extension>,
}

/// A certificate that belongs into a bundle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'s> {
    token: &'s Token,
    pub(super) entry: &'s Entry,
    pub(super) certificate: &'s Certificate,
}

impl Store {
    pub(super) fn read(root: &Root<'_>) -> Result<Self, Stop> {
        let mut store = Self::default();
        for path in SOURCES {
            let mut token = Token::default();
            for object in Source::read(root, path)?.objects {
                match object {
                    Object::Certificate(entry) => {
                        store.note(&entry);
                        token.entries.push(*entry);
                    }
                    Object::Extension(key, extension) => {
                        let place = (key, extension.kind.clone());
                        token.attached.entry(place).or_insert(extension);
                    }
                }
            }
            store.tokens.push(token);
        }
        Ok(store)
    }

    /// Notes what a certificate takes trust from.
    fn note(&mut self, entry: &Entry) {
        if entry.is_distrusted != Some(true) {
            return;
        }
        self.blocked_keys.extend(entry.key.clone());
        if let (Some(issuer), Some(serial)) = (&entry.issuer, &entry.serial) {
            let pair = (issuer.clone(), serial.clone());
            self.blocked_serials.insert(pair);
        }
    }

    fn found(&self) -> impl Iterator<Item = Found<'_>> {
        self.tokens.iter().flat_map(|token| {
            let entries = token.entries.iter();
            entries.filter_map(move |entry| {
                let certificate = entry.certificate.as_ref()?;
                Some(Found {
                    token,
                    entry,
                    certificate,
                })
            })
        })
    }

    /// Returns all certificates, each once.
    pub(super) fn certificates(&self) -> Vec<Found<'_>> {
        let mut seen = HashSet::new();
        let found = self.found();
        found
            .filter(|found| seen.insert(&found.certificate.der))
            .collect()
    }

    /// Returns the authorities that are trusted for a purpose, each once.
    pub(super) fn anchors(&self, purpose: Purpose) -> Result<Vec<Found<'_>>, Stop> {
        let (mut anchors, mut seen) = (Vec::new(), HashSet::new());
        for found in self.found() {
            let certificate = found.certificate;
            let is_anchor = found.is_authority()? && self.is_trusted(found);
            if !is_anchor || !seen.insert(&certificate.der) {
                continue;
            }
            let is_for = match found.purposes()? {
                None => true,
                Some(purposes) => {
                    let is_any = purposes.iter().any(|oid| oid == ANY_PURPOSE);
                    let is_named = purposes.iter().any(|oid| oid == purpose.oid());
                    if is_any && !is_named {
                        let label = String::from_utf8_lossy(found.label());
                        let why = "some versions of p11-kit take for none";
                        return Err(format!("{label} is for any purpose, which {why}").into());
                    }
                    is_named
                }
            };
            if is_for {
                anchors.push(found);
            }
        }
        Ok(anchors)
    }

    fn is_trusted(&self, found: Found<'_>) -> bool {
        let certificate = found.certificate;
        let pair = (certificate.issuer.clone(), certificate.serial.clone());
        let is_blocked =
            self.blocked_keys.contains(&certificate.key) || self.blocked_serials.contains(&pair);
        !is_blocked && found.entry.is_trusted == Some(true)
    }
}

impl<'s> Found<'s> {
    /// Returns how it is called.
    pub(super) fn label(&self) -> &'s [u8] {
        self.entry.label().unwrap_or(b"certificate")
    }

    /// Returns the extension that is attached to its key.
    pub(super) fn attached(&self, kind: &[u8]) -> Option<&'s Extension> {
        let place = (self.certificate.key.clone(), kind.to_vec());
        self.token.attached.get(&place)
    }

    /// Returns the purposes that an attached extension lists.
    pub(super) fn listed(&self, kind: &[u8]) -> Result<Option<Vec<Vec<u8>>>, Stop> {
        let Some(extension) = self.attached(kind) else {
            return Ok(None);
        };
        let purposes = extension.purposes();
        Ok(Some(purposes.ok_or_else(|| self.damaged())?))
    }

    /// Returns what it may be used for, if that is limited.
    fn purposes(&self) -> Result<Option<Vec<Vec<u8>>>, Stop> {
        let attached = self.listed(PURPOSES)?;
        Ok(attached.or_else(|| self.certificate.purposes.clone()))
    }

    fn is_authority(&self) -> Result<bool, Stop> {
        let attached = self.attached(CONSTRAINTS);
        match (attached, self.entry.is_authority) {
            (Some(_), Some(_)) => Err(self.damaged()),
            (Some(extension), None) => extension.is_authority().ok_or_else(|| self.damaged()),
            (None, said) => Ok(said.unwrap_or(self.certificate.is_authority)),
        }
    }

    fn damaged(&self) -> Stop {
        let label = String::from_utf8_lossy(self.label());
        format!("an extension of {label} is not understood").into()
    }
}

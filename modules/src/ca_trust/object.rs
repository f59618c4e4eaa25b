//! What a file of the sources is about: certificates, and extensions that are attached to keys.

use std::collections::HashSet;

use super::auxiliary::{self, Auxiliary};
use super::certificate::Certificate;
use super::extension::{Extension, KEY_ID, PURPOSES, REJECTS};
use crate::ca_certificates::der::{Elements, OBJECT, SEQUENCE, tagged};

/// One thing of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Object {
    Certificate(Box<Entry>),
    /// An extension of whatever certificate has that key.
    Extension(Vec<u8>, Extension),
}

/// A certificate, or what there is of one that is distrusted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) certificate: Option<Certificate>,
    pub(super) issuer: Option<Vec<u8>>,
    pub(super) serial: Option<Vec<u8>>,
    pub(super) key: Option<Vec<u8>>,
    /// How the file calls it; empty if it does not, or by nothing.
    pub(super) label: Option<Vec<u8>>,
    pub(super) is_trusted: Option<bool>,
    pub(super) is_distrusted: Option<bool>,
    /// Whether the file says that it is an authority.
    pub(super) is_authority: Option<bool>,
}

impl Entry {
    pub(super) fn of(certificate: Certificate) -> Self {
        Self {
            issuer: Some(certificate.issuer.clone()),
            serial: Some(certificate.serial.clone()),
            key: Some(certificate.key.clone()),
            certificate: Some(certificate),
            ..Self::default()
        }
    }

    /// Returns how it is called, if at all: as the file says, or by its own name.
    pub(super) fn label(&self) -> Option<&[u8]> {
        let own = || Some(self.certificate.as_ref()?.name.label.as_ref()?.as_bytes());
        let label = self.label.as_deref().or_else(own);
        label.filter(|label| !label.is_empty())
    }
}

/// Reads what OpenSSL calls a trusted certificate: one with its auxiliary data behind it, which
/// becomes extensions.
pub(super) fn of_openssl(der: &[u8]) -> Option<Vec<Object>> {
    let mut all = Elements(der);
    let certificate = Certificate::read(all.whole(SEQUENCE)?)?;
    let key = certificate.key.clone();
    let mut entry = Entry::of(certificate);
    let mut objects = Vec::new();
    if !all.is_empty() {
        let auxiliary = Auxiliary::read(all.0)?;
        let rejects = auxiliary::ordered(&auxiliary.rejects.unwrap_or_default())?;
        let mut trusts = auxiliary.trusts.unwrap_or_default();
        let rejected: HashSet<_> = rejects.iter().collect();
        trusts.retain(|purpose| !rejected.contains(purpose));
        let trusts = auxiliary::ordered(&trusts)?;
        entry.is_trusted = Some(!trusts.is_empty());
        entry.is_distrusted = Some(trusts.is_empty());
        entry.label = auxiliary.alias;
        let list = |purposes: &[Vec<u8>]| {
            let purposes = purposes.iter().map(|purpose| tagged(OBJECT, purpose));
            tagged(SEQUENCE, &purposes.collect::<Vec<_>>().concat())
        };
        let mut attached = vec![(PURPOSES, list(&trusts))];
        if !rejects.is_empty() {
            attached.push((REJECTS, list(&rejects)));
        }
        attached.extend(auxiliary.key_id.map(|key_id| (KEY_ID, key_id)));
        objects.extend(attached.into_iter().map(|(kind, value)| {
            let kind = kind.to_vec();
            Object::Extension(key.clone(), Extension { kind, value })
        }));
    }
    objects.push(Object::Certificate(Box::new(entry)));
    Some(objects)
}

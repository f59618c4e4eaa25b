//! A certificate: the parts of it that p11-kit looks at.

use std::collections::HashSet;

use super::extension::{Extension, PURPOSES};
use super::name::Name;
use crate::ca_certificates::content::Content;
use crate::ca_certificates::der::{Elements, INTEGER, SEQUENCE};

/// One that is understood whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    /// Elements as they stand.
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) name: Name,
    /// Whether it says that it may sign others.
    pub(super) is_authority: bool,
    /// What it may be used for, as it says itself.
    pub(super) purposes: Option<Vec<Vec<u8>>>,
}

impl Certificate {
    /// Reads a certificate with nothing behind it; nothing where p11-kit takes it for another.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let content = Content::read(der)?;
        let mut at = Elements(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
        let version = at.maybe(0xa0)?;
        let serial = at.whole(INTEGER)?;
        at.one(SEQUENCE)?;
        let issuer = at.whole(SEQUENCE)?;
        let mut validity = at.inside(SEQUENCE)?;
        for _ in 0..2 {
            is_time(validity.any()?.content).then_some(())?;
        }
        let subject = at.whole(SEQUENCE)?;
        let key = at.whole(SEQUENCE)?;
        for tag in [0x81, 0x82] {
            at.maybe(tag)?;
        }
        let (mut purposes, mut kinds) = (None, HashSet::new());
        let extensions = at.maybe(0xa3)?;
        match version {
            Some([INTEGER, 1, 2]) => {}
            None | Some([INTEGER, 1, 1]) if extensions.is_none() => {}
            _ => return None,
        }
        if let Some(extensions) = extensions {
            let mut list = Elements(extensions).inside(SEQUENCE)?;
            while !list.is_empty() {
                let extension = Extension::read(list.whole(SEQUENCE)?)?;
                if extension.kind == PURPOSES {
                    purposes = Some(extension.purposes()?);
                }
                // Of two, some programs take the first, and some the last.
                kinds.insert(extension.kind).then_some(())?;
            }
        }
        Some(Self {
            der: der.to_vec(),
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            key: key.to_vec(),
            name: Name::read(subject)?,
            is_authority: content.is_authority,
            purposes,
        })
    }
}

/// Returns whether a time is `261125141834Z`, or that with four digits for the year.
fn is_time(text: &[u8]) -> bool {
    let [digits @ .., b'Z'] = text else {
        return false;
    };
    matches!(digits.len(), 12 | 14) && digits.iter().all(u8::is_ascii_digit)
}

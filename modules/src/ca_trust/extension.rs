//! Extensions of certificates: those inside of them, and those that are attached to their keys.

use super::oid::dotted;
use super::purpose;
use crate::ca_certificates::der::{BOOLEAN, Elements, INTEGER, OBJECT, OCTET_STRING, SEQUENCE};

/// 2.5.29.14, 2.5.29.19 and 2.5.29.37: the identifier of a key, who may sign, and what for.
pub(super) const KEY_ID: &[u8] = &[0x55, 0x1d, 14];
pub(super) const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(super) const PURPOSES: &[u8] = &[0x55, 0x1d, 37];

/// p11-kit's own: what a certificate may not be used for.
pub(super) const REJECTS: &[u8] = &[0x2b, 6, 1, 4, 1, 0x99, 0x77, 6, 10, 1];

/// Stands in p11-kit's lists of purposes where there are none.
const NO_PURPOSE: &[u8] = &[0x2b, 6, 1, 4, 1, 0x99, 0x77, 6, 10, 16];

/// 2.5.29.37.0: for anything.
pub(super) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extension {
    /// The object identifier that says what it is.
    pub(super) kind: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Extension {
    /// Reads one with nothing behind it.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut all = Elements(der);
        let mut one = all.inside(SEQUENCE)?;
        all.end()?;
        let kind = one.one(OBJECT)?;
        dotted(kind)?;
        one.maybe(BOOLEAN)?;
        let value = one.one(OCTET_STRING)?;
        one.end()?;
        Some(Self {
            kind: kind.to_vec(),
            value: value.to_vec(),
        })
    }

    /// Returns the purposes that it lists.
    pub(super) fn purposes(&self) -> Option<Vec<Vec<u8>>> {
        let mut all = Elements(&self.value);
        let list = all.one(SEQUENCE)?;
        all.end()?;
        let mut purposes = purpose::list(list)?;
        purposes.retain(|purpose| purpose != NO_PURPOSE);
        Some(purposes)
    }

    /// Returns whether its bearer may sign others.
    pub(super) fn is_authority(&self) -> Option<bool> {
        let mut all = Elements(&self.value);
        let mut constraints = all.inside(SEQUENCE)?;
        all.end()?;
        let flag = constraints.maybe(BOOLEAN)?;
        constraints.maybe(INTEGER)?;
        constraints.end()?;
        Some(flag.is_some_and(|flag| flag != [0]))
    }
}

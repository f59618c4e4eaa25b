//! What a certificate says of itself.
//!
//! The layout is that of RFC 5280, section 4.1.

use super::der::{
    BIT_STRING, BOOLEAN, Elements, INTEGER, OBJECT, OCTET_STRING, SEQUENCE, TIME, UTC_TIME,
};
use super::subject;

/// The object identifier 2.5.29.19, of basicConstraints.
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 0x13];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// OpenSSL's hash of its subject.
    pub(crate) hash: u32,
    /// Whether it may sign others.
    pub(crate) is_authority: bool,
    /// The year, month and day of its end, if it says that in the usual way.
    pub(crate) end: Option<(i64, i64, i64)>,
}

impl Content {
    /// Reads a certificate as a whole, with nothing behind it.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let mut all = Elements(der);
        let mut whole = all.inside(SEQUENCE)?;
        all.end()?;
        let signed = whole.inside(SEQUENCE)?;
        algorithm(&mut whole)?;
        whole.one(BIT_STRING)?;
        whole.end()?;
        Self::signed(signed)
    }

    fn signed(mut at: Elements<'_>) -> Option<Self> {
        let version = at.maybe(0xa0)?;
        if let Some(version) = version {
            let mut version = Elements(version);
            version.one(INTEGER)?;
            version.end()?;
        }
        at.one(INTEGER)?;
        algorithm(&mut at)?;
        let issuer = at.inside(SEQUENCE)?;
        subject::hash(issuer)?;
        let mut validity = at.inside(SEQUENCE)?;
        time(&mut validity)?;
        let end = time(&mut validity)?;
        validity.end()?;
        let name = at.inside(SEQUENCE)?;
        let hash = subject::hash(name)?;
        let mut key = at.inside(SEQUENCE)?;
        algorithm(&mut key)?;
        key.one(BIT_STRING)?;
        key.end()?;
        // Identifiers of the issuer and of the subject, as bits, which nobody has any more.
        for tag in [0x81, 0x82] {
            at.maybe(tag)?;
        }
        let extensions = at.maybe(0xa3)?;
        at.end()?;
        let is_authority = match extensions {
            Some(extensions) => is_authority(Elements(extensions))?,
            // The first version had no extensions to say it.
            None => version.is_none() && issuer.0 == name.0,
        };
        Some(Self {
            hash,
            is_authority,
            end: date(end.0, end.1),
        })
    }
}

/// Takes the identifier of an algorithm, with or without parameters.
fn algorithm(at: &mut Elements<'_>) -> Option<()> {
    let mut inside = at.inside(SEQUENCE)?;
    inside.one(OBJECT)?;
    if !inside.is_empty() {
        inside.any()?;
    }
    inside.end()
}

/// Takes a time of either type.
fn time<'d>(at: &mut Elements<'d>) -> Option<(u8, &'d [u8])> {
    let element = at.any()?;
    let is_time = matches!(element.tag, UTC_TIME | TIME);
    is_time.then_some((element.tag, element.content))
}

/// Returns the date of a time such as `261125141834Z`, or `20510717141834Z`.
fn date(tag: u8, text: &[u8]) -> Option<(i64, i64, i64)> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    if tag == TIME {
        return Some((number(0, 4)?, number(4, 6)?, number(6, 8)?));
    }
    // RFC 5280, section 4.1.2.5.1: such years are those from 1950 to 2049.
    let year = number(0, 2)?;
    let century = if year < 50 { 2000 } else { 1900 };
    Some((century + year, number(2, 4)?, number(4, 6)?))
}

/// Goes through all extensions; returns whether one of them says that it is an authority.
fn is_authority(mut at: Elements<'_>) -> Option<bool> {
    let mut list = at.inside(SEQUENCE)?;
    at.end()?;
    let mut is_authority = false;
    while !list.is_empty() {
        let mut one = list.inside(SEQUENCE)?;
        let kind = one.one(OBJECT)?;
        one.maybe(BOOLEAN)?;
        let value = one.one(OCTET_STRING)?;
        one.end()?;
        if kind == BASIC_CONSTRAINTS {
            let mut value = Elements(value);
            let mut constraints = value.inside(SEQUENCE)?;
            value.end()?;
            let flag = constraints.maybe(BOOLEAN)?;
            is_authority = flag.is_some_and(|flag| flag != [0]);
            constraints.maybe(INTEGER)?;
            constraints.end()?;
        }
    }
    Some(is_authority)
}

//! A certificate of X.509, as far as stores need to know it: its bytes and the hash of its subject.
//!
//! The layout is that of RFC 5280, section 4.1, in DER (ITU-T X.690).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8: u8 = 0x0c;

/// The longest lines of PEM, in signs (RFC 7468, section 2).
const LINE: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    der: Vec<u8>,
    hash: u32,
}

impl Certificate {
    /// Reads a text that holds one certificate.
    pub(super) fn only(text: &[u8]) -> Result<Self, String> {
        let mut all = Self::all(text).into_iter();
        match (all.next(), all.len()) {
            (None, _) => Err(format!("there is no line {BEGIN}")),
            (Some(one), 0) => one,
            (Some(_), more) => Err(format!(
                "there are {} certificates: give each a name",
                more + 1
            )),
        }
    }

    /// Reads all certificates of a text; what is between them is passed over.
    pub(super) fn all(text: &[u8]) -> Vec<Result<Self, String>> {
        let text = String::from_utf8_lossy(text);
        let parts = text.split(BEGIN).skip(1);
        parts
            .map(|part| {
                part.split_once(END)
                    .ok_or("it has no end".to_owned())
                    .and_then(|(inner, _)| Self::decode(inner))
            })
            .collect()
    }

    fn decode(inner: &str) -> Result<Self, String> {
        let signs: String = inner.split_whitespace().collect();
        let der = STANDARD
            .decode(signs)
            .map_err(|error| format!("it is no base64: {error}"))?;
        let hash = subject_hash(&der).ok_or("what is in it is no certificate of X.509")?;
        Ok(Self { der, hash })
    }

    /// Returns what OpenSSL calls a file with the certificate, without its number.
    pub(super) fn file_name(&self) -> String {
        format!("{:08x}", self.hash)
    }

    /// Returns it as PEM, with a line end behind.
    pub(super) fn pem(&self) -> String {
        let signs = STANDARD.encode(&self.der);
        let lines = signs.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
    }
}

/// Returns OpenSSL's `X509_NAME_hash` of a certificate's subject: of SHA-1 over the subject in its
/// canonical form, the first four bytes with the lowest first.
fn subject_hash(der: &[u8]) -> Option<u32> {
    let (whole, rest) = element(der)?;
    let (signed, _) = element(whole.inside(SEQUENCE)?)?;
    let mut at = signed.inside(SEQUENCE)?;
    let (first, after) = element(at)?;
    // The version is left out in the first one.
    if first.tag == 0xa0 {
        at = after;
    }
    // Serial number, algorithm, issuer and validity come before.
    for tag in [0x02, SEQUENCE, SEQUENCE, SEQUENCE] {
        let (passed, after) = element(at)?;
        passed.inside(tag)?;
        at = after;
    }
    let (subject, _) = element(at)?;
    let name = canonical(subject.inside(SEQUENCE)?)?;
    let digest = Sha1::digest(&name);
    rest.is_empty()
        .then(|| u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

/// Returns the parts of a name one after the other, texts as UTF-8 in small letters without needless
/// spaces.
fn canonical(mut name: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !name.is_empty() {
        let (part, rest) = element(name)?;
        let mut pairs = Vec::new();
        let mut inside = part.inside(SET)?;
        while !inside.is_empty() {
            let (pair, rest) = element(inside)?;
            let (kind, after) = element(pair.inside(SEQUENCE)?)?;
            let (value, _) = element(after)?;
            let mut bytes = tagged(kind.tag, kind.content);
            bytes.extend(match text(&value) {
                Some(text) => tagged(UTF8, plain(&text).as_bytes()),
                None => tagged(value.tag, value.content),
            });
            pairs.push(tagged(SEQUENCE, &bytes));
            inside = rest;
        }
        pairs.sort();
        out.extend(tagged(SET, &pairs.concat()));
        name = rest;
    }
    Some(out)
}

/// Returns the text of a value that is one.
fn text(value: &Element<'_>) -> Option<String> {
    let bytes = value.content;
    match value.tag {
        UTF8 => Some(String::from_utf8_lossy(bytes).into_owned()),
        // PrintableString, T61String, IA5String, VisibleString: a byte is a sign.
        0x13 | 0x14 | 0x16 | 0x1a => Some(bytes.iter().map(|b| char::from(*b)).collect()),
        // UniversalString, BMPString: four or two bytes are.
        0x1c => bytes
            .chunks(4)
            .map(|four| char::from_u32(u32::from_be_bytes(four.try_into().ok()?)))
            .collect(),
        0x1e => {
            let units = bytes
                .chunks(2)
                .map(|two| Some(u16::from_be_bytes(two.try_into().ok()?)));
            String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
        }
        _ => None,
    }
}

/// Small letters, single spaces, none at the ends: of ASCII alone.
fn plain(text: &str) -> String {
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c');
    let words: Vec<_> = text
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").to_ascii_lowercase()
}

/// One element of DER.
struct Element<'d> {
    tag: u8,
    content: &'d [u8],
}

impl<'d> Element<'d> {
    fn inside(&self, tag: u8) -> Option<&'d [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

/// Cuts the first element off.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let len = digits
                .iter()
                .fold(0_u64, |len, digit| (len << 8) | u64::from(*digit));
            (usize::try_from(len).ok()?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((Element { tag: *tag, content }, rest))
}

/// Returns an element as bytes.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![tag];
    if len < 0x80 {
        out.extend(u8::try_from(len));
    } else {
        let digits = len.to_be_bytes();
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        // A length has eight bytes at most.
        out.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}

//! The names of certificates, and OpenSSL's hash of them.

use sha1::{Digest as _, Sha1};

use super::der::{BIT_STRING, BMP, Elements, OBJECT, SEQUENCE, SET, UNIVERSAL, UTF8, tagged};

/// Returns OpenSSL's `X509_NAME_hash`: of SHA-1 over the name in its canonical form, the first four
/// bytes with the lowest first.
pub(super) fn hash(name: Elements<'_>) -> Option<u32> {
    hash_as(name, text)
}

/// Does the same with another way to read texts: nothing at all for one that is damaged, and nothing
/// for what stays as it is.
pub(crate) fn hash_as(
    name: Elements<'_>,
    text: fn(u8, &[u8]) -> Option<Option<String>>,
) -> Option<u32> {
    let digest = Sha1::digest(canonical(name, text)?);
    Some(u32::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3],
    ]))
}

/// Returns the parts of a name one after the other, texts as UTF-8 in small letters without needless
/// spaces.
fn canonical(
    mut name: Elements<'_>,
    text: fn(u8, &[u8]) -> Option<Option<String>>,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !name.is_empty() {
        let mut part = name.inside(SET)?;
        let mut pairs = Vec::new();
        while !part.is_empty() {
            let mut pair = part.inside(SEQUENCE)?;
            let mut bytes = tagged(OBJECT, pair.one(OBJECT)?);
            let value = pair.any()?;
            pair.end()?;
            bytes.extend(match text(value.tag, value.content)? {
                Some(text) => tagged(UTF8, plain(&text).as_bytes()),
                None => tagged(value.tag, value.content),
            });
            pairs.push(tagged(SEQUENCE, &bytes));
        }
        pairs.sort();
        out.extend(tagged(SET, &pairs.concat()));
    }
    Some(out)
}

/// Returns the text of a value that is one; nothing at all for a text that is damaged.
fn text(tag: u8, bytes: &[u8]) -> Option<Option<String>> {
    let text = match tag {
        UTF8 => std::str::from_utf8(bytes).ok()?.to_owned(),
        // PrintableString, T61String, IA5String: a byte is a sign.
        0x13 | 0x14 | 0x16 => bytes.iter().map(|b| char::from(*b)).collect(),
        BMP | UNIVERSAL => wide(tag, bytes)?,
        // NumericString and such are no texts in the canonical form; others are in no name.
        0x12 | BIT_STRING | SEQUENCE => return Some(None),
        _ => return None,
    };
    Some(Some(text))
}

/// Returns the text of a BMPString or a UniversalString, whose signs take two bytes and four; nothing
/// for a damaged one.
pub(crate) fn wide(tag: u8, bytes: &[u8]) -> Option<String> {
    match tag {
        BMP => {
            let units = bytes.chunks(2);
            let units = units.map(|two| Some(u16::from_be_bytes(two.try_into().ok()?)));
            String::from_utf16(&units.collect::<Option<Vec<_>>>()?).ok()
        }
        UNIVERSAL => {
            let signs = bytes.chunks(4);
            let signs = signs.map(|four| char::from_u32(u32::from_be_bytes(four.try_into().ok()?)));
            signs.collect()
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

//! A keystore of Java, in its own form JKS, as p11-kit writes it (its `extract-jks.c`).

use std::collections::HashMap;

use sha1::{Digest as _, Sha1};

use super::Stop;
use super::pem::is_blank;
use super::store::Found;

const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const VERSION: [u8; 4] = [0, 0, 0, 2];
const CERTIFICATE: [u8; 4] = [0, 0, 0, 2];

/// The password that everybody knows, in two bytes for each sign, and what Java puts behind it.
const KEY: &[u8] = b"\0c\0h\0a\0n\0g\0e\0i\0tMighty Aphrodite";

/// Returns a keystore whose certificates came at a time, in seconds since 1970.
pub(super) fn keystore(all: &[Found<'_>], time: i64) -> Result<Vec<u8>, Stop> {
    let millis = time.checked_mul(1000).filter(|millis| *millis >= 0);
    let millis = millis.ok_or_else(|| format!("a keystore cannot be of the time {time}"))?;
    let mut out = [&MAGIC[..], &VERSION].concat();
    out.extend(length(all.len())?);
    let mut aliases = HashMap::new();
    for found in all {
        let alias = alias(&mut aliases, found.entry.label().unwrap_or(b"unlabeled"));
        out.extend(CERTIFICATE);
        out.extend(text(&alias)?);
        out.extend(millis.to_be_bytes());
        out.extend(text(b"X.509")?);
        out.extend(length(found.certificate.der.len())?);
        out.extend_from_slice(&found.certificate.der);
    }
    let digest = Sha1::new().chain_update(KEY).chain_update(&out).finalize();
    out.extend_from_slice(&digest);
    Ok(out)
}

fn length(len: usize) -> Result<[u8; 4], Stop> {
    let len = i32::try_from(len).map_err(|_| format!("{len} is too much for a keystore"))?;
    Ok(len.to_be_bytes())
}

fn text(bytes: &[u8]) -> Result<Vec<u8>, Stop> {
    let len = bytes.len();
    let len = i16::try_from(len)
        .map_err(|_| format!("a name of {len} bytes is too long for a keystore"))?;
    Ok([&len.to_be_bytes()[..], bytes].concat())
}

/// Returns a label as Java has it, small and without blanks, with a number if it was there.
fn alias(known: &mut HashMap<Vec<u8>, usize>, label: &[u8]) -> Vec<u8> {
    let signs = label.iter().filter(|b| b.is_ascii() && !is_blank(**b));
    let plain: Vec<u8> = signs.map(u8::to_ascii_lowercase).collect();
    // p11-kit keeps nothing of one that is empty.
    if plain.is_empty() {
        return plain;
    }
    let mut alias = plain.clone();
    let mut number = known.get(&plain).copied().unwrap_or_default();
    while known.contains_key(&alias) {
        number += 1;
        alias = [&*plain, format!("-{number}").as_bytes()].concat();
    }
    known.insert(alias.clone(), 0);
    known.insert(plain, number);
    alias
}

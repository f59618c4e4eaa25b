//! Bundles as PEM, each certificate below its name.

use super::auxiliary::Auxiliary;
use super::extension::{KEY_ID, PURPOSES, REJECTS};
use super::purpose::KNOWN_PURPOSES;
use super::store::{Found, Store};
use super::{Stop, pem};

/// Returns certificates and nothing else.
pub(super) fn plain(all: &[Found<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for found in all {
        add(&mut out, found, "CERTIFICATE", &found.certificate.der);
    }
    out
}

/// Returns all certificates with what they are trusted for, as OpenSSL reads it (p11-kit's
/// `extract-openssl.c`).
pub(super) fn trusted(store: &Store) -> Result<Vec<u8>, Stop> {
    let mut out = Vec::new();
    for found in store.certificates() {
        let entry = found.entry;
        let mut rejects = found.listed(REJECTS)?;
        let trusts = if entry.is_distrusted == Some(true) {
            let known = KNOWN_PURPOSES.iter().map(|oid| oid.to_vec());
            rejects.get_or_insert_default().extend(known);
            None
        } else if entry.is_trusted == Some(true) {
            found.listed(PURPOSES)?
        } else {
            Some(Vec::new())
        };
        let auxiliary = Auxiliary {
            trusts,
            rejects,
            alias: entry.label().map(<[u8]>::to_vec),
            key_id: found.attached(KEY_ID).map(|it| it.value.clone()),
        };
        let both = [&*found.certificate.der, &auxiliary.write()].concat();
        add(&mut out, &found, "TRUSTED CERTIFICATE", &both);
    }
    Ok(out)
}

fn add(out: &mut Vec<u8>, found: &Found<'_>, kind: &str, content: &[u8]) {
    if !out.is_empty() {
        out.push(b'\n');
    }
    out.extend_from_slice(b"# ");
    out.extend_from_slice(found.label());
    out.push(b'\n');
    out.extend(pem::write(kind, content).into_bytes());
}

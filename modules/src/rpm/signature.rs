//! Signatures of headers and files, checked against OpenPGP keys (RFC 9580).
//!
//! A key counts if it has bound itself: subkeys and times are believed where its own signature says
//! them. It must not be revoked, and must not have expired when it signed.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgp::armor::Dearmor;
use pgp::composed::{Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, PacketParser, RevocationCode, Signature, SignatureType};
use pgp::types::{Duration, KeyDetails, Tag, Timestamp, VerifyingKey};

use super::header::Header;

/// Tags of the header of signatures that sign the header: DSA and EdDSA, RSA, and since rpm 6 any.
const BINARY: [u32; 2] = [267, 268];
const BASE64: u32 = 278;

/// Public keys.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    keys: Vec<SignedPublicKey>,
}

/// What is known of a package by its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This key of the keyring has signed it.
    Good(String),
    Unsigned,
    /// It is signed by this key, which is not in the keyring.
    Unknown(String),
    /// A signature is wrong, or one that does not count.
    Bad(String),
}

impl Keyring {
    /// Adds the keys of a file, which may be armored.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the file.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (keys, _) = SignedPublicKey::from_reader_many_buf(bytes)
            .map_err(|error| format!("no OpenPGP key is in it: {}", line(error)))?;
        let before = self.keys.len();
        for key in keys {
            let key =
                key.map_err(|error| format!("a key of it cannot be read: {}", line(error)))?;
            self.keys.push(key);
        }
        match self.keys.len() - before {
            0 => Err("no OpenPGP key is in it".to_owned()),
            _ => Ok(()),
        }
    }

    /// Checks all signatures of a header, which was signed with its magic before it. `now` is in
    /// seconds since 1970.
    pub(crate) fn verify(
        &self,
        signatures: &Header,
        magic: &[u8],
        header: &Header,
        now: i64,
    ) -> Verdict {
        let signed = [magic, header.blob()].concat();
        let packets = packets(signatures).into_iter().map(|bytes| read(&bytes));
        self.verify_all(packets, &signed, now)
    }

    /// Checks the signatures of a file, which may be armored and lie beside it.
    pub(crate) fn verify_file(&self, signatures: &[u8], signed: &[u8], now: i64) -> Verdict {
        let mut binary = Vec::new();
        let signatures = match Dearmor::new(signatures).read_to_end(&mut binary) {
            Ok(_) => &*binary,
            Err(_) => signatures,
        };
        let packets = PacketParser::new(signatures).map(|packet| match packet {
            Ok(Packet::Signature(signature)) => Some(signature),
            _ => None,
        });
        self.verify_all(packets, signed, now)
    }

    /// Checks all signatures; one that could not be read is nothing.
    fn verify_all(
        &self,
        signatures: impl Iterator<Item = Option<Signature>>,
        signed: &[u8],
        now: i64,
    ) -> Verdict {
        let (mut good, mut unknown) = (None, None);
        for signature in signatures {
            let Some(signature) = signature else {
                return Verdict::Bad("the signature cannot be read".to_owned());
            };
            match self.check(&signature, signed, now) {
                None => unknown = Some(issuer(&signature)),
                Some(Ok(key)) => good = Some(key),
                Some(Err(why)) => {
                    return Verdict::Bad(format!("{why} (key {})", issuer(&signature)));
                }
            }
        }
        match (good, unknown) {
            (Some(key), _) => Verdict::Good(key),
            (None, Some(id)) => Verdict::Unknown(id),
            (None, None) => Verdict::Unsigned,
        }
    }

    /// Checks one signature, and returns the fingerprint of its key, or nothing when none is its
    /// issuer's. A keyring may have several states of one key: one that is revoked decides, or else
    /// one that counts.
    fn check(
        &self,
        signature: &Signature,
        signed: &[u8],
        now: i64,
    ) -> Option<Result<String, String>> {
        let mut outcome = None;
        for key in &self.keys {
            let subkeys = key.public_subkeys.iter();
            let mut subkeys = subkeys.filter(|sub| is_issuer(signature, &sub.key));
            let (found, fingerprint) = if is_issuer(signature, &key.primary_key) {
                let found = by_primary(key, signature, signed, now);
                (found, key.primary_key.fingerprint())
            } else if let Some(sub) = subkeys.next() {
                (
                    by_subkey(key, sub, signature, signed, now),
                    sub.key.fingerprint(),
                )
            } else {
                continue;
            };
            match found {
                Err(Fault::Revoked) => return Some(Err("the key is revoked".to_owned())),
                Err(Fault::Other(why)) => outcome = outcome.or(Some(Err(why))),
                Ok(()) => outcome = Some(Ok(fingerprint.to_string())),
            }
        }
        outcome
    }
}

/// Why a signature does not count.
enum Fault {
    Revoked,
    Other(String),
}

impl From<&str> for Fault {
    fn from(why: &str) -> Self {
        Self::Other(why.to_owned())
    }
}

fn by_primary(
    key: &SignedPublicKey,
    signature: &Signature,
    signed: &[u8],
    now: i64,
) -> Result<(), Fault> {
    let primary = &key.primary_key;
    verify(signature, primary, signed)?;
    not_revoked(key, signature)?;
    let names = key.details.users.iter().flat_map(|user| {
        let vouches = |own: &&Signature| {
            own.is_certification()
                && own
                    .verify_certification(primary, Tag::UserId, &user.id)
                    .is_ok()
        };
        user.signatures.iter().filter(vouches)
    });
    let direct = key.details.direct_signatures.iter();
    let direct = direct.filter(|own| own.verify_key(primary).is_ok());
    is_alive(signature, primary.created_at(), names.chain(direct), now)
}

fn by_subkey(
    key: &SignedPublicKey,
    sub: &SignedPublicSubKey,
    signature: &Signature,
    signed: &[u8],
    now: i64,
) -> Result<(), Fault> {
    let primary = &key.primary_key;
    verify(signature, &sub.key, signed)?;
    not_revoked(key, signature)?;
    let own = sub.signatures.iter();
    let mut own = own.filter(|own| own.verify_subkey_binding(primary, &sub.key).is_ok());
    let is_revocation = |own: &&Signature| own.typ() == Some(SignatureType::SubkeyRevocation);
    if own
        .clone()
        .filter(is_revocation)
        .any(|own| revokes(own, signature))
    {
        return Err(Fault::Revoked);
    }
    // A subkey that signs has agreed to be one; or else anybody could have bound it.
    let agrees = |own: &&Signature| {
        own.typ() == Some(SignatureType::SubkeyBinding)
            && own.key_flags().sign()
            && own
                .embedded_signature()
                .is_some_and(|back| back.verify_primary_key_binding(&sub.key, primary).is_ok())
    };
    let bindings: Vec<_> = own.by_ref().filter(agrees).collect();
    if bindings.is_empty() {
        return Err("the subkey is not one that may sign".into());
    }
    is_alive(signature, sub.key.created_at(), bindings.into_iter(), now)
}

/// Checks that a signature of a document fits what it signs.
fn verify(signature: &Signature, key: &impl VerifyingKey, signed: &[u8]) -> Result<(), Fault> {
    if signature.typ() != Some(SignatureType::Binary) {
        return Err("the signature is not one of a file".into());
    }
    if signature.hash_alg() == Some(HashAlgorithm::Md5) {
        return Err("the signature is one of an MD5 digest, which others can have as well".into());
    }
    let verified = signature.verify(key, signed);
    verified.map_err(|error| {
        let why = line(error);
        Fault::Other(format!(
            "the signature is not right for what it signs: {why}"
        ))
    })
}

fn not_revoked(key: &SignedPublicKey, signature: &Signature) -> Result<(), Fault> {
    let primary = &key.primary_key;
    let mut revocations = key.details.revocation_signatures.iter();
    let hits = |own: &Signature| own.verify_key(primary).is_ok() && revokes(own, signature);
    match revocations.any(hits) {
        true => Err(Fault::Revoked),
        false => Ok(()),
    }
}

/// Returns whether a revocation takes a signature with it: what a key signed before it was only
/// retired stays good.
fn revokes(revocation: &Signature, signature: &Signature) -> bool {
    let retired = [RevocationCode::KeySuperseded, RevocationCode::KeyRetired];
    let reason = revocation.revocation_reason_code();
    let is_soft = reason.is_some_and(|reason| retired.contains(reason));
    !is_soft || revocation.created().map(seconds) <= signature.created().map(seconds)
}

/// Checks that key and signature had not expired. `own` are what the key says of itself.
fn is_alive<'s>(
    signature: &Signature,
    created: Timestamp,
    own: impl Iterator<Item = &'s Signature>,
    now: i64,
) -> Result<(), Fault> {
    let Some(signed) = signature.created().map(seconds) else {
        return Err("the signature does not say when it was made".into());
    };
    let Some(newest) = own.max_by_key(|own| own.created().map(seconds)) else {
        return Err("the key does not vouch for itself".into());
    };
    let created = seconds(created);
    let lasting = |duration: Option<Duration>| {
        let secs = duration.map(|duration| i64::from(duration.as_secs()));
        secs.filter(|secs| *secs > 0)
    };
    if signed < created {
        return Err("the signature is older than the key".into());
    }
    if lasting(newest.key_expiration_time()).is_some_and(|secs| created + secs < signed) {
        return Err("the key had expired when it signed".into());
    }
    match lasting(signature.signature_expiration_time()) {
        Some(secs) if signed + secs < now => Err("the signature has expired".into()),
        _ => Ok(()),
    }
}

/// Returns an error as one line: some of rPGP's have several, or show all of a structure.
fn line(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let text = text.split(" {").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn seconds(time: Timestamp) -> i64 {
    i64::from(time.as_secs())
}

/// Returns the signatures of a header's header.
fn packets(signatures: &Header) -> Vec<Vec<u8>> {
    let binary = BINARY.iter().filter_map(|tag| signatures.raw(*tag));
    let mut packets: Vec<_> = binary.map(|raw| raw.bytes.to_vec()).collect();
    for text in signatures.texts(BASE64) {
        // What cannot be decoded is no signature, which is found when it is read.
        packets.push(STANDARD.decode(text).unwrap_or_default());
    }
    packets
}

fn read(bytes: &[u8]) -> Option<Signature> {
    PacketParser::new(bytes).find_map(|packet| match packet {
        Ok(Packet::Signature(signature)) => Some(signature),
        _ => None,
    })
}

fn issuer(signature: &Signature) -> String {
    let fingerprint = signature
        .issuer_fingerprint()
        .first()
        .map(ToString::to_string);
    let id = signature.issuer_key_id().first().map(ToString::to_string);
    fingerprint.or(id).unwrap_or_else(|| "unknown".to_owned())
}

fn is_issuer(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (fingerprint, id) = (key.fingerprint(), key.legacy_key_id());
    signature.issuer_fingerprint().contains(&&fingerprint)
        || signature.issuer_key_id().contains(&&id)
}

//! A package that was changed after it was built, with its digests made right again.

use crate::kit::{Work, sha256};

/// The parts of a package: lead and signatures, the header, and the payload.
#[derive(Clone)]
pub(super) struct Parts {
    signatures: Vec<u8>,
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

impl Parts {
    pub(super) fn of(package: &[u8]) -> Self {
        // Behind the lead are the signatures, filled up to a multiple of eight bytes.
        let end = |at: usize| at + 16 + 16 * number(package, at + 8) + number(package, at + 12);
        let start = end(96).next_multiple_of(8);
        Self {
            signatures: package[..start].to_vec(),
            header: package[start..end(start)].to_vec(),
            payload: package[end(start)..].to_vec(),
        }
    }

    /// Returns where in the header the entry of a tag begins.
    pub(super) fn entry(&self, tag: usize) -> usize {
        let mut entries = (16..16 + 16 * number(&self.header, 8)).step_by(16);
        let entry = entries.find(|at| number(&self.header, *at) == tag);
        entry.unwrap()
    }

    /// Returns where in the header the value of a tag begins.
    pub(super) fn place(&self, tag: usize) -> usize {
        let data = 16 + 16 * number(&self.header, 8);
        data + number(&self.header, self.entry(tag) + 8)
    }

    /// Returns the package, with the SHA-256 digests of what it was made of before put right.
    pub(super) fn seal(mut self, work: &Work, before: &Self) -> Vec<u8> {
        let digest = |bytes: &[u8]| sha256(&work.write("digested", bytes)).into_bytes();
        replace(
            &mut self.header,
            &digest(&before.payload),
            &digest(&self.payload),
        );
        let (old, new) = (digest(&before.header), digest(&self.header));
        replace(&mut self.signatures, &old, &new);
        [self.signatures, self.header, self.payload].concat()
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    let bytes = bytes[at..at + 4].try_into().unwrap();
    usize::try_from(u32::from_be_bytes(bytes)).unwrap()
}

/// Puts one text in the place of another of its length, wherever that is.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    for at in 0..bytes.len().saturating_sub(old.len()) {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
    }
}

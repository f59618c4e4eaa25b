//! Any bytes as the header and payload of a package that is installed: an error of one line, or a
//! tree that holds together.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use fsgen::{Meta, ReadAt, Tree};
use modules::value::Value;
use modules::{Host, Spool};
use sha2::{Digest, Sha256};

use crate::step::{self, Memory, NOW, list, open};
use crate::{Target, hex};

pub(crate) const TARGET: Target = Target {
    name: "rpm",
    promise: "a package is refused in one line, or becomes a tree that holds together",
    run,
    rounds: 800,
};

/// The magic of each header (rpm's `header.c`).
const MAGIC: [u8; 8] = [0x8e, 0xad, 0xe8, 0x01, 0, 0, 0, 0];

/// The most that the payload of one package may become.
const MOST: u64 = 64 << 20;

fn run(input: &[u8]) {
    let host = Files(package(input));
    let mut tree = Tree::new(Meta::root(0o755, NOW));
    let options = [
        ("rpms", list("x.rpm")),
        ("nodeps", Value::from(true)),
        ("replacefiles", Value::from(true)),
    ];
    step::run("install_rpms", options, &mut tree, &host);
}

/// Puts what makes a package of it before a header and its payload: a lead, and a header of
/// signatures with the digest, without which nothing more would be looked at.
pub(crate) fn package(input: &[u8]) -> Vec<u8> {
    let number = |at: usize| {
        let bytes = input
            .get(at..at + 4)
            .map_or([0; 4], |b| b.try_into().unwrap());
        u32::from_be_bytes(bytes) as usize
    };
    let len = 8usize
        .saturating_add(number(0).saturating_mul(16))
        .saturating_add(number(4));
    let header = &input[..len.min(input.len())];
    let mut digest = Sha256::new();
    digest.update(MAGIC);
    digest.update(header);
    let digest = hex(&digest.finalize());
    let mut package = vec![0; 96];
    package[..4].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb]);
    package.extend(MAGIC);
    // Two entries: the region, whose trailer is behind the digest and its NUL, and the digest.
    let trailer: u32 = 65;
    for word in [2, trailer + 16, 62, 7, trailer, 16, 273, 6, 0, 1] {
        package.extend(word.to_be_bytes());
    }
    package.extend(digest.as_bytes());
    package.push(0);
    for word in [62, 7, 32u32.wrapping_neg(), 16] {
        package.extend(word.to_be_bytes());
    }
    package.resize(package.len().next_multiple_of(8), 0);
    package.extend(MAGIC);
    package.extend(input);
    package
}

/// The files of the host, which are one package.
struct Files(Vec<u8>);

impl Host for Files {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Ok(open(&self.0))
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotADirectory.into())
    }

    fn decode<'i>(&self, input: Box<dyn BufRead + 'i>, _: u64) -> io::Result<Box<dyn Read + 'i>> {
        Ok(Box::new(input.take(MOST)))
    }

    fn spool(&self) -> io::Result<Arc<dyn Spool>> {
        Ok(Arc::new(Memory::default()))
    }
}

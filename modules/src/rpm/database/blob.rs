//! The header of an installed package: the one that it came with, and what rpm adds to it.
//!
//! The header itself stays as it is, since it is signed. What is added lies behind it and outside
//! its region; rpm calls it the dribble.

use crate::rpm::header::{ENTRY, Header, HeaderError, Raw, align, kind};
use crate::rpm::package::Package;
use crate::rpm::tag;

/// Values of the header of signatures, and the tags that they have in the database (rpm's
/// `headerMergeLegacySigs`).
const SIGNATURES: [(u32, u32); 16] = [
    (267, 267),
    (268, 268),
    (269, 269),
    (270, 270),
    (271, 271),
    (273, 273),
    (274, 5090),
    (275, 5091),
    (276, 276),
    (277, 277),
    (278, 278),
    (279, 279),
    (1000, 257),
    (1002, 259),
    (1004, 261),
    (1005, 262),
];

/// The old one of these is translated only in packages of version 4.
const ARCHIVE_SIZE: (u32, u32) = (1007, 1046);

/// What is known of a package once it is installed.
pub(crate) struct Installation {
    /// When, in seconds since 1970. It is the number of the transaction, too.
    pub(crate) time: u32,
    /// Which of 32-bit and 64-bit programs the machine runs.
    pub(crate) color: u32,
    /// One byte for each file: 0 for those that are there.
    pub(crate) states: Vec<u8>,
}

/// Returns the header as the database has it.
pub(crate) fn installed(
    package: &Package,
    installation: &Installation,
) -> Result<Header, HeaderError> {
    let header = &package.header;
    let (time, color) = (
        installation.time.to_be_bytes(),
        installation.color.to_be_bytes(),
    );
    let number = |bytes| Raw {
        kind: kind::INT32,
        count: 1,
        bytes,
    };
    let mut added: Vec<(u32, Raw<'_>)> = vec![
        (tag::INSTALLTIME, number(&time)),
        (tag::INSTALLCOLOR, number(&color)),
        (tag::INSTALLTID, number(&time)),
    ];
    if !installation.states.is_empty() {
        let states = Raw {
            kind: kind::CHAR,
            count: u32::try_from(installation.states.len()).unwrap_or(u32::MAX),
            bytes: &installation.states,
        };
        added.push((tag::FILESTATES, states));
        // What may be put elsewhere lies where the package says, since nothing is put elsewhere.
        if let Some(prefixes) = header.raw(tag::PREFIXES)
            && !header.has(tag::INSTPREFIXES)
        {
            added.push((tag::INSTPREFIXES, prefixes));
        }
    }
    let is_6 = header.numbers(tag::RPMFORMAT).first() >= Some(&6);
    for (from, to) in SIGNATURES.into_iter().chain([ARCHIVE_SIZE]) {
        if let Some(raw) = package.signatures.raw(from)
            && !header.has(to)
            && !(is_6 && from >= 1000)
        {
            added.push((to, raw));
        }
    }
    added.sort_by_key(|(tag, _)| *tag);
    let mut index = header.index().to_vec();
    let mut data = header.data().to_vec();
    for (tag, raw) in added {
        data.resize(data.len().next_multiple_of(align(raw.kind)), 0);
        let offset = u32::try_from(data.len()).unwrap_or(u32::MAX);
        for word in [tag, raw.kind, offset, raw.count] {
            index.extend(word.to_be_bytes());
        }
        data.extend(raw.bytes);
    }
    let mut blob = Vec::with_capacity(8 + index.len() + data.len());
    for len in [index.len() / ENTRY, data.len()] {
        blob.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
    blob.extend(index);
    blob.extend(data);
    Header::parse(blob, tag::HEADER_IMMUTABLE)
}

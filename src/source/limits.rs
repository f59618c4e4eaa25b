//! How large a small archive may become: on disk once it is decoded, and in memory.
//!
//! A few kilobytes of compressed data can stand for terabytes. The defaults are far above what
//! root filesystems have, and every message that a limit makes says how to raise it.

use std::fmt;

use anyhow::{Result, ensure};

use super::codec::Codec;

/// What a source may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that it may be decoded to. By default 16 GiB, and what is more as long as it is at
    /// most 200 times as much as the compressed data.
    pub decoded: Option<u64>,
    /// Bytes of memory for what it says about its files: 512 for each of them, as much again for
    /// one with attributes, and their names, targets, attributes and sparse maps. What is read
    /// of a disk image before it is needed is bounded by it, too. By default 4 GiB.
    pub metadata: Option<u64>,
}

/// What compressed data may always be decoded to, in bytes.
const DECODED: u64 = 16 << 30;
/// How much more a large source may be once it is decoded. Root filesystems shrink to a half or a
/// fifth; one that is mostly an empty swap file, to a thousandth, but then it is not that large.
const RATIO: u64 = 200;
/// What members may take by default, in bytes.
const METADATA: u64 = 4 << 30;
/// What a node takes in memory beside its names and attributes, in bytes; a little more than it
/// does today, with its part in the plan of a filesystem.
const NODE: u64 = 512;

impl Limits {
    /// Checks how much came out of a decoder.
    ///
    /// `source` is the size of the compressed file, or what was read of it so far.
    ///
    /// # Errors
    ///
    /// Fails when it is more than allowed.
    pub(crate) fn check_decoded(
        &self,
        codec: Option<Codec>,
        source: u64,
        decoded: u64,
    ) -> Result<()> {
        let most = match (self.decoded, codec) {
            (Some(most), _) => most,
            (None, Some(_)) => source.saturating_mul(RATIO).max(DECODED),
            // What comes as it is takes as much as its sender has.
            (None, None) => u64::MAX,
        };
        ensure!(
            decoded <= most,
            "{} of {source} bytes are more than {most} bytes when decoded; \
             if they should be, --max-decoded allows more",
            Data(codec)
        );
        Ok(())
    }

    /// Returns how many bytes of memory may be taken by what a source says about its files.
    pub(crate) fn metadata_max(&self) -> u64 {
        self.metadata.unwrap_or(METADATA)
    }

    /// Checks how much memory the members so far take: `nodes` of them, and `bytes` beside.
    ///
    /// # Errors
    ///
    /// Fails when it is more than allowed.
    pub(super) fn check_metadata(&self, nodes: usize, bytes: u64) -> Result<()> {
        let most = self.metadata_max();
        let taken = (nodes as u64).saturating_mul(NODE).saturating_add(bytes);
        ensure!(
            taken <= most,
            "{nodes} files with their names and attributes take {taken} bytes of memory, at most \
             {most} are allowed; if there should be as many, --max-metadata allows more"
        );
        Ok(())
    }
}

struct Data(Option<Codec>);

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(codec) => write!(f, "{codec} data"),
            None => f.write_str("data"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn decoded() {
        let gzip = Some(Codec::Gzip);
        for (limit, codec, source, decoded, good) in [
            (None, gzip, 1, 16 * GIB, true),
            (None, gzip, 1, 16 * GIB + 1, false),
            (None, gzip, GIB, 200 * GIB, true),
            (None, gzip, GIB, 200 * GIB + 1, false),
            (None, gzip, u64::MAX, u64::MAX, true),
            (None, None, u64::MAX, u64::MAX, true),
            (Some(5), gzip, GIB, 5, true),
            (Some(5), gzip, GIB, 6, false),
            (Some(5), None, GIB, 6, false),
        ] {
            let limits = Limits {
                decoded: limit,
                metadata: None,
            };
            let got = limits.check_decoded(codec, source, decoded);
            assert_eq!(got.is_ok(), good, "{limit:?} {source} {decoded}");
        }
    }

    #[test]
    fn metadata() {
        for (limit, nodes, bytes, good) in [
            (None, 8 << 20, 0, true),
            (None, 8 << 20, 1, false),
            (None, 1, 4 * GIB - 512, true),
            (None, usize::MAX, u64::MAX, false),
            (Some(1023), 2, 0, false),
            (Some(1024), 2, 0, true),
        ] {
            let limits = Limits {
                decoded: None,
                metadata: limit,
            };
            let got = limits.check_metadata(nodes, bytes);
            assert_eq!(got.is_ok(), good, "{limit:?} {nodes} {bytes}");
        }
    }
}

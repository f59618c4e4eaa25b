//! Files with holes: GNU tar's four ways to write which parts of a file an archive holds
//! (GNU tar manual, "Storing Sparse Files").

use anyhow::{Context as _, Result, bail, ensure};
use fsgen::Content;
use fsgen::tree::content::{Segment, SourceId};
use tar_core::GnuSparseHeader;

use super::header::{self, BLOCK, Block};
use super::pax::decimal;

/// The most parts that one file may be in.
///
/// A part takes 24 bytes of memory, and at least 4 in the archive.
const PARTS_MAX: u64 = 10_000_000;

/// The largest file that Linux knows, in bytes.
pub(super) const FILE_MAX: u64 = i64::MAX.unsigned_abs();

/// The parts of a file that are in the archive, one after the other there.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    /// With offsets from the first byte of the member's data.
    segments: Vec<Segment>,
    /// How many parts were added, empty ones too.
    parts: u64,
    /// How many bytes they have.
    len: u64,
}

impl Map {
    /// Adds the part of `len` bytes that lies at `at` in the file.
    fn add(&mut self, at: i128, len: i128) -> Result<()> {
        let at = header::within("offset of a part", at, FILE_MAX)?;
        let len = header::within("length of a part", len, FILE_MAX)?;
        self.parts += 1;
        ensure!(
            self.parts <= PARTS_MAX,
            "a file of more than {PARTS_MAX} parts"
        );
        let offset = self.len;
        self.len = offset
            .checked_add(len)
            .filter(|len| *len <= FILE_MAX)
            .context("the parts are larger together than any file can be")?;
        match self.segments.last_mut() {
            // Without a hole between them two parts are one.
            Some(last) if last.at + last.len == at => last.len += len,
            _ if len == 0 => {}
            _ => self.segments.push(Segment { at, len, offset }),
        }
        Ok(())
    }

    /// Returns the content whose parts lie in the source from `start` on, `len` bytes together.
    ///
    /// # Errors
    ///
    /// Fails when the map does not fit those bytes, or is no map of a file of `real_size`.
    pub(super) fn into_content(
        mut self,
        source: SourceId,
        start: u64,
        len: u64,
        real_size: u64,
    ) -> Result<Content> {
        let mapped = self.len;
        ensure!(
            mapped == len,
            "its sparse map is about {mapped} bytes, the archive holds {len}"
        );
        for segment in &mut self.segments {
            segment.offset += start;
        }
        Content::sparse(source, real_size, self.segments).with_context(|| {
            format!("the parts in its sparse map overlap, or end after its {real_size} bytes")
        })
    }

    /// Adds a pair of an old GNU sparse map.
    ///
    /// # Errors
    ///
    /// Fails when it holds no numbers.
    pub(super) fn add_old_gnu(&mut self, pair: &GnuSparseHeader) -> Result<()> {
        if pair.numbytes[0] == 0 {
            return Ok(()); // not in use
        }
        let at = header::number("offset of a part", &pair.offset)?;
        self.add(at, header::number("length of a part", &pair.numbytes)?)
    }

    /// Adds the pairs of a block between header and data, and returns whether one more follows.
    ///
    /// # Errors
    ///
    /// Fails when it holds no numbers.
    pub(super) fn add_old_gnu_block(&mut self, block: &Block) -> Result<bool> {
        let (pairs, more) = block.split_at(21 * 24);
        for pair in pairs.chunks_exact(24) {
            let mut header = GnuSparseHeader::default();
            let (offset, numbytes) = pair.split_at(12);
            header.offset.copy_from_slice(offset);
            header.numbytes.copy_from_slice(numbytes);
            self.add_old_gnu(&header)?;
        }
        Ok(more[0] != 0)
    }

    /// Reads the map that begins the data of a sparse file in the format 1.0: decimal numbers with
    /// a newline after each, first how many pairs there are. `block` returns the data's blocks.
    ///
    /// Returns how many bytes the map takes.
    ///
    /// # Errors
    ///
    /// Fails when a block cannot be had, and on anything but numbers.
    pub(super) fn read_1_0(&mut self, mut block: impl FnMut(u64) -> Result<Block>) -> Result<u64> {
        let mut taken = 0;
        let mut bytes = Vec::new().into_iter();
        let mut line = || -> Result<i128> {
            let mut digits = Vec::new();
            loop {
                match bytes.next() {
                    Some(b'\n') => return decimal(&digits),
                    Some(digit) if digit.is_ascii_digit() => {
                        // The limit keeps a lying map from being read as one endless number.
                        ensure!(digits.len() < 20, "a number of more than 20 digits");
                        digits.push(digit);
                    }
                    Some(byte) => {
                        bail!("its sparse map has '{}' in a number", byte.escape_ascii())
                    }
                    None => {
                        bytes = block(taken)?.to_vec().into_iter();
                        taken += BLOCK as u64;
                    }
                }
            }
        };
        let parts = header::within("number of parts", line()?, PARTS_MAX)?;
        for _ in 0_u64..parts {
            let at = line()?;
            self.add(at, line()?)?;
        }
        Ok(taken)
    }
}

/// The `GNU.sparse.` keys of a member's extended header.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    major: i128,
    minor: i128,
    /// The member's real name; its header has a made-up one.
    pub(super) name: Option<Vec<u8>>,
    real_size: Option<i128>,
    map: Option<Map>,
    /// Where the part begins whose length comes next.
    part: Option<i128>,
}

/// How the parts of a sparse file are written down.
pub(super) enum Form {
    /// 0.0 and 0.1: in the extended header.
    Header(Map),
    /// 1.0: in the data itself.
    Data,
}

impl Keys {
    /// Takes a record, its key without `GNU.sparse.`.
    ///
    /// # Errors
    ///
    /// Fails on a value that the key cannot have.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        match key {
            b"major" => self.major = decimal(value)?,
            b"minor" => self.minor = decimal(value)?,
            b"name" => self.name = Some(value.into()),
            b"realsize" | b"size" => self.real_size = Some(decimal(value)?),
            b"numblocks" => _ = self.map.get_or_insert_default(),
            b"offset" => self.part = Some(decimal(value)?),
            b"numbytes" => {
                let at = self
                    .part
                    .take()
                    .context("the offset before it is missing")?;
                self.map.get_or_insert_default().add(at, decimal(value)?)?;
            }
            b"map" => {
                let mut map = Map::default();
                let mut numbers = value.split(|b| *b == b',').filter(|n| !n.is_empty());
                while let Some(at) = numbers.next() {
                    let len = numbers.next().context("an odd count of numbers")?;
                    map.add(decimal(at)?, decimal(len)?)?;
                }
                self.map = Some(map);
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns how the file's parts are written and its real size; nothing for a file that is
    /// not sparse.
    ///
    /// # Errors
    ///
    /// Fails on a format that is not known, and on one without a size.
    pub(super) fn form(&mut self) -> Result<Option<(Form, u64)>> {
        let form = match (self.major, self.minor, self.map.take()) {
            (0, 0 | 1, None) => return Ok(None),
            (0, 0 | 1, Some(map)) => Form::Header(map),
            (1, 0, _) => Form::Data,
            (major, minor, _) => bail!("sparse format {major}.{minor} is not known"),
        };
        let size = self
            .real_size
            .context("a sparse file without GNU.sparse.size")?;
        Ok(Some((form, header::within("real size", size, FILE_MAX)?)))
    }
}

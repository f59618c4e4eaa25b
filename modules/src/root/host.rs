//! What a module may see besides the tree: the machine that builds, and the disk to be.

use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::sync::Arc;

use fsgen::tree::content::SourceId;
use fsgen::{ReadAt, WriteAt};

use super::Packed;

/// What modules may see besides the tree: files of the machine that builds, and the disk to be.
pub trait Host: Sync {
    /// Opens a file by its path relative to the recipe; returns its bytes and their number.
    ///
    /// # Errors
    ///
    /// Fails when there is no such regular file, or when the path leads out of the recipe's
    /// folder.
    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)>;

    /// Returns the partitions that the image will have, in the order of the recipe.
    fn partitions(&self) -> &[Partition] {
        &[]
    }

    /// Returns the names in a folder, in byte order; those that are no text are left out.
    ///
    /// # Errors
    ///
    /// Fails when there is no such folder, or when the path leads out of the recipe's.
    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Fetches a file by http or https; returns its bytes and their number. `sha256` is its digest
    /// in hexadecimal, where that is known: then it need not be fetched again.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be had.
    fn fetch(&self, url: &str, sha256: Option<&str>) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let _ = (url, sha256);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the decoded bytes of an input of `len` bytes: of gzip, bzip2, xz, lzma or zstd,
    /// whichever its first bytes are, or the input as it is.
    ///
    /// # Errors
    ///
    /// Fails when the decoder cannot be set up.
    fn decode<'i>(&self, input: Box<dyn BufRead + 'i>, len: u64) -> io::Result<Box<dyn Read + 'i>> {
        let _ = (input, len);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the members of the tar archive in a part of a file, in their order. What they
    /// contain are spans of `source`, which stands for that file. With `types`, all headers have to
    /// be of one of those types.
    ///
    /// # Errors
    ///
    /// Fails on an archive that is malformed or cut short, and on a header of another type.
    fn members(
        &self,
        file: Arc<dyn ReadAt>,
        part: Range<u64>,
        source: SourceId,
        types: Option<&'static str>,
    ) -> io::Result<Vec<Packed>> {
        let _ = (file, part, source, types);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns how many threads may do the work that a step can share out.
    fn threads(&self) -> usize {
        1
    }

    /// Returns an empty place for content that is too large for memory.
    ///
    /// # Errors
    ///
    /// Fails when there is none.
    fn spool(&self) -> io::Result<Arc<dyn Spool>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What is known of a partition before the image is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number in the table; 1 without a table.
    pub number: u32,
    /// Where it is mounted.
    pub mount: Option<String>,
    /// Its type as the recipe has it: a name of the Discoverable Partitions Specification, a GUID
    /// or the byte of an MBR; none without a table.
    pub kind: Option<String>,
    /// What is in it: `ext4`, `vfat` or `swap`.
    pub filesystem: Option<String>,
    /// The label of the filesystem.
    pub label: Option<String>,
    /// The identifier of the filesystem, as blkid(8) prints it.
    pub uuid: Option<String>,
    /// The identifier of the partition, as blkid(8) prints it; none without a table.
    pub partuuid: Option<String>,
}

/// A place for content: written first, and read when the image is.
pub trait Spool: ReadAt + WriteAt {}

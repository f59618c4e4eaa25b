//! qcow2, versions 2 and 3: clusters in any order, compressed or not, over another image or not.
//!
//! Format: `docs/interop/qcow2.rst` of QEMU; all numbers are big-endian. Snapshots in an image are
//! not looked at, the disk is what it is now.

mod header;
mod place;

use std::io::{self, Read as _};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use flate2::{Decompress, FlushDecompress};
use fsgen::ReadAt;

use super::cache::Cache;
use super::chain::Chain;
use super::{Disk, check_range, corrupt};
use header::{Compression, Header};
use place::Place;

/// What a file of this format starts with.
pub(super) const MAGIC: &[u8] = b"QFI\xfb";

/// An open image.
pub(super) struct Qcow2 {
    header: Header,
    /// Where its tables are.
    file: Arc<dyn Disk>,
    /// Where its clusters are: mostly the same.
    data: Arc<dyn Disk>,
    has_data_file: bool,
    /// What it is a difference to.
    backing: Option<Arc<dyn Disk>>,
    /// Where each second table is.
    l1: Vec<u8>,
    tables: Cache,
    /// Clusters that were compressed.
    clusters: Cache,
}

impl Qcow2 {
    pub(super) fn open(file: Arc<dyn Disk>, chain: &mut Chain<'_>) -> Result<Self> {
        let header = Header::read(&*file)?;
        let l1_len = header.l1_entries as usize * 8;
        let l1 = file
            .read(header.l1_offset, l1_len)
            .context("its first table")?;
        let data = match &header.data_file {
            Some(name) => chain.file(name).context("its data")?,
            None => file.clone(),
        };
        let backing = match &header.backing {
            Some((name, form)) => {
                let disk = chain.disk(name, form.as_deref());
                Some(disk.context("its backing file")?)
            }
            None => None,
        };
        let cluster = 1 << header.cluster_bits;
        Ok(Self {
            has_data_file: header.data_file.is_some(),
            header,
            file,
            data,
            backing,
            l1,
            tables: Cache::new(cluster),
            clusters: Cache::new(cluster),
        })
    }

    fn cluster(&self) -> u64 {
        1 << self.header.cluster_bits
    }

    /// Reads bytes that all have the same kind of place.
    fn read_from(&self, place: Place, buf: &mut [u8], at: u64) -> io::Result<()> {
        match place {
            Place::Zero => buf.fill(0),
            Place::Backing => match &self.backing {
                Some(backing) => read_short(&**backing, buf, at)?,
                None => buf.fill(0),
            },
            Place::Data(offset) => {
                if offset >= self.data.len() {
                    let (name, len) = (self.data.name(), self.data.len());
                    return Err(corrupt(format!(
                        "{name}: byte {at} of the disk would be at {offset}, but the file ends at \
                         {len}; was it cut short?"
                    )));
                }
                read_short(&*self.data, buf, offset)?;
            }
            Place::Packed { offset, len, skip } => {
                let cluster = self.clusters.get(offset, || self.unpack(offset, len, at))?;
                buf.copy_from_slice(&cluster[skip..][..buf.len()]);
            }
        }
        Ok(())
    }

    /// Returns a cluster that is compressed.
    fn unpack(&self, offset: u64, len: usize, at: u64) -> io::Result<Vec<u8>> {
        // It ends somewhere in its last sector, and so may the file.
        let there = self.file.len().saturating_sub(offset);
        let packed = self
            .file
            .read(offset, len.min(usize::try_from(there).unwrap_or(len)))?;
        let mut cluster = vec![0; 1 << self.header.cluster_bits];
        let result = match self.header.compression {
            Compression::Deflate => inflate(&packed, &mut cluster),
            Compression::Zstd => zstd::Decoder::with_buffer(&packed[..])
                .and_then(|decoder| decoder.single_frame().read_exact(&mut cluster)),
        };
        result.map_err(|error| {
            let name = self.file.name();
            corrupt(format!(
                "{name}: the compressed cluster at {offset} (byte {at} of the disk): {error}"
            ))
        })?;
        Ok(cluster)
    }
}

/// Decompresses a stream without a header, which has to give all of `out`.
fn inflate(packed: &[u8], out: &mut [u8]) -> io::Result<()> {
    let mut decoder = Decompress::new(false);
    decoder.decompress(packed, out, FlushDecompress::Finish)?;
    match decoder.total_out() == out.len() as u64 {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads what a disk has; all behind its end is zero.
fn read_short(disk: &dyn Disk, buf: &mut [u8], at: u64) -> io::Result<()> {
    let there = disk.len().saturating_sub(at).min(buf.len() as u64);
    let (there, rest) = buf.split_at_mut(usize::try_from(there).unwrap_or(usize::MAX));
    rest.fill(0);
    match there {
        [] => Ok(()),
        some => disk.read_exact_at(some, at),
    }
}

impl ReadAt for Qcow2 {
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        check_range(self, offset, buf.len() as u64)?;
        while !buf.is_empty() {
            let (place, len) = self.run(offset, buf.len())?;
            let (now, rest) = buf.split_at_mut(len);
            self.read_from(place, now, offset)?;
            buf = rest;
            offset += len as u64;
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.file.name()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.file.check_unchanged()?;
        self.data.check_unchanged()?;
        self.backing
            .as_ref()
            .map_or(Ok(()), |backing| backing.check_unchanged())
    }
}

impl Disk for Qcow2 {
    fn len(&self) -> u64 {
        self.header.len
    }
}

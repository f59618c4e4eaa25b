//! VMDK, streamOptimized: grains of 64 KiB, compressed, with tables behind them.
//!
//! Format: "Virtual Disk Format 5.0" (VMware, 2011), section "Stream-Optimized Compressed Sparse
//! Extents"; all numbers are little-endian, and places are counted in sectors of 512 bytes.

use std::io::{self, Write as _};

use anyhow::Result;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use uuid::Uuid;

use super::chunks::{Chunks, Out, Packing};
use super::{Image, Sink, Stream};
use crate::output::Output;

const SECTOR: u64 = 512;
const GRAIN: u64 = 64 << 10;
const GRAIN_LEN: usize = 64 << 10;
/// Grains that one table has places of.
const TABLE_ENTRIES: u64 = 512;
/// Sectors after the header that the descriptor may take.
const DESCRIPTOR_SECTORS: u64 = 20;
/// The first grain starts at a multiple of a grain.
const OVERHEAD: u64 = 128;
/// The place of the directory, in a header that is followed by a better one at the end.
const AT_END: u64 = u64::MAX;
/// A disk of VMware's has at most 62 TiB.
pub(super) const LARGEST: u64 = 62 << 40;

/// What comes next in the stream.
#[derive(Clone, Copy)]
enum Marker {
    End = 0,
    Table = 1,
    Directory = 2,
    Footer = 3,
}

pub(super) fn open<'o>(
    image: &Image<'o>,
    output: &'o Output,
    _: Stream,
) -> Result<Box<dyn Sink + 'o>> {
    let size = image.bytes.next_multiple_of(SECTOR);
    let packing = Vmdk {
        sectors: size / SECTOR,
        descriptor: descriptor(size / SECTOR, image.name, image.id),
        table: 0,
        places: Vec::new(),
        directory: vec![0; usize::try_from(size.div_ceil(GRAIN * TABLE_ENTRIES))?],
    };
    let chunks = Chunks::new(packing, size, image.written.to_vec(), output)?;
    Ok(Box::new(chunks))
}

fn descriptor(sectors: u64, name: &str, id: Uuid) -> String {
    let [a, b, c, ..] = *id.as_bytes();
    let cylinders = (sectors / (255 * 63)).clamp(1, 65535);
    // A name with a quote in it would end the string; what it says is of no use to readers.
    let name = name.replace(|c: char| c == '"' || c.is_control(), "_");
    format!(
        r#"# Disk DescriptorFile
version=1
CID={a:02x}{b:02x}{c:02x}01
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW {sectors} SPARSE "{name}"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.virtualHWVersion = "7"
"#
    )
}

struct Vmdk {
    sectors: u64,
    descriptor: String,
    /// The number of the table under way, and its places.
    table: u64,
    places: Vec<u32>,
    /// Where each table is.
    directory: Vec<u32>,
}

impl Vmdk {
    fn header(&self, directory: u64) -> Vec<u8> {
        let mut header = Vec::new();
        header.extend(b"KDMV");
        header.extend(3_u32.to_le_bytes());
        // The line ends below are there; grains are compressed; there are markers.
        header.extend(0x3_0001_u32.to_le_bytes());
        header.extend(self.sectors.to_le_bytes());
        header.extend((GRAIN / SECTOR).to_le_bytes());
        header.extend(1_u64.to_le_bytes());
        header.extend(DESCRIPTOR_SECTORS.to_le_bytes());
        header.extend(512_u32.to_le_bytes());
        // No second directory.
        header.extend(0_u64.to_le_bytes());
        header.extend(directory.to_le_bytes());
        header.extend(OVERHEAD.to_le_bytes());
        // Closed properly; line ends, to notice a transfer as text; deflate.
        header.extend(b"\0\n \r\n");
        header.extend(1_u16.to_le_bytes());
        header.resize(512, 0);
        header
    }

    /// Appends the table under way.
    fn end_table(&mut self, out: &mut Out<'_>) -> io::Result<()> {
        if !self.places.is_empty() {
            let mut places = std::mem::take(&mut self.places);
            places.resize(512, 0);
            let table = usize::try_from(self.table).map_err(io::Error::other)?;
            self.directory[table] = put_table(Marker::Table, &places, out)?;
        }
        Ok(())
    }
}

impl Packing for Vmdk {
    const CHUNK: u64 = GRAIN;
    const SKIPS_ZEROS: bool = true;
    type Packed = Vec<u8>;

    fn pack(chunk: &[u8]) -> io::Result<Vec<u8>> {
        let mut zlib = ZlibEncoder::new(Vec::with_capacity(GRAIN_LEN), Compression::default());
        zlib.write_all(chunk)?;
        zlib.write_all(&vec![0; GRAIN_LEN - chunk.len()])?;
        zlib.finish()
    }

    fn begin(&mut self, _: u64, out: &mut Out<'_>) -> io::Result<()> {
        out.put(&self.header(AT_END))?;
        let mut descriptor = self.descriptor.clone().into_bytes();
        // OK to expect: names of files have at most 255 bytes.
        let room = usize::try_from(DESCRIPTOR_SECTORS * SECTOR).expect("10 KiB");
        descriptor.resize(room, 0);
        out.put(&descriptor)?;
        out.align(OVERHEAD * SECTOR)
    }

    fn append(&mut self, number: u64, packed: &Vec<u8>, out: &mut Out<'_>) -> io::Result<()> {
        if self.table != number / TABLE_ENTRIES {
            self.end_table(out)?;
            self.table = number / TABLE_ENTRIES;
        }
        let place = sector(out)?;
        let entry = usize::try_from(number % TABLE_ENTRIES).map_err(io::Error::other)?;
        self.places.resize(entry, 0);
        self.places.push(place);
        let len = u32::try_from(packed.len()).map_err(io::Error::other)?;
        out.put(&(number * GRAIN / SECTOR).to_le_bytes())?;
        out.put(&len.to_le_bytes())?;
        out.put(packed)?;
        out.align(SECTOR)
    }

    fn end(&mut self, out: &mut Out<'_>) -> io::Result<Vec<u8>> {
        self.end_table(out)?;
        let directory = put_table(Marker::Directory, &self.directory, out)?;
        mark(Marker::Footer, 1, out)?;
        out.put(&self.header(directory.into()))?;
        mark(Marker::End, 0, out)?;
        Ok(Vec::new())
    }
}

/// Appends a marker and a table, and returns where the table is.
fn put_table(marker: Marker, table: &[u32], out: &mut Out<'_>) -> io::Result<u32> {
    let bytes: Vec<u8> = table.iter().flat_map(|place| place.to_le_bytes()).collect();
    mark(marker, (bytes.len() as u64).div_ceil(SECTOR), out)?;
    let place = sector(out)?;
    out.put(&bytes)?;
    out.align(SECTOR)?;
    Ok(place)
}

fn mark(marker: Marker, sectors: u64, out: &mut Out<'_>) -> io::Result<()> {
    out.put(&sectors.to_le_bytes())?;
    out.put(&0_u32.to_le_bytes())?;
    out.put(&(marker as u32).to_le_bytes())?;
    out.put(&[0; 512 - 16])
}

/// Returns the sector that comes next in the file.
fn sector(out: &Out<'_>) -> io::Result<u32> {
    u32::try_from(out.position() / SECTOR)
        .map_err(|_| io::Error::other("a VMDK of this kind has at most 2 TiB; make a qcow2 or raw"))
}

//! VHD, fixed: the image, and 512 bytes behind it that say so.
//!
//! Format: "Virtual Hard Disk Image Format Specification", version 1.0 (Microsoft, 2006); all
//! numbers are big-endian.

use anyhow::Result;
use fsgen::table::SECTOR;

use super::{Image, Sink, Stream, raw};
use crate::output::Output;

/// Azure takes disks of whole MiB alone.
pub(super) const ALIGNMENT: u64 = 1 << 20;
/// The largest disk that Hyper-V takes: 2040 GiB.
pub(super) const LARGEST: u64 = 2040 << 30;
/// 2000-01-01T00:00:00Z, from which dates are counted.
const EPOCH: i64 = 946_684_800;

pub(super) fn open<'o>(
    image: &Image<'o>,
    output: &'o Output,
    _: Stream,
) -> Result<Box<dyn Sink + 'o>> {
    let size = image.bytes.next_multiple_of(ALIGNMENT);
    let sink = raw::stream(size + SECTOR, Vec::new(), output)?;
    sink.write_all_at(&footer(image, size), size)?;
    Ok(sink)
}

fn footer(image: &Image<'_>, size: u64) -> [u8; 512] {
    // Dates before 2000 or after 2136 do not go in.
    let date = u32::try_from(image.time.secs.saturating_sub(EPOCH)).unwrap_or(0);
    let (cylinders, heads, sectors) = geometry(size / SECTOR);
    let mut fields = Vec::new();
    fields.extend(b"conectix");
    // Features: the bit that is always set; version 1.0; no other header.
    fields.extend(2_u32.to_be_bytes());
    fields.extend(0x0001_0000_u32.to_be_bytes());
    fields.extend(u64::MAX.to_be_bytes());
    fields.extend(date.to_be_bytes());
    // Readers tell by the creator whether to trust the size or the geometry, which is too small:
    // of what Windows makes they trust the size.
    fields.extend(b"win ");
    fields.extend(0x000A_0000_u32.to_be_bytes());
    fields.extend(b"Wi2k");
    fields.extend(size.to_be_bytes());
    fields.extend(size.to_be_bytes());
    fields.extend(cylinders.to_be_bytes());
    fields.extend([heads, sectors]);
    // Type: fixed.
    fields.extend(2_u32.to_be_bytes());
    fields.extend([0; 4]);
    fields.extend(image.id.as_bytes());
    let sum: u32 = fields.iter().map(|byte| u32::from(*byte)).sum();
    fields[64..68].copy_from_slice(&(!sum).to_be_bytes());
    let mut footer = [0; 512];
    footer[..fields.len()].copy_from_slice(&fields);
    footer
}

/// Returns cylinders, heads and sectors as the appendix of the specification computes them.
fn geometry(sectors: u64) -> (u16, u8, u8) {
    let sectors = sectors.min(65535 * 16 * 255);
    let (per_track, heads, tracks) = if sectors >= 65535 * 16 * 63 {
        (255, 16, sectors / 255)
    } else {
        let tracks = sectors / 17;
        let heads = tracks.div_ceil(1024).max(4);
        if tracks < heads * 1024 && heads <= 16 {
            (17, heads, tracks)
        } else if sectors / 31 < 16 * 1024 {
            (31, 16, sectors / 31)
        } else {
            (63, 16, sectors / 63)
        }
    };
    let small = |number: u64| u8::try_from(number).expect("at most 255");
    let cylinders = u16::try_from(tracks / heads).expect("at most 65535");
    (cylinders, small(heads), small(per_track))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometries() {
        for (sectors, want) in [
            (2048, (30, 4, 17)),
            (17 * 4 * 1023, (1023, 4, 17)),
            (17 * 16 * 1023, (1023, 16, 17)),
            (17 * 16 * 1024, (561, 16, 31)),
            (31 * 16 * 1024, (503, 16, 63)),
            (65535 * 16 * 63 - 1, (65534, 16, 63)),
            (65535 * 16 * 63, (16191, 16, 255)),
            (u64::MAX, (65535, 16, 255)),
        ] {
            assert_eq!(geometry(sectors), want, "{sectors}");
        }
    }
}

//! A swap area: one page that says how many more there are.
//!
//! Source: `union swap_header` in the kernel's `include/linux/swap.h`, version 1, little-endian,
//! for pages of 4 KiB.

use std::io;

use uuid::Uuid;

use crate::region::{Region, WriteAt as _};

const PAGE: u64 = 4096;
const PAGE_LEN: usize = 4096;

/// The fewest bytes of a swap area: mkswap refuses less than ten pages.
pub const MIN_BYTES: u64 = 10 * PAGE;

/// How many bytes at the start of the area [`write()`] writes.
pub const WRITTEN_BYTES: u64 = PAGE;

/// Writes the header of a swap area that fills the region. The label is cut at 15 bytes.
///
/// # Errors
///
/// Fails when the region is smaller than [`MIN_BYTES`] or cannot be written.
pub fn write(region: Region<'_>, uuid: &Uuid, label: &str) -> io::Result<()> {
    let bytes = region.len();
    if bytes < MIN_BYTES {
        return Err(io::Error::other(format!(
            "a swap area of {bytes} bytes, at least {MIN_BYTES} are needed"
        )));
    }
    // Pages are counted in 32 bits; a larger area is used up to there.
    let last_page = u32::try_from(bytes / PAGE - 1).unwrap_or(u32::MAX);
    let mut page = [0; PAGE_LEN];
    page[1024..1028].copy_from_slice(&1_u32.to_le_bytes());
    page[1028..1032].copy_from_slice(&last_page.to_le_bytes());
    page[1036..1052].copy_from_slice(uuid.as_bytes());
    let label = &label.as_bytes()[..label.len().min(15)];
    page[1052..1052 + label.len()].copy_from_slice(label);
    page[PAGE_LEN - 10..].copy_from_slice(b"SWAPSPACE2");
    region.write_all_at(&page, 0)
}

//! Swap areas: the header in their first page.
//!
//! Source: the kernel's `include/linux/swap.h`, `union swap_header`.

use std::io;

use super::area::Area;
use super::problem::Problems;
use super::verdict::Count;
use crate::fields::{Fields, slice};

const SIGNATURE: &[u8; 10] = b"SWAPSPACE2";
/// Bytes that are free for a boot loader; then the header follows.
const HEADER: usize = 1024;
/// Where the list of bad pages starts.
const BAD_PAGES: usize = HEADER + 512;
/// Sizes of pages on the machines there are: the signature ends the first page.
const PAGES: [u32; 5] = [4096, 8192, 16384, 32768, 65536];

/// Returns the page size of a swap area, even of one with a damaged signature.
fn page_size(area: Area<'_>) -> io::Result<Option<u32>> {
    for page in PAGES {
        let found = area.read_padded(u64::from(page) - 10, 10)?;
        let right = found.iter().zip(SIGNATURE).filter(|(a, b)| a == b);
        if right.count() >= 8 {
            return Ok(Some(page));
        }
    }
    Ok(None)
}

/// Returns whether an area is a swap area.
pub(super) fn is_likely(area: Area<'_>) -> io::Result<bool> {
    page_size(area).map(|page| page.is_some())
}

/// Checks the header and returns what there was to check.
pub(super) fn check(area: Area<'_>, problems: &mut Problems) -> io::Result<Vec<Count>> {
    const PLACE: &str = "swap header";
    let Some(page) = page_size(area)? else {
        return Ok(Vec::new());
    };
    let raw = area.read_padded(0, page as usize)?;
    let signature = slice(&raw, raw.len() - 10, 10);
    if signature != SIGNATURE {
        let signature = signature.escape_ascii();
        problems.add(
            PLACE,
            format_args!("signature is {signature}, expected SWAPSPACE2"),
        );
    }
    problems.expect(PLACE, "version", raw.le32(HEADER), 1);
    let last = raw.le32(HEADER + 4);
    let pages = area.len() / u64::from(page);
    if last == 0 || u64::from(last) >= pages {
        problems.add(
            PLACE,
            format_args!("last page is {last}, there are {pages} of {page} bytes"),
        );
    }
    let bad = raw.le32(HEADER + 8);
    let room = (raw.len() - 10 - BAD_PAGES) / 4;
    if bad as usize > room {
        problems.add(
            PLACE,
            format_args!("{bad} bad pages, at most {room} can be listed"),
        );
    }
    let listed = slice(&raw, BAD_PAGES, 4 * (bad as usize).min(room));
    for number in listed.chunks_exact(4).map(|number| number.le32(0)) {
        if number == 0 || number > last {
            problems.add(
                PLACE,
                format_args!("page {number} is bad, the last one is {last}"),
            );
        }
    }
    if raw.array::<16>(HEADER + 12) == [0; 16] {
        problems.add(PLACE, "the UUID is zero");
    }
    if slice(&raw, HEADER + 44, 468).iter().any(|byte| *byte != 0) {
        problems.add(PLACE, "what is reserved after the label is not zero");
    }
    Ok(vec![Count("pages", u64::from(last) + 1)])
}

//! Fixed VHD: the disk as it is, then a footer of 512 bytes.
//!
//! Format: Microsoft's Virtual Hard Disk Image Format Specification of 2006; numbers are
//! big-endian.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use super::{CONVERT, Disk, Part};
use crate::fields::Fields as _;

const FOOTER: u64 = 512;
const FIXED: u32 = 2;

/// Returns whether a file ends with a footer.
pub(super) fn is_fixed(file: &dyn Disk) -> std::io::Result<bool> {
    let at = file.len().saturating_sub(FOOTER);
    Ok(at > 0 && file.read_padded(at, 8)? == b"conectix")
}

/// Opens the disk in a file.
pub(super) fn open(file: Arc<dyn Disk>) -> Result<Part> {
    let footer = file.read(file.len() - FOOTER, 512)?;
    let sum: u32 = footer.iter().map(|byte| u32::from(*byte)).sum();
    let found = footer.be32(64);
    // The sum leaves itself out.
    let own: u32 = found
        .to_be_bytes()
        .iter()
        .map(|byte| u32::from(*byte))
        .sum();
    let expected = !(sum - own);
    ensure!(
        found == expected,
        "the checksum of its footer is {found:#x}, expected {expected:#x}"
    );
    let kind = footer.be32(60);
    ensure!(
        kind == FIXED,
        "it is of type {kind}; only fixed ones ({FIXED}) are read; {CONVERT}"
    );
    let (len, room) = (footer.be64(48), file.len() - FOOTER);
    Part::new(file, 0, len).with_context(|| {
        format!("its disk has {len} bytes, but the file has {room} before its footer; was it cut?")
    })
}

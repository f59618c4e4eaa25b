//! The members of a tar archive go into the tree, one after the other.

use std::sync::Arc;

use anyhow::Result;

use super::assembly::Assembly;
use super::member::Members;
use super::window::Archive;

/// How many bytes of the archive lie between two calls of `progress`.
const PROGRESS_STEP: u64 = 1 << 20;

/// Reads an archive from its first byte to its end marker. Without `needs_end`, the last member
/// may be its end as well.
///
/// # Errors
///
/// Fails on an archive that is malformed or ends early, on members that contradict each other,
/// and on more of them than the limits allow. The message names the member and its offset.
pub(super) fn read(
    archive: Arc<dyn Archive>,
    assembly: &mut Assembly,
    needs_end: bool,
    progress: &dyn Fn(u64),
) -> Result<()> {
    let source = assembly.add_source(archive.clone());
    let mut members = Members::new(&*archive, source)?;
    if !needs_end {
        members.let_end_anywhere();
    }
    let mut told = 0;
    while let Some(member) = members.next()? {
        assembly.add(member)?;
        if members.offset() - told >= PROGRESS_STEP {
            told = members.offset();
            progress(told);
        }
    }
    progress(members.offset());
    assembly.warnings.append(&mut members.warnings);
    Ok(())
}

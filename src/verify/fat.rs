//! FAT12, FAT16 and FAT32: the boot sector, the tables, and all directories.
//!
//! Source: Microsoft's "FAT32 File System Specification", version 1.03, which has all three.

mod boot;
mod chain;
mod directory;
mod label;
mod long_name;
mod table;

use std::io;

use super::area::Area;
use super::problem::Problems;
use super::verdict::Count;
use boot::Boot;
use chain::Chains;
use table::Table;

/// Returns whether an area holds such a filesystem, even with a damaged boot sector.
pub(super) fn is_likely(area: Area<'_>) -> io::Result<bool> {
    Ok(boot::is_likely(&area.read_padded(0, 512)?))
}

/// Returns whether FAT32's copy of the boot sector lies where all that is known puts it.
pub(super) fn has_copy(area: Area<'_>) -> io::Result<bool> {
    const COPY: u64 = 6 * 512;
    Ok(boot::is_likely(&area.read_padded(COPY, 512)?))
}

/// Checks the filesystem in an area; returns its kind, and what there was to check.
///
/// # Errors
///
/// Fails when the image cannot be read.
pub(super) fn check(
    area: Area<'_>,
    problems: &mut Problems,
) -> io::Result<(&'static str, Vec<Count>)> {
    let Some(boot) = Boot::read(area, problems)? else {
        return Ok(("fat", Vec::new()));
    };
    boot.check_backup(area, problems)?;
    let mut table = Table::new(area, &boot);
    table.check_copies(problems)?;
    table.check_start(problems)?;
    let mut chains = Chains::new(table);
    let tree = directory::read_all(area, &boot, &mut chains, problems)?;
    label::check(&boot, tree.label, problems);
    let usage = chains.check_lost(problems)?;
    boot.check_free(area, usage.free, problems)?;
    let counts = vec![
        Count("files", tree.files),
        Count("directories", tree.directories),
        Count("clusters", boot.clusters.into()),
        Count("free clusters", usage.free),
        Count("bad clusters", usage.bad),
    ];
    Ok((boot.kind.name(), counts))
}

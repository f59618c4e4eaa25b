//! A plan becomes bytes: each partition in its own region, then the table around them.

use anyhow::{Context, Result};
use fsgen::table::SECTOR;
use fsgen::{Region, Tree, ext4, fat, swap};

use crate::output::Output;
use crate::plan::{Content, Part, Plan};
use crate::progress::Progress;

/// Writes the image.
pub(crate) fn write(
    plan: &Plan,
    tree: &Tree,
    output: &Output,
    threads: usize,
    progress: &Progress,
) -> Result<()> {
    output.set_len(plan.bytes)?;
    for part in &plan.parts {
        let region = Region::new(output, part.offset, part.bytes);
        match &part.content {
            Content::None => {}
            Content::Swap(uuid) => swap::write(region, uuid, &part.label)
                .with_context(|| format!("swap partition {}", part.number))?,
            Content::Ext4 { layout, own } => {
                let stage = progress.stage(&writing(part), Some(layout.written_bytes()));
                let tree = own.as_ref().unwrap_or(tree);
                ext4::write(layout, tree, region, threads, &|bytes| stage.add(bytes))?;
            }
            Content::Vfat { layout, own } => {
                let stage = progress.stage(&writing(part), Some(layout.written_bytes()));
                let tree = own.as_ref().unwrap_or(tree);
                let first_lba = part.offset / SECTOR;
                fat::write(layout, tree, region, first_lba, &|bytes| stage.add(bytes))?;
            }
        }
    }
    if let Some(table) = &plan.table {
        table.write(output)?;
    }
    Ok(())
}

fn writing(part: &Part) -> String {
    let what = part.mount.as_deref().unwrap_or("an empty filesystem");
    format!("writing {what}")
}

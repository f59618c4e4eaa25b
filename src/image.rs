//! A plan becomes bytes, in the order of their places: the head of the table, each partition in
//! its own region, the tail of the table.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use fsgen::table::SECTOR;
use fsgen::{Region, Tree, WriteAt, ext4, fat, swap};

use crate::plan::{Content, Part, Plan};
use crate::progress::Progress;

/// Returns what [`write`] will write, in order, not touching, but for small gaps that it fills.
pub(crate) fn written(plan: &Plan, tree: &Tree) -> Result<Vec<Range<u64>>> {
    let mut ranges = Vec::new();
    let (head, tail) = table(plan)?;
    let all = |pieces: &[Piece], ranges: &mut Vec<Range<u64>>| {
        ranges.extend(
            pieces
                .iter()
                .map(|(at, bytes)| *at..at + bytes.len() as u64),
        );
    };
    all(&head, &mut ranges);
    for part in &plan.parts {
        let shifted = |range: Range<u64>| range.start + part.offset..range.end + part.offset;
        match &part.content {
            Content::None => {}
            Content::Swap(_) => ranges.push(shifted(0..swap::WRITTEN_BYTES)),
            Content::Ext4 { layout, .. } => ranges.extend(layout.written().map(shifted)),
            Content::Vfat { layout, own } => {
                let tree = own.as_ref().unwrap_or(tree);
                ranges.extend(fat::written(layout, tree).into_iter().map(shifted));
            }
        }
    }
    all(&tail, &mut ranges);
    ranges.retain(|range| !range.is_empty());
    ranges.dedup_by(|next, last| {
        let touches = last.end == next.start;
        if touches {
            last.end = next.end;
        }
        touches
    });
    Ok(ranges)
}

/// Writes the image.
pub(crate) fn write(
    plan: &Plan,
    tree: &Tree,
    device: &dyn WriteAt,
    threads: usize,
    progress: &Progress,
) -> Result<()> {
    let (head, tail) = table(plan)?;
    for (at, bytes) in head {
        device.write_all_at(&bytes, at)?;
    }
    for part in &plan.parts {
        let region = Region::new(device, part.offset, part.bytes);
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
    for (at, bytes) in tail {
        device.write_all_at(&bytes, at)?;
    }
    Ok(())
}

fn writing(part: &Part) -> String {
    let what = part.mount.as_deref().unwrap_or("an empty filesystem");
    format!("writing {what}")
}

/// Bytes, and where they go.
type Piece = (u64, Vec<u8>);

/// Returns the partition table: what is before the partitions and what is behind them.
fn table(plan: &Plan) -> Result<(Vec<Piece>, Vec<Piece>)> {
    let pieces = Pieces::default();
    if let Some(table) = &plan.table {
        table.write(&pieces)?;
    }
    let mut pieces = pieces
        .0
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    pieces.sort();
    let first = plan.parts.first().map_or(0, |part| part.offset);
    let tail = pieces.split_off(pieces.partition_point(|(at, _)| *at < first));
    Ok((pieces, tail))
}

/// What was written, in memory.
#[derive(Default)]
struct Pieces(Mutex<Vec<Piece>>);

impl WriteAt for Pieces {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.push((offset, buf.to_vec()));
        Ok(())
    }
}

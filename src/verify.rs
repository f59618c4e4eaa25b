//! `hsb verify`: re-reads everything in a raw image that is not the content of files.
//!
//! This is on purpose a second implementation. It shares no structure, no checksum and no line
//! with `fsgen`, which writes images: a rule that was misunderstood there is not likely to be
//! misunderstood here in the same way. So nothing in this folder may use `fsgen`, and what looks
//! like something that is there already has to stay.
//!
//! - `area`: reading
//! - `problem`, `verdict`: what was found
//! - `gpt`, `mbr`, and the `slot`s that both give
//! - `ext4`, `fat`, `swap`: what a partition holds
//!
//! An image may be hostile: numbers in it are never trusted, each block is visited once (of
//! partitions that overlap, only the first one is read), and memory grows with the metadata (a bit for each block, some bytes for each inode in use).

mod area;
mod ext4;
mod fat;
mod gpt;
mod mbr;
mod problem;
mod slot;
mod swap;
mod verdict;

use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};

use area::Area;
pub use problem::Problem;
use problem::Problems;
use slot::{SECTOR, Slot, apart};
pub use verdict::{Checked, Count, Verdict};

/// The content of a partition that holds nothing that is known here.
const UNKNOWN: &str = "unknown";
/// The content of a partition that shares sectors with one before it: it is not looked at.
const OVERLAPPING: &str = "overlapping";
/// Most problems that are told of all partitions together: a table may have 32,768 of them.
const MOST_KEPT: usize = 2_000;

/// Checks a raw image: a disk with a partition table, or a bare filesystem. Only reads it.
///
/// # Errors
///
/// Fails when the image cannot be read, or is nothing that could be checked.
pub fn verify(image: &Path) -> Result<Verdict> {
    let named = || format!("image {}", image.display());
    let (file, len) = area::open(image).with_context(named)?;
    let whole = Area::whole(&file, len);
    let mut disk = Problems::new(None);
    let (table, slots) = table(whole, &mut disk).with_context(named)?;
    if table == "none" && content(whole).with_context(named)? == Content::Unknown {
        bail!(
            "image {}: neither a partition table nor a filesystem that is known; only raw images \
             can be checked, which `qemu-img convert -O raw` makes of others",
            image.display()
        );
    }
    let mut verdict = Verdict {
        image: image.display().to_string(),
        bytes: len,
        table,
        partitions: Vec::new(),
        problem_count: 0,
        problems: Vec::new(),
    };
    for (slot, is_apart) in slots.iter().zip(apart(&slots)) {
        let bytes = |sectors: u64| sectors.saturating_mul(SECTOR);
        let (start, bytes) = (bytes(slot.first), bytes(slot.sectors));
        let area = whole.part(start, bytes);
        let mut problems = Problems::new(Some(slot.number));
        if let Some(area) = area {
            let checked = if is_apart {
                partition(area, &mut problems).with_context(named)?
            } else {
                (OVERLAPPING, Vec::new())
            };
            let place = (slot.number, start, bytes);
            verdict.add(place, checked, problems);
        } else {
            disk.add(
                format_args!("partition {}", slot.number),
                "is not inside of the image",
            );
        }
    }
    if table == "none" {
        let checked = partition(whole, &mut disk).with_context(named)?;
        verdict.add((0, 0, len), checked, disk);
    } else {
        verdict.problem_count += disk.count();
        verdict.problems.splice(0..0, disk.into_kept());
    }
    Ok(verdict)
}

impl Verdict {
    fn add(
        &mut self,
        (number, offset, bytes): (u32, u64, u64),
        (content, counts): (&'static str, Vec<Count>),
        problems: Problems,
    ) {
        self.problem_count += problems.count();
        self.partitions.push(Checked {
            number,
            offset,
            bytes,
            content,
            counts,
            problem_count: problems.count(),
        });
        let room = MOST_KEPT.saturating_sub(self.problems.len());
        self.problems
            .extend(problems.into_kept().into_iter().take(room));
    }
}

/// Checks the partition table, if there is one, and returns its name and partitions.
fn table(whole: Area<'_>, problems: &mut Problems) -> io::Result<(&'static str, Vec<Slot>)> {
    if gpt::is_likely(whole)? {
        return Ok(("gpt", gpt::check(whole, problems)?));
    }
    // The boot sector of a FAT filesystem ends like an MBR.
    if content(whole)? == Content::Unknown && mbr::is_likely(whole)? {
        return Ok(("mbr", mbr::check(whole, problems)?));
    }
    Ok(("none", Vec::new()))
}

/// What an area seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Ext4,
    Fat,
    Swap,
    Unknown,
}

fn content(area: Area<'_>) -> io::Result<Content> {
    Ok(if ext4::is_likely(area)? {
        Content::Ext4
    } else if fat::is_likely(area)? {
        Content::Fat
    } else if swap::is_likely(area)? {
        Content::Swap
    } else {
        Content::Unknown
    })
}

/// Checks what an area holds and returns its name and what there was to check.
fn partition(area: Area<'_>, problems: &mut Problems) -> io::Result<(&'static str, Vec<Count>)> {
    match content(area)? {
        Content::Ext4 => Ok(("ext4", ext4::check(area, problems)?)),
        Content::Fat => fat::check(area, problems),
        Content::Swap => Ok(("swap", swap::check(area, problems)?)),
        // Its start was overwritten, and what took its place is nothing that is known.
        Content::Unknown if ext4::has_copy(area)? => Ok(("ext4", ext4::check(area, problems)?)),
        Content::Unknown if fat::has_copy(area)? => fat::check(area, problems),
        Content::Unknown => Ok((UNKNOWN, Vec::new())),
    }
}

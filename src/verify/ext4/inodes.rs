//! All inodes, table by table: which are in use, and what of them later checks need.

use std::io;

use super::attribute::Attributes;
use super::group::Group;
use super::inode::Check;
use super::mapping::Run;
use super::owned::Owned;
use super::raw_inode::{self, FileType, RawInode};
use super::value::ValueInode;
use super::volume::Volume;
use super::{journal, orphan, reserved, resize};
use crate::fields::Fields;
use crate::verify::problem::Problems;

/// The root directory.
pub(super) const ROOT: u32 = 2;
/// The blocks kept for more group descriptors.
const RESIZE: u32 = 7;
/// The journal.
const JOURNAL: u32 = 8;
/// Bytes of a table that are read at once.
const BATCH: u32 = 1 << 20;

/// An inode that is in use and not reserved, or the root directory.
#[derive(Debug)]
pub(super) struct Used {
    pub number: u32,
    /// Unknown when the mode makes no sense, which was reported.
    pub kind: Option<FileType>,
    pub links: u16,
    /// Whether the directory has an index.
    pub has_index: bool,
    /// Whether no directory may name it: orphan files and values of attributes.
    pub is_nameless: bool,
    /// How many directory entries name it; counted later.
    pub names: u32,
}

/// A directory that is to be read.
#[derive(Debug)]
pub(super) struct Directory {
    pub number: u32,
    pub seed: u32,
    pub has_index: bool,
    /// Blocks by its size.
    pub blocks: u64,
    pub runs: Vec<Run>,
}

/// What the tables hold.
#[derive(Default)]
pub(super) struct Inodes {
    /// In the order of their numbers.
    pub used: Vec<Used>,
    pub directories: Vec<Directory>,
    pub values: Vec<ValueInode>,
    pub attributes: Attributes,
}

impl Inodes {
    /// Finds an inode that is in use.
    pub(super) fn find(&mut self, number: u32) -> Option<&mut Used> {
        let index = self.used.binary_search_by_key(&number, |used| used.number);
        self.used.get_mut(index.ok()?)
    }
}

/// Reads all tables.
pub(super) fn scan(
    volume: &Volume<'_>,
    groups: &[Group],
    owned: &mut Owned,
    problems: &mut Problems,
) -> io::Result<Inodes> {
    let superblock = &volume.superblock;
    let size = u32::from(superblock.inode_size);
    let mut inodes = Inodes::default();
    for (number, group) in (0_u32..).zip(groups) {
        let Some(table) = group.inode_table else {
            continue;
        };
        let touched = group.touched_inodes(superblock.inodes_per_group);
        let start = table * u64::from(superblock.block_size);
        let first = number * superblock.inodes_per_group + 1;
        let batch = BATCH / size;
        let mut done = 0;
        while done < touched {
            let count = batch.min(touched - done);
            let at = start + u64::from(done) * u64::from(size);
            let bytes = volume.area.read(at, (count * size) as usize)?;
            for (number, raw) in (first + done..).zip(bytes.chunks_exact(size as usize)) {
                let inode = RawInode(raw);
                one(volume, (number, inode), &mut inodes, owned, problems)?;
            }
            done += count;
        }
    }
    Ok(inodes)
}

fn one(
    volume: &Volume<'_>,
    (number, inode): (u32, RawInode<'_>),
    inodes: &mut Inodes,
    owned: &mut Owned,
    problems: &mut Problems,
) -> io::Result<()> {
    let superblock = &volume.superblock;
    if inode.0.iter().all(|byte| *byte == 0) {
        // The last ones of a table were never used; others lack what the superblock promises.
        return Ok(());
    }
    let place = format_args!("inode {number}");
    let seed = volume.inode_seed(number, inode.generation());
    if superblock.features.metadata_csum() {
        let (found, expected) = inode.checksums(seed);
        problems.expect_bits(place, "checksum", found, expected);
    }
    let mut check = Check {
        volume,
        owned,
        attributes: &mut inodes.attributes,
        problems,
        number,
        inode,
        seed,
    };
    let has_journal = superblock.features.journal();
    match number {
        RESIZE if superblock.features.resize_inode() => return resize::check(&mut check),
        JOURNAL if has_journal => return journal::check(&mut check),
        ROOT => {}
        number if number < superblock.first_inode => return reserved::check(&mut check),
        _ => {}
    }
    if inode.links() == 0 {
        let time = inode.deletion_time();
        if inode.mode() != 0 && time == 0 {
            problems.add(place, "has no links, and no deletion time");
        }
        if time != 0 && time < superblock.inodes() && superblock.tells_times() {
            let what = format_args!("is deleted, but in a list of orphans: inode {time} follows");
            problems.add(place, what);
        }
        return Ok(());
    }
    let is_orphan_file = superblock.features.orphan_file() && number == superblock.raw.le32(0x280);
    let is_value = inode.has(raw_inode::ATTRIBUTE_VALUE);
    let mut used = Used {
        number,
        kind: inode.file_type(),
        links: inode.links(),
        has_index: inode.has(raw_inode::INDEX),
        is_nameless: is_orphan_file || is_value,
        names: 0,
    };
    let Some(kind) = used.kind else {
        problems.expect_bits(
            place,
            "mode, which is of no known type,",
            inode.mode(),
            0_u16,
        );
        inodes.used.push(used);
        return Ok(());
    };
    let is_directory = kind == FileType::Directory;
    let mapping = check.run(kind, is_directory || used.is_nameless)?;
    if is_directory {
        let blocks = inode.size() / u64::from(superblock.block_size);
        used.has_index &= superblock.features.hashed_directories();
        inodes.directories.push(Directory {
            number,
            seed,
            has_index: used.has_index,
            blocks: blocks.min(mapping.end),
            runs: mapping.runs,
        });
    } else if is_orphan_file {
        orphan::check(&mut check, &mapping)?;
    } else if is_value {
        inodes.values.push(ValueInode {
            number,
            references: inode.value_references(),
            checksum: inode.value_checksum(),
            size: inode.size(),
            runs: mapping.runs,
        });
    }
    inodes.used.push(used);
    Ok(())
}

//! `hsb verify --rebuild`: the image that a recipe makes, compared with one that is there.
//!
//! Nothing is stored: what a build would write is held against the image as it is made, and what it
//! would leave out has to be zero there. The plan knows what every byte is part of, so a difference
//! has a name.
//!
//! - `against`: takes the bytes, and keeps those that are not in the image
//! - `field`: the fields of a structure, with their values for people
//! - `beside`: kernel and ramdisk, which are not in it
//! - `disk`, `ext4`, `fat`, `swap`: the structure that a byte is part of; `attribute`: the
//!   extended attributes in one

mod against;
mod attribute;
mod beside;
mod disk;
mod ext4;
mod fat;
mod field;
mod swap;

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::disk::Disk;
use crate::draft::Draft;
use crate::plan::{Content, Plan};
use crate::progress::Progress;
use crate::reader::name::shown;
use crate::{Request, image};
use against::Against;
pub(crate) use beside::Place;
use field::Difference;

/// The most differences that are told.
const TOLD: usize = 20;

/// What came of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    image: String,
    recipe: String,
    /// How many blocks of 4 KiB differ.
    differing_blocks: u64,
    /// The first differing fields, in the order of the disk.
    differences: Vec<Named>,
    /// What the user should know of the rebuilt one.
    #[serde(skip)]
    pub(crate) warnings: Vec<String>,
}

/// A field that differs.
#[derive(Debug, Serialize)]
struct Named {
    /// The partition; none for the disk itself, and for a bare filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<u32>,
    /// `ext4`, `vfat` or `swap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    filesystem: Option<&'static str>,
    /// Where it is: `superblock`, `inode 12 of /etc/motd`.
    structure: String,
    field: String,
    /// Its value in the image.
    image: String,
    /// Its value as rebuilt.
    rebuilt: String,
    /// Where the structure is in the disk, in bytes; of a file beside it, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// Names what differs in the bytes of a structure, in the image and as rebuilt.
type Compare = Box<dyn Fn(&[u8], &[u8]) -> Vec<Difference>>;

/// A structure that a byte is part of.
struct Structure {
    name: String,
    /// Where it is in the disk.
    start: u64,
    /// In bytes; a multiple of blocks is looked at in parts.
    len: u64,
    /// Names the fields that differ.
    fields: Compare,
}

impl Comparison {
    /// Returns whether the image is what the recipe makes.
    pub(crate) fn is_same(&self) -> bool {
        self.differences.is_empty() && self.differing_blocks == 0
    }
}

/// Makes the image of a recipe, and compares it with one that is there; with the kernel and ramdisk
/// beside it, if the request asks for some.
///
/// # Errors
///
/// Fails when the image cannot be read, and when the recipe's cannot be made.
pub(crate) fn compare(
    request: &Request,
    image: &Arc<dyn Disk>,
    beside: &Place,
    recipe: String,
    progress: &Progress,
) -> Result<Comparison> {
    let draft = Draft::new(request, progress)?;
    let against = Against::new(&**image);
    image::write(
        &draft.plan,
        &draft.tree,
        &against,
        request.threads,
        progress,
    )?;
    let written = image::written(&draft.plan, &draft.tree)?;
    against
        .check_gaps(&written, draft.plan.bytes)
        .context("the image")?;
    for source in draft.tree.sources() {
        source.check_unchanged().with_context(|| source.name())?;
    }
    let mut differences = Vec::new();
    let bytes = size(&**image, draft.plan.bytes)?;
    if bytes != draft.plan.bytes {
        differences.push(Named {
            partition: None,
            filesystem: None,
            structure: "disk".to_owned(),
            field: "size".to_owned(),
            image: format!("{bytes} bytes"),
            rebuilt: format!("{} bytes", draft.plan.bytes),
            offset: Some(0),
        });
    }
    let found = name(&against, &draft.plan, &draft.tree)?;
    differences.extend(found);
    differences.truncate(TOLD);
    if let Some(bundle) = &draft.bundle {
        differences.extend(beside::compare(bundle, &draft.tree, beside)?);
    }
    image.check_unchanged()?;
    Ok(Comparison {
        image: image.name(),
        recipe,
        differing_blocks: against.count(),
        differences,
        warnings: draft.warnings,
    })
}

/// Returns the size of a disk, without what formats of whole MiB put behind an image.
fn size(disk: &dyn Disk, planned: u64) -> Result<u64> {
    const UNIT: u64 = 1 << 20;
    let len = disk.len();
    if len <= planned || len != planned.next_multiple_of(UNIT) {
        return Ok(len);
    }
    let rest = disk.read(planned, usize::try_from(len - planned)?)?;
    Ok(match rest.iter().all(|byte| *byte == 0) {
        true => planned,
        false => len,
    })
}

/// Names what differs, in the order of the disk. Checksums are named only where nothing else is.
fn name(against: &Against<'_>, plan: &Plan, tree: &fsgen::Tree) -> Result<Vec<Named>> {
    let mut found: Vec<Named> = Vec::new();
    let mut derived = None;
    let mut next = 0;
    while let Some(at) = against.next_difference(next)? {
        let (partition, filesystem, structure) = structure(plan, tree, at);
        let block = at / against::BLOCK * against::BLOCK;
        // Of what is longer than a block, the part that is in this one.
        let start = structure.start.max(block);
        let end = (structure.start + structure.len).min(block + against::BLOCK);
        let (start, end) = match structure.len <= against::BLOCK {
            true => (structure.start, structure.start + structure.len),
            false => (start, end),
        };
        next = end.max(at + 1);
        let [image, rebuilt] = against.both(start, end)?;
        let mut differing = (structure.fields)(&image, &rebuilt);
        if differing.is_empty() {
            differing.push(field::first_byte(&image, &rebuilt));
        }
        for difference in differing {
            let named = Named {
                partition,
                filesystem,
                structure: structure.name.clone(),
                field: difference.field,
                image: difference.image,
                rebuilt: difference.rebuilt,
                offset: Some(structure.start),
            };
            // Of each file and table, the first one is told.
            let is_told = found.last().is_some_and(|last| {
                last.partition == partition && last.structure == named.structure
            });
            if difference.is_derived {
                derived.get_or_insert(named);
            } else if !is_told || structure.len < against::BLOCK {
                found.push(named);
            }
        }
        if found.len() >= TOLD {
            break;
        }
    }
    if found.is_empty() {
        found.extend(derived);
    }
    Ok(found)
}

/// Returns the structure that a byte of the disk is part of, and which partition that is in.
fn structure(
    plan: &Plan,
    tree: &fsgen::Tree,
    at: u64,
) -> (Option<u32>, Option<&'static str>, Structure) {
    let mut parts = plan.parts.iter();
    let inside = |part: &&crate::plan::Part| (part.offset..part.offset + part.bytes).contains(&at);
    let Some(part) = parts.find(inside) else {
        return (None, None, disk::structure(plan, at));
    };
    let number = (part.number > 0).then_some(part.number);
    let (filesystem, mut found) = match &part.content {
        Content::Ext4 { layout, own } => {
            let tree = own.as_ref().unwrap_or(tree);
            let found = ext4::structure(layout, tree, at - part.offset);
            (Some("ext4"), found)
        }
        Content::Vfat { layout, own } => {
            let tree = own.as_ref().unwrap_or(tree);
            (Some("vfat"), fat::structure(layout, tree, at - part.offset))
        }
        Content::Swap(_) => (Some("swap"), swap::structure(at - part.offset)),
        Content::None => (None, Structure::unused(at - part.offset)),
    };
    found.start += part.offset;
    (number, filesystem, found)
}

impl Structure {
    /// Returns what is no structure: all of it is zero.
    fn unused(at: u64) -> Self {
        let start = at / against::BLOCK * against::BLOCK;
        Self {
            name: "unused space".to_owned(),
            start,
            len: against::BLOCK,
            fields: Box::new(move |image, rebuilt| {
                vec![field::byte_of("byte", start, image, rebuilt)]
            }),
        }
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.partition {
            write!(f, "partition {number}, ")?;
        }
        if let Some(filesystem) = self.filesystem {
            write!(f, "{filesystem}, ")?;
        }
        let Self {
            structure,
            field,
            image,
            rebuilt,
            ..
        } = self;
        write!(
            f,
            "{structure}, {field}: {image} in the image, {rebuilt} as rebuilt"
        )
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (image, recipe) = (shown(self.image.as_bytes()), &self.recipe);
        if self.is_same() {
            return writeln!(f, "{image}: the same as {recipe} makes it");
        }
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        write!(f, "{image}: not what {recipe} makes")?;
        match self.differing_blocks {
            0 => writeln!(f),
            blocks => writeln!(f, "; {blocks} blocks of 4 KiB differ"),
        }
    }
}

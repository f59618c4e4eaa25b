//! Where everything lies in the image, decided before the first byte is written.

use anyhow::{Context, Result};
use fsgen::ext4;
use fsgen::fat;
use fsgen::table::{ALIGNMENT, Entry, PartitionType, SECTOR, Scheme, Table};
use fsgen::{Meta, NodeId, Timestamp, Tree};
use modules::value::ValueError;
use uuid::Uuid;

use crate::architecture;
use crate::ids::Ids;
use crate::recipe::{self, Filesystem, Recipe, Size};

/// An image that is decided down to the last block.
pub(crate) struct Plan {
    /// Size of the image in bytes.
    pub bytes: u64,
    /// What identifiers of the file that holds the image are made of.
    pub id: Uuid,
    /// The partition table, if there is one.
    pub table: Option<Table>,
    /// Its partitions, in the order of the recipe.
    pub parts: Vec<Part>,
}

/// One partition, or the only filesystem of an image without a table.
pub(crate) struct Part {
    /// Number in the table; 0 without one.
    pub number: u32,
    /// Name in the table and label of the filesystem.
    pub label: String,
    /// Where it is mounted.
    pub mount: Option<String>,
    /// First byte in the image.
    pub offset: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// What it holds.
    pub content: Content,
}

/// What a partition holds.
pub(crate) enum Content {
    /// Nothing.
    None,
    /// A swap area with this UUID.
    Swap(Uuid),
    /// A filesystem with a part of the image's tree, or with a tree of its own: an empty one.
    Ext4 {
        layout: Box<ext4::Layout>,
        own: Option<Tree>,
    },
    /// As above.
    Vfat {
        layout: Box<fat::Layout>,
        own: Option<Tree>,
    },
}

/// How much room a partition asks for, before it is known how large the disk is.
enum Room {
    Bytes(u64),
    /// As much as the content needs, and this much free.
    Fit(u64),
    Rest,
}

/// Makes the mount points of all partitions that the tree lacks.
pub(crate) fn add_mount_points(recipe: &Recipe, tree: &mut Tree, time: Timestamp) -> Result<()> {
    for partition in &recipe.partitions {
        if let Some(mount) = &partition.mount {
            let made = tree.make_directories(mount.as_bytes(), Meta::root(0o755, time));
            made.map_err(|cause| no_mount_point(recipe, partition, &cause.to_string()))?;
        }
    }
    Ok(())
}

/// Returns why a partition cannot be mounted where the recipe says.
fn no_mount_point(recipe: &Recipe, partition: &recipe::Partition, why: &str) -> anyhow::Error {
    let mount = partition.mount.as_deref().unwrap_or_default();
    let problem = ValueError::new(partition.span, format!("mount point {mount}: {why}"));
    recipe.error(problem).into()
}

/// Plans the image of a recipe without its files: what fails then, no files can mend. With them it is
/// as large, or larger.
///
/// # Errors
///
/// Fails as [`plan`] does.
pub(crate) fn least(recipe: &Recipe) -> Result<Plan> {
    let time = Timestamp::default();
    let mut tree = Tree::new(Meta::root(0o755, time));
    add_mount_points(recipe, &mut tree, time)?;
    let ids = Ids::new(recipe, &tree);
    let planner = Planner::new(recipe, &tree, &ids, time, true)?;
    planner.plan()
}

/// Plans the image of a recipe.
///
/// # Errors
///
/// Fails when the content does not fit, or when what the recipe says of sizes does not go
/// together; then the error points at it.
pub(crate) fn plan(recipe: &Recipe, tree: &Tree, ids: &Ids, time: Timestamp) -> Result<Plan> {
    Planner::new(recipe, tree, ids, time, false)?.plan()
}

/// Returns the directory that each partition is mounted at.
fn mounts(recipe: &Recipe, tree: &Tree) -> Result<Vec<Option<NodeId>>> {
    let mut found: Vec<Option<NodeId>> = Vec::new();
    for partition in &recipe.partitions {
        let Some(mount) = &partition.mount else {
            found.push(None);
            continue;
        };
        let node = tree.resolve(mount.as_bytes());
        let node = node.map_err(|cause| no_mount_point(recipe, partition, &cause.to_string()))?;
        if found.contains(&Some(node)) {
            let message = "it is, through a symbolic link, that of another partition";
            return Err(no_mount_point(recipe, partition, message));
        }
        found.push(Some(node));
    }
    Ok(found)
}

struct Planner<'t> {
    recipe: &'t Recipe,
    tree: &'t Tree,
    ids: &'t Ids,
    time: Timestamp,
    mounts: Vec<Option<NodeId>>,
    /// Whether the files are left out: then sizes are what is needed at the very least.
    is_sketch: bool,
}

impl<'t> Planner<'t> {
    fn new(
        recipe: &'t Recipe,
        tree: &'t Tree,
        ids: &'t Ids,
        time: Timestamp,
        is_sketch: bool,
    ) -> Result<Self> {
        Ok(Self {
            recipe,
            tree,
            ids,
            time,
            mounts: mounts(recipe, tree)?,
            is_sketch,
        })
    }

    fn plan(&self) -> Result<Plan> {
        match self.recipe.table {
            recipe::Table::None => self.bare(&self.recipe.partitions[0]),
            recipe::Table::Gpt => self.disk(Scheme::Gpt),
            recipe::Table::Mbr => self.disk(Scheme::Mbr),
        }
    }

    /// An image that is one filesystem.
    fn bare(&self, partition: &recipe::Partition) -> Result<Plan> {
        let (content, bytes) = match self.recipe.size.value {
            Size::Bytes(bytes) => (self.sized(0, partition, bytes)?, bytes),
            Size::Free(free) => self.fitted(0, partition, free)?,
            Size::Auto | Size::Rest => self.fitted(0, partition, 0)?,
        };
        let part = Part {
            number: 0,
            label: partition.shown_label(),
            mount: partition.mount.clone(),
            offset: 0,
            bytes,
            content,
        };
        Ok(Plan {
            bytes,
            id: self.ids.disk,
            table: None,
            parts: vec![part],
        })
    }

    /// An image with a partition table.
    fn disk(&self, scheme: Scheme) -> Result<Plan> {
        let recipe = self.recipe;
        let size = recipe.size.value;
        let is_rest = |partition: &recipe::Partition| partition.size.value == Size::Rest;
        if let Size::Free(free) = size
            && !recipe.partitions.iter().any(is_rest)
        {
            let message = format!(
                "{free} bytes are to be left free in the partition of the size `rest`, and there is none"
            );
            let problem = ValueError::new(recipe.size.span, message);
            let help = "give the `size` to the partition that needs it";
            return Err(recipe.error(problem.help(help)).into());
        }
        let mut parts = Vec::new();
        let mut rest = None;
        let mut used = ALIGNMENT;
        for (index, partition) in recipe.partitions.iter().enumerate() {
            let (content, bytes) = match room(partition, size) {
                Room::Bytes(bytes) => {
                    let bytes = aligned(bytes)?;
                    (self.sized(index, partition, bytes)?, bytes)
                }
                Room::Fit(0) if partition.mount.is_none() => {
                    let message = "`rest` of an image that is as large as its content is nothing";
                    let problem = ValueError::new(partition.size.span, message);
                    let help = "give a `size` such as 512M, to this partition or to the image";
                    return Err(recipe.error(problem.help(help)).into());
                }
                Room::Fit(free) => {
                    let (least, bytes) = self.fitted(index, partition, free)?;
                    let bytes = aligned(bytes)?;
                    // What the alignment adds belongs to the filesystem, unless that would
                    // take it over the size from which on it needs a larger journal or cluster.
                    let whole = self.content(index, partition, fsgen::Size::Exact(bytes));
                    (whole.unwrap_or(least), bytes)
                }
                Room::Rest => {
                    rest = Some(index);
                    (Content::None, 0)
                }
            };
            used = used
                .checked_add(bytes)
                .context("the partitions exceed 2^64 bytes")?;
            parts.push(Part {
                number: partition.number,
                label: partition.shown_label(),
                mount: partition.mount.clone(),
                offset: 0,
                bytes,
                content,
            });
        }
        let tail = scheme.tail_bytes();
        let least = used
            .checked_add(tail)
            .context("the partitions exceed 2^64 bytes")?;
        let asked = match size {
            Size::Bytes(bytes) => bytes,
            _ => aligned(least)?,
        };
        let bytes = asked / SECTOR * SECTOR;
        // The user gives the size of the image, and needs to know that of the image.
        let too_small = || -> Result<anyhow::Error> {
            let rest = match rest {
                Some(index) => aligned(self.least(index, &recipe.partitions[index])?)?,
                None => 0,
            };
            let need = least.saturating_add(rest);
            let span = recipe.size.span;
            let problem = if self.is_sketch {
                let message =
                    format!("even without files, the image needs {need} bytes; it has {asked}");
                ValueError::new(span, message).help("make it larger, or leave `size` out")
            } else {
                let message =
                    format!("the content needs an image of {need} bytes, this one has {asked}");
                ValueError::new(span, message).help(format!("make it at least {need} bytes"))
            };
            Ok(recipe.error(problem).into())
        };
        let Some(left) = bytes.checked_sub(least) else {
            return Err(too_small()?);
        };
        if let Some(index) = rest {
            let partition = &recipe.partitions[index];
            let left = left / ALIGNMENT * ALIGNMENT;
            let content = self.content(index, partition, fsgen::Size::Exact(left));
            if left == 0 || content.as_ref().is_err_and(Error::is_too_small) {
                return Err(too_small()?);
            }
            parts[index].content = content.map_err(|error| self.error(partition, error))?;
            parts[index].bytes = left;
        }
        let table = self.table(scheme, bytes, &mut parts)?;
        table.check().map_err(|error| match error {
            fsgen::table::TableError::MbrLimit { .. } => {
                let problem = ValueError::new(recipe.size.span, error.to_string());
                recipe.error(problem).into()
            }
            error => anyhow::Error::from(error),
        })?;
        Ok(Plan {
            bytes,
            id: self.ids.disk,
            table: Some(table),
            parts,
        })
    }

    /// Puts the partitions one after the other, and names them for the table.
    fn table(&self, scheme: Scheme, bytes: u64, parts: &mut [Part]) -> Result<Table> {
        let mut at = ALIGNMENT;
        let mut entries = Vec::new();
        let partitions = self.recipe.partitions.iter().zip(&self.ids.partitions);
        for (part, (partition, ids)) in parts.iter_mut().zip(partitions) {
            part.offset = at;
            at += part.bytes;
            entries.push(Entry {
                number: part.number,
                first_lba: part.offset / SECTOR,
                sectors: part.bytes / SECTOR,
                kind: self.kind(partition)?,
                guid: ids.partition,
                name: partition.name.clone().unwrap_or_else(|| part.label.clone()),
                bootable: partition.bootable,
            });
        }
        Ok(Table {
            scheme,
            disk_bytes: bytes,
            disk_guid: self.ids.disk,
            entries,
        })
    }

    fn kind(&self, partition: &recipe::Partition) -> Result<PartitionType> {
        let name = partition.kind.as_str();
        let kind = PartitionType::parse(name, architecture::of(self.tree));
        match kind {
            // Not every architecture has a root type of its own.
            Err(_) if name == "root" => Ok(PartitionType::parse("linux-generic", "")?),
            kind => kind.with_context(|| format!("partition {}", partition.number)),
        }
    }

    /// Returns the smallest content with that much free, and its size.
    fn fitted(
        &self,
        index: usize,
        partition: &recipe::Partition,
        free: u64,
    ) -> Result<(Content, u64)> {
        let content = self.content(index, partition, fsgen::Size::Fit { free });
        let content = content.map_err(|error| self.error(partition, error))?;
        let bytes = match &content {
            Content::Ext4 { layout, .. } => layout.bytes(),
            Content::Vfat { layout, .. } => layout.bytes(),
            Content::Swap(_) | Content::None => free,
        };
        Ok((content, bytes))
    }

    /// Returns the fewest bytes that a partition can have.
    fn least(&self, index: usize, partition: &recipe::Partition) -> Result<u64> {
        match self.content(index, partition, fsgen::Size::Exact(ALIGNMENT)) {
            Ok(_) => Ok(ALIGNMENT),
            Err(
                Error::Ext4(ext4::Error::TooSmall { need, .. })
                | Error::Vfat(fat::Error::TooSmall { need, .. }),
            ) => Ok(need),
            Err(error) => Err(self.error(partition, error)),
        }
    }

    /// Returns the content of a partition of that size.
    fn sized(&self, index: usize, partition: &recipe::Partition, bytes: u64) -> Result<Content> {
        self.content(index, partition, fsgen::Size::Exact(bytes))
            .map_err(|error| self.error(partition, error))
    }

    /// Returns why a partition's filesystem cannot be, at the key of the recipe that asks for it.
    fn error(&self, partition: &recipe::Partition, error: Error) -> anyhow::Error {
        let what = match &partition.mount {
            Some(mount) => format!("filesystem {mount}"),
            None => format!("partition {}", partition.number),
        };
        let size = match self.recipe.table {
            recipe::Table::None => self.recipe.size.span,
            _ => partition.size.span,
        };
        let recipe::Ext4 {
            inodes, journal, ..
        } = &partition.ext4;
        let message = match &error {
            Error::Ext4(ext4::Error::TooSmall { need, have, .. })
            | Error::Vfat(fat::Error::TooSmall { need, have, .. })
                if self.is_sketch =>
            {
                format!("even without files, it needs {need} bytes; it has {have}")
            }
            error => error.to_string(),
        };
        let span = match &error {
            Error::Ext4(error) => match error {
                ext4::Error::TooSmall { .. } | ext4::Error::TooLarge { .. } => Some(size),
                ext4::Error::TooManyInodes { .. } | ext4::Error::TooFewInodes { .. } => {
                    Some(inodes.map_or(size, |inodes| inodes.span))
                }
                ext4::Error::JournalSize { .. } => {
                    Some(journal.map_or(size, |journal| journal.span))
                }
                _ => None,
            },
            Error::Vfat(error) => match error {
                fat::Error::TooSmall { .. }
                | fat::Error::TooLarge { .. }
                | fat::Error::Between { .. } => Some(size),
                _ => None,
            },
        };
        let Some(span) = span else {
            return anyhow::Error::new(error).context(what);
        };
        // A partition that the recipe does not describe gets its size from the image.
        let span = match span.line {
            0 => self.recipe.size.span,
            _ => span,
        };
        let problem = ValueError::new(span, format!("{what}: {message}"));
        self.recipe.error(problem).into()
    }

    fn content(
        &self,
        index: usize,
        partition: &recipe::Partition,
        size: fsgen::Size,
    ) -> Result<Content, Error> {
        let ids = &self.ids.partitions[index];
        match partition.filesystem {
            Filesystem::None => return Ok(Content::None),
            Filesystem::Swap => return Ok(Content::Swap(ids.filesystem)),
            Filesystem::Ext4 | Filesystem::Vfat => {}
        }
        let (own, root) = match self.mounts[index] {
            Some(root) => (None, root),
            None => (Some(Tree::new(Meta::root(0o755, self.time))), Tree::ROOT),
        };
        let tree = own.as_ref().unwrap_or(self.tree);
        let hidden: Vec<NodeId> = match own {
            Some(_) => Vec::new(),
            None => {
                let mounts = self.mounts.iter().flatten().copied();
                mounts.filter(|mount| *mount != root).collect()
            }
        };
        if partition.filesystem == Filesystem::Vfat {
            let mut options = fat::Options::new(ids.serial, self.time);
            options.label = partition.shown_label();
            partition.vfat.apply(&mut options);
            let layout = Box::new(fat::plan(tree, root, &hidden, size, options)?);
            return Ok(Content::Vfat { layout, own });
        }
        let mut options = ext4::Options::new(ids.filesystem, ids.hash, self.time);
        options.label = partition.shown_label();
        partition.ext4.apply(&mut options);
        let layout = Box::new(ext4::plan(tree, root, &hidden, size, options)?);
        Ok(Content::Ext4 { layout, own })
    }
}

/// Why a filesystem cannot be.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum Error {
    Ext4(#[from] ext4::Error),
    Vfat(#[from] fat::Error),
}

impl Error {
    fn is_too_small(&self) -> bool {
        matches!(
            self,
            Self::Ext4(ext4::Error::TooSmall { .. }) | Self::Vfat(fat::Error::TooSmall { .. })
        )
    }
}

/// Decides how a partition gets its size, from its own and from that of the image.
fn room(partition: &recipe::Partition, disk: Size) -> Room {
    match (partition.size.value, disk) {
        (Size::Bytes(bytes), _) => Room::Bytes(bytes),
        (Size::Auto, _) => Room::Fit(0),
        (Size::Free(free), _) => Room::Fit(free),
        (Size::Rest, Size::Bytes(_)) => Room::Rest,
        // What is left of an image that fits its content is what the content needs.
        (Size::Rest, Size::Free(free)) => Room::Fit(free),
        (Size::Rest, Size::Auto | Size::Rest) => Room::Fit(0),
    }
}

fn aligned(bytes: u64) -> Result<u64> {
    bytes
        .checked_next_multiple_of(ALIGNMENT)
        .context("a size of more than 2^64 bytes")
}

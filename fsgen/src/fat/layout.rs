//! The plan of a filesystem: which clusters hold what. A pure value, made before the first write.
//!
//! Clusters are given without gaps: directories level by level, then files in the same order.

use super::fat_type::{ClusterSize, FatType};
use super::format::SECTOR;
use super::geometry::{Geometry, Wish};
use super::inventory::Inventory;
use super::{Error, Options, Serial, Size, boot, chain, directory, label};
use crate::tree::content::Content;
use crate::tree::{Kind, NodeId, Tree};

/// The number of the first cluster.
pub(super) const FIRST_CLUSTER: u32 = 2;

/// A filesystem that is decided down to the last cluster, and not written yet.
pub struct Layout {
    pub(super) options: Options,
    pub(super) geometry: Geometry,
    pub(super) inventory: Inventory,
    /// The first cluster of each directory; 0 where the root has a place of its own.
    pub(super) directory_clusters: Vec<u32>,
    /// The first cluster of each file; 0 for an empty one.
    pub(super) file_clusters: Vec<u32>,
    /// The last cluster of every directory and file, in order.
    pub(super) chain_ends: Vec<u32>,
    /// Bytes of files, their holes apart.
    data_bytes: u64,
}

/// Plans a filesystem that holds the tree below `root`; of `hidden` directories just themselves.
///
/// # Errors
///
/// Fails when the content does not fit, or when the format has no place for some of it.
pub fn plan(
    tree: &Tree,
    root: NodeId,
    hidden: &[NodeId],
    size: Size,
    options: Options,
) -> Result<Layout, Error> {
    label::check(&options.label)?;
    let inventory = Inventory::new(tree, root, hidden, !options.label.is_empty())?;
    let wish = Wish {
        fat_type: options.fat_type,
        cluster_size: options.cluster_size,
        root_entries: inventory.root_entries(),
    };
    let geometry = match size {
        Size::Exact(bytes) => exact(&inventory, &wish, bytes)?,
        Size::Fit { free } => {
            let fat_type = wish.fat_type.unwrap_or(FatType::Fat32);
            Geometry::fitting(&wish, fat_type, ClusterSize::MIN, |size| {
                inventory.clusters(fat_type, size) + size.count(free)
            })?
        }
    };
    Ok(Layout::new(tree, options, geometry, inventory))
}

/// Returns the geometry of so many bytes, if the content fits.
fn exact(inventory: &Inventory, wish: &Wish, bytes: u64) -> Result<Geometry, Error> {
    let (fat_type, least) = match Geometry::filling(wish, bytes / SECTOR) {
        Ok(geometry) => {
            let (fat_type, size) = (geometry.fat_type, geometry.cluster_size);
            if inventory.clusters(fat_type, size) <= u64::from(geometry.clusters) {
                return Ok(geometry);
            }
            (fat_type, size)
        }
        Err(Error::TooSmall { fat_type, .. }) => (fat_type, ClusterSize::MIN),
        Err(error) => return Err(error),
    };
    Err(too_small(inventory, wish, bytes, fat_type, least))
}

/// Returns the error of a size that is not enough, with one that is.
///
/// `fat_type` and `least` are what goes with the size. What goes with one that would do can be
/// the next type.
fn too_small(
    inventory: &Inventory,
    wish: &Wish,
    have: u64,
    fat_type: FatType,
    least: ClusterSize,
) -> Error {
    let types = FatType::ALL.into_iter().filter(|next| *next >= fat_type);
    let mut error = None;
    for next in types.filter(|next| wish.fat_type.is_none_or(|asked| asked == *next)) {
        let least = if next == fat_type {
            least
        } else {
            ClusterSize::MIN
        };
        let need = |size| inventory.clusters(next, size);
        match Geometry::fitting(wish, next, least, need) {
            Ok(would_do) => {
                let usual = Geometry::filling(wish, would_do.bytes() / SECTOR);
                if usual.is_ok_and(|usual| usual == would_do) {
                    return Error::TooSmall {
                        fat_type: next,
                        need: would_do.bytes(),
                        have,
                    };
                }
            }
            Err(why) => error = Some(why),
        }
    }
    error.expect("the largest type goes with every size that it fits")
}

impl Layout {
    fn new(tree: &Tree, options: Options, geometry: Geometry, inventory: Inventory) -> Self {
        let size = geometry.cluster_size;
        let mut next = FIRST_CLUSTER;
        let mut chain_ends = Vec::new();
        let mut take = |clusters: u32| {
            let first = next;
            next += clusters;
            if clusters == 0 {
                return 0;
            }
            chain_ends.push(next - 1);
            first
        };
        let has_fixed_root = geometry.fat_type != FatType::Fat32;
        let directories = inventory.directories.iter().enumerate();
        let directory_clusters = directories
            .map(|(at, directory)| match at {
                0 if has_fixed_root => 0,
                _ => take(directory.clusters(size)),
            })
            .collect();
        let files = inventory.files.iter();
        let file_clusters = files.map(|file| take(file.clusters(size))).collect();
        let files = inventory.files.iter();
        let extents = files.flat_map(|file| content(tree, file.node).extents());
        let data_bytes = extents.map(|extent| extent.end - extent.start).sum();
        Self {
            options,
            geometry,
            inventory,
            directory_clusters,
            file_clusters,
            chain_ends,
            data_bytes,
        }
    }

    /// Returns the numbers that the filesystem is made of.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Returns the serial number of the volume.
    pub fn serial(&self) -> Serial {
        self.options.serial
    }

    /// Returns the size in bytes.
    pub fn bytes(&self) -> u64 {
        self.geometry.bytes()
    }

    /// Returns how many bytes of clusters are free.
    pub fn free_bytes(&self) -> u64 {
        let free = self.geometry.clusters - self.used_clusters();
        u64::from(free) * u64::from(self.geometry.cluster_size.bytes())
    }

    /// Returns how many bytes [`super::write`] will write.
    pub fn written_bytes(&self) -> u64 {
        let fats = 2 * chain::bytes(self.geometry.fat_type, self.chain_entries());
        let directories =
            (0..self.inventory.directories.len()).map(|at| directory::bytes(self, at));
        boot::bytes(self.geometry.fat_type) + fats + directories.sum::<u64>() + self.data_bytes
    }

    /// Returns what could not be kept, a line each.
    pub fn warnings(&self) -> &[String] {
        &self.inventory.warnings
    }

    /// Returns how many clusters are in use: the first ones.
    pub(super) fn used_clusters(&self) -> u32 {
        self.chain_entries() - FIRST_CLUSTER
    }

    /// Returns how many entries of the FAT are not zero: the first ones.
    pub(super) fn chain_entries(&self) -> u32 {
        self.chain_ends
            .last()
            .map_or(FIRST_CLUSTER, |last| last + 1)
    }
}

/// Returns what a file holds.
pub(super) fn content(tree: &Tree, node: NodeId) -> &Content {
    match &tree.node(node).kind {
        Kind::File(content) => content,
        _ => unreachable!("the inventory lists files"),
    }
}

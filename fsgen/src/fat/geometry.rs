//! The numbers of a filesystem: which FAT type, how large clusters, FATs and root directory.
//!
//! All sizes here are in sectors of 512 bytes.

use std::ops::RangeInclusive;

use super::Error;
use super::fat_type::{ClusterSize, FatType};
use super::format::{ENTRY_SIZE, SECTOR};

/// The most sectors that the boot sector can count: 2 TiB.
const MAX_SECTORS: u64 = u32::MAX as u64;
/// How far clusters that nobody asked for stay from the limits between the types: other
/// programs are known to count up to 16 too many or too few, as the specification warns.
const DISTANCE: u32 = 16;
/// Entries of the root directory that FAT12 and FAT16 have at least: what the specification names
/// as the most compatible number.
const USUAL_ROOT_ENTRIES: u32 = 512;

/// What is asked of a geometry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub fat_type: Option<FatType>,
    pub cluster_size: Option<ClusterSize>,
    /// Entries that the root directory needs.
    pub root_entries: u32,
}

/// The size of every part of a filesystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// Bits of a FAT entry.
    pub fat_type: FatType,
    /// Sectors of all.
    pub sectors: u32,
    /// Sectors before the first FAT.
    pub reserved: u32,
    /// Sectors of each of the two FATs.
    pub fat_sectors: u32,
    /// Entries of the root directory; 0 on FAT32, which keeps it in clusters.
    pub root_entries: u32,
    /// Size of a cluster.
    pub cluster_size: ClusterSize,
    /// Number of clusters.
    pub clusters: u32,
}

impl Geometry {
    /// Returns the geometry that fills this many sectors.
    pub(super) fn filling(wish: &Wish, sectors: u64) -> Result<Self, Error> {
        let is_asked = |fat_type: &FatType| wish.fat_type.is_none_or(|asked| asked == *fat_type);
        let mut above = None;
        for fat_type in FatType::ALL.into_iter().rev().filter(is_asked) {
            let is_last = wish.fat_type.is_some() || fat_type == FatType::Fat12;
            match Self::filling_with(fat_type, wish, sectors)? {
                Found::Geometry(geometry) => return Ok(geometry),
                Found::TooFew { need } if is_last => {
                    return Err(Error::TooSmall {
                        fat_type,
                        need: need * SECTOR,
                        have: sectors * SECTOR,
                    });
                }
                Found::TooFew { .. } => above = Some(fat_type),
                Found::TooMany { cluster_size, max } => {
                    let (have, cluster_bytes) = (sectors * SECTOR, cluster_size.bytes());
                    return Err(match above {
                        Some(above) if sectors <= MAX_SECTORS => Error::Between {
                            cluster_bytes,
                            have,
                            below: fat_type,
                            above,
                        },
                        _ => Error::TooLarge {
                            fat_type,
                            cluster_bytes,
                            max: max * SECTOR,
                            have,
                        },
                    });
                }
            }
        }
        unreachable!("every type returns but those that another one follows")
    }

    fn filling_with(fat_type: FatType, wish: &Wish, sectors: u64) -> Result<Found, Error> {
        let root_entries = root_entries(fat_type, wish.root_entries)?;
        let allowed = allowed(fat_type, wish);
        let shape = |size| Shape {
            fat_type,
            root_entries,
            size,
        };
        let clusters = |size| shape(size).clusters(sectors);
        let mut size = wish.cluster_size.unwrap_or(fat_type.usual_cluster(sectors));
        if wish.cluster_size.is_none() {
            let is_too_many = |size: &_| clusters(*size) > u64::from(*allowed.end());
            while let Some(larger) = size.larger().filter(|_| is_too_many(&size)) {
                size = larger;
            }
            let is_too_few = |size: &_| clusters(*size) < u64::from(*allowed.start());
            while let Some(smaller) = size.smaller().filter(|_| is_too_few(&size)) {
                size = smaller;
            }
        }
        let most = shape(size).holding(*allowed.end()).min(MAX_SECTORS);
        let too_many = Found::TooMany {
            cluster_size: size,
            max: most,
        };
        Ok(match u32::try_from(clusters(size)) {
            _ if sectors > MAX_SECTORS => too_many,
            Ok(found) if allowed.contains(&found) => Found::Geometry(shape(size).geometry(sectors)),
            Ok(found) if found < *allowed.start() => Found::TooFew {
                need: shape(size).holding(*allowed.start()),
            },
            _ => too_many,
        })
    }

    /// Returns the smallest geometry of a type with room for what each cluster size needs.
    ///
    /// Whoever asks [`Geometry::filling`] for as many sectors gets the same. `least` is the
    /// smallest cluster to try.
    pub(super) fn fitting(
        wish: &Wish,
        fat_type: FatType,
        least: ClusterSize,
        need: impl Fn(ClusterSize) -> u64,
    ) -> Result<Self, Error> {
        let wish = Wish {
            fat_type: Some(fat_type),
            ..*wish
        };
        let root_entries = root_entries(fat_type, wish.root_entries)?;
        let allowed = allowed(fat_type, &wish);
        let mut too_large = None;
        let is_asked = |size: &ClusterSize| wish.cluster_size.is_none_or(|asked| asked == *size);
        for size in ClusterSize::all()
            .filter(|size| *size >= least)
            .filter(is_asked)
        {
            let shape = Shape {
                fat_type,
                root_entries,
                size,
            };
            let most = shape.holding(*allowed.end()).min(MAX_SECTORS);
            let clusters = need(size).max(u64::from(*allowed.start()));
            let sectors = shape.sectors(clusters);
            if sectors > most {
                too_large = Some(Error::TooLarge {
                    fat_type,
                    cluster_bytes: size.bytes(),
                    max: most * SECTOR,
                    have: sectors.saturating_mul(SECTOR),
                });
                continue;
            }
            // A size at which smaller clusters are usual would be filled with them.
            let sectors = partition_point(sectors, most, |sectors| {
                Self::filling(&wish, sectors).is_ok_and(|usual| usual.cluster_size < size)
            });
            let usual = Self::filling(&wish, sectors)?;
            if usual.cluster_size == size {
                return Ok(usual);
            }
        }
        Err(too_large.expect("the largest clusters are usual for all that smaller ones are not"))
    }

    /// Returns the sectors of the root directory that has a place of its own.
    pub(super) fn root_sectors(&self) -> u32 {
        self.root_entries * ENTRY_SIZE / 512
    }

    /// Returns the first sector of a FAT, the first or the second one.
    pub(super) fn fat_start(&self, copy: u32) -> u64 {
        u64::from(self.reserved) + u64::from(copy) * u64::from(self.fat_sectors)
    }

    /// Returns the first sector of a cluster.
    pub(super) fn cluster_start(&self, cluster: u32) -> u64 {
        let data = self.fat_start(2) + u64::from(self.root_sectors());
        data + u64::from(cluster - 2) * u64::from(self.cluster_size.sectors())
    }

    /// Returns its size in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.sectors) * SECTOR
    }
}

enum Found {
    Geometry(Geometry),
    /// Too few clusters; so many sectors would do.
    TooFew {
        need: u64,
    },
    /// Too many clusters of this size, the largest that may be taken; so many sectors would do.
    TooMany {
        cluster_size: ClusterSize,
        max: u64,
    },
}

/// Returns the first number for which something is no longer true, or the last number.
fn partition_point(first: u64, last: u64, is_true: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (first, last);
    while low < high {
        let middle = low.midpoint(high);
        if is_true(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Returns how many clusters there may be.
fn allowed(fat_type: FatType, wish: &Wish) -> RangeInclusive<u32> {
    let (least, most) = fat_type.clusters().into_inner();
    if wish.cluster_size.is_some() {
        return least..=most;
    }
    let least = if fat_type == FatType::Fat12 {
        least
    } else {
        least + DISTANCE
    };
    least..=most - DISTANCE
}

fn root_entries(fat_type: FatType, need: u32) -> Result<u32, Error> {
    match fat_type.max_root_entries() {
        None => Ok(0),
        Some(max) if need > max => Err(Error::RootDirectory {
            fat_type,
            need,
            max,
        }),
        Some(_) => Ok(need.next_multiple_of(16).max(USUAL_ROOT_ENTRIES)),
    }
}

/// All that decides how sectors are divided but their number.
#[derive(Clone, Copy)]
struct Shape {
    fat_type: FatType,
    root_entries: u32,
    size: ClusterSize,
}

impl Shape {
    /// Returns the sectors of a FAT for so many clusters; entries 0 and 1 stand for none.
    fn fat_sectors(self, clusters: u64) -> u64 {
        ((clusters + 2) * u64::from(self.fat_type.bits())).div_ceil(8 * SECTOR)
    }

    /// Returns the sectors before the first cluster, which starts at a multiple of its size.
    fn data_start(self, fat_sectors: u64) -> u64 {
        let root = u64::from(self.root_entries * ENTRY_SIZE / 512);
        let used = self.fat_type.least_reserved() + 2 * fat_sectors + root;
        used.next_multiple_of(u64::from(self.size.sectors()))
    }

    /// Returns the fewest sectors with so many clusters.
    fn holding(self, clusters: u32) -> u64 {
        self.sectors(u64::from(clusters))
    }

    /// As [`Shape::holding`], for any number.
    fn sectors(self, clusters: u64) -> u64 {
        // Files of less than 2^32 bytes, and a size of less than 2^64: far from an overflow.
        self.data_start(self.fat_sectors(clusters)) + clusters * u64::from(self.size.sectors())
    }

    /// Returns the sectors of the smallest FAT that has an entry for every cluster beside it.
    fn least_fat(self, sectors: u64) -> u64 {
        // The larger the FAT, the fewer clusters are left, and the smaller a FAT they need.
        let is_enough = |fat| self.fat_sectors(self.clusters_beside(sectors, fat)) <= fat;
        let most = self.fat_sectors(sectors / u64::from(self.size.sectors()));
        partition_point(1, most, |fat| !is_enough(fat))
    }

    fn clusters_beside(self, sectors: u64, fat_sectors: u64) -> u64 {
        sectors.saturating_sub(self.data_start(fat_sectors)) / u64::from(self.size.sectors())
    }

    /// Returns how many clusters so many sectors have.
    fn clusters(self, sectors: u64) -> u64 {
        self.clusters_beside(sectors, self.least_fat(sectors))
    }

    fn geometry(self, sectors: u64) -> Geometry {
        let fat_sectors = self.least_fat(sectors);
        let root = u64::from(self.root_entries * ENTRY_SIZE / 512);
        let reserved = self.data_start(fat_sectors) - 2 * fat_sectors - root;
        let small = |number: u64| u32::try_from(number).expect("parts of at most 2^32 sectors");
        Geometry {
            fat_type: self.fat_type,
            sectors: small(sectors),
            reserved: small(reserved),
            fat_sectors: small(fat_sectors),
            root_entries: self.root_entries,
            cluster_size: self.size,
            clusters: small(self.clusters_beside(sectors, fat_sectors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(fat_type: Option<FatType>, cluster_bytes: Option<u32>) -> Wish {
        Wish {
            fat_type,
            cluster_size: cluster_bytes.map(|bytes| ClusterSize::new(bytes).unwrap()),
            root_entries: 1,
        }
    }

    #[test]
    fn the_type_goes_by_the_number_of_clusters() {
        // The last row of a type and the first of the next one: the FATs of a larger type leave
        // fewer clusters, so that no type at all goes with what lies between.
        for (cluster, sectors, want) in [
            (512, 35, None),
            (512, 36, Some((FatType::Fat12, 1))),
            (512, 4_141, Some((FatType::Fat12, 4_084))),
            (512, 4_142, None),
            (512, 4_149, None),
            (512, 4_150, Some((FatType::Fat16, 4_085))),
            (512, 66_069, Some((FatType::Fat16, 65_524))),
            (512, 66_070, None),
            (512, 66_580, None),
            (512, 66_581, Some((FatType::Fat32, 65_525))),
            (4_096, 32_735, Some((FatType::Fat12, 4_083))),
            (4_096, 32_743, Some((FatType::Fat12, 4_084))),
            (4_096, 32_744, None),
            (4_096, 524_744, Some((FatType::Fat16, 65_524))),
            (32_768, 4_194_688, Some((FatType::Fat32, 65_525))),
        ] {
            let geometry = Geometry::filling(&wish(None, Some(cluster)), sectors).ok();
            let seen = geometry.map(|geometry| (geometry.fat_type, geometry.clusters));
            assert_eq!(seen, want, "{sectors} sectors, clusters of {cluster}");
        }
    }

    #[test]
    fn what_goes_with_a_size() {
        const MIB: u64 = 2048;
        const GIB: u64 = 1024 * MIB;
        for (sectors, fat_type, cluster) in [
            (100, FatType::Fat12, 512),
            (2 * MIB, FatType::Fat12, 512),
            (4_142, FatType::Fat12, 1_024),
            (3 * MIB, FatType::Fat16, 512),
            (15 * MIB, FatType::Fat16, 1_024),
            (32 * MIB, FatType::Fat16, 2_048),
            (33 * MIB, FatType::Fat32, 512),
            (260 * MIB, FatType::Fat32, 512),
            (261 * MIB, FatType::Fat32, 4_096),
            (8 * GIB, FatType::Fat32, 4_096),
            (16 * GIB, FatType::Fat32, 8_192),
            (32 * GIB, FatType::Fat32, 16_384),
            (33 * GIB, FatType::Fat32, 32_768),
            (MAX_SECTORS, FatType::Fat32, 32_768),
        ] {
            let geometry = Geometry::filling(&wish(None, None), sectors).unwrap();
            let seen = (geometry.fat_type, geometry.cluster_size.bytes());
            assert_eq!(seen, (fat_type, cluster), "{sectors} sectors");
        }
    }

    #[test]
    fn sizes_that_do_not_go() {
        let message = |fat_type, cluster, sectors| {
            let error = Geometry::filling(&wish(fat_type, cluster), sectors).unwrap_err();
            error.to_string()
        };
        let fat32 = Some(FatType::Fat32);
        let fat16 = Some(FatType::Fat16);
        for (seen, want) in [
            (
                message(None, None, 0),
                "the content needs 18432 bytes as FAT12, the filesystem has 0",
            ),
            (message(fat16, None, 4_000), "needs 2134016 bytes as FAT16"),
            (
                message(fat32, None, 65_536),
                "needs 34098688 bytes as FAT32",
            ),
            (
                message(fat32, Some(512), 66_580),
                "needs 34089472 bytes as FAT32",
            ),
            (
                message(fat16, None, 5 << 20),
                "clusters of 32768 bytes has at most 2146861056 bytes",
            ),
            (
                message(Some(FatType::Fat12), Some(512), 4_142),
                "make it smaller, or its clusters larger, or take FAT16 or FAT32",
            ),
            (
                message(None, None, 1 << 32),
                "FAT32 with clusters of 32768 bytes has at most 2199023255040",
            ),
            (
                message(None, Some(512), 66_070),
                "too many for FAT16 and too few for FAT32",
            ),
        ] {
            assert!(seen.contains(want), "{seen}");
        }
    }

    /// What is made is consistent, is chosen again for its own size, and wastes nothing.
    #[test]
    fn every_size() {
        let types = [
            None,
            Some(FatType::Fat12),
            Some(FatType::Fat16),
            Some(FatType::Fat32),
        ];
        let clusters = [None, Some(512), Some(2_048), Some(32_768)];
        let (mut made, mut sectors) = (0, 1_u64);
        while sectors < MAX_SECTORS {
            for (fat_type, cluster) in types.iter().flat_map(|t| clusters.map(|c| (*t, c))) {
                let wish = Wish {
                    root_entries: 700,
                    ..wish(fat_type, cluster)
                };
                let Ok(geometry) = Geometry::filling(&wish, sectors) else {
                    continue;
                };
                made += 1;
                let size = u64::from(geometry.cluster_size.sectors());
                assert!(geometry.fat_type.clusters().contains(&geometry.clusters));
                let entries =
                    u64::from(geometry.fat_sectors) * 4096 / u64::from(geometry.fat_type.bits());
                assert!(entries >= u64::from(geometry.clusters) + 2);
                let start = geometry.cluster_start(2);
                assert!(start.is_multiple_of(size));
                let left = sectors - start - u64::from(geometry.clusters) * size;
                assert!(left < size, "{sectors}: {geometry:?}");
                let less = u64::from(geometry.fat_sectors) - 1;
                let shape = Shape {
                    fat_type: geometry.fat_type,
                    root_entries: geometry.root_entries,
                    size: geometry.cluster_size,
                };
                assert!(shape.fat_sectors(shape.clusters_beside(sectors, less)) > less);
                let need = u64::from(geometry.clusters);
                let fitting =
                    Geometry::fitting(&wish, geometry.fat_type, geometry.cluster_size, |size| {
                        if size == geometry.cluster_size {
                            need
                        } else {
                            u64::from(u32::MAX)
                        }
                    });
                let fitting = fitting.unwrap();
                assert!(
                    fitting.sectors <= geometry.sectors && fitting.clusters == geometry.clusters
                );
            }
            sectors += sectors / 97 + 1;
        }
        assert!(made > 5_000, "{made}");
    }
}

//! The FAT types and cluster sizes that there are, and which go with what size.
//!
//! Which type a filesystem has is stored nowhere: whoever reads it counts the clusters.

use std::fmt;
use std::ops::RangeInclusive;

/// How many bits a FAT entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FatType {
    /// Up to 4,084 clusters.
    Fat12,
    /// 4,085 to 65,524 clusters.
    Fat16,
    /// 65,525 clusters and more.
    Fat32,
}

impl FatType {
    /// All types, the one with the fewest clusters first.
    pub(super) const ALL: [Self; 3] = [Self::Fat12, Self::Fat16, Self::Fat32];

    /// Returns the bits of a FAT entry; of FAT32's, the highest four are not used.
    pub fn bits(self) -> u32 {
        match self {
            FatType::Fat12 => 12,
            FatType::Fat16 => 16,
            FatType::Fat32 => 32,
        }
    }

    /// Returns the type with this many bits.
    pub fn from_bits(bits: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|fat_type| fat_type.bits() == bits)
    }

    /// Returns how many clusters make a filesystem one of this type.
    pub fn clusters(self) -> RangeInclusive<u32> {
        match self {
            FatType::Fat12 => 1..=4_084,
            FatType::Fat16 => 4_085..=65_524,
            // Numbers from 0x0FFFFFF7 on mean something else, and the first cluster is number 2.
            FatType::Fat32 => 65_525..=0x0FFF_FFF5,
        }
    }

    /// Returns the most entries that the root directory has besides others'; FAT32's has no
    /// place of its own.
    pub(super) fn max_root_entries(self) -> Option<u32> {
        // As many as 16 bits can say in whole sectors.
        (self != FatType::Fat32).then_some(0xFFF0)
    }

    /// Returns the reserved sectors before the first FAT: on FAT32, the boot sector's backup is
    /// among them.
    pub(super) fn least_reserved(self) -> u64 {
        if self == FatType::Fat32 { 32 } else { 1 }
    }

    /// Returns the cluster size of the specification's tables. The one for FAT32 starts at 260
    /// MiB, the one for FAT16 at 4 MiB: below, the smallest cluster is taken.
    pub(super) fn usual_cluster(self, sectors: u64) -> ClusterSize {
        let steps: &[(u64, u32)] = match self {
            FatType::Fat12 => &[],
            FatType::Fat16 => &[
                (8_400, 1),
                (32_680, 2),
                (262_144, 4),
                (524_288, 8),
                (1_048_576, 16),
                (2_097_152, 32),
                (u64::MAX, 64),
            ],
            FatType::Fat32 => &[
                (532_480, 1),
                (16_777_216, 8),
                (33_554_432, 16),
                (67_108_864, 32),
                (u64::MAX, 64),
            ],
        };
        let step = steps.iter().find(|(most, _)| sectors <= *most);
        ClusterSize(step.map_or(1, |(_, cluster)| *cluster))
    }
}

impl fmt::Display for FatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAT{}", self.bits())
    }
}

/// How large a cluster is: 512 bytes to 32 KiB, in powers of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterSize(u32);

impl ClusterSize {
    /// One sector.
    pub(super) const MIN: Self = Self(1);
    pub(super) const MAX: Self = Self(64);

    /// Returns the cluster of this many bytes; nothing when FAT has none.
    pub fn new(bytes: u32) -> Option<Self> {
        let sectors = bytes / 512;
        let is_known = bytes.is_multiple_of(512) && sectors.is_power_of_two();
        (is_known && sectors <= Self::MAX.0).then_some(Self(sectors))
    }

    /// Returns its bytes.
    pub fn bytes(self) -> u32 {
        self.0 * 512
    }

    /// Returns how many clusters so many bytes take.
    pub(super) fn count(self, bytes: u64) -> u64 {
        bytes.div_ceil(u64::from(self.bytes()))
    }

    /// Returns its sectors.
    pub(super) fn sectors(self) -> u32 {
        self.0
    }

    /// Returns the next larger size, if there is one.
    pub(super) fn larger(self) -> Option<Self> {
        (self < Self::MAX).then_some(Self(self.0 * 2))
    }

    /// Returns the next smaller size, if there is one.
    pub(super) fn smaller(self) -> Option<Self> {
        (self > Self::MIN).then_some(Self(self.0 / 2))
    }

    /// Returns every size, the smallest first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..7).map(|shift| Self(1 << shift))
    }
}

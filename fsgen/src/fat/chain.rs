//! The file allocation table: for each cluster, the one that follows it.
//!
//! As every file and directory is one run, each entry is the next number, but at a chain's end.

use super::fat_type::FatType;
use super::format::MEDIA;
use super::layout::{FIRST_CLUSTER, Layout};

/// How many entries are rendered at once: all of FAT12 and FAT16, 1 MiB of FAT32.
pub(super) const AT_ONCE: u32 = 1 << 18;

/// Returns how many bytes so many entries take.
pub(super) fn bytes(fat_type: FatType, entries: u32) -> u64 {
    (u64::from(entries) * u64::from(fat_type.bits())).div_ceil(8)
}

/// Returns [`AT_ONCE`] entries from `first` on, or as many as there are that are not zero.
pub(super) fn render(layout: &Layout, first: u32) -> Vec<u8> {
    let fat_type = layout.geometry.fat_type;
    // All bits of an entry mean the end of a chain, and a volume without errors.
    let end = u32::MAX
        >> if fat_type == FatType::Fat32 {
            4
        } else {
            32 - fat_type.bits()
        };
    let last = layout.chain_entries().min(first.saturating_add(AT_ONCE));
    let ends = &layout.chain_ends[layout.chain_ends.partition_point(|at| *at < first)..];
    let mut ends = ends.iter().copied().peekable();
    let entries = (first..last).map(|at| match at {
        0 => end & !0xFF | u32::from(MEDIA),
        at if at < FIRST_CLUSTER => end,
        at if ends.next_if_eq(&at).is_some() => end,
        at => at + 1,
    });
    match fat_type {
        FatType::Fat12 => pack12(entries),
        FatType::Fat16 => entries
            .flat_map(|entry| entry.to_le_bytes().into_iter().take(2))
            .collect(),
        FatType::Fat32 => entries.flat_map(u32::to_le_bytes).collect(),
    }
}

/// Puts two entries into three bytes: 0x123 and 0xABC become 23 C1 AB.
fn pack12(entries: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut half = None;
    for entry in entries {
        let [low, high, ..] = entry.to_le_bytes();
        match half.take() {
            None => {
                bytes.push(low);
                half = Some(high);
            }
            Some(half) => bytes.extend([low << 4 | half, high << 4 | low >> 4]),
        }
    }
    bytes.extend(half);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_bits() {
        assert_eq!(pack12([0x123, 0xABC].into_iter()), [0x23, 0xC1, 0xAB]);
        assert_eq!(
            pack12([0xFF8, 0xFFF, 0x003].into_iter()),
            [0xF8, 0xFF, 0xFF, 0x03, 0x00]
        );
        assert_eq!(bytes(FatType::Fat12, 3), 5);
        assert_eq!(bytes(FatType::Fat12, 4), 6);
        assert_eq!(bytes(FatType::Fat16, 3), 6);
        assert_eq!(bytes(FatType::Fat32, 3), 12);
    }
}

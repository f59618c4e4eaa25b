//! Which blocks belong to something, as the checks find out: one bit for each.

use super::volume::Volume;

/// A bitmap in pieces of one group, of which only those exist that have a bit set.
pub(super) struct Owned {
    first_block: u64,
    blocks_per_group: u64,
    groups: Vec<Option<Box<[u8]>>>,
}

impl Owned {
    /// Starts with no block owned.
    pub(super) fn new(volume: &Volume<'_>) -> Self {
        let superblock = &volume.superblock;
        Self {
            first_block: superblock.first_block,
            blocks_per_group: superblock.blocks_per_group.into(),
            groups: vec![None; superblock.groups as usize],
        }
    }

    /// Marks a range of blocks of the filesystem and returns how many were marked before.
    pub(super) fn claim(&mut self, start: u64, count: u64) -> u64 {
        let mut taken = 0;
        let mut at = start.saturating_sub(self.first_block);
        let end = at.saturating_add(count);
        while at < end {
            let (group, bit) = (at / self.blocks_per_group, at % self.blocks_per_group);
            let len = (self.blocks_per_group - bit).min(end - at);
            let index = usize::try_from(group).unwrap_or(usize::MAX);
            let Some(bits) = self.groups.get_mut(index) else {
                break;
            };
            let len_bytes = usize::try_from(self.blocks_per_group / 8).unwrap_or_default();
            let bits = bits.get_or_insert_with(|| vec![0; len_bytes].into());
            taken += set(bits, bit, len);
            at += len;
        }
        taken
    }

    /// Returns the bits of a group, if any is set.
    pub(super) fn group(&self, group: u32) -> Option<&[u8]> {
        self.groups.get(group as usize)?.as_deref()
    }

    /// Returns how many blocks of a group are owned.
    pub(super) fn count(&self, group: u32) -> u32 {
        let bits = self.group(group).unwrap_or_default();
        bits.iter().map(|byte| byte.count_ones()).sum()
    }
}

/// Sets bits and returns how many of them were set before.
pub(super) fn set(bits: &mut [u8], first: u64, count: u64) -> u64 {
    let mut before = 0;
    let mut at = first;
    let end = first.saturating_add(count);
    while at < end {
        let shift = at % 8;
        let len = (8 - shift).min(end - at);
        let mask = u8::try_from(((1_u32 << len) - 1) << shift).unwrap_or(0xFF);
        let index = usize::try_from(at / 8).unwrap_or(usize::MAX);
        let Some(byte) = bits.get_mut(index) else {
            break;
        };
        before += u64::from((*byte & mask).count_ones());
        *byte |= mask;
        at += len;
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_once() {
        let mut bits = [0; 4];
        assert_eq!(set(&mut bits, 3, 14), 0);
        assert_eq!(bits, [0xF8, 0xFF, 0x01, 0]);
        assert_eq!(set(&mut bits, 0, 5), 2);
        assert_eq!(
            set(&mut bits, 16, 100),
            1,
            "what is beyond the end is left alone"
        );
        assert_eq!(bits, [0xFF; 4]);
    }
}

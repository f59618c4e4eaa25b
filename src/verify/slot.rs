//! A partition as a table gives it, whichever table that is.

use std::collections::BTreeMap;

use super::problem::Problems;

/// Bytes of a sector. Disks with sectors of 4,096 bytes are not supported.
pub(super) const SECTOR: u64 = 512;

/// A partition that lies within the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// Its number in the table, from 1.
    pub number: u32,
    /// First sector.
    pub first: u64,
    /// Number of sectors, at least 1.
    pub sectors: u64,
}

/// Returns which partitions, in the order of the table, share no sector with one before them.
///
/// A hostile table may give the same filesystem to all of its partitions: only these are read, so
/// that each sector is read for one of them at most.
pub(super) fn apart(slots: &[Slot]) -> Vec<bool> {
    let mut taken: BTreeMap<u64, u64> = BTreeMap::new();
    let mut is_apart = |slot: &Slot| {
        let end = slot.first.saturating_add(slot.sectors);
        // What is taken is apart too: only the last one that starts before the end can be in it.
        let before = taken.range(..end).next_back();
        let is_free = before.is_none_or(|(_, taken_end)| *taken_end <= slot.first);
        if is_free {
            taken.insert(slot.first, end);
        }
        is_free
    };
    slots.iter().map(&mut is_apart).collect()
}

/// Reports partitions that share a sector.
pub(super) fn check_overlap(slots: &[Slot], problems: &mut Problems) {
    let mut order = slots.to_vec();
    order.sort_unstable_by_key(|slot| (slot.first, slot.number));
    let mut last: Option<Slot> = None;
    for slot in order {
        let end = |slot: Slot| slot.first.saturating_add(slot.sectors);
        if let Some(before) = last.filter(|before| end(*before) > slot.first) {
            problems.add(
                format_args!("partition {}", slot.number),
                format_args!(
                    "starts at sector {}, where partition {} ends at {}",
                    slot.first,
                    before.number,
                    end(before) - 1
                ),
            );
        }
        // The one that goes furthest is what the next one can run into.
        if last.is_none_or(|before| end(slot) > end(before)) {
            last = Some(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_share_a_sector_are_not_apart() {
        let ranges = [
            (10, 5),
            (15, 5),
            (14, 1),
            (5, 5),
            (5, 20),
            (19, 2),
            (30, 1),
            (20, 10),
        ];
        let slots = ranges.map(|(first, sectors)| Slot {
            number: 1,
            first,
            sectors,
        });
        let expected = [true, true, false, true, false, false, true, true];
        assert_eq!(apart(&slots), expected);
    }
}

//! A partition as a table gives it, whichever table that is.

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

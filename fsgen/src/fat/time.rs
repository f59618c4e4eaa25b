//! Times as FAT has them: from 1980 to 2107, in steps of two seconds.
//!
//! FAT means local time without saying where; here it is UTC, as Linux and firmware take it when
//! nobody set a zone. Seconds are rounded down. A time outside the range becomes its nearest end.

use crate::tree::Timestamp;

const DAY: i64 = 86_400;
/// 1980-01-01T00:00:00Z.
const FIRST: i64 = 315_532_800;
/// 2107-12-31T23:59:58Z.
const LAST: i64 = 4_354_819_198;

/// A point in time as a directory entry holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Years since 1980, month and day, in 7, 4 and 5 bits.
    pub date: u16,
    /// Hours, minutes and pairs of seconds, in 5, 6 and 5 bits.
    pub time: u16,
}

/// Returns whether FAT can say this time, but for its odd second.
pub(super) fn is_in_range(time: Timestamp) -> bool {
    (FIRST..LAST + 2).contains(&time.secs)
}

impl Stamp {
    pub(super) fn new(time: Timestamp) -> Self {
        let secs = time.secs.clamp(FIRST, LAST);
        let (year, month, day) = Timestamp::from_secs(secs).date();
        let second = secs.rem_euclid(DAY);
        let bits = |value: i64| u16::try_from(value).expect("the range keeps all fields small");
        Self {
            date: bits((year - 1980) << 9 | month << 5 | day),
            time: bits((second / 3600) << 11 | (second / 60 % 60) << 5 | (second % 60 / 2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        const START: (i64, i64, i64, i64, i64, i64) = (1980, 1, 1, 0, 0, 0);
        const END: (i64, i64, i64, i64, i64, i64) = (2107, 12, 31, 23, 59, 58);
        // Seconds as `date -u -d ... +%s` gives them.
        for (secs, (year, month, day, hour, minute, second), in_range) in [
            (i64::MIN, START, false),
            (-1, START, false),
            (0, START, false),
            (315_532_799, START, false),
            (315_532_800, START, true),
            (315_532_801, START, true),
            (315_532_802, (1980, 1, 1, 0, 0, 2), true),
            (320_716_799, (1980, 2, 29, 23, 59, 58), true),
            (320_716_800, (1980, 3, 1, 0, 0, 0), true),
            (951_782_400, (2000, 2, 29, 0, 0, 0), true),
            (1_700_000_001, (2023, 11, 14, 22, 13, 20), true),
            (2_147_483_648, (2038, 1, 19, 3, 14, 8), true),
            (4_107_542_399, (2100, 2, 28, 23, 59, 58), true),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0), true),
            (4_354_819_199, END, true),
            (4_354_819_200, END, false),
            (i64::MAX, END, false),
        ] {
            let stamp = Stamp::new(Timestamp {
                secs,
                nanos: 999_999_999,
            });
            let date = (stamp.date >> 9, stamp.date >> 5 & 15, stamp.date & 31);
            let time = (stamp.time >> 11, stamp.time >> 5 & 63, stamp.time & 31);
            let seen = [date.0 + 1980, date.1, date.2, time.0, time.1, time.2 * 2].map(i64::from);
            assert_eq!(seen, [year, month, day, hour, minute, second], "{secs}");
            assert_eq!(is_in_range(Timestamp::from_secs(secs)), in_range, "{secs}");
        }
    }
}

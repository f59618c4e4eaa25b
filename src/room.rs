//! Room for what will be written, taken at once where that is faster than to take it block by block.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::slice;
use std::sync::{Mutex, PoisonError};

/// What is too small for a call of its own, in bytes.
const SMALL: u64 = 1 << 20;

/// How much is taken beyond what is being written at most, in bytes.
const MOST_AHEAD: u64 = 8 << 20;

/// The filesystem that is known to be faster then (`EXT4_SUPER_MAGIC` in Linux's `magic.h`): it
/// looks for room once, and a page is written with less. Others would store what they could pack.
#[cfg(target_os = "linux")]
const EXT4: u64 = 0xef53;

/// Takes room in a file, whose size stays, for all ranges that will be written from end to end.
///
/// Where there is none, the write itself will tell.
#[cfg(target_os = "linux")]
pub(crate) fn take(file: &File, written: &[Range<u64>]) {
    use rustix::fs::{FallocateFlags, fallocate, fstatfs};

    let kind = fstatfs(file).map(|stat| u64::try_from(stat.f_type));
    if kind != Ok(Ok(EXT4)) {
        return;
    }
    for range in written {
        let len = range.end - range.start;
        if len >= SMALL && fallocate(file, FallocateFlags::KEEP_SIZE, range.start, len).is_err() {
            return;
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn take(_: &File, _: &[Range<u64>]) {}

/// Room in a file that is written anywhere, by several threads: for each mebibyte of which something
/// is written.
#[derive(Default)]
pub(crate) struct Pieces(Mutex<BTreeSet<u64>>);

impl Pieces {
    /// Takes room before `len` bytes are written.
    pub(crate) fn take(&self, file: &File, start: u64, len: u64) {
        let last = start.saturating_add(len.saturating_sub(1)) / SMALL;
        for piece in start / SMALL..=last {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if taken.insert(piece) {
                drop(taken);
                let start = piece * SMALL;
                take(file, slice::from_ref(&(start..start.saturating_add(SMALL))));
            }
        }
    }
}

/// Room in a file that is written from its start on, with holes, and to an end that is not known:
/// as much as was written since the last hole is taken for what comes.
#[derive(Default)]
pub(crate) struct Ahead {
    /// Where the last hole ended, in bytes as all of these.
    start: u64,
    /// Where the last write ended.
    end: u64,
    /// How far there is room.
    taken: u64,
}

impl Ahead {
    /// Takes room before a range is written that is not before the last one.
    pub(crate) fn take(&mut self, file: &File, written: Range<u64>) {
        if let Some(range) = self.next(written) {
            take(file, slice::from_ref(&range));
        }
    }

    /// Gives back what is behind the last write, which is the end of the file, as a hole comes.
    pub(crate) fn give_back(&mut self, file: &File) -> io::Result<()> {
        if self.taken > self.end {
            file.set_len(self.end)?;
            self.taken = self.end;
        }
        Ok(())
    }

    /// Returns what is to be taken.
    fn next(&mut self, written: Range<u64>) -> Option<Range<u64>> {
        if written.start != self.end {
            self.start = written.start;
            self.taken = written.start;
        }
        self.end = written.end;
        let run = written.end - self.start;
        if written.end <= self.taken || run < SMALL {
            return None;
        }
        let start = self.taken.max(written.start);
        self.taken = written.end.saturating_add(run.min(MOST_AHEAD));
        Some(start..self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_was_written_since_a_hole_is_taken() {
        const HALF: u64 = SMALL / 2;
        // What is written, and what is taken for it, in halves of what is not too small.
        for (table, want) in [
            (&[(0, 1)][..], &[][..]),
            (&[(0, 1), (1, 2)], &[(1, 4)]),
            (&[(0, 1), (1, 2), (2, 3), (3, 4)], &[(1, 4)]),
            (&[(0, 1), (1, 2), (2, 4), (4, 5)], &[(1, 4), (4, 10)]),
            (&[(0, 2), (3, 4), (4, 5)], &[(0, 4), (4, 7)]),
            (&[(0, 2), (3, 4), (5, 6), (7, 8)], &[(0, 4)]),
            (&[(0, 2), (8, 9), (9, 10)], &[(0, 4), (9, 12)]),
            (&[(0, 40), (40, 56), (56, 57)], &[(0, 56), (56, 73)]),
        ] {
            let mut ahead = Ahead::default();
            let bytes = |(start, end): &(u64, u64)| start * HALF..end * HALF;
            let taken = table
                .iter()
                .filter_map(|written| ahead.next(bytes(written)));
            let want: Vec<_> = want.iter().map(bytes).collect();
            assert_eq!(taken.collect::<Vec<_>>(), want, "{table:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn no_room_is_left_in_holes_and_between_pieces() {
        use std::os::unix::fs::{FileExt as _, MetadataExt as _};

        let data = vec![1; 2 << 20];
        let (file, mut ahead) = (tempfile::tempfile().unwrap(), Ahead::default());
        for start in [0, 4 << 20, 32 << 20] {
            ahead.take(&file, start..start + (2 << 20));
            file.write_all_at(&data, start).unwrap();
            ahead.give_back(&file).unwrap();
        }
        let most = (6 << 20) + SMALL / 4;
        assert!(file.metadata().unwrap().blocks() * 512 <= most);

        let (file, pieces) = (tempfile::tempfile().unwrap(), Pieces::default());
        for start in [0, SMALL / 2, 40 * SMALL - 1, u64::MAX - 1] {
            pieces.take(&file, start, 2);
        }
        assert!(file.metadata().unwrap().blocks() * 512 <= 3 * SMALL + SMALL / 4);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_large_ranges_take_room_and_the_size_stays() {
        use std::os::unix::fs::MetadataExt as _;

        let file = tempfile::tempfile().unwrap();
        file.set_len(8 * SMALL).unwrap();
        let is_ext4 = || u64::try_from(rustix::fs::fstatfs(&file).unwrap().f_type) == Ok(EXT4);
        take(
            &file,
            &[
                0..SMALL - 1,
                SMALL..SMALL,
                SMALL..2 * SMALL,
                4 * SMALL..7 * SMALL,
            ],
        );
        let meta = file.metadata().unwrap();
        assert_eq!(meta.len(), 8 * SMALL);
        let want = if is_ext4() { 4 * SMALL } else { 0 };
        assert!((want..=want + SMALL / 4).contains(&(meta.blocks() * 512)));
    }
}

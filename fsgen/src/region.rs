//! Bytes that can be read or written at an offset, and a bounded window of the output.

use std::fs::File;
use std::io;
use std::ops::Range;

/// A source of bytes, read at an offset from many threads at once.
pub trait ReadAt: Send + Sync {
    /// Fills the whole buffer with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// Fails with `UnexpectedEof` when the source ends before that.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// Returns what messages call this source: a file name, mostly.
    fn name(&self) -> String;

    /// Checks that the source still is what it was when it became one.
    ///
    /// # Errors
    ///
    /// Fails when it is known to have changed, so that bytes read from it may not go together.
    fn check_unchanged(&self) -> io::Result<()> {
        Ok(())
    }

    /// Returns the file of the host that has the bytes of a range, and the offset there at which they
    /// begin, if another file may have them without a copy.
    fn stored(&self, range: Range<u64>) -> Option<(&File, u64)> {
        let _ = range;
        None
    }
}

/// A place for bytes, written at an offset from many threads at once.
///
/// What is never written reads as zero.
pub trait WriteAt: Send + Sync {
    /// Writes the whole buffer at `offset`.
    ///
    /// # Errors
    ///
    /// Fails when the bytes cannot be stored.
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;

    /// Stores the bytes that a source has in a range at `offset`, unless that would be a copy of them.
    /// Returns whether they are stored.
    fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
        let _ = (source, range, offset);
        false
    }
}

/// A window of the output that a write cannot leave.
#[derive(Clone, Copy)]
pub struct Region<'d> {
    device: &'d dyn WriteAt,
    start: u64,
    len: u64,
}

impl<'d> Region<'d> {
    /// Returns the window of `len` bytes of `device` from `start` on.
    ///
    /// # Panics
    ///
    /// Panics when the window ends past 2^64 bytes.
    pub fn new(device: &'d dyn WriteAt, start: u64, len: u64) -> Self {
        assert!(start.checked_add(len).is_some());
        Self { device, start, len }
    }

    /// Returns the size of the window in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether nothing can be written at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl WriteAt for Region<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let inside = offset
            .checked_add(buf.len() as u64)
            .is_some_and(|end| end <= self.len);
        if !inside {
            return Err(io::Error::other(format!(
                "a write of {} bytes at {offset} leaves its region of {} bytes",
                buf.len(),
                self.len
            )));
        }
        self.device.write_all_at(buf, self.start + offset)
    }

    fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
        let end = offset.checked_add(range.end.saturating_sub(range.start));
        let is_inside = end.is_some_and(|end| end <= self.len);
        is_inside && self.device.share(source, range, self.start + offset)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct Memory(Mutex<Vec<u8>>);

    impl WriteAt for Memory {
        fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
            let at = usize::try_from(offset).unwrap();
            self.0.lock().unwrap()[at..at + buf.len()].copy_from_slice(buf);
            Ok(())
        }

        fn share(&self, _: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
            let nines = vec![9; usize::try_from(range.end - range.start).unwrap()];
            self.write_all_at(&nines, offset).is_ok()
        }
    }

    struct Nines;

    impl ReadAt for Nines {
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Ok(())
        }

        fn name(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_write_cannot_leave_its_region() {
        let device = Memory(Mutex::new(vec![0xD1; 8]));
        let region = Region::new(&device, 2, 4);
        region.write_all_at(&[1, 2, 3, 4], 0).unwrap();
        region.write_all_at(&[], 4).unwrap();
        for (len, at) in [(5, 0), (1, 4), (4, 1), (1, u64::MAX)] {
            assert!(region.write_all_at(&vec![9; len], at).is_err());
            assert!(!region.share(&Nines, 0..len as u64, at));
        }
        assert!(region.share(&Nines, 0..1, 3));
        let bytes = device.0.into_inner().unwrap();
        assert_eq!(bytes, [0xD1, 0xD1, 1, 2, 3, 9, 0xD1, 0xD1]);
    }
}

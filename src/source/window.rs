//! A view of an archive that moves forward, so that small reads close together are cheap.

use std::io;

use fsgen::ReadAt;

/// Where an archive's bytes come from.
pub(super) trait Archive: ReadAt {
    /// Reads into `buf` from `offset` on; nothing is read just at the end of the archive.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns where the archive ends, in bytes.
    fn len(&self) -> io::Result<u64>;
}

/// What is read after a jump. Most jumps go over one file's content to the next header.
const SMALLEST: usize = 2 * 1024;
/// What is read at once while one header follows the other.
const LARGEST: usize = 256 * 1024;
/// How far the next header may lie behind what was read. To copy more than this takes longer than
/// another call.
const NEAR: u64 = 4 * 1024;

/// A part of an archive in memory.
pub(super) struct Window<'a> {
    archive: &'a dyn Archive,
    start: u64,
    bytes: Vec<u8>,
    /// How much to read next.
    step: usize,
}

impl<'a> Window<'a> {
    pub(super) fn new(archive: &'a dyn Archive) -> Self {
        Self {
            archive,
            start: 0,
            bytes: Vec::new(),
            step: SMALLEST,
        }
    }

    /// Returns `len` bytes from `offset` on, fewer where the archive ends before that.
    ///
    /// # Panics
    ///
    /// Panics when more than [`Window::MOST`] bytes are asked for.
    pub(super) fn get(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        assert!(len <= Self::MOST);
        if self.held(offset).is_none_or(|held| held.len() < len) {
            self.read(offset, len)?;
        }
        let held = self.held(offset).unwrap_or_default();
        Ok(&held[..held.len().min(len)])
    }

    /// How much [`Window::get`] gives at once.
    pub(super) const MOST: usize = 8 * 1024;

    fn held(&self, offset: u64) -> Option<&[u8]> {
        let skip = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(skip..)
    }

    fn read(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let end = self.start.saturating_add(self.bytes.len() as u64);
        let near = self.start..=end.saturating_add(NEAR);
        self.step = if near.contains(&offset) {
            LARGEST.min(self.step * 2)
        } else {
            SMALLEST
        };
        self.start = offset;
        self.bytes.resize(self.step.max(len), 0);
        let mut filled = 0;
        while filled < len {
            match self
                .archive
                .read_at(&mut self.bytes[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Byte `i` is `i % 251`; every read is noted, and gives at most 5000 bytes.
    struct Counting(u64, Mutex<Vec<u64>>);

    impl ReadAt for Counting {
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn name(&self) -> String {
            "counting".to_owned()
        }
    }

    impl Archive for Counting {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            self.1.lock().unwrap().push(offset);
            let left = usize::try_from(self.0.saturating_sub(offset)).unwrap();
            let len = buf.len().min(left).min(5000);
            for (byte, at) in buf[..len].iter_mut().zip(offset..) {
                *byte = u8::try_from(at % 251).unwrap();
            }
            Ok(len)
        }

        fn len(&self) -> io::Result<u64> {
            Ok(self.0)
        }
    }

    #[test]
    fn every_read_gives_the_bytes_at_its_offset() {
        let archive = Counting(100_000, Mutex::default());
        let mut window = Window::new(&archive);
        for (offset, len, want) in [
            (0, 512, 512),
            (512, 512, 512),
            (4_800, 8192, 8192),
            (90_000, 1, 1),
            (3, 512, 512),
            (99_999, 512, 1),
            (100_000, 512, 0),
            (u64::MAX / 2, 512, 0),
        ] {
            let got = window.get(offset, len).unwrap();
            assert_eq!(got.len(), want, "{offset}");
            assert!(
                got.iter()
                    .zip(offset..)
                    .all(|(b, at)| u64::from(*b) == at % 251)
            );
        }
    }

    #[test]
    fn headers_close_together_take_few_reads() {
        let archive = Counting(1 << 20, Mutex::default());
        let mut window = Window::new(&archive);
        for offset in (0..1 << 20).step_by(512) {
            window.get(offset, 512).unwrap();
        }
        assert!(archive.1.lock().unwrap().len() <= (1 << 20) / 5000 * 2);
    }
}

//! What the filesystem targets read files from, and write images to.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use fsgen::{ReadAt, WriteAt};

/// A source whose byte at each offset is that offset's lowest, plus one: never two alike nearby.
pub(crate) struct Ramp;

impl ReadAt for Ramp {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        for (byte, at) in buf.iter_mut().zip(offset..) {
            *byte = at.to_le_bytes()[0].wrapping_add(1);
        }
        Ok(())
    }

    fn name(&self) -> String {
        "ramp".to_owned()
    }
}

/// An image that is written.
pub(crate) struct Disk<'a>(pub(crate) &'a File);

impl WriteAt for Disk<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(buf, offset)
    }
}

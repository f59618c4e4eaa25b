//! The bytes of the image as they are; holes stay holes.

use std::io;
use std::ops::Range;

use anyhow::Result;
use fsgen::{ReadAt, WriteAt};

use super::{Image, Sink, Stream};
use crate::output::Output;

/// Stores the image alone, as it is or packed.
pub(super) fn open<'o>(
    image: &Image<'o>,
    output: &'o Output,
    stream: Stream,
) -> Result<Box<dyn Sink + 'o>> {
    stream(image.bytes, image.written.to_vec(), output)
}

/// Starts a file that is not packed.
pub(super) fn stream(
    len: u64,
    written: Vec<Range<u64>>,
    output: &Output,
) -> Result<Box<dyn Sink + '_>> {
    output.set_len(len)?;
    output.reserve(&written);
    Ok(Box::new(Raw(output)))
}

struct Raw<'o>(&'o Output);

impl WriteAt for Raw<'_> {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(buf, offset)
    }

    fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
        self.0.share(source, range, offset)
    }
}

impl Sink for Raw<'_> {
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

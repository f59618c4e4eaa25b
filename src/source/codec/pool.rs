//! Decoders of zstd that are used again: to set one up takes as long as to decode a small package.

use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer, WriteBuf};
use zstd::stream::zio;

use super::{Codec, zstd_decoder};

/// Decoders that nobody uses now: as many as were in use at once.
#[derive(Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Decoder<'static>>>>);

impl Pool {
    /// Returns the decoded bytes of an input, as [`Codec::serial`] does.
    ///
    /// # Errors
    ///
    /// Fails when the decoder cannot be set up.
    pub(crate) fn serial<'a>(
        &self,
        codec: Codec,
        input: impl BufRead + 'a,
    ) -> io::Result<Box<dyn Read + 'a>> {
        if codec != Codec::Zstd {
            return codec.serial(input);
        }
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let decoder = match free {
            Some(mut decoder) => {
                decoder.reinit()?;
                decoder
            }
            None => zstd_decoder()?,
        };
        let lent = Lent {
            decoder: Some(decoder),
            pool: self.clone(),
        };
        Ok(Box::new(zio::Reader::new(input, lent)))
    }
}

/// A decoder that goes back when it is dropped.
struct Lent {
    /// None only while it is dropped.
    decoder: Option<Decoder<'static>>,
    pool: Pool,
}

impl Lent {
    fn decoder(&mut self) -> io::Result<&mut Decoder<'static>> {
        self.decoder.as_mut().ok_or(io::ErrorKind::Other.into())
    }
}

impl Operation for Lent {
    fn run<C: WriteBuf + ?Sized>(
        &mut self,
        input: &mut InBuffer<'_>,
        output: &mut OutBuffer<'_, C>,
    ) -> io::Result<usize> {
        self.decoder()?.run(input, output)
    }

    fn flush<C: WriteBuf + ?Sized>(&mut self, output: &mut OutBuffer<'_, C>) -> io::Result<usize> {
        self.decoder()?.flush(output)
    }

    fn reinit(&mut self) -> io::Result<()> {
        self.decoder()?.reinit()
    }

    fn finish<C: WriteBuf + ?Sized>(
        &mut self,
        output: &mut OutBuffer<'_, C>,
        finished_frame: bool,
    ) -> io::Result<usize> {
        self.decoder()?.finish(output, finished_frame)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.decoder.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_input_leaves_does_not_reach_the_next() {
        let pool = Pool::default();
        let text = "what is packed ".repeat(40_000);
        let whole = zstd::encode_all(text.as_bytes(), 3).unwrap();
        for cut in [1, whole.len() / 2, whole.len() - 1] {
            let mut read = Vec::new();
            let mut some = pool.serial(Codec::Zstd, &whole[..cut]).unwrap();
            assert!(some.read_to_end(&mut read).is_err());
            drop(some);
            let mut some = pool.serial(Codec::Zstd, &*whole).unwrap();
            some.read_exact(&mut [0; 10]).unwrap();
            drop(some);
            let mut all = String::new();
            let mut input = pool.serial(Codec::Zstd, &*whole).unwrap();
            input.read_to_string(&mut all).unwrap();
            assert!(all == text);
        }
        assert_eq!(pool.0.lock().unwrap().len(), 1);
    }
}

//! Numbers at places in a structure, in either byte order.
//!
//! What lies beyond the end of a structure reads as zero: a place that an image made up can then
//! give a wrong number, which the checks find, but never a panic.

/// Reads numbers at byte offsets.
pub(crate) trait Fields {
    /// Returns `N` bytes, those beyond the end as zeros.
    fn array<const N: usize>(&self, at: usize) -> [u8; N];

    /// Returns one byte.
    fn byte(&self, at: usize) -> u8 {
        self.array::<1>(at)[0]
    }

    /// Returns a little-endian number of two bytes.
    fn le16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    /// Returns a little-endian number of four bytes.
    fn le32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array(at))
    }

    /// Returns a little-endian number of eight bytes.
    fn le64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    /// Returns a big-endian number of four bytes.
    fn be32(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.array(at))
    }

    /// Returns a big-endian number of eight bytes.
    fn be64(&self, at: usize) -> u64 {
        u64::from_be_bytes(self.array(at))
    }

    /// Returns a number whose low four bytes and high four bytes lie apart.
    fn split64(&self, low: usize, high: usize) -> u64 {
        u64::from(self.le32(low)) | u64::from(self.le32(high)) << 32
    }
}

impl Fields for [u8] {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        if let Some(found) = self.get(at..) {
            for (to, from) in bytes.iter_mut().zip(found) {
                *to = *from;
            }
        }
        bytes
    }
}

/// Returns `len` bytes from `at` on, or as many as there are.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    let end = at.saturating_add(len).min(bytes.len());
    bytes.get(at..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_the_end_is_zero() {
        let bytes = &[1_u8, 2, 3][..];
        assert_eq!(bytes.le16(0), 0x0201);
        assert_eq!(bytes.le16(2), 3);
        assert_eq!(bytes.le32(usize::MAX), 0);
        assert_eq!(bytes.be32(0), 0x0102_0300);
        assert_eq!(slice(bytes, 2, 9), [3]);
        assert!(slice(bytes, usize::MAX, 9).is_empty());
    }
}

//! CRC-32C as ext4 uses it: started from a seed and never inverted at the end.
//!
//! The kernel's `crc32c()` is the bare register, while the `crc32c` crate inverts before and
//! after, hence the two complements.

use uuid::Uuid;

/// Continues a checksum over more bytes.
pub(super) fn crc32c(register: u32, bytes: &[u8]) -> u32 {
    !crc32c::crc32c_append(!register, bytes)
}

/// The register that all checksums of one filesystem start from: its UUID.
#[derive(Clone, Copy)]
pub(super) struct Seed(u32);

impl Seed {
    pub(super) fn new(uuid: &Uuid) -> Self {
        Self(crc32c(!0, uuid.as_bytes()))
    }

    /// Returns the seed itself, as the superblock may have it.
    pub(super) fn register(self) -> u32 {
        self.0
    }

    /// Returns the checksum of a structure that belongs to the whole filesystem.
    pub(super) fn over(self, bytes: &[u8]) -> u32 {
        crc32c(self.0, bytes)
    }

    /// Returns the seed for structures of one inode (its generation is always 0 here).
    pub(super) fn inode(self, number: u32) -> Self {
        Self(crc32c(crc32c(self.0, &number.to_le_bytes()), &[0; 4]))
    }

    /// Returns the checksum of a structure bound to a number, such as its own place on disk.
    pub(super) fn over_numbered(self, number: &[u8], bytes: &[u8]) -> u32 {
        crc32c(crc32c(self.0, number), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc32c() {
        // The standard check value is 0xE3069283 after the final inversion.
        assert_eq!(!crc32c(!0, b"123456789"), 0xE306_9283);
        assert_eq!(
            crc32c(crc32c(!0, b"1234"), b"56789"),
            crc32c(!0, b"123456789")
        );
    }
}

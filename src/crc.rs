//! The cyclic checksums of the formats, all of the reflected kind.
//!
//! None of these inverts at the end unless it says so: ext4 keeps the plain register.

/// Goes on with a CRC-32C (Castagnoli) from the register `state`; a new one starts at all ones.
pub(crate) fn crc32c(state: u32, bytes: &[u8]) -> u32 {
    // The crate inverts before and after, as most users of this checksum do.
    !crc32c::crc32c_append(!state, bytes)
}

/// Goes on with a CRC-16 (ARC polynomial) from the register `state`, as group descriptors have it.
pub(crate) fn crc16(state: u16, bytes: &[u8]) -> u16 {
    let mut state = state;
    for byte in bytes {
        state ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = state & 1;
            state = (state >> 1) ^ (carry * 0xA001);
        }
    }
    state
}

/// Returns the CRC-32 (IEEE 802.3) of GPT headers and entries, inverted as UEFI wants it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut state = !0_u32;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = state & 1;
            state = (state >> 1) ^ (carry * 0xEDB8_8320);
        }
    }
    !state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values that catalogues of checksums give for these nine digits.
    #[test]
    fn checksums_of_the_check_string() {
        let digits = b"123456789";
        assert_eq!(!crc32c(!0, digits), 0xE306_9283);
        assert_eq!(crc32(digits), 0xCBF4_3926);
        assert_eq!(crc16(0, digits), 0xBB3D);
    }
}

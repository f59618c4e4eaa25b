//! The cyclic checksums of the formats, all of the reflected kind but one.
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

/// Goes on with a CRC-32 of the same polynomial that is not reflected (`crc32_be` of Linux), as
/// commits of journals have it; a new one starts at all ones.
pub(crate) fn crc32_forward(state: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        let mut first = 0_u32;
        while index < 256 {
            let mut value = first << 24;
            let mut bit = 0;
            while bit < 8 {
                value = (value << 1) ^ ((value >> 31) * 0x04C1_1DB7);
                bit += 1;
            }
            table[index] = value;
            index += 1;
            first += 1;
        }
        table
    };
    bytes.iter().fold(state, |state, byte| {
        let [first, ..] = state.to_be_bytes();
        (state << 8) ^ TABLE[usize::from(first ^ byte)]
    })
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
        // Catalogues call it CRC-32/MPEG-2.
        assert_eq!(crc32_forward(!0, digits), 0x0376_E6E7);
    }
}

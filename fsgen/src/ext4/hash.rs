//! The hash that orders the names of an indexed directory: half MD4, with signed characters.
//!
//! Source: the kernel's `fs/ext4/hash.c`. "Half" means three rounds of eight steps over 32-byte
//! pieces. Whether characters count as signed is a flag in the superblock, and hsb always writes
//! "signed": without the flag each kernel would assume what its own architecture does.

/// A directory's position of a name: compared first by `major`, then by `minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hash {
    /// Goes into the index; its lowest bit is always clear.
    pub major: u32,
    /// Orders names within one `major`.
    pub minor: u32,
}

/// The hash that stands for the end of a directory and that no name may have.
const END: u32 = 0x7FFF_FFFF << 1;

/// Returns the hash of a name under the superblock's `hash_seed`.
pub(super) fn half_md4(name: &[u8], seed: &[u8; 16]) -> Hash {
    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
    if seed.iter().any(|b| *b != 0) {
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("chunks of 4"));
        }
    }
    let mut rest = name;
    loop {
        transform(&mut state, &words(rest));
        if rest.len() <= 32 {
            break;
        }
        rest = &rest[32..];
    }
    let major = state[1] & !1;
    Hash {
        major: if major == END { END - 2 } else { major },
        minor: state[2],
    }
}

/// Packs up to 32 characters into eight words; what is missing is filled with the length.
fn words(name: &[u8]) -> [u32; 8] {
    let len = u32::try_from(name.len()).expect("names are short");
    let pad = (len | len << 8) & 0xFFFF;
    let pad = pad | pad << 16;
    let mut words = [pad; 8];
    let taken = &name[..name.len().min(32)];
    for (word, bytes) in words.iter_mut().zip(taken.chunks(4)) {
        for byte in bytes {
            *word = (*word << 8).wrapping_add_signed(i32::from(byte.cast_signed()));
        }
    }
    words
}

fn transform(state: &mut [u32; 4], input: &[u32; 8]) {
    type Mix = fn(u32, u32, u32) -> u32;
    const ROUNDS: [(Mix, u32, [usize; 8], [u32; 4]); 3] = [
        (
            |x, y, z| z ^ (x & (y ^ z)),
            0,
            [0, 1, 2, 3, 4, 5, 6, 7],
            [3, 7, 11, 19],
        ),
        (
            |x, y, z| (x & y).wrapping_add((x ^ y) & z),
            0x5A82_7999,
            [1, 3, 5, 7, 0, 2, 4, 6],
            [3, 5, 9, 13],
        ),
        (
            |x, y, z| x ^ y ^ z,
            0x6ED9_EBA1,
            [3, 7, 2, 6, 1, 5, 0, 4],
            [3, 9, 11, 15],
        ),
    ];
    let [mut a, mut b, mut c, mut d] = *state;
    for (mix, constant, order, shifts) in ROUNDS {
        for (step, index) in order.into_iter().enumerate() {
            let sum = a
                .wrapping_add(mix(b, c, d))
                .wrapping_add(input[index])
                .wrapping_add(constant);
            // The four words change places at every step: a, d, c, b, a, ...
            (a, b, c, d) = (d, sum.rotate_left(shifts[step % 4]), b, c);
        }
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values printed by `debugfs -R "dx_hash -h half_md4 [-s SEED] NAME"`.
    #[test]
    fn hashes_agree_with_debugfs() {
        let seed = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        let none = [0; 16];
        let digits = b"0123456789abcdef0123456789abcdefX";
        let long = [b'n'; 255];
        for (name, seed, major, minor) in [
            (&b"a"[..], none, 0xd5fa_7d7a, 0xacb4_8187),
            (b"a", seed, 0x35dc_0cc4, 0x3f1d_acef),
            (b"abc", none, 0xd196_a868, 0xc420_eb28),
            (b"hello", seed, 0xa26e_4a80, 0x97e5_b7f7),
            (&digits[..32], none, 0x3618_4620, 0xc959_df59),
            (&digits[..32], seed, 0x992c_74da, 0xb847_327d),
            (digits, none, 0x75e0_fd86, 0x4233_8bcb),
            (digits, seed, 0x00da_fc00, 0x23a4_b1d7),
            (&long, none, 0xc0f8_fde8, 0xa0c4_4aea),
            (&long, seed, 0x3df4_c112, 0x924d_802a),
            ("café".as_bytes(), none, 0xfb9c_5e5c, 0x0573_e8b8),
        ] {
            assert_eq!(
                half_md4(name, &seed),
                Hash { major, minor },
                "{}",
                name.escape_ascii()
            );
        }
    }
}

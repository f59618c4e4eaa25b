//! The three hashes of names in indexed directories of ext4.
//!
//! Source: the kernel's `fs/ext4/hash.c`.

/// How names of one directory are hashed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hasher {
    pub kind: Kind,
    /// Whether bytes from 0x80 on are large numbers, not negative ones.
    pub is_unsigned: bool,
    pub seed: [u32; 4],
}

/// The hashes, by the number that the root of an index gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Legacy,
    HalfMd4,
    Tea,
}

impl Kind {
    /// Returns the hash of this number.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Legacy,
            1 => Self::HalfMd4,
            2 => Self::Tea,
            _ => return None,
        })
    }
}

/// The start of hashes without a seed: that of MD4.
const START: [u32; 4] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
/// What no name hashes to: it marks the end of a directory.
const END: u32 = 0xFFFF_FFFE;

impl Hasher {
    /// Returns the hash of a name. Its lowest bit is clear: in an index it has a meaning.
    pub(crate) fn hash(&self, name: &[u8]) -> u32 {
        let mut state = if self.seed == [0; 4] {
            START
        } else {
            self.seed
        };
        let hash = match self.kind {
            Kind::Legacy => self.legacy(name),
            Kind::HalfMd4 => {
                self.pieces::<8>(name, |piece| half_md4(&mut state, piece));
                state[1]
            }
            Kind::Tea => {
                self.pieces::<4>(name, |piece| tea(&mut state, piece));
                state[0]
            }
        };
        match hash & !1 {
            END => END - 2,
            hash => hash,
        }
    }

    fn character(&self, byte: u8) -> u32 {
        if self.is_unsigned {
            u32::from(byte)
        } else {
            i32::from(byte.cast_signed()).cast_unsigned()
        }
    }

    fn legacy(&self, name: &[u8]) -> u32 {
        let (mut last, mut before) = (0x12A3_FE2D_u32, 0x37AB_E8F9_u32);
        for byte in name {
            let product = self.character(*byte).wrapping_mul(7_152_373);
            let mut hash = before.wrapping_add(last ^ product);
            if hash >> 31 != 0 {
                hash = hash.wrapping_sub(0x7FFF_FFFF);
            }
            (before, last) = (last, hash);
        }
        last << 1
    }

    /// Calls with the name in pieces of `N` words, the last one filled up with its length.
    fn pieces<const N: usize>(&self, name: &[u8], mut call: impl FnMut(&[u32; N])) {
        let mut left = name;
        while !left.is_empty() {
            // Only the low byte of the length can matter: names have at most 255 bytes.
            let len = u32::try_from(left.len() & 0xFF).unwrap_or_default();
            let fill = len * 0x0101_0101;
            let mut piece = [fill; N];
            let (now, later) = left.split_at(left.len().min(4 * N));
            for (index, byte) in now.iter().enumerate() {
                let word = &mut piece[index / 4];
                *word = (*word << 8).wrapping_add(self.character(*byte));
            }
            call(&piece);
            left = later;
        }
    }
}

/// One piece of the Tiny Encryption Algorithm with the name as its key.
fn tea(state: &mut [u32; 4], key: &[u32; 4]) {
    let [mut x, mut y, ..] = *state;
    let mut sum = 0_u32;
    let mix = |other: u32, sum: u32, k0: u32, k1: u32| {
        (other << 4).wrapping_add(k0) ^ other.wrapping_add(sum) ^ (other >> 5).wrapping_add(k1)
    };
    for _ in 0..16 {
        sum = sum.wrapping_add(0x9E37_79B9);
        x = x.wrapping_add(mix(y, sum, key[0], key[1]));
        y = y.wrapping_add(mix(x, sum, key[2], key[3]));
    }
    state[0] = state[0].wrapping_add(x);
    state[1] = state[1].wrapping_add(y);
}

/// One piece of MD4 with half as many words as MD4 has.
fn half_md4(state: &mut [u32; 4], piece: &[u32; 8]) {
    let mut word = *state;
    // At each step another word of the four is replaced: the first, the last, and so on down.
    let mut step = |index: usize, add: u32, constant: u32, shift: u32, round: u8| {
        let at = (4 - index % 4) % 4;
        let [b, c, d] = [1, 2, 3].map(|next| word[(at + next) % 4]);
        let mixed = match round {
            1 => (b & c) | (!b & d),
            2 => (b & c) | (b & d) | (c & d),
            _ => b ^ c ^ d,
        };
        let sum = word[at]
            .wrapping_add(mixed)
            .wrapping_add(add)
            .wrapping_add(constant);
        word[at] = sum.rotate_left(shift);
    };
    for index in 0..8 {
        step(index, piece[index], 0, [3, 7, 11, 19][index % 4], 1);
    }
    for index in 0..8 {
        let add = piece[[1, 3, 5, 7, 0, 2, 4, 6][index]];
        step(index, add, 0x5A82_7999, [3, 5, 9, 13][index % 4], 2);
    }
    for index in 0..8 {
        let add = piece[[3, 7, 2, 6, 1, 5, 0, 4][index]];
        step(index, add, 0x6ED9_EBA1, [3, 9, 11, 15][index % 4], 3);
    }
    for (state, word) in state.iter_mut().zip(word) {
        *state = state.wrapping_add(word);
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    /// Values printed by `debugfs -R "dx_hash -h HASH [-s SEED] NAME"`; the hashes 3, 4 and 5 of
    /// debugfs are those with unsigned characters.
    #[test]
    fn hashes_agree_with_debugfs() {
        let seed = [0x6745_2301, 0xEFCD_AB89, 0x6745_2301, 0xEFCD_AB89];
        let long = "0123456789abcdef0123456789abcdefX";
        let longest = "n".repeat(255);
        for (kind, is_unsigned, seed, name, expected) in [
            (Kind::Legacy, false, [0; 4], "a", 0xe74b_53e2),
            (Kind::Legacy, false, seed, "café", 0x96ca_5a2c),
            (Kind::Legacy, true, [0; 4], "café", 0x6dde_4230),
            (Kind::Legacy, true, [0; 4], &longest, 0x88e1_750a),
            (Kind::HalfMd4, false, [0; 4], "a", 0xd5fa_7d7a),
            (Kind::HalfMd4, false, [0; 4], "hello", 0x1746_da32),
            (Kind::HalfMd4, false, seed, &long[..32], 0x992c_74da),
            (Kind::HalfMd4, false, seed, long, 0x00da_fc00),
            (Kind::HalfMd4, false, seed, &longest, 0x3df4_c112),
            (Kind::HalfMd4, false, seed, "café", 0xd6b4_ad14),
            (Kind::HalfMd4, true, seed, "café", 0x3349_cea2),
            (Kind::Tea, false, [0; 4], "a", 0x6d0e_a4c0),
            (Kind::Tea, false, [0; 4], &long[..16], 0x5a07_88b2),
            (Kind::Tea, false, [0; 4], long, 0x993c_84be),
            (Kind::Tea, false, [0; 4], "café", 0x1058_42ea),
            (Kind::Tea, true, [0; 4], "café", 0x6621_f032),
        ] {
            let hasher = Hasher {
                kind,
                is_unsigned,
                seed,
            };
            assert_eq!(
                hasher.hash(name.as_bytes()),
                expected,
                "{kind:?} {is_unsigned} {name}"
            );
        }
    }
}

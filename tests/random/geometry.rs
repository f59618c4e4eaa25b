//! Random sizes and options, from the smallest filesystem to several terabytes.

use fsgen::Timestamp;
use fsgen::ext4::{BlockSize, Journal, Options, Profile, Size};
use uuid::Uuid;

use super::Rng;

/// Returns random options for blocks of `block` bytes.
pub(super) fn options(rng: &mut Rng, block: u32) -> Options {
    let time = Timestamp::from_secs(rng.pick(&[0, 1, 1_700_000_000, (1 << 31) - 1, 1 << 33]));
    // A filesystem without a UUID is one that e2fsck gives another when it may write.
    let uuid = id(rng).max(Uuid::from_u128(1));
    let mut options = Options::new(uuid, id(rng), time);
    options.block_size = BlockSize::new(block).unwrap();
    options.inodes = match rng.below(100) {
        0..15 => Some(rng.below(200)),
        15..20 => Some(rng.below(100_000)),
        20 => Some(rng.pick(&[0, u64::from(u32::MAX), u64::MAX])),
        _ => None,
    };
    options.bytes_per_inode = match rng.below(10) {
        0 => rng.pick(&[0, 1, 1024, u64::MAX]),
        1..4 => 1 << (10 + rng.below(14)),
        _ => 16384,
    };
    options.reserved_hundredths = rng.pick(&[0, 1, 500, 500, 1234, 5000, u16::MAX]);
    let block = u64::from(block);
    options.journal = match rng.below(10) {
        0..4 => Journal::Auto,
        4 => Journal::Always,
        5..8 => Journal::None,
        8 => Journal::Bytes(rng.pick(&[0, 1023, 1024, 1025, 4099, 10_240_001]) * block),
        _ => Journal::Bytes((1024 + rng.below(6000)) * block + rng.below(block)),
    };
    options.profile = rng.pick(&[Profile::Compat, Profile::Compat, Profile::Modern]);
    let len = rng.index(17);
    options.label = (0..len).map(|_| rng.pick(&['a', 'Z', '-', ' '])).collect();
    options
}

fn id(rng: &mut Rng) -> Uuid {
    Uuid::from_u128(match rng.below(4) {
        0 => 0,
        _ => u128::from(rng.next()) << 64 | u128::from(rng.next()),
    })
}

/// Returns a random size; most are small, because those are where everything is tight.
pub(super) fn size(rng: &mut Rng, block: u32) -> Size {
    let block = u64::from(block);
    let group = 8 * block * block;
    let exact = |bytes: u64| Size::Exact(bytes);
    match rng.below(1000) {
        0..250 => Size::Fit {
            free: rng.below(3000) * block,
        },
        250..270 => Size::Fit {
            free: rng.below(20) * group,
        },
        270..300 => exact(rng.below(64) * block),
        300..700 => exact(rng.below(9000) * block + rng.below(block)),
        // Around the ends of groups.
        700..880 => {
            exact((rng.below(9) * group + rng.below(400) * block).saturating_sub(200 * block))
        }
        880..980 => exact(rng.below(40) * group + rng.below(group)),
        980..994 => exact(rng.below(600) * group),
        994..999 => exact(rng.below(1 << 13) * group),
        _ => exact(rng.pick(&[1 << 50, 1 << 58, 1 << 60, u64::MAX])),
    }
}

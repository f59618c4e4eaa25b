//! Random trees in random filesystems, each judged by e2fsck and read back by others.
//!
//! `HSB_RANDOM_COUNT` and `HSB_RANDOM_SEED` say how many and from which seed on: see
//! `scripts/random`, which runs a hundred thousand. A case is its seed: the same seed makes the
//! same image, so one that fails is run again alone.

mod geometry;
mod tree;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fsgen::Region;
use fsgen::ext4::{self, Error, Layout, Options, Size};

use super::ext4::Disk;
use super::kit::{self, Work};
use super::readback::{self, Sample};

/// Images of an ordinary run.
const COUNT: u64 = 2000;

/// Filesystems up to this size are written over garbage, to see that nothing relies on zeros
/// in a block that is in use.
const GARBAGE_MAX: u64 = 24 << 20;

#[test]
fn random_trees_in_random_filesystems() {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => default,
    };
    let first = number("HSB_RANDOM_SEED", 1);
    let count = number("HSB_RANDOM_COUNT", COUNT);
    let threads = std::thread::available_parallelism().unwrap().get();
    let work = Work::new("random");
    let next = AtomicU64::new(first);
    let has_failed = AtomicBool::new(false);
    let images = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (work, next, has_failed, images) = (&work, &next, &has_failed, &images);
            scope.spawn(move || {
                while images.load(Ordering::Relaxed) < count && !has_failed.load(Ordering::Relaxed)
                {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let running = Running { seed, has_failed };
                    let image = work.join(format!("{thread}.img"));
                    images.fetch_add(u64::from(run(seed, &image)), Ordering::Relaxed);
                    drop(running);
                    if seed.is_multiple_of(1000) {
                        kit::say(&format!("random: at seed {seed}"));
                    }
                }
            });
        }
    });
    kit::say(&format!(
        "random: {} images judged, seeds {first} to {}",
        images.into_inner(),
        next.into_inner() - 1
    ));
}

/// Says which seed it was when a case panics, and stops the others.
struct Running<'r> {
    seed: u64,
    has_failed: &'r AtomicBool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.has_failed.store(true, Ordering::Relaxed);
            kit::say(&format!(
                "random: seed {} failed; run it again: scripts/random 1 {}",
                self.seed, self.seed
            ));
        }
    }
}

/// Runs one case; returns whether it came to an image.
fn run(seed: u64, image: &Path) -> bool {
    let mut rng = Rng(seed);
    let block = rng.pick(&[1024_u32, 2048, 4096, 4096]);
    let sample = tree::sample(&mut rng, u64::from(block));
    let options = geometry::options(&mut rng, block);
    let size = geometry::size(&mut rng, block);
    let Some((layout, size)) = plan(&sample, size, options) else {
        return false;
    };
    match size {
        Size::Fit { free } => assert!(layout.free_bytes() >= free),
        Size::Exact(bytes) => assert!(layout.bytes() <= bytes),
    }
    write(&layout, &sample, image, rng.flip());
    kit::e2fsck_clean(image, 0);
    readback::compare(&sample, image);
    true
}

/// Plans, and where that is refused makes sure that it is for the reason given: with what the
/// message asks for, it must not be refused any more.
fn plan(sample: &Sample, mut size: Size, mut options: Options) -> Option<(Layout, Size)> {
    let try_plan = |size, options: &Options| {
        let Sample {
            tree, root, hidden, ..
        } = sample;
        ext4::plan(tree, *root, hidden, size, options.clone())
    };
    for _ in 0..4 {
        let error = match try_plan(size, &options) {
            Ok(layout) => return Some((layout, size)),
            Err(error) => error,
        };
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message}");
        match error {
            Error::TooSmall { need, have, .. } => {
                assert_eq!(size, Size::Exact(have));
                assert!(need > have, "{message}");
                let block = u64::from(options.block_size.bytes());
                let least = try_plan(Size::Exact(need), &options)
                    .unwrap_or_else(|error| panic!("{message}, and then {error}"));
                assert_eq!(least.bytes(), need);
                match try_plan(Size::Exact(need - block), &options) {
                    Err(Error::TooSmall { need: again, .. }) => assert_eq!(again, need),
                    other => panic!("{message}, but {:?}", other.map(|l| l.bytes())),
                }
                size = Size::Exact(need);
            }
            Error::TooFewInodes { need, have } => {
                assert_eq!(options.inodes, Some(have));
                options.inodes = Some(need);
            }
            Error::TooManyInodes { inodes, max } => {
                assert!(inodes > max, "{message}");
                options.inodes = None;
            }
            Error::JournalSize { .. } => options.journal = ext4::Journal::Auto,
            Error::TooLarge { .. } => (size, options.inodes) = (Size::Fit { free: 0 }, None),
            Error::Entry { .. } => return None,
            error => panic!("{error}"),
        }
    }
    panic!("no plan after four corrections: {size:?} {options:?}");
}

fn write(layout: &Layout, sample: &Sample, image: &Path, wants_garbage: bool) {
    let disk = Disk(File::create(image).unwrap());
    disk.0.set_len(layout.bytes()).unwrap();
    if wants_garbage && layout.bytes() <= GARBAGE_MAX {
        let garbage = vec![0xD1; usize::try_from(layout.bytes()).unwrap()];
        std::os::unix::fs::FileExt::write_all_at(&disk.0, &garbage, 0).unwrap();
    }
    let region = Region::new(&disk, 0, layout.bytes());
    ext4::write(layout, &sample.tree, region, 1, &|_| ()).unwrap();
}

/// Random numbers that are the same everywhere and for ever: `SplitMix64`, by Steele, Lea and Flood.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`; 0 for 0.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut byte = || u8::try_from(self.next() >> 56).unwrap();
        (0..len).map(|_| byte()).collect()
    }

    /// Returns random bytes that may be a name: neither NUL nor a slash.
    fn name(&mut self, len: usize) -> Vec<u8> {
        let mut name = self.bytes(len);
        for byte in name.iter_mut().filter(|byte| matches!(byte, 0 | b'/')) {
            *byte = b'\n';
        }
        name
    }
}

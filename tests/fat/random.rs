//! Random trees in random FAT filesystems: a seed is a case.

use std::collections::BTreeSet;
use std::sync::Arc;

use fsgen::fat::{self, ClusterSize, Error, FatType, Size};
use fsgen::tree::content::{Segment, SourceId};
use fsgen::{Content, Meta, Timestamp, Tree};

use super::super::ext4::Pattern;
use super::super::kit::Work;
use super::{image, options, readback};

const COUNT: u64 = 400;

/// The splitmix64 generator.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

#[test]
fn random_trees_in_random_filesystems() {
    let work = Work::new("fat-random");
    let mut images = 0;
    for seed in 1..=COUNT {
        println!("seed {seed}");
        let mut rng = Rng(seed);
        let mut choice = options(rng.pick(&[
            None,
            Some(FatType::Fat12),
            Some(FatType::Fat16),
            Some(FatType::Fat32),
        ]));
        choice.cluster_size = ClusterSize::new(rng.pick(&[0, 0, 0, 512, 1024, 2048, 8192]));
        if rng.below(4) == 0 {
            choice.label.clear();
        }
        let tree = tree(&mut rng);
        let need = fat::plan(
            &tree,
            Tree::ROOT,
            &[],
            Size::Fit { free: 0 },
            choice.clone(),
        );
        let size = match need {
            Ok(layout) if rng.below(2) == 0 => {
                Size::Exact(layout.bytes() + rng.pick(&[0, 1, 511, 512, 513, 70_000, 9_999_999]))
            }
            Ok(_) => Size::Fit {
                free: rng.pick(&[0, 1, 5_000, 1_000_000]),
            },
            // Small ones for all types, and now and then one that has no room.
            Err(_) => Size::Exact(rng.below(100_000_000)),
        };
        match image(&work, &tree, size, choice) {
            Ok((image, layout)) => {
                images += 1;
                readback::judge_without_mtools(&image, &tree, &layout);
            }
            Err(
                Error::TooSmall { .. }
                | Error::TooLarge { .. }
                | Error::Between { .. }
                | Error::RootDirectory { .. },
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(images > COUNT * 3 / 4, "{images} images");
}

fn tree(rng: &mut Rng) -> Tree {
    let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
    let source = tree.add_source(Arc::new(Pattern));
    let letters: &[char] = match rng.below(3) {
        0 => &['A', 'B', '1', '~', '.'],
        1 => &['a', 'B', ' ', '.', '+', '\u{e4}', '_'],
        _ => &['x', '\u{1f600}', '\u{65e5}', '\u{fffd}', '.', '9'],
    };
    let longest = rng.pick(&[3, 8, 12, 40, 63]);
    let mut folders = vec![(Tree::ROOT, BTreeSet::new())];
    let depth = rng.below(100);
    for _ in 0..rng.pick(&[0, 3, 30, 30, 100, 400]) {
        let last = folders.len() - 1;
        let at = if rng.below(100) < depth {
            last
        } else {
            usize::try_from(rng.next()).unwrap() % (last + 1)
        };
        let name = name(rng, letters, longest);
        let (folder, known) = &mut folders[at];
        if !known.insert(name.to_uppercase()) {
            continue;
        }
        let folder = *folder;
        let secs = rng.next() >> rng.below(40);
        let meta = Meta::root(0o755, Timestamp::from_secs(secs.cast_signed()));
        let node = if rng.below(5) == 0 {
            let node = tree.add_directory(meta);
            folders.push((node, BTreeSet::new()));
            node
        } else {
            let content = content(rng, source);
            tree.add_file(meta, content)
        };
        tree.link(folder, name.as_bytes(), node);
    }
    tree
}

/// Returns a name that FAT can hold.
fn name(rng: &mut Rng, letters: &[char], longest: u64) -> String {
    let len = 1 + rng.below(longest);
    let name: String = (0..len).map(|_| rng.pick(letters)).collect();
    let kept = name.trim_end_matches(['.', ' ']);
    if kept.is_empty() {
        "x".to_owned()
    } else {
        kept.to_owned()
    }
}

fn content(rng: &mut Rng, source: SourceId) -> Content {
    let unit = rng.pick(&[512, 512, 2048]);
    let len = match rng.below(40) {
        0..8 => 0,
        8..39 => rng.below(2) * unit + rng.pick(&[0, 1, unit - 1]),
        _ => rng.below(100_000),
    };
    if rng.below(4) > 0 || len < 3 {
        return Content::span(source, rng.below(1000), len);
    }
    let (first, second) = (rng.below(len / 2), len / 2 + rng.below(len / 2));
    let segments =
        [(first, len / 2 - first), (second, len - second - 1)].map(|(at, len)| Segment {
            at,
            len,
            offset: at,
        });
    Content::sparse(source, len, segments.to_vec()).unwrap()
}

//! Every target on its corpus, and on a fixed number of inputs made from it.

// A test that panics has failed: that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use hsb_fuzz::{TARGETS, Target};

/// The longest input that is made.
const LONGEST: usize = 2048;

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(name);
    assert!(
        !corpus.is_empty(),
        "no corpus; make one: scripts/fuzz {name} 30"
    );
    for (file, input) in &corpus {
        check(target, input, &file.display().to_string());
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..target.rounds {
        let input = random.mutate(&corpus);
        check(target, &input, &format!("input {round}"));
    }
}

/// Runs a target, and keeps the input that it does not stand.
fn check(target: &Target, input: &[u8], what: &str) {
    let run = panic::catch_unwind(|| (target.run)(input));
    if run.is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
        fs::write(&file, input).unwrap();
        panic!(
            "{}: {what} breaks the promise that {}; it is kept in {}",
            target.name,
            target.promise,
            file.display()
        );
    }
}

/// Returns the files of a corpus, in the order of their names.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = files
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()));
    read.collect()
}

/// The same numbers on every run and machine (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Returns a member of the corpus with a few bytes changed, cut out, or taken from another.
    fn mutate(&mut self, corpus: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].1.clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let to = at + self.below(input.len() - at + 1);
            match self.below(6) {
                0 => input.truncate(at),
                1 => drop(input.drain(at..to)),
                2 => {
                    let other = &corpus[self.below(corpus.len())].1;
                    let from = self.below(other.len() + 1);
                    let len = self.below(other.len() - from + 1);
                    input.splice(at..at, other[from..from + len].iter().copied());
                }
                3 => input
                    .splice(at..to, self.next().to_le_bytes())
                    .for_each(drop),
                _ if at < input.len() => input[at] = self.next().to_le_bytes()[0],
                _ => input.push(self.next().to_le_bytes()[0]),
            }
            input.truncate(LONGEST);
        }
        input
    }
}

#[test]
fn challenge() {
    replay("challenge");
}

#[test]
fn deb() {
    replay("deb");
}

#[test]
fn ext4() {
    replay("ext4");
}

#[test]
fn fat() {
    replay("fat");
}

#[test]
fn image() {
    replay("image");
}

#[test]
fn layers() {
    replay("layers");
}

#[test]
fn oci() {
    replay("oci");
}

#[test]
fn path() {
    replay("path");
}

#[test]
fn recipe() {
    replay("recipe");
}

#[test]
fn repodata() {
    replay("repodata");
}

#[test]
fn rpm() {
    replay("rpm");
}

#[test]
fn signature() {
    replay("signature");
}

#[test]
fn table() {
    replay("table");
}

#[test]
fn tar() {
    replay("tar");
}

#[test]
fn tree() {
    replay("tree");
}

#[test]
fn every_target_has_a_test() {
    let tests = include_str!("replay.rs");
    for target in TARGETS {
        assert!(
            tests.contains(&format!("replay(\"{}\")", target.name)),
            "{}",
            target.name
        );
    }
}

//! Fuzz targets: each takes any bytes, and panics when what it promises does not hold.
//!
//! They see the project as its users do, through what is public. `tests/replay.rs` runs each on
//! its corpus and on some thousand inputs beside it, always the same ones; `scripts/fuzz` runs
//! one for as long as it is told, guided by what the code does with each input.

// A target that panics has found something: that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

mod challenge;
mod deb;
mod disk;
mod ext4;
mod fat;
mod image;
mod input;
mod judge;
mod layers;
mod logged;
mod oci;
mod path;
mod recipe;
mod repodata;
mod rpm;
mod step;
mod table;
mod tar;
mod tree;

/// One thing to be fuzzed.
pub struct Target {
    /// What `scripts/fuzz` calls it; its corpus is the folder of this name.
    pub name: &'static str,
    /// What holds for every input.
    pub promise: &'static str,
    /// Tries one input.
    ///
    /// # Panics
    ///
    /// Panics when the promise does not hold.
    pub run: fn(&[u8]),
    /// How many inputs beside its corpus every test run tries.
    pub rounds: u32,
}

/// All targets, in alphabetical order.
pub const TARGETS: &[Target] = &[
    challenge::TARGET,
    deb::TARGET,
    ext4::TARGET,
    fat::TARGET,
    image::TARGET,
    layers::TARGET,
    oci::TARGET,
    path::TARGET,
    recipe::TARGET,
    repodata::REPODATA,
    rpm::TARGET,
    repodata::SIGNATURE,
    table::TARGET,
    tar::TARGET,
    tree::TARGET,
];

/// Returns bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

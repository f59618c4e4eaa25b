//! One target under libFuzzer: `HSB_FUZZ_TARGET` names it, the arguments are libFuzzer's.

#![no_main]

use std::sync::LazyLock;

use hsb_fuzz::{TARGETS, Target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("HSB_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        panic!(
            "HSB_FUZZ_TARGET is {name:?}, not one of {}",
            names.join(", ")
        )
    })
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (TARGET.run)(input));

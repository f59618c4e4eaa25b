//! Any text as what a registry asks for, and as the name of an image in one.

use hsb::source::{Challenge, Reference};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "challenge",
    promise: "challenges are read as they were written, and names refused in one line",
    run,
    rounds: 5000,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let found = Challenge::all(&text);
    // Each has a letter of the text at least.
    let parts = found.iter().map(|challenge| 1 + challenge.parameters.len());
    assert!(parts.sum::<usize>() <= text.len());
    let written: Vec<_> = found.iter().map(written).collect();
    assert_eq!(Challenge::all(&written.join(", ")), found);

    match text.parse::<Reference>() {
        // "library/" goes before some names, which may get too long by that.
        Ok(found) if text.len() < 200 => {
            let again = found.to_string();
            let again = again.strip_prefix("oci:").unwrap().parse();
            assert_eq!(again, Ok(found), "another name");
        }
        Ok(_) => {}
        Err(message) => assert!(!message.contains('\n'), "{message}"),
    }
}

/// Writes a challenge with each value in quotes.
fn written(challenge: &Challenge) -> String {
    let parameters = challenge.parameters.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    let parameters: Vec<_> = parameters.collect();
    format!("{} {}", challenge.scheme, parameters.join(","))
}

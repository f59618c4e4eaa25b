//! Any text as a recipe: checked, or refused with messages that name the place.

use std::io;
use std::path::Path;
use std::sync::Arc;

use fsgen::ReadAt;
use hsb::recipe;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "recipe",
    promise: "a recipe is read the same twice, or refused with file, line and column",
    run,
    rounds: 5000,
};

/// A recipe's folder without a file.
struct Nothing;

impl modules::Host for Nothing {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let read = || -> Result<String, recipe::Problems> {
        let recipe = recipe::parse(&text, Path::new("r"), modules::BUILTINS)?;
        recipe.check(&Nothing)?;
        Ok(format!("{recipe:?}"))
    };
    let (once, again) = (read(), read());
    match (once, again) {
        (Ok(once), Ok(again)) => assert_eq!(once, again),
        (Err(once), Err(again)) => {
            let message = once.to_string();
            assert_eq!(message, again.to_string());
            check_place(&message, &text);
            assert!(once.coloured().len() >= message.len());
        }
        (once, again) => panic!("{:?} {:?}", once.is_ok(), again.is_ok()),
    }
}

/// Checks that a message begins with a place that the text has.
fn check_place(message: &str, text: &str) {
    let mut parts = message.split(':');
    let file = parts.next();
    let line: Option<usize> = parts.next().and_then(|line| line.parse().ok());
    let column: Option<usize> = parts.next().and_then(|column| column.parse().ok());
    let lines = text
        .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .count();
    assert_eq!(file, Some("r"), "{message}");
    assert!(
        line.is_some_and(|line| (1..=lines + 1).contains(&line)),
        "{message}"
    );
    assert!(column.is_some_and(|column| column >= 1), "{message}");
}

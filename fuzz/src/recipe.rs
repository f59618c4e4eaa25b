//! Any text as a recipe: checked, or refused with messages that name the place.

use std::fs;
use std::path::Path;

use hsb::recipe::{self, Problems, RecipeError};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "recipe",
    promise: "a recipe is read the same twice, or refused with file, line and column",
    run,
    rounds: 5000,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if names_folders(&text) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r");
    fs::write(&file, &*text).unwrap();
    let read = || -> Result<String, Problems> {
        match recipe::read(&file, None) {
            Ok(recipe) => Ok(format!("{recipe:?}")),
            Err(RecipeError::Wrong(problems)) => Err(problems),
            Err(other) => panic!("{other}"),
        }
    };
    match (read(), read()) {
        (Ok(once), Ok(again)) => assert_eq!(once, again),
        (Err(once), Err(again)) => {
            let message = once.to_string();
            assert_eq!(message, again.to_string());
            check_place(&message, &file, &text);
            assert!(once.coloured().len() >= message.len());
        }
        (once, again) => panic!("{:?} {:?}", once.is_ok(), again.is_ok()),
    }
}

/// Returns whether a recipe may name folders of modules: programs of this machine, which no
/// fuzzer should run. An escape could stand for any letter of the key.
fn names_folders(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let escapes = ["\\x", "\\u", "\\U", "\\\n", "\\\r"];
    letters.to_lowercase().contains("modulepath")
        || escapes.iter().any(|escape| text.contains(escape))
}

/// Checks that a message begins with a place that the text has.
fn check_place(message: &str, file: &Path, text: &str) {
    let place = message.strip_prefix(&*file.to_string_lossy());
    let place = place.and_then(|rest| rest.strip_prefix(':'));
    let mut numbers = place
        .unwrap_or_default()
        .split(':')
        .map(str::parse::<usize>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    let (line, column) = (next(), next());
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = text.split(breaks).count();
    assert!((1..=lines + 1).contains(&line) && column >= 1, "{message}");
}

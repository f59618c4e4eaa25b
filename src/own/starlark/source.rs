//! The text of a file in Starlark.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::own::Failure;

/// The largest file, in bytes. What lies in one another in it lies on the interpreter's stack,
/// which this keeps from being too small.
const LARGEST: u64 = 128 << 10;

/// A file in Starlark.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The file as messages call it.
    pub(super) shown: String,
    /// What it holds.
    pub(super) text: String,
    /// The folder that it is in.
    pub(super) folder: PathBuf,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(file: &Path, shown: &str) -> Result<Self, Failure> {
        let fail = |message: String| Failure {
            at: Some(shown.to_owned()),
            ..Failure::new(message)
        };
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        read.map_err(|error| fail(error.to_string()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(fail(format!(
                "it has more than {} KiB, the most that a file in Starlark may have",
                LARGEST >> 10
            )));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..good]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            Failure {
                at: Some(format!("{shown}:{line}")),
                ..Failure::new(format!("byte {good} of the file is not UTF-8"))
            }
        })?;
        Ok(Self {
            shown: shown.to_owned(),
            // Some editors put a byte order mark there, which Python skips, too.
            text: text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(),
            folder: file.parent().unwrap_or(Path::new("")).to_owned(),
        })
    }
}

//! Tells a waiting user what a build is at: a moving bar on a terminal, plain lines elsewhere.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

/// Writes a line to standard error. Nobody reading it is no reason for a build to fail.
///
/// What it names may come from anywhere, a server's answer too: no character of it gets to do
/// anything to a terminal.
pub(crate) fn say(line: impl Display) {
    writeln!(io::stderr(), "{}", harmless(&line.to_string())).ok();
}

/// Escapes control characters, but for those that make several lines of a text.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\t' => shown.push(char),
            _ if char.is_control() => shown.extend(char.escape_default()),
            _ => shown.push(char),
        }
    }
    shown
}

/// How much a build says about itself on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Only errors and warnings.
    Quiet,
    /// Stages and a summary.
    Normal,
    /// Every path that a step changed, too.
    Verbose,
}

/// Shows one stage after the other.
pub struct Progress {
    verbosity: Verbosity,
    is_terminal: bool,
}

impl Progress {
    /// Returns a display on standard error.
    pub fn new(verbosity: Verbosity) -> Self {
        Self {
            verbosity,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Starts a stage; `bytes` is how many it will count, if that is known.
    pub(crate) fn stage(&self, name: &str, bytes: Option<u64>) -> Stage {
        if self.verbosity == Verbosity::Quiet {
            return Stage {
                bar: ProgressBar::hidden(),
                is_quiet: true,
            };
        }
        if !self.is_terminal {
            say(format_args!("hsb: {name}"));
            return Stage {
                bar: ProgressBar::hidden(),
                is_quiet: false,
            };
        }
        let (bar, template) = match bytes {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec}",
            ),
            None => (
                ProgressBar::new_spinner(),
                "{spinner} {msg} {bytes} {binary_bytes_per_sec}",
            ),
        };
        // OK to expect: the templates are constants, and every build shows one.
        let style = ProgressStyle::with_template(template).expect("a valid template");
        Stage {
            bar: bar.with_style(style).with_message(name.to_owned()),
            is_quiet: false,
        }
    }
}

/// A stage under way; it leaves the terminal when it is dropped.
pub(crate) struct Stage {
    bar: ProgressBar,
    is_quiet: bool,
}

impl Stage {
    /// Counts more bytes.
    pub(crate) fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Shows a line above the bar, unless only warnings and errors are wanted.
    pub(crate) fn say(&self, line: &str) {
        if self.is_quiet {
            return;
        }
        self.bar.suspend(|| say(line));
    }

    /// Sets how many bytes were counted so far.
    pub(crate) fn set(&self, bytes: u64) {
        self.bar.set_position(bytes);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_to_a_terminal() {
        for (text, want) in [
            ("a\tb\nc", "a\tb\nc"),
            ("\x1b]0;x\x07", "\\u{1b}]0;x\\u{7}"),
            ("a\rb\u{9b}1m", "a\\rb\\u{9b}1m"),
        ] {
            assert_eq!(harmless(text), want);
        }
    }
}

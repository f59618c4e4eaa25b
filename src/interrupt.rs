//! Signals that end a build: the file under way is removed and modules are ended first.

use std::fs;
use std::io;
use std::process::exit;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::{output, own};

/// Lets SIGHUP, SIGINT and SIGTERM end the process with 128 and their number, as shells count, and
/// leave no file and no module behind. One that was ignored from the start stays so.
///
/// SIGXFSZ is caught and nothing more: then a write beyond the limit for files is an error like
/// any other. A thread waits for them, so that a build that is stuck in a read of a pipe ends too.
///
/// # Errors
///
/// Fails when the operating system has no handler or thread to give.
pub(crate) fn watch() -> io::Result<()> {
    let ignored = ignored();
    let watched = [SIGHUP, SIGINT, SIGTERM, SIGXFSZ].into_iter();
    let mut signals = Signals::new(watched.filter(|signal| ignored >> (signal - 1) & 1 == 0))?;
    let end = move || {
        let ending = signals.forever().find(|signal| *signal != SIGXFSZ);
        if let Some(signal) = ending {
            let _no_more_modules = own::end_all();
            let _no_more_files = output::abandon();
            exit(128 + signal);
        }
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(end)?;
    Ok(())
}

/// Returns the signals that this process was started to ignore, signal 1 in the lowest bit. Where
/// there is no `/proc` it cannot be known.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let mask = masks
        .next()
        .map(|mask| u64::from_str_radix(mask.trim(), 16));
    mask.and_then(Result::ok).unwrap_or(0)
}

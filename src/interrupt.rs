//! Ctrl-C and a request to terminate: the file under way is removed and modules
//! are ended before the process ends.

use std::io;
use std::process::exit;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{output, own};

/// Lets SIGINT and SIGTERM end the process with 128 and their number, as shells count, and leave
/// no file behind.
///
/// A thread waits for them, so that a build that is stuck in a read of a pipe ends too.
///
/// # Errors
///
/// Fails when the operating system has no handler or thread to give.
pub(crate) fn watch() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let end = move || {
        if let Some(signal) = signals.forever().next() {
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

//! Modules in Starlark, which hsb runs itself: in a process of its own that does nothing else.
//!
//! The interpreter has limits on steps, calls, memory and time, and names the line that went past
//! one. It looks at them between steps, however: one expression can ask for more memory than the
//! machine has. That ends a process; so it must not be the one that makes the image.
//!
//! On that side, `server` talks with this one, `source` reads the file, `evaluate` runs it with
//! the arguments `root` and `cfg`, `load` brings in what it shares with others, `value` turns data
//! into Starlark's and back, `failure` tells what went wrong.

#[cfg(feature = "starlark")]
mod cfg;
#[cfg(feature = "starlark")]
mod evaluate;
#[cfg(feature = "starlark")]
mod failure;
#[cfg(feature = "starlark")]
mod load;
#[cfg(feature = "starlark")]
mod root;
#[cfg(feature = "starlark")]
mod server;
#[cfg(feature = "starlark")]
mod source;
#[cfg(test)]
#[cfg(feature = "starlark")]
mod tests;
#[cfg(feature = "starlark")]
mod value;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::process::{Event, Process};
use super::{Declaration, Failure, Own};

#[cfg(feature = "starlark")]
pub(crate) use server::{Arguments, serve};

/// How much longer than the module its process may run: it says itself, with the line, that its
/// time is over.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long a file's top level may run that is read for its declaration, in seconds.
const SECONDS_TO_DECLARE: u64 = 10;
/// What a file with a declaration has in it.
const MODULE: &[u8] = b"MODULE";

/// Why a module ended that asked for more than its process may have.
const TOO_MUCH_MEMORY: &str = "it asked for more memory than a module may have: 2 GiB";

/// The file of this program, if it is hsb.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says that this program has the command `starlark`, so that modules can run in it.
pub(crate) fn this_is_hsb() {
    // It may have been replaced since it was started; this link leads to what is running.
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() {
        Some(running)
    } else {
        std::env::current_exe().ok()
    };
    if let Some(program) = program {
        PROGRAM.get_or_init(|| program);
    }
}

/// Reads the declaration of a module: `MODULE` at its top level, which is run for that.
///
/// # Errors
///
/// Fails when the top level does, and when it is no declaration.
pub(super) fn declaration(own: &Own) -> Result<Option<Declaration>, Failure> {
    let text = fs::read(&own.file).map_err(|error| Failure::new(error.to_string()))?;
    if !text.windows(MODULE.len()).any(|word| word == MODULE) {
        return Ok(None);
    }
    let limit = Duration::from_secs(SECONDS_TO_DECLARE);
    let mut command = command_for(own, limit)?;
    let mut process = Process::start(command.arg("--declare"), limit + GRACE)
        .map_err(|error| Failure::new(format!("hsb cannot be run: {error}")))?;
    let mut printed = Vec::new();
    let line = loop {
        let next = process.next();
        match next.map_err(|error| Failure::new(error.to_string()))? {
            Some(Event::Line(line)) => break line,
            Some(Event::Printed(line)) => printed.push(line),
            Some(Event::TooMuch(what)) => return Err(Failure::new(what)),
            Some(Event::Closed) | None => {
                return Err(explained(Failure {
                    trace: Some(printed.join("\n")),
                    ..Failure::new("its top level did not come to an end")
                }));
            }
        }
    };
    let mut said: Value = serde_json::from_slice(&line)
        .map_err(|error| Failure::new(format!("its MODULE cannot be read: {error}")))?;
    let text = |key: &str| said["fail"][key].as_str().map(str::to_owned);
    if let Some(message) = text("message") {
        return Err(Failure {
            message,
            at: text("at"),
            trace: text("trace"),
        });
    }
    let declared = serde_json::from_value(said["done"].take());
    declared.map_err(|error| Failure::new(format!("its MODULE: {error}")))
}

/// Returns the command that runs a module.
///
/// # Errors
///
/// Fails when this program cannot run modules in Starlark.
pub(super) fn command(own: &Own) -> Result<Command, Failure> {
    command_for(own, own.time_limit())
}

fn command_for(own: &Own, limit: Duration) -> Result<Command, Failure> {
    if cfg!(not(feature = "starlark")) {
        return Err(Failure::new(
            "this hsb is built without the feature `starlark`, which runs modules in Starlark",
        ));
    }
    let Some(program) = PROGRAM.get() else {
        return Err(Failure::new(
            "modules in Starlark run in the program hsb, and this is another one",
        ));
    };
    let mut command = Command::new(program);
    command
        .env_clear()
        .args(["starlark", "--seconds", &limit.as_secs().to_string()])
        .arg(format!("--shown={}", own.shown))
        .arg(&own.file);
    Ok(command)
}

/// Says what ended a module's process before it could.
pub(super) fn explained(mut failure: Failure) -> Failure {
    let printed = failure.trace.as_deref().unwrap_or_default();
    let reason = if printed.contains("memory allocation of") {
        TOO_MUCH_MEMORY
    } else if printed.contains("has overflowed its stack") {
        "its expressions lie too deep in one another"
    } else {
        return failure;
    };
    reason.clone_into(&mut failure.message);
    failure.trace = None;
    failure
}

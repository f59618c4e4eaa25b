//! Modules for the machine's own python3, with a shim that makes the image look like a folder.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Declaration, Failure, shim};

/// What a file with a declaration has in it.
const MODULE: &[u8] = b"MODULE";

/// Reads the declaration of a Python module: the literal `MODULE` in it, without running it.
///
/// # Errors
///
/// Fails when python3 cannot read the file, or when it is no declaration.
pub(super) fn declaration(file: &Path) -> Result<Option<Declaration>, String> {
    let text = fs::read(file).map_err(|error| error.to_string())?;
    if !text.windows(MODULE.len()).any(|word| word == MODULE) {
        return Ok(None);
    }
    let mut command = python3();
    command.args(["-c", shim::text(), "describe"]).arg(file);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| missing(&error))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    // In two steps, as a place in this JSON would be none in the file.
    let declared = serde_json::from_slice(&output.stdout);
    let declared = declared.and_then(serde_json::from_value::<Option<Declaration>>);
    declared.map_err(|error| format!("its MODULE: {error}"))
}

/// Says what to do about a python3 that cannot be run.
pub(super) fn missing(error: &io::Error) -> String {
    format!(
        "python3 cannot be run: {error}; modules in Python need Python 3.8 or later in one of {}",
        super::PATH
    )
}

fn python3() -> Command {
    let mut command = Command::new("python3");
    command
        .args(["-I", "-S", "-B"])
        .env_clear()
        .env("PATH", super::PATH)
        .env("PYTHONHASHSEED", "0");
    command
}

/// Returns the command that runs a Python module.
///
/// `-I` leaves the user's settings and packages out, `-S` those of the machine; `-B` writes no
/// compiled files beside the module.
pub(super) fn command(file: &Path) -> Command {
    let mut command = python3();
    command.args(["-c", shim::text(), "run"]).arg(file);
    command
}

/// Says what a lack of memory means.
pub(super) fn explained(mut failure: Failure) -> Failure {
    if failure.message == "MemoryError" {
        failure
            .message
            .push_str(": it asked for more memory than a module may have, 4 GiB");
    }
    failure
}

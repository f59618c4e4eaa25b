//! Modules that the operating system can run: any language.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::Declaration;

/// Reads the declaration of an executable module: `NAME.json` beside it, if it is there.
///
/// # Errors
///
/// Fails when it is none.
pub(super) fn declaration(file: &Path) -> Result<Option<Declaration>, String> {
    let json = file.with_extension("json");
    let text = match fs::read(&json) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", json.display())),
    };
    let declared = serde_json::from_slice(&text);
    declared
        .map(Some)
        .map_err(|error| format!("{}: {error}", json.display()))
}

/// Returns the command that runs an executable module.
pub(super) fn command(file: &Path) -> Command {
    let mut command = Command::new(file);
    command.env_clear().env("PATH", super::PATH);
    command
}

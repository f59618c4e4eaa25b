//! `ca-legacy install`: whether authorities count that are no more in the list of Mozilla.

use super::SOURCES;
use crate::{Root, RootError};

const SETTING: &str = "/etc/pki/ca-trust/ca-legacy.conf";
const LINK: &str = "ca-bundle.legacy.crt";
const CHOICES: &str = "/usr/share/pki/ca-trust-legacy/ca-bundle.legacy";

/// Makes the link to the one that the setting wants; returns whether that could be done.
pub(crate) fn install(root: &mut Root<'_>) -> Result<bool, RootError> {
    if !root.is_dir(SOURCES[0]) {
        return Ok(false);
    }
    let text = root.read_if_exists(SETTING)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
    // `^legacy *= *disable *$`, whatever the letters.
    let is_disabled = text.split('\n').any(|line| {
        let said = line.split_once('=');
        said.is_some_and(|(key, value)| {
            key.trim_end_matches(' ') == "legacy" && value.trim_matches(' ') == "disable"
        })
    });
    let choice = if is_disabled { "disable" } else { "default" };
    let target = format!("{CHOICES}.{choice}.crt");
    root.symlink(target, format!("{}/{LINK}", SOURCES[0]), true)?;
    Ok(true)
}

//! What tells p11-kit to look for certificates elsewhere.

use super::Stop;
use crate::Root;
use crate::root::join;

/// Where files say which modules p11-kit has.
const FOLDERS: [&str; 2] = ["/etc/pkcs11/modules", "/usr/share/p11-kit/modules"];

/// The file of the module that knows the sources.
const OWN: &[u8] = b"p11-kit-trust.module";

/// Refuses settings by which there are other sources, or those that are known do not count.
pub(super) fn check(root: &Root<'_>) -> Result<(), Stop> {
    for folder in FOLDERS.iter().filter(|folder| root.is_dir(folder)) {
        for name in root.list(folder)? {
            let path = join(folder.as_bytes(), &name);
            if !root.is_file(&path) {
                continue;
            }
            let text = String::from_utf8_lossy(&root.read(&path)?).into_owned();
            let mut said = text.lines().filter_map(|line| {
                let (key, value) = line.trim().split_once(':')?;
                Some((key.trim().to_owned(), value.trim().to_owned()))
            });
            let is_own = name == OWN;
            let is_other = said.any(|(key, value)| match &*key {
                "trust-policy" => (value == "yes") != is_own,
                "x-init-reserved" => is_own && !value.is_empty(),
                "enable-in" => is_own,
                "disable-in" => is_own && value != "p11-kit-proxy",
                _ => false,
            });
            if is_other {
                let path = String::from_utf8_lossy(&path).into_owned();
                return Err(format!("{path} tells p11-kit of other certificates").into());
            }
        }
    }
    Ok(())
}

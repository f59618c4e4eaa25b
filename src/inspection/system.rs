//! The system in a root filesystem.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::architecture;
use crate::reader::allowance::Allowance;
use crate::reader::name::shown;
use crate::reader::unread::Unread;
use crate::reader::walk::Walk;
use crate::reader::{Kind, Reader, read, resolve};

/// The largest os-release that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What runs there.
#[derive(Debug, Serialize)]
pub(super) struct System {
    /// What /etc/os-release says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) os_release: BTreeMap<String, String>,
    /// As `uname -m` would name it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) architecture: Option<&'static str>,
    /// What /etc/hostname says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<String>,
    /// Versions of kernels in /boot, and of modules in /usr/lib/modules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) kernels: Vec<String>,
}

impl System {
    /// Looks at a root filesystem; nothing when there is no system in it.
    pub(super) fn of(reader: &dyn Reader) -> Option<Self> {
        let text = |path: &str| {
            let id = resolve(reader, path.as_bytes()).ok()?;
            String::from_utf8(read(reader, id, LONGEST).ok()?).ok()
        };
        let release = text("/etc/os-release").or_else(|| text("/usr/lib/os-release"));
        let hostname = text("/etc/hostname");
        let hostname = hostname.and_then(|text| text.split_whitespace().next().map(str::to_owned));
        let mut kernels = names(reader, "/boot", &["vmlinuz-", "Image-", "vmlinux-"]);
        kernels.extend(names(reader, "/lib/modules", &[""]));
        kernels.sort();
        kernels.dedup();
        let system = Self {
            os_release: os_release(&release.unwrap_or_default()),
            architecture: architecture::of_reader(reader),
            hostname: hostname.map(|name| shown(name.as_bytes())),
            kernels,
        };
        let is_empty = system.os_release.is_empty()
            && system.architecture.is_none()
            && system.kernels.is_empty();
        (!is_empty).then_some(system)
    }
}

/// Reads `KEY=value` lines, whose values may be quoted as in a shell (os-release(5)).
fn os_release(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        if key.starts_with('#') {
            return None;
        }
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let inside = quote.and_then(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some((key.to_owned(), inside.unwrap_or(value).replace('\\', "")))
    });
    pairs.collect()
}

/// Returns what is behind these beginnings in the names in a directory.
fn names(reader: &dyn Reader, path: &str, starts: &[&str]) -> Vec<String> {
    let entries = resolve(reader, path.as_bytes()).and_then(|id| reader.entries(id));
    let entries = entries.unwrap_or_default();
    let rest = entries.iter().filter_map(|(name, _)| {
        let mut rests = starts
            .iter()
            .filter_map(|start| name.strip_prefix(start.as_bytes()));
        rests.next().map(shown)
    });
    rest.collect()
}

/// What there is, of what is no disk.
#[derive(Debug, Default, Serialize)]
pub(super) struct Contents {
    pub(super) directories: u64,
    pub(super) files: u64,
    pub(super) symlinks: u64,
    /// Devices, pipes and sockets.
    pub(super) others: u64,
    /// Bytes of files, holes included; one with several names counts once.
    pub(super) bytes: u64,
}

impl Contents {
    /// Counts all files. Those that cannot be read are noted, and do not count.
    ///
    /// # Errors
    ///
    /// Fails when what is kept of them takes more memory than the reader leaves for it.
    pub(super) fn of(reader: &dyn Reader, unread: &mut Unread) -> Result<Self> {
        let mut contents = Self::default();
        let mut linked = std::collections::HashSet::new();
        let mut allowance = Allowance::of(reader);
        for found in Walk::new(reader, b"/", reader.root()) {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    unread.note(&error.context(reader.name()));
                    continue;
                }
            };
            let stat = found.stat;
            if stat.kind != Kind::Directory && stat.links > 1 {
                if !linked.insert(found.id) {
                    continue;
                }
                allowance.take(Allowance::ENTRY)?;
            }
            match stat.kind {
                Kind::Directory => contents.directories += 1,
                Kind::File => {
                    contents.files += 1;
                    contents.bytes = contents.bytes.saturating_add(stat.size);
                }
                Kind::Symlink => contents.symlinks += 1,
                _ => contents.others += 1,
            }
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_quoted() {
        let text = "# comment\nID=debian\nNAME=\"Debian \\\"x\\\"\"\nX='y'\nodd\nZ=\"\n";
        let found = os_release(text);
        let found: Vec<_> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(
            found,
            [
                ("ID", "debian"),
                ("NAME", "Debian \"x\""),
                ("X", "y"),
                ("Z", "\"")
            ]
        );
    }
}

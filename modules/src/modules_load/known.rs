//! What the kernels of the image, and the settings of modprobe, know of a module.

use std::collections::BTreeMap;

use crate::continued;
use crate::root::{matches, show};
use crate::{Root, RootError};

/// What a module is loaded by that is never to be.
const OFF: [&str; 4] = ["/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true"];

/// Returns whether the image has kernels with modules, and none of them this one.
pub(super) fn is_missing(root: &Root<'_>, name: &str) -> Result<bool, RootError> {
    let mut kernels = 0;
    for file in ["modules.dep", "modules.builtin"] {
        for path in root.glob(format!("/lib/modules/*/{file}")) {
            kernels += 1;
            let text = root.read(&path)?;
            if text.split(|b| *b == b'\n').any(|line| is_of(line, name)) {
                return Ok(false);
            }
        }
    }
    for path in root.glob("/lib/modules/*/modules.alias") {
        for line in root.lines(&path)? {
            let mut words = line.split(|b| *b == b' ').filter(|word| !word.is_empty());
            if words.next() == Some(b"alias") && words.next().is_some_and(|a| is_matched(a, name)) {
                return Ok(false);
            }
        }
    }
    // Of what is built in: `loop.alias=devname:loop-control`, each with a NUL behind.
    for path in root.glob("/lib/modules/*/modules.builtin.modinfo") {
        let text = root.read(&path)?;
        let mut entries = text.split(|b| *b == 0);
        let is_alias = |entry: &[u8]| {
            let at = memchr::memmem::find(entry, b".alias=");
            at.is_some_and(|at| is_matched(&entry[at + b".alias=".len()..], name))
        };
        if entries.any(is_alias) {
            return Ok(false);
        }
    }
    Ok(kernels > 0)
}

/// Returns whether an alias, which can have `*` and the like, is for a name.
fn is_matched(alias: &[u8], name: &str) -> bool {
    let alias: Vec<u8> = alias
        .iter()
        .map(|b| if *b == b'-' { b'_' } else { *b })
        .collect();
    matches(&alias, plain(name).as_bytes())
}

/// `-` and `_` are one letter to the kernel.
pub(super) fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// The lines of modprobe.d(5): of each, its file and its words.
pub(super) struct Settings(Vec<(String, Vec<String>)>);

impl Settings {
    /// Reads what modprobe reads; of files with one name, the first folder has the one that counts.
    pub(super) fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let mut files = BTreeMap::new();
        for folder in ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"] {
            for path in root.glob(format!("{folder}/modprobe.d/*.conf")) {
                let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
                files.entry(name.to_vec()).or_insert(path);
            }
        }
        let mut found = Vec::new();
        for path in files.into_values() {
            let text = root.any_text(&path)?;
            for line in continued::lines(&text, true) {
                found.push((show(&path), continued::words(line)));
            }
        }
        Ok(Self(found))
    }

    /// Returns the files that turn a module off, each with the word by which it does.
    pub(super) fn against(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(path, words)| {
            let [kind, other, rest @ ..] = &words[..] else {
                return None;
            };
            let is_off = match kind.as_str() {
                "blacklist" => true,
                // The rest of the line is the shell's.
                "install" => match rest {
                    [command] => OFF.contains(&command.as_str()),
                    [command, comment, ..] => {
                        OFF.contains(&command.as_str()) && comment.starts_with('#')
                    }
                    [] => false,
                },
                _ => false,
            };
            let is_it = is_off && plain(other) == plain(name);
            is_it.then_some((path.as_str(), kind.as_str()))
        })
    }

    /// Returns whether a name is another one for a module.
    pub(super) fn have_alias(&self, name: &str) -> bool {
        self.0.iter().any(|(_, words)| match &words[..] {
            [kind, alias, _] => kind == "alias" && is_matched(alias.as_bytes(), name),
            _ => false,
        })
    }
}

/// Returns whether a line of modules.dep(5) or modules.builtin is of a module: its file has its
/// name, whichever of `-` and `_` that has.
fn is_of(line: &[u8], name: &str) -> bool {
    let path = line.split(|b| *b == b':').next().unwrap_or_default();
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let stem = file.split(|b| *b == b'.').next().unwrap_or_default();
    let plain = |name: &[u8]| -> Vec<u8> {
        name.iter()
            .map(|b| if *b == b'-' { b'_' } else { *b })
            .collect()
    };
    plain(stem) == plain(name.as_bytes())
}

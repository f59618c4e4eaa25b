//! Modules of repositories: lists of packages in streams, of which a system uses one or none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::identity::Identity;
use super::repodata::Offer;
use crate::yaml;

/// The streams that there are, and those that are used where nobody says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// The packages of each stream of a module.
    packages: BTreeMap<(String, String), BTreeSet<String>>,
    /// The stream of each module.
    defaults: BTreeMap<String, String>,
}

/// A document of such a list, as far as it matters.
#[derive(Deserialize)]
struct Document {
    document: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    name: Option<String>,
    module: Option<String>,
    stream: Option<String>,
    artifacts: Option<Artifacts>,
}

#[derive(Deserialize)]
struct Artifacts {
    #[serde(default)]
    rpms: Vec<String>,
}

impl Streams {
    /// Adds the documents of a list.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, in one line.
    pub(crate) fn read(&mut self, list: &str) -> Result<(), String> {
        // One document at a time: limits are those of one.
        let mut document = String::new();
        for line in list.lines().chain(["---"]) {
            if line.trim_end() != "---" {
                document.push_str(line);
                document.push('\n');
            } else if !document.trim().is_empty() {
                self.add(yaml::read(document.as_bytes())?);
                document.clear();
            }
        }
        Ok(())
    }

    fn add(&mut self, document: Document) {
        let Some(data) = document.data else { return };
        match (&*document.document, data.name, data.module, data.stream) {
            ("modulemd", Some(name), _, Some(stream)) => {
                let packages = self.packages.entry((name, stream)).or_default();
                packages.extend(data.artifacts.into_iter().flat_map(|all| all.rpms));
            }
            ("modulemd-defaults", _, Some(module), Some(stream)) => {
                self.defaults.insert(module, stream);
            }
            _ => {}
        }
    }

    /// Takes what dnf keeps of a system's choices: `[NAME]`, `stream=` and `state=`.
    pub(crate) fn choose(&mut self, file: &str) {
        let mut name = "";
        let mut said = BTreeMap::new();
        for line in file.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                name = section.trim_end_matches(']');
            } else if let Some((key, value)) = line.split_once('=') {
                said.insert((name, key.trim()), value.trim());
            }
        }
        for ((name, _), state) in said.iter().filter(|((_, key), _)| *key == "state") {
            match (*state, said.get(&(*name, "stream"))) {
                ("enabled", Some(stream)) => {
                    let (name, stream) = ((*name).to_owned(), (*stream).to_owned());
                    self.defaults.insert(name, stream);
                }
                ("disabled", _) => {
                    self.defaults.remove(*name);
                }
                _ => {}
            }
        }
    }

    /// Returns what is hidden.
    pub(crate) fn hidden(&self) -> Hidden<'_> {
        let mut hidden = Hidden::default();
        for ((module, stream), packages) in &self.packages {
            let packages = packages.iter().map(String::as_str);
            if self.defaults.get(module) != Some(stream) {
                hidden.unused.extend(packages);
                continue;
            }
            for package in packages {
                hidden.used.insert(package);
                // Sources are no reason to hide a package.
                let is_source = package.ends_with(".src") || package.ends_with(".nosrc");
                if let (false, Some(name)) = (is_source, package.rsplitn(3, '-').nth(2)) {
                    hidden.names.insert(name);
                }
            }
        }
        hidden
    }
}

/// Which packages cannot be taken: those of streams that are not used, and others in the place of
/// those of a stream that is (libdnf's `setModuleExcludes`).
#[derive(Debug, Default)]
pub(crate) struct Hidden<'s> {
    unused: BTreeSet<&'s str>,
    used: BTreeSet<&'s str>,
    names: BTreeSet<&'s str>,
}

impl Hidden<'_> {
    pub(crate) fn hides(&self, offer: &Offer) -> bool {
        if self.unused.is_empty() && self.used.is_empty() {
            return false;
        }
        let full = full(&offer.identity);
        let mut names = offer.provides.iter().map(|provided| &*provided.name);
        let mut is_other = || {
            self.unused.contains(&*full)
                || self.names.contains(&*offer.identity.name)
                || names.any(|name| self.names.contains(name))
        };
        !self.used.contains(&*full) && is_other()
    }
}

/// Returns the name with version and architecture as lists of modules have it: always with an epoch.
fn full(identity: &Identity) -> String {
    let Identity {
        name,
        version,
        arch,
    } = identity;
    let epoch = match &*version.epoch {
        "" => "0",
        epoch => epoch,
    };
    format!(
        "{name}-{epoch}:{}-{}.{arch}",
        version.version, version.release
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_read() {
        let mut streams = Streams::default();
        let list = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: m\n  stream: 1.10\n  \
                    artifacts:\n    rpms:\n    - a-b-0:1-1.noarch\n    - s-0:1-1.src\n...\n\
                    --- \ndocument: modulemd\ndata: {name: m, stream: old}\n\
                    ---\ndocument: modulemd-defaults\ndata: {module: m, stream: 1.10}\n\
                    ---\ndocument: modulemd-translations\ndata: {module: m, stream: x}\n";
        streams.read(list).unwrap();
        assert_eq!(streams.defaults["m"], "1.10");
        assert_eq!(Vec::from_iter(streams.hidden().names), ["a-b"]);
        for (file, want) in [
            ("[m]\nstream = old\nstate = enabled\n", Some("old")),
            ("[m]\nstream=1\nstate=\n", Some("old")),
            ("[other]\nstate=disabled\n", Some("old")),
            ("[m]\nstream=\nstate=disabled\n", None),
        ] {
            streams.choose(file);
            assert_eq!(
                streams.defaults.get("m").map(String::as_str),
                want,
                "{file}"
            );
        }
        assert!(streams.read("---\ndocument: [\n").is_err());
    }
}

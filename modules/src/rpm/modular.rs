//! Modules of repositories: lists of packages in streams, of which a system uses one or none.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

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
    /// The modules that the system's own choices are about.
    chosen: BTreeSet<String>,
    /// What a stream needs of other modules: one of these lists.
    needs: BTreeMap<(String, String), Vec<Requires>>,
}

/// Modules, and which of their streams will do: any where none is named.
type Requires = BTreeMap<String, Vec<String>>;

/// A document of such a list, as far as it matters.
#[derive(Deserialize)]
struct Document {
    document: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    name: Option<String>,
    module: Option<String>,
    stream: Option<String>,
    artifacts: Option<Artifacts>,
    dependencies: Option<Dependencies>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependencies {
    List(Vec<Dependency>),
    /// The first version of such lists has another form, and no streams to choose from.
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    requires: Requires,
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
                continue;
            }
            let mut lines = document.lines().map(str::trim_start);
            if !lines.all(|line| line.is_empty() || line.starts_with('#')) {
                self.add(yaml::read(document.as_bytes())?);
            }
            document.clear();
        }
        Ok(())
    }

    fn add(&mut self, document: Document) {
        let Some(data) = document.data else { return };
        let kind = document.document.unwrap_or_default();
        match (&*kind, data.name, data.module, data.stream) {
            ("modulemd", Some(name), _, Some(stream)) => {
                if let Some(Dependencies::List(list)) = data.dependencies {
                    let needs = self
                        .needs
                        .entry((name.clone(), stream.clone()))
                        .or_default();
                    needs.extend(list.into_iter().map(|one| one.requires));
                }
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
            if matches!(*state, "enabled" | "disabled") {
                self.chosen.insert((*name).to_owned());
            }
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

    /// Returns the stream of each module that is used: also those that others in use need, in the
    /// place of the usual ones.
    fn used(&self) -> BTreeMap<&str, &str> {
        let usual = self
            .defaults
            .iter()
            .map(|(name, stream)| (&**name, &**stream));
        let mut used: BTreeMap<&str, &str> = usual.collect();
        let mut settled: BTreeSet<&str> = self.chosen.iter().map(String::as_str).collect();
        loop {
            let met = |requires: &Requires| {
                let mut requires = requires.iter();
                requires.all(|(name, streams)| {
                    let is_there = |stream: &str| streams.iter().any(|one| one == stream);
                    let found = used.get(&**name);
                    found.is_some_and(|stream| streams.is_empty() || is_there(stream))
                })
            };
            let streams = self.needs.iter();
            let open = streams.filter(|((name, stream), _)| used.get(&**name) == Some(&&**stream));
            let open = open.filter(|(_, lists)| !lists.iter().any(met));
            let wanted = open.filter_map(|(_, lists)| lists.first()).flatten();
            let next = wanted.into_iter().find_map(|(name, streams)| {
                let is_known = |stream: &&String| {
                    (self.packages).contains_key(&(name.clone(), (*stream).clone()))
                };
                let stream = streams.iter().find(is_known)?;
                (!settled.contains(&**name)).then_some((&**name, &**stream))
            });
            // Each module gets another stream once, so this ends.
            let Some((name, stream)) = next else {
                return used;
            };
            settled.insert(name);
            used.insert(name, stream);
        }
    }

    /// Returns what is hidden.
    pub(crate) fn hidden(&self) -> Hidden<'_> {
        let mut hidden = Hidden::default();
        let used = self.used();
        for ((module, stream), packages) in &self.packages {
            let packages = packages.iter().map(String::as_str);
            if used.get(&**module) != Some(&&**stream) {
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

    #[test]
    fn streams_in_use_bring_what_they_need() {
        let list = "# Streams.\n---\nother: data\n---\ndocument: modulemd-defaults\n\
                    data: {module: m, stream: \"1\"}\n---\ndocument: modulemd-defaults\n\
                    data: {module: o, stream: \"1\"}\n---\ndocument: modulemd\n\
                    data: {name: m, stream: \"1\", dependencies: [{requires: {o: [\"2\"], p: []}}]}\n\
                    ---\ndocument: modulemd\ndata: {name: o, stream: \"2\"}\n\
                    ---\ndocument: modulemd\ndata: {name: o, stream: \"1\"}\n\
                    ---\ndocument: modulemd\n\
                    data: {name: x, stream: \"1\", dependencies: {requires: {o: f1}}}\n";
        for (choice, want) in [
            ("", &[("m", "1"), ("o", "2")][..]),
            ("[o]\nstream=1\nstate=enabled\n", &[("m", "1"), ("o", "1")]),
            ("[o]\nstream=\nstate=disabled\n", &[("m", "1")]),
            ("[m]\nstream=\nstate=disabled\n", &[("o", "1")]),
        ] {
            let mut streams = Streams::default();
            streams.read(list).unwrap();
            streams.choose(choice);
            assert_eq!(Vec::from_iter(streams.used()), want, "{choice}");
        }
    }
}

//! Modules of repositories: lists of packages in streams, of which a system uses one or none.
//!
//! What such lists and a system's own settings say is read here. `used` finds out which streams that
//! makes, and `hidden` which packages.

mod hidden;
mod used;

use std::collections::BTreeMap;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::yaml;
pub(crate) use hidden::Hidden;

/// The streams that there are, and what is said of them.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// The streams of each module.
    modules: BTreeMap<String, BTreeMap<String, Stream>>,
    /// The streams that are used where the system has not chosen.
    defaults: BTreeMap<String, String>,
    /// The system's own choices: a stream, or none of the module's.
    choices: BTreeMap<String, Option<String>>,
    /// What builds call the system, if it says so.
    platform: Option<String>,
}

/// The builds of a stream; those that have the same context take each other's place.
type Stream = BTreeMap<Context, Vec<Build>>;

/// What sets builds of a stream apart: a name, or else what they need but the platform.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Context(Option<String>, Vec<Need>);

#[derive(Debug)]
struct Build {
    version: u64,
    needs: Vec<Need>,
    packages: Vec<String>,
}

/// The name by which builds ask for the system.
const PLATFORM: &str = "platform";

/// A module that a build needs, and which of its streams will do: any if none is named, and none
/// of those behind a `-`.
type Need = (String, Vec<String>);

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
    version: Option<String>,
    context: Option<String>,
    /// Whether the context says what sets builds apart.
    #[serde(default)]
    static_context: bool,
    artifacts: Option<Artifacts>,
    dependencies: Option<Dependencies>,
}

#[derive(Default)]
struct Dependencies(Vec<Dependency>);

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    requires: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Artifacts {
    #[serde(default)]
    rpms: Vec<String>,
}

impl<'de> Deserialize<'de> for Dependencies {
    // Not by an untagged enum, to which a stream 1.10 is a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Dependencies;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a list of dependencies")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Dependencies, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Dependencies(all))
            }

            // The first version of such lists has another form, which nobody uses any more.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dependencies, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Dependencies::default())
            }
        }

        deserializer.deserialize_any(Form)
    }
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
                let needs = data.dependencies.unwrap_or_default().0.into_iter();
                let needs: Vec<Need> = needs.flat_map(|one| one.requires).collect();
                let context = match data.context.filter(|_| data.static_context) {
                    None => {
                        let own = needs.iter().filter(|(name, _)| name != PLATFORM);
                        Context(None, own.cloned().collect())
                    }
                    named => Context(named, Vec::new()),
                };
                let streams = self.modules.entry(name).or_default();
                let builds = streams.entry(stream).or_default();
                builds.entry(context).or_default().push(Build {
                    version: data.version.and_then(|text| text.parse().ok()).unwrap_or(0),
                    needs,
                    packages: data.artifacts.map(|all| all.rpms).unwrap_or_default(),
                });
            }
            ("modulemd-defaults", _, Some(module), Some(stream)) => {
                self.defaults.insert(module, stream);
            }
            ("modulemd-defaults", _, Some(module), None) => {
                self.defaults.remove(&module);
            }
            _ => {}
        }
    }

    /// Takes what dnf keeps of a system's choice for a module; what dnf would not write does not
    /// count (libdnf's `parseConfig`).
    pub(crate) fn choose(&mut self, module: &str, file: &str) {
        let mut is_own = false;
        let mut said = BTreeMap::new();
        for line in file.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                is_own = section.trim_end_matches(']') == module;
            } else if let Some((key, value)) = line.split_once('=').filter(|_| is_own) {
                said.insert(key.trim(), value.trim());
            }
        }
        let state = said.get("enabled").or_else(|| said.get("state"));
        if let (Some(state), Some(stream), true) =
            (state, said.get("stream"), said.contains_key("profiles"))
        {
            let choice = match *state {
                "1" | "true" | "enabled" => Some((*stream).to_owned()),
                "0" | "false" | "disabled" => None,
                _ => return,
            };
            self.choices.insert(module.to_owned(), choice);
        }
    }

    /// Takes what os-release(5) says of the platform.
    pub(crate) fn platform(&mut self, id: &str) {
        let (_, stream) = id.split_once(':').unwrap_or(("", id));
        self.platform = Some(stream.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let mut streams = Streams::default();
        let list = "# Streams.\n---\nother: data\n---\n\
                    document: modulemd\nversion: 2\ndata:\n  name: m\n  stream: 1.10\n  \
                    artifacts:\n    rpms:\n    - a-b-0:1-1.noarch\n...\n\
                    --- \ndocument: modulemd\ndata: {name: m, stream: old}\n\
                    ---\ndocument: modulemd\n\
                    data: {name: m, stream: old, dependencies: {requires: {o: f1}}}\n\
                    ---\ndocument: modulemd-defaults\ndata: {module: m, stream: 1.10}\n\
                    ---\ndocument: modulemd-translations\ndata: {module: m, stream: x}\n";
        streams.read(list).unwrap();
        assert_eq!(streams.defaults["m"], "1.10");
        let stream = &streams.modules["m"]["1.10"];
        let builds: Vec<_> = stream.values().flatten().collect();
        assert_eq!(builds[0].packages, ["a-b-0:1-1.noarch"]);
        assert!(streams.read("---\ndocument: [\n").is_err());
        let none = "---\ndocument: modulemd-defaults\ndata: {module: m}\n";
        streams.read(none).unwrap();
        assert!(streams.defaults.is_empty());
    }

    #[test]
    fn choices_are_what_dnf_takes_for_such() {
        let chosen = Some(Some("2"));
        for (file, want) in [
            ("[m]\nprofiles=\nstream = 2\nstate = enabled\n", chosen),
            ("[m] \nprofiles=\nstream=2\nstate=true\n", chosen),
            ("# x\n[m]\nprofiles=\nstream=2\nstate=\nenabled=1\n", chosen),
            ("[m]\nprofiles=\nstream=\nstate=disabled\n", Some(None)),
            ("[m]\nprofiles=\nstream=2\nstate=\n", None),
            ("[m]\nprofiles=\nstream=2\nstate=Enabled\n", None),
            ("[m]\nprofiles=\nstate=enabled\n", None),
            ("[m]\nstream=2\nstate=enabled\n", None),
            ("[other]\nprofiles=\nstream=2\nstate=enabled\n", None),
        ] {
            let mut streams = Streams::default();
            streams.choose("m", file);
            let choice = streams.choices.get("m").map(Option::as_deref);
            assert_eq!(choice, want, "{file}");
        }
    }
}

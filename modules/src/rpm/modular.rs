//! Modules of repositories: lists of packages in streams, of which a system uses one or none.
//!
//! What such lists and a system's own settings say is read here. `used` finds out which streams that
//! makes, and `hidden` which packages.

mod document;
mod hidden;
mod used;

use std::collections::BTreeMap;

use crate::yaml;
use document::Document;
pub(crate) use hidden::Hidden;

/// The streams that there are, and what is said of them.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// The streams of each module.
    modules: BTreeMap<String, BTreeMap<String, Stream>>,
    /// The streams that are used where the system has not chosen.
    defaults: BTreeMap<String, Usual>,
    /// The system's own choices: a stream, or none of the module's.
    choices: BTreeMap<String, Option<String>>,
    /// What builds call the system, if it says so.
    platform: Option<String>,
}

/// What a list says of a module's usual stream, and when that was changed.
#[derive(Debug, PartialEq, Eq)]
struct Usual {
    modified: u64,
    stream: Option<String>,
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

impl Streams {
    /// Adds the list of a repository. Where two of them differ in the usual stream of a module, the
    /// newer one counts, or none.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, in one line.
    pub(crate) fn read(&mut self, list: &str) -> Result<(), String> {
        for (module, new) in self.documents(list)? {
            let old = self.defaults.entry(module).or_insert(Usual {
                modified: new.modified,
                stream: None,
            });
            if old.stream.is_none() || new.modified > old.modified {
                *old = new;
            } else if new.modified == old.modified
                && new.stream.is_some()
                && new.stream != old.stream
            {
                old.stream = None;
            }
        }
        Ok(())
    }

    /// Adds a list of the system's own, which counts more.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, in one line.
    pub(crate) fn read_own(&mut self, list: &str) -> Result<(), String> {
        let own = self.documents(list)?;
        self.defaults.extend(own);
        Ok(())
    }

    /// Adds the documents of a list, and returns the defaults in it.
    fn documents(&mut self, list: &str) -> Result<BTreeMap<String, Usual>, String> {
        let mut defaults = BTreeMap::new();
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
                self.add(yaml::read(document.as_bytes())?, &mut defaults);
            }
            document.clear();
        }
        Ok(defaults)
    }

    fn add(&mut self, document: Document, defaults: &mut BTreeMap<String, Usual>) {
        let Some(data) = document.data else { return };
        let kind = document.document.unwrap_or_default();
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
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
                    version: number(data.version),
                    needs,
                    packages: data.artifacts.map(|all| all.rpms).unwrap_or_default(),
                });
            }
            ("modulemd-defaults", _, Some(module), stream) => {
                let modified = number(data.modified);
                defaults.insert(module, Usual { modified, stream });
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
        assert_eq!(streams.defaults["m"].stream.as_deref(), Some("1.10"));
        let stream = &streams.modules["m"]["1.10"];
        let builds: Vec<_> = stream.values().flatten().collect();
        assert_eq!(builds[0].packages, ["a-b-0:1-1.noarch"]);
        assert!(streams.read("---\ndocument: [\n").is_err());
    }

    #[test]
    fn defaults_of_several_lists() {
        // Each was compared with what dnf calls active.
        for (lists, own, want) in [
            (&["stream: 1", "stream: 1"][..], "", Some("1")),
            (&["stream: 1", "stream: 2"], "", None),
            (
                &["stream: 1, modified: 20", "stream: 2, modified: 10"],
                "",
                Some("1"),
            ),
            (&["stream: 1", "profiles: {}"], "", Some("1")),
            (&["profiles: {}", "stream: 1"], "", Some("1")),
            (&["stream: 1", "stream: 2"], "stream: 1", Some("1")),
            (
                &["stream: 1, modified: 20"],
                "stream: 2, modified: 10",
                Some("2"),
            ),
            (&["stream: 1"], "profiles: {}", None),
        ] {
            let mut streams = Streams::default();
            let list =
                |data: &str| format!("document: modulemd-defaults\ndata: {{module: m, {data}}}\n");
            for data in lists {
                streams.read(&list(data)).unwrap();
            }
            if !own.is_empty() {
                streams.read_own(&list(own)).unwrap();
            }
            let found = streams.defaults["m"].stream.as_deref();
            assert_eq!(found, want, "{lists:?} {own}");
        }
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

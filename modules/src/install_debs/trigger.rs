//! What packages want to know of others' files and calls (deb-triggers(5)).

use std::collections::BTreeMap;

use super::database::{ADMIN, Database, Entry, State};
use crate::deb::identity::{Identity, is_name};
use crate::script::dpkg_trigger::{CALLS, NOBODY};
use crate::{Root, RootError};

/// What one line of a package's `triggers` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) is_interest: bool,
    /// Whether who causes it waits until it is done.
    pub(super) waits: bool,
    /// A path, or a name that packages agree on.
    pub(super) name: String,
}

/// What may be between words.
const BLANKS: [char; 2] = [' ', '\t'];

impl Line {
    /// Reads the file `triggers` of a package; returns the line that is none.
    pub(super) fn parse(text: &str) -> Result<Vec<Self>, String> {
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line has no end".to_owned());
        }
        let lines = text.split('\n').map(|line| line.trim_matches(BLANKS));
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| Self::parse_one(line).ok_or_else(|| format!("{line:?}")))
            .collect()
    }

    fn parse_one(line: &str) -> Option<Self> {
        let (word, name) = line.split_once(BLANKS)?;
        let (is_interest, waits) = match word {
            "interest" | "interest-await" => (true, true),
            "interest-noawait" => (true, false),
            "activate" | "activate-await" => (false, true),
            "activate-noawait" => (false, false),
            _ => return None,
        };
        let name = name.trim_start_matches(BLANKS);
        // dpkg's `trig_classify_byname`; nobody hears of what it cannot classify.
        let is_known = match name.strip_prefix('/') {
            Some(path) => path.split('/').all(|part| !part.is_empty()),
            None => is_name(name) && !name.contains('_'),
        };
        let is_sound = name.chars().all(|c| c.is_ascii_graphic()) && (is_known || !is_interest);
        is_sound.then(|| Self {
            is_interest,
            waits,
            name: name.to_owned(),
        })
    }
}

/// Who is interested in paths and names.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    /// The image's own architecture.
    native: String,
    /// Path, package and whether who causes it waits, in the order of dpkg's file.
    paths: Vec<(String, String, bool)>,
    /// The same for names.
    names: BTreeMap<String, Vec<(String, bool)>>,
    paths_changed: bool,
    names_changed: Vec<String>,
}

const FILE: &str = "/var/lib/dpkg/triggers/File";

impl Triggers {
    /// Reads who is interested in paths.
    pub(super) fn read(root: &Root<'_>, native: &str) -> Result<Self, RootError> {
        let text = root.read_if_exists(FILE)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let paths = text.lines().filter_map(|line| {
            let (path, package) = line.split_once(' ')?;
            let (package, waits) = options(package);
            Some((path.to_owned(), package, waits))
        });
        Ok(Self {
            native: native.to_owned(),
            paths: paths.collect(),
            ..Self::default()
        })
    }

    fn named(
        &mut self,
        root: &Root<'_>,
        name: &str,
    ) -> Result<&mut Vec<(String, bool)>, RootError> {
        if !self.names.contains_key(name) {
            let text = root.read_if_exists(format!("{ADMIN}/triggers/{name}"))?;
            let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
            let interested = text.lines().filter(|line| !line.is_empty()).map(options);
            self.names.insert(name.to_owned(), interested.collect());
        }
        Ok(self.names.entry(name.to_owned()).or_default())
    }

    /// Takes away what a package was interested in, and adds what it is now.
    pub(super) fn change(
        &mut self,
        root: &Root<'_>,
        old: Option<(&Identity, &[Line])>,
        new: (&Identity, &[Line]),
    ) -> Result<(), RootError> {
        let removed = old
            .into_iter()
            .map(|(identity, lines)| (identity, lines, false));
        for (identity, lines, is_added) in removed.chain([(new.0, new.1, true)]) {
            let package = identity.file_name();
            for line in lines.iter().filter(|line| line.is_interest) {
                if line.name.starts_with('/') {
                    self.paths_changed = true;
                    let is_it = |path: &str, other: &str| path == line.name && other == package;
                    let found = self
                        .paths
                        .iter_mut()
                        .find(|(path, other, _)| is_it(path, other));
                    match (found, is_added) {
                        (Some(found), true) => found.2 = line.waits,
                        (Some(_), false) => {
                            self.paths.retain(|(path, other, _)| !is_it(path, other));
                        }
                        (None, true) => {
                            let new = (line.name.clone(), package.clone(), line.waits);
                            self.paths.push(new);
                        }
                        (None, false) => {}
                    }
                    continue;
                }
                let interested = self.named(root, &line.name)?;
                interested.retain(|(other, _)| *other != package);
                if is_added {
                    interested.push((package.clone(), line.waits));
                }
                self.names_changed.push(line.name.clone());
            }
        }
        Ok(())
    }

    /// Notes that a package has something to do with a path, as those are told that are interested
    /// in that very path.
    pub(super) fn touch(&self, database: &mut Database, path: &[u8], by: usize) {
        // The last one that was added is told first.
        let interested = self
            .paths
            .iter()
            .rev()
            .filter(|(own, ..)| own.as_bytes() == path);
        for (name, package, waits) in interested {
            if let Some(index) = database.find_named(package) {
                self.activate(database, index, name, waits.then_some(by));
            }
        }
    }

    /// Notes that a package calls a trigger by its name, or by a path; nobody waits for that if no
    /// package is named.
    pub(super) fn call(
        &mut self,
        root: &Root<'_>,
        database: &mut Database,
        line: &Line,
        by: Option<usize>,
    ) -> Result<(), RootError> {
        let interested: Vec<(String, bool)> = match line.name.starts_with('/') {
            true => {
                let paths = self
                    .paths
                    .iter()
                    .rev()
                    .filter(|(path, ..)| *path == line.name);
                paths
                    .map(|(_, package, waits)| (package.clone(), *waits))
                    .collect()
            }
            false => self.named(root, &line.name)?.clone(),
        };
        for (package, waits) in interested {
            if let Some(index) = database.find_named(&package) {
                let waiting = by.filter(|_| waits && line.waits);
                self.activate(database, index, &line.name, waiting);
            }
        }
        Ok(())
    }

    /// Looks who is interested in what scripts have called, and who waits.
    pub(super) fn take_calls(
        &mut self,
        root: &mut Root<'_>,
        database: &mut Database,
    ) -> Result<(), RootError> {
        let text = root.read_if_exists(CALLS)?.unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            for by in words {
                let line = Line {
                    is_interest: false,
                    waits: by != NOBODY,
                    name: name.to_owned(),
                };
                let by = database.find_only(by);
                self.call(root, database, &line, by)?;
            }
        }
        if !text.is_empty() {
            root.write(CALLS, "")?;
        }
        Ok(())
    }

    /// Notes that a package has a trigger to look after, and who waits for that (dpkg's
    /// `trig_record_activation`).
    fn activate(&self, database: &mut Database, index: usize, name: &str, waiting: Option<usize>) {
        let pending = database.entry(index);
        if pending.state < State::TriggersAwaited {
            return;
        }
        let label = pending.identity.label(&self.native);
        let before = pending.paragraph.get("Triggers-Pending").to_owned();
        if !before.split(' ').any(|other| other == name) {
            database.change(index, |entry| {
                let all = match &*before {
                    "" => name.to_owned(),
                    before => format!("{name} {before}"),
                };
                entry.paragraph.set("Triggers-Pending", all);
                entry.state = match entry.paragraph.get("Triggers-Awaited") {
                    "" => State::TriggersPending,
                    _ => State::TriggersAwaited,
                };
            });
        }
        let Some(by) = waiting else {
            return;
        };
        let before = database
            .entry(by)
            .paragraph
            .get("Triggers-Awaited")
            .to_owned();
        if !before.split(' ').any(|other| other == label) {
            database.change(by, |entry| {
                let all = match &*before {
                    "" => label,
                    before => format!("{before} {label}"),
                };
                entry.paragraph.set("Triggers-Awaited", all);
                entry.state = entry.state.min(State::TriggersAwaited);
            });
        }
    }

    /// Lets nobody wait any more for what a package had to look after: it is not there to do it.
    pub(super) fn forget(&self, database: &mut Database, index: usize) {
        let label = database.entry(index).identity.label(&self.native);
        let waits = |entry: &Entry| {
            let awaited = entry.paragraph.get("Triggers-Awaited");
            awaited.split(' ').any(|other| other == label)
        };
        let waiting = database.entries().filter(|(_, entry)| waits(entry));
        let waiting: Vec<usize> = waiting.map(|(index, _)| index).collect();
        for index in waiting {
            database.change(index, |entry| {
                let awaited = entry.paragraph.get("Triggers-Awaited").split(' ');
                let rest: Vec<&str> = awaited.filter(|other| *other != label).collect();
                let rest = rest.join(" ");
                if rest.is_empty() && entry.state == State::TriggersAwaited {
                    entry.state = match entry.paragraph.get("Triggers-Pending") {
                        "" => State::Installed,
                        _ => State::TriggersPending,
                    };
                }
                entry.paragraph.set("Triggers-Awaited", rest);
            });
        }
    }

    /// Writes the lists that changed.
    pub(super) fn write(&self, root: &mut Root<'_>) -> Result<(), RootError> {
        if self.paths_changed {
            let lines = self.paths.iter().map(|(path, package, waits)| {
                format!("{path} {package}{}\n", if *waits { "" } else { "/noawait" })
            });
            write(root, FILE, &lines.collect::<String>())?;
        }
        for name in &self.names_changed {
            let lines = self.names[name].iter().map(|(package, waits)| {
                format!("{package}{}\n", if *waits { "" } else { "/noawait" })
            });
            let path = format!("{ADMIN}/triggers/{name}");
            write(root, &path, &lines.collect::<String>())?;
        }
        Ok(())
    }
}

fn write(root: &mut Root<'_>, path: &str, text: &str) -> Result<(), RootError> {
    if text.is_empty() {
        return match root.exists(path) {
            true => root.remove(path),
            false => Ok(()),
        };
    }
    root.mkdir_all(format!("{ADMIN}/triggers"), 0o755)?;
    root.write(path, text)
}

fn options(package: &str) -> (String, bool) {
    match package.strip_suffix("/noawait") {
        Some(package) => (package.to_owned(), false),
        None => (
            package.strip_suffix("/await").unwrap_or(package).to_owned(),
            true,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_triggers() {
        for (lines, want) in [
            ("", Some(0)),
            ("# nothing\n", Some(0)),
            (
                "interest-noawait /usr/share/x\n # why\nactivate ldconfig",
                Some(2),
            ),
            ("activate ldconfig # why", None),
            ("interest", None),
            ("interest a b", None),
            ("interest a/b", None),
            ("interest a_b", None),
            ("interest /", None),
            ("interest /a/", None),
            ("wants a", None),
            ("# x\r\n\tinterest\ta \t", Some(1)),
            ("interest a\r", None),
            ("\r", None),
            ("interest\ra", None),
            ("interest\u{a0}a", None),
        ] {
            let found = Line::parse(&format!("{lines}\n")).ok().map(|it| it.len());
            assert_eq!(found, want, "{lines}");
        }
        assert!(Line::parse("interest a").is_err());
        let lines = Line::parse("interest /usr/share/x\n").unwrap();
        let line = (&*lines[0].name, lines[0].is_interest, lines[0].waits);
        assert_eq!(line, ("/usr/share/x", true, true));
    }
}

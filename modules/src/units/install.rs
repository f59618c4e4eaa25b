//! The `[Install]` section of a unit: which links enable it. See systemd.unit(5).

use super::name::UnitName;
use super::{PATHS, Unit, UnitError};
use crate::root::join;
use crate::{Root, RootError};

/// The keys that make dependencies, and the endings of the directories that these are in.
pub(super) const DEPENDENCIES: [(&str, &str); 3] = [
    ("WantedBy", ".wants"),
    ("RequiredBy", ".requires"),
    ("UpheldBy", ".upholds"),
];

/// What some editors put before a text: systemd passes over it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// All keys of the section.
const KEYS: [&str; 6] = [
    "Alias",
    "WantedBy",
    "RequiredBy",
    "UpheldBy",
    "Also",
    "DefaultInstance",
];

/// What there is to say of a section.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What is left out, as systemctl does it.
    pub(super) warnings: Vec<String>,
    /// Names that no unit can have, which presets leave out and enabling does not.
    pub(super) faults: Vec<UnitError>,
}

/// What the section of a unit and its drop-ins say: keys and single words, in order.
#[derive(Debug, Default)]
pub(super) struct Install {
    words: Vec<(&'static str, String)>,
}

impl Install {
    pub(super) fn read(root: &Root<'_>, unit: &Unit) -> Result<Self, RootError> {
        let mut install = Self::default();
        install.add(&root.read(&unit.path)?);
        for path in drop_ins(root, &unit.name)? {
            install.add(&root.read(path)?);
        }
        Ok(install)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns the units that are enabled and disabled along with this one.
    pub(super) fn also(&self, unit: &UnitName) -> Result<Vec<UnitName>, UnitError> {
        let mut names = Vec::new();
        for (at, (key, word)) in self.words.iter().enumerate() {
            if *key == "Also" {
                // As systemd reads it: a `DefaultInstance` below it is not known yet.
                let stands_for = instantiated(unit, &self.words[..at])?;
                let name = expand(&stands_for, key, word)?;
                let name = UnitName::checked(name);
                names.push(name.map_err(|error| refuse(unit, key, word, reason(&error)))?);
            }
        }
        Ok(names)
    }

    /// Returns the links by their paths below `/etc/systemd/system`. What does not fit a template
    /// is left out with a warning, as systemctl does.
    pub(super) fn links(&self, unit: &Unit, notes: &mut Notes) -> Result<Vec<String>, UnitError> {
        let mut links = Vec::new();
        // Another name of a template is one of all its instances; `DefaultInstance` is only what
        // `%i` in it stands for.
        let unit = &unit.name;
        let stands_for = instantiated(unit, &self.words)?;
        for word in self.values("Alias") {
            let name = expand(&stands_for, "Alias", word)?;
            let alias = UnitName::checked(name);
            let alias = alias.map_err(|error| refuse(unit, "Alias", word, reason(&error)))?;
            let alias = if alias.is_template() && !unit.is_template() && unit.instance().is_some() {
                alias.with_instance(unit.instance().unwrap_or_default())
            } else {
                alias
            };
            if alias.kind() != unit.kind() {
                return Err(refuse(unit, "Alias", word, "it is another sort of unit"));
            }
            let is_right = match unit.is_template() {
                true => alias.instance().is_some(),
                false => alias.instance() == unit.instance(),
            };
            if !is_right {
                let why = "one is a template, or another instance";
                return Err(refuse(unit, "Alias", word, why));
            }
            if alias != *unit {
                links.push(alias.as_str().to_owned());
            }
        }
        let unit = stands_for;
        for (key, ending) in DEPENDENCIES {
            for word in self.values(key) {
                let name = expand(&unit, key, word)?;
                let other = match UnitName::checked(name) {
                    Ok(other) => other,
                    Err(error) => {
                        let fault = refuse(&unit, key, word, reason(&error));
                        notes.faults.push(fault);
                        continue;
                    }
                };
                if unit.is_template() && other.instance().is_none() {
                    notes.warnings.push(format!(
                        "unit {unit} is not enabled for {other}: it is a template; name an \
                         instance as in {}",
                        unit.with_instance("NAME")
                    ));
                    continue;
                }
                links.push(format!("{other}{ending}/{unit}"));
            }
        }
        Ok(links)
    }

    /// Returns the keys in their order, one for each word.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.words.iter().map(|(key, _)| *key)
    }

    fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        let words = self.words.iter().filter(move |(known, _)| *known == key);
        words.map(|(_, word)| &**word)
    }

    /// Adds the section of one file. A backslash joins a line with the next one that is no
    /// comment; an empty value forgets what came before.
    fn add(&mut self, file: &[u8]) {
        let text = String::from_utf8_lossy(file);
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        let (mut inside, mut whole) = (false, String::new());
        for line in text.lines() {
            if line.trim_start().starts_with(['#', ';']) {
                continue;
            }
            if let Some(start) = line.strip_suffix('\\') {
                whole.push_str(start);
                whole.push(' ');
                continue;
            }
            whole.push_str(line);
            let line = std::mem::take(&mut whole);
            let line = line.trim();
            if line.starts_with('[') {
                inside = line == "[Install]";
            } else if let Some((key, value)) = line.split_once('=').filter(|_| inside) {
                self.set(key.trim(), value.trim());
            }
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        let Some(key) = KEYS.into_iter().find(|known| *known == key) else {
            return;
        };
        if value.is_empty() || key == "DefaultInstance" {
            self.words.retain(|(known, _)| *known != key);
        }
        let words = value.split_whitespace();
        let bare = words.map(|word| word.trim_matches(['"', '\'']).to_owned());
        self.words.extend(bare.map(|word| (key, word)));
    }
}

/// Returns the instance that a template stands for, if the words of its section say so.
fn instantiated(unit: &UnitName, words: &[(&'static str, String)]) -> Result<UnitName, UnitError> {
    let key = "DefaultInstance";
    match words.iter().rfind(|(known, _)| *known == key) {
        Some((_, word)) if unit.is_template() => {
            let instance = expand(unit, key, word)?;
            let name = unit.with_instance(&instance).as_str().to_owned();
            let name = UnitName::checked(name);
            name.map_err(|error| refuse(unit, key, word, reason(&error)))
        }
        _ => Ok(unit.clone()),
    }
}

/// Returns the drop-ins of a unit and of its template, in the order of their names. Of two with
/// one name, the one in the directory that comes first counts.
fn drop_ins(root: &Root<'_>, unit: &UnitName) -> Result<Vec<Vec<u8>>, RootError> {
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for name in [Some(unit.clone()), unit.template()].into_iter().flatten() {
        for directory in PATHS {
            let directory = format!("{directory}/{name}.d");
            if !root.is_dir(&directory) {
                continue;
            }
            for name in root.list(&directory)? {
                let path = join(directory.as_bytes(), &name);
                let is_new = found.iter().all(|(known, _)| *known != name);
                if is_new && name.ends_with(b".conf") {
                    found.push((name, path));
                }
            }
        }
    }
    found.sort();
    let paths = found.into_iter().map(|(_, path)| path);
    Ok(paths.filter(|path| root.is_file(path)).collect())
}

/// Replaces what `%` stands for, as far as it is about the name; the rest is known only to a
/// system that runs.
fn expand(unit: &UnitName, key: &'static str, word: &str) -> Result<String, UnitError> {
    let mut text = String::new();
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let (prefix, instance) = (unit.prefix(), unit.instance().unwrap_or_default());
        match letters.next() {
            Some('n') => text.push_str(unit.as_str()),
            Some('N') => {
                let end = unit.as_str().len() - unit.kind().len() - 1;
                text.push_str(&unit.as_str()[..end]);
            }
            Some('p') => text.push_str(prefix),
            Some('i') => text.push_str(instance),
            Some('j') => text.push_str(prefix.rsplit('-').next().unwrap_or(prefix)),
            Some('%') => text.push('%'),
            _ => {
                let why = "only %n, %N, %p, %i, %j and %% are known before the system runs";
                return Err(refuse(unit, key, word, why));
            }
        }
    }
    Ok(text)
}

fn refuse(unit: &UnitName, key: &'static str, value: &str, why: &'static str) -> UnitError {
    UnitError::Install {
        unit: unit.clone(),
        key,
        value: value.to_owned(),
        why,
    }
}

fn reason(error: &UnitError) -> &'static str {
    match error {
        UnitError::Name { why, .. } => why,
        _ => "it is no name of a unit",
    }
}

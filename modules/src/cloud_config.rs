//! cloud-init's settings as the image has them: in which files, and which of them count.
//!
//! See the documentation of cloud-init: "Configuration sources".

mod growth;

use std::collections::BTreeMap;

use crate::root::show;
use crate::yaml::{self, Said};
use crate::{Root, RootError};
pub(crate) use growth::{GROW, no_growth, turn_on_growth};

const MAIN: &str = "/etc/cloud/cloud.cfg";

/// What keeps cloud-init from running.
pub(crate) const DISABLED: &str = "/etc/cloud/cloud-init.disabled";

/// What the generator of its target reads before any list: ds-identify.
pub(crate) const IDENTIFY: &str = "/etc/cloud/ds-identify.cfg";

/// The lists of what runs, one for each stage.
const STAGES: [&str; 3] = [
    "cloud_init_modules",
    "cloud_config_modules",
    "cloud_final_modules",
];

/// The settings of each file, in the order in which they are read: the last counts.
pub(crate) struct Settings(Vec<(String, BTreeMap<String, Said>)>);

impl Settings {
    /// Reads those of the image. cloud-init goes on without a file that it cannot read, and so
    /// does this.
    pub(crate) fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let mut paths = vec![MAIN.as_bytes().to_vec()];
        paths.extend(root.glob("/etc/cloud/cloud.cfg.d/*.cfg"));
        let mut files = Vec::new();
        for path in paths {
            if root.is_file(&path)
                && let Ok(settings) = yaml::read(&root.read(&path)?)
            {
                files.push((show(&path), settings));
            }
        }
        Ok(Self(files))
    }

    /// Returns the value of a key that counts, and the file that has it.
    pub(crate) fn get(&self, key: &str) -> Option<(&str, &Said)> {
        let mut files = self.0.iter().rev();
        files.find_map(|(path, settings)| Some((path.as_str(), settings.get(key)?)))
    }

    /// Returns the value of a key inside of a mapping; those of all files are one.
    pub(crate) fn get_in(&self, key: &str, inner: &str) -> Option<(&str, &Said)> {
        let mut files = self.0.iter().rev();
        files.find_map(|(path, settings)| match settings.get(key)? {
            Said::Map(map) => Some((path.as_str(), map.get(inner)?)),
            _ => None,
        })
    }

    /// Returns the keys of a file that one that is read later sets to another value, with its path.
    /// Mappings are laid over each other, so they differ where they have the same keys.
    pub(crate) fn overruled(&self, own: &str) -> Vec<(String, String)> {
        let Some(at) = self.0.iter().position(|(path, _)| path == own) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, said) in &self.0[at].1 {
            let mut later = self.0[at + 1..].iter().rev();
            let later =
                later.find(|(_, others)| others.get(key).is_some_and(|other| differ(said, other)));
            if let Some((path, _)) = later {
                found.push((key.clone(), path.clone()));
            }
        }
        found
    }

    /// Returns whether one of the stages runs a module.
    fn runs(&self, module: &str) -> bool {
        let is_it = |name: &str| {
            let name = name.replace('-', "_");
            name.strip_prefix("cc_").unwrap_or(&name) == module
        };
        let entry = |item: &Said| match item {
            Said::Text(name) => is_it(name),
            // With how often it runs.
            Said::List(words) => matches!(words.first(), Some(Said::Text(name)) if is_it(name)),
            Said::Map(keys) => matches!(keys.get("name"), Some(Said::Text(name)) if is_it(name)),
            _ => false,
        };
        let mut stages = STAGES.iter().filter_map(|stage| self.get(stage));
        stages.any(|(_, list)| matches!(list, Said::List(items) if items.iter().any(entry)))
    }
}

/// What [`IDENTIFY`] says.
#[derive(Default)]
pub(crate) struct Identify {
    /// The only datasource to look at.
    pub(crate) datasource: Option<String>,
    /// Whether cloud-init is not to run.
    pub(crate) is_disabled: bool,
}

pub(crate) fn identify(root: &Root<'_>) -> Result<Identify, RootError> {
    let mut found = Identify::default();
    if !root.is_file(IDENTIFY) {
        return Ok(found);
    }
    for line in root.lines(IDENTIFY)? {
        let line = String::from_utf8_lossy(&line);
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        let inner = ['"', '\''].iter().find_map(|quote| {
            let open = value.strip_prefix(*quote)?;
            open.strip_suffix(*quote)
        });
        let value = inner.unwrap_or(value);
        match key.trim() {
            "datasource" => {
                found.datasource = Some(value.to_owned()).filter(|name| !name.is_empty());
            }
            "policy" => {
                let modes = ["enabled", "disabled", "search", "report"];
                let mut words = value.split(',').filter(|word| modes.contains(word));
                found.is_disabled = words.next_back() == Some("disabled");
            }
            _ => {}
        }
    }
    Ok(found)
}

fn differ(one: &Said, later: &Said) -> bool {
    let (Said::Map(one), Said::Map(later)) = (one, later) else {
        // A switch says the same in several words.
        let is_same = |is: fn(&Said) -> bool| is(one) && is(later);
        return one != later && !is_same(is_true) && !is_same(is_false);
    };
    let mut common = one
        .iter()
        .filter_map(|(key, said)| Some((said, later.get(key)?)));
    common.any(|(said, other)| differ(said, other))
}

fn is_true(said: &Said) -> bool {
    match said {
        Said::Bool(is) => *is,
        Said::Int(number) => *number == 1,
        Said::Text(text) => ["true", "1", "on", "yes"].contains(&&*text.to_ascii_lowercase()),
        _ => false,
    }
}

fn is_false(said: &Said) -> bool {
    match said {
        Said::Bool(is) => !*is,
        Said::Int(number) => *number == 0,
        Said::Text(text) => ["off", "0", "no", "false"].contains(&&*text.to_ascii_lowercase()),
        _ => false,
    }
}

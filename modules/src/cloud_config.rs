//! cloud-init's settings as the image has them: in which files, and which of them count.
//!
//! See the documentation of cloud-init: "Configuration sources", and of its modules "Growpart" and
//! "Resizefs".

use std::collections::BTreeMap;

use crate::root::show;
use crate::yaml::{self, Said};
use crate::{Root, RootError, installed, kernel_cmdline};

const MAIN: &str = "/etc/cloud/cloud.cfg";

/// What keeps cloud-init from running.
pub(crate) const DISABLED: &str = "/etc/cloud/cloud-init.disabled";

/// Turns on what grows the root filesystem.
pub(crate) const GROW: &str = "/etc/cloud/cloud.cfg.d/zz-hsb-growfs.cfg";

/// What the generator of its target reads before any list: ds-identify.
pub(crate) const IDENTIFY: &str = "/etc/cloud/ds-identify.cfg";

/// The services that run growpart, in old and new releases.
const SERVICES: [&str; 3] = [
    "cloud-init.service",
    "cloud-init-main.service",
    "cloud-init-network.service",
];

const TARGET: &str = "cloud-init.target";

/// What has the target started.
const GENERATOR: &str = "systemd/system-generators/cloud-init-generator";

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

/// Returns what keeps cloud-init from growing the root filesystem, besides settings that are on or
/// off; nothing where nothing does.
pub(crate) fn no_growth(root: &Root<'_>) -> Result<Option<String>, RootError> {
    for program in ["cloud-init", "growpart"] {
        if !installed::program(root, program) {
            return Ok(Some(format!("{program} is not there")));
        }
    }
    let units = SERVICES.iter().chain([&TARGET]);
    let units = units.map(|unit| format!("/etc/systemd/system/{unit}"));
    for path in units.chain([format!("/etc/{GENERATOR}")]) {
        if root.is_masked(&path) {
            return Ok(Some(format!("{path} masks it")));
        }
    }
    if !is_started(root) {
        return Ok(Some("nothing starts it at boot".to_owned()));
    }
    if identify(root)?.is_disabled {
        return Ok(Some(format!("{IDENTIFY} keeps it from running")));
    }
    if kernel_cmdline::has(root, "cloud-init=disabled")? {
        return Ok(Some("the kernel's command line disables it".to_owned()));
    }
    if root.exists(DISABLED) {
        return Ok(Some(format!("{DISABLED} is there")));
    }
    let settings = Settings::read(root)?;
    for module in ["growpart", "resizefs"] {
        if !settings.runs(module) {
            return Ok(Some(format!("{MAIN} does not run {module}")));
        }
    }
    let is_ignored = settings.get_in("growpart", "ignore_growroot_disabled");
    if root.exists("/etc/growroot-disabled") && !is_ignored.is_some_and(|(_, is)| is_true(is)) {
        return Ok(Some("/etc/growroot-disabled is there".to_owned()));
    }
    if let Some((path, Said::List(devices))) = settings.get_in("growpart", "devices")
        && !devices.contains(&Said::Text("/".to_owned()))
    {
        return Ok(Some(format!("{path} has other `devices` of growpart")));
    }
    Ok(None)
}

/// Returns whether a link of systemd or a runlevel of OpenRC has cloud-init started.
fn is_started(root: &Root<'_>) -> bool {
    let folders = ["/etc", "/usr/lib", "/lib"];
    let wanting = |unit: &str| -> Vec<Vec<u8>> {
        let links = folders.map(|folder| format!("{folder}/systemd/system/*.wants/{unit}"));
        links.iter().flat_map(|links| root.glob(links)).collect()
    };
    let mut generators = folders.iter().map(|folder| format!("{folder}/{GENERATOR}"));
    let has_target = generators.any(|path| root.is_file(path)) || !wanting(TARGET).is_empty();
    let by_target = format!("/{TARGET}.wants/");
    let mut links = SERVICES.iter().flat_map(|service| wanting(service));
    links.any(|link| has_target || memchr::memmem::find(&link, by_target.as_bytes()).is_none())
        || !root.glob("/etc/runlevels/*/cloud-init").is_empty()
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

/// Turns on growpart and resizefs. Returns the file that turns one of them off once more, if one
/// is read later.
pub(crate) fn turn_on_growth(root: &mut Root<'_>) -> Result<Option<String>, RootError> {
    root.mkdir_above(GROW)?;
    root.write(GROW, "growpart:\n  mode: auto\nresize_rootfs: true\n")?;
    let settings = Settings::read(root)?;
    let off = [
        settings
            .get_in("growpart", "mode")
            .filter(|(_, mode)| is_false(mode)),
        settings
            .get("resize_rootfs")
            .filter(|(_, size)| !is_true(size) && **size != Said::Text("noblock".to_owned())),
    ];
    Ok(off
        .into_iter()
        .flatten()
        .map(|(path, _)| path.to_owned())
        .next())
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

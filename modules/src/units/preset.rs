//! What a distribution or administrator wants enabled: systemd.preset(5).

use std::collections::BTreeMap;

use super::name::UnitName;
use super::{UnitError, find, link, names, unlink};
use crate::root::{glob_matches, join};
use crate::{Root, RootError};

/// Where presets are looked for; of two files with one name, the one that comes first counts.
const PATHS: [&str; 4] = [
    "/etc/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
    "/lib/systemd/system-preset",
];

/// One line of a preset file.
#[derive(Debug)]
struct Rule {
    pattern: String,
    action: Action,
    /// The instances of the template that `pattern` names, where it lists any.
    instances: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Enable,
    Disable,
    Ignore,
}

/// Enables or disables a unit, as the image's presets say. As with systemctl, the units of `Also=`
/// are enabled along with it, but not disabled.
pub(crate) fn preset(root: &mut Root<'_>, unit: &str) -> Result<(), UnitError> {
    apply(root, unit, true)
}

/// Enables a unit if the image's presets want it, and else leaves it as it is.
pub(crate) fn preset_enable(root: &mut Root<'_>, unit: &str) -> Result<(), UnitError> {
    apply(root, unit, false)
}

fn apply(root: &mut Root<'_>, unit: &str, may_disable: bool) -> Result<(), UnitError> {
    let name = UnitName::parse(unit)?;
    let rules = rules(root)?;
    let (enable, names) = decide(&rules, &name);
    if !enable && !may_disable {
        return Ok(());
    }
    match find(root, &name) {
        Err(UnitError::Masked { .. }) if !enable => {
            root.warn(format!("unit {name} is masked: it is not disabled"));
            return Ok(());
        }
        Err(error) => return Err(error),
        // Another name for a unit says nothing of its own.
        Ok(unit) if unit.name != name => return Ok(()),
        Ok(_) => {}
    }
    for name in names {
        if enable {
            link(root, name.as_str(), &mut Vec::new())?;
        } else {
            unlink(root, name.as_str(), false)?;
        }
    }
    Ok(())
}

/// Enables or disables every unit of the image, as its presets say; first those that are disabled.
/// One that cannot be enabled is told of.
pub(crate) fn preset_all(root: &mut Root<'_>) -> Result<(), RootError> {
    let rules = rules(root)?;
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for name in names(root)? {
        let Ok(name) = UnitName::parse(&name) else {
            continue;
        };
        // Another name for a unit says nothing of its own, nor does what is masked.
        if find(root, &name).is_ok_and(|unit| unit.name == name) {
            let (enable, names) = decide(&rules, &name);
            if enable { &mut on } else { &mut off }.extend(names);
        }
    }
    let tell = |root: &mut Root<'_>, error| match error {
        UnitError::Root(error) => Err(error),
        error => {
            root.warn(format!("a unit is left as it is: {error}"));
            Ok(())
        }
    };
    for name in off {
        if let Err(error) = unlink(root, name.as_str(), false) {
            tell(root, error)?;
        }
    }
    for name in on {
        if let Err(error) = link(root, name.as_str(), &mut Vec::new()) {
            tell(root, error)?;
        }
    }
    Ok(())
}

/// Returns whether a unit, or instances of it, are to be enabled or else disabled. The first rule
/// counts; without one, it is enabled.
fn decide(rules: &[Rule], name: &UnitName) -> (bool, Vec<UnitName>) {
    for rule in rules {
        let instances = rule.instances_of(name);
        if !instances.is_empty() {
            return (true, instances);
        }
        if glob_matches(rule.pattern.as_bytes(), name.as_bytes()) {
            return match rule.action {
                Action::Enable => (true, vec![name.clone()]),
                Action::Disable => (false, vec![name.clone()]),
                Action::Ignore => (false, Vec::new()),
            };
        }
    }
    (true, vec![name.clone()])
}

impl Rule {
    /// `enable PATTERN [INSTANCE...]`, `disable PATTERN`, `ignore PATTERN`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let action = match words.next()? {
            "enable" => Action::Enable,
            "disable" => Action::Disable,
            "ignore" => Action::Ignore,
            _ => return None,
        };
        let pattern = words.next()?.to_owned();
        let instances: Vec<String> = words.map(str::to_owned).collect();
        let is_right = instances.is_empty() || action == Action::Enable;
        is_right.then_some(Self {
            pattern,
            action,
            instances,
        })
    }

    /// Returns the instances that a template, or one instance, stands for in this rule.
    fn instances_of(&self, name: &UnitName) -> Vec<UnitName> {
        let template = if name.is_template() {
            Some(name.clone())
        } else {
            name.template()
        };
        if template.is_none_or(|template| template.as_str() != self.pattern) {
            return Vec::new();
        }
        let known = self.instances.iter();
        let known = known.map(|instance| name.with_instance(instance));
        known
            .filter(|instance| name.is_template() || instance == name)
            .collect()
    }
}

/// Reads the rules of all files, in the order of their names.
fn rules(root: &Root<'_>) -> Result<Vec<Rule>, RootError> {
    let mut files = BTreeMap::new();
    for directory in PATHS {
        if root.is_dir(directory) {
            for name in root.list(directory)? {
                let path = join(directory.as_bytes(), &name);
                if name.ends_with(b".preset") {
                    files.entry(name).or_insert(path);
                }
            }
        }
    }
    let mut rules = Vec::new();
    // A link to /dev/null hides a vendor's file.
    for path in files.into_values().filter(|path| root.is_file(path)) {
        let text = root.read(path)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text.lines().map(str::trim);
        rules.extend(
            lines
                .filter(|line| !line.starts_with(['#', ';']))
                .filter_map(Rule::parse),
        );
    }
    Ok(rules)
}

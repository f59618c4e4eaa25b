//! What a distribution or administrator wants enabled: systemd.preset(5).

use std::collections::{BTreeMap, BTreeSet};

use super::find::{Unit, find, is_among_units};
use super::install::{Install, Notes};
use super::links::{leads_to, unlink};
use super::name::UnitName;
use super::{Later, UnitError, link, names, wanted_links};
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

/// Units that are to be enabled or disabled, each with its place in the list that was given.
#[derive(Default)]
struct Decided {
    on: Vec<(usize, UnitName)>,
    off: Vec<(usize, UnitName)>,
}

/// Enables or disables units, as the image's presets say; first those that are disabled. As with
/// systemctl, the units of `Also=` are enabled along with one, but not disabled.
///
/// Fails with the place in the list of the unit that it is about.
pub(crate) fn preset(
    root: &mut Root<'_>,
    units: &[&str],
    later: &Later,
) -> Result<(), (usize, UnitError)> {
    let rules = rules(root).map_err(|error| (0, error.into()))?;
    let mut decided = Decided::default();
    for (at, unit) in units.iter().enumerate() {
        let name = UnitName::parse(unit).map_err(|error| (at, error))?;
        let (enable, names) = decide(&rules, &name);
        match find(root, &name) {
            Err(UnitError::Masked { .. }) if !enable => {
                root.warn(format!("unit {name} is masked: it is not disabled"));
                continue;
            }
            // So it is after a step that took the link to a unit that lies elsewhere.
            Err(error @ UnitError::Missing { .. }) if !enable => {
                root.warn(format!("{error}: nothing is disabled"));
                continue;
            }
            Err(error) => return Err((at, error)),
            // Another name for a unit says nothing of its own.
            Ok(unit) if unit.name != name => continue,
            Ok(_) => {}
        }
        decided.add(enable, at, names);
    }
    decided.apply(root, later, |_, at, error| Err((at, error)))
}

/// Enables a unit if the image's presets want it, and else leaves it as it is.
pub(crate) fn preset_enable(root: &mut Root<'_>, unit: &str) -> Result<(), UnitError> {
    let (enable, _) = decide(&rules(root)?, &UnitName::parse(unit)?);
    match enable {
        true => preset(root, &[unit], &Later::default()).map_err(|(_, error)| error),
        false => Ok(()),
    }
}

impl Decided {
    fn add(&mut self, enable: bool, at: usize, names: Vec<UnitName>) {
        let list = if enable { &mut self.on } else { &mut self.off };
        list.extend(names.into_iter().map(|name| (at, name)));
    }

    /// Disables, then enables. `tell` says what becomes of one that cannot be.
    fn apply<E>(
        &self,
        root: &mut Root<'_>,
        later: &Later,
        tell: impl Fn(&mut Root<'_>, usize, UnitError) -> Result<(), E>,
    ) -> Result<(), E> {
        // A link that is right for one of the others is not taken away to be made again.
        let mut kept = later.kept.clone();
        for (_, name) in &self.on {
            let wanted = wanted_links(root, name.as_str(), &mut Notes::default());
            for (path, target) in wanted.unwrap_or_default() {
                if leads_to(root, &path, &target).is_ok_and(|leads| leads) {
                    kept.insert(path);
                }
            }
        }
        for (at, name) in &self.off {
            if let Err(error) = unlink(root, name.as_str(), false, &kept) {
                tell(root, *at, error)?;
            }
        }
        for (at, name) in &self.on {
            let mut notes = Notes::default();
            let made = wanted_links(root, name.as_str(), &mut notes).and_then(|mut wanted| {
                wanted.retain(|(path, target)| !later.unmakes(path, target));
                link(root, wanted)
            });
            for fault in notes.faults {
                root.warn(format!("a link is left out: {fault}"));
            }
            if let Err(error) = made {
                tell(root, *at, error)?;
            }
        }
        Ok(())
    }
}

/// Enables or disables every unit of the image, as its presets say; first those that are disabled.
/// One that cannot be enabled is told of.
pub(crate) fn preset_all(root: &mut Root<'_>, later: &Later) -> Result<(), RootError> {
    let rules = rules(root)?;
    let mut decided = Decided::default();
    let mut own = Vec::new();
    for name in names(root)? {
        // Another name for a unit says nothing of its own, nor does what is masked.
        let unit = UnitName::parse(&name).and_then(|name| find(root, &name));
        own.extend(unit.ok().filter(|unit| unit.name.as_str() == name));
    }
    for Unit { name, .. } in without_aliases(root, own)? {
        if !later.masks(&name) {
            let (enable, names) = decide(&rules, &name);
            decided.add(enable, 0, names);
        }
    }
    decided.apply(root, later, |root, _, error| match error {
        UnitError::Root(error) => Err(error),
        error => {
            root.warn(format!("a unit is left as it is: {error}"));
            Ok(())
        }
    })
}

/// Takes out the links that enabling others makes for `Alias=`: those to a file that lies elsewhere
/// look as if it were linked by that name. Of two that make each other, the first counts.
fn without_aliases(root: &Root<'_>, mut units: Vec<Unit>) -> Result<Vec<Unit>, RootError> {
    let mut aliases = BTreeSet::new();
    for unit in units.iter().filter(|unit| !is_among_units(&unit.path)) {
        if !aliases.contains(&(unit.name.to_string(), unit.path.clone())) {
            let links = Install::read(root, unit)?.links(unit, &mut Notes::default());
            let links = links.unwrap_or_default().into_iter();
            aliases.extend(links.map(|link| (link, unit.path.clone())));
        }
    }
    units.retain(|unit| !aliases.contains(&(unit.name.to_string(), unit.path.clone())));
    Ok(units)
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
    /// `enable PATTERN [INSTANCE...]`, `disable PATTERN`, `ignore PATTERN`. Of what is no template,
    /// there are no instances: systemd passes over such a line, a comment behind it included.
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
        let is_template =
            || UnitName::checked(pattern.clone()).is_ok_and(|name| name.is_template());
        let is_right = instances.is_empty() || (action == Action::Enable && is_template());
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

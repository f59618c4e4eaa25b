//! `systemd-update-helper`, by which macros of rpm set units up.
//!
//! That of SUSE notes in `%pre` which units are new, and applies presets to these alone.

use super::command::UnitChange;
use super::run::change_units;
use crate::units::UnitName;
use crate::{Root, RootError};

/// Where the program is: a script.
const PATH: &str = "/usr/lib/systemd/systemd-update-helper";

/// Where packages have their units.
const UNITS: &str = "/usr/lib/systemd/system";

/// Where it notes what it has to remember until `%post`, and all of that.
const NEW: &str = "/run/systemd/rpm/system/needs-preset";
const KEPT: &str = "/run/systemd/rpm/system/dont-disable";
const STATE: &str = "/run/systemd/rpm";

/// What `%pre` asks of it, if it is that of SUSE.
const MARK: &str = "mark-install-system-units";

/// What it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UpdateHelper {
    /// It only tells a running system.
    Idle,
    Mark(Vec<String>),
    Install(Vec<String>),
    Clean,
}

impl UpdateHelper {
    /// Reads its arguments.
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let units = |units: &[&str]| {
            let are_units = units.iter().all(|unit| UnitName::parse(unit).is_ok());
            let units = units.iter().map(|unit| (*unit).to_owned()).collect();
            (are_units && !words[1..].is_empty()).then_some(units)
        };
        match *words {
            ["install-system-units", ref named @ ..] => units(named).map(Self::Install),
            [MARK, ref named @ ..] => units(named).map(Self::Mark),
            ["clean-state"] => Some(Self::Clean),
            [verb, ..] if verb.starts_with("mark-") => Some(Self::Idle),
            [
                "system-reload"
                | "user-reload"
                | "system-restart"
                | "user-restart"
                | "system-reload-restart"
                | "user-reload-restart"
                | "user-reexec",
                ..,
            ] => Some(Self::Idle),
            _ => None,
        }
    }

    /// Does it; returns whether it would succeed.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let text = root.read_if_exists(PATH)?.unwrap_or_default();
        let has_marks = memchr::memmem::find(&text, MARK.as_bytes()).is_some();
        match self {
            Self::Idle => {}
            Self::Mark(_) | Self::Clean if !has_marks => return Ok(false),
            Self::Mark(units) => {
                for unit in units {
                    let new = format!("{NEW}/{unit}");
                    let is_new = !root.exists(format!("{UNITS}/{unit}"));
                    if root.exists(&new) {
                        root.remove(&new)?;
                    }
                    for path in [format!("{KEPT}/{unit}"), new]
                        .into_iter()
                        .take(1 + usize::from(is_new))
                    {
                        root.mkdir_above(&path)?;
                        root.write(path, "")?;
                    }
                }
            }
            Self::Install(units) if has_marks => {
                let marked = |unit: &&String| root.exists(format!("{NEW}/{unit}"));
                let units: Vec<_> = units.iter().filter(marked).cloned().collect();
                for unit in &units {
                    root.remove(format!("{NEW}/{unit}"))?;
                }
                return change_units(root, UnitChange::Preset, &units);
            }
            Self::Install(units) => return change_units(root, UnitChange::Preset, units),
            Self::Clean if root.exists(STATE) => root.remove_all(STATE)?,
            Self::Clean => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn presets_are_for_new_units_where_it_tells_them_apart() {
        let unit = "[Install]\nWantedBy=multi-user.target\n";
        let (a, b) = (
            "/usr/lib/systemd/system/a.service",
            "/usr/lib/systemd/system/b.service",
        );
        let preset = ("/usr/lib/systemd/system-preset/1.preset", "enable *\n");
        for (helper, a_is_linked) in [
            ("#!/bin/sh\n", true),
            ("mark-install-system-units)\n", false),
        ] {
            let mut tree = image(&[(PATH, helper), (a, unit), preset]);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            let units = ["a.service", "b.service"];
            let call = |verb| UpdateHelper::parse(&[&[verb], &units[..]].concat()).unwrap();
            let is_marked = call(MARK).run(&mut root).unwrap();
            assert_eq!(is_marked, !a_is_linked, "{helper}");
            root.write(b, unit).unwrap();
            assert!(call("install-system-units").run(&mut root).unwrap());
            let link = |unit| format!("/etc/systemd/system/multi-user.target.wants/{unit}");
            assert_eq!(root.is_link(link(units[0])), a_is_linked, "{helper}");
            assert!(root.is_link(link(units[1])), "{helper}");
            if is_marked {
                assert!(
                    UpdateHelper::parse(&["clean-state"])
                        .unwrap()
                        .run(&mut root)
                        .unwrap()
                );
                assert!(!root.exists(STATE));
            }
        }
    }
}

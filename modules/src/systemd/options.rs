//! The options of `systemd`, and what can be said about them without an image.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::Host;
use crate::units::UnitName;
use crate::value::{Span, Spanned, ValueError};

/// What some editors put before a text, as UTF-8: systemd passes over it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The largest unit file that is looked at, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    pub(super) systemd: Systemd,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct Systemd {
    /// Units to write.
    pub(super) units: Vec<Unit>,
    /// Units that may be started again.
    pub(super) unmask: Vec<Spanned<String>>,
    /// Units to enable or disable as the image's presets say.
    pub(super) preset: Option<Preset>,
    /// Units that do not start at boot.
    pub(super) disable: Vec<Spanned<String>>,
    /// Units that start at boot.
    pub(super) enable: Vec<Spanned<String>>,
    /// Units that cannot be started at all.
    pub(super) mask: Vec<Spanned<String>>,
    /// What the system boots into.
    pub(super) default_target: Option<Spanned<String>>,
}

/// A unit of the recipe's own, or what it adds to one of the image.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    pub(super) name: Spanned<String>,
    pub(super) content: Option<String>,
    pub(super) source: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) drop_ins: Vec<DropIn>,
}

/// A file of a unit's folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DropIn {
    pub(super) name: Spanned<String>,
    pub(super) content: Option<String>,
    pub(super) source: Option<Spanned<String>>,
}

/// Which units are preset.
#[derive(Debug)]
pub(super) enum Preset {
    All,
    Units(Vec<Spanned<String>>),
}

impl Options {
    /// Finds every mistake that shows without the image. `step` is where the recipe names the
    /// step.
    pub(super) fn check(&self, step: Span, host: &dyn Host) -> Result<(), ValueError> {
        let Systemd {
            units,
            unmask,
            preset,
            disable,
            enable,
            mask,
            default_target,
        } = &self.systemd;
        let preset_units = match preset {
            Some(Preset::Units(list)) => list.as_slice(),
            _ => &[],
        };
        let lists = [
            ("preset", preset_units),
            ("enable", enable),
            ("disable", disable),
            ("mask", mask),
        ];
        let is_idle = units.is_empty()
            && unmask.is_empty()
            && preset.is_none()
            && lists.iter().all(|(_, list)| list.is_empty())
            && default_target.is_none();
        if is_idle {
            let error = ValueError::new(step, "the step has nothing to do");
            return Err(error.help("give `units`, `enable`, `disable`, `mask` or the like"));
        }
        for (at, unit) in units.iter().enumerate() {
            unit.check(host)?;
            if units[..at].iter().any(|other| *other.name == *unit.name) {
                let error = unit.name.error(format!("{:?} is listed twice", *unit.name));
                return Err(error.help("put its drop-ins beside its content"));
            }
        }
        for unit in unmask.iter().chain(default_target) {
            parse(unit)?;
        }
        let mut seen: Vec<(UnitName, &str)> = Vec::new();
        for (key, list) in lists {
            for unit in list {
                let name = parse(unit)?;
                if let Some((_, other)) = seen.iter().find(|(known, _)| *known == name) {
                    let message = format!("{name} is in `{other}` already");
                    return Err(unit.error(message).help("name each unit once"));
                }
                seen.push((name, key));
            }
        }
        for unit in unmask {
            let name = parse(unit)?;
            if seen.contains(&(name.clone(), "mask")) {
                let error = unit.error(format!("{name} is in `mask` as well"));
                return Err(error.help("leave one of them out"));
            }
        }
        Ok(())
    }
}

impl Unit {
    fn check(&self, host: &dyn Host) -> Result<(), ValueError> {
        let name = &self.name;
        let unit = UnitName::checked((**name).clone());
        let unit = unit.map_err(|error| name.error(error.to_string()))?;
        if self.content.is_none() && self.source.is_none() && self.drop_ins.is_empty() {
            let error = name.error(format!("the unit {:?} has no content", **name));
            return Err(error.help("give `content`, `source` or `drop_ins`"));
        }
        if self.content.is_some() || self.source.is_some() {
            check_text(
                &unit,
                name,
                self.content.as_ref(),
                self.source.as_ref(),
                host,
            )?;
        }
        for (at, drop_in) in self.drop_ins.iter().enumerate() {
            let DropIn {
                name,
                content,
                source,
            } = drop_in;
            if self.drop_ins[..at]
                .iter()
                .any(|other| *other.name == **name)
            {
                return Err(name.error(format!("{:?} is listed twice", **name)));
            }
            if name.contains(['/', '\0']) || !name.ends_with(".conf") || name.starts_with('.') {
                let message = format!("{:?} is no name of a drop-in", **name);
                return Err(name
                    .error(message)
                    .help("it is a file's, and ends in .conf"));
            }
            check_text(&unit, name, content.as_ref(), source.as_ref(), host)?;
        }
        Ok(())
    }
}

/// Checks that a text is there and has sections, and those that systemd reads in such a unit.
fn check_text(
    unit: &UnitName,
    name: &Spanned<String>,
    content: Option<&String>,
    source: Option<&Spanned<String>>,
    host: &dyn Host,
) -> Result<(), ValueError> {
    let text = match (content, source) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(source)) => {
            let refuse = |error| source.error(format!("{}: {error}", **source));
            let (file, len) = host.open(source).map_err(refuse)?;
            let mut text = vec![0; usize::try_from(len.min(LONGEST)).unwrap_or(0)];
            file.read_exact_at(&mut text, 0).map_err(refuse)?;
            text
        }
        (None, None) => {
            let error = name.error(format!("{:?} has no content", **name));
            return Err(error.help("give `content` or `source`"));
        }
        (Some(_), Some(source)) => {
            let error = source.error(format!("{:?} has both `content` and `source`", **name));
            return Err(error.help("leave one of them out"));
        }
    };
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let sections = lines.filter_map(|line| line.strip_prefix(b"[")?.strip_suffix(b"]"));
    let sections: Vec<_> = sections.map(String::from_utf8_lossy).collect();
    let own = match unit.kind() {
        "device" | "target" => None,
        kind => Some(kind),
    };
    let is_known = |section: &str| {
        let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(section))
            && section.starts_with(|c: char| c.is_ascii_uppercase())
            && !section[1..].contains(|c: char| c.is_ascii_uppercase());
        matches!(section, "Unit" | "Install") || section.starts_with("X-") || is_own
    };
    if let Some(odd) = sections.iter().find(|section| !is_known(section)) {
        let kind = unit.kind();
        let error = name.error(format!("{:?} has a section [{odd}]", **name));
        return Err(error.help(format!("systemd ignores that in a {kind}")));
    }
    if sections.is_empty() {
        let error = name.error(format!("{:?} has no section such as [Service]", **name));
        return Err(error.help("systemd ignores a line that is in no section"));
    }
    Ok(())
}

fn parse(unit: &Spanned<String>) -> Result<UnitName, ValueError> {
    UnitName::parse(unit).map_err(|error| unit.error(error.to_string()))
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Preset;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("`all` or a list of units")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Preset, E> {
                match text {
                    "all" => Ok(Preset::All),
                    _ => Err(E::custom(format!(
                        "`preset` is {text:?}\nwrite `all`, or a list of units"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Preset, A::Error> {
                let mut units = Vec::new();
                while let Some(unit) = items.next_element()? {
                    units.push(unit);
                }
                Ok(Preset::Units(units))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

//! `systemd`: units enabled, disabled, masked, preset and added; and what the system boots into.
//!
//! The links are those that `systemctl --root` makes. A step works through `unmask`, `units`,
//! `preset`, `disable`, `enable`, `mask` and `default_target`, in this order.

mod doc;
mod options;

use crate::error::at;
use crate::installed;
use crate::units::{self, Later, UnitError};
use crate::value::{Span, Spanned, ValueError, nearest};
use crate::{Cfg, Error, Host, Module, Root};
use options::{DropIn, Options, Preset, Unit};

pub(crate) const MODULE: Module = Module {
    name: "systemd",
    summary: "enables, disables, masks and adds units of systemd",
    details: "\
Makes the links that `systemctl --root` makes, and works through `unmask`, `units`, `preset`,
`disable`, `enable`, `mask` and `default_target`, in this order. A name without an ending is that of
a service. Units are written to `/etc/systemd/system`. One thing is not as systemctl has it: a link
of the administrator's that leads to the vendor's unit by way of another folder is that unit, and
is enabled, where systemctl refuses it for a linked one.",
    keys: &["systemd"],
    options: doc::OPTIONS,
    example: doc::EXAMPLE,
    check,
    modify,
};

fn check(cfg: &Cfg, host: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>()?.check(cfg.span(), host)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { systemd } = cfg.options()?;
    if !installed::systemd(root) {
        let error = ValueError::new(cfg.span(), "the image has no systemd");
        return Err(error
            .help("its services are started by something else")
            .into());
    }
    for unit in &systemd.unmask {
        let done = units::unmask(root, unit);
        done.map_err(|error| unit_error(root, unit.span, error))?;
    }
    for unit in &systemd.units {
        add(root, unit)?;
    }
    let later = Later::of(
        root,
        &texts(&systemd.disable),
        &texts(&systemd.enable),
        &texts(&systemd.mask),
        systemd
            .default_target
            .as_ref()
            .map(|target| target.as_str()),
    );
    match &systemd.preset {
        None => {}
        Some(Preset::All) => units::preset_all(root, &later)?,
        Some(Preset::Units(list)) => {
            let done = units::preset(root, &texts(list), &later);
            done.map_err(|(at, error)| unit_error(root, list[at].span, error))?;
        }
    }
    for unit in &systemd.disable {
        match units::disable_before(root, unit, &later) {
            Ok(_) => {}
            // So it is after a step that took the last link of a unit that is gone.
            Err(error @ UnitError::Missing { .. }) => {
                root.warn_at(unit.span, format!("{error}: nothing is disabled"));
            }
            Err(error) => return Err(unit_error(root, unit.span, error)),
        }
    }
    each(root, &systemd.enable, |root, unit| {
        units::enable(root, unit).map(drop)
    })?;
    each(root, &systemd.mask, |root, unit| {
        units::mask(root, unit).map(drop)
    })?;
    if let Some(target) = &systemd.default_target {
        let done = units::set_default(root, target);
        done.map_err(|error| unit_error(root, target.span, error))?;
    }
    Ok(())
}

fn texts(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|unit| unit.as_str()).collect()
}

fn each(
    root: &mut Root<'_>,
    list: &[Spanned<String>],
    act: impl Fn(&mut Root<'_>, &str) -> Result<(), UnitError>,
) -> Result<(), Error> {
    for unit in list {
        act(root, unit).map_err(|error| unit_error(root, unit.span, error))?;
    }
    Ok(())
}

/// Writes a unit and its drop-ins.
fn add(root: &mut Root<'_>, unit: &Unit) -> Result<(), Error> {
    let Unit {
        name,
        content,
        source,
        drop_ins,
    } = unit;
    let path = format!("{}/{}", units::CONFIG, **name);
    if content.is_some() || source.is_some() {
        if root.is_link(&path) {
            let target = root.readlink(&path)?;
            let message = format!("{path} is a link to {}", target.escape_ascii());
            let help = "take the mask off first with `unmask`, or add the unit before enabling it";
            return Err(name.error(message).help(help).into());
        }
        root.mkdir_all(units::CONFIG, 0o755)?;
        write(root, &path, content.as_ref(), source.as_ref(), name.span)?;
    } else {
        let known = units::check_known(root, name);
        known.map_err(|error| unit_error(root, name.span, error))?;
    }
    for DropIn {
        name,
        content,
        source,
    } in drop_ins
    {
        root.mkdir_all(format!("{path}.d"), 0o755)?;
        let path = format!("{path}.d/{}", **name);
        write(root, &path, content.as_ref(), source.as_ref(), name.span)?;
    }
    Ok(())
}

fn write(
    root: &mut Root<'_>,
    path: &str,
    content: Option<&String>,
    source: Option<&Spanned<String>>,
    span: Span,
) -> Result<(), Error> {
    let done = match (content, source) {
        (_, Some(source)) => root.put(source, path),
        (content, None) => root.write(path, content.map_or("", String::as_str)),
    };
    done.map_err(at(span))
}

/// Returns the error of a call on a unit, which the recipe names at `span`.
fn unit_error(root: &Root<'_>, span: Span, error: UnitError) -> Error {
    let message = error.to_string();
    let help = match error {
        UnitError::Root(cause) => {
            return Error::Root {
                span: Some(span),
                cause,
            };
        }
        UnitError::Missing { name } => {
            let known = units::names(root).unwrap_or_default();
            let meant = nearest(name.as_str(), known.iter().map(String::as_str));
            meant.map(|meant| format!("did you mean {meant}?"))
        }
        UnitError::Masked { .. } => Some("take the mask off first, with `unmask`".to_owned()),
        _ => None,
    };
    Error::Option(ValueError {
        span,
        message,
        help,
    })
}

#[cfg(test)]
mod tests;

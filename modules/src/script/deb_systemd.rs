//! `deb-systemd-helper`, by which scripts of Debian packages enable units: it notes which links it
//! has asked for, so that an upgrade enables nothing that somebody disabled.

use crate::Root;
use crate::root::RootError;
use crate::units::{self, UnitError, UnitName};

/// Where it notes which links a unit has asked for.
const STATE: &str = "/var/lib/systemd/deb-systemd-helper-enabled";

/// What it is asked or told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DebSystemd {
    /// Whether it has enabled a unit before.
    IsInstalled,
    /// Whether nobody has disabled it since.
    WasEnabled,
    Enable,
    UpdateState,
    Unmask,
}

impl DebSystemd {
    /// Reads its arguments.
    pub(super) fn parse(words: &[&str]) -> Option<(Self, Vec<String>)> {
        let mut rest = words;
        while let ["--quiet" | "--system", after @ ..] = rest {
            rest = after;
        }
        let (action, units) = rest.split_first()?;
        let action = match *action {
            "debian-installed" => Self::IsInstalled,
            "was-enabled" => Self::WasEnabled,
            "enable" => Self::Enable,
            "update-state" => Self::UpdateState,
            "unmask" => Self::Unmask,
            _ => return None,
        };
        let are_units = !units.is_empty() && units.iter().all(|unit| UnitName::parse(unit).is_ok());
        let units = units.iter().map(|unit| (*unit).to_owned()).collect();
        are_units.then_some((action, units))
    }

    /// Does it; returns whether it would succeed. Questions are answered by any of the units.
    pub(super) fn run(self, root: &mut Root<'_>, units: &[String]) -> Result<bool, RootError> {
        let mut answer = !matches!(self, Self::IsInstalled | Self::WasEnabled);
        for unit in units {
            let state = format!("{STATE}/{unit}.dsh-also");
            match self {
                Self::IsInstalled => answer |= root.is_file(&state),
                Self::WasEnabled => {
                    let noted = root.read_if_exists(&state)?.unwrap_or_default();
                    let noted = String::from_utf8_lossy(&noted).into_owned();
                    answer |= noted.lines().all(|link| root.is_link(link));
                }
                Self::Enable => {
                    let links = match units::asked_links(root, unit) {
                        Ok(links) => links,
                        Err(UnitError::Root(error)) => return Err(error),
                        Err(_) => return Ok(false),
                    };
                    let is_known = root.is_file(&state);
                    let has_any = links.iter().any(|(link, _)| root.is_link(link));
                    if !is_known {
                        match units::preset_enable(root, unit) {
                            Ok(()) => {}
                            Err(UnitError::Root(error)) => return Err(error),
                            Err(_) => return Ok(false),
                        }
                    }
                    note(root, &state, &links, true)?;
                    for (link, path) in &links {
                        let mark = link.replacen(units::CONFIG, STATE, 1);
                        if root.exists(&mark) {
                            continue;
                        }
                        if is_known && has_any && !root.is_link(link) {
                            root.mkdir_above(link)?;
                            root.symlink(path, link, false)?;
                        }
                        root.mkdir_above(&mark)?;
                        root.write(&mark, "")?;
                    }
                }
                Self::UpdateState => match units::asked_links(root, unit) {
                    Ok(links) => note(root, &state, &links, false)?,
                    Err(UnitError::Root(error)) => return Err(error),
                    Err(_) => return Ok(false),
                },
                Self::Unmask => {
                    let link = format!("{}/{unit}", units::CONFIG);
                    let mark = link.replacen(units::CONFIG, MASKED, 1);
                    let is_masked = root.is_link(&link) && root.readlink(&link)? == b"/dev/null";
                    if is_masked && root.exists(&mark) {
                        root.remove(&link)?;
                        root.remove(&mark)?;
                    }
                }
            }
        }
        Ok(answer)
    }
}

/// Where it notes which units it has masked.
const MASKED: &str = "/var/lib/systemd/deb-systemd-helper-masked";

/// Notes the links that a unit asks for, beside those that were noted or in their place.
fn note(
    root: &mut Root<'_>,
    state: &str,
    links: &[(String, String)],
    is_added: bool,
) -> Result<(), RootError> {
    if links.is_empty() && is_added {
        return Ok(());
    }
    let before = match is_added {
        true => root.read_if_exists(state)?.unwrap_or_default(),
        false => Vec::new(),
    };
    let mut text = String::from_utf8_lossy(&before).into_owned();
    for (link, _) in links {
        if !is_added || !text.lines().any(|line| line == link) {
            text.extend([link, "\n"]);
        }
    }
    root.mkdir_above(state)?;
    root.write(state, text)
}

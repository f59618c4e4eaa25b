//! The program of the image that sets up its network.

use std::fmt;

use serde::Deserializer;
use serde::de::Visitor;

use crate::installed;
use crate::units;
use crate::value::{Span, ValueError};
use crate::{Error, Root};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renderer {
    Netplan,
    NetworkManager,
    Networkd,
    Ifupdown,
}

use Renderer::{Ifupdown, Netplan, NetworkManager, Networkd};

impl Renderer {
    /// How recipes call them, after the choice that the image makes.
    pub(super) const NAMES: &[&str] =
        &["auto", "netplan", "network-manager", "networkd", "ifupdown"];

    const ALL: [Renderer; 4] = [Netplan, NetworkManager, Networkd, Ifupdown];

    /// Returns the unit that starts it; netplan is started by systemd itself.
    fn unit(self) -> Option<&'static str> {
        match self {
            Netplan => None,
            NetworkManager => Some("NetworkManager.service"),
            Networkd => Some("systemd-networkd.service"),
            Ifupdown => Some("networking.service"),
        }
    }

    fn is_installed(self, root: &Root<'_>) -> bool {
        match self {
            Netplan => installed::program(root, "netplan"),
            NetworkManager => installed::program(root, "NetworkManager"),
            Networkd => has_unit(root, "systemd-networkd.service"),
            Ifupdown => installed::program(root, "ifup"),
        }
    }

    fn is_enabled(self, root: &Root<'_>) -> bool {
        self.unit().is_some_and(|unit| {
            !root
                .glob(format!("/etc/systemd/system/*.wants/{unit}"))
                .is_empty()
        })
    }
}

/// Returns the renderer to write for: the one asked for, or what the image uses.
pub(super) fn choose(
    root: &Root<'_>,
    asked: Option<Renderer>,
    step: Span,
) -> Result<Renderer, ValueError> {
    if let Some(asked) = asked {
        if asked.is_installed(root) {
            return Ok(asked);
        }
        let message = format!("the image does not have {asked}");
        return Err(ValueError::new(step, message).help("leave `network_renderer` out"));
    }
    let enabled = [NetworkManager, Networkd];
    let enabled = enabled
        .into_iter()
        .filter(|renderer| renderer.is_enabled(root));
    let there = [Ifupdown, NetworkManager].into_iter();
    let there = there.filter(|renderer| renderer.is_installed(root));
    let netplan = Some(Netplan).filter(|netplan| netplan.is_installed(root));
    if let Some(found) = netplan.into_iter().chain(enabled).chain(there).next() {
        return Ok(found);
    }
    if installed::program(root, "wicked") {
        let error = ValueError::new(step, "the image uses wicked, which is not written for");
        return Err(error.help("write its /etc/sysconfig/network/ifcfg-NAME with `files`"));
    }
    if Networkd.is_installed(root) {
        return Ok(Networkd);
    }
    let error = ValueError::new(step, "the image has nothing that sets up a network");
    let names = Renderer::ALL.map(|renderer| renderer.to_string());
    Err(error.help(format!("install one of: {}", names.join(", "))))
}

/// Lets the renderer start at boot, where it would not.
pub(super) fn enable(root: &mut Root<'_>, renderer: Renderer, step: Span) -> Result<(), Error> {
    let Some(unit) = renderer.unit() else {
        return Ok(());
    };
    if has_unit(root, unit) {
        let links =
            units::enable(root, unit).map_err(|cause| ValueError::new(step, cause.to_string()))?;
        if !links.is_empty() {
            root.info(format!("{unit} is enabled"));
        }
    } else if renderer == Ifupdown && root.is_file("/etc/init.d/networking") {
        let openrc = "/etc/runlevels/boot";
        if root.is_dir(openrc) {
            root.symlink(
                "/etc/init.d/networking",
                format!("{openrc}/networking"),
                true,
            )?;
        }
    }
    for other in Renderer::ALL {
        if other != renderer && other.is_enabled(root) && renderer != Netplan {
            let message = format!("{other} is enabled as well as {renderer}: disable one of them");
            root.warn(message);
        }
    }
    Ok(())
}

fn has_unit(root: &Root<'_>, unit: &str) -> bool {
    let mut folders = ["/usr/lib/systemd/system", "/lib/systemd/system"].into_iter();
    folders.any(|folder| root.is_file(format!("{folder}/{unit}")))
}

impl fmt::Display for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Netplan => "netplan",
            NetworkManager => "NetworkManager",
            Networkd => "systemd-networkd",
            Ifupdown => "ifupdown",
        })
    }
}

/// Reads a choice; `auto` is none.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Renderer>, D::Error> {
    struct Visit;

    impl Visitor<'_> for Visit {
        type Value = Option<Renderer>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str(&Renderer::NAMES.join(", "))
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
            let place = Renderer::NAMES.iter().position(|known| *known == name);
            match place {
                Some(place) => Ok(place.checked_sub(1).map(|place| Renderer::ALL[place])),
                None => Err(E::invalid_value(serde::de::Unexpected::Str(name), &self)),
            }
        }
    }

    from.deserialize_any(Visit)
}

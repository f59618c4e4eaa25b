//! Settings for systemd-networkd: systemd.network(5).

use super::options::Selector;
use super::{Interface, join};
use crate::{Root, RootError, ini};

const FOLDER: &str = "/etc/systemd/network";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), RootError> {
    root.mkdir_all(FOLDER, 0o755)?;
    for interface in interfaces {
        let path = format!("{FOLDER}/50-hsb-{}.network", interface.id());
        let before = root.any_text(&path)?;
        let repeated = ["Address", "Route"];
        let text = ini::merge(
            &before,
            &text(interface),
            ini::Lines::GoOn,
            is_ours,
            &repeated,
        );
        root.write_any_text(path, &text)?;
    }
    Ok(())
}

/// Returns whether a key of a section is one that we set, or would speak against ours.
fn is_ours(section: &str, key: &str) -> bool {
    match section {
        "Match" => matches!(key, "Name" | "MACAddress" | "PermanentMACAddress"),
        "Link" => matches!(key, "RequiredForOnline" | "MTUBytes"),
        "Network" => matches!(
            key,
            "DHCP" | "LinkLocalAddressing" | "Address" | "Gateway" | "DNS" | "Domains"
        ),
        _ => false,
    }
}

fn text(interface: &Interface) -> String {
    let mut text = String::from("[Match]\n");
    text += &match &interface.selector {
        Selector::Name(name) => format!("Name={name}\n"),
        Selector::Mac(mac) => format!("PermanentMACAddress={mac}\n"),
    };
    if interface.mtu.is_some() || interface.optional {
        text += "\n[Link]\n";
    }
    if interface.optional {
        text += "RequiredForOnline=no\n";
    }
    if let Some(mtu) = interface.mtu {
        text += &format!("MTUBytes={mtu}\n");
    }
    text += "\n[Network]\n";
    match (interface.dhcp4, interface.dhcp6) {
        (true, true) => text += "DHCP=yes\n",
        (true, false) => text += "DHCP=ipv4\n",
        (false, true) => text += "DHCP=ipv6\n",
        (false, false) => {}
    }
    text += "LinkLocalAddressing=ipv6\n";
    for address in &interface.addresses {
        text += &format!("Address={address}\n");
    }
    for server in &interface.nameservers {
        text += &format!("DNS={}\n", server.without_zone());
    }
    if !interface.search.is_empty() {
        text += &format!("Domains={}\n", join(&interface.search, " "));
    }
    for route in &interface.routes {
        text += &format!(
            "\n[Route]\nDestination={}\nGateway={}\n",
            route.to, route.via
        );
        if route.on_link {
            text += "GatewayOnLink=true\n";
        }
        if let Some(metric) = route.metric {
            text += &format!("Metric={metric}\n");
        }
    }
    text
}

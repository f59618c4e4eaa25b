//! Settings for NetworkManager: nm-settings-keyfile(5). It refuses files that others may read.

use super::options::Selector;
use super::{Interface, join};
use crate::nameserver::Nameserver;
use crate::{Root, RootError, ini};

const FOLDER: &str = "/etc/NetworkManager/system-connections";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), RootError> {
    root.mkdir_all(FOLDER, 0o700)?;
    for interface in interfaces {
        let path = format!("{FOLDER}/hsb-{}.nmconnection", interface.id());
        let before = root.any_text(&path)?;
        let text = ini::merge(&before, &text(interface), ini::Lines::End, is_ours, &[]);
        root.write_any_text(&path, &text)?;
        root.chmod(&path, 0o600)?;
        let mut servers = interface.nameservers.iter();
        let lost = servers.find(|server| server.address.is_ipv4() && !interface.speaks(false));
        if let Some(lost) = lost {
            let message = format!("NetworkManager asks {} only with IPv4 on", lost.address);
            root.warn_at(interface.span, message);
        }
    }
    Ok(())
}

/// Returns whether a key of a section is one that we set, or would speak against ours.
fn is_ours(section: &str, key: &str) -> bool {
    let is_numbered = |start: &str| {
        let rest = key.strip_prefix(start);
        let rest = rest.map(|rest| rest.strip_suffix("_options").unwrap_or(rest));
        rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    };
    match section {
        "connection" => matches!(
            key,
            "id" | "type" | "interface-name" | "autoconnect-priority"
        ),
        "ethernet" => matches!(key, "mac-address" | "mtu"),
        "match" => key == "interface-name",
        "ipv4" | "ipv6" => {
            matches!(key, "method" | "gateway" | "dns" | "dns-search")
                || is_numbered("address")
                || is_numbered("addresses")
                || is_numbered("route")
        }
        _ => false,
    }
}

fn text(interface: &Interface) -> String {
    let mut text = format!("[connection]\nid=hsb-{}\ntype=ethernet\n", interface.id());
    match &interface.selector {
        // Any other connection that comes with the image gives way.
        Selector::Name(name) if !interface.selector.is_pattern() => {
            text += &format!("interface-name={name}\nautoconnect-priority=10\n");
        }
        _ => text += "autoconnect-priority=1\n",
    }
    text += "\n[ethernet]\n";
    if let Selector::Mac(mac) = &interface.selector {
        text += &format!("mac-address={}\n", mac.to_uppercase());
    }
    if let Some(mtu) = interface.mtu {
        text += &format!("mtu={mtu}\n");
    }
    if interface.selector.is_pattern() {
        text += &format!("\n[match]\ninterface-name={};\n", interface.selector);
    }
    family(&mut text, interface, false);
    family(&mut text, interface, true);
    text
}

fn family(text: &mut String, interface: &Interface, v6: bool) {
    let dhcp = if v6 { interface.dhcp6 } else { interface.dhcp4 };
    let servers = interface
        .nameservers
        .iter()
        .filter(|server| server.address.is_ipv6() == v6);
    // It knows by itself which interface leads to those of the link.
    let servers: Vec<_> = servers.map(Nameserver::without_zone).collect();
    let routes = interface
        .routes
        .iter()
        .filter(|route| route.to.is_v6() == v6);
    let routes: Vec<_> = routes.collect();
    let method = match (dhcp, interface.has_address(v6), v6) {
        (true, ..) => "auto",
        (false, true, _) => "manual",
        // Servers need a family that is on.
        (false, false, true) if !servers.is_empty() => "auto",
        // So do routers of the link, which need no other address.
        (false, false, true) if !routes.is_empty() => "link-local",
        (false, false, true) => "ignore",
        (false, false, false) => "disabled",
    };
    *text += &format!(
        "\n[{}]\nmethod={method}\n",
        if v6 { "ipv6" } else { "ipv4" }
    );
    let addresses = interface
        .addresses
        .iter()
        .filter(|prefix| prefix.is_v6() == v6);
    for (i, address) in addresses.enumerate() {
        *text += &format!("address{}={address}\n", i + 1);
    }
    if method == "ignore" || method == "disabled" {
        return;
    }
    for (i, route) in routes.iter().enumerate() {
        let metric = route
            .metric
            .map_or_else(String::new, |metric| format!(",{metric}"));
        *text += &format!("route{}={},{}{metric}\n", i + 1, route.to, route.via);
        if route.on_link {
            *text += &format!("route{}_options=onlink=true\n", i + 1);
        }
    }
    if !servers.is_empty() {
        *text += &format!("dns={};\n", join(servers, ";"));
    }
    if !interface.search.is_empty() && method != "link-local" {
        *text += &format!("dns-search={};\n", join(&interface.search, ";"));
    }
}

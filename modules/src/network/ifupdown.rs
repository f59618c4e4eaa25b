//! Settings for ifupdown, ifupdown-ng and busybox: interfaces(5).
//!
//! They are for interfaces by name, in one file that people edit: of it, only the stanzas of the
//! interfaces that are asked for change.

mod stanzas;

use stanzas::Stanza;

use super::options::{Selector, is_link_local};
use super::{Interface, join};
use crate::installed;
use crate::root::show;
use crate::value::ValueError;
use crate::{Error, Root};

const FILE: &str = "/etc/network/interfaces";

/// What a file starts with that was not there.
const NEW: &str = "auto lo\niface lo inet loopback\n";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), Error> {
    let before = match root.is_file(FILE) {
        true => root.any_text(FILE)?,
        false => NEW.to_owned(),
    };
    let mut text = before.clone();
    for interface in interfaces {
        let name = match &interface.selector {
            Selector::Name(name) if !interface.selector.is_pattern() => name,
            other => {
                let message = format!("ifupdown knows interfaces by their names, not as {other}");
                let help = "give `name: eth0` or the like, or choose another `network_renderer`";
                return Err(ValueError::new(interface.span, message).help(help).into());
            }
        };
        if let Some(path) = named_elsewhere(root, name)? {
            let message = format!("{} has the interface {name} already", show(&path));
            let help = "remove the file with `files`, or change it there";
            return Err(ValueError::new(interface.span, message).help(help).into());
        }
        for server in &interface.nameservers {
            server.check_nameless(FILE)?;
        }
        // What is not waited for is set up when it turns up.
        let when = match interface.optional {
            true => "allow-hotplug",
            false => "auto",
        };
        text = stanzas::set(&text, name, when, &stanzas(interface, name));
    }
    let asks = interfaces
        .iter()
        .find(|i| !i.nameservers.is_empty() || !i.search.is_empty());
    let hears = installed::program(root, "resolvconf")
        || root.is_file("/etc/network/if-up.d/resolved")
        || root.is_file("/usr/libexec/ifupdown-ng/dns");
    if let Some(asks) = asks.filter(|_| !hears) {
        root.warn_at(
            asks.span,
            "nothing in the image reads dns-nameservers from /etc/network/interfaces; use the \
             module resolv_conf",
        );
    }
    if text != before || !root.is_file(FILE) {
        root.mkdir_above(FILE)?;
        root.write_any_text(FILE, &text)?;
    }
    Ok(())
}

/// Returns the file beside the main one that has an interface.
fn named_elsewhere(root: &Root<'_>, name: &str) -> Result<Option<Vec<u8>>, Error> {
    for path in root.glob("/etc/network/interfaces.d/*") {
        if root.is_file(&path) {
            let text = root.read(&path)?;
            let text = String::from_utf8_lossy(&text);
            if stanzas::has(&text, name) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Returns the stanzas of an interface.
fn stanzas(interface: &Interface, name: &str) -> Vec<Stanza> {
    let mut stanzas = Vec::new();
    for v6 in [false, true] {
        let dhcp = if v6 { interface.dhcp6 } else { interface.dhcp4 };
        let family = if v6 { "inet6" } else { "inet" };
        let mut addresses = interface
            .addresses
            .iter()
            .filter(|prefix| prefix.is_v6() == v6);
        let first = if dhcp { None } else { addresses.next() };
        let mut options = Vec::new();
        let routes = interface
            .routes
            .iter()
            .filter(|route| route.to.is_v6() == v6);
        let method = match (first, dhcp) {
            (None, false) if !interface.speaks(v6) => continue,
            // A router of the link needs no other address.
            (None, false) => "manual",
            // Routers say by themselves which addresses there are, and whether to ask for more.
            (None, true) if v6 => "auto",
            (None, true) => "dhcp",
            (Some(prefix), _) => {
                options.push(format!("address {}", prefix.address));
                options.push(format!("netmask {}", prefix.mask()));
                "static"
            }
        };
        let (gateways, routes): (Vec<_>, Vec<_>) = routes.partition(|route| {
            let is_plain = route.metric.is_none() && !route.on_link;
            first.is_some() && route.to.is_everywhere() && is_plain
        });
        for gateway in gateways.iter().take(1) {
            options.push(format!("gateway {}", gateway.via));
        }
        if let Some(mtu) = interface.mtu.filter(|_| first.is_some()) {
            options.push(format!("mtu {mtu}"));
        } else if let Some(mtu) = interface.mtu {
            options.push(format!("up ip link set dev {name} mtu {mtu}"));
        }
        let ip = if v6 { "ip -6" } else { "ip" };
        for address in addresses {
            options.push(format!("up {ip} addr add {address} dev {name}"));
        }
        for route in routes {
            let metric = route
                .metric
                .map_or_else(String::new, |m| format!(" metric {m}"));
            let (to, via) = (&route.to, route.via);
            // Not every ip knows `onlink`.
            let near = format!("up {ip} route add {via} dev {name}");
            if route.on_link && !options.contains(&near) {
                options.push(near);
            }
            options.push(format!(
                "up {ip} route add {to} via {via} dev {name}{metric}"
            ));
        }
        let servers = interface
            .nameservers
            .iter()
            .map(|server| server.address)
            // Those of a family that has no stanza are as well in the other one's.
            .filter(|address| address.is_ipv6() == v6 || !interface.speaks(!v6));
        // The C library finds one of the link only by its interface.
        let servers = servers.map(|address| match is_link_local(address) {
            true => format!("{address}%{name}"),
            false => address.to_string(),
        });
        let servers: Vec<_> = servers.collect();
        if !servers.is_empty() {
            options.push(format!("dns-nameservers {}", join(servers, " ")));
        }
        if !interface.search.is_empty() {
            options.push(format!("dns-search {}", join(&interface.search, " ")));
        }
        stanzas.push(Stanza {
            family,
            method,
            options,
        });
    }
    stanzas
}

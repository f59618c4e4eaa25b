//! Settings for ifupdown, ifupdown-ng and busybox: interfaces(5).
//!
//! They are for interfaces by name, in one file that people edit: of it, only the stanzas of the
//! interfaces that are asked for change.

use super::options::Selector;
use super::{Interface, join};
use crate::installed;
use crate::root::show;
use crate::value::ValueError;
use crate::{Error, Root};

const FILE: &str = "/etc/network/interfaces";

/// What a file starts with that was not there.
const NEW: &str = "auto lo\niface lo inet loopback\n";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), Error> {
    let before = root.read_if_exists(FILE)?.unwrap_or_else(|| NEW.into());
    let mut text = String::from_utf8_lossy(&before).into_owned();
    for interface in interfaces {
        let name = match &interface.selector {
            Selector::Name(name) if !interface.selector.is_pattern() => name,
            other => {
                let message = format!("ifupdown knows interfaces by their names, not as {other}");
                return Err(ValueError::new(interface.span, message).into());
            }
        };
        if let Some(path) = named_elsewhere(root, name)? {
            let message = format!("{} has the interface {name} already", show(&path));
            let help = "remove the file with `files`, or change it there";
            return Err(ValueError::new(interface.span, message).help(help).into());
        }
        text = replace(&text, name, &stanzas(interface, name));
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
    if text.as_bytes() != before || !root.is_file(FILE) {
        root.mkdir_above(FILE)?;
        root.write(FILE, text)?;
    }
    Ok(())
}

/// Returns the file beside the main one that has an interface.
fn named_elsewhere(root: &Root<'_>, name: &str) -> Result<Option<Vec<u8>>, Error> {
    for path in root.glob("/etc/network/interfaces.d/*") {
        if root.is_file(&path) {
            let text = root.read(&path)?;
            let text = String::from_utf8_lossy(&text);
            if text.lines().any(|line| is_stanza_of(line, name)) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Returns the stanzas of an interface.
fn stanzas(interface: &Interface, name: &str) -> String {
    // What is not waited for is set up when it turns up.
    let when = if interface.optional {
        "allow-hotplug"
    } else {
        "auto"
    };
    let mut text = format!("{when} {name}\n");
    for v6 in [false, true] {
        let dhcp = if v6 { interface.dhcp6 } else { interface.dhcp4 };
        let family = if v6 { "inet6" } else { "inet" };
        let mut addresses = interface
            .addresses
            .iter()
            .filter(|prefix| prefix.is_v6() == v6);
        let first = if dhcp { None } else { addresses.next() };
        match (first, dhcp) {
            (None, false) => continue,
            // Routers say by themselves which addresses there are, and whether to ask for more.
            (None, true) if v6 => text += &format!("iface {name} {family} auto\n"),
            (None, true) => text += &format!("iface {name} {family} dhcp\n"),
            (Some(prefix), _) => {
                text += &format!("iface {name} {family} static\n");
                text += &format!("    address {}\n", prefix.address);
                text += &format!("    netmask {}\n", prefix.mask());
            }
        }
        let routes = interface
            .routes
            .iter()
            .filter(|route| route.to.is_v6() == v6);
        let (gateways, routes): (Vec<_>, Vec<_>) = routes.partition(|route| {
            first.is_some() && route.to.is_everywhere() && route.metric.is_none()
        });
        for gateway in gateways.iter().take(1) {
            text += &format!("    gateway {}\n", gateway.via);
        }
        if let Some(mtu) = interface.mtu.filter(|_| first.is_some()) {
            text += &format!("    mtu {mtu}\n");
        } else if let Some(mtu) = interface.mtu {
            text += &format!("    up ip link set dev {name} mtu {mtu}\n");
        }
        let ip = if v6 { "ip -6" } else { "ip" };
        for address in addresses {
            text += &format!("    up {ip} addr add {address} dev {name}\n");
        }
        for route in routes {
            let metric = route
                .metric
                .map_or_else(String::new, |m| format!(" metric {m}"));
            text += &format!(
                "    up {ip} route add {} via {} dev {name}{metric}\n",
                route.to, route.via
            );
        }
        let servers = interface
            .nameservers
            .iter()
            .filter(|server| server.is_ipv6() == v6);
        let servers: Vec<_> = servers.collect();
        if !servers.is_empty() {
            text += &format!("    dns-nameservers {}\n", join(servers, " "));
        }
        if !interface.search.is_empty() {
            text += &format!("    dns-search {}\n", join(&interface.search, " "));
        }
    }
    text
}

/// Returns the file with these stanzas in place of those that an interface has, or at the end.
fn replace(text: &str, name: &str, new: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut old = String::new();
    let mut place = None;
    // Blanks and comments that may belong to what comes next.
    let mut pending: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            pending.push(line);
            continue;
        }
        if is_head(line) {
            inside = is_stanza_of(line, name);
            if !inside && names_to_bring_up(line, name) {
                place.get_or_insert(kept.len() + pending.len());
                kept.extend(pending.drain(..).map(str::to_owned));
                let head = trimmed.split_whitespace().next().unwrap_or_default();
                let others = trimmed
                    .split_whitespace()
                    .skip(1)
                    .filter(|other| *other != name);
                let others = join(others, " ");
                if others.is_empty() {
                    old += line;
                } else {
                    kept.push(format!("{head} {others}\n"));
                }
                continue;
            }
        }
        if inside {
            // What stands between two lines of a stanza goes with it, what is above it stays.
            if is_head(line) {
                place.get_or_insert(kept.len() + pending.len());
                kept.extend(pending.drain(..).map(str::to_owned));
            } else {
                pending.clear();
            }
            old += line;
        } else {
            kept.extend(pending.drain(..).map(str::to_owned));
            kept.push(line.to_owned());
        }
    }
    kept.extend(pending.drain(..).map(str::to_owned));
    let words = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines();
        lines
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect()
    };
    if words(&old) == words(new) {
        return text.to_owned();
    }
    match place {
        Some(place) => kept.insert(place, new.to_owned()),
        None => {
            if let Some(last) = kept.last_mut().filter(|last| !last.ends_with('\n')) {
                last.push('\n');
            }
            if kept.last().is_some_and(|last| !last.trim().is_empty()) {
                kept.push("\n".to_owned());
            }
            kept.push(new.to_owned());
        }
    }
    kept.concat()
}

/// Returns whether a line starts a stanza, whatever it is of.
fn is_head(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let heads = [
        "iface",
        "auto",
        "mapping",
        "source",
        "source-directory",
        "template",
        "rename",
    ];
    heads.contains(&word) || word.starts_with("allow-") || word.starts_with("no-")
}

fn is_stanza_of(line: &str, name: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("iface") && words.next() == Some(name)
}

fn names_to_bring_up(line: &str, name: &str) -> bool {
    let mut words = line.split_whitespace();
    let head = words.next().unwrap_or_default();
    (head == "auto" || head == "allow-auto" || head == "allow-hotplug") && words.any(|w| w == name)
}

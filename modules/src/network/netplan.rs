//! Settings for netplan: netplan(5). It wants files that only root reads.

use super::options::Selector;
use super::{Interface, join};
use crate::root::show;
use crate::{Root, RootError};

const FILE: &str = "/etc/netplan/60-hsb.yaml";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), RootError> {
    root.mkdir_above(FILE)?;
    for other in root.glob("/etc/netplan/*.yaml") {
        if other != FILE.as_bytes() {
            root.warn(format!(
                "netplan merges {} with the new {FILE}",
                show(&other)
            ));
        }
    }
    let mut text = String::from("network:\n  version: 2\n  ethernets:\n");
    for interface in interfaces {
        add(&mut text, interface);
    }
    root.write(FILE, text)?;
    root.chmod(FILE, 0o600)
}

/// Adds one interface. Texts are in double quotes: none of them can hold one.
fn add(text: &mut String, interface: &Interface) {
    let mut line = |indent: usize, line: String| {
        text.extend(std::iter::repeat_n(' ', indent));
        *text += &line;
        text.push('\n');
    };
    line(4, format!("\"{}\":", interface.id()));
    match &interface.selector {
        Selector::Name(name) if *name == interface.id() => {}
        Selector::Name(name) => line(6, format!("match: {{name: \"{name}\"}}")),
        Selector::Mac(mac) => line(6, format!("match: {{macaddress: \"{mac}\"}}")),
    }
    line(6, format!("dhcp4: {}", interface.dhcp4));
    line(6, format!("dhcp6: {}", interface.dhcp6));
    let quoted =
        |values: Vec<String>| join(values.iter().map(|value| format!("\"{value}\"")), ", ");
    if !interface.addresses.is_empty() {
        let addresses = interface
            .addresses
            .iter()
            .map(ToString::to_string)
            .collect();
        line(6, format!("addresses: [{}]", quoted(addresses)));
    }
    if !interface.routes.is_empty() {
        line(6, "routes:".to_owned());
    }
    for route in &interface.routes {
        let to = if route.to.is_everywhere() {
            "default".to_owned()
        } else {
            route.to.to_string()
        };
        let metric = route
            .metric
            .map_or_else(String::new, |metric| format!(", metric: {metric}"));
        line(
            6,
            format!("- {{to: \"{to}\", via: \"{}\"{metric}}}", route.via),
        );
    }
    if !interface.nameservers.is_empty() || !interface.search.is_empty() {
        line(6, "nameservers:".to_owned());
    }
    if !interface.nameservers.is_empty() {
        let servers = interface
            .nameservers
            .iter()
            .map(ToString::to_string)
            .collect();
        line(8, format!("addresses: [{}]", quoted(servers)));
    }
    if !interface.search.is_empty() {
        line(8, format!("search: [{}]", quoted(interface.search.clone())));
    }
    if let Some(mtu) = interface.mtu {
        line(6, format!("mtu: {mtu}"));
    }
    if interface.optional {
        line(6, "optional: true".to_owned());
    }
}

//! Settings for netplan: netplan(5). It wants files that only root reads.

mod document;
mod others;

use super::options::Selector;
use super::{Interface, join};
use crate::nameserver::Nameserver;
use crate::value::ValueError;
use crate::{Error, Root};
use document::Setting;

const FILE: &str = "/etc/netplan/60-hsb.yaml";

pub(super) fn write(root: &mut Root<'_>, interfaces: &[Interface]) -> Result<(), Error> {
    root.mkdir_above(FILE)?;
    others::warn(root, interfaces)?;
    let mut text = root.text_to_change(FILE)?;
    for interface in interfaces {
        for server in &interface.nameservers {
            server.check_nameless("netplan")?;
        }
        let set = document::set(&text, &interface.id(), &settings(interface));
        text = set.ok_or_else(|| {
            let message = format!("{FILE} is not written in indented lines, and stays as it is");
            let error = ValueError::new(interface.span, message);
            error.help("remove it with `files`, or write its mappings without braces")
        })?;
    }
    root.write(FILE, text)?;
    Ok(root.chmod(FILE, 0o600)?)
}

/// Returns the keys of an interface. Texts are in double quotes: none of them can hold one.
fn settings(interface: &Interface) -> Vec<Setting> {
    let list = |values: Vec<String>| join(values.iter().map(|value| format!("\"{value}\"")), ", ");
    let matched = match &interface.selector {
        Selector::Name(name) if *name == interface.id() => None,
        Selector::Name(name) => Some(format!("match: {{name: \"{name}\"}}")),
        Selector::Mac(mac) => Some(format!("match: {{macaddress: \"{mac}\"}}")),
    };
    let addresses = interface.addresses.iter().map(ToString::to_string);
    let addresses: Vec<_> = addresses.collect();
    let addresses = (!addresses.is_empty()).then(|| format!("addresses: [{}]", list(addresses)));
    let mut routes = Vec::new();
    if !interface.routes.is_empty() {
        routes.push("routes:".to_owned());
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
        let on_link = if route.on_link { ", on-link: true" } else { "" };
        routes.push(format!(
            "- {{to: \"{to}\", via: \"{}\"{on_link}{metric}}}",
            route.via
        ));
    }
    let mut servers = Vec::new();
    if !interface.nameservers.is_empty() || !interface.search.is_empty() {
        servers.push("nameservers:".to_owned());
    }
    if !interface.nameservers.is_empty() {
        let addresses = interface.nameservers.iter();
        let addresses = addresses.map(Nameserver::without_zone).collect();
        servers.push(format!("  addresses: [{}]", list(addresses)));
    }
    if !interface.search.is_empty() {
        servers.push(format!("  search: [{}]", list(interface.search.clone())));
    }
    let mtu = interface.mtu.map(|mtu| format!("mtu: {mtu}"));
    let optional = interface.optional.then(|| "optional: true".to_owned());
    vec![
        ("match", Vec::from_iter(matched)),
        ("dhcp4", vec![format!("dhcp4: {}", interface.dhcp4)]),
        ("dhcp6", vec![format!("dhcp6: {}", interface.dhcp6)]),
        ("addresses", Vec::from_iter(addresses)),
        // The old way to say `routes`.
        ("gateway4", Vec::new()),
        ("gateway6", Vec::new()),
        ("routes", routes),
        ("nameservers", servers),
        ("mtu", Vec::from_iter(mtu)),
        ("optional", Vec::from_iter(optional)),
    ]
}

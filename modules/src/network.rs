//! `network`: says how network interfaces get their addresses.
//!
//! The settings are written in the way of the program that the image has for it; nothing here
//! knows an address of its own.

mod address;
mod ifupdown;
mod netplan;
mod network_manager;
mod networkd;
mod options;
mod renderer;

use crate::nameserver::Nameserver;
use crate::option::{OptionDoc, Presence, Shape};
use crate::value::ValueError;
use crate::yaml;
use crate::{Cfg, Error, Host, Module, Root};
use address::Prefix;
use options::{Options, Selector};
use renderer::Renderer;

const ROUTE: Shape = Shape::Map(&[
    OptionDoc::required(
        "to",
        Shape::Text,
        "the network, as in 10.9.0.0/16, or default",
    ),
    OptionDoc::required("via", Shape::Text, "the router's address"),
    OptionDoc::optional(
        "metric",
        Shape::Int {
            min: 0,
            max: 4_294_967_295,
        },
        "the lower, the more it is liked; what the system takes if left out",
    ),
]);

const INTERFACE: Shape = Shape::Map(&[
    OptionDoc::optional(
        "name",
        Shape::Text,
        "the kernel's name, or a pattern such as en*; this or `mac` is needed",
    ),
    OptionDoc::optional(
        "mac",
        Shape::Text,
        "the card's address, as in 52:54:00:12:34:56",
    ),
    OptionDoc::optional(
        "dhcp",
        Shape::AnyOf(&[Shape::Bool, Shape::OneOf(&["ipv4", "ipv6"])]),
        "ask for addresses; true if there are no `addresses`",
    ),
    OptionDoc::optional(
        "addresses",
        Shape::List(&Shape::Text),
        "with the length of the network's prefix, as in 10.0.0.5/24",
    ),
    OptionDoc::optional(
        "gateway",
        Shape::Text,
        "the router to everywhere, for IPv4; on the link itself where all addresses are /32",
    ),
    OptionDoc::optional("gateway6", Shape::Text, "the same for IPv6, and /128"),
    OptionDoc::optional(
        "nameservers",
        Shape::List(&Shape::Text),
        "addresses of DNS servers; %eth0 behind one of a link is the name of its interface, which is \
         this one; for systemd-networkd and NetworkManager, #one.example is the name in its \
         certificate",
    ),
    OptionDoc::optional(
        "search",
        Shape::List(&Shape::Text),
        "domains that names are looked up in",
    ),
    OptionDoc::optional(
        "mtu",
        Shape::Int {
            min: 68,
            max: 65_535,
        },
        "bytes of the largest packet",
    ),
    OptionDoc::optional("routes", Shape::List(&ROUTE), "other routes"),
    OptionDoc::flag("optional", "booting does not wait for it"),
]);

pub(crate) const MODULE: Module = Module {
    name: "network",
    summary: "says how network interfaces get their addresses",
    details: "\
Writes for netplan (`/etc/netplan/60-hsb.yaml`), NetworkManager
(`/etc/NetworkManager/system-connections/hsb-*.nmconnection`), systemd-networkd
(`/etc/systemd/network/50-hsb-*.network`) or ifupdown (`/etc/network/interfaces`, where the other
lines stay). `auto` takes what the image has: netplan; else what is enabled; else ifupdown,
NetworkManager or systemd-networkd, which is enabled then. wicked is not written for. Files of
netplan that say something of the same interfaces are named in warnings. cloud-init is
told to leave the network alone (`/etc/cloud/cloud.cfg.d/zz-hsb-network.cfg`).",
    keys: &["network", "network_renderer"],
    options: &[
        OptionDoc::required("network", Shape::List(&INTERFACE), "the interfaces"),
        OptionDoc {
            presence: Presence::Default("auto"),
            ..OptionDoc::optional(
                "network_renderer",
                Shape::OneOf(Renderer::NAMES),
                "the program that they are for",
            )
        },
    ],
    example: "\
modules: [network]
network:
- {name: eth0, dhcp: true}
- name: eth1
  addresses: [10.0.0.5/24, \"fd00::5/64\"]
  gateway: 10.0.0.1
  nameservers: [10.0.0.1]
  optional: true
",
    check,
    modify,
};

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let options: Options = cfg.options()?;
    options.interfaces().map(drop)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let options: Options = cfg.options()?;
    let interfaces = options.interfaces()?;
    let renderer = renderer::choose(root, options.network_renderer, cfg.span())?;
    match renderer {
        Renderer::Netplan => netplan::write(root, &interfaces)?,
        Renderer::NetworkManager => network_manager::write(root, &interfaces)?,
        Renderer::Networkd => networkd::write(root, &interfaces)?,
        Renderer::Ifupdown => ifupdown::write(root, &interfaces)?,
    }
    renderer::enable(root, renderer, cfg.span())?;
    keep_cloud_init_off(root, cfg.span())
}

/// What tells cloud-init to leave the network alone.
const CLOUD: &str = "/etc/cloud/cloud.cfg.d/zz-hsb-network.cfg";

/// Without it, cloud-init writes settings of its own at the first boot, beside ours or over them.
fn keep_cloud_init_off(root: &mut Root<'_>, span: crate::value::Span) -> Result<(), Error> {
    if !root.is_file("/etc/cloud/cloud.cfg") || root.exists("/etc/cloud/cloud-init.disabled") {
        return Ok(());
    }
    root.mkdir_above(CLOUD)?;
    let line = "network: {config: disabled}";
    yaml::set_top(root, CLOUD, "network", line, span)?;
    if root.exists("/var/lib/cloud/seed/nocloud/network-config") {
        root.warn(format!(
            "the network-config in the seed of cloud-init is not used: {CLOUD} turns that off"
        ));
    }
    Ok(())
}

/// One interface, with all that is known of it.
struct Interface {
    selector: Selector,
    /// Where the recipe names it.
    span: crate::value::Span,
    dhcp4: bool,
    dhcp6: bool,
    addresses: Vec<Prefix>,
    nameservers: Vec<Nameserver>,
    search: Vec<String>,
    mtu: Option<u16>,
    routes: Vec<Route>,
    optional: bool,
}

struct Route {
    to: Prefix,
    via: std::net::IpAddr,
    metric: Option<u32>,
    /// Whether the router is on the link, though in no network of the interface.
    on_link: bool,
}

impl Interface {
    /// Returns a name for files: letters, digits and dashes.
    fn id(&self) -> String {
        let text = match &self.selector {
            Selector::Name(name) => name.replace('*', "any"),
            Selector::Mac(mac) => mac.replace(':', ""),
        };
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        };
        text.chars().map(plain).collect()
    }

    /// Returns whether anything is set up for a family.
    fn speaks(&self, v6: bool) -> bool {
        let dhcp = if v6 { self.dhcp6 } else { self.dhcp4 };
        dhcp || self.has_address(v6) || self.routes.iter().any(|route| route.to.is_v6() == v6)
    }

    fn has_address(&self, v6: bool) -> bool {
        self.addresses.iter().any(|prefix| prefix.is_v6() == v6)
    }
}

/// Joins values for a message or a line.
fn join<T: ToString>(values: impl IntoIterator<Item = T>, between: &str) -> String {
    let texts: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    texts.join(between)
}

#[cfg(test)]
mod tests;

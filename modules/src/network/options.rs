//! The options of `network`, and what can be said about them without an image.

use std::fmt;
use std::net::IpAddr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::address::Prefix;
use super::renderer::{self, Renderer};
use super::{Interface, Route};
use crate::domain;
use crate::nameserver::Nameserver;
use crate::root::glob_matches;
use crate::value::{Span, Spanned, ValueError};

/// The longest name of an interface, in bytes (Linux: `IFNAMSIZ` with its closing NUL is 16).
const LONGEST_NAME: usize = 15;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    network: Spanned<Vec<Spanned<Item>>>,
    #[serde(default, deserialize_with = "renderer::read")]
    pub(super) network_renderer: Option<Renderer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: Option<Spanned<String>>,
    mac: Option<Spanned<String>>,
    dhcp: Option<Spanned<Dhcp>>,
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
    gateway: Option<Spanned<String>>,
    gateway6: Option<Spanned<String>>,
    #[serde(default)]
    nameservers: Vec<Spanned<String>>,
    #[serde(default)]
    search: Vec<Spanned<String>>,
    mtu: Option<Spanned<u16>>,
    #[serde(default)]
    routes: Vec<Way>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    to: Spanned<String>,
    via: Spanned<String>,
    metric: Option<u32>,
}

/// Which families are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dhcp {
    v4: bool,
    v6: bool,
}

/// Which interface is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// The kernel's name, or a pattern with `*`.
    Name(String),
    /// In small letters.
    Mac(String),
}

impl Selector {
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self, Selector::Name(name) if name.contains('*'))
    }

    /// Returns whether two of them can mean the same interface, as far as that shows.
    pub(super) fn overlaps(&self, other: &Selector) -> bool {
        match (self, other) {
            (Selector::Name(one), Selector::Name(other)) => overlap(one, other),
            (Selector::Mac(one), Selector::Mac(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Name(text) | Selector::Mac(text) => f.write_str(text),
        }
    }
}

/// Returns whether two names or patterns can mean the same interface.
fn overlap(one: &str, other: &str) -> bool {
    let fits = |pattern: &str, name: &str| glob_matches(pattern.as_bytes(), name.as_bytes());
    let start = |pattern: &str| {
        pattern
            .find(['*', '?', '['])
            .map(|at| pattern[..at].to_owned())
    };
    match (start(one), start(other)) {
        (Some(one), Some(other)) => one.starts_with(&other) || other.starts_with(&one),
        _ => fits(one, other) || fits(other, one),
    }
}

impl Options {
    /// Returns what is asked for; fails at the first mistake.
    pub(super) fn interfaces(&self) -> Result<Vec<Interface>, ValueError> {
        if self.network.is_empty() {
            return Err(self.network.error("no interface is named"));
        }
        let mut interfaces: Vec<Interface> = Vec::new();
        let mut taken: Vec<IpAddr> = Vec::new();
        for item in self.network.iter() {
            item.check_addresses(&mut taken)?;
            let interface = item.interface(item.span)?;
            if interfaces.iter().any(|other| other.id() == interface.id()) {
                let message = format!("the interface {} is given twice", interface.selector);
                return Err(ValueError::new(interface.span, message));
            }
            let mut others = interfaces.iter();
            let is_same = |other: &&Interface| other.selector.overlaps(&interface.selector);
            if let Some(other) = others.find(is_same) {
                let (one, other) = (&interface.selector, &other.selector);
                let message =
                    format!("{one} and {other} can be one interface: one would not count");
                let error = ValueError::new(interface.span, message);
                return Err(error.help("name interfaces so that each is meant once"));
            }
            interfaces.push(interface);
        }
        Ok(interfaces)
    }
}

impl Item {
    fn interface(&self, whole: Span) -> Result<Interface, ValueError> {
        let (selector, span) = self.selector(whole)?;
        let addresses: Vec<Prefix> = self
            .addresses
            .iter()
            .map(prefix)
            .collect::<Result<_, _>>()?;
        let dhcp = self.dhcp.as_ref().map_or(
            Dhcp {
                v4: addresses.is_empty(),
                v6: addresses.is_empty(),
            },
            |dhcp| **dhcp,
        );
        let mut routes = Vec::new();
        for (gateway, v6) in [(&self.gateway, false), (&self.gateway6, true)] {
            let Some(gateway) = gateway else { continue };
            let via = router(gateway)?;
            if via.is_ipv6() != v6 {
                let wanted = if v6 { "IPv6" } else { "IPv4" };
                return Err(gateway.error(format!("{via} is no {wanted} address")));
            }
            routes.push(Route {
                to: Prefix::everywhere(v6),
                via,
                metric: None,
                on_link: is_on_link(gateway, via, &addresses, dhcp)?,
            });
        }
        for way in &self.routes {
            routes.push(way.route(&addresses, dhcp)?);
        }
        if let Some(mtu) = self.mtu.as_ref().filter(|mtu| ***mtu < 68) {
            return Err(mtu.error(format!(
                "an MTU of {} is below 68, the least of IPv4",
                **mtu
            )));
        }
        let has_v6 = addresses.iter().any(Prefix::is_v6);
        if let Some(mtu) = self.mtu.as_ref().filter(|mtu| has_v6 && ***mtu < 1280) {
            return Err(mtu.error(format!(
                "an MTU of {} is below 1280, the least of IPv6",
                **mtu
            )));
        }
        let servers = self.nameservers.iter().map(|text| server(text, &selector));
        let nameservers = servers.collect::<Result<_, _>>()?;
        let names = self.search.iter().map(domain);
        Ok(Interface {
            selector,
            span,
            dhcp4: dhcp.v4,
            dhcp6: dhcp.v6,
            addresses,
            nameservers,
            search: names.collect::<Result<_, _>>()?,
            mtu: self.mtu.as_ref().map(|mtu| **mtu),
            routes,
            optional: self.optional,
        })
    }

    /// Fails for addresses that no machine can have, or that are there already.
    fn check_addresses(&self, taken: &mut Vec<IpAddr>) -> Result<(), ValueError> {
        let before = taken.len();
        for text in &self.addresses {
            let prefix = prefix(text)?;
            let address = prefix.address;
            if let Some(what) = prefix.stands_for() {
                return Err(text.error(format!("{prefix} is no address of a machine: it {what}")));
            }
            let is_loopback = self.name.as_ref().is_some_and(|name| **name == "lo");
            if address.is_loopback() && !is_loopback {
                let message = format!("{prefix} is an address of the interface lo alone");
                return Err(text.error(message).help("other machines cannot reach it"));
            }
            if taken.contains(&address) {
                return Err(text.error(format!("the address {address} is given twice")));
            }
            taken.push(address);
        }
        // Those of one link say nothing on another.
        let mut others = taken.split_off(before);
        others.retain(|other| !is_link_local(*other));
        taken.append(&mut others);
        Ok(())
    }

    fn selector(&self, whole: Span) -> Result<(Selector, Span), ValueError> {
        match (&self.name, &self.mac) {
            (Some(_), Some(mac)) => {
                let error = mac.error("the interface has `name` and `mac`");
                Err(error.help("leave one of them out"))
            }
            (None, None) => {
                let error = ValueError::new(whole, "the interface has no name");
                Err(error.help("give `name`, or `mac` for the address of its card"))
            }
            (Some(name), None) => {
                let is_sign = |c: char| c.is_ascii_alphanumeric() || "._-*".contains(c);
                // Linux takes neither of these, and gives a device of that name no addresses.
                let is_taken = matches!(name.as_str(), "." | ".." | "all" | "default");
                let is_long = name.len() > LONGEST_NAME;
                if name.is_empty() || is_long || is_taken || !name.chars().all(is_sign) {
                    let message = format!("{:?} is no name of an interface", **name);
                    let help = format!(
                        "at most {LONGEST_NAME} letters, digits, `.`, `_`, `-`; `*` for any others"
                    );
                    return Err(name.error(message).help(help));
                }
                Ok((Selector::Name(name.value.clone()), name.span))
            }
            (None, Some(mac)) => {
                let is_byte =
                    |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
                if mac.split(':').count() != 6 || !mac.split(':').all(is_byte) {
                    let error = mac.error(format!("{:?} is no address of a card", **mac));
                    return Err(error.help("write it as in 52:54:00:12:34:56"));
                }
                // IEEE 802: the lowest bit of the first byte is for groups of cards.
                let first = u8::from_str_radix(&mac[..2], 16);
                let is_group = first.is_ok_and(|byte| byte & 1 == 1);
                if is_group || **mac == "00:00:00:00:00:00" {
                    let error = mac.error(format!("{} is the address of no single card", **mac));
                    return Err(error.help("the first byte of one is even"));
                }
                Ok((Selector::Mac(mac.to_ascii_lowercase()), mac.span))
            }
        }
    }
}

impl Way {
    fn route(&self, addresses: &[Prefix], dhcp: Dhcp) -> Result<Route, ValueError> {
        let via = router(&self.via)?;
        let to = match self.to.as_str() {
            "default" => Prefix::everywhere(via.is_ipv6()),
            _ => prefix(&self.to)?,
        };
        if to.has_host_bits() {
            let message = format!("{to} is no network: bits behind its prefix are set");
            return Err(self.to.error(message));
        }
        if to.is_v6() != via.is_ipv6() {
            let message = format!("{via} cannot be on the way to {to}: one is IPv4, one IPv6");
            return Err(self.via.error(message));
        }
        Ok(Route {
            to,
            via,
            metric: self.metric,
            on_link: is_on_link(&self.via, via, addresses, dhcp)?,
        })
    }
}

/// Returns whether an address of IPv6 is one that each link may have.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Returns whether a router is on the link though no network of the interface has it: so it is meant
/// where all addresses are networks of one. Fails when the interface cannot speak to it.
fn is_on_link(
    text: &Spanned<String>,
    via: IpAddr,
    addresses: &[Prefix],
    dhcp: Dhcp,
) -> Result<bool, ValueError> {
    let (v6, family) = (via.is_ipv6(), if via.is_ipv6() { "IPv6" } else { "IPv4" });
    let own = addresses.iter().filter(|prefix| prefix.is_v6() == v6);
    let own: Vec<Prefix> = own.copied().collect();
    if own.iter().any(|prefix| prefix.address == via) {
        return Err(text.error(format!("the router {via} is the interface itself")));
    }
    let near: Vec<_> = own.iter().filter(|prefix| prefix.reaches(via)).collect();
    for Prefix { len, .. } in &near {
        check_router(
            text,
            Prefix {
                address: via,
                len: *len,
            },
        )?;
    }
    // What comes by DHCP, nobody knows yet.
    let may_be = if v6 { dhcp.v6 } else { dhcp.v4 };
    if may_be || is_link_local(via) || !near.is_empty() {
        return Ok(false);
    }
    if !own.is_empty() && own.iter().all(Prefix::is_alone) {
        return Ok(true);
    }
    let error = text.error(format!("the router {via} is out of reach of the interface"));
    Err(error.help(match &own[..] {
        [] => format!("it has no {family} address"),
        own => format!("it has {}", super::join(own, ", ")),
    }))
}

/// Reads the address of a router, as far as it can be one in any network.
fn router(text: &Spanned<String>) -> Result<IpAddr, ValueError> {
    let address = address(text)?;
    check_router(text, Prefix::alone(address))?;
    Ok(address)
}

/// Fails for addresses that Linux takes no router to have in a network.
fn check_router(text: &Spanned<String>, router: Prefix) -> Result<(), ValueError> {
    let what = match router.address.is_loopback() {
        true => Some("stands for the machine itself"),
        false => router.stands_for(),
    };
    what.map_or(Ok(()), |what| {
        let message = format!("{} is no address of a router: it {what}", router.address);
        Err(text.error(message))
    })
}

fn prefix(text: &Spanned<String>) -> Result<Prefix, ValueError> {
    let parsed = text.parse();
    parsed.map_err(|why: String| text.error(format!("{:?} {why}", **text)))
}

fn address(text: &Spanned<String>) -> Result<IpAddr, ValueError> {
    let parsed = text.parse();
    parsed.map_err(|_| text.error(format!("{:?} is no IP address", **text)))
}

/// Reads a server of names. It is asked through the interface that it is given for.
fn server(text: &Spanned<String>, interface: &Selector) -> Result<Nameserver, ValueError> {
    let server = Nameserver::parse(text)?;
    match &server.zone {
        Some(zone) if *interface != Selector::Name(zone.clone()) => {
            let message = format!(
                "{} is asked through {interface}, not {zone}",
                server.address
            );
            Err(server.error(message).help(format!("leave %{zone} out")))
        }
        _ => Ok(server),
    }
}

/// Reads a domain as systemd does: with `~` in front it is for routing alone, as `.` for all names.
fn domain(text: &Spanned<String>) -> Result<String, ValueError> {
    let bare = text.strip_prefix('~');
    if bare != Some(".") {
        domain::check(bare.unwrap_or(text)).map_err(|why| {
            let error = text.error(format!("{:?} is no domain", **text));
            error.help(format!("{why}; write it as in example.com"))
        })?;
    }
    Ok(text.value.clone())
}

impl<'de> Deserialize<'de> for Dhcp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Dhcp;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false, ipv4 or ipv6")
            }

            fn visit_bool<E: Error>(self, both: bool) -> Result<Dhcp, E> {
                Ok(Dhcp { v4: both, v6: both })
            }

            fn visit_str<E: Error>(self, family: &str) -> Result<Dhcp, E> {
                match family {
                    "ipv4" => Ok(Dhcp {
                        v4: true,
                        v6: false,
                    }),
                    "ipv6" => Ok(Dhcp {
                        v4: false,
                        v6: true,
                    }),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(family), &self)),
                }
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

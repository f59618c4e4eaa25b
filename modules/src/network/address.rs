//! Addresses with the length of their network's prefix: `10.0.0.5/24`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address and how many of its bits are the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) address: IpAddr,
    pub(super) len: u8,
}

impl Prefix {
    /// Returns the network that holds all addresses.
    pub(super) fn everywhere(v6: bool) -> Self {
        let address = if v6 {
            IpAddr::from(Ipv6Addr::UNSPECIFIED)
        } else {
            IpAddr::from(Ipv4Addr::UNSPECIFIED)
        };
        Self { address, len: 0 }
    }

    /// Returns the network that holds one address alone.
    pub(super) fn alone(address: IpAddr) -> Self {
        let len = if address.is_ipv6() { 128 } else { 32 };
        Self { address, len }
    }

    pub(super) fn is_alone(&self) -> bool {
        *self == Self::alone(self.address)
    }

    pub(super) fn is_v6(&self) -> bool {
        self.address.is_ipv6()
    }

    pub(super) fn is_everywhere(&self) -> bool {
        *self == Self::everywhere(self.is_v6())
    }

    /// Returns the mask as old programs want it: `255.255.255.0`, or 64 for IPv6.
    pub(super) fn mask(&self) -> String {
        if self.is_v6() {
            return self.len.to_string();
        }
        let bits = u32::MAX.checked_shl(32 - u32::from(self.len)).unwrap_or(0);
        Ipv4Addr::from(bits).to_string()
    }

    /// Returns whether an address is in the same network.
    pub(super) fn reaches(&self, other: IpAddr) -> bool {
        let (a, b, width) = match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u128::from(u32::from(a)), u128::from(u32::from(b)), 32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
            _ => return false,
        };
        let host = width - u32::from(self.len);
        (a ^ b).checked_shr(host).unwrap_or(0) == 0
    }

    /// Returns what the address is that no machine can have; nothing for those of machines.
    pub(super) fn stands_for(&self) -> Option<&'static str> {
        let address = self.address;
        if address.is_unspecified() {
            return Some("stands for any address");
        }
        if address.is_multicast() {
            return Some("stands for a group of machines");
        }
        // Networks of one or two addresses have no such ones (RFC 3021).
        let IpAddr::V4(v4) = address else { return None };
        let host = u32::MAX.checked_shr(self.len.into()).unwrap_or(0);
        match u32::from(v4) & host {
            _ if v4.is_broadcast() => Some("stands for all machines of the link"),
            _ if self.len > 30 => None,
            0 => Some("stands for its whole network"),
            bits if bits == host => Some("stands for all machines of its network"),
            _ => None,
        }
    }

    /// Returns whether bits are set that are not the network's.
    pub(super) fn has_host_bits(&self) -> bool {
        let (bits, width) = match self.address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let host = width - u32::from(self.len);
        bits & !u128::MAX.checked_shl(host).unwrap_or(0) != 0
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, len) = text
            .split_once('/')
            .ok_or("has no length of the prefix, as in 10.0.0.5/24")?;
        let address: IpAddr = address.parse().map_err(|_| "is no address")?;
        let most = if address.is_ipv6() { 128 } else { 32 };
        match len.parse() {
            Ok(len) if len <= most => Ok(Self { address, len }),
            _ => Err(format!(
                "has a prefix of {len:?} bits; at most {most} are allowed"
            )),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (prefix, other, reached) in [
            ("10.0.0.5/24", "10.0.0.1", true),
            ("10.0.0.5/24", "10.0.1.1", false),
            ("10.0.0.5/0", "192.0.2.1", true),
            ("10.0.0.5/32", "10.0.0.4", false),
            ("10.0.0.5/31", "10.0.0.4", true),
            ("fd00::5/64", "fd00::ffff:1", true),
            ("fd00::5/64", "fd00:0:0:1::1", false),
            ("fd00::5/0", "fe80::1", true),
            ("10.0.0.5/8", "fd00::1", false),
        ] {
            let prefix: Prefix = prefix.parse().unwrap();
            assert_eq!(
                prefix.reaches(other.parse().unwrap()),
                reached,
                "{prefix} {other}"
            );
        }
    }

    #[test]
    fn addresses_of_no_machine() {
        for (text, is_one) in [
            ("10.0.0.0/24", false),
            ("10.0.0.1/24", true),
            ("10.0.0.255/24", false),
            ("10.0.0.255/16", true),
            ("10.0.0.0/31", true),
            ("10.0.0.1/32", true),
            ("10.0.0.3/30", false),
            ("0.0.0.0/0", false),
            ("255.255.255.255/32", false),
            ("255.255.255.254/32", true),
            ("224.0.0.1/24", false),
            ("fd00::/64", true),
            ("ff02::1/64", false),
            ("::/64", false),
        ] {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!(prefix.stands_for().is_none(), is_one, "{text}");
        }
    }

    #[test]
    fn prefixes() {
        for (text, mask, host_bits) in [
            ("10.0.0.5/24", "255.255.255.0", true),
            ("10.0.0.0/8", "255.0.0.0", false),
            ("0.0.0.0/0", "0.0.0.0", false),
            ("1.2.3.4/0", "0.0.0.0", true),
            ("1.2.3.4/32", "255.255.255.255", false),
            ("fd00::5/64", "64", true),
            ("::/0", "0", false),
            ("fd00::5/128", "128", false),
        ] {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!(prefix.to_string(), text);
            assert_eq!(
                (&*prefix.mask(), prefix.has_host_bits()),
                (mask, host_bits),
                "{text}"
            );
        }
        for text in [
            "",
            "10.0.0.5",
            "10.0.0.5/33",
            "::1/129",
            "10.0.0/8",
            "10.0.0.5/-1",
            "a/8",
        ] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}

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

//! Servers that know names, as recipes write them: `1.1.1.1`, `fe80::1%eth0`, `1.1.1.1#one.example`.

use std::net::IpAddr;

use crate::domain;
use crate::value::{Span, Spanned, ValueError};

/// A server with what may stand behind its address.
pub(crate) struct Nameserver {
    pub(crate) address: IpAddr,
    /// The interface that leads to it.
    pub(crate) zone: Option<String>,
    /// The name that its certificate has to have.
    certified: Option<String>,
    span: Span,
}

impl Nameserver {
    /// Reads a server.
    ///
    /// # Errors
    ///
    /// Fails when no server can have the address, and when what is behind it cannot be meant.
    pub(crate) fn parse(text: &Spanned<String>) -> Result<Self, ValueError> {
        let (rest, certified) = split(text, '#');
        let (address, zone) = split(rest, '%');
        // What Linux takes for the name of an interface, which is at most 15 bytes long.
        let is_zone = |zone: &str| {
            let is_sign = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ':');
            (1..=15).contains(&zone.len())
                && !matches!(zone, "." | "..")
                && zone.chars().all(is_sign)
        };
        let address = address.parse().ok().filter(|address| match address {
            IpAddr::V4(v4) => zone.is_none() && !v4.is_multicast() && !v4.is_broadcast(),
            IpAddr::V6(v6) => !v6.is_multicast() && zone.is_none_or(is_zone),
        });
        let Some(address) = address else {
            return Err(text.error(format!("{:?} is no IP address of a server", **text)));
        };
        if let Some(name) = certified {
            domain::check(name).map_err(|why| {
                let error = text.error(format!("{name:?} is in no certificate of a server"));
                error.help(format!("{why}; write it as in 1.1.1.1#one.example"))
            })?;
        }
        Ok(Self {
            address,
            zone: zone.map(str::to_owned),
            certified: certified.map(str::to_owned),
            span: text.span,
        })
    }

    /// Fails for a server with a name, which some files have no form for.
    pub(crate) fn check_nameless(&self, file: &str) -> Result<(), ValueError> {
        match &self.certified {
            Some(name) => {
                let message = format!("{file} has no form for the name of a server, #{name}");
                Err(self.error(message).help("leave it out"))
            }
            None => Ok(()),
        }
    }

    /// Returns the server without the interface, for files that say it elsewhere.
    pub(crate) fn without_zone(&self) -> String {
        match &self.certified {
            Some(name) => format!("{}#{name}", self.address),
            None => self.address.to_string(),
        }
    }

    pub(crate) fn error(&self, message: String) -> ValueError {
        ValueError::new(self.span, message)
    }
}

fn split(text: &str, sign: char) -> (&str, Option<&str>) {
    match text.split_once(sign) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

//! The name of an image in a registry: `HOST/NAME:TAG@DIGEST`.

use std::fmt;
#[cfg(feature = "net")]
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::oci::Digest;

/// Where names without a host are looked up, as Docker does.
const DOCKER_HUB: &str = "docker.io";
/// The longest name, in bytes (OCI distribution-spec: 255 with the host).
const LONGEST: usize = 255;
/// The longest tag, in bytes.
const LONGEST_TAG: usize = 128;

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host, with its port where it is not the usual one.
    host: String,
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl FromStr for Reference {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (host, rest) = match rest.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => (DOCKER_HUB, rest),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        if !is_host(host) {
            return Err("has no host like `registry.example.com:5000`");
        }
        let is_part = |part: &str| {
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let mut between = part.split(is_word).filter(|text| !text.is_empty());
            let is_between =
                |text: &str| matches!(text, "." | "_" | "__") || text.bytes().all(|b| b == b'-');
            part.starts_with(is_word) && part.ends_with(is_word) && between.all(is_between)
        };
        if name.len() > LONGEST || !name.split('/').all(is_part) {
            return Err("has no name like `library/debian`, in small letters");
        }
        let is_tag = |tag: &str| {
            let is_tag = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            (1..=LONGEST_TAG).contains(&tag.len())
                && tag.bytes().all(is_tag)
                && !tag.starts_with(['.', '-'])
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err("has no tag like `12.5`");
        }
        let name = match host == DOCKER_HUB && !name.contains('/') {
            true => format!("library/{name}"),
            false => name.to_owned(),
        };
        Ok(Self {
            host: host.to_owned(),
            name,
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// Returns whether a text is a host, perhaps with a port.
fn is_host(text: &str) -> bool {
    let (is_name, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok(), rest),
        None => {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            let is_letter = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
            (!name.is_empty() && name.bytes().all(is_letter), rest)
        }
    };
    let is_port = |rest: &str| {
        rest.strip_prefix(':')
            .is_some_and(|p| p.parse::<u16>().is_ok())
    };
    is_name && (rest.is_empty() || is_port(rest))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci:{}/{}", self.host, self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "net")]
impl Reference {
    /// Returns the host as users log in there.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path of the image's repository at its host.
    pub(super) fn repository(&self) -> &str {
        &self.name
    }

    /// Returns the address of something of the image.
    pub(super) fn url(&self, what: &str) -> String {
        let host = match &*self.host {
            DOCKER_HUB => "registry-1.docker.io",
            host => host,
        };
        // As Docker does: nobody listens between a machine and itself.
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_loopback = |name: &str| name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback());
        let is_here = name == "localhost" || host.starts_with("[::1]") || is_loopback(name);
        let scheme = if is_here { "http" } else { "https" };
        format!("{scheme}://{host}/v2/{}/{what}", self.name)
    }

    /// Returns what the registry knows the manifest by.
    pub(super) fn manifest(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Returns the digest that the image has to have.
    pub(super) fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns what a token is asked for.
    pub(super) fn scope(&self) -> String {
        format!("repository:{}:pull", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, want) in [
            ("debian", "oci:docker.io/library/debian"),
            ("debian:12", "oci:docker.io/library/debian:12"),
            ("me/app", "oci:docker.io/me/app"),
            ("localhost/app:1", "oci:localhost/app:1"),
            (
                "127.0.0.1:5000/a/b-c/d:v1.2_3",
                "oci:127.0.0.1:5000/a/b-c/d:v1.2_3",
            ),
            ("[::1]:5000/app", "oci:[::1]:5000/app"),
            (
                &format!("ghcr.io/a/b@{digest}"),
                &format!("oci:ghcr.io/a/b@{digest}"),
            ),
            (
                &format!("ghcr.io/a:1@{digest}"),
                &format!("oci:ghcr.io/a:1@{digest}"),
            ),
        ] {
            assert_eq!(Reference::from_str(text).unwrap().to_string(), want);
        }
        for text in [
            "",
            "/",
            "a/",
            "Debian",
            "debian:",
            "debian:-x",
            "host.example/",
            "a//b",
            "a b",
            "h.example/../x",
            "h\u{e9}.example/x",
            "debian@12",
            "debian:1:2/x",
            "-a",
            "a-",
        ] {
            assert!(Reference::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for (host, scheme) in [
            ("localhost", "http"),
            ("localhost:5000", "http"),
            ("127.0.0.1:5000", "http"),
            ("127.1.2.3", "http"),
            ("[::1]:5000", "http"),
            ("[::1]", "http"),
            ("127.evil.example", "https"),
            ("localhost.example:80", "https"),
            ("ghcr.io", "https"),
        ] {
            let url = Reference::from_str(&format!("{host}/a")).unwrap().url("x");
            assert_eq!(url, format!("{scheme}://{host}/v2/a/x"));
        }
    }
}

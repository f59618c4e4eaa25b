//! Words about who may come in and what may pass: ways to log in, users with the hosts that they
//! come from, places to forward to.

use std::net::IpAddr;

/// The ways to log in that OpenSSH has, GSSAPI's where it is built in.
const METHODS: [&str; 7] = [
    "none",
    "publickey",
    "password",
    "keyboard-interactive",
    "hostbased",
    "gssapi-with-mic",
    "gssapi-keyex",
];

/// Returns whether each word is a list of methods that all have to succeed; `any` stands alone.
pub(super) fn are_methods(words: &[&str]) -> bool {
    let is_method = |method: &str| {
        let name = method.split(':').next().unwrap_or(method);
        METHODS.contains(&name)
    };
    words == ["any"] || words.iter().all(|list| list.split(',').all(is_method))
}

/// Returns whether it is a pattern of users, behind which `@` and hosts may be.
pub(super) fn is_user(word: &str) -> bool {
    match word.rsplit_once('@') {
        None => !word.is_empty(),
        Some((_, hosts)) => hosts.split(',').all(is_host),
    }
}

/// A name with wildcards, an address, or the address of a network with its bits.
fn is_host(word: &str) -> bool {
    let word = word.strip_prefix('!').unwrap_or(word);
    let Some((address, bits)) = word.split_once('/') else {
        return !word.is_empty();
    };
    let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    // sshd wants nothing of the host in the address of a network.
    match address {
        IpAddr::V4(v4) => bits <= 32 && v4.to_bits().checked_shl(bits).unwrap_or(0) == 0,
        IpAddr::V6(v6) => bits <= 128 && v6.to_bits().checked_shl(bits).unwrap_or(0) == 0,
    }
}

/// Returns whether all are `host:port`, or one is a word for every place or for none.
pub(super) fn are_places(words: &[&str]) -> bool {
    let is_place = |word: &&str| {
        let port = match word.strip_prefix('[') {
            Some(rest) => rest.split_once("]:").map(|(_, port)| port),
            None => word.split_once(':').map(|(_, port)| port),
        };
        let is_host = !word.starts_with(':') && !word.contains('/');
        is_host && port.is_some_and(is_port)
    };
    matches!(words, ["any" | "none"]) || words.iter().all(is_place)
}

/// Does what [`are_places`] does, for places that may be a port alone.
pub(super) fn are_listeners(words: &[&str]) -> bool {
    let is_right = |word: &&str| is_port(word) || are_places(&[word]) && word.contains(':');
    matches!(words, ["any" | "none"]) || words.iter().all(is_right)
}

fn is_port(word: &str) -> bool {
    word == "*" || super::argument::is_port(word)
}

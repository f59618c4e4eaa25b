//! `hostname`: sets the name of the machine.
//!
//! Writes `/etc/hostname`, and keeps `/etc/hosts` in step where the image has one: the line of
//! 127.0.1.1 (Debian's place for the machine's own name) gets the new name, and so has every other
//! line that has the old one. Where none is left that has it, and nss-myhostname(8) does not know it
//! anyway, a line is added. See hostname(5), hosts(5), nsswitch.conf(5).

mod hosts;

use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

/// The longest name that Linux keeps, in bytes (`HOST_NAME_MAX`).
const LONGEST: usize = 64;

/// The longest part between dots, in bytes (RFC 1123, section 2.1).
const LONGEST_LABEL: usize = 63;

/// Names of the machine itself, alone or with parts in front: RFC 6761, section 6.3, and what
/// systemd takes for the same.
const LOCAL: [&str; 2] = ["localhost", "localhost.localdomain"];

pub(crate) const MODULE: Module = Module {
    name: "hostname",
    summary: "sets the name of the machine",
    details: "\
Writes `/etc/hostname`. In `/etc/hosts`, where the image has one, the line of 127.0.1.1 gets the new
name, and so has every other line that has the old one. Where no line has the name then, 127.0.1.1
gets one, as on Debian: sudo and others would not find their own machine. Systems that have
`myhostname` in nsswitch.conf, such as Fedora, need none and get none. `localhost`, and names that
programs read as an address, such as 1.2.3.4 or 7, are refused.",
    keys: &["hostname"],
    options: &[OptionDoc::required(
        "hostname",
        Shape::Text,
        "the name, alone or with its domain",
    )],
    example: "modules: [hostname]\nhostname: web1.example.com\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The name, alone or with its domain.
    hostname: Spanned<String>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { hostname } = cfg.options()?;
    check_name(&hostname).map_err(|why| hostname.error(format!("hostname {:?} {why}", *hostname)))
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { hostname } = cfg.options()?;
    let old = root.read_if_exists("/etc/hostname")?.unwrap_or_default();
    if let Some(text) = root.read_if_exists("/etc/hosts")? {
        let mut text = hosts::rename(&text, first_word(&old), hostname.as_bytes());
        if !hosts::knows_itself(root)? {
            text = hosts::with_own_line(text, hostname.as_bytes());
        }
        root.write("/etc/hosts", text)?;
    }
    root.write("/etc/hostname", with_name(&old, &hostname))?;
    Ok(())
}

/// Checks the form of a name: RFC 1123, section 2.1.
fn check_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST {
        return Err(format!(
            "has {} bytes; Linux keeps at most {LONGEST}",
            name.len()
        ));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err("has an empty part; parts are joined by single dots".to_owned());
        }
        if label.len() > LONGEST_LABEL {
            let len = label.len();
            return Err(format!(
                "has a part of {len} bytes; at most {LONGEST_LABEL} are allowed"
            ));
        }
        if let Some(wrong) = label
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            return Err(format!(
                "has {wrong:?}; only letters, digits, `-` and `.` are allowed"
            ));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("has a part that starts or ends with `-`".to_owned());
        }
    }
    if is_address(name) {
        return Err("is read as an address, not looked up as a name".to_owned());
    }
    let small = name.to_ascii_lowercase();
    let mut ends = LOCAL.iter().map(|local| small.strip_suffix(local));
    if ends.any(|start| start.is_some_and(|start| start.is_empty() || start.ends_with('.'))) {
        return Err("is what every machine calls itself, not the name of one".to_owned());
    }
    Ok(())
}

/// Returns whether inet_aton(3), and with it getaddrinfo(3), takes a name for an IPv4 address: up
/// to four numbers, in the bases of C.
fn is_address(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    let number = |part: &&str| {
        let small = part.to_ascii_lowercase();
        let (digits, base) = match (small.strip_prefix("0x"), small.strip_prefix('0')) {
            (Some(""), _) => return None,
            (Some(digits), _) => (digits, 16),
            (None, Some(digits)) => (digits, 8),
            (None, None) => (&*small, 10),
        };
        match digits {
            "" => Some(0),
            digits => u32::from_str_radix(digits, base).ok(),
        }
    };
    let numbers: Option<Vec<u32>> = parts.iter().map(number).collect();
    let Some(numbers) = numbers else {
        return false;
    };
    // The last one has all bytes that those before it have not.
    match &numbers[..] {
        [first @ .., last] if first.len() < 4 => {
            let most = u32::MAX >> (8 * first.len());
            first.iter().all(|byte| *byte < 256) && *last <= most
        }
        _ => false,
    }
}

/// Returns the old name: hostname(5) allows comments above it.
fn first_word(file: &[u8]) -> &[u8] {
    let mut lines = file.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let name = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    name.unwrap_or_default()
}

/// Returns the file with another name; comments stay.
fn with_name(file: &[u8], name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in file.split_inclusive(|b| *b == b'\n') {
        if line.trim_ascii_start().starts_with(b"#") {
            out.extend_from_slice(line);
        }
    }
    if out.last().is_some_and(|b| *b != b'\n') {
        out.push(b'\n');
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{image, read, step, value};

    #[test]
    fn comments_stay() {
        for (before, after) in [
            ("", "web1\n"),
            ("old", "web1\n"),
            ("# mine\n\nold\n", "# mine\nweb1\n"),
            ("# mine", "# mine\nweb1\n"),
            ("web1\r\n", "web1\n"),
        ] {
            assert_eq!(with_name(before.as_bytes(), "web1"), after.as_bytes());
        }
    }

    #[test]
    fn both_files_change_once() {
        for (hosts, after) in [
            (Some("127.0.1.1\told\n"), Some("127.0.1.1\tweb1\n")),
            (None, None),
        ] {
            let mut files = vec![("/etc/hostname", "old\n")];
            files.extend(hosts.map(|hosts| ("/etc/hosts", hosts)));
            let mut tree = image(&files);
            let mut run = || step(&mut tree, "hostname", &value!({"hostname": "web1"})).unwrap();
            let paths = run().changes.len();
            assert_eq!(paths, files.len());
            assert_eq!(run().changes, []);
            assert_eq!(read(&tree, "/etc/hostname"), "web1\n");
            let there = tree.resolve(b"/etc/hosts").is_ok();
            assert_eq!(there.then(|| read(&tree, "/etc/hosts")).as_deref(), after);
        }
        let bad = step(&mut image(&[]), "hostname", &value!({"hostname": "a_b"})).unwrap_err();
        let message = "hostname \"a_b\" has '_'; only letters, digits, `-` and `.` are allowed";
        assert_eq!(bad.to_string(), message);
    }

    #[test]
    fn names() {
        let label = "a".repeat(63);
        for (name, ok) in [
            ("web1", true),
            ("WEB-1.example.com", true),
            ("1a", true),
            ("1.2.3.com", true),
            ("256.1.1.1", true),
            ("1.2.3.4.5", true),
            ("0x", true),
            ("08", true),
            ("1", false),
            ("1.2.3.4", false),
            ("0x7f.1", false),
            ("4294967296", true),
            ("localhost", false),
            ("LocalHost", false),
            ("web.localhost", false),
            ("localhost.localdomain", false),
            ("mylocalhost", true),
            ("localhost.example.com", true),
            (&*label, true),
            (&format!("{label}a"), false),
            (&format!("{}.{}", "a".repeat(32), "b".repeat(31)), true),
            (&format!("{}.{}", "a".repeat(32), "b".repeat(32)), false),
            ("", false),
            (".", false),
            ("a.", false),
            (".a", false),
            ("a..b", false),
            ("-a", false),
            ("a-", false),
            ("a.-b", false),
            ("a_b", false),
            ("a b", false),
            ("a\n", false),
            ("b\u{fc}ro", false),
        ] {
            assert_eq!(check_name(name).is_ok(), ok, "{name:?}");
        }
    }

    #[test]
    fn the_old_name() {
        for (file, name) in [
            ("web1\n", "web1"),
            ("# comment\n\n web1 \n", "web1"),
            ("", ""),
            ("#only\n", ""),
        ] {
            assert_eq!(first_word(file.as_bytes()), name.as_bytes());
        }
    }
}

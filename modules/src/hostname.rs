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

pub(crate) const MODULE: Module = Module {
    name: "hostname",
    summary: "sets the name of the machine",
    details: "\
Writes `/etc/hostname`. In `/etc/hosts`, where the image has one, the line of 127.0.1.1 gets the new
name, and so has every other line that has the old one. Where no line has the name then, 127.0.1.1
gets one, as on Debian: sudo and others would not find their own machine. Systems that have
`myhostname` in nsswitch.conf, such as Fedora, need none and get none.",
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
    let before = root.read_if_exists("/etc/hostname")?.unwrap_or_default();
    root.write("/etc/hostname", with_name(&before, &hostname))?;
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
    Ok(())
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
    use crate::kit::{image, read, step, value};

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
            ("1", true),
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

//! `hostname`: sets the name of the machine.
//!
//! Writes `/etc/hostname`, and keeps `/etc/hosts` in step where the image has one: the line of
//! 127.0.1.1 (Debian's place for the machine's own name) gets the new name, and so has every other
//! line that has the old one. See hostname(5), hosts(5).

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
name, and so has every other line that has the old one.",
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
    if let Some(hosts) = root.read_if_exists("/etc/hosts")? {
        root.write(
            "/etc/hosts",
            rename(&hosts, first_word(&old), hostname.as_bytes()),
        )?;
    }
    root.write("/etc/hostname", format!("{}\n", *hostname))?;
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

/// Returns `/etc/hosts` with the machine's new name in place of its old one.
fn rename(hosts: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    // Every machine stays localhost, whatever else it is called.
    let old = if short(old) == b"localhost" { b"" } else { old };
    let mut own_line_seen = false;
    let mut out = Vec::with_capacity(hosts.len() + new.len());
    for line in hosts.split_inclusive(|b| *b == b'\n') {
        let end = line
            .iter()
            .position(|b| b"#\n".contains(b))
            .unwrap_or(line.len());
        let (entry, rest) = line.split_at(end);
        let mut words = entry
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        if words.next() == Some(b"127.0.1.1") && !own_line_seen {
            own_line_seen = true;
            let names: Vec<_> = if short(new) == new {
                vec![new]
            } else {
                vec![new, short(new)]
            };
            if !words.eq(names.iter().copied()) {
                out.extend_from_slice(b"127.0.1.1\t");
                out.extend_from_slice(&names.join(&b' '));
                out.extend_from_slice(if rest.starts_with(b"#") { b" " } else { b"" });
                out.extend_from_slice(rest);
                continue;
            }
        }
        for word in entry.split_inclusive(u8::is_ascii_whitespace) {
            let name = word.trim_ascii_end();
            let name = match name {
                b"" => name,
                _ if name == old => new,
                _ if name == short(old) => short(new),
                _ => name,
            };
            out.extend_from_slice(name);
            out.extend_from_slice(&word[word.trim_ascii_end().len()..]);
        }
        out.extend_from_slice(rest);
    }
    out
}

/// Returns a name without its domain.
fn short(name: &[u8]) -> &[u8] {
    name.split(|b| *b == b'.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn hosts_files() {
        for (old, new, before, after) in [
            // Debian
            (
                "debian",
                "web1",
                "127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n",
                "127.0.0.1\tlocalhost\n127.0.1.1\tweb1\n",
            ),
            (
                "debian",
                "web1.example.com",
                "127.0.1.1 debian.lan debian # me\n",
                "127.0.1.1\tweb1.example.com web1 # me\n",
            ),
            ("", "web1", "127.0.1.1\n", "127.0.1.1\tweb1\n"),
            ("", "web1", "127.0.1.1 x", "127.0.1.1\tweb1"),
            (
                "a",
                "b",
                "127.0.1.1 a\n127.0.1.1 other\n",
                "127.0.1.1\tb\n127.0.1.1 other\n",
            ),
            // The line is right already: its spaces stay.
            (
                "x",
                "web1",
                "127.0.1.1   web1  # me\n",
                "127.0.1.1   web1  # me\n",
            ),
            // Fedora, Alpine
            (
                "alpine",
                "web1",
                "127.0.0.1\talpine localhost\n::1 localhost alpine\n",
                "127.0.0.1\tweb1 localhost\n::1 localhost web1\n",
            ),
            (
                "a.lan",
                "b.lan",
                "10.0.0.1 a.lan a aa a.lan.x\n",
                "10.0.0.1 b.lan b aa a.lan.x\n",
            ),
            (
                "localhost",
                "web1",
                "127.0.0.1 localhost\n",
                "127.0.0.1 localhost\n",
            ),
            (
                "localhost.localdomain",
                "web1",
                "::1 localhost localhost.localdomain\n",
                "::1 localhost localhost.localdomain\n",
            ),
            ("a", "b", "# a\n\n1.1.1.1 x # a\n", "# a\n\n1.1.1.1 x # a\n"),
            ("", "b", "", ""),
        ] {
            let once = rename(before.as_bytes(), old.as_bytes(), new.as_bytes());
            assert_eq!(std::str::from_utf8(&once).unwrap(), after, "{before:?}");
            assert_eq!(
                rename(&once, new.as_bytes(), new.as_bytes()),
                once,
                "{before:?} twice"
            );
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

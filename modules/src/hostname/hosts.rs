//! `/etc/hosts`: the lines that have the machine's own name.

use crate::{Root, RootError};

/// Returns `/etc/hosts` with the machine's new name in place of its old one.
pub(super) fn rename(hosts: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
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
            let said: Vec<_> = words.collect();
            let names = with_aliases(&said, old, new);
            if said != names {
                out.extend_from_slice(b"127.0.1.1\t");
                out.extend_from_slice(&names.join(&b' '));
                out.extend_from_slice(if rest.starts_with(b"#") { b" " } else { b"" });
                out.extend_from_slice(rest);
                continue;
            }
        }
        let mut is_address = true;
        for word in entry.split_inclusive(u8::is_ascii_whitespace) {
            let name = word.trim_ascii_end();
            let name = match name {
                b"" => name,
                // The first one is no name, whatever the machine was called.
                _ if is_address => {
                    is_address = false;
                    name
                }
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

/// Returns the names for the machine's own line: the new ones in place of the old, and the rest as
/// it was. The first name is the machine's, whatever it was called.
fn with_aliases<'n>(said: &[&'n [u8]], old: &[u8], new: &'n [u8]) -> Vec<&'n [u8]> {
    let own = match said.first() {
        Some(first) if !said.iter().any(|name| *name == old || *name == short(old)) => short(first),
        _ => short(old),
    };
    let mut names = names(new);
    for (at, name) in said.iter().enumerate() {
        let is_own = *name == old || *name == own || at == 0 && short(name) == own;
        if !is_own && !names.contains(name) {
            names.push(name);
        }
    }
    names
}

/// Returns whether the image finds its own name without any file.
pub(super) fn knows_itself(root: &Root<'_>) -> Result<bool, RootError> {
    let files = ["/etc/nsswitch.conf", "/usr/etc/nsswitch.conf"];
    let Some(file) = files.into_iter().find(|file| root.is_file(file)) else {
        return Ok(false);
    };
    let mut lines = root.lines(file)?.into_iter();
    Ok(lines.any(|line| {
        let line = line.split(|b| *b == b'#').next().unwrap_or_default();
        let sources = line.trim_ascii_start().strip_prefix(b"hosts:");
        let mut words = sources.unwrap_or_default().split(u8::is_ascii_whitespace);
        words.any(|word| word == b"myhostname")
    }))
}

/// Adds a line for the machine's own name behind that of localhost, unless a line has the name.
pub(super) fn with_own_line(mut hosts: Vec<u8>, name: &[u8]) -> Vec<u8> {
    let mut at = 0;
    let mut behind = None;
    for line in hosts.split_inclusive(|b| *b == b'\n') {
        at += line.len();
        let entry = line.split(|b| *b == b'#').next().unwrap_or_default();
        let words = entry.split(u8::is_ascii_whitespace);
        let mut words = words.filter(|word| !word.is_empty());
        if words.next() == Some(b"127.0.0.1") && behind.is_none() {
            behind = Some(at);
        }
        if words.any(|word| word == name) {
            return hosts;
        }
    }
    let at = behind.unwrap_or(hosts.len());
    let start: &[u8] = if hosts[..at].last().is_none_or(|b| *b == b'\n') {
        b""
    } else {
        b"\n"
    };
    let line = [start, b"127.0.1.1\t", &names(name).join(&b' '), b"\n"].concat();
    hosts.splice(at..at, line);
    hosts
}

/// Returns the names that a line has for the machine: the whole one first.
fn names(name: &[u8]) -> Vec<&[u8]> {
    if short(name) == name {
        vec![name]
    } else {
        vec![name, short(name)]
    }
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
            (
                "127.0.0.1",
                "web1",
                "127.0.0.1 localhost\n",
                "127.0.0.1 localhost\n",
            ),
            ("", "web1", "127.0.1.1 x", "127.0.1.1\tweb1"),
            (
                "a",
                "b",
                "127.0.1.1 a\n127.0.1.1 other\n",
                "127.0.1.1\tb\n127.0.1.1 other\n",
            ),
            // What else the machine is called there, it stays.
            (
                "old",
                "web1.lan",
                "127.0.1.1 old.lan db old cache # me\n",
                "127.0.1.1\tweb1.lan web1 db cache # me\n",
            ),
            (
                "other",
                "web1",
                "127.0.1.1 old.lan old db web1\n",
                "127.0.1.1\tweb1 db\n",
            ),
            (
                "old",
                "web1.lan",
                "127.0.1.1 db old web1.example web1.lan\n",
                "127.0.1.1\tweb1.lan web1 db web1.example\n",
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
    fn the_machine_finds_itself() {
        let debian = (
            "/etc/nsswitch.conf",
            "hosts: files dns\n#hosts: myhostname\n",
        );
        let fedora = (
            "/etc/nsswitch.conf",
            "passwd: files\nhosts: files myhostname dns\n",
        );
        let suse = ("/usr/etc/nsswitch.conf", "hosts:\tfiles myhostname\n");
        let local = "127.0.0.1\tlocalhost\n::1\tlocalhost\n";
        let own = "127.0.0.1\tlocalhost\n127.0.1.1\tweb1.lan web1\n::1\tlocalhost\n";
        for (nsswitch, before, after) in [
            (Some(debian), local, own),
            (None, local, own),
            (Some(fedora), local, local),
            (Some(suse), local, local),
            (Some(debian), "", "127.0.1.1\tweb1.lan web1\n"),
            (
                Some(debian),
                "# web1\n10.0.0.1 other",
                "# web1\n10.0.0.1 other\n127.0.1.1\tweb1.lan web1\n",
            ),
            (
                Some(debian),
                "127.0.0.1 web1\n",
                "127.0.0.1 web1\n127.0.1.1\tweb1.lan web1\n",
            ),
            (Some(debian), "10.0.0.7 web1.lan\n", "10.0.0.7 web1.lan\n"),
            (
                Some(debian),
                "127.0.0.1 localhost old\n",
                "127.0.0.1 localhost web1.lan\n",
            ),
        ] {
            let mut files = vec![("/etc/hostname", "old\n"), ("/etc/hosts", before)];
            files.extend(nsswitch);
            let mut tree = image(&files);
            let recipe = value!({"hostname": "web1.lan"});
            step(&mut tree, "hostname", &recipe).unwrap();
            assert_eq!(step(&mut tree, "hostname", &recipe).unwrap().changes, []);
            assert_eq!(read(&tree, "/etc/hosts"), after, "{nsswitch:?}");
        }
    }
}

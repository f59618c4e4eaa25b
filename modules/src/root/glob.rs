//! Paths by pattern: `*`, `?`, `[a-z]`, `[!a-z]`, and `**` for any directories in between.
//!
//! As in shells, a name that starts with `.` is found only by a pattern that does. `**` does not go
//! through links; `*` and names do.

use std::collections::BTreeSet;

use super::{Root, RootError, join};

/// The most memory for what a pattern of others finds, in bytes: enough for millions of paths. Links
/// that lead back up let it find all files again on each level.
const LIMIT: usize = 512 << 20;

/// What each path takes beside its bytes, about.
const PER_PATH: usize = 64;

/// Paths in byte order, and how many bytes of memory they may still take.
struct Paths {
    paths: BTreeSet<Vec<u8>>,
    left: usize,
}

impl Paths {
    /// Adds a path; nothing when that is beyond the limit.
    fn add(&mut self, path: Vec<u8>) -> Option<()> {
        let bytes = path.len() + PER_PATH;
        if self.paths.insert(path) {
            self.left = self.left.checked_sub(bytes)?;
        }
        Some(())
    }
}

impl Root<'_> {
    /// Returns the paths that a pattern finds, absolute and in byte order; dangling links are
    /// among them. A pattern without any of the signs finds the path that it is.
    pub fn glob(&self, pattern: impl AsRef<[u8]>) -> Vec<Vec<u8>> {
        let found = self.found(pattern.as_ref(), usize::MAX);
        found.unwrap_or_default()
    }

    /// As [`Root::glob`], for patterns of which nothing is known.
    ///
    /// # Errors
    ///
    /// Fails when a pattern finds more than anybody could use.
    pub fn glob_any(&self, pattern: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, RootError> {
        let pattern = pattern.as_ref();
        self.found(pattern, LIMIT)
            .ok_or_else(|| RootError::ManyPaths {
                pattern: pattern.to_vec(),
            })
    }

    fn found(&self, pattern: &[u8], limit: usize) -> Option<Vec<Vec<u8>>> {
        let parts = pattern.split(|b| *b == b'/');
        let mut parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.dedup_by(|a, b| a == b"**" && b == b"**");
        let mut found = BTreeSet::from([b"/".to_vec()]);
        for (i, part) in parts.iter().enumerate() {
            let mut next = Paths {
                paths: BTreeSet::new(),
                left: limit,
            };
            for path in &found {
                match *part {
                    b"**" => self.add_below(path, i + 1 == parts.len(), &mut next)?,
                    name if !name.iter().any(|b| b"*?[".contains(b)) => {
                        let path = join(path, name);
                        if self.lstat(&path).is_ok() {
                            next.add(path)?;
                        }
                    }
                    pattern => self.add_matches(path, pattern, &mut next)?,
                }
            }
            found = next.paths;
        }
        Some(found.into_iter().collect())
    }

    /// Adds a directory and all directories below it; with `files`, all else as well.
    fn add_below(&self, path: &[u8], files: bool, found: &mut Paths) -> Option<()> {
        let mut todo: Vec<_> = self.resolve_directory(path).into_iter().collect();
        let mut paths = vec![path.to_vec()];
        while let (Some(id), Some(path)) = (todo.pop(), paths.pop()) {
            for (name, child) in self.tree.entries(id) {
                if name.starts_with(b".") {
                    continue;
                }
                if self.tree.is_directory(child) {
                    todo.push(child);
                    paths.push(join(&path, name));
                } else if files {
                    found.add(join(&path, name))?;
                }
            }
            found.add(path)?;
        }
        Some(())
    }

    fn add_matches(&self, path: &[u8], pattern: &[u8], found: &mut Paths) -> Option<()> {
        let Ok(id) = self.resolve_directory(path) else {
            return Some(());
        };
        let names = self.tree.entries(id).map(|(name, _)| name);
        let mut names = names
            .filter(|name| pattern.starts_with(b".") || !name.starts_with(b"."))
            .filter(|name| matches(pattern, name));
        names.try_for_each(|name| found.add(join(path, name)))
    }
}

/// Returns whether a pattern of one name matches it, as fnmatch(3) does with `FNM_NOESCAPE`.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last `*` does not match: it takes one byte more.
    let mut retry = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            (Some(b'?'), Some(_)) => Some(p + 1),
            (Some(b'['), Some(byte)) => match set(&pattern[p + 1..], *byte) {
                Some((holds, len)) => holds.then_some(p + 1 + len),
                None => (*byte == b'[').then_some(p + 1),
            },
            (Some(sign), Some(byte)) => (sign == byte).then_some(p + 1),
            (Some(_), None) | (None, Some(_)) => None,
        };
        (p, n) = match (step, retry) {
            (Some(next), _) => (next, n + 1),
            (None, Some((after, taken))) if taken < name.len() => {
                retry = Some((after, taken + 1));
                (after, taken + 1)
            }
            (None, _) => return false,
        };
    }
}

/// Returns whether a set holds a byte, and how long the set is with its `]`; nothing when it has
/// no end. `]` right at the start is one of the set.
fn set(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let close = pattern.iter().skip(start + 1).position(|b| *b == b']')?;
    let end = start + 1 + close;
    let (mut at, mut holds) = (start, false);
    while at < end {
        let first = pattern[at];
        let last = match pattern[at + 1..end] {
            [b'-', last, ..] => {
                at += 2;
                last
            }
            _ => first,
        };
        holds |= (first..=last).contains(&byte);
        at += 1;
    }
    Some((holds != negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image};

    #[test]
    fn names() {
        let many = [b'a'; 255];
        for (pattern, name, want) in [
            (&b"*"[..], &b"abc"[..], true),
            (b"*", b"", true),
            (b"a*c", b"abbc", true),
            (b"a*c", b"abcd", false),
            (b"*.conf", b"a.conf.conf", true),
            (b"a?c", b"abc", true),
            (b"a?c", b"ac", false),
            (b"[a-c]x", b"bx", true),
            (b"[a-c]x", b"dx", false),
            (b"[!a-c]x", b"dx", true),
            (b"[^a-c]x", b"ax", false),
            (b"[]]", b"]", true),
            (b"[!]]", b"]", false),
            (b"[a-]", b"-", true),
            (b"[z-a]", b"m", false),
            (b"[*]", b"*", true),
            (b"[*]", b"a", false),
            (b"[a", b"[a", true),
            (b"[", b"[", true),
            (b"[!", b"[!", true),
            (b"\xff*", b"\xff\xfe", true),
            (b"*a*a*a*a*a*a*a*a*b", &many, false),
        ] {
            let shown = (pattern.escape_ascii(), name.escape_ascii());
            assert_eq!(matches(pattern, name), want, "{} {}", shown.0, shown.1);
        }
    }

    #[test]
    fn paths() {
        let mut tree = image(&[
            ("/etc/a.conf", ""),
            ("/etc/b.conf", ""),
            ("/etc/.hidden.conf", ""),
            ("/etc/d/c.conf", ""),
            ("/etc/d/e/f.conf", ""),
            ("/etc/.git/g.conf", ""),
            ("/etc/self@", "."),
            ("/etc/dangling.conf@", "nope"),
            ("/lib@", "usr/lib"),
            ("/usr/lib/l.conf", ""),
        ]);
        let host = Files::default();
        let root = Root::new(&mut tree, &host, NOW);
        for (pattern, want) in [
            ("/etc/*.conf", "/etc/a.conf /etc/b.conf /etc/dangling.conf"),
            ("etc/[ab].conf", "/etc/a.conf /etc/b.conf"),
            ("/etc/.*.conf", "/etc/.hidden.conf"),
            (
                "/etc/*/*.conf",
                "/etc/d/c.conf /etc/self/a.conf /etc/self/b.conf /etc/self/dangling.conf",
            ),
            (
                "/etc/**/*.conf",
                "/etc/a.conf /etc/b.conf /etc/d/c.conf /etc/d/e/f.conf /etc/dangling.conf",
            ),
            ("/etc/**/**/f.conf", "/etc/d/e/f.conf"),
            ("/etc/d/**", "/etc/d /etc/d/c.conf /etc/d/e /etc/d/e/f.conf"),
            ("/lib/*", "/lib/l.conf"),
            ("**/l.conf", "/usr/lib/l.conf"),
            ("/etc/motd", ""),
            ("/nope/*", ""),
            ("/etc/a.conf/*", ""),
            ("/../etc/a.con?", "/../etc/a.conf"),
            ("/", "/"),
            ("", "/"),
            ("/etc/a.conf", "/etc/a.conf"),
            ("/etc/dangling.conf", "/etc/dangling.conf"),
        ] {
            let found = root.glob(pattern);
            let found: Vec<_> = found
                .iter()
                .map(|p| std::str::from_utf8(p).unwrap())
                .collect();
            assert_eq!(found.join(" "), want, "{pattern}");
        }
    }

    #[test]
    fn links_that_lead_back_up() {
        let mut tree = image(&[("/a@", "."), ("/b@", "."), ("/c", "")]);
        let host = Files::default();
        let root = Root::new(&mut tree, &host, NOW);
        for (pattern, limit, want) in [
            (&b"/*/*"[..], 1000, Some(6)),
            (
                b"/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*",
                1 << 20,
                None,
            ),
            (b"/**/*", 100, None),
            (b"/c", 60, None),
        ] {
            let found = root.found(pattern, limit).map(|found| found.len());
            assert_eq!(found, want, "{}", pattern.escape_ascii());
        }
    }
}

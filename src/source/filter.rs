//! Which paths of a source are wanted.

use std::str::FromStr;

use modules::glob_matches;

use super::name::names;

/// A path by pattern, as in `.gitignore` without `!`: `*`, `?`, `[a-z]`, and `**` for any
/// directories in between.
///
/// A pattern with a `/` before its end starts at the root of the source; one without is any name
/// at any depth. With a `/` at its end it means directories only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Vec<u8>>,
    directories_only: bool,
}

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts: Vec<Vec<u8>> = names(text.as_bytes()).map(Into::into).collect();
        if parts.iter().any(|part| part == b"..") {
            return Err("holds `..`, which no path here has");
        }
        let trimmed = text.trim_end_matches('/');
        if text.starts_with('!') {
            return Err("starts with `!`; what is wanted after all goes into `include:`");
        }
        if text.is_empty() {
            return Err("is empty");
        }
        if !trimmed.contains('/') && !parts.is_empty() {
            parts.insert(0, b"**".to_vec());
        }
        parts.dedup_by(|a, b| a == b"**" && b == b"**");
        // The root is a directory anyway.
        let directories_only = text.ends_with('/') && !parts.is_empty();
        Ok(Self {
            parts,
            directories_only,
        })
    }
}

/// How a pattern goes with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// It means a directory that the path lies below.
    Above,
    /// It means the path.
    Itself,
}

impl Pattern {
    /// Returns whether it means this path, and not one above it.
    pub(super) fn is(&self, path: &[u8], is_directory: bool) -> bool {
        self.fit(path, is_directory) == Fit::Itself
    }

    /// Returns whether it means this path, or a directory that the path lies below.
    fn covers(&self, path: &[u8], is_directory: bool) -> bool {
        self.fit(path, is_directory) != Fit::No
    }

    fn fit(&self, path: &[u8], is_directory: bool) -> Fit {
        let names: Vec<&[u8]> = names(path).collect();
        match fit(&self.parts, &names) {
            Fit::Itself if self.directories_only && !is_directory => Fit::No,
            fit => fit,
        }
    }
}

fn fit(parts: &[Vec<u8>], names: &[&[u8]]) -> Fit {
    let Some((part, rest)) = parts.split_first() else {
        return match names {
            [] => Fit::Itself,
            _ => Fit::Above,
        };
    };
    let Some((name, below)) = names.split_first() else {
        return Fit::No;
    };
    if part == b"**" {
        // At its end, it is all that is below, but not what it is below of.
        return match rest {
            [] => Fit::Itself,
            // From each name on, rather than by a call for each: a path may have very many.
            _ => (0..names.len())
                .map(|at| fit(rest, &names[at..]))
                .max()
                .unwrap_or(Fit::No),
        };
    }
    match glob_matches(part, name) {
        true => fit(rest, below),
        false => Fit::No,
    }
}

/// What of a source is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what one of these covers; without any, everything.
    pub include: Vec<Pattern>,
    /// But nothing that one of these covers.
    pub exclude: Vec<Pattern>,
}

impl Filter {
    /// Returns whether a path is left out, and with it all below.
    pub(super) fn excludes(&self, path: &[u8], is_directory: bool) -> bool {
        let mut patterns = self.exclude.iter();
        patterns.any(|pattern| pattern.covers(path, is_directory))
    }

    /// Returns whether a path is asked for, as the root always is; something below it may be even
    /// when it is not.
    pub(super) fn includes(&self, path: &[u8], is_directory: bool) -> bool {
        let mut patterns = self.include.iter();
        self.include.is_empty()
            || names(path).next().is_none()
            || patterns.any(|pattern| pattern.covers(path, is_directory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        use Fit::{Above, Itself, No};
        for (pattern, path, want) in [
            ("*.swp", "a/b.swp", Itself),
            ("*.swp", ".b.swp", Itself),
            ("*.swp", "b.swp/c", Above),
            (".git", "a/.git/config", Above),
            (".git/", ".git/", Itself),
            (".git/", ".git", No),
            (".git/", "a/.git/config", Above),
            ("/etc", "etc", Itself),
            ("/etc", "a/etc", No),
            ("etc/motd", "etc/motd", Itself),
            ("etc/motd", "a/etc/motd", No),
            ("./etc/*", "etc/motd", Itself),
            ("etc/*", "etc", No),
            ("etc/*", "./etc//a/b", Above),
            ("/*/b", "a/b", Itself),
            ("/usr/**/doc", "usr/doc", Itself),
            ("/usr/**/doc", "usr/a/b/doc/x", Above),
            ("/usr/**/doc", "usr/a/b", No),
            ("/usr/**", "usr", No),
            ("/usr/**", "usr/a/b", Itself),
            ("**", "a", Itself),
            ("**/**/a", "b/a", Itself),
            ("/", ".", Itself),
            ("/", "etc", Above),
            ("a?[0-9]", "ab7", Itself),
        ] {
            let got = Pattern::from_str(pattern).unwrap();
            let got = got.fit(path.as_bytes(), path.ends_with('/'));
            assert_eq!(got, want, "{pattern} {path}");
        }
        for pattern in ["", "!x", "a/../b"] {
            assert!(Pattern::from_str(pattern).is_err(), "{pattern}");
        }
    }
}

//! `update-alternatives --install` and `--remove`: one of several programs for a name, by priority.
//!
//! There are two programs of that name, with nearly the same files: that of chkconfig, in the
//! distributions around Fedora, and that of dpkg, which openSUSE has as well.

mod chkconfig;
mod dpkg;
mod group;

use super::file::is_path;
use crate::{Root, RootError};

/// Where the links are that the links of programs lead to.
const LINKS: &str = "/etc/alternatives";

/// Something to choose for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    link: String,
    name: String,
    path: String,
    priority: i32,
    /// What changes along with it: link, name and path of each.
    followers: Vec<[String; 3]>,
}

/// `update-alternatives --remove`: a choice that is there no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoneAlternative {
    name: String,
    path: String,
}

/// Takes options away that change nothing.
fn plain<'w, 'a>(words: &'w [&'a str]) -> &'w [&'a str] {
    let mut rest = words;
    while let ["--quiet" | "--verbose", after @ ..] = rest {
        rest = after;
    }
    rest
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\n', ' ', '\t'])
}

impl Alternative {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let ["--install", link, name, path, priority, rest @ ..] = plain(words) else {
            return None;
        };
        let (followers, []) = rest.as_chunks::<4>() else {
            return None;
        };
        let mut alternative = Self {
            link: (*link).to_owned(),
            name: (*name).to_owned(),
            path: (*path).to_owned(),
            priority: priority.parse().ok()?,
            followers: Vec::new(),
        };
        for [option, link, name, path] in followers {
            matches!(*option, "--slave" | "--follower").then_some(())?;
            let follower = [link, name, path].map(|word| (*word).to_owned());
            alternative.followers.push(follower);
        }
        let mut followers = alternative.followers.iter();
        let is_sound =
            |link: &str, name: &str, path: &str| is_path(link) && is_path(path) && is_name(name);
        let are_sound = followers.all(|[link, name, path]| is_sound(link, name, path));
        (are_sound && is_sound(link, name, path)).then_some(alternative)
    }

    /// Adds it; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        match chkconfig::is_there(root) {
            true => chkconfig::install(root, self),
            false => dpkg::install(root, self),
        }
    }
}

impl GoneAlternative {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let ["--remove", name, path] = plain(words) else {
            return None;
        };
        let is_sound = is_path(path) && is_name(name);
        is_sound.then(|| Self {
            name: (*name).to_owned(),
            path: (*path).to_owned(),
        })
    }

    /// Removes it; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        match chkconfig::is_there(root) {
            true => chkconfig::remove(root, self),
            false => dpkg::remove(root, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Alternative> {
        Alternative::parse(&text.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn forms_that_are_known() {
        for (text, is_known) in [
            ("--install /usr/bin/x x /usr/bin/y 5", true),
            ("--install /usr/bin/x x /usr/bin/y -5", true),
            ("--install /usr/bin/x x /usr/bin/y 5 --slave /a b /c", true),
            ("--install /usr/bin/x x /usr/bin/y 5 --slave /a b", false),
            ("--install /usr/bin/x x /usr/bin/y 5 --initscript y", false),
            ("--install bin/x x /usr/bin/y 5", false),
            ("--install /usr/bin/../x x /usr/bin/y 5", false),
            ("--install /usr/bin/x x/y /usr/bin/y 5", false),
            ("--install /usr/bin/x x /usr/bin/y high", false),
            ("--remove x /usr/bin/y", false),
        ] {
            assert_eq!(parse(text).is_some(), is_known, "{text}");
        }
    }
}

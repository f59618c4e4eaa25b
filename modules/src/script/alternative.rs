//! `update-alternatives --install` and `--remove`: one of several programs for a name, by priority.
//!
//! There are two programs of that name, with nearly the same files: that of chkconfig, in the
//! distributions around Fedora, and that of dpkg, which openSUSE has as well.

mod group;

use std::collections::BTreeSet;

use fsgen::Kind;
use fsgen::tree::path::split;

use super::file::is_path;
use crate::root::join;
use crate::{Root, RootError};
use group::{Group, part};

/// Where the links are that the links of programs lead to.
const LINKS: &str = "/etc/alternatives";

/// The program of chkconfig, which dpkg's does not come with.
const CHKCONFIG: [&str; 2] = ["/usr/sbin/alternatives", "/usr/bin/alternatives"];

/// Where the files are that list what there is to choose from.
const CHKCONFIG_FILES: &str = "/var/lib/alternatives";
const DPKG_FILES: &str = "/var/lib/dpkg/alternatives";

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

    /// Removes it; returns whether that could be done. One that is not there is gone already.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let (folder, is_chkconfig) = place(root);
        let file = join(folder.as_bytes(), self.name.as_bytes());
        let Some(bytes) = root.read_if_exists(&file)? else {
            return Ok(true);
        };
        let Some(mut group) = Group::parse(&String::from_utf8_lossy(&bytes)) else {
            return Ok(false);
        };
        if !is_chkconfig {
            group.refresh(root, &self.name);
        }
        let before = group.choices.len();
        group.choices.retain(|choice| choice.path != self.path);
        if group.choices.len() == before {
            return Ok(true);
        }
        if group.choices.is_empty() {
            for (name, link) in &group.followers {
                part(root, link, name)?;
            }
            part(root, &group.link, &self.name)?;
            root.remove(&file)?;
            return Ok(true);
        }
        let way = format!("{LINKS}/{}", self.name);
        let chosen = root.lstat(&way).map(|node| node.kind.clone());
        if matches!(chosen, Ok(Kind::Symlink(path)) if *path == *self.path.as_bytes()) {
            group.is_manual = false;
        }
        let done = group.choose(root, &self.name, is_chkconfig)?;
        if !is_chkconfig {
            group.drop_unused();
        }
        root.write(&file, group.print(is_chkconfig))?;
        Ok(done)
    }
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

/// Returns where the files are, and whether it is chkconfig that has them.
fn place(root: &Root<'_>) -> (&'static str, bool) {
    let is_chkconfig = CHKCONFIG.iter().any(|path| root.exists(path));
    match is_chkconfig || !root.is_dir(DPKG_FILES) {
        true => (CHKCONFIG_FILES, is_chkconfig),
        false => (DPKG_FILES, is_chkconfig),
    }
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
        if !root.exists(&self.path) {
            return Ok(false);
        }
        let (folder, is_chkconfig) = place(root);
        if !is_chkconfig && !self.is_free(root, folder)? {
            return Ok(false);
        }
        let file = join(folder.as_bytes(), self.name.as_bytes());
        let mut group = match root.read_if_exists(&file)? {
            None => Group {
                link: self.link.clone(),
                ..Group::default()
            },
            Some(bytes) => match Group::parse(&String::from_utf8_lossy(&bytes)) {
                Some(group) if group.link == self.link || !is_chkconfig => group,
                _ => return Ok(false),
            },
        };
        if !is_chkconfig {
            group.refresh(root, &self.name);
            self.rename(root, &mut group)?;
        }
        if !group.add(self, is_chkconfig) {
            return Ok(false);
        }
        root.mkdir_above(&file)?;
        root.write(&file, group.print(is_chkconfig))?;
        group.choose(root, &self.name, is_chkconfig)
    }

    /// Moves links that have another place now.
    fn rename(&self, root: &mut Root<'_>, group: &mut Group) -> Result<(), RootError> {
        let mut moved = vec![(group.link.clone(), &self.link)];
        for [link, name, _] in &self.followers {
            let there = group.followers.iter().find(|(there, _)| there == name);
            moved.extend(there.map(|(_, there)| (there.clone(), link)));
        }
        for (from, to) in moved {
            if from != *to && root.is_link(&from) {
                root.rename(&from, to)?;
            }
        }
        group.link.clone_from(&self.link);
        Ok(())
    }

    /// Returns whether nothing else has these names and links, and their folders are there: dpkg
    /// makes none.
    fn is_free(&self, root: &Root<'_>, folder: &str) -> Result<bool, RootError> {
        let followers = || self.followers.iter();
        let links = || std::iter::once(&*self.link).chain(followers().map(|[link, ..]| &**link));
        let own = || std::iter::once(&*self.name).chain(followers().map(|[_, name, _]| &**name));
        let is_there = |link: &str| {
            let above = split(link.as_bytes()).map(|(above, _)| above);
            above.is_some_and(|above| root.is_dir(above))
        };
        let are_there = is_there(&self.link)
            && followers().all(|[link, _, path]| !root.exists(path) || is_there(link));
        let count = self.followers.len() + 1;
        let is_double =
            BTreeSet::from_iter(links()).len() < count || BTreeSet::from_iter(own()).len() < count;
        if !are_there || is_double {
            return Ok(false);
        }
        let names = match root.is_dir(folder) {
            true => root.list(folder)?,
            false => Vec::new(),
        };
        for name in names {
            let bytes = root.read(join(folder.as_bytes(), &name))?;
            let group = Group::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
            let is_own = *name == *self.name.as_bytes();
            let is_taken = match is_own {
                // The same follower may have the link.
                true => group.followers.iter().any(|(there, link)| {
                    *there == self.name
                        || *link == self.link
                        || followers().any(|[new, name, _]| new == link && name != there)
                }),
                false => {
                    own().any(|own| {
                        own.as_bytes() == &*name || group.followers.iter().any(|(it, _)| it == own)
                    }) || links().any(|own| {
                        own == group.link || group.followers.iter().any(|(_, it)| it == own)
                    })
                }
            };
            if is_taken {
                return Ok(false);
            }
        }
        Ok(true)
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

    #[test]
    fn files_of_both_programs() {
        let two =
            "--install /bin/x x /bin/two 20 --slave /man/x x.1 /man/two --slave /a/x x.0 /a/two";
        let one = "--install /bin/x x /bin/one 50";
        for (is_chkconfig, want) in [
            (
                false,
                "auto\n/bin/x\nx.0\n/a/x\nx.1\n/man/x\n\n/bin/one\n50\n\n\n/bin/two\n20\n/a/two\n\
                 /man/two\n\n",
            ),
            (
                true,
                "auto\n/bin/x\nx.0\n/a/x\nx.1\n/man/x\n\n/bin/two\n20\n/a/two\n/man/two\n/bin/one\n\
                 50\n\n\n",
            ),
        ] {
            let mut group = Group {
                link: "/bin/x".to_owned(),
                ..Group::default()
            };
            for text in [two, one] {
                assert!(group.add(&parse(text).unwrap(), is_chkconfig));
                let again = Group::parse(&group.print(is_chkconfig));
                assert_eq!(again.as_ref(), Some(&group));
            }
            assert_eq!(group.print(is_chkconfig), want);
            assert_eq!(group.best().unwrap().path, "/bin/one");
        }
        let kept = "manual\n/bin/x\n\n/bin/y\n@java@60 service\n";
        let group = Group::parse(kept).unwrap();
        assert_eq!((&*group.print(true), group.choices[0].number()), (kept, 60));
        for broken in [
            "",
            "auto\n",
            "auto\n/bin/x\n",
            "x\n/bin/x\n\n",
            "auto\n/bin/x\na\n",
        ] {
            assert_eq!(Group::parse(broken), None, "{broken:?}");
        }
    }
}

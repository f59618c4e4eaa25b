//! `update-alternatives --install`: one of several programs for a name, by priority.
//!
//! There are two programs of that name, with nearly the same files: that of chkconfig, in the
//! distributions around Fedora, and that of dpkg, which openSUSE has as well.

use super::file::is_path;
use crate::root::join;
use crate::{Root, RootError};

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

/// What there is to choose from for one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Group {
    is_manual: bool,
    link: String,
    /// Name and link of each follower.
    followers: Vec<(String, String)>,
    choices: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    path: String,
    /// Its priority, and what chkconfig keeps beside it.
    priority: String,
    /// The path for each follower, empty for none.
    followers: Vec<String>,
}

impl Alternative {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let mut rest = words;
        while let ["--quiet" | "--verbose" | "--force", after @ ..] = rest {
            rest = after;
        }
        let ["--install", link, name, path, priority, rest @ ..] = rest else {
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
        let is_sound = |link: &str, name: &str, path: &str| {
            is_path(link) && is_path(path) && !name.is_empty() && !name.contains(['/', '\n'])
        };
        let are_sound = followers.all(|[link, name, path]| is_sound(link, name, path));
        (are_sound && is_sound(link, name, path)).then_some(alternative)
    }

    /// Adds it; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        if !root.exists(&self.path) {
            return Ok(false);
        }
        let is_chkconfig = CHKCONFIG.iter().any(|path| root.exists(path));
        let folder = match is_chkconfig || !root.is_dir(DPKG_FILES) {
            true => CHKCONFIG_FILES,
            false => DPKG_FILES,
        };
        let file = join(folder.as_bytes(), self.name.as_bytes());
        let mut group = match root.read_if_exists(&file)? {
            None => Group {
                link: self.link.clone(),
                ..Group::default()
            },
            Some(bytes) => match Group::parse(&String::from_utf8_lossy(&bytes)) {
                Some(group) if group.link == self.link => group,
                _ => return Ok(false),
            },
        };
        if !group.add(self, is_chkconfig) {
            return Ok(false);
        }
        root.mkdir_above(&file)?;
        root.write(&file, group.print(is_chkconfig))?;
        if group.is_manual {
            return Ok(true);
        }
        let Some(best) = group.best() else {
            return Ok(false);
        };
        root.mkdir_all(LINKS, 0o755)?;
        let mut done = lead(root, &group.link, &self.name, &best.path)?;
        for ((name, link), path) in group.followers.iter().zip(&best.followers) {
            match path.is_empty() || !root.exists(path) {
                true => part(root, link, name)?,
                false => done &= lead(root, link, name, path)?,
            }
        }
        Ok(done)
    }
}

/// Makes a link lead to a path, by way of `/etc/alternatives`; returns whether the link's place
/// was free.
fn lead(root: &mut Root<'_>, link: &str, name: &str, path: &str) -> Result<bool, RootError> {
    let way = format!("{LINKS}/{name}");
    root.symlink(path, &way, true)?;
    // A program that is there by itself stays.
    if root.lstat(link).is_ok() && !root.is_link(link) {
        return Ok(false);
    }
    root.mkdir_above(link)?;
    root.symlink(&way, link, true)?;
    Ok(true)
}

/// Removes the links of a follower that the choice does not have.
fn part(root: &mut Root<'_>, link: &str, name: &str) -> Result<(), RootError> {
    let way = format!("{LINKS}/{name}");
    for path in [&*way, link] {
        if root.is_link(path) {
            root.remove(path)?;
        }
    }
    Ok(())
}

impl Group {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let is_manual = match lines.next()? {
            "auto" => false,
            "manual" => true,
            _ => return None,
        };
        let mut group = Self {
            is_manual,
            link: lines.next()?.to_owned(),
            ..Self::default()
        };
        loop {
            match lines.next()? {
                "" => break,
                name => {
                    let link = lines.next()?.to_owned();
                    group.followers.push((name.to_owned(), link));
                }
            }
        }
        while let Some(path) = lines.next().filter(|path| !path.is_empty()) {
            group.choices.push(Choice {
                path: path.to_owned(),
                priority: lines.next()?.to_owned(),
                followers: (0..group.followers.len())
                    .map(|_| lines.next().map(str::to_owned))
                    .collect::<Option<_>>()?,
            });
        }
        Some(group)
    }

    /// Adds a choice, or changes the one of that path; returns whether it goes with the others.
    fn add(&mut self, new: &Alternative, is_chkconfig: bool) -> bool {
        for [link, name, _] in &new.followers {
            match self.followers.iter().find(|(there, _)| there == name) {
                Some((_, there)) if there != link => return false,
                Some(_) => {}
                None => {
                    self.followers.push((name.clone(), link.clone()));
                    for choice in &mut self.choices {
                        choice.followers.push(String::new());
                    }
                }
            }
        }
        let path_of = |(name, _): &(String, String)| {
            let mut followers = new.followers.iter();
            let found = followers.find(|[_, own, _]| own == name);
            found.map(|[_, _, path]| path.clone()).unwrap_or_default()
        };
        let choice = Choice {
            path: new.path.clone(),
            priority: new.priority.to_string(),
            followers: self.followers.iter().map(path_of).collect(),
        };
        let is_first = self.choices.is_empty();
        match self.choices.iter_mut().find(|there| there.path == new.path) {
            Some(there) => *there = choice,
            None => self.choices.push(choice),
        }
        // chkconfig sorts followers by their links once there are two choices, dpkg by names.
        if !is_chkconfig {
            self.choices.sort_by(|a, b| a.path.cmp(&b.path));
            self.sort_followers(|(name, _)| name.clone());
        } else if !is_first {
            self.sort_followers(|(_, link)| link.clone());
        }
        true
    }

    fn sort_followers(&mut self, key: impl Fn(&(String, String)) -> String) {
        let mut order: Vec<usize> = (0..self.followers.len()).collect();
        order.sort_by_key(|i| key(&self.followers[*i]));
        self.followers = order.iter().map(|i| self.followers[*i].clone()).collect();
        for choice in &mut self.choices {
            let sorted = order.iter().map(|i| choice.followers[*i].clone());
            choice.followers = sorted.collect();
        }
    }

    /// Returns the first choice of the highest priority.
    fn best(&self) -> Option<&Choice> {
        let mut best = self.choices.first()?;
        for choice in &self.choices {
            if choice.number() > best.number() {
                best = choice;
            }
        }
        Some(best)
    }

    fn print(&self, is_chkconfig: bool) -> String {
        let mode = if self.is_manual { "manual" } else { "auto" };
        let mut lines = vec![mode, &*self.link];
        for (name, link) in &self.followers {
            lines.extend([&**name, &**link]);
        }
        lines.push("");
        for choice in &self.choices {
            lines.extend([&*choice.path, &*choice.priority]);
            lines.extend(choice.followers.iter().map(String::as_str));
        }
        if !is_chkconfig {
            lines.push("");
        }
        lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }
}

impl Choice {
    /// Returns the priority without what chkconfig writes around it: `@family@60 service`.
    fn number(&self) -> i32 {
        let last = self.priority.rsplit('@').next().unwrap_or_default();
        let number = last.split(' ').next().unwrap_or_default();
        number.parse().unwrap_or_default()
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

//! `update-alternatives --install` and `--remove`: one of several programs for a name, by priority.
//!
//! There are two programs of that name, with nearly the same files: that of chkconfig, in the
//! distributions around Fedora, and that of dpkg, which openSUSE has as well.

use fsgen::Kind;
use fsgen::tree::path::split;

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

/// `update-alternatives --remove`: a choice that is there no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoneAlternative {
    name: String,
    path: String,
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
                Some(group) if group.link == self.link => group,
                Some(mut group) if !is_chkconfig => {
                    if root.is_link(&group.link) {
                        root.rename(&group.link, &self.link)?;
                    }
                    group.link.clone_from(&self.link);
                    group
                }
                _ => return Ok(false),
            },
        };
        if !group.add(self, is_chkconfig) {
            return Ok(false);
        }
        root.mkdir_above(&file)?;
        root.write(&file, group.print(is_chkconfig))?;
        group.choose(root, &self.name, is_chkconfig)
    }

    /// Returns whether no other name has the link, and its folder is there: dpkg makes none.
    fn is_free(&self, root: &Root<'_>, folder: &str) -> Result<bool, RootError> {
        let above = split(self.link.as_bytes()).map(|(above, _)| above);
        if !above.is_some_and(|above| root.is_dir(above)) {
            return Ok(false);
        }
        let names = match root.is_dir(folder) {
            true => root.list(folder)?,
            false => Vec::new(),
        };
        for name in names.iter().filter(|name| **name != self.name.as_bytes()) {
            let bytes = root.read(join(folder.as_bytes(), name))?;
            let group = Group::parse(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
            let mut followers = group.followers.iter();
            if group.link == self.link || followers.any(|(_, link)| *link == self.link) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Makes a link lead to a path, by way of `/etc/alternatives`; returns whether the link's place
/// was free. dpkg only warns where it is not.
fn lead(
    root: &mut Root<'_>,
    (link, name, path): (&str, &str, &str),
    is_chkconfig: bool,
) -> Result<bool, RootError> {
    let way = format!("{LINKS}/{name}");
    root.symlink(path, &way, true)?;
    // A program that is there by itself stays.
    if root.lstat(link).is_ok() && !root.is_link(link) {
        return Ok(!is_chkconfig);
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

    /// Makes the links lead to the best choice, unless somebody chose another; returns whether all
    /// could be made.
    fn choose(
        &self,
        root: &mut Root<'_>,
        name: &str,
        is_chkconfig: bool,
    ) -> Result<bool, RootError> {
        let Some(best) = self.best().filter(|_| !self.is_manual) else {
            return Ok(self.is_manual);
        };
        root.mkdir_all(LINKS, 0o755)?;
        let mut done = lead(root, (&self.link, name, &best.path), is_chkconfig)?;
        for ((name, link), path) in self.followers.iter().zip(&best.followers) {
            match path.is_empty() || !root.exists(path) {
                true => part(root, link, name)?,
                false => done &= lead(root, (link, name, path), is_chkconfig)?,
            }
        }
        Ok(done)
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

    /// Takes away the followers that no choice has.
    fn drop_unused(&mut self) {
        let is_used = |at: usize| self.choices.iter().any(|c| !c.followers[at].is_empty());
        let used: Vec<usize> = (0..self.followers.len())
            .filter(|at| is_used(*at))
            .collect();
        self.followers = used.iter().map(|at| self.followers[*at].clone()).collect();
        for choice in &mut self.choices {
            choice.followers = used
                .iter()
                .map(|at| choice.followers[*at].clone())
                .collect();
        }
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

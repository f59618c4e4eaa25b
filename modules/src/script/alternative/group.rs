//! What there is to choose from for one name, and the file that lists it.

use fsgen::Kind;

use super::{Alternative, LINKS};
use crate::{Root, RootError};

/// What there is to choose from for one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    pub(super) is_manual: bool,
    pub(super) link: String,
    /// Name and link of each follower.
    pub(super) followers: Vec<(String, String)>,
    pub(super) choices: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) path: String,
    /// Its priority, and what chkconfig keeps beside it.
    priority: String,
    /// The path for each follower, empty for none.
    followers: Vec<String>,
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
pub(super) fn part(root: &mut Root<'_>, link: &str, name: &str) -> Result<(), RootError> {
    let way = format!("{LINKS}/{name}");
    for path in [&*way, link] {
        if root.is_link(path) {
            root.remove(path)?;
        }
    }
    Ok(())
}

impl Group {
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    /// Does what dpkg's program does whenever it reads a file: choices that are there no more go, and
    /// the links are left alone once somebody made them lead elsewhere.
    pub(super) fn refresh(&mut self, root: &Root<'_>, name: &str) {
        self.choices.retain(|choice| root.exists(&choice.path));
        let way = root.lstat(format!("{LINKS}/{name}"));
        if let Ok(Kind::Symlink(path)) = way.map(|node| &node.kind)
            && !self.choices.iter().any(|it| it.path.as_bytes() == &**path)
        {
            self.is_manual = root.exists(path);
        }
    }

    /// Makes the links lead to the best choice, unless somebody chose another; returns whether all
    /// could be made.
    pub(super) fn choose(
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

    /// Adds a choice, or changes the one of that path. The links of followers are as it has them;
    /// returns whether chkconfig, which changes none, takes it.
    pub(super) fn add(&mut self, new: &Alternative, is_chkconfig: bool) -> bool {
        for [link, name, _] in &new.followers {
            let mut followers = self.followers.iter_mut();
            match followers.find(|(there, _)| there == name) {
                Some((_, there)) if there != link && is_chkconfig => return false,
                Some((_, there)) => there.clone_from(link),
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
    pub(super) fn drop_unused(&mut self) {
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
    pub(super) fn best(&self) -> Option<&Choice> {
        let mut best = self.choices.first()?;
        for choice in &self.choices {
            if choice.number() > best.number() {
                best = choice;
            }
        }
        Some(best)
    }

    pub(super) fn print(&self, is_chkconfig: bool) -> String {
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
    pub(super) fn number(&self) -> i32 {
        let last = self.priority.rsplit('@').next().unwrap_or_default();
        let number = last.split(' ').next().unwrap_or_default();
        number.parse().unwrap_or_default()
    }
}

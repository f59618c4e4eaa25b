//! What there is to choose from for one name, and the file that lists it.

use fsgen::tree::path::split;

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
    pub(super) followers: Vec<String>,
}

/// Returns the link that the link of a program leads to.
pub(super) fn way(name: &str) -> String {
    format!("{LINKS}/{name}")
}

/// Returns whether the folder of a link is there: neither program makes one.
pub(super) fn has_folder(root: &Root<'_>, link: &str) -> bool {
    let above = split(link.as_bytes()).map(|(above, _)| above);
    above.is_some_and(|above| root.is_dir(above))
}

/// Makes a link lead to a path, by way of `/etc/alternatives`. A program that is there by itself
/// stays.
pub(super) fn lead(
    root: &mut Root<'_>,
    link: &str,
    name: &str,
    path: &str,
) -> Result<(), RootError> {
    root.mkdir_all(LINKS, 0o755)?;
    root.symlink(path, way(name), true)?;
    match root.lstat(link).is_ok() && !root.is_link(link) {
        true => Ok(()),
        false => root.symlink(way(name), link, true),
    }
}

/// Removes the links of a name.
pub(super) fn part(root: &mut Root<'_>, link: &str, name: &str) -> Result<(), RootError> {
    for path in [&*way(name), link] {
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

    /// Returns the lines of the file; dpkg has one more, an empty one.
    pub(super) fn print(&self) -> String {
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
        lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }

    /// Returns which choice has a path.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.choices.iter().position(|choice| choice.path == path)
    }

    /// Returns the first choice of the highest priority, or this one if it has that.
    pub(super) fn best(&self, current: Option<usize>) -> usize {
        let mut best = current.unwrap_or(0);
        for (at, choice) in self.choices.iter().enumerate() {
            if choice.number() > self.choices[best].number() {
                best = at;
            }
        }
        best
    }

    /// Makes room for a follower in all choices.
    pub(super) fn add_follower(&mut self, name: &str, link: &str) {
        self.followers.push((name.to_owned(), link.to_owned()));
        for choice in &mut self.choices {
            choice.followers.push(String::new());
        }
    }

    /// Adds a choice as the last, or changes the one of that path.
    pub(super) fn add(&mut self, new: &Alternative) {
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
        match self.find(&new.path) {
            Some(at) => self.choices[at] = choice,
            None => self.choices.push(choice),
        }
    }

    /// Takes the followers away that no choice has; returns name and link of each.
    pub(super) fn drop_unused(&mut self) -> Vec<(String, String)> {
        let is_used = |at: &usize| self.choices.iter().any(|it| !it.followers[*at].is_empty());
        let (used, unused): (Vec<_>, Vec<_>) = (0..self.followers.len()).partition(is_used);
        let unused = unused.iter().map(|at| self.followers[*at].clone());
        let unused = unused.collect();
        self.arrange(&used);
        unused
    }

    /// Sorts the followers by name or link.
    pub(super) fn sort_followers(&mut self, key: impl Fn(&(String, String)) -> &String) {
        let mut order: Vec<usize> = (0..self.followers.len()).collect();
        order.sort_by_key(|at| key(&self.followers[*at]));
        self.arrange(&order);
    }

    /// Keeps these followers, in this order.
    fn arrange(&mut self, order: &[usize]) {
        self.followers = order.iter().map(|at| self.followers[*at].clone()).collect();
        for choice in &mut self.choices {
            let sorted = order.iter().map(|at| choice.followers[*at].clone());
            choice.followers = sorted.collect();
        }
    }

    /// Removes all links, and the file.
    pub(super) fn erase(
        &self,
        root: &mut Root<'_>,
        name: &str,
        file: &[u8],
    ) -> Result<(), RootError> {
        part(root, &self.link, name)?;
        for (name, link) in &self.followers {
            part(root, link, name)?;
        }
        root.remove(file)
    }
}

impl Choice {
    /// Returns the priority without what chkconfig writes around it: `@family@60 service`.
    pub(super) fn number(&self) -> i32 {
        let last = self.priority.rsplit('@').next().unwrap_or_default();
        let number = last.split(' ').next().unwrap_or_default();
        number.parse().unwrap_or_default()
    }

    /// Returns the family, which only chkconfig knows.
    pub(super) fn family(&self) -> Option<&str> {
        let rest = self.priority.strip_prefix('@')?;
        rest.split_once('@').map(|(family, _)| family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_printed() {
        let kept = "manual\n/bin/x\nx.1\n/man/x\n\n/bin/y\n@java@60 service\n\n/bin/z\n7\n/man/z\n";
        let group = Group::parse(kept).unwrap();
        assert_eq!(Group::parse(&(kept.to_owned() + "\n")), Some(group.clone()));
        assert_eq!(group.print(), kept);
        let [java, other] = &*group.choices else {
            panic!("{group:?}");
        };
        assert_eq!((java.number(), java.family()), (60, Some("java")));
        assert_eq!((other.number(), other.family()), (7, None));
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

//! `dpkg-divert --add` and `--remove`: the files of other packages go to another path.

use super::file::is_path;
use crate::{Root, RootError};

/// Where dpkg keeps them: three lines each, of the path, the other one, and whose it is.
const LIST: &str = "/var/lib/dpkg/diversions";

/// What stands for nobody's package.
const LOCAL: &str = ":";

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Divert {
    is_added: bool,
    path: String,
    /// Where it goes; dpkg takes an ending for it when none is given.
    to: Option<String>,
    /// Whose it is; that of the script when none is given.
    package: Option<String>,
    /// Whether what is there is moved.
    moves: bool,
}

impl Divert {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let mut divert = Self {
            is_added: true,
            path: String::new(),
            to: None,
            package: None,
            moves: false,
        };
        // What happens without a word on it has changed between versions.
        let mut is_said = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) if word.starts_with("--") => (option, Some(value)),
                _ => (*word, None),
            };
            match (option, value) {
                ("--quiet", None) => {}
                ("--add", None) => divert.is_added = true,
                ("--remove", None) => divert.is_added = false,
                ("--rename", None) => (divert.moves, is_said) = (true, true),
                ("--no-rename", None) => (divert.moves, is_said) = (false, true),
                ("--local", None) => divert.package = Some(LOCAL.to_owned()),
                ("--package" | "--divert", value) => {
                    let value = value.or_else(|| words.next().copied())?.to_owned();
                    match option {
                        "--package" => divert.package = Some(value),
                        _ => divert.to = Some(value),
                    }
                }
                (path, None) if divert.path.is_empty() && is_path(path) => {
                    path.clone_into(&mut divert.path);
                }
                _ => return None,
            }
        }
        let is_line = |text: &String| !text.contains('\n');
        let is_sound = is_said && !divert.path.is_empty();
        let is_sound = is_sound && divert.to.as_ref().is_none_or(|to| is_path(to));
        let texts = divert
            .to
            .iter()
            .chain(&divert.package)
            .chain([&divert.path]);
        let are_lines = { texts }.all(is_line);
        (is_sound && are_lines).then_some(divert)
    }

    /// Does it, for the script of a package; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>, package: &str) -> Result<bool, RootError> {
        let text = root.read_if_exists(LIST)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let own = self.package.as_deref().unwrap_or(package);
        let distrib = format!("{}.distrib", self.path);
        let to = self.to.as_deref().unwrap_or(&distrib);
        let mut all: Vec<[&str; 3]> = lines.as_chunks::<3>().0.to_vec();
        let found = all.iter().position(|[from, ..]| *from == self.path);
        let (from, to) = match (self.is_added, found) {
            (true, Some(found)) => return Ok(all[found] == [&*self.path, to, own]),
            (true, None) => {
                let is_taken = all
                    .iter()
                    .any(|[from, other, _]| [from, other].contains(&&to));
                if is_taken || all.iter().any(|[_, other, _]| *other == self.path) {
                    return Ok(false);
                }
                all.push([&self.path, to, own]);
                (&*self.path, to)
            }
            (false, None) => return Ok(true),
            (false, Some(found)) => {
                let [_, other, by] = all[found];
                let is_told = self.to.is_some() && other != to;
                // Without an option for it, dpkg removes whatever there is.
                let is_anothers = self.package.is_some() && by != own;
                if is_told || is_anothers {
                    return Ok(false);
                }
                all.remove(found);
                (other, &*self.path)
            }
        };
        // The package's own file at the path stays where it is.
        let moves = self.moves && root.lstat(from).is_ok() && !self.is_own(root, own)?;
        if moves {
            if self.is_added || root.lstat(to).is_err() {
                root.rename(from, to)?;
            } else {
                return Ok(false);
            }
        }
        let text = all
            .concat()
            .iter()
            .flat_map(|line| [*line, "\n"])
            .collect::<String>();
        root.write(LIST, text)?;
        Ok(true)
    }

    /// Returns whether the package that diverts has the path itself, which is then not moved.
    fn is_own(&self, root: &Root<'_>, own: &str) -> Result<bool, RootError> {
        let list = root.read_if_exists(format!("/var/lib/dpkg/info/{own}.list"))?;
        let list = list.unwrap_or_default();
        let mut lines = list.split(|byte| *byte == b'\n');
        Ok(self.is_added && lines.any(|line| line == self.path.as_bytes()))
    }
}

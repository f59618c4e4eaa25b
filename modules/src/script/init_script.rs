//! `update-rc.d NAME defaults`: the links by which System V's init starts a script, which systemd
//! looks at for scripts without a unit.

use crate::root::join;
use crate::{Root, RootError};

/// Programs that make other links, or more of them.
const OTHERS: [&str; 3] = ["/sbin/openrc", "/usr/lib/insserv/insserv", "/sbin/insserv"];

/// What is done to the links of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InitScript {
    name: String,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Defaults,
    DefaultsDisabled,
    Remove,
}

impl InitScript {
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let words = words.strip_prefix(&["-f"]).unwrap_or(words);
        let (name, rest) = words.split_first()?;
        let change = match *rest {
            // Numbers after it have had no meaning for long.
            ["defaults", ..] => Change::Defaults,
            ["defaults-disabled"] => Change::DefaultsDisabled,
            ["remove"] => Change::Remove,
            _ => return None,
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_sound = !name.is_empty() && !name.starts_with('-') && name.chars().all(is_name);
        is_sound.then(|| Self {
            name: (*name).to_owned(),
            change,
        })
    }

    /// Returns whether an image has nothing that would do more.
    pub(super) fn is_possible(root: &Root<'_>) -> bool {
        !OTHERS.iter().any(|path| root.exists(path))
    }

    /// Does it; returns whether that could be done.
    pub(super) fn run(&self, root: &mut Root<'_>) -> Result<bool, RootError> {
        let links = self.links(root)?;
        if self.change == Change::Remove {
            for link in links {
                root.remove(link)?;
            }
            return Ok(true);
        }
        // Whoever changed them knows better.
        if !links.is_empty() {
            return Ok(true);
        }
        let script = format!("/etc/init.d/{}", self.name);
        let Some(text) = root.read_if_exists(&script)? else {
            return Ok(false);
        };
        let (start, stop) = levels(&String::from_utf8_lossy(&text));
        let first = match self.change {
            Change::DefaultsDisabled => 'K',
            _ => 'S',
        };
        let start = start.into_iter().map(|level| (level, first));
        for (level, letter) in start.chain(stop.into_iter().map(|level| (level, 'K'))) {
            let link = format!("/etc/rc{level}.d/{letter}01{}", self.name);
            if root.lstat(&link).is_err() {
                root.mkdir_above(&link)?;
                root.symlink(format!("../init.d/{}", self.name), &link, false)?;
            }
        }
        Ok(true)
    }

    /// Returns the links that there are.
    fn links(&self, root: &Root<'_>) -> Result<Vec<Vec<u8>>, RootError> {
        let mut found = Vec::new();
        for folder in root.list("/etc")? {
            let is_level = matches!(*folder, [b'r', b'c', _, b'.', b'd']);
            let folder = join(b"/etc", &folder);
            if !is_level || !root.is_dir(&folder) {
                continue;
            }
            for name in root.list(&folder)? {
                if let [b'S' | b'K', b'0'..=b'9', b'0'..=b'9', rest @ ..] = &*name
                    && rest == self.name.as_bytes()
                {
                    found.push(join(&folder, &name));
                }
            }
        }
        Ok(found)
    }
}

/// Reads the levels in which a script is started and stopped (LSB, "Comment conventions for init
/// scripts").
fn levels(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut start, mut stop) = (Vec::new(), Vec::new());
    let lines = text
        .lines()
        .skip_while(|line| line.trim_end() != "### BEGIN INIT INFO");
    for line in lines.take_while(|line| line.trim_end() != "### END INIT INFO") {
        let one = |letter: &&str| letter.len() == 1 && letter.chars().all(char::is_alphanumeric);
        let words = |rest: &str| {
            rest.split_whitespace()
                .filter(one)
                .map(str::to_owned)
                .collect()
        };
        if let Some(rest) = line.strip_prefix("# Default-Start:") {
            start = words(rest);
        } else if let Some(rest) = line.strip_prefix("# Default-Stop:") {
            stop = words(rest);
        }
    }
    (start, stop)
}

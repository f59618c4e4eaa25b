//! Whose the files of a source are, where it is not for the source to say.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use fsgen::Meta;
use modules::parse_mode;

use super::filter::Pattern;

/// The largest user or group number; the one above means "no one" to the kernel.
const ID_MAX: u32 = 0xffff_fffe;

/// A user and a group, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

impl FromStr for Owner {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "is no owner like `root` or `1000:1000`, in numbers";
        let id = |text: &str| match text {
            "root" => Ok(0),
            _ if !text.bytes().all(|b| b.is_ascii_digit()) => Err(wrong),
            _ => text.parse().ok().filter(|id| *id <= ID_MAX).ok_or(wrong),
        };
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        Ok(Self {
            uid: id(uid)?,
            gid: id(gid)?,
        })
    }
}

/// One line of a list: what paths get.
#[derive(Debug, Clone)]
struct Rule {
    owner: Option<Owner>,
    mode: Option<u16>,
    pattern: Pattern,
}

/// Who owns what. By default, as the source says.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    /// Of all that no rule is about.
    all: Option<Owner>,
    /// The last one that fits counts.
    rules: Vec<Rule>,
}

impl Owners {
    /// Returns the owner of all, but for what a list says.
    ///
    /// The list has lines `OWNER MODE PATTERN`: an owner as above or `-`, permissions in octal or
    /// `-`, and a pattern that starts at the root of the source. Lines may be empty, or start
    /// with `#`.
    ///
    /// # Errors
    ///
    /// Fails at the first line that is anything else.
    pub(super) fn new(all: Option<Owner>, list: Option<&str>) -> Result<Self> {
        let mut rules = Vec::new();
        for (line, number) in list.unwrap_or_default().lines().zip(1..) {
            if !line.trim().is_empty() && !line.starts_with('#') {
                rules.push(rule(line).with_context(|| format!("line {number}"))?);
            }
        }
        Ok(Self { all, rules })
    }

    /// Returns whether the recipe says anything about owners.
    pub(super) fn are_given(&self) -> bool {
        self.all.is_some() || !self.rules.is_empty()
    }

    /// Gives a file at a path of the source its owner and permissions.
    pub(super) fn apply(&self, path: &[u8], meta: &mut Meta) {
        let mut fitting = self.rules.iter().rev();
        // Whether it is a directory does not matter: a pattern with `/` at its end is refused.
        let rule = fitting.find(|rule| rule.pattern.is(path, true));
        if let Some(owner) = rule.and_then(|rule| rule.owner).or(self.all) {
            (meta.uid, meta.gid) = (owner.uid, owner.gid);
        }
        if let Some(mode) = rule.and_then(|rule| rule.mode) {
            meta.mode = mode;
        }
    }
}

fn rule(line: &str) -> Result<Rule> {
    let fields = line
        .split_once(char::is_whitespace)
        .and_then(|(owner, rest)| {
            let (mode, pattern) = rest.trim_start().split_once(char::is_whitespace)?;
            Some((owner, mode, pattern.trim_start()))
        });
    let Some((owner, mode, pattern)) = fields else {
        bail!("expected `OWNER MODE PATTERN`, such as `0:0 4755 /usr/bin/sudo`");
    };
    let owner = match owner {
        "-" => None,
        text => Some(Owner::from_str(text).map_err(|wrong| anyhow::anyhow!("`{text}` {wrong}"))?),
    };
    let mode = match mode {
        "-" => None,
        text => Some(
            parse_mode(text.as_bytes())
                .with_context(|| format!("`{text}` is no mode like 4755"))?,
        ),
    };
    if !pattern.starts_with('/') || (pattern.len() > 1 && pattern.ends_with('/')) {
        bail!("the path `{pattern}` has to start with a `/`, and not to end with one");
    }
    let parsed = Pattern::from_str(pattern);
    let pattern = parsed.map_err(|wrong| anyhow::anyhow!("the pattern `{pattern}` {wrong}"))?;
    Ok(Rule {
        owner,
        mode,
        pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fsgen::Timestamp;

    #[test]
    fn lists() {
        let list = "# owner mode path\n\n0:0 - /**\n- 4755 /usr/bin/su do\n1000:100 - /home/anna/**\n\
                    5:6  0700\t/home/*\n";
        let owners = Owners::new(Owner::from_str("7").ok(), Some(list)).unwrap();
        for (path, want) in [
            (&b"."[..], (7, 7, 0o644)),
            (b"etc", (0, 0, 0o644)),
            (b"usr/bin/su do", (7, 7, 0o4755)),
            (b"home/anna", (5, 6, 0o700)),
            (b"home/anna/x/y", (1000, 100, 0o644)),
        ] {
            let mut meta = Meta::root(0o644, Timestamp::default());
            (meta.uid, meta.gid) = (1, 1);
            owners.apply(path, &mut meta);
            assert_eq!(
                (meta.uid, meta.gid, meta.mode),
                want,
                "{}",
                path.escape_ascii()
            );
        }
        for (list, want) in [
            ("0:0 /etc", "line 1: expected `OWNER MODE PATTERN`"),
            ("0:0 - /\nanna - /x", "line 2: `anna` is no owner"),
            ("-1:0 - /", "`-1:0` is no owner"),
            ("4294967295 - /", "is no owner"),
            ("0:0 rw /x", "line 1: `rw`"),
            ("0:0 - x", "has to start with a `/`"),
            ("0:0 - /x/", "not to end with one"),
        ] {
            let message = format!("{:#}", Owners::new(None, Some(list)).unwrap_err());
            assert!(message.contains(want), "{list}: {message}");
        }
    }
}

//! The scripts of a package, and which of them there is nothing to run of.
//!
//! Nothing of the image is run. Scripts that only tell a running system of what is new have
//! nothing to do in an image that starts later; of all others the user is told.

use super::set::Candidate;
use crate::rpm::header::Header;

/// When a script runs in an installation: its name, and the tags of its text and its program.
const SLOTS: [(&str, u32, u32); 4] = [
    ("pretrans", 1151, 1153),
    ("pre", 1023, 1085),
    ("post", 1024, 1086),
    ("posttrans", 1152, 1154),
];

/// How much of a script messages show.
const EXCERPT: usize = 60;

/// Commands that do nothing in an image: the caches that they write are made at the first start,
/// and there is no running system to tell. Each is the start of a line, word by word.
const IDLE: [&[&str]; 12] = [
    &[":"],
    &["true"],
    &["exit", "0"],
    &["/sbin/ldconfig"],
    &["/usr/sbin/ldconfig"],
    &["ldconfig"],
    &["systemctl", "daemon-reload"],
    &["systemctl", "try-restart"],
    &["systemctl", "--system", "daemon-reload"],
    &["/usr/bin/systemctl", "daemon-reload"],
    &[
        "/usr/lib/systemd/systemd-update-helper",
        "mark-restart-system-units",
    ],
    &[
        "/usr/lib/systemd/systemd-update-helper",
        "mark-restart-user-units",
    ],
];

/// A script that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scriptlet {
    pub(super) slot: &'static str,
    pub(super) program: String,
    pub(super) text: String,
}

/// Returns the scripts of a package that installing it runs, first to last.
pub(super) fn read(header: &Header) -> Vec<Scriptlet> {
    let text = |tag| {
        let text = header.text(tag);
        text.map(|text| String::from_utf8_lossy(text).into_owned())
    };
    let read = |(slot, script, program)| {
        let (body, program) = (text(script), text(program));
        if body.is_none() && program.is_none() {
            return None;
        }
        Some(Scriptlet {
            slot,
            program: program.unwrap_or_else(|| "/bin/sh".to_owned()),
            text: body.unwrap_or_default(),
        })
    };
    SLOTS.into_iter().filter_map(read).collect()
}

impl Scriptlet {
    /// Returns whether there is nothing to do in an image.
    pub(super) fn is_idle(&self) -> bool {
        match &*self.program {
            "/sbin/ldconfig" | "/usr/sbin/ldconfig" => self.text.trim().is_empty(),
            "/bin/sh" | "/usr/bin/sh" | "/bin/bash" | "/usr/bin/bash" => {
                self.text.lines().all(is_idle_line)
            }
            _ => false,
        }
    }

    /// Returns the first line that says something.
    fn excerpt(&self) -> String {
        let mut lines = self.text.lines().map(str::trim);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or(&self.program);
        match first.char_indices().nth(EXCERPT) {
            Some((cut, _)) => format!("{}...", &first[..cut]),
            None => first.to_owned(),
        }
    }
}

/// Returns whether a line of a shell script does nothing in an image. Anything that the shell
/// could read as more than one command is not one of those.
fn is_idle_line(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return true;
    }
    let line = ["|| :", "|| true"]
        .iter()
        .find_map(|end| line.strip_suffix(end))
        .unwrap_or(line);
    let line = line.trim();
    let line = [
        "&>/dev/null",
        ">/dev/null 2>&1",
        "2>/dev/null",
        "> /dev/null 2>&1",
    ]
    .iter()
    .find_map(|end| line.strip_suffix(end))
    .unwrap_or(line);
    if line.contains([
        '|', '&', ';', '<', '>', '`', '$', '(', ')', '\\', '"', '\'', '*', '?',
    ]) {
        return false;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    IDLE.iter().any(|idle| words.starts_with(idle))
}

/// Describes the scripts of packages that were not run, a line each.
pub(super) fn left_out<'c>(candidates: impl Iterator<Item = &'c Candidate>) -> Vec<String> {
    let scripts = candidates.flat_map(|candidate| {
        let scripts = read(&candidate.package.header).into_iter();
        scripts.map(|script| (&candidate.package.identity.name, script))
    });
    let scripts = scripts.filter(|(_, script)| !script.is_idle());
    let line = |(name, script): (&String, Scriptlet)| {
        format!(
            "the script {name}.{} is not run: {}",
            script.slot,
            script.excerpt()
        )
    };
    scripts.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_with_nothing_to_do() {
        for (program, text, want) in [
            ("/sbin/ldconfig", "", true),
            ("/bin/sh", "", true),
            ("/bin/sh", "# a comment\n\n/sbin/ldconfig\n", true),
            (
                "/bin/sh",
                "systemctl daemon-reload >/dev/null 2>&1 || :\nexit 0",
                true,
            ),
            ("/bin/sh", "ldconfig || true", true),
            ("/bin/sh", "ldconfig; rm -rf /x", false),
            ("/bin/sh", "ldconfig && rm -rf /x", false),
            ("/bin/sh", "ldconfig $(rm x)", false),
            ("/bin/sh", "ldconfig `rm x`", false),
            ("/bin/sh", "ldconfig > /etc/x", false),
            ("/bin/sh", "ldconfigure", false),
            ("/bin/sh", "exit 1", false),
            ("/bin/sh", "useradd -r x", false),
            ("<lua>", "", false),
            ("/usr/bin/python3", "true", false),
        ] {
            let script = Scriptlet {
                slot: "post",
                program: program.to_owned(),
                text: text.to_owned(),
            };
            assert_eq!(script.is_idle(), want, "{program} {text}");
        }
    }
}

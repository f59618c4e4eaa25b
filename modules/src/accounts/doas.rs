//! The right to become another user where doas is what there is: doas.conf(5).

use super::sudo::Rights;
use crate::root::{Root, RootError, show};

const FILE: &str = "/etc/doas.conf";

/// Alpine's doas reads all `.conf` files there; others know the one file alone.
const DIRECTORY: &str = "/etc/doas.d";

/// Returns whether the image has doas.
pub(crate) fn is_installed(root: &Root<'_>) -> bool {
    ["/usr/bin/doas", "/bin/doas"]
        .iter()
        .any(|path| root.is_file(path))
}

/// Lets a user run anything, without a password, because most users of an image have none. Returns
/// the path of the file.
pub(crate) fn grant(root: &mut Root<'_>, user: &str) -> Result<String, RootError> {
    let rule = own(user);
    let path = if root.is_dir(DIRECTORY) {
        format!("{DIRECTORY}/90-hsb-{user}.conf")
    } else {
        FILE.to_owned()
    };
    let mut text = root.read_if_exists(&path)?.unwrap_or_default();
    let is_new = !root.exists(&path);
    // The last rule that fits counts, so that ours goes behind the others.
    if !text
        .split(|b| *b == b'\n')
        .any(|line| line == rule.as_bytes())
    {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(format!("{rule}\n").as_bytes());
        root.write(&path, text)?;
    }
    if is_new {
        root.chmod(&path, 0o400)?;
    }
    Ok(path)
}

/// Returns the places of rules that are about the user and may come behind the one of [`grant`], as
/// `path:line`: of all that fit, the last one counts. Whether `/etc/doas.conf` counts beside the
/// directory depends on the version.
pub(crate) fn later(
    root: &Root<'_>,
    file: &str,
    who: &Rights<'_>,
) -> Result<Vec<String>, RootError> {
    let mut files = root.glob(format!("{DIRECTORY}/*.conf"));
    files.retain(|path| path.as_slice() >= file.as_bytes());
    files.push(FILE.as_bytes().to_vec());
    let mut places = Vec::new();
    for path in files.iter().filter(|path| root.is_file(path)) {
        let text = String::from_utf8_lossy(&root.read(path)?).into_owned();
        let own = own(who.user);
        let is_own = |line: &str| line == own && path == file.as_bytes();
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.iter().rposition(|line| is_own(line));
        let first = first.map_or(0, |at| at + 1);
        for (number, line) in (1..).zip(lines).skip(first) {
            if identity(line).is_some_and(|identity| who.is(&identity)) {
                places.push(format!("{}:{number}", show(path)));
            }
        }
    }
    Ok(places)
}

fn own(user: &str) -> String {
    format!("permit nopass {user}")
}

/// Returns whom a rule is about: `permit nopass setenv { A=b } :wheel as root`.
fn identity(line: &str) -> Option<String> {
    let rule = line.split('#').next()?;
    let rule = rule.replace('{', " { ").replace('}', " } ");
    let mut words = rule.split_whitespace();
    if !matches!(words.next()?, "permit" | "deny") {
        return None;
    }
    loop {
        match words.next()? {
            "nopass" | "nolog" | "persist" | "keepenv" | "setenv" => {}
            "{" => drop(words.find(|word| *word == "}")?),
            identity => return Some(identity.trim_matches('"').to_owned()),
        }
    }
}

impl Rights<'_> {
    /// Returns whether it is the user, or a group with it.
    fn is(&self, identity: &str) -> bool {
        match identity.strip_prefix(':') {
            Some(group) => self.groups.iter().any(|own| own == group),
            None => identity == self.user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image, read, show};

    #[test]
    fn the_last_rule_counts() {
        let d = "/etc/doas.d/";
        for (files, want) in [
            (
                &[("/etc/doas.conf", "permit nopass bob\ndeny bob\n")][..],
                &["/etc/doas.conf:2"][..],
            ),
            (&[("/etc/doas.conf", "deny bob\npermit nopass bob\n")], &[]),
            (
                &[(
                    "/etc/doas.conf",
                    "deny bob\n#deny bob\npermit persist :wheel",
                )],
                &[],
            ),
            (
                &[(
                    "/etc/doas.conf",
                    "permit nopass bob\npermit persist setenv {A=b bob} :wheel # c\n\
                     deny :other\ndeny bobby\npermit bob as x cmd y\nalice bob\n",
                )],
                &["/etc/doas.conf:2", "/etc/doas.conf:5"],
            ),
            (
                &[(d, ""), ("/etc/doas.conf", "deny bob\n")],
                &["/etc/doas.conf:1"],
            ),
            (
                &[
                    ("/etc/doas.d/doas.conf", "permit persist :wheel\n"),
                    ("/etc/doas.d/10.conf", "deny bob\n"),
                    ("/etc/doas.d/x", "deny bob\n"),
                ],
                &["/etc/doas.d/doas.conf:1"],
            ),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            let file = grant(&mut root, "bob").unwrap();
            let who = Rights {
                user: "bob",
                number: None,
                groups: vec!["bob".to_owned(), "wheel".to_owned()],
            };
            assert_eq!(later(&root, &file, &who).unwrap(), want, "{files:?}");
        }
    }

    #[test]
    fn one_rule_where_doas_looks() {
        for (files, path, text, mode) in [
            (
                &[("/etc/doas.d/", "")][..],
                "/etc/doas.d/90-hsb-a.b.conf",
                "permit nopass a.b\n",
                "0400",
            ),
            (&[], "/etc/doas.conf", "permit nopass a.b\n", "0400"),
            (
                &[("/etc/doas.conf", "# c\npermit persist :wheel")],
                "/etc/doas.conf",
                "# c\npermit persist :wheel\npermit nopass a.b\n",
                "0644",
            ),
        ] {
            let mut tree = image(files);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            root.mkdir_all("/etc", 0o755).unwrap();
            grant(&mut root, "a.b").unwrap();
            grant(&mut root, "a.b").unwrap();
            assert_eq!(read(&tree, path), text);
            assert!(show(&mut tree, path)[0].starts_with(mode));
        }
    }
}

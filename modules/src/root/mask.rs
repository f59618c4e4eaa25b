//! Links to `/dev/null`: what programs take for a file that is to have nothing in it.
//!
//! Images often have no `/dev/null`, or a regular file of that name: what is written through such
//! a link would end up there, and count nowhere.

use fsgen::Kind;
use fsgen::tree::path::split;

use super::{MAX_LINKS, Root, RootError, join};

/// The names on the way to the device that nothing comes out of.
const NULL: [&[u8]; 2] = [b"dev", b"null"];

impl Root<'_> {
    /// Returns whether a path ends in a link to `/dev/null`, or in one to such a link. Nothing need
    /// be there.
    pub(crate) fn is_masked(&self, path: impl AsRef<[u8]>) -> bool {
        if self.numbered(path.as_ref()).is_some() {
            return false;
        }
        let mut at = path.as_ref().to_vec();
        for _ in 0..=MAX_LINKS {
            let Ok((directory, name)) = self.tree.resolve_parent(&at) else {
                return false;
            };
            let found = self.tree.lookup(directory, name);
            let Some(Kind::Symlink(target)) = found.map(|id| &self.tree.node(id).kind) else {
                return false;
            };
            let path = join(&self.tree.path_of(directory).unwrap_or_default(), name);
            if self.leads_to_null(&path, target) {
                return true;
            }
            at = whole(&path, target);
        }
        false
    }

    /// Returns whether a link at a path says `/dev/null`, from there or from the top. Folders on the
    /// way may be links, but that to the device need not be there.
    pub(crate) fn leads_to_null(&self, path: &[u8], target: &[u8]) -> bool {
        let at = whole(path, target);
        let real =
            self.tree.resolve_parent(&at).ok().map(|(directory, name)| {
                join(&self.tree.path_of(directory).unwrap_or_default(), name)
            });
        is_null(&at) || real.is_some_and(|real| is_null(&real))
    }

    /// Checks that a path may be written to: that it is no link to `/dev/null`.
    pub(super) fn check_unmasked(&self, path: &[u8]) -> Result<(), RootError> {
        match self.is_masked(path) {
            true => Err(RootError::Masked {
                path: path.to_vec(),
            }),
            false => Ok(()),
        }
    }
}

/// Returns whether a path is that of `/dev/null`, however it is written.
pub(super) fn is_null(path: &[u8]) -> bool {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|b| *b == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names == NULL
}

/// Returns where a link at a path leads to, from the top.
fn whole(path: &[u8], target: &[u8]) -> Vec<u8> {
    match (target.first(), split(path)) {
        (Some(b'/'), _) | (_, None) => target.to_vec(),
        (_, Some((folder, _))) => join(&[b"/", folder].concat(), target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Files, NOW, image, read, refusal, show, value};
    use crate::value::Value;

    #[test]
    fn links_to_null() {
        let mut tree = image(&[
            ("/etc/a@", "/dev/null"),
            ("/etc/b@", "../dev/./null"),
            ("/etc/c@", "b"),
            ("/etc/d@", "../../..//dev/null"),
            ("/etc/e@", "dev/null"),
            ("/etc/f@", "/dev/null/x"),
            ("/etc/g@", "g"),
            ("/etc/h@", "/d/null"),
            ("/etc/j@", "/d/null/x"),
            ("/etc/k@", "/no/null"),
            ("/etc/i", "/dev/null"),
            ("/d@", "dev"),
            ("/dev/", ""),
        ]);
        let host = Files::default();
        let root = Root::new(&mut tree, &host, NOW);
        let names: Vec<_> = root.list("/etc").unwrap();
        let masked = names
            .iter()
            .filter(|name| root.is_masked(join(b"/etc", name)));
        let masked: Vec<_> = masked.map(|name| name.escape_ascii().to_string()).collect();
        assert_eq!(masked, ["a", "b", "c", "d", "h"]);
        assert!(!root.is_masked("/dev/null"));
        assert_eq!(root.read_if_exists("/etc/c").unwrap(), None);
        assert_eq!(root.text_to_change("/etc/c").unwrap(), "");
    }

    /// Nothing is written through them, whatever the image has of `/dev`.
    #[test]
    fn modules_write_nothing_to_null() {
        let cases: &[(&str, &str, Value)] = &[
            ("hostname", "/etc/hostname", value!({"hostname": "web"})),
            ("locale", "/etc/locale.conf", value!({"locale": "C.UTF-8"})),
            ("fstab", "/etc/fstab", value!({})),
            (
                "sysctl",
                "/etc/sysctl.d/90-hsb.conf",
                value!({"sysctl": {"vm.swappiness": 10}}),
            ),
            (
                "modules_load",
                "/etc/modules-load.d/hsb.conf",
                value!({"modules_load": ["loop"]}),
            ),
            (
                "sysusers",
                "/etc/sysusers.d/hsb.conf",
                value!({"sysusers": ["u a"]}),
            ),
            (
                "tmpfiles",
                "/etc/tmpfiles.d/hsb.conf",
                value!({"tmpfiles": ["d /x"]}),
            ),
            (
                "ssh",
                "/etc/ssh/sshd_config",
                value!({"ssh": {"options": {"Port": 1}}}),
            ),
            (
                "files",
                "/etc/a",
                value!({"files": [{"path": "/etc/a", "content": "x", "append": true}]}),
            ),
        ];
        for (module, path, recipe) in cases {
            for null in [&[][..], &[("/dev/null", "")]] {
                let link = format!("{path}@");
                let mut files = vec![
                    (&*link, "/dev/null"),
                    ("/usr/lib/systemd/systemd", ""),
                    ("/usr/lib/locale/C.utf8/LC_CTYPE", ""),
                    ("/usr/sbin/sshd", ""),
                    ("/etc/init.d/sshd", ""),
                ];
                files.extend(null);
                let message = refusal(&files, module, recipe);
                let want = format!(
                    "{path} leads to /dev/null, where nothing is kept; remove that link in an \
                     earlier step, with `files` and `remove`"
                );
                assert_eq!(message, want);
            }
        }
    }

    /// Nor is a directory made in the place of the device.
    #[test]
    fn directories_are_not_made_there() {
        let mut tree = image(&[("/etc/d@", "/dev/null"), ("/etc/e@", "/run/e")]);
        let host = Files::default();
        let mut root = Root::new(&mut tree, &host, NOW);
        for (path, right) in [
            ("/etc/d", false),
            ("/etc/d/x", false),
            ("/etc/e/x", true),
            ("/dev/null", true),
        ] {
            assert_eq!(root.mkdir_all(path, 0o755).is_ok(), right, "{path}");
        }
        root.remove("/dev/null").unwrap();
        root.write("/dev/null", "a file of that name").unwrap();
        assert_eq!(read(&tree, "/dev/null"), "a file of that name");
        assert_eq!(show(&mut tree, "/etc/d"), ["0777 0:0 /etc/d -> /dev/null"]);
    }
}

//! `sysusers`: makes the system users and groups that drop-ins and the recipe ask for.
//!
//! See sysusers.d(5), systemd-sysusers(8).

pub(crate) mod allocation;
mod item;

use serde::Deserialize;

use crate::dropins::{self, words};
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

const FOLDER: &str = "sysusers.d";

pub(crate) const MODULE: Module = Module {
    name: "sysusers",
    summary: "makes the system users and groups of sysusers.d",
    details: "\
Does what `systemd-sysusers` does at boot: it goes through the drop-ins of `/etc`, `/run`,
`/usr/local/lib` and `/usr/lib`, and makes the users and groups that are missing, with the numbers
that `systemd-sysusers` would choose. Own lines, in the form of sysusers.d(5), are written to
`/etc/sysusers.d/hsb.conf` where the image has systemd, and hold on every image. An own line that
cannot be followed, such as one whose number is taken, is an error; one of a drop-in a warning.

Other than `systemd-sysusers --root`:
- no `passwd-`, `group-` and the like, nor `.pwd.lock`: an image has no older state to go back to
- comments and lines that are no entries stay; systemd rewrites the files without them
- no `gshadow` for an image that has groups and no such file: its programs do not use one
- a new `shadow` can be read by the group `shadow`, where there is one
- `SYS_UID_MAX` and the like of login.defs count, as in the systemd of Fedora and SUSE; that of
  Debian is built without
- what is left in `gshadow` of a group that is gone is replaced; systemd makes nothing then
- users and groups of `/usr/lib/passwd` and `/usr/lib/group` count as well
- a user with a group by its number, while another line makes the group of the user's name, is made
  at once; systemd makes it when it runs for the second time
- `%H`, `%l`, `%a`, `%b` and `%v` are errors: systemd takes those of the machine that builds",
    keys: &["sysusers"],
    options: &[OptionDoc::optional(
        "sysusers",
        Shape::List(&Shape::Text),
        "lines as sysusers.d(5) has them",
    )],
    example: "\
modules: [sysusers]
sysusers:
  - u web 480 \"Web server\" /srv/web
  - m web adm
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    sysusers: Vec<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { sysusers } = cfg.options()?;
    for line in &sysusers {
        allocation::check(line).map_err(|message| line.error(message))?;
    }
    dropins::check_own(&sysusers, is_same)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { sysusers } = cfg.options()?;
    dropins::apply(root, FOLDER, &sysusers, is_same, allocation::apply)
}

/// Returns whether a line is about what another is about: both have the same type and name.
fn is_same(line: &[u8], other: &[u8]) -> bool {
    let start = |line| match words::split(line, 2, words::Backslash::Literal) {
        Ok((words, _)) => match &*words {
            [kind, name] if matches!(kind.first(), Some(b'u' | b'g')) => {
                Some((kind.first().copied(), name.clone()))
            }
            _ => None,
        },
        Err(_) => None,
    };
    start(line).is_some() && start(line) == start(other)
}

#[cfg(test)]
mod tests;

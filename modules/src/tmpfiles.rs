//! `tmpfiles`: makes the files and directories that drop-ins and the recipe ask for.
//!
//! See tmpfiles.d(5), systemd-tmpfiles(8).

mod acl;
mod copy;
pub(crate) mod create;
mod item;
mod line;
mod order;
mod parents;
mod pattern;
mod perms;

use serde::Deserialize;

use crate::dropins;
use crate::option::{OptionDoc, Shape};
use crate::value::{Spanned, ValueError};
use crate::{Cfg, Error, Host, Module, Root};

const FOLDER: &str = "tmpfiles.d";

pub(crate) const MODULE: Module = Module {
    name: "tmpfiles",
    summary: "makes the files and directories of tmpfiles.d",
    details: "\
Does what `systemd-tmpfiles --create -E` does: it goes through the drop-ins of `/etc`, `/run`,
`/usr/local/lib` and `/usr/lib` and makes what is missing, with its owners, modes, attributes and
ACLs. Own lines, in the form of tmpfiles.d(5), are written to `/etc/tmpfiles.d/hsb.conf` where the
image has systemd, and hold on every image. An own line that cannot be followed is an error, one of
a drop-in a warning.

Left to the running system, which goes through the same drop-ins: paths below `/dev`, `/proc`,
`/run` and `/sys`; lines with `!`; what `r`, `R`, `D`, `x`, `X` and ages remove or keep;
credentials; file attributes (`h`, `H`), which images of hsb have none of; and lines with
specifiers that the image does not know: `%a`, `%b`, `%H`, `%l`, `%v`, and `%m` before there is a
machine-id.

Other than `systemd-tmpfiles --root`:
- `w+` adds nothing to a file that ends with it already, from the start of a line on
- directories that belong to others are gone through: nobody else is at work in an image
- links on the way are followed in the image, not on the machine that builds
- ACLs name users and groups of the image, not of the machine that builds
- `a` without `group::` keeps what the group has; systemd takes the mask for it the second time
- a copy (`C`) keeps all attributes, not only `user.`, and its hard links are files of their own
- fields have the escapes of C, `L?` and `C+` work as in systemd 256
- labels of SELinux are not set: run `restorecon`, or let the first boot do it",
    keys: &["tmpfiles"],
    options: &[OptionDoc::optional(
        "tmpfiles",
        Shape::List(&Shape::Text),
        "lines as tmpfiles.d(5) has them",
    )],
    example: "\
modules: [tmpfiles]
tmpfiles:
  - d /srv/web 0750 root root
  - L /srv/current - - - - web
",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    tmpfiles: Vec<Spanned<String>>,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    let Options { tmpfiles } = cfg.options()?;
    for line in &tmpfiles {
        create::check(line).map_err(|message| line.error(message))?;
    }
    dropins::check_own(&tmpfiles, is_same)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { tmpfiles } = cfg.options()?;
    dropins::apply(root, FOLDER, &tmpfiles, is_same, create::apply)
}

/// Returns whether a line is about what another is about: both have the same type and path, and are
/// none of those that add.
fn is_same(line: &[u8], other: &[u8]) -> bool {
    let start = |text| {
        let fields = line::parse(text).ok()?;
        let adds = fields.modifiers.plus && b"waA".contains(&fields.kind);
        (!adds).then_some((fields.kind, fields.path))
    };
    start(line).is_some() && start(line) == start(other)
}

#[cfg(test)]
mod tests;

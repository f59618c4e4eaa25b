//! The options of `install_debs` as users read them.

use crate::option::{OptionDoc, Shape};

pub(super) const DETAILS: &str = "\
It unpacks as dpkg does, and writes what dpkg knows: `/var/lib/dpkg/status`, and the files in
`info` and `triggers`. So `dpkg -l`, `-S` and `-V`, apt and later upgrades go on from there. What a
package depends on has to be in the image or in the list; all that is missing, and all that
conflicts, is told at once. Nothing is fetched, and packages have no signatures to check.

Files get the owners that the image's own `/etc/passwd` and `/etc/group` have for their names, or
else their numbers. Diversions and the owners and modes of `dpkg-statoverride` count, `Replaces`
too; any other file that two packages have is an error. Links of the image to directories stay, as
`/lib` to `/usr/lib`. An older version is replaced, and what the new one does not have is removed.
Settings that were changed stay, with the package's own beside them as `.dpkg-dist`. Architectures
are those of the image's dpkg, and those of `/var/lib/dpkg/arch`.

Nothing of the image is run. A package without a `preinst` and a `postinst`, whose dependencies are
all configured, is installed when the step is done. The others are left as `dpkg --unpack` leaves
them, which is a state that dpkg knows: `dpkg --configure -a` goes on from there. Where the image
has systemd, `hsb-scriptlets.service` does that at the first boot, keeps settings that are there,
asks nothing, and removes itself. Elsewhere a warning says that it has to be done. What packages of
the image want to know of new files is noted the same way, as pending triggers. A `preinst` would
have to run before the files are there: it is not run, with a warning that has its first lines.
`-v` and `hsb plan` tell what becomes of each package.

So an image differs from what dpkg leaves in this: times of dpkg's own files are that of the build,
and there is no log, no `status-old` and no `available`.";

pub(super) const OPTIONS: &[OptionDoc] = &[OptionDoc::required(
    "debs",
    Shape::AnyOf(&[
        Shape::List(&Shape::Text),
        Shape::Map(&[
            OptionDoc::required(
                "packages",
                Shape::List(&Shape::Text),
                "package files, folders of them, or patterns such as `pkgs/*.deb`, from the folder \
                 of build.yaml",
            ),
            OptionDoc::flag(
                "nodeps",
                "install packages although something that they depend on is missing or conflicts",
            ),
            OptionDoc::flag("downgrade", "let packages replace newer versions"),
        ]),
    ]),
    "what to install; a list stands for `packages`",
)];

pub(super) const EXAMPLE: &str = r#"modules: [install_debs]
debs:
  - packages # a folder: every *.deb in it
  - more/hello_*.deb
"#;

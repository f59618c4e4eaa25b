//! The options of `install_debs` as users read them.

use crate::option::{OptionDoc, Presence, Shape};
use crate::script::policy::SHAPE;

pub(super) const DETAILS: &str = "\
It unpacks as dpkg does, and writes what dpkg knows: `/var/lib/dpkg/status`, and the files in `info`
and `triggers`. So `dpkg -l`, `-S` and `-V`, apt and later upgrades go on from there. What a package
depends on has to be in the image or in the list; all that is missing, and all that conflicts, is
told at once. Nothing is fetched, and packages have no signatures to check. A header that
dpkg refuses is an error, as dpkg would then refuse its whole list.

Files get the owners that the image's own `/etc/passwd` and `/etc/group` have for their names, or
else their numbers. Diversions and the owners and modes of `dpkg-statoverride` count, `Replaces`
too; any other file that two packages have is an error. A package of the image that cannot be beside
a new one (`Conflicts`) goes if the new one `Replaces` it, as with dpkg: its settings stay. Links
of the image to directories stay, as `/lib` to `/usr/lib`. An older version is replaced, and what
the new one does not have is removed. Settings that were changed stay, with the package's own beside
them as `.dpkg-dist`. Architectures are those of the image's dpkg, and those of
`/var/lib/dpkg/arch`.

Nothing of the image is run, so scripts are done in another way, each told of with `-v` and in `hsb
plan`:

- One that only tells a running system of what is new, such as `deb-systemd-invoke`, has nothing to
  do. One that ends with a failure is an error, as dpkg does not install its package then either.
- One that is understood whole, as far as it is reached, is done to the tree: what debhelper writes
  for units of systemd, with the image's own presets, `systemd-sysusers`, `systemd-tmpfiles
  --create`, `adduser --system`, `update-rc.d NAME defaults`, `dpkg-divert`, `dpkg-trigger`,
  `dpkg-maintscript-helper rm_conffile`, and the other commands that `install_rpms` knows, such as
  `update-alternatives --install` and `mkdir -p`, on literal names, with `if`, `case`, `&&` and
  `||`. Nothing is guessed: one word more makes the script one that is not understood.
- A package whose `postinst` is not understood is left as `dpkg --unpack` leaves it, and so is what
  depends on it. dpkg knows that state: `dpkg --configure -a` goes on from there. Where the image
  has systemd, `hsb-scriptlets.service` does that at the first boot, whatever target it boots into,
  keeps settings that are there, asks nothing, and removes itself. Elsewhere a warning says that it
  has to be done.
- A `preinst` that is not understood is left for the first boot, too, if no version of its package
  was there: the package is left unpacked, and the unit runs the script before `dpkg --configure
  -a`, in the order of packages, with the arguments and variables that dpkg gives it, once what the
  package `Pre-Depends` on is configured. Its files are there by then. If it fails, the journal
  tells, and the rest goes on. Where a later step brings another version, that one's own `preinst`
  takes its place, if there is any; where the package goes, so does this. `install_rpms` runs no
  `%pre` so late: it makes the owners of files, and rpm has no state for a package that is not
  ready yet.
- A `preinst` that is not understood may, where an older version is replaced, move or remove files
  that are new ones by the first boot: it is not run, with a warning that has its first lines. So it
  is with every `preinst` where the image has no systemd, and with the `prerm` and `postrm` of what
  is replaced or removed. `scripts: fail` makes errors of all of these.

All other packages are installed when the step is done. What packages of the image want to know of
new files is noted as pending triggers, which the first boot looks after, too.

`scripts` says otherwise: `skip` leaves all of a package's scripts out, and installs it; `firstboot`
leaves each `postinst`, and each `preinst` as above, that has anything to do for the first boot;
`fail` makes a script that is not understood an error.

So an image differs from what dpkg leaves in this: times of dpkg's own files are that of the build,
there is no log, no `status-old` and no `available`, and Python's bytecode is not made. New users
bring `/etc/shadow` where there is none; where there is no `/etc/gshadow`, new groups have `!` for a
password, where groupadd writes `x`: both are locked. Packages that do not need each other are taken
by their names, whatever the order of the list. Where a setting is a link, the file that it leads to
is the setting, and is made if it is missing; dpkg (1.21) leaves its own beside the link as
`.dpkg-new`, which nothing ever looks at. Where `update-alternatives` refuses, dpkg's may leave
links that end in `.dpkg-tmp`, and here it leaves none. Here it also refuses to let a group's link
take the one of its own follower, after which dpkg's cannot read its own file any more. Of packages
that all ask to be there before each other, which dpkg refuses, one is taken first. A package whose
`preinst` calls a trigger before any version of it was there does not wait for that. What would
leave another package of the image without what it needs is an error, where dpkg itself, unlike apt,
goes on. A setting of a package that was removed before, which a `preinst` moves away at the first
boot, stays in dpkg's list as an obsolete one. Links to units lead to `/usr/lib/systemd`, where
Debian 12 writes `/lib/systemd`, which is the same folder. Programs that are known are taken to be
there, as with `install_rpms`.";

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
            OptionDoc {
                name: "scripts",
                shape: SHAPE,
                presence: Presence::Default("auto"),
                summary: "what becomes of the packages' scripts: for all, or by the names of \
                          packages, with `default` for the others",
            },
        ]),
    ]),
    "what to install; a list stands for `packages`",
)];

pub(super) const EXAMPLE: &str = r#"modules: [install_debs]
debs:
  - packages # a folder: every *.deb in it
  - more/hello_*.deb
"#;

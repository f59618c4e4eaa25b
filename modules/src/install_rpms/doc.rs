//! The options of `install_rpms` as users read them.

use super::script::SHAPE;
use crate::option::{OptionDoc, Presence, Shape};

pub(super) const DETAILS: &str = "\
What a package requires has to be in the image, in the list, or in a repository of `repos`; all that
is missing is told at once. Without `repos`, nothing is fetched. With it, and only if something is
missing, the newest packages that fit are added, as dnf would choose them; what they recommend is
left out. Lists and packages must have the checksums that the repository says, by SHA-256 or better;
`repomd.xml` itself is taken on trust, so what comes is what the repository has that day; with
`repo_gpgcheck` it has to be signed, by `repomd.xml.asc`. Of modules, packages come from the streams
that the image has enabled, and else from default ones, or from what these need, as far as they fit
together and are for the platform of os-release, if it names one; of other streams none do, and none
that are called as or provide what a stream in use has. If one of these would do, the error says so.
Of paths, those count that `primary.xml` has: programs, and what is in `/etc`. Digests of the header
and every file are checked, and that of the payload where there is one. Packages for another machine
and source packages are refused.

Signatures of headers are checked by the keys of `keyring`, or else those of the image: in
`/etc/pki/rpm-gpg`, and those that were imported into its package database. A wrong signature is an
error, and so is one by a key that is revoked, or had expired when it signed. A package without a
signature, or with one by an unknown key, is a warning, and with `verify: signature` an error, too.
`-v` and `hsb plan` tell which key signed what. An hsb that was built without the feature
`rpm-verify` looks at no signature, and refuses `keyring`, `repo_gpgcheck` and `verify: signature`.

Files get the owners that the image's own `/etc/passwd` and `/etc/group` have for their names, and
modes, times, capabilities and hard links as the package says. Users and groups that packages bring
are made first: those that they provide as data, each before its own files, as since rpm 4.19, those
of their files in `/usr/lib/sysusers.d`, and those of `useradd` in a script that is understood. Any
other that the image does not have is an error, which names the script that may make it, and rpm
gives the file to root; `add_user` in an earlier step makes it. Two packages with different files of
one path are an error, too, unless they are a 32-bit and a 64-bit program: of these, the 64-bit one
is put there.

The image's package database has the headers as `rpm -i` writes them, byte for byte: `rpm -qa`,
`-V`, `-e`, `-U` and dnf go on from there. It is where the image's rpm is set to have it, or in
`/usr/lib/sysimage/rpm` or `/var/lib/rpm`, whichever is there, and of the kind sqlite or, as on
SUSE, ndb. The time of installation is that of the build: `SOURCE_DATE_EPOCH`, or else the newest
file of the source. A database of the old kind bdb is only read: files and scripts are as with the
others, and at the first boot, which needs systemd, the image's own rpm takes the packages into its
database by `rpm -i --justdb`; a warning says so. A database that lacks one of rpm's tables, or has
more columns in one, and a link to none, are refused; rows that belong to no package are told of.

An older version is replaced, the same one for another architecture where either is `noarch`, and
what a package obsoletes; if that is listed too, it is left out. What an installed package obsoletes
is refused. Settings that were changed stay or are kept, as `.rpmnew`, `.rpmsave` or `.rpmorig`, by
rpm's own rules. Kernels are installed beside one another: what has or provides a name that is in
dnf's `installonlypkgs` by default. All of them stay, where dnf removes the oldest of four.

Nothing of the image is run, so scripts and triggers are done in another way, each told of with
`-v` and in `hsb plan`:

- One that only tells a running system of what is new, such as `ldconfig` or
  `systemctl daemon-reload`, has nothing to do. One that refuses its package, such as `[ -e /x ] ||
  exit 1` in a `%pre`, is heard as rpm hears it.
- One that is understood whole is done to the tree: `systemctl preset` and `enable` with the image's
  own presets, `groupadd`, `useradd`, `usermod -aG`, `systemd-sysusers`,
  `systemd-tmpfiles --create`, `update-alternatives --install`, `update-ca-trust`,
  `ca-legacy install`, `mkdir`, `touch`, `ln -s`, `chmod`, `chown`, `mv` and `rm -f`, on literal
  names and with `if`, `&&` and `||`.
  Nothing is guessed: one word more makes the script one that is not understood, and so do forms in
  which shells or programs differ, such as `chown a.b` or `set -u`.
- `update-ca-trust` makes the bundles that the image's own program of that name makes, as p11-kit's
  `trust` would: PEM for servers, e-mail and code, stores for OpenSSL, Java and EDK2, and the folder
  by hash, of files in p11-kit's own form, PEM and DER. With another program of that name than
  Fedora's or RHEL's, one that was changed, or a file, certificate or attribute that is not
  understood, none is made: the script is taken back, and is one that is not understood.
- One in Lua (`-p <lua>`) is run, if it uses nothing but the language and what looks at files and
  changes them: `posix.stat`, `mkdir`, `symlink`, `unlink` and the like, `os.remove`, `os.rename`,
  `io.open` and, in triggers for files, `rpm.next_file`. All of that acts on the image. It may take
  64 MiB and 50 million instructions, where bytes that a function goes through count, and each
  instruction once more for 32 KiB of memory. One that asks for more on its way, or where a table
  lies in memory (`%p`), is taken back, and is one that is not understood.
- Of the others, what may come after the files is left for the first boot, where the image has
  systemd: `hsb-scriptlets.service` runs it once, and removes itself. Scripts in Lua need `rpmlua`
  there.
- What is left is not run, with a warning that has its name and first lines: scripts that would have
  to run before the files are there, and all where there is no systemd.

So an image differs from what rpm leaves in this: the time of installation and the number of the
transaction are those of the build, what scripts make has that time as well, what is left for the
first boot is there after it, and what programs leave that nobody ran is missing: backups such as
`/etc/passwd-`, `/etc/.pwd.lock`, `/etc/ld.so.cache` and logs. Where there is no `/etc/shadow`, the
first new user brings it; where there is no `/etc/gshadow`, new groups have `!` for a password,
where groupadd writes `x`: both are locked. Packages that do not need each other come and go in the
order of their names, and not of arguments: new users without a fixed number get theirs in that
order, and of the same file in two packages the first one's time counts. Of the image's macros that
leave files out, `%_excludedocs` and `%_install_langs` count where a plain value or `%{nil}` stands
on their line, without braces, parameters or other macros, and `%_netsharedpath` does not. Settings
that stay as somebody changed them fire a `%filetriggerin`, too, and each path of a
`%transfiletriggerpostun` counts, where rpm 4.18 looks at the first by name alone. The MD5 of header
and payload, which rpm checks as well, is not looked at: all that gets into the image has other
digests. A package stays beside that of the other size, 32 or 64 bits, also without programs in it,
where `rpm -U` replaces it, and dnf does not. Where a file comes in the place of a directory that
somebody had replaced by a link, rpm refuses the package, and here the file takes the place. Where
the last of hard links comes first in a package's archive, rpm leaves the others empty, and here all
have the content. With `replacefiles`, a directory never takes the place of a file of the same step,
which rpm would lose without a word. The base64 signatures and the SHA3-256 digest of packages as
rpm 6 makes them are in the database, as with rpm 6; an older rpm leaves them out, but bears them.
Of modules that exclude each other, the first by name is used, where dnf may find more that fit. A
module whose enabled stream no repository has is not used, where dnf may use another one for those
that need it, or refuses that one's packages. `module_hotfixes` of a repository cannot be said: such
packages have to be listed. Programs that are known do their work also in an image that lacks them,
where scripts fail with rpm, but for `systemctl`, `systemd-update-helper` and `update-ca-trust`,
which in turn does without p11-kit; `[ -x PATH ]` and `command -v` say what is there. Bundles of
authorities have the files of a folder in the order of their names, where p11-kit takes them as the
filesystem lists them, and keystores of Java are of the time of the build.

`scriptlets` says otherwise: `skip` leaves all of a package's scripts out, `firstboot` leaves all
that have anything to do for the first boot, and `fail` makes one that is not understood an error.";

pub(super) const OPTIONS: &[OptionDoc] = &[
    OptionDoc::optional(
        "rpms",
        Shape::List(&Shape::Text),
        "what to install: package files, folders of them, or patterns such as `pkgs/*.rpm`, from \
         the folder of build.yaml",
    ),
    OptionDoc::optional(
        "repos",
        Shape::List(&Shape::Text),
        "where what is missing comes from: folders with `repodata`, from the folder of build.yaml, \
         or addresses by http or https of such",
    ),
    OptionDoc::optional(
        "keyring",
        Shape::List(&Shape::Text),
        "files of OpenPGP public keys, armored or not, and folders of them; those of the image if \
         left out",
    ),
    OptionDoc {
        name: "verify",
        shape: Shape::OneOf(&["auto", "signature", "none"]),
        presence: Presence::Default("auto"),
        summary: "what is asked of signatures: `auto` refuses wrong ones, `signature` demands right \
                  ones by known keys",
    },
    OptionDoc::flag(
        "repo_gpgcheck",
        "refuse repositories whose list is not signed by a key of `keyring`, or of the image",
    ),
    OptionDoc::optional(
        "excludedocs",
        Shape::Bool,
        "leave documentation out, all but licenses; left out, what `%_excludedocs` of the image's \
         macro files says",
    ),
    OptionDoc::optional(
        "install_langs",
        Shape::List(&Shape::Text),
        "of files that packages mark with a language, put only those of these there, such as \
         `[en, de_DE]`, or with `all` those of every language; left out, what `%_install_langs` of \
         the image's macro files says, or else `all`",
    ),
    OptionDoc::flag(
        "nodeps",
        "install packages although something that they require is missing or conflicts",
    ),
    OptionDoc::flag(
        "replacefiles",
        "let packages put their files in the place of other packages' different ones",
    ),
    OptionDoc {
        name: "scriptlets",
        shape: SHAPE,
        presence: Presence::Default("auto"),
        summary: "what becomes of the packages' scripts: for all, or by the names of packages, \
                  with `default` for the others",
    },
    OptionDoc::flag("downgrade", "let packages replace newer versions"),
];

pub(super) const EXAMPLE: &str = r#"modules: [install_rpms]
rpms:
  - packages # a folder: every *.rpm in it
  - more/payload-*.rpm
"#;

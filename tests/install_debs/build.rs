//! Packages made by dpkg-deb, and systems that dpkg and hsb install them into.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install_rpms::system::{listing, pack};
use crate::kit::{Mounted, Work, e2fsck_clean, loop_mount, say, succeed, tool};

/// The time of all builds.
pub(super) const NOW: &str = "1700000000";

/// A package to be made.
#[derive(Clone, Copy)]
pub(super) struct Deb {
    /// Name, version and architecture, as in `a_1.0_all`.
    pub(super) name: &'static str,
    /// Further lines of its header.
    pub(super) fields: &'static str,
    /// Paths with what is there, as in [`lay`].
    pub(super) files: &'static [(&'static str, &'static str)],
    /// Files beside the header.
    pub(super) control: &'static [(&'static str, &'static str)],
}

/// Lays a file into a folder: a directory if the path ends in `/`, a link to the text at `@`, one
/// more name of another file at `=`. Permissions may be before the path, as in `4755:/bin/x`.
pub(super) fn lay(folder: &Path, path: &str, text: &str) {
    let (mode, path) = path.split_once(':').unwrap_or(("644", path));
    let file = folder.join(
        path.trim_start_matches('/')
            .trim_end_matches(['/', '@', '=']),
    );
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    match path.chars().last() {
        Some('/') => fs::create_dir_all(&file).unwrap(),
        Some('@') => {
            let _ = fs::remove_file(&file);
            return symlink(text, file).unwrap();
        }
        Some('=') => return fs::hard_link(folder.join(&text[1..]), file).unwrap(),
        _ => fs::write(&file, text).unwrap(),
    }
    let mode = match (path.ends_with('/'), mode) {
        (true, "644") => 0o755,
        (_, mode) => u32::from_str_radix(mode, 8).unwrap(),
    };
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes a package in a folder, packed in one of the ways of dpkg-deb.
pub(super) fn build(work: &Work, deb: &Deb, into: &str, packed: &str) -> PathBuf {
    let tree = work.join("deb");
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir_all(tree.join("DEBIAN")).unwrap();
    for (path, text) in deb.files {
        lay(&tree, path, text);
    }
    let mut parts = deb.name.split('_');
    let mut part = || parts.next().unwrap();
    let (name, version, arch) = (part(), part(), part());
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: A <a@example.org>\n\
         {}Description: a package\n for tests\n",
        deb.fields
    );
    fs::write(tree.join("DEBIAN/control"), control).unwrap();
    for (name, text) in deb.control {
        let is_script = ["preinst", "postinst", "prerm", "postrm"].contains(name);
        let mode = if is_script { "755" } else { "644" };
        lay(&tree, &format!("{mode}:DEBIAN/{name}"), text);
    }
    fs::create_dir_all(work.join(into)).unwrap();
    let file = work
        .join(into)
        .join(format!("{}.deb", deb.name.replace(':', "%3a")));
    let mut build = tool("dpkg-deb");
    build
        .args(["--root-owner-group", packed, "--build"])
        .arg(&tree)
        .arg(&file);
    succeed(build.env("SOURCE_DATE_EPOCH", "1600000000"));
    file
}

/// Makes a package in each of two folders.
pub(crate) fn example(work: &Work, folders: [&str; 2]) {
    let files = &[("/usr/share/example/text", "x\n")];
    let deb = |name| Deb {
        name,
        fields: "",
        files,
        control: &[],
    };
    build(work, &deb("example_1.0_all"), folders[0], "-Zgzip");
    let other = Deb {
        files: &[("/usr/share/hello", "hello\n")],
        ..deb("hello_1.0_all")
    };
    build(work, &other, folders[1], "-Znone");
}

/// Makes the folder of a small system on which dpkg has installed nothing yet.
pub(super) fn system(work: &Work, name: &str) -> PathBuf {
    let folder = work.join(name);
    for (path, text) in [
        ("/usr/lib/", ""),
        ("/usr/bin/", ""),
        ("/lib@", "usr/lib"),
        ("/bin@", "usr/bin"),
        (
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nsrv:x:990:991:::\n",
        ),
        ("/etc/group", "root:x:0:\nsrv:x:991:\n"),
        ("/var/lib/dpkg/status", ""),
        ("/var/lib/dpkg/info/", ""),
        ("/var/lib/dpkg/updates/", ""),
        ("/var/lib/dpkg/triggers/", ""),
        ("/var/lib/dpkg/arch", "amd64\ni386\n"),
        ("/usr/lib/systemd/systemd", ""),
    ] {
        lay(&folder, path, text);
    }
    folder
}

/// Whether dpkg can install here: it changes owners, which only root may.
pub(super) fn dpkg_installs() -> bool {
    let can = rustix::process::geteuid().is_root();
    if !can {
        say("NOT COMPARED with what dpkg installs: only root can change owners");
    }
    can
}

/// Returns dpkg with the root of an installation, that keeps settings that were changed.
pub(super) fn dpkg(root: &Path) -> Command {
    let mut dpkg = tool("dpkg");
    let forced = ["--force-confdef", "--force-confold", "--no-triggers"];
    dpkg.arg(format!("--root={}", root.display())).args(forced);
    dpkg
}

/// Lets hsb install into a system with a recipe, and shows the image.
pub(super) fn installed(work: &Work, system: &Path, recipe: &str) -> Option<Mounted> {
    let tar = work.join("system.tar");
    pack(system, &tar);
    work.write("build.yaml", format!("size: 64M\ntable: none\n{recipe}"));
    let mut hsb = work.hsb(["build", "-o", "image.raw", "-i"]);
    succeed(hsb.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    loop_mount(&image, 0, "rw")
}

/// Describes a system without what only dpkg leaves, and without the time of its own files.
pub(super) fn described(root: &Path) -> Vec<String> {
    const ONLY_DPKGS: [&str; 6] = [
        "var/lib/dpkg/lock",
        "var/lib/dpkg/status-old",
        "var/lib/dpkg/diversions-old",
        "var/lib/dpkg/statoverride-old",
        "var/lib/dpkg/triggers/Lock",
        "var/log",
    ];
    let mut lines = listing(root);
    lines.retain(|line| !ONLY_DPKGS.iter().any(|start| line.starts_with(start)));
    for line in &mut lines {
        let is_own = line.starts_with("var/lib/dpkg/");
        // A file that dpkg renamed has the time of its package all the same.
        let words: Vec<&str> = line.split(' ').collect();
        if is_own && let [name, mode, owner, _, rest @ ..] = &*words {
            *line = [&[*name, *mode, *owner, "-"], rest].concat().join(" ");
        }
    }
    lines
}

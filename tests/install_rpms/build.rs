//! Packages made by rpmbuild, and systems that rpm and hsb install them into.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::pack;
use crate::kit::{Mounted, Work, e2fsck_clean, loop_mount, say, succeed, tool};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");

/// The time of all builds.
pub(super) const NOW: &str = "1700000000";

/// Makes a folder in memory: rpm waits at its end until all that any program wrote is on the disk.
pub(super) fn work(name: &str) -> Work {
    Work::under(Path::new("/dev/shm"), name)
}

/// Builds the packages of a spec in the folder `rpms`.
pub(super) fn build(work: &Work, spec: &str, defines: &[(&str, &str)]) {
    let spec = format!("{}/tests/install_rpms/{spec}", env!("CARGO_MANIFEST_DIR"));
    build_file(work, Path::new(&spec), "rpms", defines);
}

pub(super) fn build_file(work: &Work, spec: &Path, folder: &str, defines: &[(&str, &str)]) {
    build_target(work, spec, folder, "x86_64-linux", defines);
}

/// Builds the packages of a spec for a machine.
pub(super) fn build_target(
    work: &Work,
    spec: &Path,
    folder: &str,
    target: &str,
    defines: &[(&str, &str)],
) {
    let top = work.join("rpmbuild");
    let mut rpmbuild = tool("rpmbuild");
    rpmbuild
        .args(["-bb", "--quiet", "--target", target, "--nodebuginfo"])
        .env("SOURCE_DATE_EPOCH", NOW);
    let always = [
        ("_topdir", top.display().to_string()),
        ("_rpmdir", work.join(folder).display().to_string()),
        (
            "_build_name_fmt",
            "%%{NAME}-%%{VERSION}.%%{ARCH}.rpm".to_owned(),
        ),
        ("_buildhost", "build.example".to_owned()),
        ("source_date_epoch_from_changelog", "0".to_owned()),
        ("use_source_date_epoch_as_buildtime", "1".to_owned()),
    ];
    for (name, value) in &always {
        rpmbuild.arg("--define").arg(format!("{name} {value}"));
    }
    for (name, value) in defines {
        rpmbuild.arg("--define").arg(format!("{name} {value}"));
    }
    succeed(rpmbuild.arg(spec));
}

/// Makes a package in each of two folders.
pub(crate) fn example(work: &Work, folders: [&str; 2]) {
    let spec = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/install_rpms/payload.spec"
    );
    for (folder, kind) in folders.into_iter().zip(["gzip", "none"]) {
        build_file(work, Path::new(spec), folder, &[("kind", kind)]);
    }
}

/// Writes a recipe that installs `rpms`, with more lines behind it.
pub(super) fn recipe(work: &Work, more: &str) {
    let text = format!("modules: [install_rpms]\nsize: 64M\ntable: none\nrpms: [rpms]\n{more}");
    work.write("build.yaml", text);
}

pub(super) fn hsb(work: &Work, source: &Path) -> Command {
    let mut hsb = work.hsb(["build", "-o", "image.raw", "-i"]);
    hsb.arg(source).env("SOURCE_DATE_EPOCH", NOW);
    hsb
}

/// Makes the archive of a small system, without the files that are there to be hard.
pub(super) fn base(work: &Work) -> PathBuf {
    let (folder, tar) = (work.join("base"), work.join("base.tar"));
    fs::create_dir(&folder).unwrap();
    let mut unpack = tool("tar");
    unpack.arg("-C").arg(&folder).args(["-xpf", FIXTURE]);
    unpack.arg("--exclude=./usr/share/limits");
    if !rustix::process::geteuid().is_root() {
        // Device nodes are for root to make.
        unpack.arg("--exclude=./dev/*");
    }
    succeed(&mut unpack);
    pack(&folder, &tar);
    tar
}

/// Builds an image and has the kernel show it.
pub(super) fn installed(work: &Work, source: &Path) -> Option<Mounted> {
    succeed(&mut hsb(work, source));
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    loop_mount(&image, 0, "rw")
}

/// Returns rpm with the root of an installation.
pub(super) fn rpm(root: &Path) -> Command {
    let mut rpm = tool("rpm");
    rpm.args(["--define", "_dbpath /var/lib/rpm", "--root"])
        .arg(root);
    rpm
}

/// Whether rpm can install here: for that it changes its root, which only root may.
pub(super) fn rpm_installs() -> bool {
    let can = rustix::process::geteuid().is_root();
    if !can {
        say("NOT COMPARED with what rpm installs: only root can change its root");
    }
    can
}

/// Lets rpm install into the folder of the small system.
pub(super) fn by_rpm(work: &Work, rpms: &[PathBuf]) -> PathBuf {
    let folder = work.join("base");
    succeed(rpm(&folder).args(["-i", "--noplugins"]).args(rpms));
    folder
}

pub(super) fn packages(work: &Work) -> Vec<PathBuf> {
    let entries = fs::read_dir(work.join("rpms")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

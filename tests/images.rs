//! Disk images as sources: what other programs store in them, or we do, comes out as it went in.
//!
//! An image that is built from an image has to be the image that is built from the files in it,
//! byte for byte.
//!
//! - `features`: filesystems by mke2fs with every feature that it can turn on
//! - `journal`: filesystems that were not unmounted, with e2fsck as judge
//! - `forms`: qcow2 with all options of qemu-img, and all that we write
//! - `partitions`: which one is taken
//! - `corrupt`: what is damaged or not supported is refused, with its name

mod corrupt;
mod features;
mod forms;
mod journal;
mod partitions;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::kit::{self, Work};

/// Makes the folder `files` with a bit of everything that a user may make.
fn files(work: &Work) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/files.py");
    let files = work.join("files");
    kit::succeed(kit::tool("python3").arg(script).arg(&files));
    files
}

/// Builds a bare filesystem from a source, as `source:` has it, and returns its bytes and what was
/// said about it.
fn build(work: &Work, source: &str) -> (Vec<u8>, String) {
    work.write(
        "build.yaml",
        format!("table: none\nseed: same\nsource: {source}\n"),
    );
    let run = kit::run(&mut work.hsb(["build", "-q", "-o", "built.raw"]));
    assert_eq!(run.code, Some(0), "{source}: {}", run.stderr);
    (fs::read(work.join("built.raw")).unwrap(), run.stderr)
}

/// Builds from a source that has to be refused and returns the complaint.
fn refused(work: &Work, source: &str) -> String {
    work.write(
        "build.yaml",
        format!("table: none\nseed: same\nsource: {source}\n"),
    );
    kit::fail(&mut work.hsb(["build", "-q", "-o", "built.raw"]), 1)
}

/// Makes a filesystem with what is in `files`.
fn mke2fs(work: &Work, name: &str, options: &[&str], files: &Path) -> PathBuf {
    let image = work.join(name);
    let mut mke2fs = kit::tool("mke2fs");
    mke2fs.args(["-q", "-F", "-d"]).arg(files).args(options);
    fs::remove_file(&image).ok();
    kit::succeed(mke2fs.arg(&image).arg("24M"));
    // It leaves out the time and the owner of the folder itself.
    let folder = fs::metadata(files).unwrap();
    let (uid, gid) = (folder.uid(), folder.gid());
    let requests = format!("sif <2> mtime @1100000000\nsif <2> uid {uid}\nsif <2> gid {gid}");
    debugfs(work, &image, &requests);
    image
}

/// Lets debugfs change a filesystem, by one request a line.
fn debugfs(work: &Work, image: &Path, requests: &str) -> String {
    let script = work.write("requests", requests);
    let run = kit::run(
        kit::tool("debugfs")
            .args(["-w", "-f"])
            .arg(script)
            .arg(image)
            .current_dir(work.path()),
    );
    // It ends with 0 whatever happens; its complaints follow the version on stderr.
    let mut complaints = run.stderr.lines().filter(|l| !l.starts_with("debugfs 1."));
    assert_eq!(complaints.next(), None, "{requests}: {run:#?}");
    run.stdout
}

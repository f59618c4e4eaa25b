//! A root filesystem on every limit of ext4 and tar, as the kernel shows it; and what is beyond.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::kit::{self, Work};
use super::readback;

/// Makes a tar with `scripts/make-edges` and its options.
fn edges(work: &Work, options: &[&str]) -> PathBuf {
    let tar = work.join("edges.tar");
    kit::succeed(script("make-edges").args(options).arg(&tar));
    tar
}

fn script(name: &str) -> Command {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(project.join("scripts").join(name));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Builds a bare filesystem and has it judged by e2fsck, by debugfs, and by the kernel where it may
/// mount.
fn judge(work: &Work, tar: &Path, recipe: &str) {
    work.write("build.yaml", recipe);
    kit::succeed(work.hsb(["build", "-q", "-i"]).arg(tar));
    let image = work.join("image.raw");
    kit::e2fsck_clean(&image, 0);
    readback::compare_with_tar(tar, &image);
    if let Some(mounted) = kit::loop_mount(&image, 0, "ro") {
        kit::succeed(script("compare-tree").arg(tar).arg(mounted.path()));
    }
}

#[test]
fn the_kernel_shows_every_limit() {
    let work = Work::new("edge");
    let tar = edges(&work, &[]);
    judge(&work, &tar, "table: none\nsize: +64M");
    // All of it comes out of the image again: names, links, contents, attributes, times.
    kit::succeed(&mut work.hsb(["export", "image.raw", "-o", "out.tar"]));
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = kit::tool("python3");
    python.arg(project.join("tests/looking/same_tar.py"));
    python.arg(project.join("scripts/compare-tree")).arg(&tar);
    let said = kit::succeed(python.arg(work.join("out.tar")).arg("--blocks"));
    assert!(said.starts_with("SAME: "), "{said}");
}

#[test]
fn every_limit_of_other_filesystems() {
    let work = Work::new("edge-other");
    for (block_size, more) in [
        (4096, "profile: modern"),
        (2048, "label: two"),
        (1024, "journal: false"),
    ] {
        let tar = edges(&work, &["--few", "--block-size", &block_size.to_string()]);
        let root = format!("{{fs: ext4, mount: /, block_size: {block_size}, {more}}}");
        let recipe = format!("table: none\nsize: +64M\npartitions: [{root}]");
        judge(&work, &tar, &recipe);
    }
}

#[test]
#[ignore = "takes several minutes: cargo test --test hsb million -- --ignored"]
fn the_kernel_shows_a_million_names() {
    let work = Work::new("edge-million");
    let tar = edges(&work, &["--million"]);
    judge(&work, &tar, "table: none");
    // With blocks of 1 KiB, so many names take an index of three levels.
    judge(
        &work,
        &tar,
        "table: none\nsize: +100M\npartitions: [{fs: ext4, mount: /, block_size: 1024}]",
    );
}

#[test]
fn more_links_than_ext4_counts() {
    let work = Work::new("edge-links");
    let tar = edges(&work, &["--links", "70000"]);
    work.write("build.yaml", "table: none");
    let message = kit::fail(work.hsb(["build", "-q", "-i"]).arg(&tar), 1);
    let told = "70000 hard links, ext4 allows 65000; make some of them copies";
    assert!(message.contains(told), "{message}");
    assert!(message.contains(": /"), "no path: {message}");
}

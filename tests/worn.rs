//! Images after hard use by the kernel and by administrators, and as GRUB reads them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::kit::{self, Work};

const PROFILES: [&str; 2] = ["compat", "modern"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Builds a bare filesystem of the fixture.
fn build(work: &Work, profile: &str, size: &str) -> PathBuf {
    let recipe = format!(
        "table: none\nsize: {size}\npartitions: [{{fs: ext4, mount: /, profile: {profile}}}]"
    );
    work.write("build.yaml", recipe);
    let fixture = project().join("fixtures/rootfs.tar.gz");
    kit::succeed(work.hsb(["build", "-q", "-i"]).arg(fixture));
    work.join("image.raw")
}

#[test]
fn hard_use_leaves_every_profile_clean() {
    for profile in PROFILES {
        let work = Work::new("worn");
        let image = build(&work, profile, "48M");
        kit::e2fsck_clean(&image, 0);
        if kit::loop_mount(&image, 0, "ro").is_some() {
            // It looks for loop devices and folders of its own.
            let script = project().join("scripts/wear");
            kit::succeed(Command::new(script).arg(&image).env("TMPDIR", work.path()));
        }
    }
}

#[test]
fn the_modern_profile_has_its_features() {
    let work = Work::new("modern");
    let seen = kit::dumpe2fs(&build(&work, "modern", "48M"), 0);
    for feature in ["metadata_csum_seed", "orphan_file"] {
        assert!(seen.contains(feature), "{seen}");
    }
}

/// What resize2fs up to 1.47.0 moves of an orphan file gets wrong checksums.
#[test]
fn shrinking_leaves_the_orphan_file_where_it_is() {
    for (size, first) in [("256M", "128M"), ("1G", "500M"), ("2G", "200M")] {
        let work = Work::new("shrunk");
        let image = build(&work, "modern", size);
        kit::succeed(kit::tool("resize2fs").arg("-f").arg(&image).arg(first));
        kit::e2fsck_clean(&image, 0);
        kit::succeed(kit::tool("resize2fs").arg("-fM").arg(&image));
        kit::e2fsck_clean(&image, 0);
    }
}

#[test]
fn grub_reads_every_profile() {
    for profile in PROFILES {
        let work = Work::new("grub");
        let image = build(&work, profile, "48M");
        kit::succeed(
            kit::tool("tar")
                .arg("-xzf")
                .arg(project().join("fixtures/rootfs.tar.gz"))
                .arg("-C")
                .arg(work.path())
                .args(["./etc", "./usr/lib", "./usr/share/limits"])
                .args(["--exclude=*-block", "--exclude=*-char", "--exclude=fifo"])
                .args(["--no-same-owner", "--no-same-permissions"]),
        );
        let many = "usr/share/limits/many/a-name-of-some-length-117";
        for name in [
            "etc/passwd",
            "usr/lib/os-release",
            "usr/share/limits/sparse",
            many,
        ] {
            let mut grub = kit::tool("grub-fstest");
            grub.arg(&image).arg("cmp").arg(format!("(loop0)/{name}"));
            kit::succeed(grub.arg(work.join(name)));
        }
    }
}

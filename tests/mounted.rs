//! What debugfs shows of an image, and the kernel after mounting it, beside what the tarball says.

use std::path::Path;
use std::process::Command;

use super::kit::{self, Work};
use super::readback;

#[test]
fn the_kernel_shows_what_the_tarball_says() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = project.join("fixtures/rootfs.tar.gz");
    for recipe in [
        "table: none\nsize: 64M",
        "table: none",
        "table: none\nsize: +9M\npartitions: [{fs: ext4, mount: /, block_size: 1024}]",
    ] {
        let work = Work::new("mounted");
        work.write("build.yaml", recipe);
        kit::succeed(work.hsb(["build", "-q", "-i"]).arg(&fixture));
        let image = work.join("image.raw");
        kit::e2fsck_clean(&image, 0);
        readback::compare_with_tar(&fixture, &image);
        if let Some(mounted) = kit::loop_mount(&image, 0, "ro") {
            kit::succeed(
                Command::new(project.join("scripts/compare-tree"))
                    .arg(&fixture)
                    .arg(mounted.path()),
            );
        }
    }
}

//! A kernel as Debian packages it: found for `-x`, and made ready by its own script at the first boot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::build::{NOW, system};
use crate::install_rpms::system::pack;
use crate::kit::{Work, succeed, tool};

/// Starts as a kernel for x86-64 does, and says its version.
fn kernel(version: &str) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    for (at, part) in [
        (0x1FE, &b"\x55\xaaXXHdrS\x0f\x02"[..]),
        (0x20E, b"\x00\x10"),
        (0x236, b"\x01"),
        (0x1200, format!("{version} (a@b) #1 SMP").as_bytes()),
    ] {
        bytes[at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn package(work: &Work, version: &str) {
    let tree = work.join("tree");
    let _ = fs::remove_dir_all(&tree);
    let modules = format!("lib/modules/{version}");
    for (path, bytes) in [
        (format!("boot/vmlinuz-{version}"), kernel(version)),
        (
            format!("boot/System.map-{version}"),
            b"ffff D end\n".to_vec(),
        ),
        (format!("{modules}/kernel/fs/x.ko"), b"a module\n".to_vec()),
        (
            format!("{modules}/modules.order"),
            b"kernel/fs/x.ko\n".to_vec(),
        ),
        (
            "DEBIAN/control".to_owned(),
            format!(
                "Package: linux-image-{version}\nVersion: 6.1-1\nArchitecture: amd64\n\
                 Maintainer: A <a@example.org>\nDescription: a kernel\n"
            )
            .into_bytes(),
        ),
        (
            "DEBIAN/postinst".to_owned(),
            format!(
                "#!/bin/sh\nset -e\nversion={version}\nimage_path=/boot/vmlinuz-$version\n\
                 if [ \"$1\" != configure ]; then\n    exit 0\nfi\ndepmod $version\n\
                 if [ -d /etc/kernel/postinst.d ]; then\n    DEB_MAINT_PARAMS=\"$*\" run-parts \
                 --report --exit-on-error --arg=$version --arg=$image_path /etc/kernel/postinst.d\n\
                 fi\nexit 0\n"
            )
            .into_bytes(),
        ),
    ] {
        let file = tree.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let script = tree.join("DEBIAN/postinst");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    let file = work.join(format!("linux-image-{version}.deb"));
    let mut build = tool("dpkg-deb");
    build
        .args(["--root-owner-group", "-b"])
        .arg(&tree)
        .arg(file);
    succeed(&mut build);
}

#[test]
fn a_new_kernel_is_taken_out_and_made_ready() {
    let work = Work::under(Path::new("/dev/shm"), "deb-kernel");
    for version in ["6.1.0-9-amd64", "6.1.0-18-amd64"] {
        package(&work, version);
    }
    let tar = work.join("system.tar");
    pack(&system(&work, "system"), &tar);
    let recipe = "modules: [install_debs]\nsize: 64M\ndebs: ['linux-image-*.deb']\n";
    work.write("build.yaml", recipe);
    let mut build = work.hsb(["build", "-q", "--json", "-x", "-o", "out.tar", "-i"]);
    let told = succeed(build.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let found = told["boot"]["kernel"].to_string();
    assert!(found.contains("6.1.0-18-amd64"), "{told}");
    // What it has to do is left for dpkg, in the image's own first boot.
    let look = |path: &str| {
        let mut plan = work.hsb(["plan", "-q", "--show", path, "-i"]);
        succeed(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW))
    };
    let status = look("/var/lib/dpkg/status");
    assert_eq!(status.matches("Status: install ok unpacked").count(), 2);
    let scripts = look("/var/lib/hsb/scriptlets/run");
    assert!(scripts.contains(" --configure -a"), "{scripts}");
    let script = look("/var/lib/dpkg/info/linux-image-6.1.0-18-amd64.postinst");
    assert!(script.contains("depmod $version"));
}

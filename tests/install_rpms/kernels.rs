//! Kernels beside one another.

use std::fs;
use std::path::Path;

use super::build::{NOW, base, build_file, installed, rpm, rpm_installs, work};
use super::system::{assert_same, dump, listing, pack};
use crate::kit::{run, succeed};

#[test]
fn kernels_lie_beside_one_another() {
    let work = work("kernels");
    let spec = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/install_rpms/kernel.spec"
    );
    for version in ["6.9.0", "6.10.0"] {
        build_file(&work, Path::new(spec), version, &[("version", version)]);
    }
    let tar = base(&work);
    let theirs = work.join("base");
    let file = |version: &str| work.join(format!("{version}/kernel-{version}.noarch.rpm"));
    let by_rpm = |version: &str| {
        let mut rpm = rpm(&theirs);
        rpm.args(["-i", "--noplugins", "--noscripts", "--nodeps"])
            .arg(file(version));
        succeed(&mut rpm);
    };
    if !rpm_installs() {
        return;
    }
    // The older one is there; the newer one comes, and goes nowhere in its way.
    by_rpm("6.9.0");
    pack(&theirs, &tar);
    by_rpm("6.10.0");
    let recipe =
        "modules: [install_rpms]\nsize: 64M\ntable: none\nnodeps: true\nrpms: [6.10.0, 6.9.0]\n";
    work.write("build.yaml", recipe);
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    assert_same(&listing(mounted.path()), &listing(&theirs));
    assert_same(&dump(mounted.path()), &dump(&theirs));
    drop(mounted);
    // depmod is left for the first boot where there is one.
    let systemd = theirs.join("usr/lib/systemd/systemd");
    fs::create_dir_all(systemd.parent().unwrap()).unwrap();
    fs::write(&systemd, "").unwrap();
    succeed(rpm(&theirs).args(["-e", "--nodeps", "--noscripts", "kernel-6.10.0"]));
    pack(&theirs, &tar);
    let mut plan = work.hsb(["plan", "-v", "-i"]);
    let run = run(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    let told = run.stderr + &run.stdout;
    assert!(
        told.contains("script kernel.posttrans: left for the first boot"),
        "{told}"
    );
    let mut plan = work.hsb(["plan", "-q", "--show", "/var/lib/hsb/scriptlets/run", "-i"]);
    let scripts = succeed(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    assert!(scripts.contains("kernel.posttrans"), "{scripts}");
    let mut plan = work.hsb(["plan", "-q", "--show"]);
    plan.args(["/var/lib/hsb/scriptlets/001-kernel.posttrans", "-i"]);
    let script = succeed(plan.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    assert_eq!(script, "/sbin/depmod -a 6.10.0");
    // The newest kernel is the one that is taken out.
    let mut build = work.hsb(["build", "-q", "--json", "-x", "-o", "out.tar", "-i"]);
    let told = succeed(build.arg(&tar).env("SOURCE_DATE_EPOCH", NOW));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let found = told["boot"]["kernel"].to_string();
    assert!(found.contains("6.10.0"), "{told}");
}

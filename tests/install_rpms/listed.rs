//! What `sbom` lists of a system with packages of rpm, beside what rpm lists.

use super::build::{base, build, by_rpm, packages, rpm, rpm_installs, work};
use crate::kit::succeed;

#[test]
fn the_list_of_packages_is_rpms() {
    let work = work("listed");
    for kind in ["gzip", "none"] {
        build(&work, "payload.spec", &[("kind", kind)]);
    }
    let source = base(&work);
    let text = "modules: [install_rpms, sbom]\nsize: 64M\nrpms: [rpms]\nsbom: {cyclonedx: /list}\n";
    work.write("build.yaml", text);
    let plan = ["plan", "-q", "--show", "/list", "-i"];
    let list = succeed(work.hsb(plan).arg(&source));
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let components = list["components"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let ours = components.map(|component| {
        let [name, version] = ["name", "version"].map(|key| text(&component[key]));
        let license = text(&component["licenses"][0]["license"]["name"]);
        format!("{name} {version} {license}")
    });
    let mut ours: Vec<_> = ours.collect();
    if !rpm_installs() {
        return;
    }
    let system = by_rpm(&work, &packages(&work));
    let format = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{LICENSE}\n";
    let theirs = succeed(rpm(&system).args(["-qa", "--qf", format]));
    let mut theirs: Vec<_> = theirs.lines().map(str::to_owned).collect();
    ours.sort();
    theirs.sort();
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs);
}

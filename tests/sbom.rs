//! Lists of packages beside images.

use std::fs;

use crate::kit::{self, Work};

const RECIPE: &str = "\
modules: [sbom, sbom]
size: 8M
table: none
sbom: {beside: [spdx, cyclonedx], spdx: /list.json}
";

/// Makes an archive of a system with one package.
fn source(work: &Work) -> std::path::PathBuf {
    let status = "Package: tool\nStatus: install ok installed\nVersion: 1.0\n\n";
    fs::create_dir_all(work.join("system/var/lib/dpkg")).unwrap();
    work.write("system/var/lib/dpkg/status", status);
    let tar = work.join("system.tar");
    let folder = work.join("system");
    kit::succeed(
        kit::tool("tar")
            .arg("-C")
            .arg(folder)
            .arg("-cf")
            .arg(&tar)
            .arg("."),
    );
    tar
}

#[test]
fn lists_go_beside_each_image() {
    let work = Work::new("sbom");
    let source = source(&work);
    work.write("build.yaml", RECIPE);
    let outs = ["-o", "a.raw", "-o", "b.qcow2", "-i"];
    let planned = kit::succeed(work.hsb(["plan", "--json"]).args(outs).arg(&source));
    let before = work.names();
    assert!(
        !before.iter().any(|name| name.starts_with("a.")),
        "{before:?}"
    );
    let built = kit::succeed(work.hsb(["build", "--json"]).args(outs).arg(&source));
    let files = |report: &str| -> Vec<String> {
        let report: serde_json::Value = serde_json::from_str(report).unwrap();
        let files = report["files"].as_array().unwrap().iter();
        files
            .map(|file| file["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut names = files(&built);
    assert_eq!(files(&planned), names);
    names.sort();
    let lists = [
        "a.raw",
        "a.raw.cdx.json",
        "a.raw.spdx.json",
        "b.qcow2",
        "b.qcow2.cdx.json",
        "b.qcow2.spdx.json",
    ];
    assert_eq!(names, lists);
    let made: Vec<_> = work
        .names()
        .into_iter()
        .filter(|name| !before.contains(name))
        .collect();
    assert_eq!(made, lists);
    let read = |name: &str| fs::read_to_string(work.join(name)).unwrap();
    let inside = kit::debugfs(&work.join("a.raw"), 0, "cat /list.json");
    assert_eq!(read("a.raw.spdx.json"), inside);
    assert_eq!(read("b.qcow2.spdx.json"), inside);
    assert!(read("a.raw.cdx.json").contains("pkg:deb/linux/tool@1.0"));
}

#[test]
fn a_failed_build_leaves_the_lists_that_were_there() {
    let work = Work::new("sbom");
    let source = source(&work);
    work.write("a.raw.spdx.json", "old");
    let failing = RECIPE.replace("[sbom, sbom]", "[sbom, assert]") + "assert: [{path: /nope}]\n";
    work.write("build.yaml", failing);
    kit::fail(work.hsb(["build", "-o", "a.raw", "-i"]).arg(&source), 1);
    assert_eq!(fs::read(work.join("a.raw.spdx.json")).unwrap(), b"old");
    let names = work.names();
    let made = names.iter().filter(|name| name.contains("a.raw"));
    assert_eq!(made.collect::<Vec<_>>(), ["a.raw.spdx.json"]);
    // A folder is in the way.
    fs::create_dir(work.join("a.raw.cdx.json")).unwrap();
    work.write("build.yaml", RECIPE);
    let said = kit::fail(work.hsb(["build", "-o", "a.raw", "-i"]).arg(&source), 1);
    assert!(
        said.contains("a.raw.cdx.json: is there and is no regular file"),
        "{said}"
    );
    assert!(!work.names().contains(&"a.raw".to_owned()));
}

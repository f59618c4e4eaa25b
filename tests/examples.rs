//! The examples that users are shown of the built-in modules: each works on the images of the
//! distributions that it is for, and a second run of the same step changes nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::distributions::{self, DISTRIBUTIONS};
use crate::kit::{self, Work};
use crate::{install_debs, install_rpms};

/// The examples that an image cannot have: the module, the distribution, and part of the reason.
const REFUSED: &[(&str, &str, &str)] = &[
    ("add_user", "alpine", "is for sudo: the image has doas"),
    (
        "growfs",
        "alpine",
        "nothing in the image can grow a filesystem at boot",
    ),
    ("systemd", "alpine", "the image has no systemd"),
    ("cloud_init", "alpine", "the image does not have cloud-init"),
    ("install_debs", "fedora", "the image does not use dpkg"),
    ("install_debs", "alpine", "the image does not use dpkg"),
    ("install_debs", "suse", "the image does not use dpkg"),
    ("install_debs", "arch", "the image does not use dpkg"),
    // Its database is an empty file here, which only says that there is one.
    ("install_rpms", "fedora", "this is no sqlite database"),
    ("install_rpms", "suse", "where only sqlite is known"),
    ("repos", "fedora", "the image does not use apt"),
    ("repos", "alpine", "the image does not use apt"),
    ("repos", "suse", "the image does not use apt"),
    ("repos", "arch", "the image does not use apt"),
    ("sbom", "fedora", "this is no sqlite database"),
    ("sbom", "suse", "where only sqlite is known"),
];

#[test]
fn every_example_works_on_every_distribution_and_changes_nothing_twice() {
    let work = Work::new("example");
    for (distribution, _) in DISTRIBUTIONS {
        let source = source(&work, distribution);
        for module in modules::BUILTINS {
            let name = module.name;
            let once = format!("modules: [{name}]\n");
            let twice = format!("modules: [{name}, {name}]\n");
            assert!(module.example.starts_with(&once), "{name}");
            let recipe = work.write("build.yaml", module.example.replacen(&once, &twice, 1));
            match name {
                "install_debs" => install_debs::example(&work, ["packages", "more"]),
                "install_rpms" => install_rpms::example(&work, ["packages", "more"]),
                _ => {}
            }
            let args = ["plan", "-q", "--json", "-s", "256M", "-f"];
            let run = kit::run(work.hsb(args).arg(recipe).arg("-i").arg(&source));
            let is_this = |row: &&(&str, &str, &str)| (row.0, row.1) == (name, distribution);
            match REFUSED.iter().find(is_this) {
                Some((.., reason)) => {
                    assert_ne!(run.code, Some(0), "{name} on {distribution}: {run:#?}");
                    assert!(
                        run.stderr.contains(reason),
                        "{name} on {distribution}: {run:#?}"
                    );
                }
                None => {
                    assert_eq!(run.code, Some(0), "{name} on {distribution}: {run:#?}");
                    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
                    let changes =
                        |step: usize| report["steps"][step]["changes"].as_array().unwrap();
                    let changes_anything = !changes(0).is_empty();
                    assert_eq!(
                        changes_anything,
                        name != "assert",
                        "{name} on {distribution}"
                    );
                    assert!(
                        changes(1).is_empty(),
                        "{name} on {distribution}: {:?}",
                        changes(1)
                    );
                }
            }
        }
    }
}

/// Returns a tarball of the image in the way of a distribution.
fn source(work: &Work, distribution: &str) -> PathBuf {
    let folder = work.join(distribution);
    for (path, text) in distributions::files(distribution) {
        lay(&folder, path, text);
    }
    let tarball = work.join(format!("{distribution}.tar"));
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--mode=go-w"];
    kit::succeed(
        kit::tool("tar")
            .args(owner)
            .arg("-cf")
            .arg(&tarball)
            .arg("-C")
            .arg(&folder)
            .arg("."),
    );
    tarball
}

/// Lays one file into a folder. Links lead to where they do in the image, so none may be on the way.
fn lay(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path.trim_start_matches('/').trim_end_matches(['/', '@']));
    if path.ends_with('/') {
        fs::create_dir_all(file).unwrap();
        return;
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    if path.ends_with('@') {
        symlink(text, file).unwrap();
    } else {
        fs::write(file, text).unwrap();
    }
}

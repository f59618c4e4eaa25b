//! The examples that users are shown of the built-in modules: what each of them changes on the images
//! of the distributions, or why it is refused there. A second run of the same step changes nothing.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::distributions::{self, DISTRIBUTIONS};
use crate::kit::{self, Work};
use crate::{install_debs, install_rpms};

/// What each example changes on each distribution, or why it is refused there: a line for each.
const TABLE: &str = "tests/examples.txt";

/// How many paths a line has; the rest is counted.
const MOST: usize = 16;

#[test]
fn the_table_of_examples_is_what_the_code_does() {
    let work = Work::new("example");
    let mut found = String::new();
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
            let done = match run.code {
                Some(0) => {
                    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
                    let changes =
                        |step: usize| report["steps"][step]["changes"].as_array().unwrap().clone();
                    let again = changes(1);
                    assert!(again.is_empty(), "{name} on {distribution}: {again:?}");
                    changed(&changes(0))
                }
                _ => format!("refused: {}", refused(&run.stderr)),
            };
            writeln!(found, "{name} {distribution} {done}").unwrap();
        }
    }
    let mut lines: Vec<_> = found.lines().collect();
    lines.sort_by_key(|line| line.split(' ').next());
    let found = lines.join("\n") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("HSB_WRITE_DOCS").is_some() {
        fs::write(&file, &found).unwrap();
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        assert_eq!(found, wanted, "{TABLE}; HSB_WRITE_DOCS=1 writes it anew");
    }
    assert_eq!(found.lines().count(), wanted.lines().count(), "{TABLE}");
}

/// Returns the paths that a step adds (`+`), changes or removes (`-`), without folders.
fn changed(changes: &[serde_json::Value]) -> String {
    let files = changes
        .iter()
        .filter(|change| change["type"] != "directory" || change["change"] == "removed");
    let paths = files.map(|change| {
        let sign = match change["change"].as_str().unwrap() {
            "added" => "+",
            "removed" => "-",
            _ => "",
        };
        format!("{sign}{}", change["path"].as_str().unwrap())
    });
    let mut paths: Vec<_> = paths.collect();
    if paths.is_empty() {
        return "nothing".to_owned();
    }
    let rest = paths.split_off(paths.len().min(MOST));
    match rest.len() {
        0 => paths.join(" "),
        count => format!("{} and {count} more", paths.join(" ")),
    }
}

/// Returns the first line of a refusal, behind the name of the step.
fn refused(stderr: &str) -> &str {
    let line = stderr.lines().next().unwrap();
    line.split_once("`: ").map_or(line, |(_, why)| why)
}

/// Returns a tarball of the image in the way of a distribution.
fn source(work: &Work, distribution: &str) -> PathBuf {
    let folder = work.join(distribution);
    for (path, text) in distributions::files(distribution) {
        lay(&folder, path, text);
        // The small images have an empty file for it.
        if path.ends_with("/rpmdb.sqlite") {
            let file = folder.join(&path[1..]);
            fs::remove_file(&file).unwrap();
            let init = ["--initdb", "--dbpath"];
            kit::succeed(kit::tool("rpm").args(init).arg(file.parent().unwrap()));
        }
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
pub(crate) fn lay(folder: &Path, path: &str, text: &str) {
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

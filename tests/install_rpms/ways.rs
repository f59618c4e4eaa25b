//! Links where a package has directories, and on the way to its files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::build::{NOW, base, build_file, installed, recipe, rpm, rpm_installs, work};
use super::system::{listing, pack};
use crate::kit::{run, succeed, tool};

/// How the package has `/opt/x/l`: as a directory, or with a file in it.
const DIRECTORY: &str = "%attr(2710,daemon,mail) %dir /opt/x/l";
const BELOW: &str = "/opt/x/l/f";

/// What is in `/opt/x` before, what the package has there, and what rpm and hsb refuse it for.
const ROWS: &[(&str, &str, Option<&str>)] = &[
    ("mkdir l", DIRECTORY, None),
    ("mkdir d; ln -s d l", DIRECTORY, None),
    ("mkdir d; ln -s d m; ln -s /opt/x/m l", DIRECTORY, None),
    (
        "mkdir d; ln -s d l; chown -h 8 l; chown 8 d",
        DIRECTORY,
        None,
    ),
    ("mkdir d; ln -s d l; chown -h 8 l", DIRECTORY, None),
    ("echo x > d; touch -d @5 d; ln -s d l", DIRECTORY, None),
    ("ln -s nothing l", DIRECTORY, None),
    ("ln -s l l", DIRECTORY, Some("more than 40 symbolic links")),
    (
        "echo x > d; ln -s d/l l",
        DIRECTORY,
        Some("is not a directory"),
    ),
    (
        "ln -s nothing l",
        BELOW,
        Some("/opt/x/l is a link to nothing, where the package has a directory"),
    ),
    (
        "ln -s /nothing/deep m; ln -s m l",
        BELOW,
        Some("/opt/x/l is a link to nothing"),
    ),
    ("ln -s l l", BELOW, Some("more than 40 symbolic links")),
    ("echo x > d; ln -s d l", BELOW, Some("is a file")),
    ("mkdir d; ln -s d l", BELOW, None),
];

#[test]
fn directories_are_as_with_rpm() {
    let work = work("ways");
    let tar = base(&work);
    for (name, files) in [("directory", DIRECTORY), ("below", BELOW)] {
        let text = format!(
            "Name: way\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             BuildArch: noarch\n%description\nx\n%install\nmkdir -p %{{buildroot}}/opt/x/l\n\
             cd %{{buildroot}}/opt/x\necho x > l/f\ntouch -d @1000 l l/f\n%files\n{files}\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        let rest = [("_unpackaged_files_terminate_build", "0")];
        build_file(&work, &spec, name, &rest);
    }
    let theirs = work.join("base");
    let mut wrong = Vec::new();
    for (before, files, refusal) in ROWS {
        let place = theirs.join("opt/x");
        fs::remove_dir_all(&place).unwrap_or_default();
        fs::remove_dir_all(theirs.join("var/lib/rpm")).unwrap_or_default();
        fs::create_dir_all(&place).unwrap();
        succeed(tool("sh").current_dir(&place).args(["-ec", before]));
        pack(&theirs, &tar);
        let name = if *files == BELOW {
            "below"
        } else {
            "directory"
        };
        let package = format!("{name}/way-1.noarch.rpm");
        fs::create_dir_all(work.join("rpms")).unwrap();
        fs::copy(work.join(&package), work.join("rpms/way.rpm")).unwrap();
        recipe(&work, "");
        let plan = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = refusal.is_none_or(|refusal| plan.stderr.contains(refusal));
        let code = i32::from(refusal.is_some());
        if plan.code != Some(code) || !is_told {
            wrong.push(format!("{before}: {plan:#?}"));
            continue;
        }
        if !rpm_installs() {
            continue;
        }
        let seen = refusal.is_none().then(|| installed(&work, &tar));
        let mut judge = rpm(&theirs);
        judge.args(["-i", "--noplugins"]).arg(work.join(&package));
        let judged = run(judge.env("SOURCE_DATE_EPOCH", NOW));
        if (judged.code == Some(0)) != refusal.is_none() {
            wrong.push(format!("{before}: {judged:#?}"));
        }
        let Some(Some(mounted)) = seen else {
            continue;
        };
        let ours = mounted.path();
        let state = |root: &Path| {
            // Times that no file changed that was put there.
            let time = |name: &&str| {
                let meta = fs::symlink_metadata(root.join("opt/x").join(name)).ok()?;
                let is_last = meta.is_dir() && *files == DIRECTORY;
                is_last.then(|| meta.mtime())
            };
            let times: Vec<_> = ["d", "l"].iter().filter_map(time).collect();
            let verified = run(rpm(root).args(["-V", "way"])).stdout;
            let mut lines = listing(root);
            lines.retain(|line| line.starts_with("opt/"));
            (verified, times, lines)
        };
        let [ours, theirs] = [state(ours), state(&theirs)];
        if ours != theirs {
            wrong.push(format!("{before}: {ours:#?}, and with rpm {theirs:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_directory_where_another_package_has_a_file() {
    let work = work("lost");
    let tar = base(&work);
    for (name, made) in [("directory", "mkdir l"), ("file", "echo x > l")] {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             BuildArch: noarch\n%{{?needs:Requires: %needs}}\n%description\nx\n%install\n\
             mkdir -p %{{buildroot}}/opt/x\ncd %{{buildroot}}/opt/x\n{made}\n%files\n/opt/x/l\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        build_file(&work, &spec, "alone", &[]);
        let needs = if name == "file" { "directory" } else { "file" };
        build_file(&work, &spec, &format!("{name}-last"), &[("needs", needs)]);
    }
    let theirs = work.join("base");
    for (first, last, want) in [
        (
            "file",
            "directory",
            "/opt/x/l is a directory here, and a file of file-1-1.noarch",
        ),
        ("directory", "file", "/opt/x/l is a directory in the image"),
    ] {
        let rpms = [
            format!("alone/{first}-1.noarch.rpm"),
            format!("{last}-last/{last}-1.noarch.rpm"),
        ];
        let text = format!("modules: [install_rpms]\nreplacefiles: true\nrpms: {rpms:?}\n");
        work.write("build.yaml", text);
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_told = ours.code == Some(1) && ours.stderr.contains(want);
        assert!(is_told, "{first}: {ours:#?}");
        if !rpm_installs() {
            return;
        }
        let mut judge = rpm(&theirs);
        judge.args(["-i", "--noplugins", "--replacefiles"]);
        let judged = run(judge.args(rpms.map(|file| work.join(file))));
        let verified = run(rpm(&theirs).args(["-V", first, last]));
        let is_lost = judged.code != Some(0) || verified.code != Some(0);
        assert!(is_lost, "{first}: {judged:#?} {verified:#?}");
        for made in ["opt", "var/lib/rpm"] {
            fs::remove_dir_all(theirs.join(made)).unwrap();
        }
    }
}

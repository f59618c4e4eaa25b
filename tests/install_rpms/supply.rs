//! Repositories of createrepo_c, from which dnf and hsb take what packages need.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::build::{NOW, base, build_file, rpm, rpm_installs, work};
use super::system::pack;
use crate::kit::{Run, Work, run, succeed, tool};
use crate::registry::server::{Reply, Server, free_port};
use std::fs;

/// A package, what it requires and refuses, and what is said of it: what comes and goes with it, or
/// what is missing.
const ROWS: &[(&str, &str, &str, Result<&str, &str>)] = &[
    // The third library needs what nobody has; what is there is replaced where it must be.
    ("a", "libx.so.2", "", Ok("+base-3.0 +lib-2.0 -lib-1.0")),
    ("b", "libx.so.1, base = 1.0", "", Ok("+base-1.0")),
    // The newest does not bear it.
    ("c", "base", "", Ok("+base-2.0")),
    (
        "d",
        "/usr/bin/world-tool, choice",
        "",
        Ok("+alternative-b-1.0 +tool-1.0"),
    ),
    (
        "e",
        "(tool and (alternative-a or plugin))",
        "",
        Ok("+base-3.0 +plugin-1.0 +tool-1.0"),
    ),
    // Conditions hold when their packages have come.
    (
        "f",
        "tool, (plugin if tool)",
        "",
        Ok("+base-3.0 +plugin-1.0 +tool-1.0"),
    ),
    (
        "g",
        "(plugin if elder else tool)",
        "",
        Ok("+base-3.0 +plugin-1.0"),
    ),
    ("h", "elder >= 2", "", Ok("+heir-1.0 -elder-1.0")),
    (
        "i",
        "libx.so.2, nothing",
        "",
        Err("nothing provides nothing needed by app-i-1.0-1.noarch"),
    ),
    (
        "j",
        "base >= 4",
        "",
        Err("nothing provides base >= 4 needed by app-j-1.0-1.noarch"),
    ),
    (
        "k",
        "alternative-a",
        "",
        Err("nothing provides nowhere needed by alternative-a-1.0-1.noarch"),
    ),
    ("l", "libx.so.2", "base >= 2", Err("base")),
    ("m", "elder", "", Ok("")),
    // What is refused unless something comes.
    (
        "n",
        "tool",
        "(tool unless plugin)",
        Ok("+base-3.0 +plugin-1.0 +tool-1.0"),
    ),
    (
        "o",
        "tool",
        "(tool unless nothing)",
        Err("nothing fits (tool unless nothing) of app-o-1.0-1.noarch"),
    ),
    // What another one obsoletes is not taken.
    ("p", "former", "", Ok("+latter-1.0")),
    ("q", "former = 1.0", "", Ok("+former-1.0")),
    // Kernels stay beside one another.
    ("s", "kernel-default = 2.0", "", Ok("+kernel-default-2.0")),
    ("t", "kernel-PAE = 2.0", "", Ok("+kernel-PAE-2.0")),
    (
        "u",
        "kernel-core = 2.0",
        "",
        Ok("+kernel-core-2.0 -kernel-core-1.0"),
    ),
    (
        "r",
        "base = 1.0, base = 2.0",
        "",
        Err(
            "packages do not fit together: app-r-1.0-1.noarch needs base-1.0-1.noarch; \
             app-r-1.0-1.noarch needs base-2.0-1.noarch; \
             base-1.0-1.noarch and base-2.0-1.noarch cannot both be there",
        ),
    ),
];

/// Makes the repository and a system that has some packages, and returns the archive of that.
fn make(work: &Work) -> PathBuf {
    let spec = |name: &str| {
        PathBuf::from(format!(
            "{}/tests/install_rpms/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
    };
    for generation in ["1", "2", "3"] {
        build_file(
            work,
            &spec("world.spec"),
            "repo",
            &[("generation", generation)],
        );
    }
    for (letter, requires, refuses, _) in ROWS {
        let called = format!("app-{letter}");
        let mut defines = vec![("called", &*called), ("requires", requires)];
        if !refuses.is_empty() {
            defines.push(("refuses", refuses));
        }
        build_file(work, &spec("app.spec"), "apps", &defines);
    }
    build_file(work, &spec("app.spec"), "there", &[("called", "elder")]);
    succeed(tool("createrepo_c").arg("-q").arg(work.join("repo")));
    base(work);
    let folder = work.join("base");
    let there = [
        "there/elder",
        "repo/lib",
        "repo/kernel-default",
        "repo/kernel-PAE",
        "repo/kernel-core",
    ];
    let there = there.map(|file| work.join(format!("{file}-1.0.noarch.rpm")));
    if rpm_installs() {
        succeed(rpm(&folder).args(["-i", "--noplugins"]).args(there));
    }
    let tar = work.join("base.tar");
    pack(&folder, &tar);
    tar
}

fn recipe(work: &Work, letter: &str, repos: &str) {
    let text = format!(
        "modules: [install_rpms]\nsize: 64M\ntable: none\nverify: none\nrepos: [{repos}]\n\
         rpms: [apps/app-{letter}-1.0.noarch.rpm]\n"
    );
    work.write("build.yaml", text);
}

fn plan(work: &Work, tar: &Path) -> Run {
    let mut plan = work.hsb(["plan", "-i"]);
    run(plan.arg(tar).env("SOURCE_DATE_EPOCH", NOW))
}

/// Returns what comes and goes beside the package itself, from what hsb or dnf says.
fn changes(lines: impl Iterator<Item = String>, letter: &str) -> String {
    let own = format!("+app-{letter}-");
    let mut changes: Vec<_> = lines
        .filter(|line| !line.starts_with(&own))
        .map(|line| line.trim_end_matches("-1.noarch").to_owned())
        .collect();
    changes.sort();
    changes.join(" ")
}

/// Returns that of what hsb said.
fn ours(run: &Run, letter: &str) -> String {
    let notes = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("[install_rpms] "));
    let parts = notes.filter_map(|note| note.split_once(" installed"));
    let parts = parts.flat_map(|(new, rest)| {
        let old = rest.strip_prefix(" over ").map(|old| format!("-{old}"));
        [Some(format!("+{new}")), old].into_iter().flatten()
    });
    changes(parts, letter)
}

#[test]
fn what_is_missing_comes_as_dnf_finds_it() {
    let work = work("supply");
    let tar = make(&work);
    if !rpm_installs() {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/resolve.py");
    let apps = ROWS
        .iter()
        .map(|row| work.join(format!("apps/app-{}-1.0.noarch.rpm", row.0)));
    // dnf is written for the system's own Python.
    let mut dnf = Command::new("/usr/bin/python3");
    tool("dnf");
    work.write(".rpmmacros", "%_dbpath /var/lib/rpm\n");
    dnf.env("HOME", work.path())
        .arg(script)
        .arg(work.join("base"))
        .arg(work.join("repo"))
        .args(apps);
    let theirs = succeed(&mut dnf);
    let folder = work.path().to_owned();
    let server = Server::start(move |head, _| {
        let path = head.split(' ').nth(1).unwrap().trim_start_matches('/');
        served(fs::read(folder.join(path)).ok())
    });
    let mut failures = Vec::new();
    for ((letter, _, _, want), theirs) in ROWS.iter().zip(theirs.lines()) {
        recipe(&work, letter, "repo");
        let run = plan(&work, &tar);
        let theirs = match theirs {
            "error" => None,
            line => Some(changes(line.split(' ').map(str::to_owned), letter)),
        };
        if theirs.as_deref() != want.ok() {
            failures.push(format!("app-{letter}: dnf says {theirs:?}"));
        }
        let is_right = match want {
            // A second time by http, to the same end.
            Ok(want) => {
                let here = ours(&run, letter);
                recipe(&work, letter, &format!("'http://{}/repo'", server.host()));
                here == *want && ours(&plan(&work, &tar), letter) == here
            }
            Err(want) => run.code == Some(1) && run.stderr.contains(want),
        };
        if !is_right {
            failures.push(format!("app-{letter}: {run:#?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn served(file: Option<Vec<u8>>) -> Reply {
    let status = if file.is_some() { "200 Yes" } else { "404 No" };
    let body = file.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Reply::whole([head.into_bytes(), body].concat())
}

/// Repositories with something wrong, and in other compressions.
#[test]
fn repositories_are_checked() {
    let work = work("repositories");
    let spec = |name: &str| {
        PathBuf::from(format!(
            "{}/tests/install_rpms/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
    };
    build_file(&work, &spec("app.spec"), "good", &[("called", "lib")]);
    let defines = [("called", "app-a"), ("requires", "lib")];
    build_file(&work, &spec("app.spec"), "apps", &defines);
    let tar = base(&work);
    let package = "lib-1.0.noarch.rpm";
    for (name, kind) in [
        ("good", "gz"),
        ("xz", "xz"),
        ("bz2", "bz2"),
        ("list", "gz"),
        ("package", "gz"),
    ] {
        let folder = work.join(name);
        if name != "good" {
            fs::create_dir(&folder).unwrap();
            fs::copy(work.join("good").join(package), folder.join(package)).unwrap();
        }
        let kind = format!("--general-compress-type={kind}");
        succeed(tool("createrepo_c").args(["-q", &kind]).arg(folder));
    }
    let spoil = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    };
    spoil(&work.join("package").join(package));
    for entry in fs::read_dir(work.join("list/repodata")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("primary.xml") {
            spoil(&path);
        }
    }
    fs::create_dir(work.join("empty")).unwrap();
    let port = free_port();
    let nobody = format!("'http://127.0.0.1:{port}/x'");
    let secret = format!("'http://joe:s3cret@127.0.0.1:{port}/x'");
    let refused = format!(
        "`install_rpms`: http://127.0.0.1:{port}/x/repodata/repomd.xml: Connection refused"
    );
    for (repos, code, want) in [
        (
            "good",
            0,
            "lib-1.0-1.noarch is required, and comes from good",
        ),
        ("xz", 0, "comes from xz"),
        ("bz2", 0, "comes from bz2"),
        ("xz, good", 0, "comes from xz"),
        (
            "",
            1,
            "build.yaml:6:8: step 1 `install_rpms`: nothing provides lib needed by app-a",
        ),
        ("list", 1, "primary.xml.gz: it has the digest"),
        (
            "package",
            1,
            "package/lib-1.0.noarch.rpm: it has the digest",
        ),
        ("empty", 2, "empty/repodata/repomd.xml: "),
        ("nowhere", 2, "make that with `createrepo_c FOLDER`"),
        (
            "'ftp://127.0.0.1/x'",
            2,
            "neither a folder nor http:// or https://",
        ),
        (&*nobody, 1, &*refused),
        (&*secret, 1, &*refused),
    ] {
        recipe(&work, "a", repos);
        let run = plan(&work, &tar);
        assert!(
            run.code == Some(code) && run.stderr.contains(want),
            "{repos}: {run:#?}"
        );
        assert!(!run.stderr.contains("s3cret"), "{repos}: {run:#?}");
    }
    // What is whole needs no repository, so that none is asked.
    recipe(&work, "a", &nobody);
    let whole = fs::read_to_string(work.join("build.yaml")).unwrap() + "  - good/*.rpm\n";
    work.write(
        "build.yaml",
        whole
            .replace("rpms: [", "rpms:\n  - ")
            .replace("rpm]", "rpm"),
    );
    assert_eq!(plan(&work, &tar).code, Some(0));
    // Programs tell which machine it is.
    let empty = work.join("empty");
    succeed(tool("createrepo_c").arg("-q").arg(&empty));
    let base = work.join("base");
    for (program, want) in [
        ("", "add repositories"),
        ("usr/bin/sh", "add repositories"),
        ("usr/sbin/init", "tells the machine"),
    ] {
        if !program.is_empty() {
            fs::remove_file(base.join(program)).unwrap();
        }
        pack(&base, &tar);
        recipe(&work, "a", "empty");
        let run = plan(&work, &tar);
        assert!(run.stderr.contains(want), "{program}: {run:#?}");
    }
}

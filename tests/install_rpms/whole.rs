//! All packages of these tests at once, into a system that can run their scripts: tree, database and
//! every answer of rpm are the same as after rpm, and so is what dnf and rpm go on to do.

use std::fs;
use std::path::Path;

use super::build::{
    NOW, base, build, build_file, build_target, installed, packages, recipe, rpm, work,
};
use super::scripts::{furnish, quiet};
use super::system::{assert_same, dump, pack};
use crate::kit::{Work, run, succeed, tool};

/// What rpm is asked, of both systems.
const QUESTIONS: &[&[&str]] = &[
    &["-qa"],
    &["-qal"],
    &["-qac"],
    &["-qad"],
    &["-qas"],
    &["-qa", "--dump"],
    &["-qa", "--requires"],
    &["-qa", "--provides"],
    &["-qa", "--conflicts"],
    &["-qa", "--obsoletes"],
    &["-qa", "--recommends"],
    &["-qa", "--scripts"],
    &["-qa", "--triggers"],
    &["-qa", "--filetriggers"],
    &[
        "-qa",
        "--qf",
        "%{NAME} %{EVR} %{INSTALLCOLOR} %{SIGMD5} %{SHA256HEADER}\n",
    ],
    &[
        "-qf",
        "/usr/bin/set-tool",
        "/etc/choice/choice.conf",
        "/lib/modules/6.9.0/kernel/a.ko",
    ],
    &["-qf", "/srv/scr/made"],
    &[
        "-q",
        "--whatprovides",
        "virtual",
        "kernel",
        "/usr/bin/scr-one",
    ],
    &["-q", "--whatrequires", "set-lib", "scripts"],
    &["-q", "--triggeredby", "scripts"],
    &["-V", "set", "next", "kernel"],
    &["-Va"],
    &["--verifydb"],
];

/// Makes 27 packages in the folder `rpms`, and one that dnf can upgrade in `repo`.
fn make(work: &Work) {
    let spec = |name: &str| format!("{}/tests/install_rpms/{name}", env!("CARGO_MANIFEST_DIR"));
    for name in ["set.spec", "users.spec", "scripts.spec"] {
        build(work, name, &[]);
    }
    for (kind, payload) in [
        ("gzip", "w9.gzdio"),
        ("bzip2", "w9.bzdio"),
        ("xz", "w6.xzdio"),
        ("lzma", "w6.lzdio"),
        ("zstd", "w3.zstdio"),
        ("none", "w.ufdio"),
    ] {
        build(
            work,
            "payload.spec",
            &[("kind", kind), ("_binary_payload", payload)],
        );
    }
    for version in ["6.9.0", "6.10.0"] {
        build(work, "kernel.spec", &[("version", version)]);
    }
    let choice = spec("choice.spec");
    for (target, defines) in [
        (
            "x86_64-linux",
            &[("bits", "64"), ("class", "2"), ("machine", "76")][..],
        ),
        (
            "i686-linux",
            &[("bits", "32"), ("class", "1"), ("machine", "3")],
        ),
        ("x86_64-linux", &[("theft", "-theft")]),
    ] {
        build_target(work, Path::new(&choice), "rpms", target, defines);
    }
    build(
        work,
        "app.spec",
        &[("called", "app"), ("requires", "set, (kernel if grow)")],
    );
    build(
        work,
        "app.spec",
        &[("called", "app-rich"), ("requires", "(users or nobody)")],
    );
    build(
        work,
        "app.spec",
        &[("called", "elder"), ("refuses", "set < 1")],
    );
    // It obsoletes one of the others, which stays away.
    build(work, "next.spec", &[("version", "1.9")]);
    build_file(
        work,
        Path::new(&spec("next.spec")),
        "repo",
        &[("version", "1.10")],
    );
    succeed(tool("createrepo_c").arg("-q").arg(work.join("repo")));
}

/// Users of the packages, which rpm 4.18 does not make of what they provide.
fn add_users(root: &Path) {
    let add = |file: &str, lines: &str| {
        let path = root.join("etc").join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + lines).unwrap();
    };
    add(
        "passwd",
        "hsb-one:x:446:446:First:/var/lib/one:/sbin/nologin\n\
         hsb-three:x:445:445:Third:/var/lib/three:/sbin/nologin\n",
    );
    add(
        "group",
        "hsb-one:x:446:\nhsb-two:x:444:hsb-three\nhsb-three:x:445:\n",
    );
}

/// Describes a tree without what dnf keeps for itself.
fn files(root: &Path) -> Vec<String> {
    let mut lines = quiet(root);
    lines.retain(|line| !line.starts_with("var/lib/dnf") && !line.starts_with("dev/shm"));
    lines
}

fn assert_answers(ours: &Path, theirs: &Path) {
    for question in QUESTIONS {
        let answers = [ours, theirs].map(|root| {
            let answer = run(rpm(root).args(*question));
            let mut lines: Vec<_> = answer.stdout.lines().map(str::to_owned).collect();
            lines.sort();
            (answer.code, lines)
        });
        assert_eq!(answers[0], answers[1], "{question:?}");
    }
}

#[test]
fn all_packages_at_once_are_as_rpm_installs_them() {
    let work = work("whole");
    make(&work);
    let tar = base(&work);
    let theirs = work.join("base");
    furnish(&theirs);
    add_users(&theirs);
    pack(&theirs, &tar);
    recipe(&work, "nodeps: true\nreplacefiles: true\n");
    let packages = packages(&work);
    assert_eq!(packages.len(), 28);
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let ours = mounted.path();
    let by_rpm = |root: &Path, args: &[&str]| {
        let mut rpm = rpm(root);
        rpm.args(args)
            .arg("--noplugins")
            .env("SOURCE_DATE_EPOCH", NOW);
        rpm
    };
    succeed(by_rpm(&theirs, &["-i", "--nodeps", "--replacefiles"]).args(&packages));
    // What was left for the first boot.
    let boot = ["/bin/sh", "/var/lib/hsb/scriptlets/run"];
    succeed(tool("chroot").arg(ours).args(boot));
    assert_same(&files(ours), &files(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    assert_answers(ours, &theirs);

    // Settings that somebody changed; then packages go, and one is upgraded.
    work.write(".rpmmacros", "%_dbpath /var/lib/rpm\n");
    for root in [ours, &theirs] {
        for name in ["changed", "changed-noreplace", "same"] {
            fs::write(root.join("etc/next").join(name), "mine\n").unwrap();
        }
        fs::write(root.join("etc/set/main.conf"), "mine\n").unwrap();
        let gone = [
            "set",
            "choice.i686",
            "payload-xz",
            "kernel-6.9.0",
            "scripts-alternatives",
            "app",
        ];
        succeed(by_rpm(root, &["-e", "--nodeps"]).args(gone));
        let mut dnf = tool("dnf");
        dnf.env("HOME", work.path()).arg("--installroot").arg(root);
        dnf.arg(format!(
            "--repofrompath=repo,file://{}",
            work.join("repo").display()
        ));
        dnf.args(["--repo=repo", "--nogpgcheck", "--releasever=1", "-y", "-q"]);
        // What dnf has in these is in the host's and below the root: a folder that goes anyway.
        for place in ["cachedir", "logdir"] {
            let folder = work.join("dnf").display().to_string();
            dnf.arg(format!("--setopt={place}={folder}"));
        }
        dnf.arg("upgrade");
        succeed(&mut dnf);
    }
    assert_same(&files(ours), &files(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    assert_answers(ours, &theirs);
    let left = succeed(rpm(ours).arg("-qa"));
    assert!(
        left.contains("next-1.10-1.noarch") && !left.contains("payload-none"),
        "{left}"
    );
}

//! What cannot be installed: one clear error each.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, system};
use crate::install_rpms::system::pack;
use crate::kit::{Work, run, succeed, tool};

const PLAIN: Deb = Deb {
    name: "",
    fields: "",
    files: &[("/usr/share/x/file", "x\n")],
    control: &[],
};

#[test]
fn packages_that_cannot_be_installed() {
    let work = Work::under(Path::new("/dev/shm"), "no-debs");
    let folder = system(&work, "system");
    let there = "Package: there\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.0\n\
                 Conflicts: rival (<< 2)\n\n";
    fs::write(folder.join("var/lib/dpkg/status"), there).unwrap();
    fs::write(
        folder.join("var/lib/dpkg/info/there.list"),
        "/.\n/opt\n/opt/there\n",
    )
    .unwrap();
    let tar = work.join("system.tar");
    pack(&folder, &tar);
    for deb in [
        Deb {
            name: "needy_1_all",
            fields: "Depends: nothing (>= 2), there (>= 3) | other\n",
            ..PLAIN
        },
        Deb {
            name: "rival_1_all",
            ..PLAIN
        },
        Deb {
            name: "thief_1_all",
            files: &[("/opt/there", "x\n")],
            ..PLAIN
        },
        Deb {
            name: "there_1.0_amd64",
            ..PLAIN
        },
        Deb {
            name: "foreign_1_arm64",
            ..PLAIN
        },
        Deb {
            name: "good_1_all",
            ..PLAIN
        },
        Deb {
            name: "good_2_all",
            ..PLAIN
        },
    ] {
        build(&work, &deb, "debs", "-Zgzip");
    }
    let good = fs::read(work.join("debs/good_1_all.deb")).unwrap();
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        work.write(name, bytes);
    };
    let len = good.len();
    damaged("empty.deb", &|bytes| bytes.clear());
    damaged("text.deb", &|bytes| bytes[0] = b'x');
    damaged("cut.deb", &|bytes| bytes.truncate(len - 20));
    damaged("cut-control.deb", &|bytes| bytes.truncate(150));
    damaged("format.deb", &|bytes| bytes[68] = b'3');
    damaged("control.deb", &|bytes| bytes[150] ^= 0xff);
    damaged("data.deb", &|bytes| bytes[len - 40] ^= 0xff);
    // A few kilobytes that say they are much.
    let zeros = work.write("zeros", []);
    fs::File::options()
        .write(true)
        .open(&zeros)
        .unwrap()
        .set_len(129 << 20)
        .unwrap();
    succeed(tool("gzip").arg("-1").arg(&zeros));
    let packed = fs::read(work.join("zeros.gz")).unwrap();
    let data = good
        .windows(8)
        .position(|bytes| bytes == b"data.tar")
        .unwrap();
    let pad = &b"\n"[..packed.len() % 2];
    let header = format!(
        "{:16}{:12}{:6}{:6}{:8}{:<10}`\n",
        "control.tar.gz",
        0,
        0,
        0,
        644,
        packed.len()
    );
    work.write(
        "bomb.deb",
        [&good[..72], header.as_bytes(), &packed, pad, &good[data..]].concat(),
    );
    let cases: &[(&str, i32, &str)] = &[
        (
            "bomb.deb",
            2,
            "control.tar: it has more than 134217728 bytes",
        ),
        ("missing.deb", 2, "missing.deb: No such file"),
        ("empty.deb", 2, "no Debian package"),
        ("text.deb", 2, "no Debian package"),
        ("cut.deb", 2, "before the end of data.tar.gz"),
        ("cut-control.deb", 2, "before the end of control.tar.gz"),
        ("format.deb", 2, "the package has format \"3.0\""),
        ("control.deb", 2, "control.tar: cannot be decoded"),
        ("data.deb", 1, "data.tar: cannot be decoded"),
        ("debs/good_?_all.deb", 2, "good 1 (all) is listed as well"),
        (
            "debs/needy_1_all.deb",
            1,
            "depends on nothing (>= 2), which nothing provides; needy 1 (all) depends on there (>= 3) | other",
        ),
        (
            "debs/rival_1_all.deb",
            1,
            "there 2.0 (amd64) conflicts with rival (<< 2), which is rival 1 (all)",
        ),
        (
            "debs/thief_1_all.deb",
            1,
            "thief 1 (all) and there 2.0 (amd64) both have /opt/there",
        ),
        (
            "debs/there_1.0_amd64.deb",
            1,
            "there 2.0 (amd64) is newer, and installed",
        ),
        (
            "debs/foreign_1_arm64.deb",
            1,
            "it is for arm64, but the image is for amd64",
        ),
    ];
    for (file, code, want) in cases {
        work.write(
            "build.yaml",
            format!("modules: [install_debs]\ndebs:\n  - {file}\n"),
        );
        let run = run(work.hsb(["build", "-o", "image.raw", "-i"]).arg(&tar));
        let is_told = run.stderr.contains(want) && run.stderr.contains("build.yaml:");
        assert!(run.code == Some(*code) && is_told, "{file}: {run:#?}");
        assert!(!work.join("image.raw").exists());
    }
    for (recipe, code, want) in [
        (
            "{packages: [debs/needy_1_all.deb], nodeps: true}",
            0,
            "needy 1 (all) is configured",
        ),
        (
            "{packages: [debs/there_1.0_amd64.deb], downgrade: true}",
            0,
            "unpacked over there 2.0",
        ),
        ("{packages: [], nodep: true}", 2, "unknown key `nodep`"),
        ("[]", 0, "there is nothing to install"),
        (
            "nothing",
            2,
            "expected a list of packages, or a mapping with `packages`",
        ),
    ] {
        work.write(
            "build.yaml",
            format!("modules: [install_debs]\ndebs: {recipe}\n"),
        );
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        assert!(
            run.code == Some(code) && run.stderr.contains(want),
            "{recipe}: {run:#?}"
        );
    }
    for (path, text, want) in [
        ("var/lib/dpkg/updates/0001", "x", "dpkg was interrupted"),
        ("var/lib/dpkg/info/format", "2\n", "layout \"2\""),
        (
            "var/lib/dpkg/status",
            "Package: x\n",
            "package 1: the status \"\" is not known",
        ),
    ] {
        let file = folder.join(path);
        let before = fs::read(&file).ok();
        fs::write(&file, text).unwrap();
        pack(&folder, &tar);
        match before {
            Some(before) => fs::write(&file, before).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        work.write(
            "build.yaml",
            "modules: [install_debs]\ndebs: [debs/good_1_all.deb]\n",
        );
        let run = run(work.hsb(["plan", "-i"]).arg(&tar));
        assert!(
            run.code == Some(1) && run.stderr.contains(want),
            "{path}: {run:#?}"
        );
    }
}

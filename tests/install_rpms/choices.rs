//! Files that are left out, and files that two packages have: the tree and the states of files in
//! the database, as rpm has them.

use std::fs;
use std::path::{Path, PathBuf};

use super::build::{NOW, base, build_target, installed, rpm, rpm_installs, work};
use super::system::{assert_same, dump, listing, pack};
use crate::kit::{Work, run, succeed, tool};

const SPEC: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/install_rpms/choice.spec"
);

/// Makes a package of 64-bit programs, the same of 32-bit ones, and one that takes files of both.
fn rpms(work: &Work) -> [PathBuf; 3] {
    let spec = Path::new(SPEC);
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
        build_target(work, spec, "rpms", target, defines);
    }
    ["choice-1.x86_64", "choice-1.i686", "choice-theft-1.noarch"]
        .map(|name| work.join(format!("rpms/{name}.rpm")))
}

#[test]
fn files_are_left_out_as_rpm_leaves_them_out() {
    let work = work("left-out");
    let rpms = rpms(&work);
    let recipe = |more: &str| {
        let text = "modules: [install_rpms]\nsize: 64M\ntable: none\n\
                    rpms: [rpms/choice-1.x86_64.rpm]\n";
        work.write("build.yaml", format!("{text}{more}"));
    };
    let tar = base(&work);
    // By the image's macros, as far as the recipe says nothing else.
    let macros = work.join("base/etc/rpm/macros.image-language-conf");
    let document = "/usr/share/doc/choice/README";
    let french = "/usr/share/locale/fr/LC_MESSAGES/choice.mo";
    fs::create_dir_all(macros.parent().unwrap()).unwrap();
    for (lines, more, documents, frenches) in [
        ("", "", true, true),
        ("%_install_langs en:fr\n%_excludedocs 0", "", true, true),
        (
            "%_install_langs de_AT:all\n%_excludedocs 1",
            "",
            false,
            true,
        ),
        ("%_install_langs %{nil}", "", true, false),
        ("%_install_langs de_AT", "excludedocs: true\n", false, false),
        (
            "%_install_langs de\n%_excludedocs 1",
            "excludedocs: false\n",
            true,
            false,
        ),
        (
            "%_install_langs de\n%_excludedocs 1",
            "install_langs: [all]\n",
            false,
            true,
        ),
    ] {
        fs::write(&macros, format!("{lines}\n")).unwrap();
        pack(&work.join("base"), &tar);
        recipe(more);
        for (path, is_there) in [(document, documents), (french, frenches)] {
            let shown = run(work.hsb(["plan", "-q", "--show", path, "-i"]).arg(&tar));
            assert_eq!(
                shown.code == Some(0),
                is_there,
                "{lines} {more}: {shown:#?}"
            );
        }
    }
    let lines = "%_install_langs de_AT:pt\n%_excludedocs 1\n";
    fs::write(&macros, lines).unwrap();
    pack(&work.join("base"), &tar);
    recipe("");
    let base = tar;
    let Some(mounted) = installed(&work, &base) else {
        return;
    };
    let ours = mounted.path();
    let theirs = work.join("base");
    succeed(
        rpm(&theirs)
            .arg("--load")
            .arg(&macros)
            .args(["-i", "--noplugins"])
            .arg(&rpms[0]),
    );
    assert_same(&listing(ours), &listing(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
    for (path, is_there) in [
        ("usr/share/doc/choice", false),
        ("usr/share/licenses/choice/LICENSE", true),
        ("usr/share/locale/de/LC_MESSAGES/choice.mo", true),
        ("usr/share/locale/fr", false),
        ("usr/share/locale/pt_BR", false),
        ("usr/bin/choice-too", true),
    ] {
        assert_eq!(ours.join(path).exists(), is_there, "{path}");
    }
    // What is not there is not missed, and not removed with the package either.
    let verified = run(rpm(ours).arg("-Va"));
    assert_eq!(
        (verified.code, &*verified.stdout),
        (Some(0), ""),
        "{verified:#?}"
    );
    succeed(rpm(ours).args(["-e", "choice"]));
}

#[test]
fn macros_leave_documentation_out_as_with_rpm() {
    let work = work("macros");
    let rpms = rpms(&work);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nrpms: [rpms/choice-1.x86_64.rpm]\n",
    );
    let tar = base(&work);
    let theirs = work.join("base");
    let places = ["etc/rpm/macros.*", "etc/rpm/macros", "root/.rpmmacros"];
    let places = places.map(|place| format!(":{}/{place}", theirs.display()));
    let places = format!("/usr/lib/rpm/macros{}", places.concat());
    let document = "usr/share/doc/choice/README";
    fs::create_dir_all(theirs.join("etc/rpm")).unwrap();
    fs::create_dir_all(theirs.join("root")).unwrap();
    let plain = "etc/rpm/macros.x";
    for (file, value, is_there) in [
        (plain, "1", false),
        (plain, "0", true),
        (plain, "yes", false),
        (plain, "Y", false),
        (plain, "no", true),
        (plain, "true", true),
        (plain, "0x1", false),
        (plain, "0x0", true),
        (plain, "010", false),
        (plain, "08", true),
        (plain, "00", true),
        (plain, "-1", false),
        (plain, "1x", true),
        (plain, "1 # x", true),
        ("etc/rpm/macros.x~", "1", false),
        ("etc/rpm/macros.rpmsave", "1", true),
        ("etc/rpm/macros", "1", false),
        ("etc/rpm/x", "1", true),
        ("root/.rpmmacros", "1", false),
    ] {
        fs::write(theirs.join(file), format!("%_excludedocs {value}\n")).unwrap();
        pack(&theirs, &tar);
        let path = format!("/{document}");
        let ours = run(work.hsb(["plan", "-q", "--show", &path, "-i"]).arg(&tar));
        assert_eq!(ours.code == Some(0), is_there, "{file} {value}: {ours:#?}");
        if rpm_installs() {
            let mut judge = tool("rpm");
            judge.args(["--macros", &places, "--define", "_dbpath /var/lib/rpm"]);
            judge.args(["-i", "--noplugins", "--root"]).arg(&theirs);
            succeed(judge.arg(&rpms[0]));
            let found = theirs.join(document).exists();
            assert_eq!(found, is_there, "{file} {value}");
            succeed(rpm(&theirs).args(["-e", "--noplugins", "choice"]));
        }
        fs::remove_file(theirs.join(file)).unwrap();
    }
}

#[test]
fn packages_take_files_of_others_as_with_rpm() {
    let work = work("taken");
    let rpms = rpms(&work);
    let recipe = |more: &str| {
        work.write(
            "build.yaml",
            format!("modules: [install_rpms]\nsize: 64M\ntable: none\nreplacefiles: true\nrpms: {more}\n"),
        );
    };
    // All at once; then each of the first two before the others.
    for first in [&rpms[..0], &rpms[..1], &rpms[1..2]] {
        let _ = fs::remove_dir_all(work.join("base"));
        let tar = base(&work);
        let theirs = work.join("base");
        let by_rpm = |rpms: &[PathBuf]| {
            let args = ["-i", "--noplugins", "--replacefiles"];
            succeed(
                rpm(&theirs)
                    .args(args)
                    .args(rpms)
                    .env("SOURCE_DATE_EPOCH", NOW),
            );
        };
        if !first.is_empty() {
            by_rpm(first);
            fs::write(theirs.join("etc/choice/choice.conf"), "mine\n").unwrap();
            pack(&theirs, &tar);
        }
        recipe("[rpms]");
        let Some(mounted) = installed(&work, &tar) else {
            return;
        };
        let rest: Vec<_> = rpms
            .iter()
            .filter(|rpm| !first.contains(rpm))
            .cloned()
            .collect();
        by_rpm(&rest);
        let ours = mounted.path();
        assert_same(&listing(ours), &listing(&theirs));
        assert_same(&dump(ours), &dump(&theirs));
        let asked =
            |root: &Path| run(rpm(root).args(["-qs", "choice.x86_64", "choice.i686"])).stdout;
        assert_eq!(asked(ours), asked(&theirs));
        assert!(
            asked(ours).contains("wrong color   /usr/bin/choice\n"),
            "{}",
            asked(ours)
        );
        // Only replaced files that were there before have that state.
        assert_eq!(asked(ours).contains("replaced"), !first.is_empty());
        drop(mounted);
    }
}

//! Packages with scripts: left as `dpkg --unpack` leaves them, for the first boot.

use std::fs;
use std::path::Path;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, run, succeed};

const PLAIN: Deb = Deb {
    name: "",
    fields: "",
    files: &[("/etc/plain", "x\n")],
    control: &[("conffiles", "/etc/plain\n")],
};

const OLD: Deb = Deb {
    name: "served_1.0_all",
    ..SERVED
};

const SERVED: Deb = Deb {
    name: "served_2.0_all",
    fields: "",
    files: &[("/etc/served.conf", "x\n"), ("755:/usr/bin/served", "x\n")],
    control: &[
        ("conffiles", "/etc/served.conf\n"),
        ("postinst", "#!/bin/sh\nset -e\nserved --make-keys\n"),
        ("prerm", "#!/bin/sh\nserved --stop\n"),
        ("templates", "Template: served/what\nType: string\n"),
        ("triggers", "interest /usr/share/served\nactivate called\n"),
    ],
};

const HEARING: Deb = Deb {
    name: "hearing_1_all",
    control: &[("triggers", "interest called\n")],
    files: &[],
    ..PLAIN
};

const DEPENDING: Deb = Deb {
    name: "depending_1_all",
    fields: "Depends: served\n",
    ..PLAIN
};

#[test]
fn what_has_scripts_is_left_unpacked() {
    let work = Work::under(Path::new("/dev/shm"), "deb-scripts");
    let debs: Vec<_> = [&SERVED, &DEPENDING]
        .map(|deb| build(&work, deb, "debs", "-Zgzip"))
        .into();
    let old = [&OLD, &HEARING].map(|deb| build(&work, deb, "old", "-Zgzip"));
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    succeed(dpkg(&theirs).arg("--unpack").args(&old));
    // As if the script had run: only its shell is missing here.
    let status = theirs.join("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(&status, text.replace("ok unpacked", "ok installed")).unwrap();
    for script in ["prerm", "postinst"] {
        fs::remove_file(theirs.join(format!("var/lib/dpkg/info/served.{script}"))).unwrap();
    }
    let recipe = "modules: [install_debs]\ndebs: [debs]\n";
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(dpkg(&theirs).arg("--unpack").args(&debs));
    let status = |root: &Path| -> Vec<String> {
        let text = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    assert_same(&status(ours), &status(&theirs));
    let [our_lines, their_lines] = [ours, &theirs].map(|root| {
        let mut lines = described(root);
        lines.retain(|line| !line.starts_with("etc/systemd") && !line.starts_with("var/lib/hsb"));
        lines
    });
    assert_same(&our_lines, &their_lines);
    let run_file = fs::read_to_string(ours.join("var/lib/hsb/scriptlets/run")).unwrap();
    let line = "once dpkg.configure /dev/null /usr/bin/env DEBIAN_FRONTEND=noninteractive dpkg \
                --force-confdef --force-confold --configure -a\n";
    assert!(run_file.contains(line), "{run_file}");
    let unit = ours.join("etc/systemd/system/multi-user.target.wants/hsb-scriptlets.service");
    assert!(fs::symlink_metadata(unit).unwrap().is_symlink());
}

#[test]
fn what_is_not_run_is_told_of() {
    let work = Work::under(Path::new("/dev/shm"), "deb-warnings");
    let before = Deb {
        name: "before_1_all",
        control: &[(
            "preinst",
            "#!/bin/sh\n# why\nset -e\nuseradd x\nif [ $1 = install ]; then x | y; fi\n",
        )],
        files: &[("/usr/share/before", "x\n")],
        ..PLAIN
    };
    for deb in [&SERVED, &before] {
        build(&work, deb, "debs", "-Zgzip");
    }
    let folder = system(&work, "system");
    fs::remove_file(folder.join("usr/lib/systemd/systemd")).unwrap();
    let tar = work.join("system.tar");
    crate::install_rpms::system::pack(&folder, &tar);
    work.write("build.yaml", "modules: [install_debs]\ndebs: [debs]\n");
    let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
    assert_eq!(run.code, Some(0), "{run:#?}");
    for want in [
        "the script before.preinst is not run, although dpkg runs it before there are files of the \
         package: set -e / useradd x / if [ $1 = install ]; then x | y; fi",
        "script served.postinst: left for `dpkg --configure -a`",
        "the image has no systemd, so nothing configures served;",
    ] {
        assert!(run.stderr.contains(want), "{want}: {run:#?}");
    }
}

#[test]
fn what_is_left_is_done_in_whatever_the_image_boots_into() {
    let work = Work::under(Path::new("/dev/shm"), "deb-targets");
    build(&work, &SERVED, "debs", "-Zgzip");
    let folder = system(&work, "system");
    let tar = work.join("system.tar");
    let wants = |target: &str| format!("/etc/systemd/system/{target}.wants/hsb-scriptlets.service");
    for (default, wanted, not) in [
        ("graphical.target", "multi-user.target", "graphical.target"),
        ("kiosk.target", "kiosk.target", "graphical.target"),
    ] {
        let link = folder.join("usr/lib/systemd/default.target");
        let link = link.parent().unwrap().join("system/default.target");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(default, &link).unwrap();
        crate::install_rpms::system::pack(&folder, &tar);
        work.write("build.yaml", "modules: [install_debs]\ndebs: [debs]\n");
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let both = run.stdout.clone() + &run.stderr;
        assert!(both.contains(&wants(wanted)), "{default}: {both}");
        assert!(!both.contains(&wants(not)), "{default}: {both}");
    }
}

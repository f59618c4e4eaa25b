//! Scripts as debhelper writes them: done to the tree, as its own programs do it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::build::{Deb, build, described, dpkg_installs, installed, system};
use crate::install_rpms::system::{assert_same, listing};
use crate::kit::{Work, succeed, tool};

const UNIT: &str = "[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/true\n[Install]\n\
                    WantedBy=multi-user.target\nAlias=other.service\nAlso=unit.socket\n";

const SOCKET: &str = "[Socket]\nListenStream=/run/x\n[Install]\nWantedBy=sockets.target\n";

/// What dh_installsystemd, dh_installsysusers, dh_installtmpfiles and dh_python3 write.
const POSTINST: &str = r#"#!/bin/sh
set -e
case "$1" in
    configure)
        mkdir -p /var/lib/unit
        update-alternatives --install /usr/bin/choice choice /usr/bin/unit 40
        ;;
    abort-upgrade|abort-remove|abort-deconfigure)
        ;;
    *)
        echo "postinst called with unknown argument \`$1'" >&2
        exit 1
        ;;
esac
# Automatically added by dh_installsysusers/13.11.4
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
   systemd-sysusers ${DPKG_ROOT:+--root="$DPKG_ROOT"} unit.conf
fi
# End automatically added section
# Automatically added by dh_installtmpfiles/13.11.4
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -x "$(command -v systemd-tmpfiles)" ]; then
		systemd-tmpfiles ${DPKG_ROOT:+--root="$DPKG_ROOT"} --create unit.conf || true
	fi
fi
# End automatically added section
# Automatically added by dh_python3
if command -v py3compile >/dev/null 2>&1; then
	py3compile -p unit
fi
# End automatically added section
# Automatically added by dh_installsystemd/13.11.4
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	deb-systemd-helper unmask 'unit.service' >/dev/null || true
	if deb-systemd-helper --quiet was-enabled 'unit.service'; then
		deb-systemd-helper enable 'unit.service' >/dev/null || true
	else
		deb-systemd-helper update-state 'unit.service' >/dev/null || true
	fi
fi
# End automatically added section
# Automatically added by dh_installsystemd/13.11.4
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ] ; then
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then
			_dh_action=restart
		else
			_dh_action=start
		fi
		deb-systemd-invoke $_dh_action 'unit.service' >/dev/null || true
	fi
fi
# End automatically added section
exit 0
"#;

const PREINST: &str = "#!/bin/sh -e\n# Automatically added by dh_installdeb/13.11.4\n\
                       dpkg-maintscript-helper rm_conffile /etc/unit.old 1.0-1\\~ unit -- \"$@\"\n\
                       # End automatically added section\n";

const PACKAGE: Deb = Deb {
    name: "unit_1.0_all",
    fields: "",
    files: &[
        ("755:/usr/bin/unit", "x\n"),
        ("/usr/lib/systemd/system/unit.service", UNIT),
        ("/usr/lib/systemd/system/unit.socket", SOCKET),
        ("/usr/lib/sysusers.d/unit.conf", "u _unit 300 \"x\"\n"),
        (
            "/usr/lib/tmpfiles.d/unit.conf",
            "d /var/cache/unit 0750 _unit _unit -\n",
        ),
    ],
    control: &[("postinst", POSTINST), ("preinst", PREINST)],
};

#[test]
fn scripts_of_debhelper_are_done() {
    let work = Work::under(Path::new("/dev/shm"), "debhelper");
    build(&work, &PACKAGE, "debs", "-Zgzip");
    let folder = system(&work, "system");
    for (path, text) in [
        ("usr/bin/deb-systemd-helper", ""),
        ("usr/bin/systemctl", ""),
        ("usr/bin/systemd-tmpfiles", ""),
        ("var/lib/dpkg/alternatives/other", "auto\n/usr/bin/o\n\n\n"),
    ] {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        let file = folder.join(path);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    if !dpkg_installs() {
        return;
    }
    let recipe = "modules: [install_debs]\ndebs: [debs]\n";
    let Some(mounted) = installed(&work, &folder, recipe) else {
        return;
    };
    let ours = mounted.path();
    let status = fs::read_to_string(ours.join("var/lib/dpkg/status")).unwrap();
    assert!(status.contains("Status: install ok installed"), "{status}");
    assert!(!ours.join("var/lib/hsb").exists());
    assert!(ours.join("var/lib/unit").is_dir());
    assert_eq!(
        fs::read_link(ours.join("etc/alternatives/choice")).unwrap(),
        Path::new("/usr/bin/unit")
    );
    let lines = described(ours);
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("var/cache/unit 40750 300:300 "))
    );

    // The same units, enabled by the program that the script calls.
    for (path, text) in PACKAGE.files {
        let file = folder.join(
            path.split_once(':')
                .map_or(*path, |(_, path)| path)
                .trim_start_matches('/'),
        );
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    for action in ["unmask", "enable"] {
        let mut helper = tool("deb-systemd-helper");
        helper
            .args([action, "unit.service"])
            .env("DPKG_ROOT", &folder);
        succeed(helper.env("DPKG_MAINTSCRIPT_PACKAGE", "unit"));
    }
    let [ours, theirs] = [ours, &*folder].map(|root| {
        let mut lines = listing(root);
        lines.retain(|line| line.starts_with("etc/systemd") || line.starts_with("var/lib/systemd"));
        for line in &mut lines {
            // Without the time, and where the system has its units: `/lib` leads to `/usr/lib`.
            let words: Vec<&str> = line.split(' ').collect();
            let words = [&words[..3], &words[4..]].concat().join(" ");
            *line = words.replace(" /lib/", " /usr/lib/");
        }
        lines
    });
    assert!(ours.len() > 8, "{ours:#?}");
    assert_same(&ours, &theirs);
}

#[test]
fn what_is_understood_depends_on_what_is_there() {
    let work = Work::under(Path::new("/dev/shm"), "deb-policies");
    build(&work, &PACKAGE, "debs", "-Zgzip");
    let folder = system(&work, "system");
    let before = "Package: unit\nStatus: install ok installed\nArchitecture: all\nVersion: 0.9\n\n";
    let tar = work.join("system.tar");
    for (status, scripts, code, want) in [
        (
            "",
            "auto",
            0,
            "script unit.postinst: done (mkdir, update-alternatives,",
        ),
        (
            "",
            "auto",
            0,
            "script unit.preinst: nothing to do in an image",
        ),
        ("", "skip", 0, "script unit.postinst: not run"),
        (
            "",
            "firstboot",
            0,
            "script unit.postinst: left for `dpkg --configure -a`",
        ),
        (
            "",
            "{unit: firstboot}",
            0,
            "unit 1.0 (all) is left unpacked",
        ),
        ("", "{unit: skip}", 0, "unit 1.0 (all) is configured"),
        (
            "",
            "{unti: skip}",
            1,
            "neither the image nor the list has a package \"unti\"",
        ),
        ("", "never", 2, "unknown"),
        // An upgrade from a version that the helper is about.
        (
            before,
            "auto",
            0,
            "script unit.preinst: done (dpkg-maintscript-helper)",
        ),
        (before, "{unit: skip}", 0, "unit 1.0 (all) is configured"),
    ] {
        fs::write(folder.join("var/lib/dpkg/status"), status).unwrap();
        crate::install_rpms::system::pack(&folder, &tar);
        work.write(
            "build.yaml",
            format!("modules: [install_debs]\ndebs: {{packages: [debs], scripts: {scripts}}}\n"),
        );
        let run = crate::kit::run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let is_told = run.stderr.contains(want);
        assert!(
            run.code == Some(code) && is_told,
            "{scripts}: {want}: {run:#?}"
        );
    }
}

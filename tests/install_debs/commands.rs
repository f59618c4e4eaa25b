//! What scripts ask Debian's own programs for: dpkg runs the same scripts, outside of a chroot.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::build::{Deb, build, described, dpkg, dpkg_installs, installed, system};
use crate::install_rpms::system::assert_same;
use crate::kit::{Work, succeed, tool};

const PLAIN: Deb = Deb {
    name: "",
    fields: "",
    files: &[],
    control: &[],
};

const BEFORE: &[Deb] = &[
    Deb {
        name: "tooled_1.0_all",
        files: &[
            ("/etc/tooled/same", "1\n"),
            ("/etc/tooled/changed", "1\n"),
            ("/etc/tooled/later", "1\n"),
            ("755:/usr/bin/pick-one", "1\n"),
        ],
        control: &[(
            "conffiles",
            "/etc/tooled/same\n/etc/tooled/changed\n/etc/tooled/later\n",
        )],
        ..PLAIN
    },
    Deb {
        name: "other_1_all",
        files: &[
            ("755:/usr/bin/tool", "1\n"),
            ("755:/usr/bin/pick-two", "1\n"),
        ],
        control: &[("triggers", "interest called\ninterest-noawait quiet\n")],
        ..PLAIN
    },
];

const PREINST: &str = r#"#!/bin/sh
set -e
what=/usr/bin/tool
unused() {
    find / | grep x
}
dpkg-maintscript-helper rm_conffile /etc/tooled/same 1.5~ -- "$@"
dpkg-maintscript-helper rm_conffile /etc/tooled/changed 1.5~ tooled -- "$@"
dpkg-maintscript-helper rm_conffile /etc/tooled/later 0.5~ -- "$@"
dpkg-maintscript-helper rm_conffile /etc/tooled/none -- "$@"
if [ "$1" = upgrade ] && dpkg --compare-versions "$2" lt-nl 1.5; then
    dpkg-divert --package tooled --rename --divert "${what}.real" --add "$what"
    update-alternatives --remove pick /usr/bin/pick-one
    update-alternatives --remove sole /usr/bin/pick-one
    update-alternatives --remove never /usr/bin/never
elif [ -z "$2" ]; then
    for file in /etc/*; do unused "$file" > /etc/$(basename "$file") & done
fi
"#;

const POSTINST: &str = r#"#!/bin/sh
set -e
dpkg-maintscript-helper rm_conffile /etc/tooled/same 1.5~ -- "$@"
dpkg-maintscript-helper rm_conffile /etc/tooled/changed 1.5~ tooled -- "$@"
if [ -x "${DPKG_ROOT:-}/etc/init.d/tooled" ]; then
    update-rc.d tooled defaults >/dev/null || exit 1
fi
update-rc.d tooled-off defaults-disabled 2>/dev/null
update-rc.d -f tooled-gone remove
if [ "$1" = configure ]; then
    dpkg-trigger --no-await called
    dpkg-trigger --by-package=tooled quiet
    dpkg-trigger called
fi
"#;

const SCRIPT: &str = "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: x\n# Default-Start:     2 3 S\n\
                      # Default-Stop: 0 6\n### END INIT INFO\n# Default-Start: 5\n";

const AFTER: Deb = Deb {
    name: "tooled_2.0_all",
    files: &[
        ("755:/usr/bin/tool", "2\n"),
        ("/etc/tooled/later", "1\n"),
        ("755:/etc/init.d/tooled", SCRIPT),
        ("755:/etc/init.d/tooled-off", SCRIPT),
    ],
    control: &[
        ("conffiles", "/etc/tooled/later\n"),
        ("preinst", PREINST),
        ("postinst", POSTINST),
    ],
    ..PLAIN
};

fn alternatives(root: &Path) -> Command {
    let mut tool = tool("update-alternatives");
    tool.arg("--root").arg(root).args(["--log", "/dev/null"]);
    tool
}

#[test]
fn commands_do_what_debians_programs_do() {
    let work = Work::under(Path::new("/dev/shm"), "deb-commands");
    let before: Vec<_> = BEFORE
        .iter()
        .map(|deb| build(&work, deb, "before", "-Zgzip"))
        .collect();
    let after = build(&work, &AFTER, "after", "-Zgzip");
    if !dpkg_installs() {
        return;
    }
    let theirs = system(&work, "system");
    for folder in [
        "etc/rc2.d",
        "etc/rc0.d",
        "etc/alternatives",
        "var/lib/dpkg/alternatives",
    ] {
        fs::create_dir_all(theirs.join(folder)).unwrap();
    }
    std::os::unix::fs::symlink("../init.d/x", theirs.join("etc/rc2.d/S05tooled-gone")).unwrap();
    succeed(dpkg(&theirs).arg("-i").args(&before));
    fs::write(theirs.join("etc/tooled/changed"), "mine\n").unwrap();
    for (name, path, priority) in [
        ("pick", "/usr/bin/pick-one", "20"),
        ("pick", "/usr/bin/pick-two", "10"),
        ("sole", "/usr/bin/pick-one", "5"),
    ] {
        let mut install = alternatives(&theirs);
        let link = format!("/usr/bin/{name}");
        install.args(["--install", &link, name, path, priority]);
        if path.ends_with("one") {
            let follower = format!("{name}.more");
            let link = format!("/usr/bin/{follower}");
            install.args(["--slave", &link, &follower, "/etc/passwd"]);
        }
        succeed(&mut install);
    }
    let recipe = "modules: [install_debs]\ndebs: [after]\n";
    let Some(mounted) = installed(&work, &theirs, recipe) else {
        return;
    };
    let ours = mounted.path();
    succeed(
        dpkg(&theirs)
            .args(["--force-script-chrootless", "-i"])
            .arg(&after),
    );
    let status = |root: &Path| {
        let text = fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap();
        let line = |line: &str| match line.strip_prefix("Triggers-Pending: ") {
            // dpkg turns them round each time it reads them.
            Some(names) => {
                let mut names: Vec<_> = names.split(' ').collect();
                names.sort_unstable();
                format!("Triggers-Pending: {}", names.join(" "))
            }
            None => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    assert_same(&status(ours), &status(&theirs));
    const APART: [&str; 4] = [
        "etc/systemd",
        "var/lib/hsb",
        "var/lib/dpkg/status ",
        "var/lib/dpkg/triggers/Unincorp",
    ];
    let [our_lines, their_lines] = [ours, &theirs].map(|root| {
        let mut lines = described(root);
        lines.retain(|line| !APART.iter().any(|start| line.starts_with(start)));
        for line in &mut lines {
            // Links that programs make have the time at which they did it.
            if line.starts_with("etc/rc") || line.contains("alternatives") {
                let words: Vec<&str> = line.split(' ').collect();
                *line = [&words[..3], &words[4..]].concat().join(" ");
            }
        }
        lines
    });
    assert_same(&our_lines, &their_lines);
}

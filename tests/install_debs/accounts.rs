//! Accounts that scripts make by Debian's adduser, which runs with the same files as its `/etc`.

use std::fs;
use std::path::Path;

use super::build::{Deb, NOW, build, dpkg_installs, installed, system};
use crate::install_rpms::system::{assert_same, listing};
use crate::kit::{Work, succeed, tool};

/// What the script calls. All homes are in `/etc`, which alone is another one for adduser.
const CALLS: &str = "adduser --system --quiet first
adduser --system --group --home /etc/home/second --gecos 'The second' second
adduser --system --group --no-create-home --home /etc/home/third --shell /bin/sh third
addgroup --system shared
adduser --system --ingroup shared --home /etc/there --disabled-login fourth
adduser --system --uid 150 --group --home /nonexistent/x --disabled-password fifth
adduser --quiet fifth shared
adduser --system --quiet first
addgroup --system shared || true
adduser --quiet fifth shared
addgroup --system --gid 444 late
adduser --system --group late
";

const DEB: Deb = Deb {
    name: "people_1_all",
    fields: "",
    files: &[("/usr/share/people", "x\n")],
    control: &[("postinst", "")],
};

#[test]
fn accounts_are_those_of_adduser() {
    let work = Work::under(Path::new("/dev/shm"), "deb-accounts");
    let postinst: &str = format!("#!/bin/sh\nset -e\n{CALLS}").leak();
    let deb = Deb {
        control: vec![("postinst", postinst)].leak(),
        ..DEB
    };
    build(&work, &deb, "debs", "-Zgzip");
    if !dpkg_installs() {
        return;
    }
    let folder = system(&work, "system");
    let etc = folder.join("etc");
    let write = |name: &str, text: &str| fs::write(etc.join(name), text).unwrap();
    write(
        "passwd",
        "root:x:0:0:root:/root:/bin/sh\ntaken:x:100:65534::/:/bin/sh\n",
    );
    write(
        "group",
        "root:x:0:\nshadow:x:42:\ntaken:x:101:\nnogroup:x:65534:\n",
    );
    write("shadow", "root:*:1::::::\ntaken:*:1::::::\n");
    write("gshadow", "root:*::\nshadow:*::\ntaken:!::\nnogroup:*::\n");
    write(
        "login.defs",
        "SYS_UID_MIN 500\nSYS_UID_MAX 600\nUSERGROUPS_ENAB yes\n",
    );
    write("adduser.conf", "# own\nLAST_SYSTEM_UID=160\n");
    write(
        "nsswitch.conf",
        "passwd: files\ngroup: files\nshadow: files\n",
    );
    fs::create_dir_all(etc.join("there")).unwrap();
    // adduser has chfn write the comment.
    fs::create_dir_all(etc.join("pam.d")).unwrap();
    let kinds = ["auth", "account", "session", "password"];
    let lines = kinds.map(|kind| format!("{kind} required pam_permit.so\n"));
    write("pam.d/chfn", &lines.concat());
    let recipe = "modules: [install_debs]\ndebs: [debs]\n";
    let Some(mounted) = installed(&work, &folder, recipe) else {
        return;
    };
    let ours = mounted.path().join("etc");
    let script = format!("mount --bind \"$1\" /etc\n{CALLS}");
    let mut adduser = tool("unshare");
    adduser
        .args(["--mount", "sh", "-ec", &script, "sh"])
        .arg(&etc);
    succeed(adduser.env("SOURCE_DATE_EPOCH", NOW));
    // Only there to name the judge, which the script calls.
    succeed(tool("adduser").arg("--version"));
    for name in ["passwd", "group", "shadow", "gshadow"] {
        let lines = |etc: &Path| {
            let text = fs::read_to_string(etc.join(name)).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_same(&lines(&ours), &lines(&etc));
    }
    let [our_homes, their_homes] = [&ours, &etc].map(|etc| {
        let mut lines = listing(etc);
        lines.retain(|line| line.starts_with("home") || line.starts_with("there"));
        let words = lines.iter().map(|line| line.split(' ').take(3).collect());
        words
            .map(|words: Vec<&str>| words.join(" "))
            .collect::<Vec<_>>()
    });
    assert_same(&our_homes, &their_homes);
}

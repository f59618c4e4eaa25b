//! Modules in the idioms of 2012, for an image that is mounted and a user who is root: they run
//! unchanged as nobody, in a sandbox that kills whoever changes an owner or makes a device.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::kit::{debugfs, e2fsck_clean, run, tool};
use super::own_python::stat;
use super::rootless::{open_to_nobody, sandboxed};

const RECIPE: &str = "
source: rootfs.tar.gz
table: none
size: 64M
modules: [ifcfg, users, cleanup, services, settings, nodes, manifest]
interfaces: [{device: eth0}, {device: eth1, proto: static, address: 10.1.2.3/20}]
users: [bob, eve]
services: [sshd, ntpd]
mirror: http://mirror
";

#[test]
fn they_run_as_nobody() {
    let work = open_to_nobody();
    work.write("build.yaml", RECIPE);
    work.write("tool.sh", "#!/bin/sh\n");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own_2012");
    fs::create_dir(work.join("modules")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), work.join("modules").join(entry.file_name())).unwrap();
    }
    let open = Permissions::from_mode(0o777);
    fs::set_permissions(work.join("modules"), open).unwrap();
    let build = ["./hsb", "build", "-o", "image.raw"];
    let said = run(&mut sandboxed(&work, tool("python3"), &build));
    assert_eq!(said.code, Some(0), "{said:#?}");
    for line in [
        "[cleanup] freed 20 bytes",
        "[cleanup] as expected: Directory not empty",
        "[nodes] [('tool', 10), ('tool2', 10)]",
        "('home/bob/.bashrc', 'bob')",
    ] {
        assert!(said.stderr.contains(line), "no {line}: {said:#?}");
    }
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    for (path, expected) in [
        (
            "/etc/sysconfig/network-scripts/ifcfg-eth1",
            "regular 0600 0:0",
        ),
        (
            "/etc/resolv.conf",
            "symlink 0777 0:0 \"../run/resolvconf/resolv.conf\"",
        ),
        ("/etc/shadow", "regular 0640 0:42"),
        ("/home/bob", "directory 0755 1001:1001"),
        ("/home/eve/.ssh", "directory 0700 1002:1002"),
        ("/home/eve/.ssh/authorized_keys", "regular 0600 1002:1002"),
        ("/home/eve/.bashrc", "regular 0644 1002:1002"),
        ("/etc/init.d/sshd", "regular 0755 0:0"),
        ("/etc/rc2.d/S21ntpd", "symlink 0777 0:0 \"../init.d/ntpd\""),
        ("/etc/rc5.d/S71ntpd", "symlink 0777 0:0 \"../init.d/ntpd\""),
        ("/etc/gshadow", "regular 0640 0:42"),
        ("/etc/gshadow.orig", "regular 0640 0:0"),
        ("/var/lib/jail", "directory 03771 65534:0"),
        ("/var/lib/jail/dev/null", "character 0666 0:0 01:03"),
        ("/var/lib/jail/dev/loop300", "block 0660 0:0 07:300"),
        ("/var/lib/jail/dev/control", "FIFO 0620 100:5"),
        ("/var/lib/jail/bin/tool2", "regular 04750 0:8"),
        ("/var/log/wtmp", "regular 0644 0:0"),
    ] {
        assert_eq!(stat(&image, path), expected, "{path}");
    }
    for (path, part) in [
        (
            "/etc/sysconfig/network-scripts/ifcfg-eth1",
            "BOOTPROTO=static\nONBOOT=yes\nIPADDR=10.1.2.3\nNETMASK=255.255.240.0\n",
        ),
        ("/etc/hosts", "\n10.0.0.1\tgateway\n"),
        (
            "/etc/passwd",
            "\nbob:x:1001:1001::/home/bob:/bin/sh\neve:x:1002:1002:",
        ),
        ("/etc/init.d/ntpd", "exec /usr/sbin/ntpd \"$@\"\n"),
        ("/etc/login.defs", "UMASK           077\n"),
        ("/etc/gshadow", "adm:*::\n"),
        (
            "/etc/yum.repos.d/updates.repo",
            "baseurl = http://mirror/updates\n",
        ),
        ("/etc/manifest.csv", "/etc/hostname,0644,0,0,"),
    ] {
        let seen = debugfs(&image, 0, &format!("cat {path}"));
        assert!(seen.contains(part), "{path}: {seen}");
    }
    let left = debugfs(&image, 0, "ls -p /etc");
    assert!(!left.contains(".tmp-"), "{left}");
    assert_eq!(debugfs(&image, 0, "cat /var/log/wtmp"), "");
}

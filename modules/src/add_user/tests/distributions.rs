//! Images that are no Debian.

use super::{HASH, KEY, add, added, last};
use crate::kit::{distribution, image, read, show, step, value};

#[test]
fn an_image_without_sudo() {
    let files = [
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/ash\n"),
        ("/etc/group", "root:x:0:root\nwheel:x:10:root\n"),
        ("/etc/shadow", "root:::0:::::\n"),
        ("/bin/sh", ""),
        // What Debian keeps when the package is removed.
        ("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n"),
    ];
    let mut tree = image(&files);
    let warnings = added(
        &mut tree,
        value!([{"name": "a", "ssh_authorized_keys": [KEY]}, "b"]),
    );
    assert_eq!(
        warnings[1..],
        ["user \"b\" cannot use sudo: the image does not have it"]
    );
    // As busybox adduser has it, but for the shell.
    assert_eq!(last(&tree, "/etc/passwd"), "b:x:1001:1001::/home/b:/bin/sh");
    assert_eq!(last(&tree, "/etc/group"), "b:!:1001:");
    assert_eq!(last(&tree, "/etc/shadow"), "b:*:10::::::");
    let refused = add(&mut image(&files), value!([{"name": "a", "sudo": true}]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "user \"a\" cannot use sudo: the image does not have it"
    );
}

#[test]
fn vendor_files_count_and_stay_as_they_are() {
    let files = [
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n+::::::\n"),
        ("/etc/group", "root:x:0:\n+:::\n"),
        ("/etc/gshadow", "root:::\n"),
        (
            "/usr/lib/passwd",
            "svc:x:1000:1000:Service:/:/sbin/nologin\n",
        ),
        ("/usr/lib/group", "svc:x:1000:\nwheel:x:10:core\n"),
        ("/usr/lib/sysusers.d/a.conf", "u app 1001\n"),
        (
            "/usr/etc/login.defs",
            "USERGROUPS_ENAB yes\nHOME_MODE 0700\n",
        ),
        ("/usr/etc/login.defs.d/a.defs", "HOME_MODE 0755\n"),
        ("/etc/login.defs.d/a.defs", "HOME_MODE 0711\n"),
        ("/usr/etc/sudoers", "root ALL=(ALL:ALL) ALL"),
        ("/bin/bash", ""),
        ("/home@", "var/home"),
        ("/usr/bin/sudo", ""),
    ];
    let mut tree = image(&files);
    let warnings = added(
        &mut tree,
        value!([{"name": "a", "groups": ["wheel"], "sudo": true, "ssh_authorized_keys": [KEY]},
                {"name": "svc", "shell": "/bin/bash"}]),
    );
    assert_eq!(warnings, [""; 0]);
    for (path, text) in [
        (
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\na:x:1002:1002::/home/a:/bin/bash\n\
             svc:x:1000:1000:Service:/:/bin/bash\n+::::::\n",
        ),
        (
            "/etc/group",
            "root:x:0:\na:x:1002:\nwheel:x:10:core,a\n+:::\n",
        ),
        ("/etc/gshadow", "root:::\na:!::\nwheel:!::a\n"),
        ("/etc/shadow", "a:*:10::::::\n"),
        (
            "/etc/sudoers",
            "root ALL=(ALL:ALL) ALL\n#includedir /etc/sudoers.d\n",
        ),
        (files[3].0, files[3].1),
        (files[4].0, files[4].1),
        (files[9].0, files[9].1),
    ] {
        assert_eq!(read(&tree, path), text, "{path}");
    }
    assert_eq!(show(&mut tree, "/etc/shadow"), ["0000 0:0 /etc/shadow"]);
    assert_eq!(show(&mut tree, "/etc/sudoers"), ["0440 0:0 /etc/sudoers"]);
    assert_eq!(
        show(&mut tree, "/var/home")[1],
        "0711 1002:1002 /var/home/a"
    );
}

#[test]
fn a_shared_group_a_mailbox_and_a_missing_shell() {
    let mut tree = image(&[
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        (
            "/etc/group",
            "root:x:0:\nmail:x:12:\nusers:x:100:\nshadow:x:15:\n",
        ),
        (
            "/usr/etc/login.defs",
            "USERGROUPS_ENAB no\nMAIL_DIR /var/spool/mail\n",
        ),
        (
            "/usr/etc/default/useradd",
            "GROUP=users\nCREATE_MAIL_SPOOL=yes\nSHELL=/bin/zsh\n",
        ),
        ("/bin/sh", ""),
        ("/var/spool/mail/", ""),
    ]);
    let warnings = added(&mut tree, value!([{"name": "a", "password_hash": HASH}]));
    assert_eq!(
        warnings,
        ["user \"a\": the shell /bin/zsh is not in the image; /bin/sh is set"]
    );
    assert_eq!(last(&tree, "/etc/passwd"), "a:x:1000:100::/home/a:/bin/sh");
    assert_eq!(
        show(&mut tree, "/var/spool/mail")[1],
        "0660 1000:12 /var/spool/mail/a"
    );
    assert_eq!(show(&mut tree, "/etc/shadow"), ["0640 0:15 /etc/shadow"]);
}

#[test]
fn who_is_not_to_log_in_gets_no_shell() {
    for (program, shell, set, told) in [
        (
            "/usr/sbin/nologin",
            "/usr/sbin/nologin",
            "/usr/sbin/nologin",
            None,
        ),
        // As on Alpine.
        (
            "/sbin/nologin",
            "/usr/sbin/nologin",
            "/sbin/nologin",
            Some("/sbin/nologin is set"),
        ),
        (
            "/bin/false",
            "/usr/bin/nologin",
            "/bin/false",
            Some("/bin/false is set"),
        ),
        (
            "/bin/x",
            "/sbin/nologin",
            "/sbin/nologin",
            Some("nobody can log in with it"),
        ),
        ("/bin/sh", "/bin/zsh", "/bin/sh", Some("/bin/sh is set")),
        (
            "/bin/x",
            "/bin/zsh",
            "/bin/zsh",
            Some("nobody can log in with it"),
        ),
    ] {
        let mut tree = image(&[
            ("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
            ("/etc/group", "root:x:0:\n"),
            (program, ""),
        ]);
        let warnings = added(
            &mut tree,
            value!([{"name": "a", "system": true, "shell": shell}]),
        );
        let want =
            told.map(|told| format!("user \"a\": the shell {shell} is not in the image; {told}"));
        assert_eq!(warnings, Vec::from_iter(want));
        assert!(last(&tree, "/etc/passwd").ends_with(&format!(":{set}")));
    }
}

#[test]
fn administrators_by_what_the_image_has() {
    for (name, group, rule) in [
        ("debian", "sudo", "/etc/sudoers.d/90-hsb-a"),
        ("fedora", "wheel", "/etc/sudoers.d/90-hsb-a"),
        ("suse", "wheel", "/etc/sudoers.d/90-hsb-a"),
        ("arch", "wheel", "/etc/sudoers.d/90-hsb-a"),
        ("alpine", "wheel", "/etc/doas.d/90-hsb-a.conf"),
    ] {
        let mut tree = distribution(name);
        added(&mut tree, value!(["a", {"name": "b", "sudo": false}]));
        let groups = read(&tree, "/etc/group");
        let line = groups
            .lines()
            .find(|line| line.starts_with(&format!("{group}:")));
        let members = line.unwrap().rsplit(':').next().unwrap();
        assert!(
            members.split(',').any(|member| member == "a"),
            "{name}: {groups}"
        );
        assert!(
            !members.split(',').any(|member| member == "b"),
            "{name}: {groups}"
        );
        assert!(read(&tree, rule).contains('a'), "{name}");
    }
    let mut tree = distribution("alpine");
    let files = value!({"files": [{"path": "/etc/doas.d/zz.conf", "content": "deny :wheel\n"}]});
    step(&mut tree, "files", &files).unwrap();
    let warnings = added(
        &mut tree,
        value!([{"name": "a", "sudo": true, "password_hash": HASH}]),
    );
    assert_eq!(
        warnings,
        [
            "/etc/doas.d/zz.conf:1 is about user \"a\", too, and may count instead of what \
             /etc/doas.d/90-hsb-a.conf says: doas goes by the last rule"
        ]
    );
    let rule = value!([{"name": "a", "sudo": "ALL=(root) /bin/ls"}]);
    let refused = add(&mut distribution("alpine"), rule).unwrap_err();
    let message = "\"ALL=(root) /bin/ls\" is for sudo: the image has doas";
    assert_eq!(refused.to_string(), message);
}

#[test]
fn accounts_that_expire() {
    let user =
        |name: &str, date: &str| value!([{"name": name, "expire": date, "password_hash": HASH}]);
    let mut tree = distribution("debian");
    added(&mut tree, user("a", "2031-12-31"));
    assert_eq!(
        last(&tree, "/etc/shadow"),
        format!("a:{HASH}:10:0:99999:7::22644:")
    );
    added(&mut tree, user("a", "2032-01-01"));
    assert_eq!(
        last(&tree, "/etc/shadow"),
        format!("a:{HASH}:10:0:99999:7::22645:")
    );
    for date in ["1970-01-01", "2031-13-01", "never"] {
        let refused = add(&mut tree, user("b", date)).unwrap_err();
        let message = format!("{date:?} is no date after 1970-01-01");
        assert_eq!(refused.to_string(), message);
    }
}

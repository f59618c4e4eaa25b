use fsgen::tree::layer::ChangeKind;

use crate::kit::{read, refusal, show, step, twice, value};

const FILES: &[(&str, &str)] = &[
    (
        "/etc/passwd",
        "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\nsvc:x:2:2::/:\n",
    ),
    ("/etc/passwd-", "old"),
    ("/var/log/wtmp", "binary"),
    ("/var/log/apt/history.log", "text"),
    ("/var/log/apt/history.log.1.gz", "text"),
    ("/var/log/syslog.1", "text"),
    ("/var/log/app.old/of.1", "text"),
    ("/var/log/php-8.2/fpm.log.12", "text"),
    ("/var/log/wtmp-2024010112", "text"),
    ("/var/log/messages-20240101", "text"),
    (
        "/var/log/README@",
        "../../usr/share/doc/systemd/README.logs",
    ),
    ("/var/log/journal/0123/system.journal", "x"),
    ("/var/cache/apt/pkgcache.bin", "x"),
    ("/var/cache/apt/archives/a_1_all.deb", "x"),
    ("/var/cache/apt/archives/partial/", ""),
    ("/var/lib/apt/lists/deb.debian.org_debian_dists_x", "x"),
    ("/var/lib/apt/lists/partial/", ""),
    ("/var/cache/dnf/fedora/x", "x"),
    ("/var/cache/apk/APKINDEX.tar.gz", "x"),
    ("/root/.bash_history", "secret"),
    ("/root/.viminfo@", "/dev/null"),
    ("/home/bob/.python_history", "secret"),
    ("/home/bob/.bashrc", "keep"),
    ("/.bash_history", "nobody's"),
    ("/var/lib/dhcp/dhclient.leases", "x"),
    ("/var/lib/NetworkManager/internal-1-eth0.lease", "x"),
    ("/var/lib/NetworkManager/NetworkManager.state", "keep"),
    ("/tmp/a/b", "x"),
    ("/tmp/.X11-unix/", ""),
    ("/var/tmp/c", "x"),
    ("/var/lib/dpkg/status", "keep"),
    ("/var/lib/dpkg/status-old", "x"),
];

#[test]
fn each_sort_takes_its_own() {
    for (sort, gone) in [
        (
            "logs",
            &[
                "/var/log/app.old/of.1",
                "/var/log/apt/history.log.1.gz",
                "/var/log/journal/0123",
                "/var/log/journal/0123/system.journal",
                "/var/log/messages-20240101",
                "/var/log/php-8.2/fpm.log.12",
                "/var/log/syslog.1",
                "/var/log/wtmp-2024010112",
            ][..],
        ),
        (
            "caches",
            &[
                "/var/cache/apk/APKINDEX.tar.gz",
                "/var/cache/apt/archives/a_1_all.deb",
                "/var/cache/apt/pkgcache.bin",
                "/var/cache/dnf/fedora",
                "/var/cache/dnf/fedora/x",
                "/var/lib/apt/lists/deb.debian.org_debian_dists_x",
            ],
        ),
        (
            "histories",
            &["/home/bob/.python_history", "/root/.bash_history"],
        ),
        (
            "leases",
            &[
                "/var/lib/NetworkManager/internal-1-eth0.lease",
                "/var/lib/dhcp/dhclient.leases",
            ],
        ),
        (
            "tmp",
            &["/tmp/.X11-unix", "/tmp/a", "/tmp/a/b", "/var/tmp/c"],
        ),
        ("backups", &["/etc/passwd-", "/var/lib/dpkg/status-old"]),
    ] {
        let paths = |tree: &mut fsgen::Tree| -> Vec<String> {
            let lines = show(tree, "/").into_iter();
            lines
                .map(|line| line.split(' ').nth(2).unwrap().to_owned())
                .collect()
        };
        let before = paths(&mut crate::kit::image(FILES));
        let (mut tree, _) = twice(FILES, "cleanup", &value!({"cleanup": [sort]})).unwrap();
        let after = paths(&mut tree);
        let found: Vec<_> = before.iter().filter(|path| !after.contains(path)).collect();
        assert_eq!(found, gone, "{sort}");
        if sort == "logs" {
            assert_eq!(read(&tree, "/var/log/wtmp"), "");
            assert_eq!(read(&tree, "/var/log/apt/history.log"), "");
        }
    }
}

#[test]
fn everything_at_once() {
    let (mut tree, done) = twice(FILES, "cleanup", &value!({})).unwrap();
    let left = show(&mut tree, "/").join("\n");
    for kept in [
        "/var/log/wtmp",
        "/var/lib/dpkg/status",
        "archives/partial",
        "/root/.viminfo -> /dev/null",
        "/home/bob/.bashrc",
    ] {
        assert!(left.contains(kept), "{kept}");
    }
    assert!(!left.contains("/root/.bash_history"));
    assert_eq!(done.notes, ["22 files with 60 bytes are gone or empty"]);
}

#[test]
fn links_are_followed_where_the_image_is_laid_out_by_them() {
    let tmp = "/tmp is a link to /srv/work: what is in there is not taken out";
    let apt = "/var/cache/apt is a link to ../../srv/work: what is in there is not taken out";
    for (files, sort, gone, warned) in [
        (
            &[("/tmp@", "/srv/work"), ("/srv/work/a", "x")][..],
            "tmp",
            &[][..],
            &[tmp][..],
        ),
        (
            &[("/tmp@", "/srv/work"), ("/srv/work/", "")],
            "tmp",
            &[],
            &[],
        ),
        (&[("/tmp@", "/gone"), ("/srv/work/a", "x")], "tmp", &[], &[]),
        (
            &[
                ("/tmp@", "var/tmp"),
                ("/var/tmp/a", "x"),
                ("/srv/work/a", "x"),
            ],
            "tmp",
            &["/var/tmp/a"],
            &[],
        ),
        (
            &[
                ("/var/tmp@", "/tmp"),
                ("/tmp/a@", "/srv/work"),
                ("/srv/work/a", "x"),
            ],
            "tmp",
            &["/tmp/a"],
            &[],
        ),
        (
            &[
                ("/var@", "srv/var"),
                ("/srv/var/tmp/a", "x"),
                ("/srv/var/log/b.gz", "x"),
            ],
            "tmp",
            &["/srv/var/tmp/a"],
            &[],
        ),
        (
            &[
                ("/var/cache/apt@", "../../srv/work"),
                ("/srv/work/archives/a.deb", "x"),
                ("/srv/work/a.bin", "x"),
                ("/var/cache/dnf/a", "x"),
            ],
            "caches",
            &["/var/cache/dnf/a"],
            &[apt],
        ),
        (
            &[("/root@", "var/roothome"), ("/var/roothome/.cache/a", "x")],
            "caches",
            &["/var/roothome/.cache/a"],
            &[],
        ),
        (
            &[
                ("/var/log/journal@", "/srv/work"),
                ("/srv/work/a", "x"),
                ("/var/log/b", ""),
            ],
            "logs",
            &[],
            &["/var/log/journal is a link to /srv/work: what is in there is not taken out"],
        ),
    ] {
        let mut tree = crate::kit::image(files);
        let recipe = value!({"cleanup": [sort]});
        let done = step(&mut tree, "cleanup", &recipe).unwrap();
        let gone_now = done.changes.iter();
        let gone_now = gone_now.filter(|change| change.kind == ChangeKind::Removed);
        let gone_now = gone_now.map(|change| String::from_utf8_lossy(&change.path));
        assert_eq!(gone_now.collect::<Vec<_>>(), gone, "{files:?}");
        assert_eq!(done.warnings, warned);
        assert_eq!(step(&mut tree, "cleanup", &recipe).unwrap().changes, []);
    }
}

#[test]
fn refusals() {
    for (recipe, message) in [
        (
            value!({"cleanup": ["log"]}),
            "nothing is called \"log\" here",
        ),
        (value!({"cleanup": []}), "there is nothing to take out"),
    ] {
        assert_eq!(refusal(FILES, "cleanup", &recipe), message);
    }
}

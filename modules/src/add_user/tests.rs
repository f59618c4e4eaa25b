use fsgen::Tree;

use crate::Error;
use crate::kit::{Files, Outcome, image, read, show, step, texts, value};
use crate::value::Value;

mod distributions;
mod refusals;

const LOGIN_DEFS: &str = "\
UID_MIN 1000\nUID_MAX 1003\nSYS_UID_MIN 100\nSYS_UID_MAX 102\nGID_MIN\t1000\nGID_MAX 1009
SYS_GID_MIN 100\nSYS_GID_MAX 109\nUSERGROUPS_ENAB yes\nUMASK 027\nPASS_MAX_DAYS 99999
PASS_MIN_DAYS 0\nPASS_WARN_AGE 7\n";

/// A system in the way of Debian.
fn debian() -> Tree {
    image(&[
        (
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534:sync:/bin:/bin/sync\n",
        ),
        (
            "/etc/shadow",
            "root:*:19000:0:99999:7:::\nsync:*:19000:0:99999:7:::\n",
        ),
        (
            "/etc/group",
            "root:x:0:\nmail:x:8:\nsudo:x:27:\nnogroup:x:65534:\n",
        ),
        (
            "/etc/gshadow",
            "root:*::\nmail:*::\nsudo:*::\nnogroup:*::\n",
        ),
        ("/etc/login.defs", LOGIN_DEFS),
        ("/etc/default/useradd", "# defaults\nSHELL=/bin/bash\n"),
        ("/etc/subuid", ""),
        ("/etc/subgid", "sync:100000:65536\n"),
        ("/etc/skel/.profile", "# profile\n"),
        ("/etc/skel/bin/", ""),
        ("/etc/skel/.link@", ".profile"),
        (
            "/etc/sudoers",
            "root ALL=(ALL:ALL) ALL\n\u{e9}ric ALL=(ALL) ALL\n#7 ALL=ALL\n@includedir /etc/sudoers.d\n",
        ),
        ("/usr/bin/bash", ""),
        ("/usr/bin/sh", ""),
        ("/usr/bin/sudo", ""),
        ("/bin@", "usr/bin"),
        ("/home/", ""),
        ("/root/", ""),
    ])
}

fn add(tree: &mut Tree, users: Value) -> Result<Outcome, Error> {
    step(tree, "add_user", &crate::kit::map([("add_users", users)]))
}

/// Adds users to the system, twice: the second time changes nothing. Returns the warnings.
fn added(tree: &mut Tree, users: Value) -> Vec<String> {
    let first = add(tree, users.clone()).unwrap();
    assert_ne!(first.changes, []);
    let second = add(tree, users).unwrap();
    assert_eq!(second.changes, [], "the second time");
    texts(&first.warnings)
}

/// Returns the last line of a file.
fn last(tree: &Tree, path: &str) -> String {
    read(tree, path)
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_name_alone_is_an_administrator() {
    let mut tree = debian();
    let warnings = added(&mut tree, value!(["harlowja"]));
    for (path, line) in [
        (
            "/etc/passwd",
            "harlowja:x:1000:1000::/home/harlowja:/bin/bash",
        ),
        ("/etc/shadow", "harlowja:*:10:0:99999:7:::"),
        ("/etc/group", "harlowja:x:1000:"),
        ("/etc/gshadow", "harlowja:!::"),
        ("/etc/subuid", "harlowja:100000:65536"),
        ("/etc/subgid", "harlowja:165536:65536"),
        (
            "/etc/sudoers.d/90-hsb-harlowja",
            "harlowja ALL=(ALL:ALL) NOPASSWD: ALL",
        ),
        ("/home/harlowja/.profile", "# profile"),
    ] {
        assert_eq!(last(&tree, path), line);
    }
    assert_eq!(
        show(&mut tree, "/home"),
        [
            "0755 0:0 /home",
            "0750 1000:1000 /home/harlowja",
            "0777 1000:1000 /home/harlowja/.link -> .profile",
            "0644 1000:1000 /home/harlowja/.profile",
            "0755 1000:1000 /home/harlowja/bin",
        ]
    );
    assert_eq!(
        show(&mut tree, "/etc/sudoers.d"),
        [
            "0750 0:0 /etc/sudoers.d",
            "0440 0:0 /etc/sudoers.d/90-hsb-harlowja"
        ]
    );
    assert_eq!(
        warnings,
        [
            "user \"harlowja\" cannot log in with a password or key; give `password_hash` or \
          `ssh_authorized_keys`"
        ]
    );
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
const HASH: &str = "$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";

#[test]
fn everything_named() {
    let mut tree = debian();
    let warnings = added(
        &mut tree,
        value!([{
            "name": "bob",
            "uid": (2000_i64),
            "gid": (2001_i64),
            "groups": ["sudo", "docker"],
            "gecos": "Bob, Room 1",
            "home": "/srv/people/bob",
            "shell": "/bin/sh",
            "password_hash": HASH,
            "ssh_authorized_keys": [(format!("{KEY} bob@desk")), (format!("from=\"a b\" {KEY}"))],
            "sudo": "ALL=(root) NOPASSWD: /usr/bin/systemctl",
        }]),
    );
    for (path, line) in [
        (
            "/etc/passwd",
            "bob:x:2000:2001:Bob, Room 1:/srv/people/bob:/bin/sh",
        ),
        ("/etc/shadow", &*format!("bob:{HASH}:10:0:99999:7:::")),
        ("/etc/group", "docker:x:1000:bob"),
        ("/etc/gshadow", "docker:!::bob"),
        ("/etc/subuid", ""),
        (
            "/etc/sudoers.d/90-hsb-bob",
            "bob ALL=(root) NOPASSWD: /usr/bin/systemctl",
        ),
        (
            "/srv/people/bob/.ssh/authorized_keys",
            &format!("{KEY} bob@desk"),
        ),
    ] {
        assert_eq!(last(&tree, path), line, "{path}");
    }
    assert!(read(&tree, "/etc/group").contains("\nsudo:x:27:bob\n"));
    assert!(read(&tree, "/etc/gshadow").contains("\nsudo:*::bob\n"));
    assert_eq!(
        show(&mut tree, "/srv/people/bob/.ssh"),
        [
            "0700 2000:2001 /srv/people/bob/.ssh",
            "0600 2000:2001 /srv/people/bob/.ssh/authorized_keys",
        ]
    );
    assert_eq!(
        warnings,
        ["user \"bob\": the image had no group \"docker\"; it is made, with gid 1000"]
    );
}

#[test]
fn system_users_get_low_ids_and_no_home() {
    let mut tree = debian();
    let warnings = added(
        &mut tree,
        value!([{"name": "www", "system": true}, {"name": "db", "system": true, "home": "/var/db",
                 "create_home": true}]),
    );
    assert_eq!(warnings, [""; 0]);
    assert!(
        read(&tree, "/etc/passwd")
            .ends_with("www:x:102:102::/home/www:/bin/bash\ndb:x:101:101::/var/db:/bin/bash\n")
    );
    assert!(read(&tree, "/etc/shadow").ends_with("www:*:10::::::\ndb:*:10::::::\n"));
    assert_eq!(read(&tree, "/etc/subuid"), "");
    assert_eq!(show(&mut tree, "/home"), ["0755 0:0 /home"]);
    assert_eq!(show(&mut tree, "/var/db")[0], "0750 101:101 /var/db");
}

#[test]
fn who_exists_gets_what_is_missing() {
    let mut tree = debian();
    added(
        &mut tree,
        value!([{"name": "bob", "ssh_authorized_keys": [KEY]}]),
    );
    let before = read(&tree, "/etc/passwd");
    let users = value!([
        {"name": "bob", "uid": (1000_i64), "gecos": "Bob", "groups": ["sudo"], "sudo": true,
         "shell": "/bin/sh", "ssh_authorized_keys": [(format!("{KEY} other comment"))]},
        {"name": "root", "password_hash": HASH, "ssh_authorized_keys": [KEY]},
    ]);
    let warnings = added(&mut tree, users);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(
        read(&tree, "/etc/passwd"),
        before.replace(
            "bob:x:1000:1000::/home/bob:/bin/bash",
            "bob:x:1000:1000:Bob:/home/bob:/bin/sh"
        )
    );
    assert!(read(&tree, "/etc/shadow").starts_with(&format!("root:{HASH}:10:0:99999:7:::\n")));
    assert!(read(&tree, "/etc/group").contains("\nsudo:x:27:bob\n"));
    assert_eq!(
        read(&tree, "/home/bob/.ssh/authorized_keys"),
        format!("{KEY}\n")
    );
    assert_eq!(
        show(&mut tree, "/root/.ssh")[1],
        "0600 0:0 /root/.ssh/authorized_keys"
    );
}

#[test]
fn a_home_that_is_somebody_elses() {
    let mut tree = debian();
    let bob = value!({"name": "bob"});
    let new = value!({"name": "new", "home": "/home/bob"});
    let done = step(
        &mut tree,
        "add_user",
        &value!({"add_users": [(bob.clone()), (new)]}),
    )
    .unwrap();
    let warnings = crate::kit::texts(&done.warnings).join("\n");
    let want = "the home /home/bob of user \"new\" is that of bob, too";
    assert!(warnings.contains(want), "{warnings}");
    let keys = value!({"name": "new", "home": "/home/bob", "ssh_authorized_keys": [KEY]});
    let recipe = value!({"add_users": [(bob), (keys)]});
    let refused = step(&mut debian(), "add_user", &recipe).unwrap_err();
    assert!(
        format!("{refused:?}").contains("is that of bob, too"),
        "{refused:?}"
    );
}

/// Users that follow each other, by the ids that they get.
#[test]
fn numbers() {
    let uid = |id: i64| value!({"name": "x", "uid": (id)});
    for (users, ids) in [
        (value!(["a", "b"]), "a:x:1000:1000 b:x:1001:1001"),
        (value!([(uid(1002)), "b"]), "x:x:1002:1002 b:x:1003:1003"),
        // Past the highest, the gaps are filled.
        (value!([(uid(1003)), "b"]), "x:x:1003:1003 b:x:1000:1000"),
        (value!([(uid(7)), "b"]), "x:x:7:1000 b:x:1000:1001"),
        (value!([{"name": "x", "gid": (27_i64)}]), "x:x:1000:27"),
        (value!([{"name": "x", "gid": (5000_i64)}]), "x:x:1000:5000"),
        (
            value!([{"name": "x", "groups": ["new"]}, "b"]),
            "x:x:1000:1000 b:x:1001:1002",
        ),
    ] {
        let mut tree = debian();
        added(&mut tree, users);
        let passwd = read(&tree, "/etc/passwd");
        let rows = passwd.lines().skip(2);
        let rows: Vec<_> = rows
            .map(|row| row.split(':').take(4).collect::<Vec<_>>().join(":"))
            .collect();
        assert_eq!(rows.join(" "), ids);
    }
}

#[test]
fn unusual_names_and_homes() {
    let mut tree = debian();
    let host = Files::default();
    let mut root = crate::Root::new(&mut tree, &host, crate::kit::THEN);
    root.mkdir("/home/Bob.Smith", 0o700).unwrap();
    let warnings = added(
        &mut tree,
        value!([{"name": "Bob.Smith", "password_hash": HASH, "sudo": true}]),
    );
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    // A home that is there is somebody's: it is not filled.
    assert_eq!(
        show(&mut tree, "/home/Bob.Smith"),
        ["0700 0:0 /home/Bob.Smith"]
    );
    assert_eq!(
        last(&tree, "/etc/sudoers.d/90-hsb-Bob_Smith"),
        "Bob.Smith ALL=(ALL:ALL) NOPASSWD: ALL"
    );
}

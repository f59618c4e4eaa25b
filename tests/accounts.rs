//! Accounts as the shadow tools, sudo and OpenSSH see them.
//!
//! The account files that `add_user` writes are laid into a folder: pwck and grpck check them,
//! visudo the rules, ssh-keygen the keys.

use std::fs;
use std::io;
use std::sync::Arc;

use fsgen::tree::Meta;
use fsgen::{Kind, ReadAt, Timestamp, Tree};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Host, Root};

use crate::kit::{Work, run, succeed, tool};

/// When the modules run, in seconds since 1970: the start of a day.
pub(super) const NOW: i64 = 20_000 * 86_400;

pub(super) const HASH: &str = "$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH8WHzZ1lli4B/7m/AoDjc7wWaoGFcFqHEEloUnEj9R me";

/// Paths and texts; a path that ends in `/` is a directory.
pub(super) type Files = &'static [(&'static str, &'static str)];

pub(super) const DEBIAN: Files = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n\
         games:x:5:60:games:/usr/games:/usr/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ),
    (
        "etc/shadow",
        "root:*:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\ngames:*:19700:0:99999:7:::\n\
         nobody:*:19700:0:99999:7:::\n",
    ),
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\nsudo:x:27:\ngames:x:60:\nusers:x:100:\nnogroup:x:65534:\n",
    ),
    (
        "etc/gshadow",
        "root:*::\ndaemon:*::\nsudo:*::\ngames:*::\nusers:*::\nnogroup:*::\n",
    ),
    (
        "etc/login.defs",
        "UMASK\t\t022\nPASS_MAX_DAYS\t99999\nPASS_MIN_DAYS\t0\nPASS_WARN_AGE\t7\n\
         UID_MIN\t\t\t 1000\nUID_MAX\t\t\t60000\nGID_MIN\t\t\t 1000\nGID_MAX\t\t\t60000\n\
         #SYS_UID_MIN\t\t  101\nSUB_UID_MIN\t\t   100000\nSUB_UID_MAX\t\t600100000\n\
         SUB_UID_COUNT\t\t    65536\nUSERGROUPS_ENAB yes\n",
    ),
    ("etc/default/useradd", "# Default values\nSHELL=/bin/sh\n"),
    ("etc/subuid", ""),
    ("etc/subgid", ""),
    ("etc/skel/.profile", "# profile\n"),
    (
        "etc/sudoers",
        "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    ),
    ("bin/bash", ""),
    ("usr/bin/sudo", ""),
    ("bin/sh", ""),
];

pub(super) const FEDORA: Files = &[
    (
        "etc/passwd",
        "root:x:0:0:Super User:/root:/bin/bash\nbin:x:1:1:bin:/bin:/usr/sbin/nologin\n\
         systemd-oom:x:999:999:systemd OOM:/:/usr/sbin/nologin\n",
    ),
    (
        "etc/shadow",
        "root:!locked::0:99999:7:::\nbin:*:19700:0:99999:7:::\nsystemd-oom:!*:19700::::::\n",
    ),
    (
        "etc/group",
        "root:x:0:\nbin:x:1:\nwheel:x:10:\nmail:x:12:\nusers:x:100:\nsystemd-oom:x:999:\n",
    ),
    (
        "etc/gshadow",
        "root:::\nbin:::\nwheel:::\nmail:::\nusers:::\nsystemd-oom:!*::\n",
    ),
    (
        "etc/login.defs",
        "UMASK 022\nHOME_MODE 0700\nPASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\n\
         UID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 201\nSYS_UID_MAX 999\nGID_MIN 1000\nGID_MAX 60000\n\
         SYS_GID_MIN 201\nSYS_GID_MAX 999\nSUB_UID_MIN 524288\nSUB_GID_MIN 524288\n\
         USERGROUPS_ENAB yes\n",
    ),
    (
        "etc/default/useradd",
        "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/bash\nSKEL=/etc/skel\n\
         CREATE_MAIL_SPOOL=yes\n",
    ),
    ("etc/subuid", ""),
    ("etc/subgid", ""),
    ("var/spool/mail/", ""),
    (
        "usr/etc/sudoers",
        "root ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n",
    ),
    ("usr/bin/sudo", ""),
    ("bin/bash", ""),
    ("bin/sh", ""),
];

const ALPINE: Files = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/sbin/nologin\n",
    ),
    ("etc/shadow", "root:*::0:::::\nbin:!::0:::::\n"),
    (
        "etc/group",
        "root:x:0:root\nbin:x:1:root,bin\nwheel:x:10:root\nusers:x:100:games\n",
    ),
    ("etc/sudoers", "root ALL=(ALL:ALL) ALL\n"),
    ("bin/sh", ""),
    ("usr/bin/sudo", ""),
];

/// Shared groups, and lines that only NIS understands.
pub(super) const SUSE: Files = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nold:x:1200:100::/home/old:/bin/sh\n+::::::\n",
    ),
    (
        "etc/shadow",
        "root:!:19700::::::\nold:!:19700::::::\n+::::::::\n",
    ),
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\nwheel:x:10:\nusers:x:100:\n+:::\n",
    ),
    (
        "etc/login.defs",
        "UMASK 077\nPASS_MAX_DAYS 90\nPASS_MIN_DAYS 1\nPASS_WARN_AGE 14\nUID_MIN 1000\n\
         UID_MAX 60000\nSYS_UID_MIN 100\nSYS_UID_MAX 499\nGID_MIN 1000\nGID_MAX 60000\n\
         SYS_GID_MIN 100\nSYS_GID_MAX 499\nUSERGROUPS_ENAB no\n",
    ),
    (
        "etc/default/useradd",
        "GROUP=100\nHOME=/home\nINACTIVE=35\nEXPIRE=2031-12-31\nSHELL=/bin/bash\n",
    ),
    ("etc/subuid", "old:100000:65536\nolder:200000:100\n"),
    ("etc/subgid", ""),
    (
        "etc/sudoers",
        "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n",
    ),
    ("bin/bash", ""),
    ("bin/sh", ""),
    ("usr/bin/sudo", ""),
];

pub(super) struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

pub(super) fn image(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
    let mut root = Root::new(&mut tree, &NoFiles, Timestamp::from_secs(0));
    for (path, text) in files {
        match path.rsplit_once('/').unwrap() {
            (directory, "") => root.mkdir_all(directory, 0o755).unwrap(),
            (directory, _) => {
                root.mkdir_all(directory, 0o755).unwrap();
                root.write(path, text).unwrap();
            }
        }
    }
    tree
}

pub(super) fn map<const N: usize>(keys: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, value) in keys {
        let key = Key {
            name: name.to_owned(),
            span: Span::default(),
        };
        map.insert(key, value).unwrap();
    }
    map.into()
}

pub(super) fn list(texts: &[&str]) -> Value {
    texts
        .iter()
        .map(|text| (*text).into())
        .collect::<Vec<Value>>()
        .into()
}

/// Runs `add_user` on the tree.
pub(super) fn add(tree: &mut Tree, users: Vec<Value>) {
    let recipe = map([("add_users", users.into())]);
    let module = modules::find("add_user").unwrap();
    let cfg = Cfg::new(
        &Arc::new(recipe.as_map().unwrap().clone()),
        module.keys,
        None,
        Span::default(),
    )
    .unwrap();
    (module.check)(&cfg, &NoFiles).unwrap();
    let now = Timestamp::from_secs(NOW);
    modules::run(tree, "add_user", &NoFiles, now, |root| {
        (module.modify)(module.name, root, &cfg)
    })
    .unwrap();
}

/// Returns a file of the tree, if it is there.
pub(super) fn read(tree: &Tree, path: &str) -> Option<String> {
    let node = tree.node(tree.resolve(path.as_bytes()).ok()?);
    let Kind::File(content) = &node.kind else {
        panic!("{path} is a {}", node.kind.noun());
    };
    Some(String::from_utf8(content.read(tree, 1 << 20).unwrap()).unwrap())
}

/// Lays a file into the folder under its last name; returns whether it was there.
fn lay(work: &Work, tree: &Tree, path: &str) -> bool {
    let text = read(tree, path);
    if let Some(text) = &text {
        work.write(path.rsplit('/').next().unwrap(), text);
    }
    text.is_some()
}

/// Asserts that a judge says nothing but what is about the users and files of this machine: it
/// looks there for members of groups.
fn content(judge: &str, args: &[&str], work: &Work) {
    let run = run(tool(judge).args(args).current_dir(work.path()));
    let about_us = |line: &str| {
        let member = line.contains("group ") && line.contains(": no user ");
        !member && !line.starts_with("delete member ") && line != "grpck: no changes"
    };
    let said: Vec<_> = run.stdout.lines().filter(|line| about_us(line)).collect();
    assert!(
        said.is_empty() && run.stderr.is_empty(),
        "{judge} {args:?}: {run:#?}"
    );
}

pub(super) fn judge(tree: &Tree) {
    let work = Work::new("accounts");
    for file in ["passwd", "shadow", "group"] {
        assert!(lay(&work, tree, &format!("/etc/{file}")), "{file}");
    }
    // pwck would look for each home and shell here: quiet, it passes over what is of this machine.
    content("pwck", &["-r", "-q", "passwd", "shadow"], &work);
    if lay(&work, tree, "/etc/gshadow") {
        content("grpck", &["-r", "group", "gshadow"], &work);
    } else {
        content("grpck", &["-r", "group"], &work);
    }

    let drop_ins = work.join("sudoers.d");
    fs::create_dir(&drop_ins).unwrap();
    let directory = tree.resolve(b"/etc/sudoers.d").unwrap();
    for (name, _) in tree.entries(directory) {
        let name = str::from_utf8(name).unwrap();
        let text = read(tree, &format!("/etc/sudoers.d/{name}")).unwrap();
        fs::write(drop_ins.join(name), text).unwrap();
    }
    // With this machine's /etc/sudoers.d swapped for ours, visudo goes through all of them.
    let sudoers = read(tree, "/etc/sudoers").unwrap();
    let ours = sudoers.replace("/etc/sudoers.d", drop_ins.to_str().unwrap());
    let sudoers = work.write("sudoers", ours);
    let run = run(tool("visudo").arg("-cf").arg(sudoers));
    let each_ok = run.stdout.lines().all(|line| line.ends_with(": parsed OK"));
    assert_eq!(
        run.stdout.lines().count(),
        1 + tree.entries(directory).len()
    );
    assert!(
        run.code == Some(0) && each_ok && run.stderr.is_empty(),
        "{run:#?}"
    );

    for home in ["/home/alice", "/srv/bob"] {
        let keys = format!("{home}/.ssh/authorized_keys");
        if lay(&work, tree, &keys) {
            let list = succeed(
                tool("ssh-keygen")
                    .arg("-lf")
                    .arg(work.join("authorized_keys")),
            );
            assert!(list.contains(" me (ED25519)"), "{list}");
        }
    }
}

#[test]
fn judges_accept_every_distribution() {
    for files in [DEBIAN, FEDORA, ALPINE, SUSE] {
        let users = || {
            vec![
                "harlowja".into(),
                map([
                    ("name", "alice".into()),
                    ("groups", list(&["users", "docker"])),
                    ("password_hash", HASH.into()),
                    ("ssh_authorized_keys", list(&[KEY])),
                    ("sudo", "ALL=(root) NOPASSWD: /bin/ls, /bin/cat".into()),
                ]),
                map([
                    ("name", "Bob.Smith".into()),
                    ("uid", 70_000.into()),
                    ("home", "/srv/bob".into()),
                    ("gecos", "Bob, Room 1".into()),
                    ("ssh_authorized_keys", list(&[KEY])),
                    ("sudo", true.into()),
                ]),
                map([("name", "ALL".into()), ("sudo", true.into())]),
                map([("name", "pc$".into()), ("sudo", true.into())]),
                map([("name", "daemon2".into()), ("system", true.into())]),
                map([("name", "root".into()), ("password_hash", HASH.into())]),
            ]
        };
        let mut tree = image(files);
        add(&mut tree, users());
        judge(&tree);
        add(&mut tree, users());
        assert_eq!(tree.layers()[1].changes, [], "the second time");
    }
}

#[test]
fn the_judges_do_see_damage() {
    let work = Work::new("damage");
    work.write("passwd", "a:x:1:1::/:\na:x:2:2::/:\n");
    work.write("shadow", "a:*:1::::::\n");
    work.write("group", "a:x:1:\na:x:2:\n");
    work.write("gshadow", "a:!::\n");
    work.write("sudoers", "a ALL=(ALL NOPASSWD: ALL\n");
    work.write("keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH8WHzZ\n");
    for args in [
        &["pwck", "-r", "-q", "passwd", "shadow"][..],
        &["grpck", "-r", "group", "gshadow"],
        &["visudo", "-cf", "sudoers"],
        &["ssh-keygen", "-lf", "keys"],
    ] {
        let run = run(tool(args[0]).args(&args[1..]).current_dir(work.path()));
        assert_ne!(run.code, Some(0), "{args:?}");
    }
}

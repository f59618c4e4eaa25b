//! Users by `add_user` beside the same by the `useradd -R` of shadow: every file of both trees.
//!
//! What is different on purpose: a user without a password gets `*` and not `!`, which sshd with
//! UsePAM no takes for locked, so useradd is given it. useradd leaves backups and a lock. Mail lies
//! where the image's distribution has it, and Debian's useradd knows the place of Debian alone. A
//! shell that is missing is set by useradd, which warns of it; with it nobody could log in, so ours
//! is `/bin/sh`, with a warning as well. useradd refuses a group that is missing: ours makes one for
//! `gid`, called as the user, and those of `groups`, with a warning. It passes over `-e` for system
//! users; what a recipe says counts. It gives away 65535, which systemd and others take for nobody.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use fsgen::{Kind, NodeId, Tree};
use modules::value::{Key, Span, Value};

use super::accounts::{DEBIAN, FEDORA, HASH, NOW, SUSE, add, image, judge, list, map};
use crate::kit::{Work, succeed, tool};

/// Mode, owner and content by path.
type Found = BTreeMap<String, String>;

/// What one of them leaves and the other does not, for the reasons above.
fn is_left_over(path: &str) -> bool {
    path.ends_with('-') || path == "etc/.pwd.lock" || path.starts_with("var/spool/mail/")
}

fn theirs(folder: &Path, path: &str, found: &mut Found) {
    for entry in fs::read_dir(folder.join(path)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "/" });
        let meta = fs::symlink_metadata(entry.path()).unwrap();
        let (mode, owner) = (meta.permissions().mode(), (meta.uid(), meta.gid()));
        let text = match meta.is_dir() {
            true => "directory".to_owned(),
            false => fs::read_to_string(entry.path()).unwrap(),
        };
        if meta.is_dir() {
            theirs(folder, &path, found);
        }
        if !is_left_over(&path) {
            found.insert(path, format!("{:04o} {owner:?} {text}", mode & 0o7777));
        }
    }
}

fn ours(tree: &Tree, id: NodeId, path: &str, found: &mut Found) {
    for (name, id) in tree.entries(id) {
        let name = std::str::from_utf8(name).unwrap();
        let path = format!("{path}{}{name}", if path.is_empty() { "" } else { "/" });
        let node = tree.node(id);
        let text = match &node.kind {
            Kind::File(content) => String::from_utf8(content.read(tree, 1 << 20).unwrap()).unwrap(),
            Kind::Directory(_) => "directory".to_owned(),
            other => panic!("{path} is a {}", other.noun()),
        };
        if tree.is_directory(id) {
            ours(tree, id, &path, found);
        }
        let (mode, owner) = (node.meta.mode, (node.meta.uid, node.meta.gid));
        if !is_left_over(&path) {
            found.insert(path, format!("{mode:04o} {owner:?} {text}"));
        }
    }
}

/// Only root can give a home to somebody else. In a namespace, a user can call useradd, which then
/// makes none, and all that there is belongs to that user.
fn is_root(work: &Work) -> bool {
    fs::metadata(work.path()).unwrap().uid() == 0
}

/// Runs useradd in a folder that is its root.
fn useradd(work: &Work, args: &[&str]) {
    let mut useradd = match is_root(work) {
        true => tool("useradd"),
        false => {
            let mut unshare = tool("unshare");
            unshare.args(["--user", "--map-root-user", "useradd"]);
            unshare
        }
    };
    if is_root(work) && !args.contains(&"-r") {
        useradd.arg("-m");
    }
    useradd
        .arg("-R")
        .arg(work.path())
        .args(["-p", "*"])
        .args(args);
    let useradd: &mut Command = useradd.env("SOURCE_DATE_EPOCH", NOW.to_string());
    succeed(useradd);
}

#[test]
fn useradd_makes_the_same_files() {
    let name = |name: &str| map([("name", name.into())]);
    let cases: Vec<(Vec<Value>, &[&[&str]])> = vec![
        (vec![name("a")], &[&["a"]]),
        (vec![name("a"), name("b")], &[&["a"], &["b"]]),
        (
            vec![
                map([("name", "a".into()), ("system", true.into())]),
                name("b"),
            ],
            &[&["-r", "a"], &["b"]],
        ),
        (
            vec![
                map([("name", "a".into()), ("system", true.into())]),
                map([("name", "b".into()), ("system", true.into())]),
            ],
            &[&["-r", "a"], &["-r", "b"]],
        ),
        (
            vec![map([("name", "a".into()), ("uid", 1500.into())]), name("b")],
            &[&["-u", "1500", "a"], &["b"]],
        ),
        (
            vec![
                map([("name", "a".into()), ("uid", 60_000.into())]),
                name("b"),
            ],
            &[&["-u", "60000", "a"], &["b"]],
        ),
        (
            vec![map([("name", "a".into()), ("uid", 300.into())]), name("b")],
            &[&["-u", "300", "a"], &["b"]],
        ),
        (
            vec![
                map([("name", "a".into()), ("uid", 70_000.into())]),
                name("b"),
            ],
            &[&["-u", "70000", "a"], &["b"]],
        ),
        (
            vec![map([("name", "a".into()), ("gid", 1.into())]), name("b")],
            &[&["-g", "1", "a"], &["b"]],
        ),
        (
            vec![map([
                ("name", "a".into()),
                ("groups", list(&["root", "users"])),
                ("gecos", "A, B".into()),
                ("home", "/srv/a".into()),
                ("shell", "/bin/sh".into()),
                ("password_hash", HASH.into()),
            ])],
            &[&[
                "-G",
                "root,users",
                "-c",
                "A, B",
                "-d",
                "/srv/a",
                "-s",
                "/bin/sh",
                "-p",
                HASH,
                "a",
            ]],
        ),
    ];
    for files in [DEBIAN, FEDORA, SUSE] {
        for (users, calls) in &cases {
            let work = Work::new("useradd");
            lay_all(work.path(), files);
            let mut users = users.clone();
            if !is_root(&work) {
                users = users.into_iter().map(without_home).collect();
            }
            let mut tree = image(files);
            add(&mut tree, users);
            for args in *calls {
                useradd(&work, args);
            }
            let (mut wanted, mut found) = (BTreeMap::new(), BTreeMap::new());
            theirs(work.path(), "", &mut wanted);
            ours(&tree, Tree::ROOT, "", &mut found);
            if !is_root(&work) {
                let us = fs::metadata(work.path()).unwrap();
                let us = format!("{:?}", (us.uid(), us.gid()));
                for text in wanted.values_mut() {
                    *text = text.replacen(&us, "(0, 0)", 1);
                }
            }
            assert_eq!(found, wanted, "{calls:?}");
        }
    }
}

#[test]
fn rows_of_who_is_gone_are_replaced() {
    let at = |path| DEBIAN.iter().find(|(known, _)| *known == path).unwrap().1;
    let shadow = at("etc/shadow").replace("games", "a:$6$old:1::::::\ngames");
    let gshadow = at("etc/gshadow").replace("games", "a:$6$old:root:root\ngames");
    let left = [("etc/shadow", &*shadow), ("etc/gshadow", &*gshadow)];
    let files = [DEBIAN, &left].concat();
    let work = Work::new("useradd");
    lay_all(work.path(), &files);
    let mut tree = image(&files);
    let user = map([("name", "a".into()), ("sudo", true.into())]);
    add(&mut tree, vec![user]);
    judge(&tree);
    useradd(&work, &["-G", "sudo", "a"]);
    let (mut wanted, mut found) = (BTreeMap::new(), BTreeMap::new());
    theirs(work.path(), "", &mut wanted);
    ours(&tree, Tree::ROOT, "", &mut found);
    for file in ["passwd", "shadow", "group", "gshadow"] {
        let text = |all: &Found| {
            all[&format!("etc/{file}")]
                .rsplit(' ')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(text(&found), text(&wanted), "{file}");
    }
}

#[test]
fn a_missing_shell_is_what_differs() {
    let work = Work::new("useradd");
    lay_all(work.path(), DEBIAN);
    let user = map([("name", "a".into()), ("shell", "/bin/zsh".into())]);
    let mut tree = image(DEBIAN);
    add(&mut tree, vec![user]);
    useradd(&work, &["-s", "/bin/zsh", "a"]);
    let (mut wanted, mut found) = (BTreeMap::new(), BTreeMap::new());
    theirs(work.path(), "", &mut wanted);
    ours(&tree, Tree::ROOT, "", &mut found);
    let (theirs, ours) = (&wanted["etc/passwd"], &found["etc/passwd"]);
    assert!(theirs.ends_with(":/bin/zsh\n"), "{theirs}");
    assert_eq!(*ours, theirs.replace("/bin/zsh", "/bin/sh"));
}

fn without_home(user: Value) -> Value {
    let mut user = user.as_map().unwrap().clone();
    let key = Key {
        name: "create_home".to_owned(),
        span: Span::default(),
    };
    user.insert(key, false.into()).unwrap();
    user.into()
}

fn lay_all(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match path.as_os_str().to_str().unwrap().ends_with('/') {
            true => fs::create_dir_all(path).unwrap(),
            false => fs::write(path, text).unwrap(),
        }
    }
}

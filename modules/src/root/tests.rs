use fsgen::tree::Device;
use fsgen::tree::layer::ChangeKind;
use fsgen::{Kind, Meta, Timestamp, Tree};

use super::*;
use crate::kit::{Files, NOW, THEN, image, read, show};

fn sample() -> Tree {
    image(&[
        ("/etc/motd", "hello\n"),
        ("/etc/link@", "motd"),
        ("/etc/dangling@", "new"),
        ("/etc/out@", "../../../etc/motd"),
        ("/etc/loop@", "loop"),
        ("/home@", "var/home"),
        ("/usr/lib/", ""),
        ("/lib@", "usr/lib"),
    ])
}

/// Runs calls on a layer over the sample; returns the tree and the paths that changed.
fn change(calls: impl FnOnce(&mut Root<'_>)) -> (Tree, Vec<String>) {
    let mut tree = sample();
    let paths = change_in(&mut tree, calls);
    (tree, paths)
}

fn change_in(tree: &mut Tree, calls: impl FnOnce(&mut Root<'_>)) -> Vec<String> {
    let host = Files([("conf/a", b"from the host".to_vec())].into());
    tree.begin("test");
    calls(&mut Root::new(tree, &host, NOW));
    let mark = |kind| match kind {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '*',
        ChangeKind::Removed => '-',
    };
    let changes = &tree.commit().changes;
    let line =
        |c: &fsgen::tree::layer::Change| format!("{}{}", mark(c.kind), c.path.escape_ascii());
    changes.iter().map(line).collect()
}

fn mtime(tree: &Tree, path: &str) -> Timestamp {
    tree.node(tree.resolve_link(path.as_bytes()).unwrap())
        .meta
        .mtime
}

type Call = fn(&mut Root<'_>) -> Result<(), RootError>;

/// Each call fails with this message and changes nothing.
fn refuse(cases: &[(&str, Call)]) {
    for (message, call) in cases {
        let mut found = String::new();
        let (_, changes) = change(|root| found = call(root).unwrap_err().to_string());
        assert_eq!(found, *message);
        assert_eq!(changes, [""; 0], "{message}");
    }
}

#[test]
fn questions() {
    let mut tree = sample();
    let host = Files::default();
    let root = Root::new(&mut tree, &host, NOW);
    for (path, exists, file, dir, link) in [
        ("/etc/motd", true, true, false, false),
        ("etc/motd", true, true, false, false),
        ("/etc/link", true, true, false, true),
        ("/etc/out", true, true, false, true),
        ("/etc/dangling", false, false, false, true),
        ("/etc/loop", false, false, false, true),
        ("/lib", true, false, true, true),
        ("/", true, false, true, false),
        ("/nope/x", false, false, false, false),
    ] {
        let found = (
            root.exists(path),
            root.is_file(path),
            root.is_dir(path),
            root.is_link(path),
        );
        assert_eq!(found, (exists, file, dir, link), "{path}");
    }
    assert_eq!(root.read("/etc/out").unwrap(), b"hello\n");
    assert_eq!(root.read_to_string("/etc/link").unwrap(), "hello\n");
    assert_eq!(root.read_if_exists("/etc/dangling").unwrap(), None);
    assert_eq!(root.readlink("/lib").unwrap(), b"usr/lib");
    let names = ["dangling", "link", "loop", "motd", "out"].map(|name| name.as_bytes().to_vec());
    assert_eq!(root.list("etc").unwrap(), names);
    let walked = root.walk("/").unwrap();
    let walked: Vec<_> = walked
        .iter()
        .map(|p| std::str::from_utf8(p).unwrap())
        .collect();
    assert_eq!(walked[..3], ["/etc", "/etc/dangling", "/etc/link"]);
    assert_eq!(walked[6..], ["/home", "/lib", "/usr", "/usr/lib"]);
}

#[test]
fn new_content_keeps_the_rest_of_the_node() {
    let mut tree = sample();
    let motd = tree.resolve(b"/etc/motd").unwrap();
    let usr = tree.resolve(b"/usr").unwrap();
    tree.link(usr, b"motd", motd);
    let meta = Meta {
        mode: 0o4711,
        uid: 7,
        gid: 8,
        mtime: THEN,
    };
    tree.set_meta(motd, meta);
    let capability = [(b"security.capability"[..].into(), b"x"[..].into())];
    tree.set_xattrs(motd, capability.clone().into());
    let changes = change_in(&mut tree, |root| root.write("/etc/link", "new\n").unwrap());
    assert_eq!(changes.len(), 1);
    assert_eq!(read(&tree, "/usr/motd"), "new\n");
    assert_eq!(tree.node(motd).meta, Meta { mtime: NOW, ..meta });
    assert_eq!(tree.node(motd).xattrs, capability.into());
    assert_eq!(mtime(&tree, "/etc"), THEN);
}

#[test]
fn changes_and_times() {
    let cases: [(Call, &[&str]); 20] = [
        (|r| r.write("/etc/a", "x"), &["*/etc", "+/etc/a"]),
        (|r| r.write("/etc/motd", "x"), &["*/etc/motd"]),
        (|r| r.write("/etc/motd", "hello\n"), &[]),
        (|r| r.write("/etc/dangling", "x"), &["*/etc", "+/etc/new"]),
        (|r| r.append("/etc/motd", "x"), &["*/etc/motd"]),
        (|r| r.append("/etc/motd", ""), &[]),
        (|r| r.put("conf/a", "/etc/a"), &["*/etc", "+/etc/a"]),
        (|r| r.mkdir("/etc/d", 0o1777), &["*/etc", "+/etc/d"]),
        (|r| r.mkdir_all("/usr/lib/..", 0o700), &[]),
        (
            |r| r.mkdir_all("/lib/a/b", 0o700),
            &["*/usr/lib", "+/usr/lib/a", "+/usr/lib/a/b"],
        ),
        (
            |r| r.mkdir_all("/home/a", 0o700),
            &["*/", "+/var", "+/var/home", "+/var/home/a"],
        ),
        (
            |r| r.symlink("/etc", "/lib/l", false),
            &["*/usr/lib", "+/usr/lib/l"],
        ),
        (|r| r.symlink("motd", "/etc/link", false), &[]),
        (
            |r| r.symlink("x", "/etc/link", true),
            &["*/etc", "*/etc/link"],
        ),
        (
            |r| r.link("/etc/motd", "/usr/m", false),
            &["*/usr", "+/usr/m"],
        ),
        (|r| r.link("/etc/motd", "/etc/motd", true), &[]),
        (|r| r.remove("/lib"), &["*/", "-/lib"]),
        (|r| r.remove_all("/usr"), &["*/", "-/usr", "-/usr/lib"]),
        (
            |r| r.rename("/etc/motd", "/etc/link"),
            &["*/etc", "*/etc/link", "-/etc/motd"],
        ),
        (|r| r.copy("/etc/link", "/l"), &["*/", "+/l"]),
    ];
    for (at, (call, paths)) in cases.into_iter().enumerate() {
        let (tree, changes) = change(|root| call(root).unwrap());
        assert_eq!(changes, paths, "case {at}");
        // A second name, a copy and a moved file bring their time along.
        let kept = ["+/usr/m", "+/l", "*/etc/link"];
        for path in paths
            .iter()
            .filter(|path| !path.starts_with('-') && !kept.contains(path))
        {
            assert_eq!(mtime(&tree, &path[1..]), NOW, "{path}");
        }
    }
}

#[test]
fn refusals() {
    refuse(&[
        ("no such file in the image: /etc/no", |r| {
            r.read("/etc/no").map(drop)
        }),
        (
            "no such file in the image: /no (on the way to /no/a/b)",
            |r| r.write("/no/a/b", ""),
        ),
        (
            "no such file in the image: /var (on the way to /home/x)",
            |r| r.write("/home/x", ""),
        ),
        ("/etc/loop: more than 40 symbolic links on the way", |r| {
            r.write("/etc/loop", "")
        }),
        ("/etc/motd/x: /etc/motd is not a directory", |r| {
            r.write("/etc/motd/x", "")
        }),
        ("/etc is a directory, not a file", |r| r.write("/etc", "")),
        ("/etc is a directory, not a symlink", |r| {
            r.readlink("/etc").map(drop)
        }),
        ("/etc/motd is a file, not a directory", |r| {
            r.list("/etc/motd").map(drop)
        }),
        ("/etc/motd is a file, not a directory", |r| {
            r.mkdir_all("/etc/motd", 0o755)
        }),
        ("/etc exists already: it is a directory", |r| {
            r.mkdir("/etc", 0o755)
        }),
        ("/etc/x: mode 0o10000 is above 0o7777", |r| {
            r.mkdir("/etc/x", 0o10000)
        }),
        // A slash at the end is for directories alone.
        ("/etc/motd/ is a file, not a directory", |r| {
            r.remove("/etc/motd/")
        }),
        ("/lib/ is a symlink, not a directory", |r| {
            r.remove_all("/lib/")
        }),
        ("/etc/motd/ is a file, not a directory", |r| {
            r.chmod("/etc/motd/", 0o600)
        }),
        ("/etc/new/: the path does not end in a name", |r| {
            r.write("/etc/new/", "")
        }),
        ("/etc/new/: the path does not end in a name", |r| {
            r.symlink("motd", "/etc/new/", true)
        }),
        ("/etc/new/ is a file, not a directory", |r| {
            r.rename("/etc/motd", "/etc/new/")
        }),
        ("/: the path does not end in a name", |r| r.remove_all("/")),
        ("/etc/..: the path does not end in a name", |r| {
            r.remove_all("/etc/..")
        }),
        (
            "/etc is a directory with 5 entries; remove it recursively",
            |r| r.remove("/etc"),
        ),
        ("/etc cannot go into itself, to /etc/a", |r| {
            r.rename("/etc", "/etc/a")
        }),
        ("/usr cannot go into itself, to /lib/a", |r| {
            r.copy("/usr", "/lib/a")
        }),
        (
            "/usr is a directory with 1 entries; remove it recursively",
            |r| r.rename("/etc", "/usr"),
        ),
        ("/etc/motd exists already: it is a file", |r| {
            r.rename("/usr", "/etc/motd")
        }),
        ("/etc/motd exists already: it is a file", |r| {
            r.symlink("x", "/etc/motd", false)
        }),
        ("/etc exists already: it is a directory", |r| {
            r.symlink("x", "/etc", true)
        }),
        ("/etc is a directory: it cannot have a hard link", |r| {
            r.link("/etc", "/e", false)
        }),
        ("/x is a file, not a device node, FIFO or socket", |r| {
            r.mknod("/x", Kind::File(crate::kit::content(b"")), 0o644)
        }),
        (
            "/etc/motd: attribute \"user.\" needs a name of at most 255 bytes in user., trusted., \
             security. or system.",
            |r| r.set_xattr("/etc/motd", "user.", "x"),
        ),
        ("host file no: entity not found", |r| r.put("no", "/etc/x")),
    ]);
    let long = format!("/etc/{}", "n".repeat(256));
    let (_, changes) = change(|root| {
        let wanted = format!("{long}: a name of 256 bytes, at most 255 are allowed");
        assert_eq!(root.write(&long, "").unwrap_err().to_string(), wanted);
        assert_eq!(
            root.mkdir_all(&long, 0o755).unwrap_err().to_string(),
            wanted
        );
        assert!(root.mkdir_all("/etc/a\0b", 0o755).is_err());
    });
    assert_eq!(changes, [""; 0]);
}

#[test]
fn modes_owners_attributes_and_devices() {
    let (mut tree, _) = change(|root| {
        root.mkdir_all("/home/a", 0o700).unwrap();
        root.symlink("x", "/home/a/l", false).unwrap();
        root.chown_all("/home/a", 1000, 1001).unwrap();
        root.set_xattr("/etc/link", "security.capability", "1")
            .unwrap();
        root.chmod("/etc/link", 0o6755).unwrap();
        root.give("/etc/link", Some(5), Some(6)).unwrap();
        assert_eq!(root.stat("/etc/link").unwrap().meta.mode, 0o755);
        root.chmod("/etc/link", 0o6755).unwrap();
        root.set_xattr("/etc/link", "user.a", "1").unwrap();
        let null = Device { major: 1, minor: 3 };
        root.mknod("/null", Kind::CharDevice(null), 0o666).unwrap();
    });
    assert_eq!(
        show(&mut tree, "/var/home"),
        [
            "0755 0:0 /var/home",
            "0700 1000:1001 /var/home/a",
            "0777 1000:1001 /var/home/a/l -> x"
        ]
    );
    assert_eq!(show(&mut tree, "/null"), ["0666 0:0 /null"]);
    let motd = tree.node(tree.resolve(b"/etc/motd").unwrap());
    assert_eq!(
        (motd.meta.mode, motd.meta.uid, motd.meta.gid),
        (0o6755, 5, 6)
    );
    // As on Linux, none of these is a change of the content.
    assert_eq!(motd.meta.mtime, THEN);
    assert_eq!(motd.xattrs.len(), 1);
}

#[test]
fn what_is_no_access_control_list() {
    use crate::acl::{ACCESS, Acl, DEFAULT, GROUP_OBJ, NO_ID, OTHER, USER, USER_OBJ};

    let acl = |entries: &[(u16, u16)]| {
        let entry = |(tag, permissions): &(u16, u16)| ((*tag, NO_ID), *permissions);
        Acl(entries.iter().map(entry).collect()).encode()
    };
    let whole = acl(&[(USER_OBJ, 6), (GROUP_OBJ, 4), (OTHER, 4)]);
    for (path, follow, name, value, want) in [
        ("/etc/motd", true, ACCESS, whole.clone(), ""),
        ("/etc", true, DEFAULT, whole.clone(), ""),
        (
            "/etc/motd",
            true,
            ACCESS,
            acl(&[(USER_OBJ, 0xffff), (GROUP_OBJ, 4), (OTHER, 4)]),
            "/etc/motd: an ACL entry with the permissions 0xffff, the most is 0x7",
        ),
        (
            "/etc/motd",
            true,
            ACCESS,
            acl(&[(USER_OBJ, 6), (GROUP_OBJ, 4), (OTHER, 0o4000)]),
            "/etc/motd: an ACL entry with the permissions 0x800, the most is 0x7",
        ),
        (
            "/etc",
            true,
            DEFAULT,
            acl(&[(USER, 6)]),
            "/etc: an ACL entry for number 4294967295, the highest is 4294967294",
        ),
        (
            "/etc",
            true,
            DEFAULT,
            vec![2, 0, 0],
            "/etc: an ACL of 3 bytes, which is not 4 and a multiple of 8",
        ),
        (
            "/etc/motd",
            true,
            DEFAULT,
            whole.clone(),
            "/etc/motd: only a directory has a default access control list",
        ),
        (
            "/etc/link",
            false,
            ACCESS,
            whole,
            "/etc/link: a symbolic link has no access control list",
        ),
    ] {
        let mut said = String::new();
        change(|root| {
            let done = root.change_xattr(path, name, Some(&value), follow);
            said = done.err().map_or(String::new(), |error| error.to_string());
        });
        assert_eq!(said, want);
    }
}

#[test]
fn copies_are_faithful_and_independent() {
    let mut tree = sample();
    let etc = tree.resolve(b"/etc").unwrap();
    let mode = |mode| Meta {
        mode,
        uid: 3,
        ..Meta::root(0, THEN)
    };
    tree.set_meta(etc, mode(0o2750));
    tree.set_xattrs(etc, [(b"user.a"[..].into(), b"1"[..].into())].into());
    let changes = change_in(&mut tree, |root| {
        root.copy("/etc", "/usr/lib/etc").unwrap();
        root.write("/usr/lib/etc/motd", "other").unwrap();
    });
    assert_eq!(changes.len(), 7, "{changes:?}");
    let copy = tree.node(tree.resolve(b"/lib/etc").unwrap());
    assert_eq!(copy.meta, mode(0o2750));
    assert_eq!(copy.xattrs.len(), 1);
    assert_eq!(read(&tree, "/etc/motd"), "hello\n");
    assert_eq!(read(&tree, "/lib/etc/link"), "other");
}

#[test]
fn removing_a_directory_counts_the_names_that_remain() {
    let (tree, _) = change(|root| {
        root.link("/etc/motd", "/usr/lib/motd", false).unwrap();
        root.remove_all("/etc").unwrap();
    });
    assert_eq!(tree.links(tree.resolve(b"/usr/lib/motd").unwrap()), 1);
}

#[test]
fn a_deep_tree_overflows_no_stack() {
    let mut tree = sample();
    let mut at = Tree::ROOT;
    for _ in 0..20_000 {
        let below = tree.add_directory(Meta::root(0o755, THEN));
        tree.link(at, b"d", below);
        at = below;
    }
    let changes = change_in(&mut tree, |root| {
        root.copy("/d", "/c").unwrap();
        root.chown_all("/c", 1, 1).unwrap();
        root.remove_all("/c").unwrap();
        root.remove_all("/d").unwrap();
    });
    assert_eq!(changes[..2], ["*/", "-/d"]);
    assert_eq!(changes.len(), 20_001);
}

//! Folders, beside what GNU tar makes of the same folder.

use std::fs::{self, File};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt as _, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, XattrFlags, fsetxattr, linkat, mkdirat, openat, symlinkat,
};

use super::*;
use crate::source::{Filter, Pattern};

fn source(path: impl Into<PathBuf>) -> Source {
    Source::from(Input::Path(path.into()))
}

/// A folder with one of each kind of file, and what is special about some.
fn sample(root: &Path) {
    let file = |name: &str, bytes: &[u8], mode: u32| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    file("empty", b"", 0o600);
    file("usr/bin/sudo", &[b'1'; 5000], 0o4755);
    file("odd\n\\ name \u{e9}", b"x", 0o644);
    file("usr/bin/same", b"two names", 0o755);
    fs::hard_link(root.join("usr/bin/same"), root.join("also")).unwrap();
    fs::create_dir(root.join("tmp")).unwrap();
    fs::set_permissions(root.join("tmp"), PermissionsExt::from_mode(0o1777)).unwrap();
    symlink("usr/bin", root.join("bin")).unwrap();
    symlink("/etc/shadow", root.join("out")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    fs::hard_link(root.join("dangling"), root.join("dangling too")).unwrap();
    let sparse = File::create(root.join("sparse")).unwrap();
    for at in [0, 1 << 20, 3 << 20] {
        sparse.write_all_at(&[b's'; 4096], at).unwrap();
    }
    sparse.set_len(4 << 20).unwrap();
    File::create(root.join("hole"))
        .unwrap()
        .set_len(9999)
        .unwrap();
    run(Command::new("mkfifo").arg(root.join("fifo")), "coreutils");
    let attribute = ["-n", "user.comment", "-v", "a\nb"];
    run(
        Command::new("setfattr")
            .args(attribute)
            .arg(root.join("empty")),
        "attr",
    );
    let acl = ["-m", "u:7:r,d:g:9:rw"];
    run(
        Command::new("setfacl").args(acl).arg(root.join("usr")),
        "acl",
    );
}

#[test]
fn a_folder_is_what_tar_makes_of_it() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir(&root).unwrap();
    sample(&root);
    let archive = work.path().join("a.tar");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sparse", "--sort=name", "--format=pax"])
        .args(["--acls", "--xattrs", "--xattrs-include=*", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&root)
        .arg(".");
    run(&mut tar, "tar (GNU tar)");
    let theirs = listing(&load_file(&archive).unwrap());
    let loaded = load_file(&root).unwrap();
    let ours = listing(&loaded);
    assert!(ours.len() == 16, "{ours:#?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
    let also = loaded.tree.resolve(b"/also").unwrap();
    assert_eq!(also, loaded.tree.resolve(b"/usr/bin/same").unwrap());
    // A link to a folder is that folder.
    symlink("root", work.path().join("link")).unwrap();
    assert_eq!(
        listing(&load_file(&work.path().join("link")).unwrap()),
        ours
    );
    // tar leaves sockets out.
    let socket = UnixListener::bind(root.join("socket")).unwrap();
    let with_socket = listing(&load_file(&root).unwrap());
    assert!(
        with_socket
            .iter()
            .any(|line| line.starts_with("/socket socket 755 "))
    );
    drop(socket);
}

/// How many directories [`deep`] makes.
const DEEP: usize = 340;

/// Makes directories in each other whose path is longer than two calls take, and returns the last. The
/// paths there differ by two bytes only, so that each length is among them, almost.
fn deep(root: &Path) -> OwnedFd {
    let open = |at: BorrowedFd<'_>, name: &str| {
        openat(at, name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    };
    let mut last = open(CWD, root.to_str().unwrap());
    for number in 0..DEEP {
        let name = "d".repeat(if number < 40 { 200 } else { 1 });
        mkdirat(&last, &name, Mode::RWXU).unwrap();
        last = open(last.as_fd(), &name);
    }
    last
}

#[test]
fn a_folder_may_be_deeper_than_one_call_reaches() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir(&root).unwrap();
    let last = deep(&root);
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(&last, "file", flags, Mode::RUSR).unwrap();
    rustix::io::write(&file, b"deep").unwrap();
    fsetxattr(&file, "user.x", b"1", XattrFlags::empty()).unwrap();
    symlinkat("file", &last, "link").unwrap();
    linkat(&last, "file", &last, "same", AtFlags::empty()).unwrap();
    let archive = work.path().join("a.tar");
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--sort=name",
        "--format=pax",
        "--xattrs",
        "--file",
    ])
    .arg(&archive)
    .arg("--directory")
    .arg(&root)
    .arg(".");
    run(&mut tar, "tar (GNU tar)");
    let ours = load_file(&root).unwrap();
    let theirs = listing(&load_file(&archive).unwrap());
    assert_eq!(listing(&ours), theirs);
    assert_eq!(theirs.len(), DEEP + 4);
    // Written later, if it still is what it was.
    for source in ours.tree.sources() {
        source.check_unchanged().unwrap();
    }
    rustix::io::write(&file, b"er").unwrap();
    let mut sources = ours.tree.sources().iter();
    assert!(sources.any(|source| source.check_unchanged().is_err()));
    run(Command::new("rm").arg("-r").arg(&root), "coreutils");
}

#[test]
fn owners_and_what_is_left_out() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir_all(root.join(".git/objects")).unwrap();
    fs::create_dir_all(root.join("home/anna")).unwrap();
    fs::write(root.join("home/anna/x.swp"), "").unwrap();
    fs::write(root.join("home/anna/a"), "a").unwrap();
    fs::hard_link(root.join("home/anna/x.swp"), root.join("zzz")).unwrap();
    let list = work.path().join("owners");
    fs::write(&list, "1000:1000 - /home/anna/**\n- 0711 /home\n").unwrap();
    let patterns = |texts: &[&str]| -> Vec<Pattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let chosen = Source {
        owner: "root".parse().ok(),
        owners: Some(list),
        filter: Filter {
            include: Vec::new(),
            exclude: patterns(&["*.swp", ".git/"]),
        },
        ..source(&root)
    };
    let loaded = load_all(&[chosen]).unwrap();
    let brief: Vec<String> = listing(&loaded)
        .iter()
        .map(|line| line.split(' ').take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        brief,
        [
            "/ directory 755 0:0",
            "/home directory 711 0:0",
            "/home/anna directory 755 0:0",
            "/home/anna/a file 644 1000:1000",
            "/zzz file 644 0:0",
        ]
    );
    let some = Source {
        filter: Filter {
            include: patterns(&["anna/a", "/home/anna/*"]),
            exclude: patterns(&["*.swp"]),
        },
        ..source(&root)
    };
    let names = |loaded: &Loaded| -> Vec<String> {
        let lines = listing(loaded);
        let names = lines.iter().map(|line| line.split(' ').next().unwrap());
        names.map(str::to_owned).collect()
    };
    let loaded = load_all(&[some]).unwrap();
    assert_eq!(names(&loaded), ["/", "/home", "/home/anna", "/home/anna/a"]);
}

#[test]
fn what_changes_is_noticed() {
    type Change = (&'static str, fn(&Path));
    let changes: [Change; 6] = [
        ("a", |root| fs::write(root.join("a"), "longer").unwrap()),
        ("a", |root| {
            fs::remove_file(root.join("a")).unwrap();
            symlink("b", root.join("a")).unwrap();
        }),
        ("a", |root| {
            fs::remove_file(root.join("a")).unwrap();
            run(Command::new("mkfifo").arg(root.join("a")), "coreutils");
        }),
        ("a", |root| fs::remove_file(root.join("a")).unwrap()),
        ("root", |root| fs::write(root.join("new"), "").unwrap()),
        ("d", |root| fs::remove_file(root.join("d/c")).unwrap()),
    ];
    for (name, change) in changes {
        let work = tempfile::tempdir().unwrap();
        let root = work.path().join("root");
        fs::create_dir_all(root.join("d")).unwrap();
        for file in ["a", "b", "d/c"] {
            fs::write(root.join(file), "text").unwrap();
        }
        let loaded = load_file(&root).unwrap();
        let check = || -> io::Result<()> {
            let mut sources = loaded.tree.sources().iter();
            sources.try_for_each(|source| source.check_unchanged())
        };
        check().unwrap();
        change(&root);
        let id = loaded.tree.resolve(b"/a").unwrap();
        let Kind::File(content) = &loaded.tree.node(id).kind else {
            panic!("/a is no file");
        };
        assert_eq!(content.read(&loaded.tree, 9).is_err(), name == "a");
        let message = check().unwrap_err().to_string();
        assert!(
            message.contains("build again") || message.contains("No such file"),
            "{message}"
        );
    }
}

#[test]
fn more_files_than_may_be_open() {
    let work = tempfile::tempdir().unwrap();
    let root = work.path().join("root");
    fs::create_dir(&root).unwrap();
    for i in 0..3000 {
        fs::write(root.join(i.to_string()), "x").unwrap();
    }
    let loaded = load_file(&root).unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(open < 1000, "{open}");
    assert_eq!(listing(&loaded).len(), 3001);
}

//! Sources of which a part is wanted: what takes away acts on that part only, and what is left out
//! takes memory all the same.

use std::fs;

use super::*;
use crate::source::Filter;

fn filter(include: &[&str], exclude: &[&str]) -> Filter {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Filter {
        include: patterns(include),
        exclude: patterns(exclude),
    }
}

/// The paths of files, and of directories with nothing in them.
fn paths(tree: &Tree) -> String {
    let mut found = Vec::new();
    let mut todo = vec![(Tree::ROOT, String::new())];
    while let Some((id, path)) = todo.pop() {
        let entries = tree.entries(id);
        if entries.len() == 0 {
            found.push(path.clone());
        }
        todo.extend(entries.map(|(name, id)| {
            let name = str::from_utf8(name).unwrap();
            (id, format!("{path}/{name}"))
        }));
    }
    found.sort();
    found.join(" ")
}

fn tar_in(folder: &Path, name: &str, pieces: &[Vec<u8>]) -> Source {
    let path = folder.join(name);
    fs::write(&path, [pieces.concat(), vec![0; 1024]].concat()).unwrap();
    Source::from(Input::Path(path))
}

#[test]
fn whiteouts_act_on_what_is_wanted() {
    let work = tempfile::tempdir().unwrap();
    let names = ["etc/a", "etc/ssh/b", "etc/ssh/c", "var/d", "var/log/e"];
    let base: Vec<_> = names.map(|name| member(name, b'0', b"")).into();
    let base = tar_in(work.path(), "base.tar", &base);
    let whole = "/etc/a /etc/ssh/b /etc/ssh/c /var/d /var/log/e";
    for (include, exclude, whiteout, want) in [
        (&[][..], &[][..], ".wh.etc", "/var/d /var/log/e"),
        (&["/etc/ssh"], &[], ".wh.var", whole),
        (&["/etc/ssh"], &[], "etc/.wh.a", whole),
        (
            &["/etc/ssh"],
            &[],
            "etc/ssh/.wh.b",
            "/etc/a /etc/ssh/c /var/d /var/log/e",
        ),
        (&["/etc/ssh"], &[], ".wh.etc", "/etc/a /var/d /var/log/e"),
        (
            &["/etc/ssh"],
            &[],
            "etc/.wh..wh..opq",
            "/etc/a /var/d /var/log/e",
        ),
        (
            &["/etc/ssh/b"],
            &[],
            ".wh.etc",
            "/etc/a /etc/ssh/c /var/d /var/log/e",
        ),
        (
            &[],
            &["/var/log/"],
            ".wh.var",
            "/etc/a /etc/ssh/b /etc/ssh/c /var/log/e",
        ),
        (&[], &["b"], ".wh..wh..opq", "/etc/ssh/b"),
    ] {
        let mut over = tar_in(work.path(), "over.tar", &[member(whiteout, b'0', b"")]);
        over.filter = filter(include, exclude);
        let loaded = load_all(&[base.clone(), over]).unwrap();
        assert_eq!(
            paths(&loaded.tree),
            want,
            "{include:?} {exclude:?} {whiteout}"
        );
    }
}

#[test]
fn what_is_left_out_takes_memory() {
    let work = tempfile::tempdir().unwrap();
    let members: Vec<_> = (0..1000)
        .map(|i| member(&format!("{i}/"), b'5', b""))
        .collect();
    let mut source = tar_in(work.path(), "a.tar", &members);
    source.filter = filter(&["/nothing"], &[]);
    for (metadata, good) in [(600_000, true), (400_000, false)] {
        let options = Options {
            spool_dir: work.path(),
            source_date_epoch: None,
            cache: None,
            limits: Limits {
                decoded: None,
                metadata: Some(metadata),
            },
            lenient: false,
            progress: &|_| {},
        };
        let loaded = load(std::slice::from_ref(&source), &options);
        let message = loaded.err().map(|error| format!("{error:#}"));
        assert_eq!(message.is_none(), good, "{message:?}");
        if let Some(message) = message {
            assert!(message.contains("--max-metadata allows more"), "{message}");
        }
    }
}

#[test]
fn an_upper_folder_of_overlayfs() {
    let work = tempfile::tempdir().unwrap();
    let names = ["a/b", "a/c", "d/e", "f", "g"];
    let base: Vec<_> = names.map(|name| member(name, b'0', b"")).into();
    let base = tar_in(work.path(), "base.tar", &base);
    let upper = work.path().join("upper");
    fs::create_dir_all(upper.join("a")).unwrap();
    fs::create_dir_all(upper.join("d")).unwrap();
    fs::write(upper.join("d/new"), "").unwrap();
    // Linux lets everybody make such a device: it opens nothing.
    let made = Command::new("mknod")
        .arg(upper.join("a/b"))
        .args(["c", "0", "0"])
        .status();
    assert!(made.unwrap().success());
    // The kernel itself makes one for all names.
    for path in ["f", "gone"] {
        fs::hard_link(upper.join("a/b"), upper.join(path)).unwrap();
    }
    fs::write(upper.join("g"), "").unwrap();
    let mark = |path: &str, name: &str, value: &[u8]| {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(upper.join(path), name, value, flags).unwrap();
    };
    mark("d", "user.overlay.opaque", b"y");
    mark("d", "user.overlay.impure", b"y");
    mark("g", "user.overlay.whiteout", b"");
    let folder = Source::from(Input::Path(upper.clone()));
    let loaded = load_all(&[base.clone(), folder.clone()]).unwrap();
    assert_eq!(paths(&loaded.tree), "/a/c /d/new");
    let directory = loaded.tree.resolve(b"/d").unwrap();
    assert!(loaded.tree.node(directory).xattrs.is_empty());
    // On nothing, it is what it looks like.
    assert_eq!(
        paths(&load_all(std::slice::from_ref(&folder)).unwrap().tree),
        "/a/b /d/new /f /g /gone"
    );
    // Where the content is in the layer below, it cannot be had from here.
    for (path, name) in [("a", "redirect"), ("d/new", "metacopy")] {
        mark(path, &format!("user.overlay.{name}"), b"");
        let refused = load_all(&[base.clone(), folder.clone()]).err().unwrap();
        let message = format!("{refused:#}");
        assert!(
            message.contains(name) && message.contains(path),
            "{message}"
        );
        rustix::fs::removexattr(upper.join(path), format!("user.overlay.{name}")).unwrap();
    }
}

#[test]
fn a_file_stays_as_long_as_one_of_its_names_is_wanted() {
    let work = tempfile::tempdir().unwrap();
    let members = [
        member("etc/f", b'0', b"content"),
        link("etc/g", b'1', "etc/f"),
        link("keep/h", b'1', "etc/g"),
        link("keep/i", b'1', "etc/f"),
    ];
    let tar = tar_in(work.path(), "links.tar", &members);
    for (include, exclude, want, names) in [
        (&[][..], &["etc/f"][..], "/etc/g /keep/h /keep/i", 3),
        (&[], &["etc/"], "/keep/h /keep/i", 2),
        (&[], &["etc/f", "etc/g", "keep/i"], "/keep/h", 1),
        (&["keep/"], &[], "/keep/h /keep/i", 2),
    ] {
        let source = Source {
            filter: filter(include, exclude),
            ..tar.clone()
        };
        let tree = load_all(&[source]).unwrap().tree;
        assert_eq!(paths(&tree), want, "{exclude:?}");
        let kept = tree.resolve(b"/keep/h").unwrap();
        assert_eq!(tree.links(kept), names, "{exclude:?}");
        assert!(matches!(&tree.node(kept).kind, Kind::File(content) if content.len() == 7));
    }
}

//! Sources laid on each other, in other places than the root, and in parts.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::source::Filter;

fn archive(folder: &Path, name: &str, pieces: &[Vec<u8>]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, [pieces.concat(), vec![0; 1024]].concat()).unwrap();
    path
}

fn source(path: PathBuf) -> Source {
    Source::from(Input::Path(path))
}

/// Paths and kinds, and what files hold.
fn brief(loaded: &Loaded) -> String {
    let lines = listing(loaded).into_iter().map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let content = fields.get(5).unwrap_or(&"");
        match fields[1] {
            "directory" => format!("{}/", fields[0]),
            "symlink" => format!("{}@", fields[0]),
            _ => format!("{}={content}", fields[0]),
        }
    });
    lines.collect::<Vec<_>>().join(" ").replace('"', "")
}

#[test]
fn later_sources_lie_on_earlier_ones() {
    let work = tempfile::tempdir().unwrap();
    let base = archive(
        work.path(),
        "base.tar",
        &[
            member("./", b'5', b""),
            member("etc/", b'5', b""),
            member("etc/a", b'0', b"base"),
            member("etc/b", b'0', b"base"),
            member("usr/lib/x", b'0', b"base"),
            link("lib", b'2', "usr/lib"),
            member(".wh.base", b'0', b"literal"),
            member("d/e/f", b'0', b"base"),
        ],
    );
    let over = |name: &str, pieces: &[Vec<u8>]| {
        let over = archive(work.path(), name, pieces);
        load_all(&[source(base.clone()), source(over)])
    };
    let rest = "/.wh.base=literal";
    for (pieces, want) in [
        (
            vec![
                member("etc/a", b'0', b"over"),
                member("lib/y", b'0', b"over"),
            ],
            "/ /.wh.base=literal /d/ /d/e/ /d/e/f=base /etc/ /etc/a=over /etc/b=base /lib@ /usr/ \
             /usr/lib/ /usr/lib/x=base /usr/lib/y=over",
        ),
        (
            vec![
                member("etc/.wh.a", b'0', b""),
                member(".wh.d", b'0', b""),
                member(".wh.usr", b'0', b""),
                member("nowhere/.wh.x", b'0', b""),
            ],
            "/ /.wh.base=literal /etc/ /etc/b=base /lib@",
        ),
        (
            vec![
                member("d", b'0', b"file"),
                member("usr/.wh..wh..opq", b'0', b""),
                member(".wh.etc", b'0', b""),
                member("etc/new", b'0', b"over"),
                member("lib/", b'5', b""),
            ],
            "/ /.wh.base=literal /d=file /etc/ /etc/new=over /lib/ /usr/",
        ),
        (
            vec![
                link("etc/hard", b'1', "etc/a"),
                member("etc/.wh.a", b'0', b""),
            ],
            "/ /.wh.base=literal /d/ /d/e/ /d/e/f=base /etc/ /etc/b=base /etc/hard=base /lib@ \
             /usr/ /usr/lib/ /usr/lib/x=base",
        ),
    ] {
        let loaded = over("over.tar", &pieces).unwrap();
        let got = brief(&loaded).replacen("//", "/", 1);
        assert_eq!(got, want);
        assert!(got.contains(rest));
    }
    let message = message(over("bad.tar", &[member("etc/.wh..", b'0', b"")]));
    assert!(
        message.contains("a whiteout that names no file"),
        "{message}"
    );
}

#[test]
fn places_and_parts() {
    let work = tempfile::tempdir().unwrap();
    let base = archive(
        work.path(),
        "base.tar",
        &[member("./", b'5', b""), link("opt", b'2', "usr/opt")],
    );
    let app = archive(
        work.path(),
        "app.tar",
        &[
            edited("app-1.0/", b'5', b"", |header| {
                octal(&mut header.mode, 0o711);
            }),
            member("readme", b'0', b"top"),
            member("app-1.0/doc/a", b'0', b"a"),
            member("app-1.0/doc/b", b'0', b"b"),
            member("app-1.0/bin/x", b'0', b"x"),
            link("app-1.0/bin/y", b'1', "app-1.0/doc/a"),
        ],
    );
    let pattern = |text: &str| vec![text.parse().unwrap()];
    let app = Source {
        path: "/opt/app".to_owned(),
        strip: 1,
        ..source(app)
    };
    let only = |include: &str| Source {
        filter: Filter {
            include: pattern(include),
            exclude: Vec::new(),
        },
        ..app.clone()
    };
    let without = |exclude: &str| Source {
        filter: Filter {
            include: Vec::new(),
            exclude: pattern(exclude),
        },
        ..app.clone()
    };
    for (app, want) in [
        (
            app.clone(),
            "/bin/ /bin/x=x /bin/y=a /doc/ /doc/a=a /doc/b=b",
        ),
        (only("/bin"), "/bin/ /bin/x=x /bin/y=a"),
        (without("b"), "/bin/ /bin/x=x /bin/y=a /doc/ /doc/a=a"),
        (without("bin"), "/doc/ /doc/a=a /doc/b=b"),
    ] {
        let loaded = load_all(&[source(base.clone()), app]).unwrap();
        let want = want.replace(" /", " /usr/opt/app/");
        let got = brief(&loaded);
        assert_eq!(
            got,
            format!("// /opt@ /usr/ /usr/opt/ /usr/opt/app/ /usr/opt/app{want}")
        );
        let [warning] = &loaded.warnings[..] else {
            panic!("{:?}", loaded.warnings);
        };
        assert!(
            warning.ends_with("app.tar: `strip: 1` left out 1 files that are no deeper than that"),
            "{warning}"
        );
        // The folder that was stripped is the one that is made in its place.
        let id = loaded.tree.resolve(b"/opt/app").unwrap();
        assert_eq!(loaded.tree.node(id).meta.mode, 0o711);
    }
}

//! Layers on each other, beside what umoci unpacks.

use super::*;

/// What both have to say of a folder: without the times of directories, which umoci changes where a
/// layer does not say them again, and without owners when they cannot be set.
fn comparable(lines: &[String], as_root: bool) -> Vec<String> {
    let lines = lines.iter().map(|line| {
        let mut fields: Vec<&str> = line.split(' ').collect();
        if fields[1] == "directory" && fields[4] != "200" {
            fields[4] = "-";
        }
        if !as_root {
            fields[3] = "-";
            // Where umoci writes down whose a file would be.
            fields.retain(|field| !field.starts_with("user.rootlesscontainers="));
        }
        fields.join(" ")
    });
    lines.collect()
}

fn dir(path: &str) -> Vec<u8> {
    edited(path, b'5', b"", |header| octal(&mut header.mode, 0o755))
}

fn file(path: &str, text: &str) -> Vec<u8> {
    member(path, b'0', text.as_bytes())
}

fn wh(path: &str) -> Vec<u8> {
    member(path, b'0', b"")
}

fn symlink(path: &str, target: &str) -> Vec<u8> {
    // As the kernel shows it.
    edited(path, b'2', b"", |h| {
        octal(&mut h.mode, 0o777);
        h.linkname[..target.len()].copy_from_slice(target.as_bytes());
    })
}

/// What lies below in all cases.
fn base() -> Vec<Vec<u8>> {
    vec![
        dir("./"),
        dir("d/"),
        file("d/a", "base a"),
        file("d/b", "base b"),
        dir("d/sub/"),
        file("d/sub/x", "base x"),
        dir("d/sub/deep/"),
        file("d/sub/deep/y", "base y"),
        dir("usr/"),
        dir("usr/lib/"),
        file("usr/lib/l", "base l"),
        symlink("lib", "usr/lib"),
        symlink("abs", "/usr/lib"),
        symlink("s", "d/a"),
        symlink("dangling", "nowhere"),
        file("f", "base f"),
        link("hard", b'1', "f"),
        pax(&[("SCHILY.xattr.user.base", b"1")]),
        file("attributed", "x"),
        pax(&[("SCHILY.xattr.user.base", b"1")]),
        dir("attributed.d/"),
        file("attributed.d/x", "x"),
    ]
}

type Case = (&'static str, Vec<Vec<Vec<u8>>>);

fn cases() -> Vec<Case> {
    let time = |path: &str| {
        edited(path, b'5', b"", |h| {
            octal(&mut h.mode, 0o2750);
            octal(&mut h.mtime, 200);
        })
    };
    vec![
        ("nothing", vec![vec![]]),
        ("file changed", vec![vec![file("d/a", "new")]]),
        ("file gone", vec![vec![wh("d/.wh.a")]]),
        ("folder gone", vec![vec![wh(".wh.d")]]),
        ("deep folder gone", vec![vec![wh("d/sub/.wh.deep")]]),
        ("missing name gone", vec![vec![wh("d/.wh.none")]]),
        (
            "gone from a missing folder",
            vec![vec![wh("none/at/.wh.all")]],
        ),
        (
            "opaque folder",
            vec![vec![dir("d/"), wh("d/.wh..wh..opq"), file("d/new", "n")]],
        ),
        (
            "opaque at the end",
            vec![vec![dir("d/"), file("d/a", "n"), wh("d/.wh..wh..opq")]],
        ),
        (
            "opaque without its folder",
            vec![vec![wh("d/.wh..wh..opq")]],
        ),
        (
            "opaque root",
            vec![vec![file("new", "n"), wh(".wh..wh..opq")]],
        ),
        (
            "opaque below",
            vec![vec![wh("d/sub/.wh..wh..opq"), file("d/sub/x", "n")]],
        ),
        (
            "opaque new folder",
            vec![vec![dir("n/"), wh("n/.wh..wh..opq"), file("n/x", "n")]],
        ),
        (
            "opaque keeps deep new ones",
            vec![vec![file("d/sub/deep/z", "z"), wh("d/.wh..wh..opq")]],
        ),
        ("file over folder", vec![vec![file("d", "now a file")]]),
        ("folder over file", vec![vec![dir("f/"), file("f/x", "x")]]),
        (
            "folder over symlink to folder",
            vec![vec![dir("lib/"), file("lib/x", "x")]],
        ),
        ("folder over dangling symlink", vec![vec![dir("dangling/")]]),
        ("symlink over folder", vec![vec![symlink("d", "usr")]]),
        ("symlink over symlink", vec![vec![symlink("s", "f")]]),
        ("file over symlink", vec![vec![file("s", "now a file")]]),
        ("symlink over file", vec![vec![symlink("f", "d/a")]]),
        ("pipe over file", vec![vec![member("f", b'6', b"")]]),
        ("file through symlink", vec![vec![file("lib/new", "n")]]),
        (
            "file through absolute symlink",
            vec![vec![file("abs/new", "n")]],
        ),
        ("gone through symlink", vec![vec![wh("lib/.wh.l")]]),
        (
            "opaque through symlink",
            vec![vec![wh("abs/.wh..wh..opq"), file("lib/new", "n")]],
        ),
        ("symlink gone", vec![vec![wh(".wh.lib"), wh(".wh.s")]]),
        (
            "hard link across layers",
            vec![vec![link("n", b'1', "d/a"), link("d/b", b'1', "f")]],
        ),
        (
            "hard link, then its file gone",
            vec![vec![link("n", b'1', "d/a"), wh("d/.wh.a")]],
        ),
        ("hard link to a symlink", vec![vec![link("n", b'1', "s")]]),
        ("one of two names gone", vec![vec![wh(".wh.hard")]]),
        ("one of two names changed", vec![vec![file("hard", "new")]]),
        (
            "made again after",
            vec![vec![wh(".wh.d"), dir("d/"), file("d/c", "c")]],
        ),
        (
            "made again before",
            vec![vec![dir("d/"), file("d/c", "c"), wh(".wh.d")]],
        ),
        (
            "child made again after",
            vec![vec![wh("d/.wh.sub"), file("d/sub/n", "n")]],
        ),
        (
            "child made again before",
            vec![vec![file("d/sub/n", "n"), wh("d/.wh.sub")]],
        ),
        (
            "same name before and after",
            vec![vec![file("f", "n"), wh(".wh.f")]],
        ),
        (
            "gone, and back a layer later",
            vec![vec![wh(".wh.d")], vec![file("d/a", "back")]],
        ),
        (
            "back, and gone again",
            vec![vec![file("n", "n")], vec![wh(".wh.n")], vec![dir("n/")]],
        ),
        (
            "opaque over a layer between",
            vec![vec![file("d/m", "m")], vec![wh("d/.wh..wh..opq")]],
        ),
        ("folder of other owner and time", vec![vec![time("d/")]]),
        (
            "attributes gone",
            vec![vec![file("attributed", "x"), dir("attributed.d/")]],
        ),
        (
            "attributes changed",
            vec![vec![
                pax(&[("SCHILY.xattr.user.n", b"2")]),
                dir("attributed.d/"),
            ]],
        ),
        (
            "two of one name",
            vec![vec![file("n", "1"), file("n", "2"), dir("n/")]],
        ),
        (
            "folder in the layer replaced",
            vec![vec![file("n/x", "1"), file("n", "2")]],
        ),
        ("whiteout that is a folder", vec![vec![dir("d/.wh.sub/")]]),
        ("whiteout of a name like one", vec![vec![wh("d/.wh..wh.a")]]),
        (
            "dot in front",
            vec![vec![wh("./d/.wh.a"), file("./d/c", "c")]],
        ),
    ]
}

#[test]
fn layers_are_what_umoci_unpacks() {
    let as_root = rustix::process::geteuid().is_root();
    for (what, over) in cases() {
        let work = tempfile::tempdir().unwrap();
        let layout = Layout::new(work.path().join("image"));
        let layers = std::iter::once(base()).chain(over);
        let layers: Vec<_> = layers.map(|pieces| layer(&pieces)).collect();
        // umoci of today's Debian knows no zstd.
        let kinds = layers.iter().enumerate().map(|(i, layer)| match i % 2 {
            0 => layout.blob("application/vnd.oci.image.layer.v1.tar", layer),
            _ => layout.blob("application/vnd.oci.image.layer.v1.tar+gzip", &gzip(layer)),
        });
        let kinds: Vec<Value> = kinds.collect();
        layout.index(&[named(layout.manifest(&kinds, "linux/amd64"), "t")]);
        let mut umoci = Command::new("umoci");
        umoci.arg("unpack").arg("--image");
        umoci.arg(format!("{}:t", layout.root.display()));
        if !as_root {
            umoci.arg("--rootless");
        }
        run(umoci.arg(work.path().join("bundle")), "umoci");
        let theirs = load_file(&work.path().join("bundle/rootfs")).unwrap();
        let ours = load_file(&layout.root).unwrap_or_else(|error| panic!("{what}: {error:#}"));
        let [ours, theirs] = [ours, theirs].map(|loaded| comparable(&listing(&loaded), as_root));
        assert_eq!(ours, theirs, "{what}");
    }
}

use fsgen::Tree;

use crate::kit::{Files, Outcome, THEN, image, read, show, step, step_with, value};
use crate::value::Value;
use crate::{Error, Root};

fn sample() -> Tree {
    let mut tree = image(&[
        (
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:/bin/sh\n",
        ),
        ("/etc/group", "root:x:0:\nweb:x:34:\n"),
        ("/usr/lib/passwd", "svc:x:900:900::/:/bin/sh\n"),
        ("/etc/motd", "hello\n"),
        ("/etc/link@", "motd"),
        ("/srv/a/b", "b"),
        ("/var/empty/", ""),
        ("/lib@", "usr/lib"),
    ]);
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, THEN);
    root.chmod("/etc/motd", 0o640).unwrap();
    root.chown("/etc/motd", 33, 34).unwrap();
    tree
}

fn run(tree: &mut Tree, recipe: &Value) -> Result<Outcome, Error> {
    let host = Files([("motd.txt", b"from the host\n".to_vec())].into());
    step_with(tree, "files", recipe, &host)
}

/// Runs the recipe on the sample, twice: the second time changes nothing.
fn done(recipe: Value) -> Tree {
    let mut tree = sample();
    assert_ne!(run(&mut tree, &recipe).unwrap().changes, [], "{recipe:?}");
    assert_eq!(run(&mut tree, &recipe).unwrap().changes, [], "{recipe:?}");
    tree
}

#[test]
fn files() {
    for (file, text, line) in [
        (
            value!({"path": "/etc/a", "content": "a"}),
            "a",
            "0644 0:0 /etc/a",
        ),
        (
            value!({"path": "etc/a", "content": ""}),
            "",
            "0644 0:0 /etc/a",
        ),
        (
            value!({"path": "/a/b/c", "content": "c"}),
            "c",
            "0644 0:0 /a/b/c",
        ),
        (
            value!({"path": "/lib/a", "content": "a"}),
            "a",
            "0644 0:0 /usr/lib/a",
        ),
        (
            value!({"path": "/etc/a", "source": "motd.txt"}),
            "from the host\n",
            "0644 0:0 /etc/a",
        ),
        (
            value!({"path": "/etc/motd", "source": "motd.txt"}),
            "from the host\n",
            "0640 33:34 /etc/motd",
        ),
        (
            value!({"path": "/etc/link", "content": "x"}),
            "x",
            "0640 33:34 /etc/motd",
        ),
        (
            value!({"path": "/etc/motd", "content": "x", "append": true}),
            "hello\nx",
            "0640 33:34 /etc/motd",
        ),
        (
            value!({"path": "/etc/motd", "content": "lo\n", "append": true}),
            "hello\nlo\n",
            "0640 33:34 /etc/motd",
        ),
        (
            value!({"path": "/etc/motd", "content": "\n", "append": true}),
            "hello\n\n",
            "0640 33:34 /etc/motd",
        ),
        (
            value!({"path": "/etc/a", "content": "x", "append": true}),
            "x",
            "0644 0:0 /etc/a",
        ),
        (
            value!({"path": "/etc/a", "content": "", "mode": "4755", "user": "web", "group": "web"}),
            "",
            "4755 33:34 /etc/a",
        ),
        (
            value!({"path": "/etc/a", "content": "", "user": "svc", "group": (4294967294_i64)}),
            "",
            "0644 900:4294967294 /etc/a",
        ),
        (
            value!({"path": "/etc/motd", "content": "x", "mode": "0o600", "user": "0"}),
            "x",
            "0600 0:34 /etc/motd",
        ),
    ] {
        let mut tree = done(value!({"files": [(file)]}));
        let path = line.split(' ').next_back().unwrap();
        assert_eq!(show(&mut tree, path), [line]);
        assert_eq!(read(&tree, path), text, "{line}");
    }
}

#[test]
fn lines_are_added_once() {
    let item = |text: &str| value!({"path": "/a", "content": text, "append": true});
    for (before, texts, after) in [
        ("x\n", &["a\n", "b\n"][..], "x\na\nb\n"),
        ("x", &["a\n", "b\n"], "x\na\nb\n"),
        ("x", &["a", "b"], "x\na\nb"),
        ("x\n", &["a", "b\n", "a"], "x\na\nb\n"),
        ("foo\nbar", &["\nbar"], "foo\nbar\n\nbar"),
        ("x\n", &["\n\n"], "x\n\n\n"),
        ("a\0c", &["q"], "a\0c\nq"),
        ("a\nx\n", &["a\n", "x\ny\n"], "a\nx\nx\ny\n"),
        ("ba\nab\n", &["a\n"], "ba\nab\na\n"),
        ("", &["a\nb\n", "b\n"], "a\nb\n"),
        ("a", &["a\n"], "a"),
    ] {
        let list: Vec<Value> = texts.iter().map(|text| item(text)).collect();
        let recipe = value!({"files": list});
        let mut tree = image(&[("/a", before)]);
        step(&mut tree, "files", &recipe).unwrap();
        assert_eq!(read(&tree, "/a"), after);
        let again = step(&mut tree, "files", &recipe).unwrap();
        assert_eq!(again.changes, [], "{before:?} {texts:?}");
    }
}

#[test]
fn directories() {
    for (directory, lines) in [
        (
            value!({"path": "/a/b", "mode": "1777", "user": "web"}),
            ["0755 0:0 /a", "1777 33:0 /a/b"],
        ),
        (
            value!({"path": "/srv/a", "mode": "0700"}),
            ["0700 0:0 /srv/a", "0644 0:0 /srv/a/b"],
        ),
    ] {
        let mut tree = done(value!({"directories": [(directory)]}));
        let top = lines[0].split(' ').next_back().unwrap();
        assert_eq!(show(&mut tree, top), lines);
    }
}

#[test]
fn links() {
    for (link, line) in [
        (
            value!({"path": "/a/l", "target": "../etc"}),
            "0777 0:0 /a/l -> ../etc",
        ),
        (
            value!({"path": "/etc/link", "target": "/x", "force": true}),
            "0777 0:0 /etc/link -> /x",
        ),
        (
            value!({"path": "/etc/h", "target": "/etc/motd", "hard": true}),
            "0640 33:34 /etc/h",
        ),
        (
            value!({"path": "/srv/a/b", "target": "/etc/motd", "hard": true, "force": true}),
            "0640 33:34 /srv/a/b",
        ),
    ] {
        let mut tree = done(value!({"symlinks": [(link)]}));
        let path = line.split(' ').nth(2).unwrap();
        assert_eq!(show(&mut tree, path), [line]);
    }
}

#[test]
fn removals() {
    let gone = |removal, path: &str| {
        let mut tree = sample();
        run(&mut tree, &value!({"remove": [(removal)]})).unwrap();
        assert!(tree.resolve_link(path.as_bytes()).is_err(), "{path}");
        tree
    };
    gone(value!("/etc/motd"), "/etc/motd");
    gone(value!("/var/empty/"), "/var/empty");
    gone(value!({"path": "/srv", "recursive": true}), "/srv");
    gone(value!({"path": "/nope/x", "missing_ok": true}), "/nope");
    let tree = gone(value!("/etc/link"), "/etc/link");
    assert_eq!(read(&tree, "/etc/motd"), "hello\n");
}

#[test]
fn removals_come_first_and_links_last() {
    let tree = done(value!({
        "symlinks": [{"path": "/etc/l", "target": "/opt/d/f", "hard": true}],
        "files": [{"path": "/opt/d/f", "content": "new"}],
        "directories": [{"path": "/opt/d", "mode": "0700"}],
        "remove": [{"path": "/srv/a", "recursive": true, "missing_ok": true}],
    }));
    assert_eq!(read(&tree, "/etc/l"), "new");
    assert_eq!(tree.links(tree.resolve(b"/opt/d/f").unwrap()), 2);
}

#[test]
fn refusals() {
    let file = |key: &str, value: Value| {
        let keys = [
            ("path", value!("/x")),
            ("content", value!("")),
            (key, value),
        ];
        value!({"files": [(crate::kit::map(keys))]})
    };
    let link = |value: Value| value!({"symlinks": [(value)]});
    let mode = |text| format!("mode {text:?} is not an octal number from \"0\" to \"7777\"");
    let (long, path) = ("n".repeat(256), |path: &str| value!({"remove": [(path)]}));
    for (recipe, message) in [
        (
            value!({"files": [
                {"path": "/x", "content": "", "append": true}, {"path": "x", "content": ""},
            ]}),
            "\"x\" is listed twice".to_owned(),
        ),
        (
            value!({"directories": [{"path": "/x/"}, {"path": "/x"}]}),
            "\"/x\" is listed twice".to_owned(),
        ),
        (
            value!({"symlinks": [
                {"path": "/x", "target": "a"}, {"path": "/x", "target": "b", "force": true},
            ]}),
            "\"/x\" is listed twice".to_owned(),
        ),
        (value!({}), "the step has nothing to do".to_owned()),
        (
            value!({"files": []}),
            "the step has nothing to do".to_owned(),
        ),
        (file("mode", value!("0888")), mode("0888")),
        (file("mode", value!("10000")), mode("10000")),
        (file("mode", value!("")), mode("")),
        (file("mode", value!("+644")), mode("+644")),
        (file("mode", value!("u+x")), mode("u+x")),
        (
            file("mode", value!(644_i64)),
            "mode 644 is a bare number; write it in quotes as in \"0644\", because YAML takes a \
             bare 0644 for decimal or octal, depending on its version"
                .to_owned(),
        ),
        (
            file("mode", value!(true)),
            "expected a mode in quotes such as \"0644\", found true".to_owned(),
        ),
        (
            file("user", value!(4294967295_i64)),
            "expected a name or an id from 0 to 4294967294, found the number 4294967295".to_owned(),
        ),
        (
            file("user", value!("99999999999999999999")),
            "expected a name or an id from 0 to 4294967294, found the string \
             \"99999999999999999999\""
                .to_owned(),
        ),
        (
            value!({"remove": ["/etc/motd/"]}),
            "/etc/motd/ is a file, not a directory".to_owned(),
        ),
        (
            value!({"files": [{"path": "/etc/motd/", "content": "x"}]}),
            "/etc/motd/ is a file, not a directory".to_owned(),
        ),
        (
            file("user", value!("bob")),
            "the image's /etc/passwd has no user \"bob\"".to_owned(),
        ),
        (
            file("group", value!("bob")),
            "the image's /etc/group has no group \"bob\"".to_owned(),
        ),
        (
            file("user", value!("")),
            "expected a name or an id from 0 to 4294967294, found the string \"\"".to_owned(),
        ),
        (
            file("owner", value!("web")),
            "unknown key `owner`".to_owned(),
        ),
        (
            file("source", value!("motd.txt")),
            "the file \"/x\" has `content` and `source`".to_owned(),
        ),
        (
            value!({"files": [{"path": "/x"}]}),
            "the file \"/x\" has no content".to_owned(),
        ),
        (
            value!({"files": [{"path": "/x", "source": "nope"}]}),
            "nope: entity not found".to_owned(),
        ),
        (
            value!({"files": [{"path": "/x", "source": "motd.txt", "append": true}]}),
            "the file \"/x\" has `source`, which `append` cannot use".to_owned(),
        ),
        (
            value!({"files": [{"path": "/etc", "content": ""}]}),
            "/etc is a directory, not a file".to_owned(),
        ),
        (
            value!({"directories": [{"path": "/etc/motd"}]}),
            "/etc/motd is a file, not a directory".to_owned(),
        ),
        (
            link(value!({"path": "/etc/motd", "target": "x"})),
            "/etc/motd exists already: it is a file".to_owned(),
        ),
        (
            link(value!({"path": "/etc", "target": "x", "force": true})),
            "/etc exists already: it is a directory".to_owned(),
        ),
        (
            link(value!({"path": "/x", "target": "/etc", "hard": true})),
            "/etc is a directory: it cannot have a hard link".to_owned(),
        ),
        (
            link(value!({"path": "/x", "target": ""})),
            "the target of a link is empty".to_owned(),
        ),
        (
            link(value!({"path": "/x", "target": (&*"t".repeat(4096))})),
            "the target has 4096 bytes; at most 4095 are allowed".to_owned(),
        ),
        (
            path("/etc"),
            "/etc is a directory with 4 entries; remove it recursively".to_owned(),
        ),
        (path("/nope"), "no such file in the image: /nope".to_owned()),
        (
            path("/"),
            "path \"/\": the path does not end in a name".to_owned(),
        ),
        (
            path(""),
            "path \"\": the path does not end in a name".to_owned(),
        ),
        (
            path("/etc/.."),
            "path \"/etc/..\": the path does not end in a name".to_owned(),
        ),
        (
            path("/a\0"),
            "path \"/a\\0\": a name holds a NUL byte".to_owned(),
        ),
        (
            path(&format!("/{long}/x")),
            format!("path \"/{long}/x\": a name of 256 bytes, at most 255 are allowed"),
        ),
    ] {
        let mut tree = sample();
        let before = show(&mut tree, "/");
        assert_eq!(run(&mut tree, &recipe).unwrap_err().to_string(), message);
        assert_eq!(show(&mut tree, "/"), before, "{message}");
    }
}

#[test]
fn accounts_of_an_earlier_step_are_known() {
    let mut tree = sample();
    step(
        &mut tree,
        "add_user",
        &value!({"add_users": [{"name": "new", "uid": (77_i64)}]}),
    )
    .unwrap();
    run(
        &mut tree,
        &value!({"files": [{"path": "/x", "content": "", "user": "new"}]}),
    )
    .unwrap();
    assert_eq!(show(&mut tree, "/x"), ["0644 77:0 /x"]);
}

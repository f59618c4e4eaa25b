//! Own lines, what is refused, and what only a running system can do.

use crate::kit::{distribution, map, read, refusal, show, step, twice, value};

const SYSTEMD: (&str, &str) = ("/usr/lib/systemd/systemd", "");
const DROP_IN: &str = "/etc/tmpfiles.d/hsb.conf";

#[test]
fn own_lines_are_applied_and_kept() {
    for (before, lines, after, made) in [
        (
            None,
            value!([
                "d /srv/web 0750",
                "L? /srv/a - - - - web",
                "L? /srv/b - - - - gone"
            ]),
            "d /srv/web 0750\nL? /srv/a - - - - web\nL? /srv/b - - - - gone\n",
            &[
                "0755 0:0 /srv",
                "0777 0:0 /srv/a -> web",
                "0750 0:0 /srv/web",
            ][..],
        ),
        (
            Some("# mine\nd /srv/x\nd /srv/web 0700 root\n#d /srv/web\nw+ /srv/f - - - - a\n"),
            value!([
                "f  /srv/f",
                "d /srv/web 0711",
                "w+ /srv/f - - - - b",
                "w+ /srv/f - - - - a"
            ]),
            "# mine\nd /srv/x\nd /srv/web 0711\n#d /srv/web\nw+ /srv/f - - - - a\nf  /srv/f\n\
             w+ /srv/f - - - - b\n",
            &[
                "0755 0:0 /srv",
                "0644 0:0 /srv/f",
                "0711 0:0 /srv/web",
                "0755 0:0 /srv/x",
            ],
        ),
    ] {
        let mut files = vec![SYSTEMD];
        files.extend(before.map(|text| (DROP_IN, text)));
        let (mut tree, done) = twice(&files, "tmpfiles", &map([("tmpfiles", lines)])).unwrap();
        assert_eq!(read(&tree, DROP_IN), after);
        assert_eq!(show(&mut tree, "/srv"), made);
        assert_eq!(done.warnings, [""; 0]);
    }
}

#[test]
fn directories_of_the_system_stand_for_themselves() {
    let lines = value!(["f /srv/f - - - - %C %L %S %t %h %g%G %u%U %T %V"]);
    let (tree, _) = twice(&[SYSTEMD], "tmpfiles", &map([("tmpfiles", lines)])).unwrap();
    let text = "/var/cache /var/log /var/lib /run /root root0 root0 /tmp /var/tmp";
    assert_eq!(read(&tree, "/srv/f"), text);
}

#[test]
fn copies_go_into_directories_that_are_there() {
    let files = [
        SYSTEMD,
        ("/a/one", "new"),
        ("/a/sub/two", "new"),
        ("/b/one", "old"),
        ("/b/sub/three", "old"),
    ];
    for (line, made) in [
        (
            "C /b - - - - /a",
            &["/b", "/b/one", "/b/sub", "/b/sub/three"][..],
        ),
        (
            "C+ /b - - - - /a",
            &["/b", "/b/one", "/b/sub", "/b/sub/three", "/b/sub/two"],
        ),
    ] {
        let recipe = map([("tmpfiles", value!([line]))]);
        let (mut tree, _) = twice(&files, "tmpfiles", &recipe).unwrap();
        let found = show(&mut tree, "/b");
        let found: Vec<_> = found
            .iter()
            .map(|line| line.rsplit(' ').next().unwrap())
            .collect();
        assert_eq!(found, made);
        assert_eq!(read(&tree, "/b/one"), "old");
    }
}

#[test]
fn devices_are_made() {
    let lines = value!([
        "c /srv/null 0666 - - - 1:3",
        "b /srv/loop - - - - 7:0",
        "c+ /srv/loop - - - - 1:3",
        "c /srv/x - - - - 1:5"
    ]);
    let files = [SYSTEMD, ("/srv/x", "file")];
    let message = refusal(&files, "tmpfiles", &map([("tmpfiles", lines)]));
    assert_eq!(message, "an earlier line wants /srv/loop otherwise");
    let lines = value!(["c /srv/null 0666 - - - 1:3", "c+ /srv/x - - - - 1:5"]);
    let (mut tree, _) = twice(&files, "tmpfiles", &map([("tmpfiles", lines)])).unwrap();
    let made = ["0755 0:0 /srv", "0666 0:0 /srv/null", "0644 0:0 /srv/x"];
    assert_eq!(show(&mut tree, "/srv"), made);
}

#[test]
fn what_only_a_running_system_can_is_told() {
    let lines = value!([
        "d /srv/%b",
        "d /srv/%m",
        "h /srv - - - - +C",
        "d! /srv/boot",
        "d /run/x",
        "f^ /srv/c - - - - cred"
    ]);
    let (mut tree, done) = twice(
        &[SYSTEMD, ("/srv/", "")],
        "tmpfiles",
        &map([("tmpfiles", lines)]),
    )
    .unwrap();
    assert_eq!(show(&mut tree, "/srv"), ["0755 0:0 /srv"]);
    assert_eq!(
        done.notes,
        [
            "left to the running system: d /srv/%b: %b is known on a running system only",
            "left to the running system: d /srv/%m: %m is known on a running system only",
            "left to the running system: the attributes of /srv",
        ]
    );
}

#[test]
fn lines_of_drop_ins_are_told_of() {
    let files = [
        SYSTEMD,
        ("/srv/file", ""),
        (
            "/usr/lib/tmpfiles.d/a.conf",
            "d /srv/a - nobody\nz\nd /srv/file\nd- /srv/file/x\nd /srv/b\n",
        ),
    ];
    let (_, done) = twice(&files, "tmpfiles", &value!({})).unwrap();
    assert_eq!(
        done.warnings,
        [
            "/usr/lib/tmpfiles.d/a.conf:1: the image has no user nobody",
            "/usr/lib/tmpfiles.d/a.conf:2: lacks a type or a path",
            "/usr/lib/tmpfiles.d/a.conf:3: /srv/file is there already, as a file",
        ]
    );
}

#[test]
fn every_distribution_can_have_them() {
    for (name, is_kept) in [
        ("debian", true),
        ("fedora", true),
        ("alpine", false),
        ("suse", true),
        ("arch", true),
    ] {
        let mut tree = distribution(name);
        let recipe = || map([("tmpfiles", value!(["d /srv/web 0750 root root"]))]);
        step(&mut tree, "tmpfiles", &recipe()).unwrap();
        assert_eq!(step(&mut tree, "tmpfiles", &recipe()).unwrap().changes, []);
        assert_eq!(show(&mut tree, "/srv/web"), ["0750 0:0 /srv/web"], "{name}");
        assert_eq!(tree.resolve(DROP_IN.as_bytes()).is_ok(), is_kept, "{name}");
    }
}

#[test]
fn refusals() {
    for (line, message) in [
        ("", "lacks a type or a path"),
        ("d", "lacks a type or a path"),
        ("k /srv", "k is no type of tmpfiles.d(5)"),
        ("d* /srv", "d* has a modifier that its type does not take"),
        ("d? /srv", "d? has a modifier that its type does not take"),
        ("d!! /srv", "d!! has a modifier twice"),
        ("L~ /srv - - - - YQ==", "L~: only content can be in Base64"),
        (
            "f~ /srv/f - - - - YQ",
            "the argument is no Base64: Invalid padding",
        ),
        ("d srv", "the path srv is not absolute"),
        ("d /srv/../x", "the path /srv/../x has `..` in it"),
        ("d /srv/%z", "%z is no specifier; write % as %%"),
        ("d /srv 0888", "0888 is no mode"),
        ("d /srv 10000", "10000 is no mode"),
        ("d /srv 0o755", "0o755 is no mode"),
        ("d /srv - web", "the image has no user web"),
        ("d /srv - - web", "the image has no group web"),
        ("d /srv - 4294967295", "4294967295 is no user"),
        ("d /srv - - - soon", "soon is no age such as 10d or m:1h"),
        ("w /srv/f", "w lines need an argument, in the seventh field"),
        (
            "f^ /srv/f",
            "f lines need an argument, in the seventh field",
        ),
        (
            "c /srv/c - - - - 1",
            "1 are no numbers of a device, as in 1:3",
        ),
        (
            "c /srv/c - - - - 4096:0",
            "4096:0 are no numbers of a device, as in 1:3",
        ),
        ("C /srv/c - - - - x", "the source x is not absolute"),
        (
            "h /srv - - - - z",
            "z are no file attributes: `+`, `-` or `=`, then letters of aAcCdDeijPsStTu",
        ),
        (
            "t /srv - - - - user.a",
            "user.a is not of the form NAME=VALUE",
        ),
        (
            "t /srv - - - - a=b",
            "/srv: attribute \"a\" needs a name of at most 255 bytes in user., trusted., security. or system.",
        ),
        (
            "a /srv - - - - u:web:r",
            "the ACL entry u:web:r cannot be followed: the image's /etc/passwd has no user \"web\"",
        ),
        (
            "a /srv - - - - u:0:k",
            "the ACL entry u:0:k has permissions that are not of r, w, x, X, -",
        ),
        (
            "a /srv - - - - x::r",
            "the ACL entry x::r is none of user, group, mask, other",
        ),
        (
            "a /srv - - - - rwx",
            "the ACL entry rwx is not of the form tag:name:permissions",
        ),
        (
            "a /srv - - - - u::r,u::w",
            "the ACL entry u::w is there twice",
        ),
        ("d /srv/file", "/srv/file is there already, as a file"),
        ("f /srv/file/x", "/srv/file is a file, not a directory"),
    ] {
        let files = [SYSTEMD, ("/srv/file", "")];
        let recipe = map([("tmpfiles", value!([line]))]);
        assert_eq!(refusal(&files, "tmpfiles", &recipe), message, "{line}");
    }
    let recipe = map([("tmpfiles", value!(["d /srv/a", "d  /srv/a 0700"]))]);
    let message = refusal(&[SYSTEMD], "tmpfiles", &recipe);
    assert_eq!(message, "is about the same as the line \"d /srv/a\"");
}

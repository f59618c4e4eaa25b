//! Own lines, what is refused, and what other distributions have.

use crate::kit::{distribution, map, read, refusal, step, twice, value};

const SYSTEMD: (&str, &str) = ("/usr/lib/systemd/systemd", "");
const GROUP: (&str, &str) = ("/etc/group", "root:x:0:\nadm:x:4:\n");

#[test]
fn own_lines_are_applied_and_kept() {
    for (before, lines, after, passwd) in [
        (
            None,
            value!(["u  web 480", "m web adm"]),
            "u  web 480\nm web adm\n",
            "web:x:480:480::/:/usr/sbin/nologin\n",
        ),
        (
            Some("# mine\nu other 490\nu web 400\n#u web 1\nm web adm"),
            value!([" u! web 480 ", "m web adm", "m other adm"]),
            "# mine\nu other 490\nu! web 480\n#u web 1\nm web adm\nm other adm\n",
            "other:x:490:490::/:/usr/sbin/nologin\nweb:x:480:480::/:/usr/sbin/nologin\n",
        ),
    ] {
        let drop_in = "/etc/sysusers.d/hsb.conf";
        let mut files = vec![SYSTEMD, GROUP];
        files.extend(before.map(|text| (drop_in, text)));
        let (tree, done) = twice(&files, "sysusers", &map([("sysusers", lines)])).unwrap();
        assert_eq!(read(&tree, drop_in), after);
        assert_eq!(read(&tree, "/etc/passwd"), passwd);
        assert_eq!(done.warnings, [""; 0]);
    }
}

#[test]
fn lines_of_drop_ins_are_told_of() {
    let drop_in = (
        "/usr/lib/sysusers.d/a.conf",
        "u web 4\n\n# no\nz\nu %b 5\nu gone -:none\nu web 480\n",
    );
    let files = [SYSTEMD, GROUP, drop_in];
    let (tree, done) = twice(&files, "sysusers", &value!({})).unwrap();
    assert_eq!(
        read(&tree, "/etc/passwd"),
        "web:x:999:999::/:/usr/sbin/nologin\n"
    );
    assert_eq!(
        done.warnings,
        [
            "/usr/lib/sysusers.d/a.conf:1: uid 4 belongs to the group adm",
            "/usr/lib/sysusers.d/a.conf:4: \"z\" is none of the types u, u!, g, m, r",
            "/usr/lib/sysusers.d/a.conf:5: %b is known on a running system only",
            "/usr/lib/sysusers.d/a.conf:6: there is no group none",
            "/usr/lib/sysusers.d/a.conf:7: an earlier line wants the user web otherwise",
        ]
    );
}

#[test]
fn every_distribution_gives_its_own_numbers() {
    for (name, row, shadow, is_kept) in [
        (
            "debian",
            "web:x:999:999::/:/usr/sbin/nologin\n",
            "web:!*:10::::::\n",
            true,
        ),
        (
            "fedora",
            "web:x:999:999::/:/usr/sbin/nologin\n",
            "web:!*:10::::::\n",
            true,
        ),
        (
            "alpine",
            "web:x:999:999::/:/usr/sbin/nologin\n",
            "web:!*:10::::::\n",
            false,
        ),
        (
            "suse",
            "web:x:499:499::/:/usr/sbin/nologin\n",
            "web:!*:10::::::\n",
            true,
        ),
        (
            "arch",
            "web:x:997:997::/:/usr/sbin/nologin\n",
            "web:!*:10:::::1:\n",
            true,
        ),
    ] {
        let mut tree = distribution(name);
        let locked = name == "arch";
        let line = if locked { "u! web" } else { "u web -" };
        let before = read(&tree, "/etc/passwd");
        let recipe = || map([("sysusers", value!([line]))]);
        step(&mut tree, "sysusers", &recipe()).unwrap();
        assert_eq!(step(&mut tree, "sysusers", &recipe()).unwrap().changes, []);
        assert_eq!(read(&tree, "/etc/passwd"), before + row, "{name}");
        assert!(read(&tree, "/etc/shadow").ends_with(shadow), "{name}");
        let has_file = tree.resolve(b"/etc/sysusers.d/hsb.conf").is_ok();
        assert_eq!(has_file, is_kept, "{name}");
    }
}

#[test]
fn refusals() {
    for (lines, message) in [
        (value!(["u web 0"]), "uid 0 belongs to the group root"),
        (value!(["u web 4"]), "uid 4 belongs to the group adm"),
        (value!(["g web 4"]), "gid 4 belongs to the group adm"),
        (value!(["u web 480:77"]), "there is no group with gid 77"),
        (value!(["u web -:none"]), "there is no group none"),
        (value!(["u %m -"]), "%m is known on a running system only"),
        (
            value!(["u web 480", "u web 481"]),
            "is about the same as the line \"u web 480\"",
        ),
        (
            value!(["r - 4-4", "u web -"]),
            "no number is left for the group web",
        ),
        (value!(["u"]), "lacks a name"),
        (
            value!(["u web -1"]),
            "\"-1\" is no number of a user or group",
        ),
        (value!(["m web"]), "lacks a group"),
        (value!(["r - 9-5"]), "the range 9-5 is upside down"),
        (value!([""]), "\"\" is none of the types u, u!, g, m, r"),
        (value!(["u a b c"]), "\"b\" is no number of a user or group"),
        (value!(["u web - \"a"]), "a quote has no end"),
        (
            value!(["u web - a b"]),
            "\"b\" is no absolute path without `..` and `:`",
        ),
        (
            value!("u web"),
            "expected a list, found the string \"u web\"",
        ),
        (value!([(1_i64)]), "expected a string, found the number 1"),
    ] {
        let files = [SYSTEMD, GROUP];
        let recipe = map([("sysusers", lines)]);
        assert_eq!(refusal(&files, "sysusers", &recipe), message);
    }
}

//! Archives that look dangerous, and become an image all the same: nothing ever leaves the tree.

use super::archive::*;
use super::{SMALL, Work, hsb};
use crate::kit::{debugfs, e2fsck_clean};

#[test]
fn what_stays_inside_the_tree() {
    let many = |n: u64| {
        let members = (0..n).flat_map(|n| file(&format!("d{}/f{n}", n % 10)));
        members.collect::<Vec<u8>>()
    };
    let through =
        |target: &str| [link("a", b'2', target), member("a/passwd", b'0', b"root")].concat();
    let longest = "n".repeat(255);
    // What it is, the archive, and what debugfs then reads where.
    #[rustfmt::skip]
    let rows: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("absolute", member("/etc/passwd", b'0', b"root"), "cat /etc/passwd", "root"),
        ("through a link to /etc", through("/etc"), "cat /etc/passwd", "root"),
        ("through a link up", through("../../../../etc"), "cat /etc/passwd", "root"),
        ("through a link to the root", through("/.."), "cat /passwd", "root"),
        ("over a link", [link("a", b'2', "/etc/passwd"), member("a", b'0', b"root")].concat(), "cat /a", "root"),
        ("under many dots", member("././//.///a/./b", b'0', b"root"), "cat /a/b", "root"),
        ("a file twice", [member("f", b'0', b"old"), member("f", b'0', b"new")].concat(), "cat /f", "new"),
        ("a loop of links", [link("a", b'2', "b"), link("b", b'2', "a")].concat(), "stat /a", "Fast link dest: \"b\""),
        ("a link to itself", link("a", b'2', "a"), "stat /a", "Fast link dest: \"a\""),
        ("names of any bytes", pax("path", b"\xff\xfe\n\x1b[31m\x7f"), "ls -p /", "\x1b[31m\x7f"),
        ("a name of 255 bytes", pax("path", &[b'n'; 255]), "ls -p /", &longest),
        ("a value with newlines and NULs", pax("SCHILY.xattr.user.a", b"\n\0=\n"), "ea_get /f user.a", ""),
        ("a file that is mostly a hole", sparse(&[("map", "17592186000000,1"), ("size", "17592186040320")], b"x"), "stat /f", "Size: 17592186040320"),
        ("owners without a name", edited("f", b'0', b"", &[(UID, b"\x80\0\0\0\xff\xff\xff\xfe")]), "stat /f", "User:    -2 "),
        ("many folders that have no member", many(500), "cat /d7/f7", ""),
        ("only an end", vec![], "stat /", "Type: directory"),
        ("noise after the end", [file("f"), END.to_vec(), vec![0xff; 3000]].concat(), "stat /f", "Type: regular"),
        ("global headers", [member("g", b'g', &record("mtime", b"77")), file("f")].concat(), "stat /f", "mtime: 0x0000004d"),
        ("links in a circle of folders", [link("d/up", b'2', ".."), member("d/up/d/up/d/f", b'0', b"root")].concat(), "cat /d/f", "root"),
    ];
    let work = Work::new("harmless");
    work.write("build.yaml", "table: none\n");
    let out = work.join("image.raw");
    for (what, archive, request, want) in rows {
        work.write("in.tar", [archive, END.to_vec()].concat());
        let run = hsb(&work, &["build", "-q", "-i", "in.tar"], SMALL);
        assert_eq!(run.code, Some(0), "{what}: {run:?}");
        assert_eq!(
            work.names(),
            ["build.yaml", "image.raw", "in.tar"],
            "{what}"
        );
        e2fsck_clean(&out, 0);
        let got = debugfs(&out, 0, request);
        assert!(got.contains(want), "{what}: wanted: {want}\ngot: {got}");
    }
}

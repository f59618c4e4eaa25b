//! Archives that are refused, each with what its message must say.

use super::*;

fn check(rows: Vec<(Vec<Vec<u8>>, &str)>) {
    for (pieces, want) in rows {
        let message = message(read_as_is(pieces.concat()));
        assert!(message.contains(want), "wanted: {want}\n   got: {message}");
        assert!(message.len() < 700 && !message.contains('\n'), "{message}");
    }
}

#[test]
fn names() {
    let long = "n".repeat(256);
    let deep = "d/".repeat(33_000);
    let file = || member("f", b'0', b"");
    check(vec![
        (
            vec![member("", b'0', b"")],
            "member \"\" at byte 0: an empty name",
        ),
        (
            vec![member("a/../b", b'0', b"")],
            "member \"a/../b\" at byte 0: \"..\" in the name",
        ),
        (vec![member("..", b'5', b"")], "\"..\" in the name \"..\""),
        (
            vec![pax(&[("path", long.as_bytes())]), file()],
            "a name of 256 bytes, at most 255",
        ),
        (
            vec![pax(&[("path", deep.as_bytes())]), file()],
            "a path of 66000 bytes, at most 65536",
        ),
        (
            vec![pax(&[("path", b"a\0b")]), file()],
            "member \"a\\0b\" at byte 0: a name holds a NUL",
        ),
        (
            vec![file(), link("l", b'1', "../f")],
            "member \"l\" at byte 512: the file it is a link to: \"..\"",
        ),
        (
            vec![link("l", b'1', "")],
            "the file it is a link to: an empty name",
        ),
        (
            vec![link("l", b'1', "f")],
            "member \"l\" at byte 0: hard link to \"f\": no such file or directory: /f",
        ),
        (
            vec![link("l", b'1', "l")],
            "hard link to \"l\": no such file",
        ),
        (
            vec![file(), link("l", b'1', "f/x")],
            "hard link to \"f/x\": no such file or directory: /f/x",
        ),
        (
            vec![member("d", b'5', b""), link("l", b'1', "d")],
            "hard link to \"d\": a directory has one name only",
        ),
        (vec![link("l", b'1', ".")], "a directory has one name only"),
        (
            vec![link("l", b'2', "")],
            "member \"l\" at byte 0: a symbolic link to nothing",
        ),
        (
            vec![pax(&[("linkpath", &[b't'; 4096])]), link("l", b'2', "x")],
            "a link target of 4096 bytes, at most 4095",
        ),
        (
            vec![pax(&[("linkpath", b"a\0b")]), link("l", b'2', "x")],
            "a link target with a NUL byte",
        ),
        (
            vec![member("d/f", b'0', b""), member("d", b'0', b"")],
            "member \"d\" at byte 512: it would replace a directory of 1 entries",
        ),
        (
            vec![file(), member("f/x", b'0', b"")],
            "member \"f/x\" at byte 512: /f is not a directory",
        ),
        (
            vec![link("l", b'2', "l"), member("l/x", b'0', b"")],
            "more than 40 symbolic links",
        ),
        (
            vec![link("./", b'2', "x")],
            "member \"./\" at byte 0: the root of the tree can be nothing but a directory",
        ),
    ]);
}

#[test]
fn numbers() {
    let edit = |edit: fn(&mut UstarHeader)| vec![edited("f", b'0', b"", edit)];
    let with = |key: &'static str, value: &'static [u8]| {
        vec![pax(&[(key, value)]), member("f", b'0', b""), vec![0; 1024]]
    };
    check(vec![
        (
            edit(|h| h.uid = *b"\x80\0\0\0\xff\xff\xff\xff"),
            "member \"f\" at byte 0: uid 4294967295 is not in 0..=4294967294",
        ),
        (
            edit(|h| h.gid = *b"\xff\xff\xff\xff\xff\xff\xff\xff"),
            "gid -1 is not in",
        ),
        (
            edit(|h| h.uid = *b"0000008\0"),
            "member \"f\" at byte 0: uid \"0000008\" is no octal number",
        ),
        (
            edit(|h| h.mode = *b"rwxr-xr\0"),
            "mode \"rwxr-xr\" is no octal number",
        ),
        (
            edit(|h| h.size = *b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            "size -1 is not in",
        ),
        (
            edit(|h| h.size = *b"\x80\0\0\x01\0\0\0\0\0\0\0\0"),
            "size 18446744073709551616 is not in 0..=9223372036854775807",
        ),
        (
            edit(|h| h.size = *b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"),
            "end past the end of any archive",
        ),
        (
            edit(|h| h.size = *b"77777777777\0"),
            "member \"f\" at byte 0: the archive ends at byte 512, 8589934592 bytes short",
        ),
        (
            edit(|h| h.mtime = *b"\x80\0\0\0\x80\0\0\0\0\0\0\0"),
            "time 9223372036854775808 is out of range",
        ),
        (
            with("uid", b"4294967295"),
            "member \"f\" at byte 0: uid 4294967295 is not in 0..=4294967294",
        ),
        (with("uid", b"-1"), "uid -1 is not in"),
        (
            with("gid", b"0x10"),
            "extended header at byte 0: extended header record \"gid\": \"0x10\" is no decimal number",
        ),
        (
            with("mtime", b"1,5"),
            "record \"mtime\": \"1,5\" is no time",
        ),
        (
            with("size", b"9223372036854775808"),
            "size 9223372036854775808 is not in",
        ),
        (
            with("size", b"1025"),
            "the archive ends at byte 2560, 512 bytes short",
        ),
        (
            with("SCHILY.xattr.user.", b""),
            "\"user.\" is no attribute name",
        ),
        (
            with("SCHILY.acl.access", b"user::x"),
            "member \"f\" at byte 0: an ACL needs one",
        ),
        (
            with(
                "SCHILY.acl.access",
                b"user:eve:r,mask::r,user::x,group::x,other::x",
            ),
            "user \"eve\" is not in the archive's /etc/passwd",
        ),
        (
            with("SCHILY.xattr.system.posix_acl_access", b"\x02\0\0\0"),
            "member \"f\" at byte 0: an ACL needs one \"user::\" entry, this one has 0",
        ),
        (
            with(
                "SCHILY.xattr.system.posix_acl_access",
                b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x07\0\xe8\x03\0\0\
                  \x04\0\x04\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff",
            ),
            "member \"f\" at byte 0: an ACL that names someone needs a \"mask::\" entry",
        ),
    ]);
    let device = |major, minor, magic: bool| {
        edited("dev", b'4', b"", move |h| {
            octal(&mut h.dev_major, major);
            octal(&mut h.dev_minor, minor);
            if !magic {
                h.magic = [0; 6];
            }
        })
    };
    check(vec![
        (
            vec![device(4096, 0, true)],
            "member \"dev\" at byte 0: device major number 4096 is not in 0..=4095",
        ),
        (
            vec![device(0, 1_048_576, true)],
            "device minor number 1048576 is not in 0..=1048575",
        ),
        (vec![device(1, 1, false)], "a device in a v7 header"),
    ]);
}

#[test]
fn headers() {
    let file = || member("f", b'0', b"x");
    let broken = || {
        let mut bytes = member("g", b'0', b"x");
        bytes[0] = b'h';
        bytes
    };
    let global = |value: &[u8]| pax_of_type(b'g', &[("SCHILY.xattr.user.x", value)]);
    check(vec![
        (
            vec![file(), broken()],
            "header at byte 1024: not a tar header: its checksum is",
        ),
        (
            vec![file(), vec![0xff; 512]],
            "header at byte 1024: not a tar header: its checksum is 128776, and -1 is written",
        ),
        (
            vec![member("f", b'Z', b"")],
            "member \"f\" at byte 0: members of type 'Z' are not known",
        ),
        (vec![member("f", 0xfe, b"")], "type '\\xfe'"),
        (
            vec![member("f", b'M', b"x")],
            "member \"f\" at byte 0: it goes on from another volume",
        ),
        (
            vec![file(), pax(&[("path", b"x")]), ZEROS.to_vec()],
            "extended header at byte 1024: no member follows it",
        ),
        (
            vec![member("f", b'L', b""), vec![0; 1024]],
            "extended header at byte 0: no member follows it",
        ),
        (
            vec![member("x", b'x', b"junk"), file()],
            "extended header at byte 0: byte 0 of its extended header is no record",
        ),
        (
            vec![member("x", b'x', b"9 path=a\n9 path"), file()],
            "byte 9 of its extended header is no record",
        ),
        (
            vec![edited("x", b'x', b"", |h| {
                octal(&mut h.size, (64 << 20) + 1);
            })],
            "extended header at byte 0: size 67108865 is not in 0..=67108864",
        ),
        (
            vec![edited("x", b'x', b"", |h| octal(&mut h.size, 64 << 20))],
            "67109376 bytes for one member",
        ),
        (
            vec![edited("x", b'L', b"", |h| octal(&mut h.size, 1 << 20))],
            "long name at byte 0: the archive ends at byte 512",
        ),
        (
            vec![edited("x", b'g', b"", |h| octal(&mut h.size, 1 << 20))],
            "global extended header at byte 0: the archive ends at byte 512",
        ),
        (
            vec![global(&[0; 4091])],
            "4097 bytes of names and attributes for every member, at most 4096 are allowed",
        ),
        (
            vec![global(&[0; 5000])],
            "global extended header at byte 0: 5006 bytes",
        ),
    ]);
}

#[test]
fn archives_cut_short() {
    let pieces = [
        pax(&[("mtime", b"1.5")]),
        member("a", b'0', &[b'a'; 600]),
        link("l", b'1', "a"),
        member("b", b'0', b"b"),
        vec![0; 1024],
    ];
    let bytes = pieces.concat();
    for len in 0..bytes.len() {
        let got = read_as_is(bytes[..len].to_vec());
        // Half an end marker is one all the same.
        let good = len >= 4096 + 512;
        assert_eq!(got.is_ok(), good, "{len}: {}", message(got));
    }
    let cut = |len| message(read_as_is(bytes[..len].to_vec()));
    assert_eq!(
        cut(1),
        "header at byte 0: the archive ends at byte 1, 511 bytes short"
    );
    assert_eq!(
        cut(600),
        "extended header at byte 0: the archive ends at byte 600, 424 bytes short"
    );
    assert_eq!(
        cut(2000),
        "member \"a\" at byte 0: the archive ends at byte 2000, 560 bytes short"
    );
    assert_eq!(
        cut(2600),
        "header at byte 2560: the archive ends at byte 2600, 472 bytes short"
    );
    // Between two members.
    assert_eq!(
        cut(3072),
        "the archive ends at byte 3072 without an end marker, as if it was cut short; make or \
         fetch it again, or if nothing is missing, append 1024 zero bytes to the tar"
    );
    let zeroed = [&bytes[..1024], &ZEROS, &bytes[2560..]].concat();
    assert_eq!(
        message(read_as_is(zeroed)),
        "the zero block at byte 1024 is no end marker, as no other one follows: the archive is \
         damaged, or joined from several; make it again"
    );
}

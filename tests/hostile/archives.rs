//! Tar archives that are refused.

use super::archive::*;
use super::{SMALL, Try, Work, none};

/// What is wrong, the archive, and what the message says.
type Row = (&'static str, Vec<u8>, &'static str);

/// Tries the rows, each archive with an end marker.
fn check(rows: Vec<Row>) {
    let ended = |(what, archive, want)| (what, [archive, END.to_vec()].concat(), want);
    check_as_is(rows.into_iter().map(ended).collect());
}

/// Tries the rows; a message that begins with a member or header has the archive's name before.
fn check_as_is(rows: Vec<Row>) {
    let work = Work::new("hostile");
    work.write("build.yaml", "table: none\n");
    none(rows.into_iter().map(|(what, archive, want)| {
        work.write("in.tar", archive);
        let file = if want.starts_with("filesystem") {
            ""
        } else {
            "in.tar: "
        };
        let attempt = Try {
            what,
            args: &["build", "-q", "-i", "in.tar"],
            memory: SMALL,
            code: 1,
            want: format!("hsb: {file}{want}"),
        };
        attempt.complaint(&work)
    }));
}

#[test]
fn cut_short() {
    let cut = |bytes: Vec<u8>, len: usize| bytes[..len].to_vec();
    let lying = |flag| [edited("x", flag, b"", &[(SIZE, b"00000010000")]), file("f")].concat();
    #[rustfmt::skip]
    check_as_is(vec![
        ("no bytes", vec![], "not a tar archive: it is an empty file"),
        ("part of a header", vec![0; 511], "not a tar archive: it is shorter than one tar header (512 bytes)"),
        ("cut in a header", cut([file("f"), file("g")].concat(), 900), "header at byte 512: the archive ends at byte 900, 124 bytes short"),
        ("cut in data", cut(member("f", b'0', &[1; 2000]), 1500), "member \"f\" at byte 0: the archive ends at byte 1500, 1060 bytes short"),
        ("cut between members", file("f"), "the archive ends at byte 512 without an end marker, as if it was cut short; make or fetch it again, or if nothing is missing, append 1024 zero bytes to the tar"),
        ("size past the end", edited("f", b'0', b"", &[(SIZE, b"77777777777")]), "member \"f\" at byte 0: the archive ends at byte 512, 8589934592 bytes short"),
        ("size past the end", pax("size", b"513"), "member \"f\" at byte 0: the archive ends at byte 1536, 1024 bytes short"),
        ("lying length", lying(b'x'), "extended header at byte 0: the archive ends at byte 1024, 3584 bytes short"),
        ("lying length of a name", lying(b'K'), "long name at byte 0: the archive ends at byte 1024, 3584 bytes short"),
        ("old map goes on past the end", edited("f", b'S', b"", &[(MAGIC, b"ustar  \0"), (EXTENDED, b"1"), (REAL_SIZE, b"00000000004")]), "member \"f\" at byte 0: the archive ends at byte 512, 512 bytes short"),
    ]);
}

#[test]
fn headers() {
    let edit = |fields: &[_]| edited("f", b'0', b"", fields);
    #[rustfmt::skip]
    check(vec![
        ("text", b"no archive\n".repeat(99), "not a tar archive: it is no format that is known here"),
        ("first checksum", broken("f"), "not a tar archive: it is no format that is known here, or damaged"),
        ("second checksum", [file("f"), broken("g")].concat(), "header at byte 512: not a tar header: its checksum is 3148, and 3149 is written there"),
        ("noise", [file("f"), vec![0xff; 512]].concat(), "header at byte 512: not a tar header: its checksum is 128776, and -1 is written there"),
        ("no checksum", [file("f"), vec![b'9'; 512]].concat(), "header at byte 512: checksum \"99999999\" is no octal number"),
        ("type", member("f", b'Z', b""), "member \"f\" at byte 0: members of type 'Z' are not known"),
        ("other volume", member("f", b'M', b"x"), "member \"f\" at byte 0: it goes on from another volume"),
        ("zeros for a header", [file("f"), vec![0; 512], file("g")].concat(), "the zero block at byte 512 is no end marker, as no other one follows"),
        ("size is text", edit(&[(SIZE, b"12 bytes")]), "member \"f\" at byte 0: size \"12 bytes000\" is no octal number"),
        ("size below zero", edit(&[(SIZE, &[0xff; 12])]), "member \"f\" at byte 0: size -1 is not in 0..=9223372036854775807"),
        ("size 2^64", edit(&[(SIZE, b"\x80\0\0\x01\0\0\0\0\0\0\0\0")]), "member \"f\" at byte 0: size 18446744073709551616 is not in 0..=9223372036854775807"),
        ("size 2^94", edit(&[(SIZE, b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")]), "member \"f\" at byte 0: size 19807040628566084398385987583 is not in"),
        ("size 2^63-1", edit(&[(SIZE, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff")]), "member \"f\" at byte 0: 9223372036854775807 bytes end past the end of any archive"),
        ("mode", edit(&[(MODE, b"rwxr-xr")]), "member \"f\" at byte 0: mode \"rwxr-xr\" is no octal number"),
        ("uid 2^32-1", edit(&[(UID, b"\x80\0\0\0\xff\xff\xff\xff")]), "member \"f\" at byte 0: uid 4294967295 is not in 0..=4294967294"),
        ("uid 8", edit(&[(UID, b"8")]), "member \"f\" at byte 0: uid \"8000000\" is no octal number"),
        ("gid -1", edit(&[(GID, &[0xff; 8])]), "member \"f\" at byte 0: gid -1 is not in 0..=4294967294"),
        ("time 2^63", edit(&[(MTIME, b"\x80\0\0\0\x80\0\0\0\0\0\0\0")]), "member \"f\" at byte 0: time 9223372036854775808 is out of range"),
        ("major 4096", edited("d", b'3', b"", &[(MAJOR, b"0010000\0")]), "member \"d\" at byte 0: device major number 4096 is not in 0..=4095"),
        ("minor 2^20", edited("d", b'4', b"", &[(MINOR, b"4000000\0")]), "member \"d\" at byte 0: device minor number 1048576 is not in 0..=1048575"),
        ("minor -1", edited("d", b'4', b"", &[(MINOR, &[0xff; 8])]), "member \"d\" at byte 0: device minor number -1 is not in 0..=1048575"),
        ("device without numbers", edited("d", b'4', b"", &[(MAGIC, &[0; 8])]), "member \"d\" at byte 0: a device in a v7 header, which has no device numbers"),
    ]);
}

#[test]
fn extended_headers() {
    let long = "n".repeat(252);
    let size = |flag, size: &[u8]| [edited("x", flag, b"", &[(SIZE, size)]), file("f")].concat();
    #[rustfmt::skip]
    check(vec![
        ("junk", records(b"junk"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("length 0", records(b"0 \n"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("length too long", records(b"9 path=a\n99 path=b\n"), "extended header at byte 0: byte 9 of its extended header is no record"),
        ("length too short", records(b"8 path=ab\n"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("length below zero", records(b"-9 path=a\n"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("length of 40 digits", records(&[&[b'9'; 40][..], b" path=a\n"].concat()), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("no newline", records(b"9 path=ab"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("no value", records(b"7 path\n"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("no key", records(b"5 =a\n"), "extended header at byte 0: byte 0 of its extended header is no record"),
        ("zeros after", records(b"9 path=a\n\0\0\0"), "extended header at byte 0: byte 9 of its extended header is no record"),
        ("no member", member("x", b'x', &record("path", b"a")), "extended header at byte 0: no member follows it"),
        ("64 MiB", size(b'x', b"00400000001"), "extended header at byte 0: size 67108865 is not in 0..=67108864"),
        ("64 MiB for a name", size(b'L', b"00400000001"), "long name at byte 0: size 67108865 is not in 0..=67108864"),
        ("negative length", size(b'g', &[0xff; 12]), "global extended header at byte 0: size -1 is not in 0..=67108864"),
        ("no member after a long name", member("x", b'L', b"a"), "extended header at byte 0: no member follows it"),
        ("long name of a MiB", [member("x", b'L', &[b'a'; 1 << 20]), file("f")].concat(), "member \"a ... at byte 0: a path of 1048576 bytes, at most 65536 are allowed"),
        ("long target of a MiB", [member("x", b'K', &[b'a'; 1 << 20]), link("l", b'2', "")].concat(), "member \"l\" at byte 0: a link target of 1048576 bytes, at most 4095 are allowed"),
        ("path of a MiB", pax("path", &[b'a'; 1 << 20]), "member \"a ... at byte 0: a path of 1048576 bytes, at most 65536 are allowed"),
        ("NUL in the path", pax("path", b"a\0b"), "member \"a\\0b\" at byte 0: a name holds a NUL byte"),
        ("\"..\" in the path", pax("path", b"../../etc/passwd"), "member \"../../etc/passwd\" at byte 0: \"..\" in the name"),
        ("uid 2^32", pax("uid", b"4294967296"), "member \"f\" at byte 0: uid 4294967296 is not in 0..=4294967294"),
        ("gid in hexadecimal", pax("gid", b"0x10"), "extended header at byte 0: extended header record \"gid\": \"0x10\" is no decimal number"),
        ("size -1", pax("size", b"-1"), "member \"f\" at byte 0: size -1 is not in 0..=9223372036854775807"),
        ("size 2^63", pax("size", b"9223372036854775808"), "member \"f\" at byte 0: size 9223372036854775808 is not in"),
        ("time", pax("mtime", b"1,5"), "extended header at byte 0: extended header record \"mtime\": \"1,5\" is no time"),
        ("global names", member("g", b'g', &record("linkpath", &[b'a'; 4097])), "global extended header at byte 0: 4097 bytes of names and attributes for every member, at most 4096 are allowed"),
        ("attribute without a name", pax("SCHILY.xattr.user.", b""), "extended header at byte 0: extended header record \"SCHILY.xattr.user.\": \"user.\" is no attribute name"),
        ("attribute with NUL", pax("SCHILY.xattr.user.a\0b", b""), "extended header at byte 0: extended header record \"SCHILY.xattr.user.a\\0b\": \"user.a\\0b\" is no attribute name"),
        ("long attribute name", pax(&format!("SCHILY.xattr.user.{long}"), b""), "extended header at byte 0: extended header record"),
        ("attribute value of 64 KiB and one", pax("SCHILY.xattr.user.a", &[0; 65537]), "extended header at byte 0: extended header record \"SCHILY.xattr.user.a\": a value of 65537 bytes, at most 65536 are allowed"),
        ("attribute that is no base64", pax("LIBARCHIVE.xattr.user.a", b"a"), "extended header at byte 0: extended header record \"LIBARCHIVE.xattr.user.a\": no base64"),
        ("ACL of one entry", pax("SCHILY.acl.access", b"user::x"), "member \"f\" at byte 0: an ACL needs one \"group::\" entry, this one has 0"),
        ("ACL of nonsense", pax("SCHILY.acl.access", b"\xff\0:::::"), "member \"f\" at byte 0: ACL entry"),
        ("ACL for nobody known", pax("SCHILY.acl.access", b"user::x,group::x,other::x,mask::x,user:eve:r"), "member \"f\" at byte 0: ACL entry \"user:eve:r\": user \"eve\" is not in the archive's /etc/passwd"),
        ("ACL id 2^32", pax("SCHILY.acl.default", b"user::x,group::x,other::x,mask::x,user:4294967296:r"), "member \"f\" at byte 0: ACL entry \"user:4294967296:r\": 4294967296 is no user or group number"),
        ("ACL value of noise", pax("SCHILY.xattr.system.posix_acl_access", b"noise"), "member \"f\" at byte 0: ACL version"),
    ]);
}

#[test]
fn sparse_files() {
    let map = |map| sparse(&[("size", "100"), ("map", map)], b"abcd");
    let old = |fields: &[_]| {
        edited(
            "f",
            b'S',
            b"abcd",
            &[&[(MAGIC, &b"ustar  \0"[..])], fields].concat(),
        )
    };
    #[rustfmt::skip]
    check(vec![
        ("parts overlap", map("0,3,2,1"), "member \"f\" at byte 0: the parts in its sparse map overlap, or end after its 100 bytes"),
        ("parts go back", map("50,2,0,2"), "member \"f\" at byte 0: the parts in its sparse map overlap, or end after its 100 bytes"),
        ("part past the end", map("99,4"), "member \"f\" at byte 0: the parts in its sparse map overlap, or end after its 100 bytes"),
        ("less than its map", map("0,50"), "member \"f\" at byte 0: its sparse map is about 50 bytes, the archive holds 4"),
        ("more than its map", map("0,3"), "member \"f\" at byte 0: its sparse map is about 3 bytes, the archive holds 4"),
        ("odd map", map("0,3,4"), "extended header at byte 0: extended header record \"GNU.sparse.map\": an odd count of numbers"),
        ("offset -1", map("-1,4"), "extended header at byte 0: extended header record \"GNU.sparse.map\": offset of a part -1 is not in"),
        ("parts of 2^63", map("0,9223372036854775807,9223372036854775807,1"), "extended header at byte 0: extended header record \"GNU.sparse.map\": the parts are larger together than any file can be"),
        ("length without offset", sparse(&[("numbytes", "4")], b""), "extended header at byte 0: extended header record \"GNU.sparse.numbytes\": the offset before it is missing"),
        ("no size", sparse(&[("map", "0,4")], b"abcd"), "member \"f\" at byte 0: a sparse file without GNU.sparse.size"),
        ("size -1", sparse(&[("map", ""), ("size", "-1")], b""), "member \"f\" at byte 0: real size -1 is not in 0..=9223372036854775807"),
        ("size 2^63-1", sparse(&[("map", ""), ("size", "9223372036854775807")], b""), "filesystem /: /f: 9223372036854775807 bytes, ext4 allows 17592186040320"),
        ("format 2.0", sparse(&[("major", "2"), ("minor", "0")], b""), "member \"f\" at byte 0: sparse format 2.0 is not known"),
        ("map of letters", sparse_1_0("9", b"one\n", b""), "member \"f\" at byte 0: its sparse map has 'o' in a number"),
        ("map of negative length", sparse_1_0("9", b"1\n0\n-1\n", b""), "member \"f\" at byte 0: its sparse map has '-' in a number"),
        ("endless number", sparse_1_0("9", &[b'9'; 600], b""), "member \"f\" at byte 0: a number of more than 20 digits"),
        ("map cut short", sparse_1_0("9", b"3\n0\n1\n", b""), "member \"f\" at byte 0: its sparse map has '\\x00' in a number"),
        ("map longer than the data", sparse(&[("major", "1"), ("minor", "0"), ("realsize", "9")], b"9"), "member \"f\" at byte 0: its sparse map has '\\x00' in a number"),
        ("no data for a map", sparse(&[("major", "1"), ("minor", "0"), ("realsize", "9")], b""), "member \"f\" at byte 0: its sparse map ends after its 0 bytes"),
        ("too many parts", sparse_1_0("9", b"10000001\n", b""), "member \"f\" at byte 0: number of parts 10000001 is not in 0..=10000000"),
        ("old map of text", old(&[(SPARSE, b"text        4")]), "member \"f\" at byte 0: offset of a part \"text        \" is no octal number"),
        ("old offset -1", old(&[(SPARSE, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff00000000004")]), "member \"f\" at byte 0: offset of a part -1 is not in"),
        ("old map without its size", old(&[(SPARSE, b"00000000000\x0000000000004\0")]), "member \"f\" at byte 0: the parts in its sparse map overlap, or end after its 0 bytes"),
    ]);
}

#[test]
fn names_and_links() {
    let chain = (0..42).flat_map(|n| link(&format!("l{n}"), b'2', &format!("l{}", n + 1)));
    let chain: Vec<u8> = chain.collect();
    #[rustfmt::skip]
    check(vec![
        ("no name", file(""), "member \"\" at byte 0: an empty name"),
        ("the root as a file", file("."), "member \".\" at byte 0: the root of the tree can be nothing but a directory"),
        ("the root as a link", link("./", b'2', "/etc"), "member \"./\" at byte 0: the root of the tree can be nothing but a directory"),
        ("up", member("..", b'5', b""), "member \"..\" at byte 0: \"..\" in the name \"..\" is not allowed"),
        ("up and up", file("a/../../b"), "member \"a/../../b\" at byte 0: \"..\" in the name \"a/../../b\" is not allowed"),
        ("up from the root", file("/../etc/passwd"), "member \"/../etc/passwd\" at byte 0: \"..\" in the name"),
        ("256 bytes", pax("path", &[b'n'; 256]), "member \"n ... at byte 0: a name of 256 bytes, at most 255 are allowed"),
        ("66,000 bytes deep", pax("path", &b"d/".repeat(33_000)), "member \"d/ ... at byte 0: a path of 66000 bytes, at most 65536 are allowed"),
        ("file as a folder", [file("f"), file("f/x")].concat(), "member \"f/x\" at byte 512: /f is not a directory"),
        ("folder as a file", [file("d/x"), file("d")].concat(), "member \"d\" at byte 512: it would replace a directory of 1 entries"),
        ("folder as a link", [file("d/x"), link("d", b'2', "/etc")].concat(), "member \"d\" at byte 512: it would replace a directory of 1 entries"),
        ("hard link to itself", link("l", b'1', "l"), "member \"l\" at byte 0: hard link to \"l\": no such file or directory: /l"),
        ("hard link to nothing", link("l", b'1', "gone"), "member \"l\" at byte 0: hard link to \"gone\": no such file or directory: /gone"),
        ("hard link to what comes later", [link("l", b'1', "f"), file("f")].concat(), "member \"l\" at byte 0: hard link to \"f\": no such file or directory: /f"),
        ("hard link to a folder", [member("d", b'5', b""), link("l", b'1', "d")].concat(), "member \"l\" at byte 512: hard link to \"d\": a directory has one name only"),
        ("hard link to the root", link("l", b'1', "/"), "member \"l\" at byte 0: hard link to \"/\": a directory has one name only"),
        ("hard link up", link("l", b'1', "../../etc/shadow"), "member \"l\" at byte 0: the file it is a link to: \"..\" in the name"),
        ("hard link through a file", [file("f"), link("l", b'1', "f/x")].concat(), "member \"l\" at byte 512: hard link to \"f/x\": no such file or directory: /f/x"),
        ("hard link without a target", link("l", b'1', ""), "member \"l\" at byte 0: the file it is a link to: an empty name"),
        ("link without a target", link("l", b'2', ""), "member \"l\" at byte 0: a symbolic link to nothing"),
        ("target with NUL", [member("x", b'x', &record("linkpath", b"a\0b")), link("l", b'2', "x")].concat(), "member \"l\" at byte 0: a link target with a NUL byte"),
        ("target of 4,096 bytes", [member("x", b'x', &record("linkpath", &[b't'; 4096])), link("l", b'2', "x")].concat(), "member \"l\" at byte 0: a link target of 4096 bytes, at most 4095 are allowed"),
        ("link to itself as a folder", [link("l", b'2', "l"), file("l/x")].concat(), "member \"l/x\" at byte 512: more than 40 symbolic links on the way"),
        ("two links to each other", [link("a", b'2', "b"), link("b", b'2', "a"), file("a/x")].concat(), "member \"a/x\" at byte 1024: more than 40 symbolic links on the way"),
        ("a chain of 41 links", [chain, file("l0/x")].concat(), "member \"l0/x\" at byte 21504: more than 40 symbolic links on the way"),
    ]);
}

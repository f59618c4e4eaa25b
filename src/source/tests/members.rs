//! What members make of the tree, and of each other.

use super::*;

/// Checks the listing of an archive; the root only where it is listed.
#[track_caller]
fn check(pieces: &[Vec<u8>], want: &[&str]) {
    let loaded = read(pieces).unwrap_or_else(|e| panic!("{e:#}"));
    let lines = listing(&loaded);
    let with_root = want.first().is_some_and(|line| line.starts_with("/ "));
    assert_eq!(lines[usize::from(!with_root)..], *want);
}

fn device(path: &str, flag: u8, major: u64, minor: u64) -> Vec<u8> {
    edited(path, flag, b"", |h| {
        octal(&mut h.dev_major, major);
        octal(&mut h.dev_minor, minor);
    })
}

#[test]
fn every_kind_of_member() {
    check(
        &[
            member("./", b'5', b""),
            member("old", 0, b"x"),
            member("olddir/", 0, b""),
            member("file", b'0', b"x"),
            member("contiguous", b'7', b"x"),
            link("link", b'2', "a/b"),
            device("char", b'3', 4095, 1_048_575),
            device("block", b'4', 8, 1),
            member("dir", b'5', b""),
            member("fifo", b'6', b""),
            member("dumped/", b'D', b"Yfile\0\0"),
            member("label", b'V', b""),
            link("linkto", b'1', "/fifo"),
        ],
        &[
            "/ directory 644 1:2 100",
            "/block block device 644 1:2 100 8:1",
            "/char character device 644 1:2 100 4095:1048575",
            "/contiguous file 644 1:2 100 \"x\"",
            "/dir directory 644 1:2 100",
            "/dumped directory 644 1:2 100",
            "/fifo FIFO 644 1:2 100",
            "/file file 644 1:2 100 \"x\"",
            "/link symlink 644 1:2 100 -> a/b",
            "/linkto FIFO 644 1:2 100",
            "/old file 644 1:2 100 \"x\"",
            "/olddir directory 644 1:2 100",
        ],
    );
}

#[test]
fn all_ways_to_write_a_path_are_one() {
    for path in [
        "a/b",
        "./a/b",
        "/a/b",
        "a//b",
        "a/./b/.",
        "////a/b//",
        "./././a/b/./",
    ] {
        check(
            &[
                member("a", b'5', b""),
                member("a/b", b'0', b"old"),
                link(path, b'2', "t"),
            ],
            &["/a directory 644 1:2 100", "/a/b symlink 644 1:2 100 -> t"],
        );
    }
    for path in [".", "./", "/", "//", "/./."] {
        check(&[member(path, b'5', b"")], &["/ directory 644 1:2 100"]);
    }
}

#[test]
fn directories_without_a_member_get_the_newest_time() {
    let old = edited("a/b/old", b'0', b"", |h| octal(&mut h.mtime, 7));
    let want = [
        "/ directory 755 0:0 100",
        "/a directory 755 0:0 100",
        "/a/b directory 644 1:2 100",
        "/a/b/old file 644 1:2 7 \"\"",
        "/a/c directory 755 0:0 100",
        "/a/c/new file 644 1:2 100 \"\"",
    ];
    check(
        &[
            old.clone(),
            member("a/c/new", b'0', b""),
            member("a/b", b'5', b""),
        ],
        &want,
    );
    let bytes = [&old[..], &member("d", b'5', b""), &ZEROS, &ZEROS].concat();
    let time = Timestamp { secs: -5, nanos: 3 };
    let loaded = read_at(bytes, Some(time)).unwrap();
    assert_eq!(listing(&loaded)[1], "/a directory 755 0:0 -5+3ns");
    assert_eq!((loaded.newest.secs, loaded.members), (100, 2));
    check(&[], &["/ directory 755 0:0 0"]);
}

#[test]
fn the_last_member_of_a_name_wins() {
    let file = |data: &[u8]| member("a", b'0', data);
    let dir = || member("a", b'5', b"");
    let below = || member("a/b", b'0', b"b");
    let a = |what: &'static str| -> &'static str { what };
    for (pieces, want) in [
        (
            vec![file(b"old"), file(b"new")],
            vec![a("/a file 644 1:2 100 \"new\"")],
        ),
        (
            vec![link("a", b'2', "t"), file(b"new")],
            vec![a("/a file 644 1:2 100 \"new\"")],
        ),
        (
            vec![dir(), file(b"new")],
            vec![a("/a file 644 1:2 100 \"new\"")],
        ),
        (
            vec![file(b"old"), dir()],
            vec![a("/a directory 644 1:2 100")],
        ),
        (
            vec![
                member("d/x", b'0', b"x"),
                link("a", b'2', "d"),
                dir(),
                below(),
            ],
            vec![
                "/a directory 644 1:2 100",
                "/a/b file 644 1:2 100 \"b\"",
                "/d directory 755 0:0 100",
                "/d/x file 644 1:2 100 \"x\"",
            ],
        ),
        (
            vec![
                pax(&[("SCHILY.xattr.user.old", b"1")]),
                dir(),
                below(),
                pax(&[("SCHILY.xattr.user.new", b"2")]),
                edited("a", b'5', b"", |h| octal(&mut h.mode, 0o1777)),
            ],
            vec![
                "/a directory 1777 1:2 100 user.new=2",
                "/a/b file 644 1:2 100 \"b\"",
            ],
        ),
    ] {
        check(&pieces, &want);
    }
}

#[test]
fn a_new_file_leaves_the_other_names_of_the_old_one() {
    check(
        &[
            member("a", b'0', b"old"),
            link("b", b'1', "a"),
            member("a", b'0', b"new"),
        ],
        &["/a file 644 1:2 100 \"new\"", "/b file 644 1:2 100 \"old\""],
    );
}

#[test]
fn hard_links_are_names_of_one_node() {
    let loaded = read(&[
        member("real/f", b'0', b"x"),
        link("dir", b'2', "real"),
        link("dir/g", b'1', "./dir/f"), // the parents of a name are followed
        link("sym", b'2', "nowhere"),
        link("h", b'1', "sym"), // the name itself is not
        link("real/f", b'1', "real/f"),
        link("real/g", b'1', "/real/f"),
        // GNU tar writes no data for a link, whatever its size; pax may.
        edited("i", b'1', b"", |h| {
            h.linkname[..6].copy_from_slice(b"real/f");
            octal(&mut h.size, 700);
        }),
        edited("j", b'1', b"data of the link", |h| {
            h.linkname[..6].copy_from_slice(b"real/f");
        }),
        member("k", b'0', b""),
    ])
    .unwrap();
    let tree = &loaded.tree;
    let node = |path: &str| tree.resolve_link(path.as_bytes()).unwrap();
    for (path, same, links) in [
        ("real/g", "real/f", 4),
        ("i", "real/f", 4),
        ("j", "real/f", 4),
        ("h", "sym", 2),
    ] {
        assert_eq!(node(path), node(same), "{path}");
        assert_eq!(tree.links(node(path)), links, "{path}");
    }
    assert!(tree.resolve(b"k").is_ok());
}

#[test]
fn symlinks_on_the_way_are_followed_inside_the_tree() {
    check(
        &[
            link("lib", b'2', "/usr/lib"),
            member("lib/a", b'0', b"a"),
            link("out", b'2', "../../../usr"),
            member("out/b", b'0', b"b"),
            member("usr/lib", b'5', b""),
        ],
        &[
            "/lib symlink 644 1:2 100 -> /usr/lib",
            "/out symlink 644 1:2 100 -> ../../../usr",
            "/usr directory 755 0:0 100",
            "/usr/b file 644 1:2 100 \"b\"",
            "/usr/lib directory 644 1:2 100",
            "/usr/lib/a file 644 1:2 100 \"a\"",
        ],
    );
    // A parent that is replaced between two members leads elsewhere afterwards.
    check(
        &[
            member("x", b'5', b""),
            link("p", b'2', "x"),
            member("p/1", b'0', b""),
            member("p", b'5', b""),
            member("p/2", b'0', b""),
        ],
        &[
            "/p directory 644 1:2 100",
            "/p/2 file 644 1:2 100 \"\"",
            "/x directory 644 1:2 100",
            "/x/1 file 644 1:2 100 \"\"",
        ],
    );
    check(
        &[
            link("a/l", b'2', "."),
            member("a/l/l", b'5', b""),
            member("a/l/x", b'0', b""),
        ],
        &[
            "/a directory 755 0:0 100",
            "/a/l directory 644 1:2 100",
            "/a/l/x file 644 1:2 100 \"\"",
        ],
    );
}

#[test]
fn extended_headers() {
    let long = "d/".repeat(100) + "n";
    let x = |records: &[(&str, &[u8])], want: String| {
        let name = long.strip_prefix("/").unwrap_or(&long);
        let loaded = read(&[pax(records), link("name", b'2', "target")]).unwrap();
        let last = listing(&loaded).pop().unwrap();
        assert_eq!(last.replace(name, "LONG"), want);
    };
    let plain = "/name symlink 644 1:2 100 -> target";
    for (records, want) in [
        (
            &[("path", long.as_bytes())][..],
            plain.replace("name", "LONG"),
        ),
        (&[("linkpath", b"\xff")], plain.replace("target", "\\xff")),
        (
            &[("uid", b"4294967294"), ("gid", b"0")],
            plain.replace("1:2", "4294967294:0"),
        ),
        (&[("uid", b"7"), ("uid", b"")], plain.into()),
        (
            &[("mtime", b"-1.5")],
            plain.replace("100", "-2+500000000ns"),
        ),
        (
            &[("mtime", b"5000000000.000000001")],
            plain.replace("100", "5000000000+1ns"),
        ),
        (
            &[
                ("atime", b"1"),
                ("ctime", b"x"),
                ("VENDOR.x", b""),
                ("hdrcharset", b"BINARY"),
            ],
            plain.into(),
        ),
        (
            &[("SCHILY.xattr.security.capability", b"\x01\0\0\x02\n\0\n\0=")],
            format!("{plain} security.capability=\\x01\\x00\\x00\\x02\\n\\x00\\n\\x00="),
        ),
        (
            &[("SCHILY.xattr.user.x", b"a\n18 path=injected\n")],
            format!("{plain} user.x=a\\n18 path=injected\\n"),
        ),
        // Data is not for a link, so its size does not count.
        (&[("size", b"99")], plain.into()),
    ] {
        x(records, want);
    }
}

#[test]
fn global_headers_count_until_they_are_overruled() {
    let global = |records| pax_of_type(b'g', records);
    check(
        &[
            global(&[
                ("mtime", b"50"),
                ("comment", b"c"),
                ("GNU.sparse.map", b"0,1"),
                ("SCHILY.xattr.user.a", b"1"),
            ]),
            member("a", b'0', b""),
            pax(&[("mtime", b"60.25"), ("SCHILY.xattr.user.a", b"2")]),
            member("b", b'0', b""),
            global(&[("mtime", b"70")]),
            member("c", b'0', b""),
            pax(&[("mtime", b"")]),
            member("d", b'0', b""),
        ],
        &[
            "/a file 644 1:2 50 \"\" user.a=1",
            "/b file 644 1:2 60+250000000ns \"\" user.a=2",
            "/c file 644 1:2 70 \"\" user.a=1",
            "/d file 644 1:2 100 \"\" user.a=1",
        ],
    );
}

#[test]
fn access_control_lists() {
    let acl = |text: &str| [("SCHILY.acl.access", text.as_bytes().to_vec())];
    let text = "user::rw-,user:adm:r--,group::r--,mask::r--,other::---";
    let value = |id: &str| {
        let none = "\\xff\\xff\\xff\\xff";
        let (obj, user) = (
            format!("\\x01\\x00\\x06\\x00{none}"),
            format!("\\x02\\x00\\x04\\x00{id}"),
        );
        let group = format!("\\x04\\x00\\x04\\x00{none}\\x10\\x00\\x04\\x00{none}");
        format!(
            "system.posix_acl_access=\\x02\\x00\\x00\\x00{obj}{user}{group} \\x00\\x00\\x00{none}"
        )
    };
    for (records, want) in [
        (acl(text), value("\\x03\\x00\\x00\\x00")),
        (
            acl(&text.replace("adm:r--", "adm:r--:70000")),
            value("p\\x11\\x01\\x00"),
        ),
        (acl("user::rw-,group::r--,other::---"), String::new()),
    ] {
        let records: Vec<_> = records.iter().map(|(k, v)| (*k, &**v)).collect();
        let loaded = read(&[
            pax(&records),
            member("f", b'0', b""),
            // A user's number may come later than the list that names him.
            member(
                "etc/passwd",
                b'0',
                b"root:x:0:0::/:/sh\nadm:x:3:4:::\nadm:x:9:9:::\n",
            ),
        ]);
        let last = listing(&loaded.unwrap()).pop().unwrap();
        // The mode is what the list says, whatever the header has.
        assert_eq!(last, format!("/f file 640 1:2 100 \"\" {want}").trim_end());
    }
    // A later member takes the list away with the rest.
    let loaded = read(&[
        pax(&[("SCHILY.acl.default", b"nonsense")]),
        member("d", b'5', b""),
        member("d", b'5', b""),
    ]);
    assert_eq!(message(loaded), "");
}

#[test]
fn gnu_long_names_and_numbers() {
    let long = "n".repeat(255);
    let gnu = |flag, data: &[u8]| {
        edited("././@LongLink", flag, data, |h| {
            h.magic = *b"ustar ";
            h.version = *b" \0";
        })
    };
    let numbers = edited("x", b'2', b"", |h| {
        h.magic = *b"ustar ";
        h.version = *b" \0";
        h.prefix[..3].copy_from_slice(b"not"); // here GNU has other fields
        h.linkname[0] = b't';
        h.uid = *b"\x80\0\0\0\xff\xff\xff\xfe";
        h.mtime = *b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb";
    });
    check(
        &[
            gnu(b'K', b"target\0"),
            gnu(b'L', [long.as_bytes(), b"\0"].concat().as_slice()),
            numbers.clone(),
        ],
        &[&format!("/{long} symlink 644 4294967294:2 -5 -> target")],
    );
    check(&[numbers], &["/x symlink 644 4294967294:2 -5 -> t"]);
    let prefixed = edited("name", b'5', b"", |h| h.prefix[..155].fill(b'p'));
    let dir = "p".repeat(155);
    check(
        &[prefixed],
        &[
            &format!("/{dir} directory 755 0:0 100"),
            &format!("/{dir}/name directory 644 1:2 100"),
        ],
    );
}

#[test]
fn the_end() {
    let (zero, file) = (ZEROS.to_vec(), member("a", b'0', b"x"));
    let noise = vec![0xff; 512];
    let zeros = |count: usize| vec![0; 512 * count];
    for (rest, warning) in [
        (vec![zeros(2)], ""),
        (vec![zeros(20)], ""),
        (vec![zeros(2), noise], ""),
        (vec![zeros(2), vec![1; 100]], ""),
        (
            vec![zero.clone()],
            "the archive ends with one zero block at byte 1024, not two",
        ),
        (
            vec![zero, vec![0; 511]],
            "the archive ends with one zero block at byte 1024, not two",
        ),
        (
            vec![zeros(18), file.clone(), zeros(2)],
            "another archive begins at byte 10240, after the end marker at byte 1024, and is not \
             read; `tar --concatenate` joins archives",
        ),
    ] {
        let loaded = read_as_is([file.clone(), rest.concat()].concat()).unwrap();
        assert_eq!(
            (loaded.members, loaded.warnings.join("")),
            (1, warning.to_owned())
        );
    }
}

#[test]
fn attributes_of_other_systems_are_left_out_with_a_warning() {
    let loaded = read(&[
        pax(&[
            ("SCHILY.xattr.com.apple.a", b""),
            ("SCHILY.xattr.com.apple.b", b""),
        ]),
        member("a", b'0', b""),
    ]);
    let loaded = loaded.unwrap();
    assert_eq!(
        loaded.warnings,
        ["2 extended attributes \"com.*\" left out: Linux does not store them"]
    );
    assert_eq!(listing(&loaded)[1], "/a file 644 1:2 100 \"\"");
}

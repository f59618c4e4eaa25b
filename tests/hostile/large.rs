//! Small archives that stand for very much: done, or refused, within bounded memory.

use std::fs::File;
use std::io::{BufWriter, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::archive::*;
use super::{Try, Work, hsb, none};
use crate::kit::e2fsck_clean;

/// Where an archive is written to, packed or as it is.
type Archive = Box<dyn Write>;

/// Writes an archive, packed by gzip if its name says so.
fn written(name: &str, write: impl FnOnce(&mut Archive)) -> Work {
    let work = Work::new("large");
    work.write("build.yaml", "table: none\n");
    let file = BufWriter::new(File::create(work.join(name)).unwrap());
    let mut archive: Archive = match name.ends_with(".gz") {
        true => Box::new(GzEncoder::new(file, Compression::fast())),
        false => Box::new(file),
    };
    write(&mut archive);
    put(&mut archive, &END);
    archive.flush().unwrap();
    work
}

fn put(archive: &mut Archive, bytes: &[u8]) {
    archive.write_all(bytes).unwrap();
}

/// Asserts that an archive is refused within so many MiB of address space.
fn refused(what: &str, args: &[&str], memory: u64, want: &str, write: impl FnOnce(&mut Archive)) {
    let work = written("in.tar.gz", write);
    let args = [&["build", "-q", "-i", "in.tar.gz"], args].concat();
    let attempt = Try {
        what,
        args: &args,
        memory,
        code: 1,
        want: format!("hsb: {want}"),
    };
    none([attempt.complaint(&work)].into_iter());
}

/// Asserts that an archive becomes a clean image within so many MiB of address space.
fn built(what: &str, memory: u64, write: impl FnOnce(&mut Archive)) {
    let work = written("in.tar", write);
    let run = hsb(&work, &["build", "-q", "-i", "in.tar"], memory);
    let said: String = run.stderr.chars().take(2000).collect();
    assert_eq!(run.code, Some(0), "{what}: {said}");
    assert!(run.stderr.len() < super::LONGEST, "{what}: {said}");
    e2fsck_clean(&work.join("image.raw"), 0);
}

#[test]
fn a_million_members() {
    built("a million empty files in one folder", 1500, |archive| {
        for number in 0..1_000_000 {
            put(archive, &file(&format!("d/{number}")));
        }
    });
}

#[test]
fn deep() {
    built("100,000 folders in each other", 1500, |archive| {
        let below = |from: &str, n| format!("{from}/{}", "d/".repeat(n));
        let folder = |path: &str| {
            let header = member("x", b'x', &record("path", path.as_bytes()));
            [header, member("d", b'5', b"")].concat()
        };
        // No path is that long: each goes on from a link to where the last one ended.
        let mut from = String::new();
        for number in 0..39 {
            let target = below(&from, 2000);
            put(archive, &folder(&target));
            from = format!("/l{number}");
            put(
                archive,
                &member("x", b'x', &record("linkpath", target.as_bytes())),
            );
            put(archive, &link(&from, b'2', ""));
        }
        put(archive, &folder(&below(&from, 30_000)));
    });
}

#[test]
fn attributes() {
    let value = vec![b'v'; 60_000];
    let many: Vec<u8> = (0..100)
        .flat_map(|n| record(&format!("SCHILY.xattr.user.{n}"), &value))
        .collect();
    let header = member("x", b'x', &many);
    refused(
        "6 MB of attributes for each of 40 files",
        &["--max-metadata", "200M"],
        768,
        "in.tar.gz: member \"34\" at byte ... files with their names and attributes take ... bytes of memory, at most 209715200 are allowed; if there should be as many, --max-metadata allows more",
        |archive| {
            for number in 0..40 {
                put(archive, &header);
                put(archive, &file(&number.to_string()));
            }
        },
    );
    built(
        "100,000 files with an attribute of their own, in a block each",
        512,
        |archive| {
            for number in 0..100_000 {
                let value = format!("{number:0200}");
                let header = record("SCHILY.xattr.user.own", value.as_bytes());
                put(archive, &member("x", b'x', &header));
                put(archive, &file(&number.to_string()));
            }
        },
    );
    let odd = pax("SCHILY.xattr.user.x", b"");
    built(
        "100,000 pipes with an attribute that they cannot have",
        768,
        |archive| {
            for number in 0..100_000 {
                put(archive, &odd[..2 * BLOCK]);
                put(archive, &member(&format!("d/{number}"), b'6', b""));
            }
        },
    );
}

#[test]
fn links() {
    refused(
        "65,001 names of a file",
        &[],
        768,
        "filesystem /: /0: 65001 hard links, ext4 allows 65000",
        |archive| {
            put(archive, &file("0"));
            for number in 1..=65_000 {
                put(archive, &link(&number.to_string(), b'1', "0"));
            }
        },
    );
    built(
        "1,000 paths through 40 links of 4,095 bytes",
        768,
        |archive| {
            let target = "./".repeat(2047);
            for number in 0..40 {
                let next = format!("{}l{}", &target[2 * 10..], number + 1);
                put(
                    archive,
                    &[
                        member("x", b'x', &record("linkpath", next.as_bytes())),
                        link(&format!("l{number}"), b'2', ""),
                    ]
                    .concat(),
                );
            }
            put(archive, &member("l40", b'5', b""));
            for number in 0..1000 {
                put(archive, &file(&format!("l0/{number}")));
                put(archive, &file(&number.to_string()));
            }
        },
    );
}

#[test]
fn sparse_files() {
    let mut map = b"1000000\n".to_vec();
    for part in 0..1_000_000_u64 {
        map.extend_from_slice(format!("{}\n1\n", part * 8192).as_bytes());
    }
    let data = vec![1; 1_000_000];
    refused(
        "a million blocks with one byte each",
        &["-s", "1G"],
        1500,
        "filesystem /: the content needs",
        |archive| {
            put(archive, &sparse_1_0("8192000000", &map, &data));
        },
    );
    refused(
        "ten million parts with nothing",
        &[],
        768,
        "in.tar.gz: member \"f\" at byte 0: its sparse map is about 0 bytes, the archive holds 512",
        |archive| {
            let map = [&b"10000000\n"[..], &b"0\n0\n".repeat(10_000_000)].concat();
            put(archive, &sparse_1_0("0", &map, &[0; 512]));
        },
    );
}

#[test]
fn disk_images() {
    let work = written("in.tar", |archive| {
        for number in 0..200_000 {
            put(archive, &file(&format!("d/{number:090}")));
        }
        // A byte in every other block.
        let parts = (0..100_000_u64).map(|part| format!("{}\n1\n", part * 2048));
        let map = format!("100000\n{}", parts.collect::<String>());
        let data = vec![1; 100_000];
        put(archive, &sparse_1_0("204800000", map.as_bytes(), &data));
    });
    work.write(
        "build.yaml",
        "table: none\npartitions: [{mount: /, block_size: 1024}]\n",
    );
    let run = hsb(&work, &["build", "-q", "-i", "in.tar"], 1500);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let known = "what is known of its files takes more than 5242880 bytes of memory; if it should, \
                 --max-metadata allows more";
    let names = &format!("/d: {known}");
    for (args, code, want) in [
        (&["ls", "image.raw", "d"][..], 1, names),
        (&["ls", "-R", "image.raw"], 1, names),
        (&["inspect", "image.raw"], 1, names),
        (&["export", "image.raw", "-o", "out.tar"], 1, names),
        (&["diff", "image.raw", "image.raw"], 2, names),
        (
            &["build", "-q", "-i", "image.raw", "-o", "out.raw"],
            1,
            names,
        ),
    ] {
        bounded(&work, args, code, want);
    }
    let pieces = "f: inode ... where its blocks are takes more than 5242880 bytes of memory";
    bounded(&work, &["cat", "image.raw", "f"], 1, pieces);
}

/// Paths are long where directories are deep, and each file has one.
#[test]
fn deep_disk_images() {
    let work = written("in.tar", |archive| {
        let deep = "d/".repeat(5000);
        for number in 0..600 {
            let path = format!("{deep}{number}");
            put(archive, &pax("path", path.as_bytes()));
            let names = [
                record("path", format!("{path}.2").as_bytes()),
                record("linkpath", path.as_bytes()),
            ];
            put(archive, &member("x", b'x', &names.concat()));
            put(archive, &link("f", b'1', "f"));
        }
    });
    std::fs::write(work.join("empty.tar"), END).unwrap();
    let run = hsb(&work, &["build", "-q", "-i", "in.tar"], 768);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let known = "what is known of its files takes more than 5242880 bytes of memory";
    bounded(&work, &["export", "image.raw", "-o", "out.tar"], 1, known);
    for other in ["image.raw", "in.tar"] {
        bounded(&work, &["diff", other, "empty.tar"], 2, known);
    }
}

/// Asserts that a command ends with an error, within 5 MB for what is known of files and 384 MiB of
/// address space in all.
fn bounded(work: &Work, args: &[&str], code: i32, want: &str) {
    let run = hsb(work, &[args, &["--max-metadata", "5M"]].concat(), 384);
    let has_all = want.split(" ... ").all(|part| run.stderr.contains(part));
    let said: String = run.stderr.chars().take(2000).collect();
    assert!(
        run.code == Some(code) && has_all,
        "{args:?}: {:?} {said}",
        run.code
    );
    assert!(run.stderr.len() < super::LONGEST, "{args:?}: {said}");
}

#[test]
fn headers() {
    refused(
        "a name of 64 MiB",
        &[],
        768,
        "in.tar.gz: member ... a path of 67106816 bytes, at most 65536 are allowed",
        |archive| {
            put(archive, &member("x", b'L', &vec![b'a'; (64 << 20) - 2048]));
            put(archive, &file("f"));
        },
    );
    refused(
        "long names of 128 MiB",
        &[],
        768,
        "in.tar.gz: long name at byte 67108864: 134217728 bytes for one member, at most 67108864 are allowed",
        |archive| {
            for _ in 0..2 {
                put(archive, &member("x", b'L', &vec![b'a'; (64 << 20) - 512]));
            }
            put(archive, &file("f"));
        },
    );
    built("8 million records that say nothing", 768, |archive| {
        let records = b"7 a=bc\n".repeat(8_000_000);
        put(archive, &member("x", b'x', &records));
        put(archive, &file("f"));
    });
    built("100,000 global headers", 768, |archive| {
        let header = member("g", b'g', &record("SCHILY.xattr.user.x", &[b'v'; 100]));
        for _ in 0..100_000 {
            put(archive, &header);
        }
    });
    refused(
        "an ACL of a million entries",
        &[],
        768,
        "filesystem /: /f: ",
        |archive| {
            let entries = (0..1_000_000).map(|n| format!("u:{n}:r,"));
            let acl = format!("{}u::r,g::r,o::r,m::r", entries.collect::<String>());
            put(archive, &pax("SCHILY.acl.access", acl.as_bytes()));
        },
    );
}

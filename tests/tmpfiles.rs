//! Files of drop-ins: the module and `systemd-tmpfiles --root --create` make the same tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::beside::{Beside, Seen};
use crate::kit::{Run, run, say, tool};

/// A system, and what lines find there. `USER` and `GROUP` stand for numbers that the tests may give
/// to files.
const SYSTEM: &[(&str, &str)] = &[
    ("usr/lib/systemd/systemd", ""),
    (
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nweb:x:USER:GROUP::/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\nweb:x:GROUP:\n"),
    ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
    ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    ("usr/share/factory/etc/issue", "factory\n"),
    ("usr/share/factory/etc/tree/a", "a\n"),
    ("usr/share/factory/etc/tree/sub/b", "b\n"),
    ("usr/share/factory/etc/tree/link", "->sub/b"),
    ("srv/file", "hello, world"),
    ("srv/folder/one.log", "1"),
    ("srv/folder/two.log", "2"),
    ("srv/folder/.hidden.log", "3"),
    ("srv/folder/sub/deep.log", "4"),
    ("srv/folder/sub/link", "->../one.log"),
    ("srv/link", "->folder"),
    ("srv/flink", "->file"),
    ("srv/gone", "->nowhere"),
    ("srv/empty/", ""),
];

/// Lines of drop-ins; what is before the first `|` on a line is the name of the file.
const ROWS: &[&str] = &[
    "f /srv/new/a/b - - - - text\nf /srv/file 0600 - - - other\nf+ /srv/x 0640 - - - x\nF /srv/y",
    "f /srv/a 4755\nf /srv/b ~4755\nf /srv/c :0600\nf /srv/file :0600",
    "f+ /srv/file - - - - short\nf+ /srv/folder/one.log 0600",
    "f /srv/a - - - - a\\tb\\x20c\\n%o%%\nf~ /srv/b - - - - aGVsbG8K\nf~ /srv/c - - - - aGVsbG8\nf /srv/d - - - -  lead   in",
    "f /srv/folder\nf /srv/link\nf+ /srv/flink\nf /srv/file/below\nd /srv/file\nd /srv/link 0700\nd /srv/flink",
    "f= /srv/folder - - - - file\nd= /srv/file/below/deep\nd= /srv/gone/x\np= /srv/flink\nL= /srv/empty - - - - x",
    "w /srv/file - - - - bye\nw /srv/missing - - - - x\nw /srv/flink 0600 - - - BY\nw /srv/folder/*.log - - - - long text",
    "w+ /srv/file - - - - ld",
    "w+ /srv/file - - - - one\nw+ /srv/file - - - - two\nw /srv/folder - - - - x\nw /srv/x",
    "d /srv/d 0750 web web 10d\nd /srv/folder 0700 - web\nD /srv/e\nv /srv/v 0711\nq /srv/q\nQ /srv/Q 1777 web -",
    "e /srv/fol* 0700 web web\ne /srv/link 0711\ne /srv/file 0700\ne /srv/gone 0700",
    "p /srv/p 0600 web web\np+ /srv/file 0620\np /srv/folder\np+ /srv/folder\np /srv/p2",
    "L /srv/l - - - - ../etc/issue\nL /srv/file - - - - x\nL+ /srv/file - - - - new\nL /etc/issue\nL /srv/flink - - - - file",
    "L+ /srv/folder - - - - x\nL+ /srv/link - - - - other\nL /srv/lw - web web - target",
    "C /etc/issue\nC /srv/tree - - - - /usr/share/factory/etc/tree\nC /srv/none - - - - /nowhere\nC /srv/c 0600 web web - /srv/file",
    "C /srv/empty 0700 web web - /usr/share/factory/etc/tree\nC /srv/folder 0711 - - - /usr/share/factory/etc/tree\nC /srv/file - - - - /etc/os-release",
    "C /srv/link 0700 - - - /srv/folder\nC /srv/newlink - - - - /srv/flink\nC /etc/tree/deeper - - - - /srv/folder",
    "z /srv/file 0600 web web\nz /srv/f* 0750\nz /srv/link 0600 - -\nz /srv/none 0600\nm /srv/folder/one.log 0400",
    "Z /srv/folder ~0750 web web\nZ /srv/folder/sub 0711",
    "Z /srv/folder ~7777 - -",
    "z /srv/{file,folder} 0700\nz /srv/folder/[ot]*.log 0400\nz /srv/folder/??o.log 0440\nz /srv/{x 0600",
    "t /srv/file - - - - user.a=b user.c=\"d e\"\nt /srv/folder - - - - user.os=%o\nt /srv/file - - - - user.a=z",
    "T /srv/folder - - - - user.deep=1\nt /srv/none - - - - user.x=y",
    "a /srv/file - - - - u:USER:rw-,g:GROUP:r--\na /srv/folder - - - - d:u:USER:rwx,d:g:GROUP:r-x",
    "a+ /srv/file - - - - user:USER:rw-\na+ /srv/file - - - - group:GROUP:r--\na+ /srv/folder - - - - default:group:GROUP:rwx",
    "a /srv/file - - - - u::rwx,g::r-x,o::---\na /srv/folder - - - - u:USER:rwx,m::r--",
    "A /srv/folder - - - - u:USER:rwx,d:u:USER:rwx\nA+ /srv/folder/sub - - - - g:GROUP:rwx",
    "A+ /srv/folder - - - - d:g:GROUP:r-x,d:g::r-x\nz /srv/folder 0700",
    "x /srv/*\nX /srv/folder\nr /srv/file\nR /srv/folder\nr! /srv/link",
    "d! /srv/boot\nf- /srv/file/x\nf+!- /srv/z\nd /dev/shm2\nd /run/x\nd /var/run/x\nd /var/run2/x\nf /proc/x\nd /sys",
    "d /srv/%o-%w/%m\nd /srv/%%x\nd /srv/100%-\nd /srv/%z\nd /srv/%B%Wx",
    "d /srv/parent/child 0700\nf /srv/parent/child/file - web web - x\nd /srv/parent 0711 - web",
    "d /srv//d/./e/\nd srv/d\nd /srv/../x\n\n# no\n  d /srv/f  \nd /srv/'a b'\nd \"/srv/c d\" 0700",
    "d\nk /srv/k\nd++ /srv/d\nd /srv/e 0888\nd /srv/f - nobody\nd /srv/g - - nobody\nd /srv/h - - - soon\nd /srv/i - USER GROUP 1d2h\nd /srv/j - -1\nd /srv/l 010000",
    "f /srv/a 0600 - - - a\nf /srv/a 0600 - - - b\nf /srv/a 0600 - - - a\nd /srv/b 0700\nd /srv/b 0711\nz /srv/a 0640\nz /srv/a 0604",
    "a|f /srv/x - - - - a\nb|f /srv/x - - - - b\nf /srv/y - - - - b",
    "L /srv/a - - - - /srv/file\nC /srv/a - - - - /srv/file\nC /srv/b - - - - /srv/file\nL /srv/b - - - - /srv/file",
    "L /etc/issue\nC /etc/issue\nC /etc/tree\nL /etc/tree\nL /srv/x - - - - y\nL+ /srv/x - - - - z",
    "f /srv/a\nL+ /srv/a - - - - x\nC /srv/b - - - - /nowhere\nL /srv/b - - - - x\nd /srv/c\nf /srv/c",
    "f /srv/gone/x - - - - text\nd /srv/gone/y/z\nL /srv/link/l - - - - x\nL /srv/n - - - - no\nd /srv/n/x",
    "p /srv/p\nt /srv/p - - - - user.a=b\nT /srv/folder - - - - user.a=b\np+ /srv/folder/one.log",
    "h /srv/folder - - - - +C\nH /srv/folder - - - - =\nh /srv/file - - - - z",
];

#[test]
fn systemd_makes_the_same_files() {
    let own = std::fs::metadata("/proc/self").unwrap();
    let is_root = own.uid() == 0;
    let (uid, gid) = if is_root {
        (700, 701)
    } else {
        (own.uid(), own.gid())
    };
    let fill = |text: &str| {
        let text = text.replace("USER", &uid.to_string());
        text.replace("GROUP", &gid.to_string())
    };
    if !is_root {
        say("NOT COMPARED as anybody but root: files of others in tmpfiles.d");
    }
    let mut failed = 0;
    for row in ROWS {
        let mut drop_ins: BTreeMap<String, String> = BTreeMap::new();
        for line in row.lines() {
            let (name, line) = line.split_once('|').unwrap_or(("m", line));
            let path = format!("usr/lib/tmpfiles.d/{name}.conf");
            *drop_ins.entry(path).or_default() += &format!("{}\n", fill(line));
        }
        let system = SYSTEM.iter();
        let system: Vec<_> = system.map(|(path, text)| (*path, fill(text))).collect();
        let mut files: Vec<(&str, &str)> = Vec::new();
        files.extend(system.iter().map(|(path, text)| (*path, &**text)));
        files.extend(drop_ins.iter().map(|(path, text)| (&**path, &**text)));
        let mut both = Beside::new("tmpfiles", &files);
        let ours = both.step("tmpfiles", &[]).unwrap();
        both.step("tmpfiles", &[]).unwrap();
        let changes = both.changes().len();
        let mut theirs = create(&both);
        // What begins no line is appended each time.
        if row.contains("w+ ") {
            theirs = create(&both);
        } else {
            assert_eq!(changes, 0, "the second time: {row}");
        }
        // What a builder who is not root makes belongs to him.
        let mut our_files = both.ours();
        for Seen { uid, gid, .. } in our_files.values_mut().filter(|_| !is_root) {
            (*uid, *gid) = (own.uid(), own.gid());
        }
        let different = differences(&our_files, &both.theirs());
        if !different.is_empty() {
            say(&format!(
                "{row}\n{different}{:#?} {theirs:#?}",
                ours.warnings
            ));
            failed += 1;
        }
    }
    assert_eq!(failed, 0, "lines of which something else comes, see above");
}

/// Entries with `X`, which systemd knows from 254 on.
const EXECUTED: &[&str] = &[
    "u:700:rwX",
    "u:700:X",
    "g:700:rX",
    "u:700:r-x",
    "m::rX,u:700:rwX",
    "u::rwX",
];

/// Files with what their modes let be executed.
const MODES: [(&str, u32); 5] = [
    ("folder", 0o755),
    ("plain", 0o644),
    ("owner", 0o744),
    ("group", 0o654),
    ("others", 0o645),
];

/// The same with an ACL on top.
const NAMED: [(&str, &str); 3] = [
    ("plain2", "u:701:rw-"),
    ("named", "u:701:rwx"),
    ("masked", "u:701:rwx,m::rw-"),
];

/// Returns such files in an image and in a folder.
fn executed(named: &[(&str, &str)]) -> Beside {
    let files = MODES.map(|(name, _)| match name {
        "folder" => ("srv/folder/x".to_owned(), ""),
        _ => (format!("srv/{name}"), "x"),
    });
    let mut files: Vec<_> = files.iter().map(|(path, text)| (&**path, *text)).collect();
    files.push(("usr/lib/systemd/systemd", ""));
    let mut both = Beside::new("acl", &files);
    let lines = MODES.map(|(name, mode)| format!("z /srv/{name} {mode:o}"));
    both.step("tmpfiles", &lines.each_ref().map(|line| &**line))
        .unwrap();
    let lines = named.iter().flat_map(|(name, entries)| {
        [
            format!("f /srv/{name} 0644 - - - x"),
            format!("a /srv/{name} - - - - {entries}"),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    both.step("tmpfiles", &lines).unwrap();
    for (name, mode) in MODES {
        let path = both.work.join("srv").join(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }
    for (name, entries) in named {
        let path = both.work.join("srv").join(name);
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        set_acl(&path, entries);
    }
    both
}

fn set_acl(path: &Path, entries: &str) {
    let set = run(tool("setfacl").args(["-m", entries]).arg(path));
    assert_eq!(set.code, Some(0), "{set:#?}");
}

/// Lets the module follow a line, and compares what is then below `/srv` with the folder.
fn compare_below_srv(both: &mut Beside, line: &str) {
    let ours = both.step("tmpfiles", &[line]).unwrap();
    assert!(ours.warnings.is_empty(), "{line}: {:?}", ours.warnings);
    let (mut ours, mut theirs) = (both.ours(), both.theirs());
    ours.retain(|path, _| path.starts_with("/srv"));
    theirs.retain(|path, _| path.starts_with("/srv"));
    for seen in ours.values_mut().chain(theirs.values_mut()) {
        (seen.uid, seen.gid) = (0, 0);
    }
    assert_eq!(differences(&ours, &theirs), "", "{line}");
}

#[test]
fn x_is_for_what_is_executed_already_as_setfacl_has_it() {
    for entry in EXECUTED {
        let mut both = executed(&[]);
        for path in std::fs::read_dir(both.work.join("srv")).unwrap() {
            set_acl(&path.unwrap().path(), entry);
        }
        compare_below_srv(&mut both, &format!("a+ /srv/* - - - - {entry}"));
    }
}

/// Debian 12 has systemd 252: `HSB_TMPFILES` names a newer one.
#[test]
fn x_is_for_what_is_executed_already_as_systemd_has_it() {
    let version = run(judge().arg("--version")).stdout;
    let number = version.split_whitespace().nth(1).unwrap();
    if number.split('.').next().unwrap().parse::<u32>().unwrap() < 254 {
        say("NOT COMPARED with systemd before 254: X in ACLs");
        return;
    }
    for kind in ["a+", "a", "A+", "A"] {
        for entry in EXECUTED {
            // Without `+`, systemd takes what a mask says for what the group has.
            let named = if kind.ends_with('+') { &NAMED[..] } else { &[] };
            let mut both = executed(named);
            let line = format!("{kind} /srv/* - - - - {entry}");
            let folder = both.work.join("usr/lib/tmpfiles.d");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("x.conf"), format!("{line}\n")).unwrap();
            let theirs = create(&both);
            assert_eq!(theirs.stderr, "", "{line}");
            compare_below_srv(&mut both, &line);
        }
    }
}

fn create(both: &Beside) -> Run {
    let mut root = OsString::from("--root=");
    root.push(both.work.path());
    run(judge().args(["--create", "-E"]).arg(root))
}

fn judge() -> Command {
    match std::env::var_os("HSB_TMPFILES") {
        Some(program) => Command::new(program),
        None => tool("systemd-tmpfiles"),
    }
}

/// Returns what is not the same, a path at a time.
fn differences(ours: &BTreeMap<String, Seen>, theirs: &BTreeMap<String, Seen>) -> String {
    let paths: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut different = String::new();
    for path in paths {
        let (ours, theirs) = (ours.get(path), theirs.get(path));
        if ours != theirs {
            different += &format!("{path}\nours   {ours:?}\ntheirs {theirs:?}\n");
        }
    }
    different
}

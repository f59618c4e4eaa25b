//! Looking into what a build starts from and makes, beside what other programs see there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::kit::{self, Work};

/// Makes a folder with files of many kinds.
fn sample(work: &Work) {
    fs::create_dir_all(work.join("root/etc/empty")).unwrap();
    work.write(
        "root/etc/passwd",
        "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/:\n",
    );
    work.write("root/etc/group", "root:x:0:\n");
    work.write("root/etc/odd \u{1b}[1m\nname", "odd");
    fs::hard_link(work.join("root/etc/passwd"), work.join("root/etc/passwd-")).unwrap();
    symlink("passwd", work.join("root/etc/link")).unwrap();
    symlink("/etc", work.join("root/conf")).unwrap();
    symlink("../../../../etc/passwd", work.join("root/up")).unwrap();
    let mode = fs::Permissions::from_mode(0o4711);
    fs::set_permissions(work.join("root/etc/group"), mode).unwrap();
}

#[test]
fn a_long_list_is_that_of_ls() {
    let work = Work::new("looking-ls");
    sample(&work);
    let ours = kit::succeed(&mut work.hsb(["ls", "-l", "root", "/etc"]));
    let mut ls = kit::tool("ls");
    let ls = ls.args(["-lA", "-n", "--quoting-style=escape", "--time-style=+%FT%T"]);
    let theirs = kit::succeed(ls.arg("root/etc").current_dir(work.path()).env("TZ", "UTC"));
    let fields = |line: &str| {
        let fields = line.split_whitespace().map(|field| {
            // Names of owners are ours.
            field.split('(').next().unwrap_or_default().to_owned()
        });
        let mut fields: Vec<_> = fields.collect();
        if line.starts_with('d') {
            // Sizes and links of directories are their filesystem's.
            fields.remove(4);
            fields.remove(1);
        }
        fields
    };
    let theirs: Vec<_> = theirs
        .lines()
        .map(|line| line.replace("\\ ", " "))
        .collect();
    let ours: Vec<_> = ours.lines().collect();
    assert_eq!(ours.len(), 6, "{ours:?}");
    for line in &ours {
        let found = theirs.iter().any(|theirs| fields(theirs) == fields(line));
        assert!(found, "{line} is not in {theirs:#?}");
    }
    let root = ours.iter().any(|line| line.contains(" 0(root) "));
    assert!(root || !rustix::process::getuid().is_root(), "{ours:?}");
}

#[test]
fn files_are_printed_through_links_and_never_from_outside() {
    let work = Work::new("looking-cat");
    sample(&work);
    let mut tar = kit::tool("tar");
    kit::succeed(
        tar.args(["-C", "root", "-czf", "root.tgz", "."])
            .current_dir(work.path()),
    );
    for image in ["root", "root.tgz"] {
        for path in ["etc/passwd", "/etc/link", "conf/passwd-", "/up"] {
            let text = kit::succeed(&mut work.hsb(["cat", image, path]));
            assert!(
                text.ends_with("me:x:1000:1000::/:\n"),
                "{image} {path}: {text}"
            );
        }
        let both = kit::succeed(&mut work.hsb(["cat", image, "/etc/group", "/etc/group"]));
        assert_eq!(both, "root:x:0:\nroot:x:0:\n");
        for (path, code, want) in [
            ("/etc", 1, "hsb: /etc: is a directory, not a file"),
            (
                "/etc/gone\n",
                1,
                "hsb: /etc/gone\\n: no such file or directory: /etc/gone\\n",
            ),
            (
                "/etc/passwd/x",
                1,
                "hsb: /etc/passwd/x: /etc/passwd is not a directory",
            ),
        ] {
            let message = kit::fail(&mut work.hsb(["cat", image, path]), code);
            assert_eq!(message.trim_end(), want);
        }
        let cat = work
            .hsb(["cat", image, "/gone", "/etc/group", "/etc"])
            .output();
        let cat = cat.unwrap();
        assert_eq!(cat.status.code(), Some(1));
        assert_eq!(cat.stdout, b"root:x:0:\n", "what is there is printed");
        assert_eq!(String::from_utf8_lossy(&cat.stderr).lines().count(), 2);
    }
    let message = kit::fail(&mut work.hsb(["ls", "nothing"]), 2);
    assert!(message.contains("nothing: No such file"), "{message}");
    let message = kit::fail(&mut work.hsb(["ls", "root", "/etc/passwd/x"]), 1);
    assert!(
        message.ends_with(": /etc/passwd is not a directory\n"),
        "{message}"
    );
    for call in [
        &["ls", "-R", "root"][..],
        &["cat", "root", "/up"],
        &["export", "root"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let message = kit::fail(work.hsb(call).stdout(full.unwrap()), 1);
        assert!(
            message.starts_with("hsb: standard output: No space left"),
            "{message}"
        );
    }
    // Who has seen enough closes the pipe.
    let mut hsb = work.hsb(["ls", "-R", "root"]);
    let mut child = hsb.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Makes two folders, the second one with every kind of change, and returns what hsb calls these.
fn edited(work: &Work) -> Vec<&'static str> {
    let made = r#"
        umask 022; mkdir -p a/etc a/gone/below a/dir; cd a
        echo one > etc/content; echo same > etc/mode; echo long > etc/size
        echo x > gone/below/file; echo t > type; echo d > dir/x
        ln -s old target; ln etc/mode hard; echo a > xattr; echo t > mtime; mkfifo fifo
        truncate -s 40M holes; printf end >> holes
        find . -exec touch -h -d @1000000000 {} +
        cd ..; cp -a a b; cd b
        echo One > etc/content; chmod 4600 etc/mode; echo longer > etc/size
        rm -r gone; rm type; mkdir type; echo > type/new; rm -r dir; ln -s nowhere dir
        ln -sfn new target; rm hard; echo same > hard; touch -d @1 mtime
        setfattr -n user.mark -v yes xattr; rm fifo; echo fifo > fifo
        printf x | dd of=holes bs=1 seek=30000000 conv=notrunc status=none
        chmod 600 hard; chmod u+s hard
        touch -h -d @1000000000 etc/content etc/mode etc/size etc type type/new dir target hard \
            fifo holes .
    "#;
    let mut sh = kit::tool("sh");
    kit::succeed(sh.args(["-ec", made]).current_dir(work.path()));
    vec![
        "changed /dir: type directory -> symlink, mode 0755 -> 0777",
        "removed /dir/x: file, 0644, 0:0, 2 bytes",
        "changed /etc/content: content from byte 0",
        "changed /etc/mode: mode 0644 -> 4600, links 2 -> 1",
        "changed /etc/size: size 5 -> 7, content from byte 4",
        "changed /fifo: type fifo -> file",
        "removed /gone: directory, 0755, 0:0",
        "removed /gone/below: directory, 0755, 0:0",
        "removed /gone/below/file: file, 0644, 0:0, 2 bytes",
        "changed /hard: mode 0644 -> 4600, links 2 -> 1",
        "changed /holes: content from byte 30000000",
        "changed /mtime: mtime 2001-09-09T01:46:40Z -> 1970-01-01T00:00:01Z",
        "changed /target: target old -> new",
        "changed /type: type file -> directory, mode 0644 -> 0755",
        "added /type/new: file, 0644, 0:0, 1 bytes",
        "changed /xattr: xattr user.mark added",
    ]
}

#[test]
fn every_kind_of_difference_is_told() {
    let work = Work::new("looking-diff");
    let want = edited(&work);
    let mut tar = kit::tool("tar");
    let tar = tar.args(["--xattrs", "--format=pax", "-S", "--owner=0", "--group=0"]);
    kit::succeed(
        tar.args(["-C", "b", "-cf", "b.tar", "."])
            .current_dir(work.path()),
    );
    let mut again = kit::tool("tar");
    let again = again.args(["--xattrs", "--format=pax", "--owner=0", "--group=0"]);
    kit::succeed(
        again
            .args(["-C", "a", "-czf", "a.tgz", "."])
            .current_dir(work.path()),
    );
    let diff = |arguments: &[&str], code: i32| {
        let run = kit::run(&mut work.hsb(["diff"].iter().chain(arguments)));
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert_eq!(run.stderr, "");
        run.stdout
    };
    for (a, b) in [("a.tgz", "b.tar"), ("a", "b")] {
        let owners = ["--ignore", if a == "a" { "owner" } else { "device" }];
        let found = diff(&[&[a, b], &owners[..]].concat(), 1);
        let me = rustix::process::getuid().as_raw();
        let found = found.replace(&format!("{me}:{me}"), "0:0");
        assert_eq!(found.lines().collect::<Vec<_>>(), want);
        assert_eq!(diff(&[&[a, a], &owners[..]].concat(), 0), "");
    }
    // Both ways to keep holes are the same file.
    assert_eq!(diff(&["b", "b.tar", "--ignore", "owner"], 0), "");
    let one = diff(&["a", "b", "/etc/content", "--content"], 1);
    assert!(
        one.ends_with("--- a/etc/content\n+++ b/etc/content\n@@ -1 +1 @@\n-one\n+One\n"),
        "{one}"
    );
    let ignored = "content,size,mode,links,mtime,type,target,xattr";
    let rest = diff(&["a", "b", "--ignore", ignored], 1);
    assert!(!rest.contains("changed"), "{rest}");
    let json: serde_json::Value =
        serde_json::from_str(&diff(&["a.tgz", "b", "/etc/size", "--json"], 1)).unwrap();
    assert_eq!(json[0]["change"], "changed");
    assert_eq!(json[0]["path"], "/etc/size");
    let size = &json[0]["differs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["what"] == "size");
    assert_eq!(size.unwrap()["after"], "7");
    let message = kit::fail(&mut work.hsb(["diff", "a", "b", "/gone"]), 2);
    assert!(message.contains("b: /gone: no such file"), "{message}");
}

#[test]
fn names_of_one_file_that_are_not_of_one_there() {
    let work = Work::new("looking-links");
    // What each name is a name of, in both.
    for (a, b, want) in [
        ("a:1 b:1 c:2 d:2", "a:1 b:1 c:2 d:2", ""),
        ("a:1 b:1 c:2 d:2", "a:2 b:2 c:1 d:1", ""),
        (
            "a:1 b:1 c:2 d:2",
            "a:1 b:2 c:1 d:2",
            "changed /b: links as /a -> first name of its file\n\
             changed /c: links first name of its file -> as /a\n\
             changed /d: links as /c -> as /b\n",
        ),
        (
            "a:1 b:1 c:1 d:2",
            "a:1 b:1 c:2 d:2",
            "changed /a: links 3 -> 2\nchanged /b: links 3 -> 2\n\
             changed /c: links 3 -> 2, links as /a -> first name of its file\n\
             changed /d: links 1 -> 2\n",
        ),
    ] {
        for (folder, files) in [("a", a), ("b", b)] {
            fs::remove_dir_all(work.join(folder)).ok();
            fs::create_dir(work.join(folder)).unwrap();
            let mut first = std::collections::BTreeMap::new();
            for file in files.split(' ') {
                let (name, number) = file.split_once(':').unwrap();
                let path = work.join(format!("{folder}/{name}"));
                match first.get(number) {
                    Some(old) => fs::hard_link(old, &path).unwrap(),
                    None => fs::write(&path, "same").unwrap(),
                }
                first.entry(number).or_insert(path);
            }
        }
        let run = kit::run(&mut work.hsb(["diff", "--ignore", "mtime", "a", "b"]));
        assert_eq!((&*run.stdout, &*run.stderr), (want, ""), "{a} / {b}");
        assert_eq!(run.code, Some(i32::from(!want.is_empty())));
    }
}

/// Large contents are compared once, and told of under each name.
#[test]
fn a_large_file_with_many_names() {
    let work = Work::new("looking-names");
    for (folder, last) in [("a", 1), ("b", 2)] {
        fs::create_dir(work.join(folder)).unwrap();
        let mut bytes = vec![1; 20 << 20];
        *bytes.last_mut().unwrap() = last;
        let file = work.write(&format!("{folder}/0"), bytes);
        for name in 1..20 {
            fs::hard_link(&file, work.join(format!("{folder}/{name}"))).unwrap();
        }
    }
    let mut strace = kit::tool("strace");
    strace.args(["-f", "-c", "-o", "calls", "-e", "trace=pread64"]);
    strace.args([
        env!("CARGO_BIN_EXE_hsb"),
        "diff",
        "--ignore",
        "mtime",
        "a",
        "b",
    ]);
    let run = kit::run(strace.current_dir(work.path()));
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 20, "{run:#?}");
    let same = format!("content from byte {}", (20 << 20) - 1);
    assert!(lines.iter().all(|line| line.ends_with(&same)), "{run:#?}");
    // 64 KiB at once: 640 calls for both.
    let calls = fs::read_to_string(work.join("calls")).unwrap();
    let total = calls
        .lines()
        .find(|line| line.ends_with("pread64"))
        .unwrap();
    let count: u32 = total.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!((640..1000).contains(&count), "{calls}");
}

/// Who has seen enough of the differences is not told that there are none.
#[test]
fn nobody_reads_the_differences() {
    let work = Work::new("looking-pipe");
    for folder in ["a", "b"] {
        fs::create_dir(work.join(folder)).unwrap();
    }
    work.write("b/new", "");
    for (b, code) in [("a", 0), ("b", 1)] {
        for json in [&["--json"][..], &[]] {
            let mut diff = work.hsb(["diff", "a", b]);
            diff.args(json).stdout(std::process::Stdio::piped());
            let mut child = diff.spawn().unwrap();
            drop(child.stdout.take());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{b} {json:?}");
        }
    }
}

#[test]
fn a_system_at_a_glance() {
    let work = Work::new("looking-inspect");
    sample(&work);
    work.write(
        "root/etc/os-release",
        "ID=debian\nPRETTY_NAME=\"Debian \u{1b}12\"\n",
    );
    work.write("root/etc/hostname", "box\n");
    for folder in ["root/boot", "root/lib/modules/6.1.0-9-amd64"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    work.write("root/boot/vmlinuz-6.1.0-9-amd64", "");
    let said = kit::succeed(&mut work.hsb(["inspect", "root"]));
    let want = "root: files\n  6 files of ";
    assert!(said.starts_with(want), "{said}");
    let rest = "  system: Debian \\03312\n  hostname: box\n  kernels: 6.1.0-9-amd64\n";
    assert!(said.ends_with(rest), "{said}");
    let json = kit::succeed(&mut work.hsb(["inspect", "root", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["system"]["os_release"]["ID"], "debian");
    assert_eq!(json["contents"]["symlinks"], 3);
}

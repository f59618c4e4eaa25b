//! Modules in Python, written as for a folder: what they make is judged by debugfs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use super::kit::{self, Work, debugfs, e2fsck_clean, fail, run, succeed, tool};

/// A folder with the sample source, modules of `tests/own_python` and a recipe that runs them.
pub(super) fn project(modules: &[&str], rest: &str) -> Work {
    let work = Work::new("own-python");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(work.join("modules")).unwrap();
    for name in modules {
        let file = here.join(format!("tests/own_python/{name}.py"));
        if file.exists() {
            fs::copy(file, work.join(format!("modules/{name}.py"))).unwrap();
        }
    }
    let source = here.join("fixtures/rootfs.tar.gz");
    let (source, list) = (source.display(), modules.join(", "));
    let recipe = format!("source: {source}\nsize: 64M\ntable: none\nmodules: [{list}]\n{rest}");
    work.write("build.yaml", recipe);
    work
}

/// Runs one module with this text, which must fail, and returns what hsb says.
fn refused(text: &str) -> String {
    let work = project(&["own"], "");
    work.write("modules/own.py", text);
    let said = fail(&mut work.hsb(["build"]), 1);
    assert!(!work.join("image.raw").exists());
    said
}

/// Returns what debugfs says of a path: `Type: regular Mode: 0644 User: 0 Group: 0`, and a device's
/// numbers or a link's target.
pub(super) fn stat(image: &Path, path: &str) -> String {
    let told = debugfs(image, 0, &format!("stat {path}"));
    let words: Vec<_> = told.split_whitespace().collect();
    let after = |label: &str| {
        let at = words.iter().position(|word| *word == label);
        at.map_or("", |at| words[at + 1])
    };
    let mut line = format!(
        "{} {} {}:{}",
        after("Type:"),
        after("Mode:"),
        after("User:"),
        after("Group:")
    );
    if let Some((_, device)) = told.split_once("Device major/minor number: ") {
        let device = device.split_whitespace().next().unwrap();
        line += &format!(" {device}");
    }
    if let Some((_, target)) = told.split_once("Fast link dest: ") {
        line += &format!(" {}", target.lines().next().unwrap());
    }
    line
}

#[test]
fn modules_for_a_mounted_image_run_as_they_are() {
    let modules = ["motd", "devices", "overlay", "edit", "modern"];
    let work = project(
        &modules,
        "motd: {title: sauce}\noverlay: {from: site}\nmodern: {name: eth0, address: 10.0.0.2}\n",
    );
    fs::create_dir_all(work.join("site/drafts")).unwrap();
    work.write("site/index.html", "<p>hello\n");
    work.write("site/drafts/none.html", "");
    std::os::unix::fs::symlink("index.html", work.join("site/start.html")).unwrap();
    let said = run(&mut work.hsb(["build"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(
        said.stderr.contains("[motd] wrote 17 bytes at 2012"),
        "{said:#?}"
    );
    let image = work.join("image.raw");
    e2fsck_clean(&image, 0);
    for (path, expected) in [
        ("/etc/motd", "regular 0640 0:4"),
        ("/etc/issue", "regular 0644 0:0"),
        ("/dev/null", "character 0666 0:0 01:03"),
        ("/dev/console", "character 0600 0:5 05:01"),
        ("/dev/sda1", "block 0660 0:6 08:01"),
        ("/dev/initctl", "FIFO 0600 0:0"),
        ("/dev/fd", "symlink 0777 0:0 \"/proc/self/fd\""),
        ("/srv/site", "directory 0750 1000:1000"),
        ("/srv/site/index.html", "regular 0640 1000:8"),
        (
            "/srv/site/start.html",
            "symlink 0777 1000:1000 \"index.html\"",
        ),
        ("/srv/moved.html", "regular 0640 0:0"),
        ("/etc/shadow", "regular 0640 0:42"),
        ("/etc/hosts", "regular 0644 0:0"),
        ("/etc/hostname.link", "symlink 0777 0:0 \"hostname\""),
        ("/etc/network.d/eth0.json", "regular 0600 0:0"),
        (
            "/etc/network.d/default.json",
            "symlink 0777 0:0 \"eth0.json\"",
        ),
        ("/var/lib/modern/state", "regular 0644 1000:1000"),
    ] {
        assert_eq!(stat(&image, path), expected, "{path}");
    }
    for (path, expected) in [
        ("/etc/motd", "Welcome to sauce\n"),
        ("/etc/issue", "motd on fixture\n"),
        ("/srv/same.html", "<p>hello\n"),
        ("/etc/hostname", "fixture-edited\n"),
        (
            "/etc/network.d/eth0.json",
            "{\"address\": \"10.0.0.2\", \"name\": \"eth0\"}",
        ),
    ] {
        assert_eq!(
            debugfs(&image, 0, &format!("cat {path}")),
            expected,
            "{path}"
        );
    }
    assert!(debugfs(&image, 0, "cat /etc/hosts").starts_with("127.0.0.1\tlocalhost here\n"));
    assert!(debugfs(&image, 0, "cat /etc/shadow").starts_with("root:!:"));
    let names = debugfs(&image, 0, "ls -p /srv/site");
    assert!(!names.contains("drafts"), "{names}");
}

#[test]
fn python_does_in_the_image_what_it_does_in_a_folder() {
    let work = project(&["same"], "");
    let folder = work.join("folder");
    fs::create_dir(&folder).unwrap();
    let code = "import sys; sys.path.insert(0, 'modules'); import same; same.modify('same', sys.argv[1], {})";
    // A module may read what it has closed to everybody, as root may: in a namespace, a user too.
    let mut python = match fs::metadata(&folder).unwrap().uid() {
        0 => Command::new("/usr/bin/env"),
        _ => {
            let mut python = tool("unshare");
            python.args(["--user", "--map-root-user", "/usr/bin/env"]);
            python
        }
    };
    // The same python3 as that of hsb, whatever the user's PATH says.
    let python = python
        .args([
            "-i",
            "LANG=C.UTF-8",
            "PATH=/usr/local/bin:/usr/bin:/bin",
            "python3",
        ])
        .args(["-I", "-S", "-B", "-c", code])
        .arg(&folder)
        .current_dir(work.path())
        .output()
        .unwrap();
    assert!(python.status.success(), "{python:#?}");
    let expected = String::from_utf8(python.stdout).unwrap();
    let said = run(&mut work.hsb(["build"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    let lines = said.stderr.lines();
    let found: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("[same] "))
        .collect();
    for (expected, found) in expected.lines().zip(&found) {
        assert_eq!(*found, expected);
    }
    assert!(found.len() > 300, "{}", found.len());
    assert_eq!(found.len(), expected.lines().count());
}

#[test]
fn what_fails_says_where_and_why() {
    let cases = [
        (
            "    raise ValueError('bad')",
            "modules/own.py:2: ValueError: bad",
        ),
        ("    open(root + '/none')", "'{root}/none'"),
        ("    cfg['none']", "modules/own.py:2: KeyError: 'none'"),
        ("    root.read('/none')", "no such file in the image: /none"),
        ("    root.write()", "`path` is missing"),
        (
            "    import sys; sys.exit(3)",
            "modules/own.py:2: sys.exit(3)",
        ),
        ("    raise SystemExit('no key')", "modules/own.py:2: no key"),
        (
            "    import os; os._exit(0)",
            "modules/own.py: it ended with exit status: 0",
        ),
        ("    import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("    x = bytearray(1 << 40)", "MemoryError"),
        ("    print 'old'", "modules/own.py:2: SyntaxError"),
        ("    yield 1", "generator"),
        (
            "    import json; json.loads('{')",
            "modules/own.py:2: JSONDecodeError",
        ),
        ("    import os; os.system('ls ' + root)", "root.read()"),
        ("    import os; os.chroot(root)", "root.read()"),
        (
            "    import os; os.execv('/bin/ls', ['ls', root])",
            "root.read()",
        ),
        (
            "    import subprocess as s; s.call('ls', cwd=root)",
            "root.read()",
        ),
        (
            "    import subprocess as s; s.call('id', stdout=open(root + '/x', 'w'))",
            "root.read()",
        ),
        (
            "    import sqlite3; sqlite3.connect(root + '/x')",
            "sqlite3.connect",
        ),
        (
            "    import io; io.FileIO(root + '/etc/passwd')",
            "root.read()",
        ),
        (
            "    import os; os.stat('motd', dir_fd=os.open(root + '/etc', os.O_RDONLY))",
            "dir_fd cannot be a directory of the image; give the whole path",
        ),
        (
            "    import os; os.setxattr(os.open(root + '/etc/hostname', 0), 'bogus', b'1')",
            "modules/own.py:2: OSError: [Errno 22] /etc/hostname: attribute",
        ),
        (
            "    import os; os.dup2(os.open(root + '/etc', 0), 7)",
            "os.dup2 cannot give a file of the image a number; os.dup finds one",
        ),
        (
            "    import os; os.pathconf(root, 'PC_NAME_MAX')",
            "the image has no limits before it is written",
        ),
        (
            "    import os; os.fstatvfs(os.open(root + '/etc', 0))",
            "the image has no size before it is written",
        ),
        (
            // Some Pythons have no library for it and do it themselves, which works.
            "    import dbm; dbm.open(root + '/x', 'c'); raise OSError('no C opens files by itself')",
            "opens files by itself",
        ),
        (
            "    import pwd; pwd.getpwnam('eve')",
            "modules/own.py:2: KeyError: \"getpwnam(): the image has no 'eve'\"",
        ),
        (
            "    import grp; grp.getgrgid(77)",
            "modules/own.py:2: KeyError: 'getgrgid(): the image has no 77'",
        ),
        (
            "    import datetime as d; root.template('/t', text='', vars={'d': d.date(2026, 1, 1)})",
            "ValueError: template: `vars`: a value of the type date is no data",
        ),
        (
            "    root.write('/t', object())",
            "ValueError: write: argument 2: a value of the type object is no data",
        ),
        (
            "    root.template('/t', text='', vars={'a': {1: 2}})",
            "ValueError: template: `vars`: the key 1 is no string",
        ),
        (
            "    root.template('/t', text='', vars={'\\udcff': 2})",
            "ValueError: template: `vars`: the key '\\udcff' is not UTF-8 text",
        ),
        (
            "    a = []; a.append(a); root.template('/t', text='', vars={'a': a})",
            "ValueError: template: `vars`: lists and mappings lie more than 100 deep",
        ),
        (
            "    root.template('/t', text='{{ a }}', vars={'a': ['\\udcff']})",
            r#"template: text: the variable with "\xff" is not UTF-8 text"#,
        ),
        (
            "    root.utime('/t', float('nan'))",
            "ValueError: utime: argument 2: nan is no number",
        ),
        (
            "    root.truncate('/t', 1 << 70)",
            "ValueError: truncate: argument 2: 1180591620717411303424 is no number of 64 bits",
        ),
        (
            "    open('/etc/hsb-test', 'w')",
            "is of the system that builds",
        ),
    ];
    for (line, expected) in cases {
        let said = refused(&format!("def modify(name, root, cfg):\n{line}\n"));
        assert!(
            said.contains(expected) && said.contains("step 1 `own`"),
            "{line}: {said}"
        );
        assert!(!said.contains(".hsb-image"), "{line}: {said}");
    }
    let said = refused("x = 1\n");
    assert!(
        said.contains("no function modify(name, root, cfg)"),
        "{said}"
    );
    let said = refused("def modify(root): pass\n");
    assert!(
        said.contains("modules/own.py:1: modify() is called with"),
        "{said}"
    );
}

#[test]
fn endless_modules_are_ended() {
    let work = project(&["own"], "");
    let text = "MODULE = {'timeout': 1}\nimport subprocess\ndef modify(name, root, cfg):\n    subprocess.call(['sleep', '7777'])\n";
    work.write("modules/own.py", text);
    let said = fail(&mut work.hsb(["build"]), 1);
    assert!(said.contains("ran for more than 1 second"), "{said}");
    let text = "def modify(name, root, cfg):\n    while True: print('x' * 9999)\n";
    work.write("modules/own.py", text);
    let said = fail(&mut work.hsb(["build", "-q"]), 1);
    assert!(
        said.contains("printed more than"),
        "{}",
        &said[said.len() - 300..]
    );
}

#[test]
fn no_path_leaves_the_image() {
    let work = project(&["own"], "");
    let text = r#"
import os, pathlib
def modify(name, root, cfg):
    with open(os.path.join(root, "etc/here"), "w") as file:
        file.write("image")
    os.symlink("/", os.path.join(root, "etc/top"))
    ups = ["../" * count for count in (1, 2, 16, 17, 30, 64, 65, 1200)]
    ways = [root + "/" + up + "etc/here" for up in ups]
    ways += [os.path.normpath(way) for way in ways]
    ways += [os.path.relpath(root + "/etc/here"), "//" + root[1:] + "/etc/here"]
    ways += [root + "/etc/top/etc/here", root + "/etc/top/../../../etc/here"]
    ways += [os.path.realpath(way) for way in ways]
    ways += [str(pathlib.Path(root, "../etc/here").resolve()), os.path.dirname(root) + "/etc/here"]
    for way in ways + [os.fsencode(way) for way in ways]:
        with open(way) as file:
            assert file.read() == "image", way
        os.stat(way), os.path.getsize(way)
    os.chdir(root)
    with open("etc/here") as file:
        assert file.read() == "image"
    with open(os.path.abspath("../" * 90 + "etc/here")) as file:
        assert file.read() == "image"
    os.chdir("../../..")
    assert sorted(os.listdir()) == root.list("/")
    for name in ("a\0b", b"a\0b"):
        try:
            open(os.path.join(os.fsencode(root) if isinstance(name, bytes) else root, name))
        except ValueError:
            continue
        raise AssertionError(name)
    assert os.path.join(root, "/etc/hostname") == "/etc/hostname"
"#;
    work.write("modules/own.py", text);
    let said = kit::run(&mut work.hsb(["build"]));
    assert_eq!(said.code, Some(0), "{said:#?}");
    let warning = "modules/own.py:31: os.path.join(root, '/etc/hostname') is '/etc/hostname'";
    assert!(said.stderr.contains(warning), "{said:#?}");
}

#[test]
fn the_same_modules_make_the_same_bytes() {
    let build = || {
        let work = project(&["motd", "edit", "devices"], "motd: {title: sauce}\n");
        succeed(work.hsb(["build"]).env("SOURCE_DATE_EPOCH", "1700000000"));
        kit::sha256(&work.join("image.raw"))
    };
    assert_eq!(build(), build());
}

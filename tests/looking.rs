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
    }
    let message = kit::fail(&mut work.hsb(["ls", "nothing"]), 2);
    assert!(message.contains("nothing: No such file"), "{message}");
    // Who has seen enough closes the pipe.
    let mut hsb = work.hsb(["ls", "-R", "root"]);
    let mut child = hsb.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

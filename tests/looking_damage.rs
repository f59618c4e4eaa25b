//! Looking into images that are damaged, or hold what nobody may read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::kit::{self, Work};
use super::rootless;

/// All that can be read is shown, and the rest told of.
#[test]
fn what_cannot_be_read_hides_nothing_else() {
    let work = Work::new("looking-partly");
    for path in ["root/a/in", "root/b/in", "root/c"] {
        fs::create_dir_all(work.join(path)).unwrap();
    }
    work.write("root/file", "x");
    let options = ["-q", "-F", "-t", "ext4", "-O", "encrypt", "-d", "root"];
    let mut mke2fs = kit::tool("mke2fs");
    let mke2fs = mke2fs.args(options).args(["x.fs", "4M"]);
    kit::succeed(mke2fs.current_dir(work.path()));
    for request in ["sif /a flags 0x80800", "sif /c mode 0"] {
        let mut debugfs = kit::tool("debugfs");
        let debugfs = debugfs.args(["-w", "-R", request, "x.fs"]);
        kit::succeed(debugfs.current_dir(work.path()));
    }
    for arguments in ["-R", "-lR", "-R --json"] {
        let arguments = ["ls", "x.fs"].into_iter().chain(arguments.split(' '));
        let run = kit::run(&mut work.hsb(arguments));
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told: Vec<_> = run.stderr.lines().collect();
        assert_eq!(told.len(), 2, "{run:#?}");
        assert!(
            told[0].contains("/a: inode ") && told[0].ends_with("there is no key here"),
            "{told:?}"
        );
        assert!(told[1].contains("/c: inode "), "{told:?}");
        let shown: Vec<_> = match serde_json::from_str::<serde_json::Value>(&run.stdout) {
            Ok(list) => {
                let list = list.as_array().unwrap().iter();
                list.map(|f| f["path"].as_str().unwrap().to_owned())
                    .collect()
            }
            Err(_) => {
                let names = run.stdout.lines().map(|line| line.rsplit(' ').next());
                names.map(|name| name.unwrap().to_owned()).collect()
            }
        };
        let all = ["/", "/a", "/b", "/b/in", "/file", "/lost+found"];
        assert_eq!(shown, all, "{run:#?}");
    }
    let run = kit::run(&mut work.hsb(["ls", "x.fs", "gone", "c", "file", "b"]));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(run.stdout, "/file\n/b/in\n");
    assert_eq!(run.stderr.lines().count(), 2, "{run:#?}");
    // Only a build can leave it out.
    for arguments in [
        &["diff", "x.fs", "root", "/a"][..],
        &["export", "x.fs", "/a"],
    ] {
        let run = kit::run(&mut work.hsb(arguments));
        assert!(run.code.is_some_and(|code| code > 0), "{run:#?}");
        assert!(run.stderr.contains("it is encrypted"), "{run:#?}");
        assert!(!run.stderr.contains("exclude"), "{run:#?}");
    }
    let message = kit::fail(&mut work.hsb(["build", "-q", "-i", "x.fs"]), 1);
    assert!(message.contains("; `exclude` leaves it out"), "{message}");
    the_rest_is_compared_and_exported(&work);
}

fn the_rest_is_compared_and_exported(work: &Work) {
    work.write("root/file", "y");
    let unread = ["x.fs: /a: inode ", "x.fs: /c: inode "];
    let check = |arguments: &[&str], code: i32| {
        let run = kit::run(&mut work.hsb(arguments));
        assert_eq!(run.code, Some(code), "{run:#?}");
        let told: Vec<_> = run.stderr.lines().collect();
        assert_eq!(told.len(), 2, "{run:#?}");
        for (line, want) in told.iter().zip(unread) {
            assert!(line.contains(want), "{run:#?}");
        }
        run.stdout
    };
    let found = check(&["diff", "x.fs", "root", "--ignore", "mtime,owner"], 2);
    assert_eq!(found, "changed /file: content from byte 0\n");
    let found = check(&["diff", "root", "x.fs", "--ignore=mtime,owner,content"], 2);
    assert_eq!(found, "");
    let members = |archive: &str| {
        let mut tar = kit::tool("tar");
        kit::succeed(tar.args(["-tf", archive]).current_dir(work.path()))
    };
    let all = "./\na/\nb/\nb/in/\nfile\n";
    check(&["export", "x.fs", "-o", "x.tar"], 1);
    assert_eq!(members("x.tar"), all);
    check(&["export", "x.fs", "-o", "oci", "--format", "oci"], 1);
    let found = check(&["inspect", "x.fs", "--json"], 1);
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(
        (
            &found["contents"]["directories"],
            &found["contents"]["files"]
        ),
        (&5.into(), &1.into()),
    );
}

/// Overwrites the compressed cluster of a qcow2 image that has a place of the disk.
fn destroy_cluster(image: &Path, place: u64) {
    let mut bytes = fs::read(image).unwrap();
    let number = |bytes: &[u8], at: u64| {
        let at = usize::try_from(at).unwrap();
        u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
    };
    let table = number(&bytes, number(&bytes, 40)) & !(1 << 63);
    // Clusters of 64 KiB: their number of sectors has 8 bits, below two flags.
    let entry = number(&bytes, table + place / 65_536 * 8);
    assert_eq!(entry >> 62, 1, "not compressed");
    let at = usize::try_from(entry & ((1 << 54) - 1)).unwrap();
    bytes[at..at + 16].fill(0xFF);
    fs::write(image, bytes).unwrap();
}

/// A header is written before the bytes of a file are read.
#[test]
fn zeros_are_in_place_of_bytes_that_cannot_be_read() {
    let work = Work::new("looking-torn");
    for (path, len) in [("large", 600 << 10), ("small", 20 << 10)] {
        let packed = &*format!("{path}.qcow2");
        let folder = &*format!("root-{path}");
        fs::create_dir(work.join(folder)).unwrap();
        fs::write(work.join(folder).join(path), vec![b'x'; len]).unwrap();
        let script = format!(
            "mke2fs -q -F -t ext4 -b 1024 -E root_owner -d {folder} $0.raw 8M >/dev/null
             qemu-img convert -f raw -O qcow2 -c $0.raw $0
             block=$(debugfs -R 'bmap /{path} 2' $0.raw 2>/dev/null)
             echo $block"
        );
        let mut sh = kit::tool("sh");
        let sh = sh.args(["-ec", &script, packed]).current_dir(work.path());
        let block: u64 = kit::succeed(sh).trim().parse().unwrap();
        destroy_cluster(&work.join(packed), block * 1024);
        for arguments in [
            &["export", packed, "-o", "part.tar"][..],
            &["export", packed, "-o", "part.tar.gz"],
        ] {
            let run = kit::run(&mut work.hsb(arguments));
            assert_eq!(run.code, Some(1), "{run:#?}");
            let want = format!("{packed}: /{path}: zeros are in its place");
            assert!(run.stderr.contains(&want), "{run:#?}");
        }
        let run = kit::run(&mut work.hsb(["diff", "part.tar", folder, "--ignore=mtime,owner"]));
        assert_eq!(run.code, Some(1), "{run:#?}");
        let want = format!("changed /{path}: content from byte ");
        assert!(run.stdout.starts_with(&want), "{run:#?}");
        assert_eq!(run.stdout.lines().count(), 1, "{run:#?}");
        let run = kit::run(&mut work.hsb(["diff", packed, folder, "--ignore=mtime,owner"]));
        assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:#?}");
    }
}

/// A damaged image may have a directory in itself, or each of many twice in the one before.
#[test]
fn directories_that_never_end() {
    let chain: String = (0..26).map(|n| format!("mkdir d{n}\ncd d{n}\n")).collect();
    let twice: String = (1..26)
        .rev()
        .map(|n| format!("cd ..\nln d{n} again\n"))
        .collect();
    for commands in ["mkdir d\nln d d/loop\n".to_owned(), chain + &twice] {
        let work = Work::new("endless");
        let image = work.join("l.img");
        fs::File::create(&image).unwrap().set_len(4 << 20).unwrap();
        kit::succeed(kit::tool("mke2fs").args(["-q", "-t", "ext4"]).arg(&image));
        work.write("commands", commands);
        let mut debugfs = kit::tool("debugfs");
        kit::succeed(debugfs.arg("-wf").arg(work.join("commands")).arg(&image));
        for args in [
            &["ls", "-R", "l.img"][..],
            &["export", "l.img", "-o", "x.tar"],
            &["diff", "l.img", "l.img"],
            &["inspect", "l.img"],
            &["build", "-i", "l.img"],
        ] {
            let run = kit::run(&mut work.hsb(args));
            assert!(matches!(run.code, Some(1 | 2)), "{args:?}: {run:#?}");
            let told = "a directory that is in another place, too";
            assert!(run.stderr.contains(told), "{args:?}: {run:#?}");
        }
    }
}

/// The number of names of a directory is how many directories there are in it; a damaged image may
/// have thousands in one place.
#[test]
fn directories_that_are_one() {
    const COUNT: usize = 2046;
    let work = Work::new("looking-same");
    let image = work.join("x.fat");
    fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
    // Clusters of 64 KiB.
    let mut mkfs = kit::tool("mkfs.fat");
    kit::succeed(mkfs.args(["-F", "12", "-s", "128"]).arg(&image));
    kit::succeed(kit::tool("mmd").arg("-i").arg(&image).arg("::a"));
    let mut bytes = fs::read(&image).unwrap();
    let itself = b".          \x10";
    let own = bytes.windows(12).position(|entry| entry == itself);
    let own = own.unwrap();
    let entry = bytes[own..own + 32].to_vec();
    for number in 0..COUNT {
        let at = own + 64 + 32 * number;
        bytes[at..at + 32].copy_from_slice(&entry);
        bytes[at..at + 8].copy_from_slice(format!("{number:08}").as_bytes());
    }
    fs::write(&image, bytes).unwrap();
    // Seconds of its own, so that others on the machine do not matter.
    let script = "ulimit -t 2; exec \"$0\" ls -l x.fat a";
    let mut limited = kit::tool("sh");
    limited.args(["-c", script, env!("CARGO_BIN_EXE_hsb")]);
    let list = kit::succeed(limited.current_dir(work.path()));
    let links = format!("drwxr-xr-x  {} ", 2 + COUNT);
    assert_eq!(list.lines().count(), COUNT);
    assert!(list.lines().all(|line| line.starts_with(&links)), "{list}");
}

/// What a user may not read of a folder is told of by whoever wants it, and all else is there.
#[test]
fn a_folder_that_is_not_all_ours() {
    let work = rootless::open_to_nobody();
    fs::create_dir_all(work.join("in/closed/below")).unwrap();
    work.write("in/open", "a");
    work.write("in/shut", "b");
    // Names that may be seen, but nothing else of them.
    fs::create_dir(work.join("in/listed")).unwrap();
    work.write("in/listed/file", "c");
    // The kernel does not tell of attributes of the namespace `user` where it does not of bytes.
    work.write("in/marked", "");
    let mut setfattr = kit::tool("setfattr");
    kit::succeed(
        setfattr
            .args(["-n", "user.x", "-v", "y"])
            .arg(work.join("in/marked")),
    );
    let is_root = fs::metadata(work.join("in")).unwrap().uid() == 0;
    for (path, mode) in [
        ("in/open", 0o644),
        ("in/shut", 0),
        ("in/closed", 0),
        ("in/listed", 0o644),
        ("in/marked", 0),
        ("in", 0o755),
    ] {
        fs::set_permissions(work.join(path), Permissions::from_mode(mode)).unwrap();
    }
    let hsb = |arguments: &[&str]| {
        let mut command = match is_root {
            true => {
                let mut setpriv = kit::tool("setpriv");
                setpriv.args(["--reuid=61234", "--regid=61234", "--clear-groups", "./hsb"]);
                setpriv
            }
            false => std::process::Command::new("./hsb"),
        };
        command.args(arguments).env("HOME", "/nonexistent");
        kit::run(command.current_dir(work.path()))
    };
    let (shut, closed) = ("in/shut: Permission denied", "/closed: Permission denied");
    let (listed, marked) = ("/listed: Permission denied", "/marked: ");
    for (arguments, code, stdout, told) in [
        (
            &["ls", "in"][..],
            0,
            "closed\nlisted\nmarked\nopen\nshut\n",
            &[][..],
        ),
        (
            &["ls", "-R", "in"],
            1,
            "/\n/closed\n/listed\n/marked\n/open\n/shut\n",
            &[closed, listed],
        ),
        (&["cat", "in", "/open"], 0, "a", &[]),
        (&["cat", "in", "/shut"], 1, "", &[shut]),
        (
            &["cat", "in", "/closed/below"],
            1,
            "",
            &["/closed/below: Permission denied"],
        ),
        (
            &["diff", "in", "in"],
            2,
            "",
            &[shut, closed, listed, marked],
        ),
        (
            &["export", "in", "-o", "out.tar"],
            1,
            "",
            &[shut, closed, listed, marked],
        ),
        (
            &["build", "-q", "-i", "in", "-o", "out.raw"],
            1,
            "",
            &["Permission denied"],
        ),
    ] {
        let run = hsb(arguments);
        assert_eq!((run.code, &*run.stdout), (Some(code), stdout), "{run:#?}");
        for told in told {
            assert!(run.stderr.contains(told), "{told}: {run:#?}");
        }
        assert_eq!(run.stderr.is_empty(), told.is_empty(), "{run:#?}");
    }
    assert!(!work.join("out.raw").exists());
    let mut tar = kit::tool("tar");
    let names = kit::succeed(tar.current_dir(work.path()).args(["-tf", "out.tar"]));
    assert!(names.contains("open"), "{names}");
    for folder in ["in/closed", "in/listed"] {
        fs::set_permissions(work.join(folder), Permissions::from_mode(0o755)).unwrap();
    }
}

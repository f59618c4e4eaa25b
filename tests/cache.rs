//! The cache of decoded sources: it saves time, and changes nothing else.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::kit::{self, Work};

/// Makes two tarballs that differ in the content of one file, and not in their sizes when compressed.
fn prepared() -> Work {
    let work = Work::new("cache");
    work.write(
        "build.yaml",
        "table: none\nmodules: [hostname]\nhostname: h\n",
    );
    for (name, letter) in [("a", "x"), ("b", "y")] {
        fs::create_dir_all(work.join("tree/etc")).unwrap();
        work.write("tree/etc/letter", letter.repeat(100_000));
        let mut tar = kit::tool("tar");
        tar.args(["--mtime=@1", "--sort=name", "-C", "tree", "-cf"]);
        kit::succeed(
            tar.arg(format!("{name}.tar"))
                .arg(".")
                .current_dir(work.path()),
        );
        let mut gzip = kit::tool("gzip");
        kit::succeed(
            gzip.args(["-kn", &format!("{name}.tar")])
                .current_dir(work.path()),
        );
        // Zeros may follow: with them, both are equally large.
        let packed = OpenOptions::new()
            .write(true)
            .open(work.join(format!("{name}.tar.gz")));
        packed.unwrap().set_len(4096).unwrap();
    }
    work
}

fn hsb(work: &Work, arguments: &[&str]) -> Command {
    let mut hsb = work.hsb(arguments);
    hsb.env("HSB_CACHE", work.join("cache"));
    hsb
}

/// Builds from a source, and returns the digest of the image and what was said.
fn build(work: &Work, source: &str, more: &[&str]) -> (String, String) {
    let arguments = ["build", "-q", "-o", "image.raw", "-i", source];
    let run = kit::run(&mut hsb(work, &[&arguments[..], more].concat()));
    assert_eq!(run.code, Some(0), "{run:#?}");
    (kit::sha256(&work.join("image.raw")), run.stderr)
}

/// Returns the archives in the cache.
fn archives(work: &Work) -> Vec<PathBuf> {
    archives_in(&work.join("cache"))
}

fn archives_in(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache.join("decoded/sha256"))
        .into_iter()
        .flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_none());
    paths.sort();
    paths
}

fn list(work: &Work) -> String {
    kit::succeed(&mut hsb(work, &["cache"]))
}

#[test]
fn images_are_the_same_with_and_without() {
    let work = prepared();
    let (want, _) = build(&work, "a.tar", &[]);
    let (other, _) = build(&work, "b.tar", &[]);
    assert_ne!(want, other);
    assert_eq!(archives(&work).len(), 0);
    assert_eq!(build(&work, "a.tar.gz", &["--no-cache"]).0, want);
    assert!(!work.join("cache").exists());
    // The first fills it, the next ones use it, whoever else has the same bytes, too.
    for round in 0..3 {
        assert_eq!(
            build(&work, "a.tar.gz", &[]),
            (want.clone(), String::new()),
            "{round}"
        );
        assert_eq!(archives(&work).len(), 1);
    }
    fs::copy(work.join("a.tar.gz"), work.join("c.tar.gz")).unwrap();
    kit::succeed(&mut hsb(&work, &["plan", "-i", "c.tar.gz"]));
    assert_eq!(build(&work, "b.tar.gz", &[]).0, other);
    assert_eq!(archives(&work).len(), 2);
    let listed = list(&work);
    assert_eq!(
        listed.matches("decoded  130.0 KiB  used just now").count(),
        0
    );
    assert_eq!(listed.matches("\ndecoded ").count(), 2, "{listed}");
    // A pipe has no digest beforehand.
    let script = "cat a.tar.gz | \"$0\" build -q -i - -o image.raw";
    let mut piped = Command::new("sh");
    piped
        .args(["-c", script, env!("CARGO_BIN_EXE_hsb")])
        .env("HSB_CACHE", work.join("cache"));
    kit::succeed(piped.current_dir(work.path()));
    assert_eq!(kit::sha256(&work.join("image.raw")), want);
    let removed = kit::succeed(&mut hsb(&work, &["cache", "clear"]));
    assert!(removed.contains("KiB removed"), "{removed}");
    assert_eq!(list(&work).lines().count(), 1);
    assert_eq!(build(&work, "a.tar.gz", &[]).0, want);
}

#[test]
fn with_a_folder_to_decode_into_nothing_is_kept() {
    let work = prepared();
    let (want, _) = build(&work, "a.tar", &[]);
    fs::create_dir(work.join("elsewhere")).unwrap();
    let elsewhere = ["--tmp", "elsewhere"];
    assert_eq!(build(&work, "a.tar.gz", &elsewhere).0, want);
    assert_eq!(archives(&work).len(), 0);
    // That it is decoded there shows when it cannot be.
    let full = ["--tmp", "/proc/self"];
    let run = kit::run(&mut hsb(
        &work,
        &[&["build", "-i", "a.tar.gz"], &full[..]].concat(),
    ));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("/proc/self"), "{run:#?}");
    // What was decoded before is used all the same.
    build(&work, "a.tar.gz", &[]);
    assert_eq!(build(&work, "a.tar.gz", &full).0, want);
}

#[test]
fn tmpdir_is_such_a_folder_unless_the_cache_is_asked_for() {
    const BUILD: &[&str] = &["build", "-q", "-i", "a.tar.gz", "-o", "image.raw"];
    // TMPDIR, where the cache is, the exit code, and how many archives the cache keeps.
    // Of XDG_CACHE_HOME, a relative path does not count.
    for (tmpdir, variable, cache, code, kept) in [
        ("/proc/self", "XDG_CACHE_HOME", "WORK/usual", 1, 0),
        ("elsewhere", "XDG_CACHE_HOME", "WORK/usual", 0, 0),
        ("", "XDG_CACHE_HOME", "WORK/usual", 0, 1),
        ("", "XDG_CACHE_HOME", "usual", 0, 0),
        ("/proc/self", "HSB_CACHE", "usual/hsb", 0, 1),
        ("/proc/self", "HSB_CACHE", "/dev/null", 1, 0),
    ] {
        let work = prepared();
        fs::create_dir(work.join("elsewhere")).unwrap();
        let mut hsb = work.hsb(BUILD);
        let cache = cache.replace("WORK", work.path().to_str().unwrap());
        hsb.env_remove("HSB_CACHE").envs([
            ("TMPDIR", tmpdir),
            ("HOME", "/gone"),
            (variable, &cache),
        ]);
        let run = kit::run(&mut hsb);
        assert_eq!(run.code, Some(code), "{tmpdir} {cache}: {run:#?}");
        assert_eq!(run.stderr.contains("/proc/self"), code == 1, "{run:#?}");
        let archives = archives_in(&work.join("usual/hsb"));
        assert_eq!(archives.len(), kept, "{tmpdir} {cache}");
    }
}

#[test]
fn what_is_in_it_is_used_if_it_is_whole() {
    let work = prepared();
    let (a, _) = build(&work, "a.tar.gz", &[]);
    let archive = archives(&work).remove(0);
    let (b, _) = build(&work, "b.tar.gz", &[]);
    let whole = fs::read(&archive).unwrap();
    // That it is used shows when it is exchanged for another whole one.
    let of_b = archives(&work)
        .into_iter()
        .find(|path| *path != archive)
        .unwrap();
    fs::copy(&of_b, &archive).unwrap();
    assert_eq!(build(&work, "a.tar.gz", &[]), (b.clone(), String::new()));
    assert_eq!(build(&work, "a.tar.gz", &["--no-cache"]).0, a);
    for damage in ["a bit", "an end", "nothing left"] {
        let mut bytes = whole.clone();
        match damage {
            "a bit" => bytes[1234] ^= 1,
            "an end" => bytes.truncate(whole.len() - 1),
            _ => bytes.clear(),
        }
        fs::write(&archive, bytes).unwrap();
        let (image, said) = build(&work, "a.tar.gz", &[]);
        assert!(
            image == a && said.contains("; it is made again\n"),
            "{damage}: {said}"
        );
        assert_eq!(fs::read(&archive).unwrap(), whole);
        assert_eq!(build(&work, "a.tar.gz", &[]), (a.clone(), String::new()));
    }
    // A source that changes is another one, and one that is damaged is not kept.
    fs::copy(work.join("b.tar.gz"), work.join("a.tar.gz")).unwrap();
    assert_eq!(build(&work, "a.tar.gz", &[]).0, b);
    let mut bytes = fs::read(work.join("a.tar.gz")).unwrap();
    bytes[100] ^= 1;
    work.write("a.tar.gz", bytes);
    let message = kit::fail(&mut hsb(&work, &["build", "-i", "a.tar.gz"]), 1);
    assert!(message.contains("bad gzip data"), "{message}");
    assert_eq!(archives(&work).len(), 2);
}

#[test]
fn it_is_bounded_and_may_be_missing() {
    let work = prepared();
    let (want, _) = build(&work, "a.tar", &[]);
    let with = |name: &str, value: &Path, code| {
        let mut hsb = hsb(&work, &["build", "-q", "-o", "image.raw", "-i", "a.tar.gz"]);
        let run = kit::run(hsb.env(name, value));
        assert_eq!(run.code, Some(code), "{run:#?}");
        if code == 0 {
            assert_eq!(kit::sha256(&work.join("image.raw")), want, "{name}");
        }
        run.stderr
    };
    // What is not there yet has the room of its disk.
    for path in [Path::new("not/yet"), &work.join("not/yet")] {
        let mut listed = hsb(&work, &["cache"]);
        let listed = kit::succeed(listed.env("HSB_CACHE", path));
        assert!(!listed.contains("at most 0 B"), "{listed}");
    }
    // Too small for what comes: the rest goes where it would without a cache.
    with("HSB_CACHE_SIZE", Path::new("50K"), 0);
    with("HSB_CACHE_SIZE", Path::new("1K"), 0);
    assert_eq!(archives(&work).len(), 0);
    let message = with("HSB_CACHE_SIZE", Path::new("many"), 2);
    assert!(message.contains("not a size such as 20G"), "{message}");
    work.write("file", "");
    for path in ["file", "file/cache", "build.yaml"] {
        let said = with("HSB_CACHE", &work.join(path), 0);
        assert_eq!(said, "", "{path}");
    }
    let left = work.names();
    assert!(left.iter().all(|name| !name.contains("part")), "{left:?}");
}

#[test]
fn builds_at_once_share_it() {
    let work = prepared();
    let (want, _) = build(&work, "a.tar", &[]);
    for round in 0..5 {
        let outs: Vec<_> = (0..4).map(|n| format!("{round}-{n}.raw")).collect();
        let start = |out: &String| {
            let mut hsb = hsb(&work, &["build", "-q", "-i", "a.tar.gz", "-o", out]);
            hsb.spawn().unwrap()
        };
        let mut children: Vec<_> = outs.iter().map(start).collect();
        let clear = kit::run(&mut hsb(&work, &["cache", "clear"]));
        assert!(clear.code.is_some());
        assert!(
            children
                .iter_mut()
                .all(|child| child.wait().unwrap().success())
        );
        for out in outs {
            assert_eq!(kit::sha256(&work.join(&out)), want);
        }
    }
    let files = fs::read_dir(work.join("cache/decoded/sha256")).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert!(names.len() <= 2, "{names:?}");
}

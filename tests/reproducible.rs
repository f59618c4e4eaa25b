//! The promise "reproducible": the bytes of an image depend on its input alone.
//!
//! One build after the other changes something that must not matter. And `pins.txt` has the
//! digests of a few images: what changes the bytes of an image does not go unnoticed.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kit::{NO_CACHE, Work, say, sha256, succeed, tool};

/// The sample recipe, smaller and without its source.
fn sample() -> String {
    let recipe = include_str!("../build.yaml");
    let recipe = recipe.replace("source: fixtures/rootfs.tar.gz", "");
    recipe.replace("256M", "64M")
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz")
}

/// A folder that everybody may use, with the fixture in every form and the program.
fn inputs() -> Work {
    let work = Work::under(&std::env::temp_dir(), "reproducible");
    fs::set_permissions(work.path(), Permissions::from_mode(0o777)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_hsb"), work.join("hsb")).unwrap();
    let output = |program: &str, arg: &str, file: &Path| {
        let output = tool(program).arg(arg).arg(file).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        output.stdout
    };
    let tar = work.write("rootfs.tar", output("gzip", "-dc", &fixture()));
    work.write("shuffled.tar", shuffled(&fs::read(&tar).unwrap()));
    for (program, ending) in [
        ("gzip", "gz"),
        ("zstd", "zst"),
        ("xz", "xz"),
        ("bzip2", "bz2"),
    ] {
        work.write(&format!("rootfs.tar.{ending}"), output(program, "-c", &tar));
    }
    for name in work.names() {
        let mode = if name == "hsb" { 0o755 } else { 0o644 };
        fs::set_permissions(work.join(name), Permissions::from_mode(mode)).unwrap();
    }
    work
}

/// Returns an archive with its members in another order; hard links still follow their files.
fn shuffled(tar: &[u8]) -> Vec<u8> {
    let mut members = Vec::new();
    let mut links = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while tar[at] != 0 {
        let header = &tar[at..at + 512];
        let size = std::str::from_utf8(&header[124..135]).unwrap();
        let size = usize::from_str_radix(size, 8).unwrap();
        at += 512 + size.next_multiple_of(512);
        match header[156] {
            // What is ahead of a member stays there.
            b'x' | b'L' | b'K' => continue,
            b'1' => links.push(&tar[start..at]),
            _ => members.push(&tar[start..at]),
        }
        start = at;
    }
    assert!(members.len() > 100 && links.len() > 100);
    // Multiples of a number that has no factor in common with the count reach every member.
    let count = members.len();
    let step = (count / 3..).find(|step| gcd(*step, count) == 1).unwrap();
    let order = (0..count).map(|n| members[n * step % count]);
    let all: Vec<&[u8]> = order.chain(links).collect();
    [&all.concat()[..], &[0; 1024]].concat()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// One build: what is different, its folder, source, and what stands before and after `hsb`.
struct Build<'b> {
    what: &'b str,
    folder: &'b str,
    source: &'b str,
    before: &'b [&'b str],
    after: &'b [&'b str],
}

const SAME: Build<'static> = Build {
    what: "nothing",
    folder: "a",
    source: "rootfs.tar",
    before: &[],
    after: &[],
};

#[rustfmt::skip]
const BUILDS: &[Build<'static>] = &[
    SAME,
    Build { what: "gzip", source: "rootfs.tar.gz", ..SAME },
    Build { what: "zstd", source: "rootfs.tar.zst", ..SAME },
    Build { what: "xz", source: "rootfs.tar.xz", ..SAME },
    Build { what: "bzip2", source: "rootfs.tar.bz2", ..SAME },
    Build { what: "standard input", source: "-", ..SAME },
    Build { what: "the order of the members", source: "shuffled.tar", ..SAME },
    Build { what: "a folder", folder: "b", ..SAME },
    Build { what: "a deep folder", folder: "a/deep/er \u{e9}", ..SAME },
    Build { what: "one thread", after: &["--threads", "1"], ..SAME },
    Build { what: "two threads", after: &["--threads", "2"], ..SAME },
    Build { what: "seven threads", after: &["--threads", "7"], ..SAME },
    Build { what: "a folder for the copy", source: "-", after: &["--tmp", "/tmp"], ..SAME },
    Build { what: "TMPDIR", source: "rootfs.tar.xz", before: &["env", "TMPDIR=/var/tmp"], ..SAME },
    Build { what: "no environment", before: &["env", "-i"], ..SAME },
    Build { what: "a time zone", before: &["env", "TZ=Asia/Kathmandu"], ..SAME },
    Build { what: "a locale", before: &["env", "LC_ALL=tr_TR.UTF-8", "LANG=ja_JP.EUC-JP"], ..SAME },
    Build { what: "a home", before: &["env", "HOME=/nowhere", "USER=eve"], ..SAME },
    Build { what: "a umask of 077", before: &["sh", "-c", "umask 077 && exec \"$0\" \"$@\""], ..SAME },
    Build { what: "a umask of 0", before: &["sh", "-c", "umask 0 && exec \"$0\" \"$@\""], ..SAME },
    Build { what: "the past", before: &["faketime", "1999-12-31 23:59:59"], ..SAME },
    Build { what: "the future", before: &["faketime", "2039-01-01 00:00:00"], ..SAME },
];

/// Somebody else, whom only root can become.
const NOBODY: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

#[test]
fn nothing_but_the_input_matters() {
    let work = inputs();
    let mut digests = Vec::new();
    for build in BUILDS {
        digests.push((build.what, digest(&work, build)));
    }
    if fs::metadata(work.path()).unwrap().uid() == 0 {
        let another = Build {
            what: "another user",
            folder: "nobody",
            before: NOBODY,
            ..SAME
        };
        digests.push((another.what, digest(&work, &another)));
    } else {
        say("NOT COMPARED with an image that another user builds: only root can become one");
    }
    let (_, first) = digests[0].clone();
    digests.retain(|(_, digest)| *digest != first);
    assert!(digests.is_empty(), "not {first}: {digests:#?}");
}

/// Builds an image and returns its digest.
fn digest(work: &Work, build: &Build<'_>) -> String {
    let folder = work.join(build.folder);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    let recipe = folder.join("build.yaml");
    fs::write(&recipe, sample()).unwrap();
    fs::set_permissions(&recipe, Permissions::from_mode(0o644)).unwrap();

    let program = work.join("hsb");
    let mut command = match build.before {
        [] => Command::new(&program),
        [first, rest @ ..] => {
            // These two are on every machine, and judge nothing.
            let mut command = match *first {
                "env" | "sh" => Command::new(first),
                judge => tool(judge),
            };
            command.args(rest).arg(&program);
            command
        }
    };
    command.current_dir(&folder).env_remove("SOURCE_DATE_EPOCH");
    command.env("HSB_CACHE", NO_CACHE);
    command.args(["build", "-q"]).args(build.after).arg("-i");
    match build.source {
        "-" => {
            let input = File::open(work.join("rootfs.tar")).unwrap();
            command.arg("-").stdin(Stdio::from(input));
        }
        name => _ = command.arg(work.join(name)),
    }
    succeed(&mut command);
    let image = folder.join("image.raw");
    let digest = sha256(&image);
    fs::remove_file(image).unwrap();
    digest
}

/// The images whose digests are pinned, all of the fixture: name, and recipe.
const PINNED: &[(&str, &str)] = &[
    ("gpt", "size: 64M\n"),
    ("mbr", "size: 64M\ntable: mbr\n"),
    ("bare", "table: none\n"),
    (
        "small-blocks",
        "table: none\npartitions: [{mount: /, block_size: 1024, journal: false}]\n",
    ),
    (
        "partitions",
        "size: 300M\npartitions:\n- {type: root, mount: /, size: 150M}\n- {type: swap, fs: swap, size: 16M}\n- {type: home, mount: /home, size: rest}\n",
    ),
    (
        "modules",
        "size: 64M\nmodules: [hostname, files, add_user]\nhostname: sauce\nadd_users: [grace]\nfiles: [{path: /etc/motd, content: hello}]\n",
    ),
];

const PINS: &str = include_str!("pins.txt");

#[test]
fn images_are_as_they_were() {
    let work = Work::new("pins");
    let comments = PINS.lines().filter(|line| line.starts_with('#'));
    let mut now: String = comments.map(|line| format!("{line}\n")).collect();
    for (name, recipe) in PINNED {
        work.write("build.yaml", recipe);
        succeed(work.hsb(["build", "-q", "-i"]).arg(fixture()));
        let image = work.join("image.raw");
        let bytes = fs::metadata(&image).unwrap().len();
        writeln!(now, "{name} {bytes} {}", sha256(&image)).unwrap();
    }
    if now == PINS {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pins.txt");
    if std::env::var_os("HSB_BLESS").is_some() {
        fs::write(file, now).unwrap();
        return;
    }
    panic!(
        "the bytes of images have changed: users who compare digests will ask why. If they had \
         to, say so in CHANGELOG.md and run: HSB_BLESS=1 cargo test --test hsb images_are\n\
         tests/pins.txt has:\n{PINS}\nnow they are:\n{now}"
    );
}

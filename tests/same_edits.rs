//! The same twenty edits by modules of every kind: Rust, Python, Starlark and an executable, and
//! Python that takes the image for a folder. All make the same image; and one build of twenty
//! steps of all kinds makes the same image twice.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fsgen::tree::Device;
use fsgen::{Kind, Timestamp};
use hsb::module::Module;
use hsb::progress::{Progress, Verbosity};
use hsb::source::Limits;
use hsb::{Destination, Request};
use modules::{Cfg, Error, ModeChange, Root};

use super::kit::{self, Work};

const KINDS: &[(&str, &str)] = &[
    ("edits.py", "edits.py"),
    #[cfg(feature = "starlark")]
    ("edits.star", "edits.star"),
    ("edits", "edits"),
    ("folder.py", "edits.py"),
];

const IN_RUST: modules::Module = modules::Module {
    name: "edits",
    summary: "",
    details: "",
    keys: &[],
    options: &[],
    example: "",
    check: |_, _| Ok(()),
    modify: edits,
};

fn edits(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let (daemon, adm, ada, mail) = (1, 4, 1000, 8);
    root.write("/etc/motd", "hello\n")?;
    root.chmod("/etc/motd", 0o640)?;
    root.chown("/etc/motd", daemon, adm)?;
    root.append("/etc/hosts", "10.0.0.2\tother\n")?;
    let host = cfg.get("host").and_then(|value| value.as_str());
    let replaced = root.replace("/etc/hosts", "fixture", host.unwrap(), None)?;
    assert_eq!(replaced, 1);
    let line = "PASS_MAX_DAYS 90";
    assert!(root.edit_line("/etc/login.defs", r"^PASS_MAX_DAYS\s", line, None)?);
    root.mkdir_all("/srv/app", 0o755)?;
    root.mkdir("/srv/app/data", 0o2750)?;
    root.write(b"/srv/app/\xff\xfe", b"\x00\xff")?;
    root.symlink("../app", "/srv/app/data/up", false)?;
    root.link("/etc/motd", "/srv/app/motd", false)?;
    let null = Device { major: 1, minor: 3 };
    root.mknod("/dev/null0", Kind::CharDevice(null), 0o666)?;
    root.mknod("/srv/app/pipe", Kind::Fifo, 0o600)?;
    let change = ModeChange::parse(b"u+s,o-x").unwrap();
    root.change_mode("/usr/bin/dash", &change, false)?;
    root.change_owner_all("/srv/app", Some(ada), Some(mail), true)?;
    root.set_xattr("/srv/app/data", "user.note", b"\x00note")?;
    root.rename("/etc/skel/.bashrc", "/etc/skel/.kshrc")?;
    root.copy("/etc/skel", "/srv/skel")?;
    root.remove_all("/etc/sudoers.d")?;
    root.put("host.txt", "/srv/host.txt")?;
    root.truncate("/srv/host.txt", 4)?;
    let time = Timestamp {
        secs: 1_234_567_890,
        nanos: 5,
    };
    root.set_mtime("/srv/skel", time, true)?;
    let mut listing = root.glob("/etc/*s");
    listing.extend(root.lines("/etc/shells")?);
    root.write("/srv/listing", listing.join(&b'\n'))?;
    Ok(())
}

/// A folder with the sample source, and a recipe of these steps.
fn project(steps: &str) -> Work {
    let work = Work::new("same-edits");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/rootfs.tar.gz");
    let recipe = format!("source: {source}\nhost: sauce\nseed: same\nmodules:\n{steps}");
    work.write("build.yaml", recipe);
    work.write("host.txt", "from the machine that builds\n");
    fs::create_dir(work.join("modules")).unwrap();
    work
}

/// A folder whose only step is one of `tests/same_edits`.
fn with_edits(from: &str, to: &str) -> Work {
    let work = project("- edits\n");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_edits");
    fs::copy(here.join(from), work.join(format!("modules/{to}"))).unwrap();
    work
}

/// Builds with the module in Rust in the place of the one in the recipe.
fn in_rust() -> Work {
    let work = with_edits("edits.py", "edits.py");
    let mut recipe = hsb::recipe::read(&work.join("build.yaml"), None).unwrap();
    recipe.steps[0].module = Module::BuiltIn(&IN_RUST);
    let sources: Vec<_> = recipe.sources.iter().map(|s| s.value.clone()).collect();
    let request = Request {
        outs: Destination::all(&[work.join("image.raw")], &recipe, false, &sources).unwrap(),
        extract_boot: false,
        compress: false,
        sources,
        spool_dir: work.path().to_owned(),
        cache: None,
        limits: Limits::default(),
        threads: 1,
        source_date_epoch: None,
        sync: false,
        digest: false,
        recipe,
    };
    let progress = Progress::new(Verbosity::Quiet);
    hsb::build(&request, &progress).unwrap().finish().unwrap();
    work
}

#[test]
fn the_same_twenty_edits_make_the_same_image() {
    let work = in_rust();
    let image = work.join("image.raw");
    let want = kit::sha256(&image);
    kit::e2fsck_clean(&image, 1 << 20);
    for (path, content) in [
        (
            "/srv/listing",
            "/etc/hosts\n/etc/login.defs\n/etc/shells\n/etc/sudoers\n/bin/sh",
        ),
        ("/srv/host.txt", "from"),
        ("/srv/app/motd", "hello\n"),
    ] {
        let seen = kit::debugfs(&image, 1 << 20, &format!("cat {path}"));
        assert_eq!(seen, content, "{path}");
    }
    for (from, to) in KINDS {
        let work = with_edits(from, to);
        let run = kit::run(&mut work.hsb(["build", "-q"]));
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{from}");
        assert_eq!(kit::sha256(&work.join("image.raw")), want, "{from}");
    }
}

/// Each appends its number to a log, and makes a file with an owner of its own.
const MIXED: &[(&str, &str)] = &[
    (
        "in_python.py",
        "import os\n\ndef modify(name, root, cfg):\n    n = cfg['number']\n\
         \x20   with open(os.path.join(root, 'srv/log'), 'a') as log:\n\
         \x20       log.write('python %d %s\\n' % (n, sorted(set(os.listdir(root + '/srv')))))\n\
         \x20   open(root + '/srv/p%d' % n, 'w').close()\n\
         \x20   os.chown(root + '/srv/p%d' % n, n, n)\n",
    ),
    #[cfg(feature = "starlark")]
    (
        "in_starlark.star",
        "def modify(name, root, cfg):\n    n = cfg['number']\n\
         \x20   root.append('/srv/log', 'starlark %d %s\\n' % (n, root.list('/srv')))\n\
         \x20   root.write('/srv/s%d' % n, '', owner = n, group = n)\n",
    ),
    (
        "in_shell",
        "#!/bin/sh\nread -r start\nn=${start##*'\"number\":'}\nn=${n%%[!0-9]*}\n\
         printf '%s\\n' '{\"call\":\"append\",\"args\":[\"/srv/log\",\"shell '$n'\\n\"]}'\nread -r answer\n\
         printf '%s\\n' '{\"call\":\"write\",\"args\":[\"/srv/x'$n'\",\"\"],\"named\":{\"owner\":'$n'}}'\nread -r answer\n",
    ),
];

#[test]
fn twenty_mixed_steps_make_the_same_image_twice() {
    let module = |number: usize| MIXED.get(number % (MIXED.len() + 1));
    let step = |number| match module(number) {
        Some((file, _)) => {
            let name = file.split('.').next().unwrap();
            format!("- {name}: {{number: {number}}}\n")
        }
        None => format!("- files: [{{path: /srv/f{number}, content: x}}]\n"),
    };
    let steps: String = (0..20).map(step).collect();
    let build = |variables: [(&str, &str); 2]| {
        let work = project(&steps);
        for (file, text) in MIXED {
            let path = work.write(&format!("modules/{file}"), text);
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let run = kit::run(work.hsb(["build", "-q"]).envs(variables));
        assert_eq!((run.code, &*run.stderr), (Some(0), ""));
        let image = work.join("image.raw");
        let log = kit::debugfs(&image, 1 << 20, "cat /srv/log");
        (kit::sha256(&image), log)
    };
    let (first, log) = build([("TZ", "UTC"), ("LC_ALL", "C")]);
    let own = (0..20).filter_map(module).count();
    assert_eq!(log.lines().count(), own, "{log}");
    assert_eq!(
        first,
        build([("TZ", "Asia/Tokyo"), ("LC_ALL", "tr_TR.UTF-8")]).0
    );
}

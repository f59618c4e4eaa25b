//! Units of systemd as systemctl sees them: the calls of modules and `systemctl --root` do the
//! same work on the same files, and must leave the same links; so must the module `systemd`.

mod files;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fsgen::{Meta, ReadAt, Timestamp, Tree};
use modules::api::{self, Data};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Host, Root};

use crate::kit::{Run, Work, run, tool};
use files::{FILES, PRESETS};

struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Verbs and units, one after the other on the same image.
const ROWS: &[&[(&str, &str)]] = &[
    &[("enable", "both"), ("enable", "both"), ("disable", "both")],
    &[("enable", "plain"), ("disable", "plain.service")],
    &[
        ("enable", "many.service"),
        ("enable", "many.service"),
        ("disable", "many.service"),
    ],
    &[("enable", "many.service"), ("disable", "plain.service")],
    &[
        ("enable", "tpl@.service"),
        ("enable", "tpl@.service"),
        ("enable", "tpl@x.service"),
        ("disable", "tpl@x.service"),
        ("disable", "tpl@.service"),
    ],
    &[
        ("enable", "tpl2@.service"),
        ("enable", "tpl2@.service"),
        ("disable", "tpl2@.service"),
    ],
    &[
        ("enable", "tpl3@.service"),
        ("enable", "tpl3@two.service"),
        ("disable", "tpl3@.service"),
    ],
    &[
        ("enable", "tpl4@.service"),
        ("enable", "tpl4@.service"),
        ("disable", "tpl4@.service"),
    ],
    &[("enable", "tpl4@x.service"), ("disable", "tpl4@x.service")],
    &[
        ("enable", "getty@.service"),
        ("enable", "getty@tty3.service"),
        ("disable", "getty@tty3.service"),
    ],
    &[
        ("enable", "getty@.service"),
        ("enable", "getty@tty3.service"),
        ("disable", "getty@.service"),
    ],
    &[
        ("enable", "autovt@tty2.service"),
        ("disable", "autovt@tty2.service"),
    ],
    &[
        ("enable", "spec@a-b\\x2dc.service"),
        ("disable", "spec@a-b\\x2dc.service"),
    ],
    &[("enable", "spec@.service"), ("disable", "spec@.service")],
    &[("enable", "cont.service")],
    &[("enable", "drop.service"), ("disable", "drop.service")],
    &[("enable", "over.service")],
    &[("enable", "local.service")],
    &[("enable", "a.target")],
    &[("enable", "static.service"), ("disable", "static.service")],
    &[("enable", "badalias.service")],
    &[("enable", "missing.service")],
    &[
        ("enable", "rmask.service"),
        ("disable", "rmask.service"),
        ("mask", "rmask.service"),
        ("unmask", "rmask.service"),
        ("enable", "rmask.service"),
        ("mask", "rmask.service"),
    ],
    &[
        ("enable", "masked.service"),
        ("disable", "masked.service"),
        ("unmask", "masked.service"),
    ],
    // Masks stay where another unit or name is disabled, with what leads to them.
    &[
        ("enable", "many.service"),
        ("mask", "plain.service"),
        ("disable", "many.service"),
    ],
    &[("disable", "maskal.service")],
    &[
        ("mask", "tpl@y.service"),
        ("disable", "tpl@y.service"),
        ("disable", "tpl@.service"),
    ],
    &[("disable", "over.service"), ("disable", "getty@.service")],
    &[("disable", "getty@m.service")],
    &[("enable", "far.service"), ("mask", "far.service")],
    &[("enable", "empty.service"), ("unmask", "empty.service")],
    &[("enable", "etclink.service")],
    &[("enable", "rel.service"), ("disable", "rel.service")],
    &[("enable", "relon.service")],
    &[("enable", "far@z.service"), ("disable", "far@z.service")],
    &[
        ("enable", "lower"),
        ("enable", "lower"),
        ("disable", "lower"),
    ],
    &[
        ("enable", "chain"),
        ("enable", "chain"),
        ("disable", "chain"),
    ],
    &[("enable", "far-chain"), ("disable", "far-chain")],
    &[
        ("mask", "plain"),
        ("enable", "plain"),
        ("unmask", "plain"),
        ("enable", "plain"),
    ],
    &[
        ("mask", "missing.service"),
        ("mask", "missing.service"),
        ("unmask", "missing.service"),
    ],
    &[("mask", "over.service")],
];

/// Lays files into a folder and into an image.
fn lay(work: &Work, root: &mut Root<'_>, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = work.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        root.mkdir_above(path).unwrap();
        match text.strip_prefix("->") {
            Some(target) => {
                std::os::unix::fs::symlink(target, file).unwrap();
                root.symlink(target, path, false).unwrap();
            }
            None => {
                fs::write(file, text).unwrap();
                root.write(path, text).unwrap();
            }
        }
    }
}

/// Returns what is in `/etc/systemd/system` of an image, as [`below`] does.
fn found(root: &Root<'_>) -> Vec<String> {
    let found = root.walk("/etc/systemd/system").unwrap();
    let found = found.iter().map(|path| {
        let target = root.readlink(path).unwrap_or_default();
        let path = path.strip_prefix(b"/").unwrap();
        format!("{} {}", path.escape_ascii(), target.escape_ascii())
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

fn systemctl(work: &Work, args: &[&str]) -> Run {
    let mut option = std::ffi::OsString::from("--root=");
    option.push(work.path());
    run(tool("systemctl").arg(option).args(args))
}

#[test]
fn systemctl_makes_the_same_links() {
    for row in ROWS {
        let work = Work::new("units");
        let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
        let mut root = Root::new(&mut tree, &NoFiles, Timestamp::from_secs(0));
        lay(&work, &mut root, FILES);
        for (i, (verb, unit)) in row.iter().enumerate() {
            let theirs = systemctl(&work, &[verb, unit]);
            let ours = api::call(&mut root, verb, vec![Data::from(*unit)], Vec::new());
            let done = &row[..=i];
            assert_eq!(
                ours.is_ok(),
                theirs.code == Some(0),
                "{done:?}: {ours:?} {theirs:#?}"
            );
            let theirs = below(work.path(), "etc/systemd/system");
            assert_eq!(found(&root), theirs, "{done:?}");
        }
    }
}

/// Presets and default targets: the options of the module, and the call of systemctl.
const MODULE_ROWS: &[(&str, &str, &[&str])] = &[
    ("preset", "plain.service", &["preset", "plain.service"]),
    ("preset", "many.service", &["preset", "many.service"]),
    ("preset", "many.socket", &["preset", "many.socket"]),
    ("preset", "over.service", &["preset", "over.service"]),
    ("preset", "local.service", &["preset", "local.service"]),
    ("preset", "getty@.service", &["preset", "getty@.service"]),
    (
        "preset",
        "getty@tty3.service",
        &["preset", "getty@tty3.service"],
    ),
    (
        "preset",
        "getty@tty1.service",
        &["preset", "getty@tty1.service"],
    ),
    ("preset", "spec@a.service", &["preset", "spec@a.service"]),
    ("preset", "spec@b.service", &["preset", "spec@b.service"]),
    ("preset", "static.service", &["preset", "static.service"]),
    ("preset", "masked.service", &["preset", "masked.service"]),
    ("preset", "gone.service", &["preset", "gone.service"]),
    (
        "preset",
        "many.service over.service plain.service",
        &["preset", "many.service", "over.service", "plain.service"],
    ),
    (
        "preset",
        "plain.service local.service",
        &["preset", "plain.service", "local.service"],
    ),
    // One that enables another, which is disabled itself: that comes first.
    (
        "preset",
        "pulls.service plxin.service",
        &["preset", "pulls.service", "plxin.service"],
    ),
    (
        "preset",
        "plxin.service pulls.service",
        &["preset", "plxin.service", "pulls.service"],
    ),
    (
        "preset",
        "plain.service gone.service",
        &["preset", "plain.service", "gone.service"],
    ),
    ("preset", "all", &["preset-all"]),
    ("preset", "linked.service", &["preset", "linked.service"]),
    (
        "preset",
        "linkedon.service",
        &["preset", "linkedon.service"],
    ),
    ("preset", "rel.service", &["preset", "rel.service"]),
    ("preset", "relon.service", &["preset", "relon.service"]),
    ("preset", "behind.service", &["preset", "behind.service"]),
    ("preset", "mark.service", &["preset", "mark.service"]),
    ("enable", "mark.service", &["enable", "mark.service"]),
    ("preset", "inst@.service", &["preset", "inst@.service"]),
    ("preset", "inst@x.service", &["preset", "inst@x.service"]),
    ("preset", "tx@.service", &["preset", "tx@.service"]),
    ("enable", "tx@fix.service", &["enable", "tx@fix.service"]),
    ("enable", "ty@fix.service", &["enable", "ty@fix.service"]),
    ("preset", "noname.service", &["preset", "noname.service"]),
    ("default_target", "a.target", &["set-default", "a.target"]),
    (
        "default_target",
        "plain.service",
        &["set-default", "plain.service"],
    ),
    (
        "default_target",
        "gone.target",
        &["set-default", "gone.target"],
    ),
];

#[test]
fn the_module_does_what_systemctl_does() {
    for (key, text, call) in MODULE_ROWS {
        let work = Work::new("units");
        let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
        let mut root = Root::new(&mut tree, &NoFiles, Timestamp::from_secs(0));
        // What cannot be enabled stops neither from presetting all the others.
        let files = FILES.iter().filter(|(path, _)| !path.contains("badalias"));
        let files: Vec<_> = files.chain(PRESETS).copied().collect();
        lay(&work, &mut root, &files);
        let theirs = systemctl(&work, call);
        let value = match (*key, *text) {
            ("preset", "all") | ("default_target", _) => Value::from(*text),
            _ => Value::from(text.split(' ').map(Value::from).collect::<Vec<_>>()),
        };
        let recipe = keys("systemd", keys(key, value).into());
        let module = modules::find("systemd").unwrap();
        let cfg = Cfg::new(&Arc::new(recipe), module.keys, None, Span::default()).unwrap();
        let mut step = || {
            let checked = (module.check)(&cfg, &NoFiles).map_err(modules::Error::from);
            checked.and_then(|()| (module.modify)("systemd", &mut root, &cfg))
        };
        let (ours, again) = (step(), step());
        assert_eq!(
            ours.is_ok(),
            theirs.code == Some(0),
            "{call:?}: {ours:?} {theirs:#?}"
        );
        // So it is after a second time, too, where systemctl takes links that it made for units.
        assert_eq!(ours.is_ok(), again.is_ok(), "{call:?}: {again:?}");
        assert_eq!(
            found(&root),
            below(work.path(), "etc/systemd/system"),
            "{call:?}"
        );
    }
}

fn keys(name: &str, value: Value) -> Map {
    let mut map = Map::new();
    let span = Span::default();
    let name = name.to_owned();
    map.insert(Key { name, span }, value).unwrap();
    map
}

/// Returns what is below a folder with the targets of links, in byte order.
fn below(top: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(top.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let target = target.to_str().unwrap();
        found.push(format!("{} {target}", path.as_bytes().escape_ascii()));
        if entry.file_type().unwrap().is_dir() {
            found.extend(below(top, &path));
        }
    }
    found.sort();
    found
}

//! Units of systemd as systemctl sees them: the calls of modules and `systemctl --root` do the
//! same work on the same files, and must leave the same links; so must the module `systemd`.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fsgen::{Meta, ReadAt, Timestamp, Tree};
use modules::api::{self, Data};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Host, Root};

use crate::kit::{Run, Work, run, tool};

/// Unit files of an image; a text that starts with `->` is a link.
const FILES: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/system/plain.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "usr/lib/systemd/system/many.service",
        "[Install]\nWantedBy=multi-user.target graphical.target\nRequiredBy=plain.service\n\
         Alias=other.service dbus-org.many.service\nAlso=plain.service many.socket gone.service\n",
    ),
    (
        "usr/lib/systemd/system/many.socket",
        "[Install]\nWantedBy=sockets.target\n",
    ),
    (
        "usr/lib/systemd/system/getty@.service",
        "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
    ),
    ("usr/lib/systemd/system/autovt@.service", "->getty@.service"),
    (
        "usr/lib/systemd/system/spec@.service",
        "[Install]\nWantedBy=x-%p-%i-%j-%N.target multi-user.target\nRequiredBy=tmpl@%i.target\n\
         Alias=spalias@%i.service al@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl@.service",
        "[Install]\nWantedBy=a.target\nDefaultInstance=one\nAlias=tplalias@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl2@.service",
        "[Install]\nWantedBy=b@.target\nDefaultInstance=one\nAlias=tpl2alias@two.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl3@.service",
        "[Install]\nWantedBy=b@.target\nAlias=tpl3alias@two.service tpl3other@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl4@.service",
        "[Install]\nAlso=tpl5@%i.service\nAlias=four@%i.service four-%p@.service\n\
         DefaultInstance=def\nAlso=tpl6@%i.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl5@.service",
        "[Install]\nWantedBy=b@.target\n",
    ),
    (
        "usr/lib/systemd/system/tpl6@.service",
        "[Install]\nWantedBy=a.target\nAlias=six@%i.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl7@.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/cont.service",
        "[Unit]\nWantedBy=no.target\n[Install]\nWantedBy=gone.target\nWantedBy=\n\
         WantedBy = a.target \\\n# in between\n  b.target\n",
    ),
    (
        "usr/lib/systemd/system/drop.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/drop.service.d/1.conf",
        "[Install]\nWantedBy=b.target\n",
    ),
    (
        "etc/systemd/system/drop.service.d/2.conf",
        "[Install]\nAlias=dropped.service\n",
    ),
    (
        "usr/lib/systemd/system/over.service",
        "[Install]\nWantedBy=vendor.target\n",
    ),
    (
        "etc/systemd/system/over.service",
        "[Install]\nWantedBy=admin.target\n",
    ),
    (
        "usr/local/lib/systemd/system/local.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/a.target",
        "[Install]\nAlias=default.target\n",
    ),
    ("usr/lib/systemd/system/static.service", "[Service]\n"),
    (
        "usr/lib/systemd/system/badalias.service",
        "[Install]\nAlias=other.socket\n",
    ),
    ("etc/systemd/system/masked.service", "->/dev/null"),
    ("dev/null", ""),
    ("etc/systemd/system/rmask.service", "->../../../dev/null"),
    (
        "usr/lib/systemd/system/rmask.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    ("etc/systemd/system/empty.service", ""),
    ("etc/systemd/system/etclink.service", "->over.service"),
    (
        "opt/u/rel.service",
        "[Install]\nWantedBy=multi-user.target\nAlias=rel2.service\n",
    ),
    (
        "etc/systemd/system/rel.service",
        "->../../../opt/u/rel.service",
    ),
    ("etc/systemd/system/relon.service", "->/opt/u/rel.service"),
    ("opt/u/far@.service", "[Install]\nWantedBy=a.target\n"),
    ("etc/systemd/system/far@.service", "->/opt/u/far@.service"),
];

struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Verbs and units, one after the other on the same image.
const ROWS: &[&[(&str, &str)]] = &[
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
    &[("enable", "empty.service"), ("unmask", "empty.service")],
    &[("enable", "etclink.service")],
    &[("enable", "rel.service"), ("disable", "rel.service")],
    &[("enable", "relon.service")],
    &[("enable", "far@z.service"), ("disable", "far@z.service")],
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

/// Presets of the image, and what makes it one with systemd.
const PRESETS: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/system/pulls.service",
        "[Install]\nWantedBy=a.target\nAlso=plxin.service\n",
    ),
    (
        "usr/lib/systemd/system/plxin.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    ("usr/lib/systemd/systemd", ""),
    ("etc/systemd/system/linked.service", "->/opt/linked.service"),
    (
        "opt/linked.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "etc/systemd/system/linkedon.service",
        "->/opt/linkedon.service",
    ),
    ("opt/linkedon.service", "[Install]\nWantedBy=a.target\n"),
    (
        "usr/lib/systemd/system/behind.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/mark.service",
        "\u{feff}[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/inst@.service",
        "[Install]\nWantedBy=%i.target a@%i.target\n",
    ),
    (
        "usr/lib/systemd/system/tx@.service",
        "[Install]\nWantedBy=t.target\n",
    ),
    ("usr/lib/systemd/system/tx@fix.service", "->tx@.service"),
    (
        "usr/lib/systemd/system/ty@.service",
        "[Install]\nWantedBy=t.target\n",
    ),
    (
        "etc/systemd/system/ty@fix.service",
        "->/usr/lib/systemd/system/ty@.service",
    ),
    (
        "usr/lib/systemd/system/noname.service",
        "[Install]\nWantedBy=a.target nosuffix b.target\n",
    ),
    ("usr/lib/systemd/system-preset/10-a.preset", "disable *\n"),
    (
        "etc/systemd/system-preset/10-a.preset",
        "# instead of the vendor's\nenable pl[a-k]in.service\ndisable pl?in.service\n\
         enable getty@.service tty3 tty4\ndisable over.*\n",
    ),
    (
        "usr/lib/systemd/system-preset/20-b.preset",
        "enable over.service\nenable many.socket\ndisable m*\nnonsense a\n\
         disable spec@a.service\ndisable linked.service\nenable tx@.service fix\n\
         disable rel.service\nenable behind.service # c\nenable behind.service x\n\
         disable behind*.service\n",
    ),
    (
        "etc/systemd/system/multi-user.target.wants/plain.service",
        "->/usr/lib/systemd/system/plain.service",
    ),
    (
        "etc/systemd/system/admin.target.wants/over.service",
        "->/etc/systemd/system/over.service",
    ),
];

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
        let ours = (module.check)(&cfg, &NoFiles).map_err(modules::Error::from);
        let ours = ours.and_then(|()| (module.modify)("systemd", &mut root, &cfg));
        assert_eq!(
            ours.is_ok(),
            theirs.code == Some(0),
            "{call:?}: {ours:?} {theirs:#?}"
        );
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

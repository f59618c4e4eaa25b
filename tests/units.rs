//! Units of systemd as systemctl sees them: the calls of modules and `systemctl --root` do the
//! same work on the same files, and must leave the same links.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use fsgen::{Meta, ReadAt, Timestamp, Tree};
use modules::api::{self, Data};
use modules::{Host, Root};

use crate::kit::{Work, run, tool};

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
    ("etc/systemd/system/empty.service", ""),
    ("etc/systemd/system/etclink.service", "->over.service"),
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
        ("enable", "masked.service"),
        ("disable", "masked.service"),
        ("unmask", "masked.service"),
    ],
    &[("enable", "empty.service"), ("unmask", "empty.service")],
    &[("enable", "etclink.service")],
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

#[test]
fn systemctl_makes_the_same_links() {
    for row in ROWS {
        let work = Work::new("units");
        let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
        let mut root = Root::new(&mut tree, &NoFiles, Timestamp::from_secs(0));
        for (path, text) in FILES {
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
        for (i, (verb, unit)) in row.iter().enumerate() {
            let mut option = std::ffi::OsString::from("--root=");
            option.push(work.path());
            let theirs = run(tool("systemctl").arg(option).args([verb, unit]));
            let ours = api::call(&mut root, verb, vec![Data::from(*unit)], Vec::new());
            let done = &row[..=i];
            assert_eq!(
                ours.is_ok(),
                theirs.code == Some(0),
                "{done:?}: {ours:?} {theirs:#?}"
            );
            let found = root.walk("/etc/systemd/system").unwrap();
            let found = found.iter().map(|path| {
                let target = root.readlink(path).unwrap_or_default();
                let path = path.strip_prefix(b"/").unwrap();
                format!("{} {}", path.escape_ascii(), target.escape_ascii())
            });
            let mut found: Vec<_> = found.collect();
            found.sort();
            assert_eq!(found, below(work.path(), "etc/systemd/system"), "{done:?}");
        }
    }
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

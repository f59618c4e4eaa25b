//! An image and a folder with the same files in it, so that a module and the program that it stands
//! for can do the same work.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use fsgen::tree::layer::Change;
use fsgen::{Kind, Meta, ReadAt, Timestamp, Tree};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Error, Host, Outcome, Root};

use crate::kit::Work;

/// When modules run, in seconds since 1970: the start of a day.
pub(crate) const NOW: i64 = 20_000 * 86_400;

struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Both.
pub(crate) struct Beside {
    pub(crate) tree: Tree,
    pub(crate) work: Work,
}

impl Beside {
    /// Lays the files into both. A path that ends in `/` is a folder, a text that starts with `->`
    /// a link.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let work = Work::new(name);
        let mut tree = Tree::new(Meta::root(0o755, Timestamp::from_secs(0)));
        let mut root = Root::new(&mut tree, &NoFiles, Timestamp::from_secs(0));
        for (path, text) in files {
            let file = work.join(path);
            if path.ends_with('/') {
                root.mkdir_all(path.trim_end_matches('/'), 0o755).unwrap();
                fs::create_dir_all(file).unwrap();
                continue;
            }
            root.mkdir_above(path).unwrap();
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            match text.strip_prefix("->") {
                Some(target) => {
                    root.symlink(target, path, false).unwrap();
                    symlink(target, file).unwrap();
                }
                None => {
                    root.write(path, text).unwrap();
                    fs::write(&file, text).unwrap();
                    fs::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
                }
            }
        }
        Self { tree, work }
    }

    /// Runs a built-in whose key has a list of lines.
    pub(crate) fn step(&mut self, module: &str, lines: &[&str]) -> Result<Outcome, Error> {
        let mut recipe = Map::new();
        if !lines.is_empty() {
            let span = Span::default();
            let lines: Vec<Value> = lines.iter().map(|line| Value::from(*line)).collect();
            let name = module.to_owned();
            recipe.insert(Key { name, span }, lines.into()).unwrap();
        }
        let module = modules::find(module).unwrap();
        let cfg = Cfg::new(&Arc::new(recipe), module.keys, None, Span::default())?;
        (module.check)(&cfg, &NoFiles)?;
        let now = Timestamp::from_secs(NOW);
        modules::run(&mut self.tree, module.name, &NoFiles, now, |root| {
            (module.modify)(module.name, root, &cfg)
        })
    }

    /// Returns what the last step changed.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.tree.layers().last().unwrap().changes
    }

    /// Returns what the image has, by path.
    pub(crate) fn ours(&mut self) -> BTreeMap<String, Seen> {
        let root = Root::new(&mut self.tree, &NoFiles, Timestamp::from_secs(0));
        let see = |path: Vec<u8>| {
            let node = root.lstat(&path).unwrap();
            let what = match &node.kind {
                Kind::Directory(_) => "folder".to_owned(),
                Kind::File(_) => root.read(&path).unwrap().escape_ascii().to_string(),
                Kind::Symlink(target) => format!("-> {}", target.escape_ascii()),
                other => other.noun().to_owned(),
            };
            let is_link = matches!(node.kind, Kind::Symlink(_));
            let xattrs = node.xattrs.iter();
            let seen = Seen {
                what,
                mode: u32::from(node.meta.mode) * u32::from(!is_link),
                uid: node.meta.uid,
                gid: node.meta.gid,
                xattrs: xattrs.map(|(name, value)| attribute(name, value)).collect(),
            };
            (path.escape_ascii().to_string(), seen)
        };
        root.walk("/").unwrap().into_iter().map(see).collect()
    }

    /// Returns what the folder has, by path.
    pub(crate) fn theirs(&self) -> BTreeMap<String, Seen> {
        let mut seen = BTreeMap::new();
        self.look(self.work.path(), &mut seen);
        seen
    }

    fn look(&self, folder: &Path, seen: &mut BTreeMap<String, Seen>) {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            let inside = file.strip_prefix(self.work.path()).unwrap();
            let path = Path::new("/").join(inside);
            let path = path.as_os_str().as_bytes().escape_ascii().to_string();
            seen.insert(path, see(&file));
            if file.is_dir() && !file.is_symlink() {
                opened(&file, || self.look(&file, seen));
            }
        }
    }
}

impl Drop for Beside {
    /// Lets the folder be removed by whom it belongs to.
    fn drop(&mut self) {
        let mut todo = vec![self.work.path().to_owned()];
        while let Some(folder) = todo.pop() {
            fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
            let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
            let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
            todo.extend(folders.map(|entry| entry.path()));
        }
    }
}

/// Does something with a file or folder that its owner may look into meanwhile, as root always may.
fn opened<T>(file: &Path, act: impl FnOnce() -> T) -> T {
    let before = fs::metadata(file).unwrap().permissions();
    let may_not_look = before.mode() & 0o500 != 0o500 && !rustix::process::getuid().is_root();
    if may_not_look {
        fs::set_permissions(file, PermissionsExt::from_mode(0o700)).unwrap();
    }
    let done = act();
    if may_not_look {
        fs::set_permissions(file, before).unwrap();
    }
    done
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The content of a file, the target of a link, the kind of anything else.
    pub(crate) what: String,
    /// Of links there is none.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) xattrs: Vec<String>,
}

fn see(file: &Path) -> Seen {
    let meta = fs::symlink_metadata(file).unwrap();
    let kind = meta.file_type();
    let what = if kind.is_symlink() {
        let target = fs::read_link(file).unwrap();
        format!("-> {}", target.as_os_str().as_bytes().escape_ascii())
    } else if kind.is_file() {
        let bytes = opened(file, || fs::read(file).unwrap());
        bytes.escape_ascii().to_string()
    } else if kind.is_dir() {
        "folder".to_owned()
    } else if kind.is_fifo() {
        "FIFO".to_owned()
    } else {
        "something else".to_owned()
    };
    Seen {
        what,
        mode: (meta.mode() & 0o7777) * u32::from(!kind.is_symlink()),
        uid: meta.uid(),
        gid: meta.gid(),
        xattrs: xattrs(file),
    }
}

fn xattrs(file: &Path) -> Vec<String> {
    let mut names = vec![0; 1 << 16];
    let len = rustix::fs::llistxattr(file, &mut names).unwrap();
    let names = names[..len]
        .split(|b| *b == 0)
        .filter(|name| !name.is_empty());
    let mut found: Vec<_> = names
        .map(|name| {
            let mut value = vec![0; 1 << 16];
            let len = rustix::fs::lgetxattr(file, name, &mut value).unwrap();
            attribute(name, &value[..len])
        })
        .collect();
    found.sort();
    found
}

fn attribute(name: &[u8], value: &[u8]) -> String {
    format!("{}={}", name.escape_ascii(), value.escape_ascii())
}

//! The image as a script sees it: calls of the system, and what Linux says where they fail.

use fsgen::tree::path::PathError;
use fsgen::{Kind, Node};

use crate::accounts::Accounts;
use crate::root::{ModeChange, join};
use crate::{Root, RootError};

/// The largest file that a script may read or write, in bytes.
const LARGEST: u64 = 16 << 20;

/// What Linux says of failures: number and text (errno(3)).
pub(super) type Failure = (i32, &'static str);

const EPERM: Failure = (1, "Operation not permitted");
const ENOENT: Failure = (2, "No such file or directory");
const EACCES: Failure = (13, "Permission denied");
const EEXIST: Failure = (17, "File exists");
const ENOTDIR: Failure = (20, "Not a directory");
const EISDIR: Failure = (21, "Is a directory");
const EINVAL: Failure = (22, "Invalid argument");
const EFBIG: Failure = (27, "File too large");
const ENAMETOOLONG: Failure = (36, "File name too long");
const ENOTEMPTY: Failure = (39, "Directory not empty");
const ELOOP: Failure = (40, "Too many levels of symbolic links");

/// What a call comes to: a value, or a failure that scripts are told of.
pub(super) type Outcome<T> = Result<T, Failure>;

/// The image, as scripts see it.
pub(super) struct Files<'r, 't> {
    root: &'r mut Root<'t>,
    /// What went wrong that is no fault of a script's.
    pub(super) failed: Option<RootError>,
}

/// A field of what `posix.stat` tells.
pub(super) enum Field {
    Text(String),
    Number(i64),
}

/// Scripts work in `/`.
fn absolute(path: &[u8]) -> Vec<u8> {
    match path {
        [b'/', ..] => path.to_vec(),
        path => join(b"/", path),
    }
}

impl<'r, 't> Files<'r, 't> {
    pub(super) fn new(root: &'r mut Root<'t>) -> Self {
        let failed = None;
        Self { root, failed }
    }

    /// Turns an error into what Linux says; those that are none of a script's end it.
    fn fail<T>(&mut self, outcome: Result<T, RootError>) -> Outcome<T> {
        outcome.map_err(|error| match &error {
            RootError::Read { .. } | RootError::Spool { .. } | RootError::Host { .. } => {
                self.failed.get_or_insert(error);
                EACCES
            }
            _ => failure(&error),
        })
    }

    fn node(&self, path: &[u8]) -> Outcome<&Node> {
        let node = self.root.lstat(absolute(path));
        node.map_err(|error| failure(&error))
    }

    fn is_directory(&self, path: &[u8]) -> Outcome<bool> {
        Ok(matches!(self.node(path)?.kind, Kind::Directory(_)))
    }

    /// Fails where something is already.
    fn free(&self, path: &[u8]) -> Outcome<()> {
        match self.node(path) {
            Ok(_) => Err(EEXIST),
            Err(_) => Ok(()),
        }
    }

    pub(super) fn mkdir(&mut self, path: &[u8]) -> Outcome<()> {
        self.free(path)?;
        let made = self.root.mkdir(absolute(path), 0o755);
        self.fail(made)
    }

    pub(super) fn mkfifo(&mut self, path: &[u8]) -> Outcome<()> {
        self.free(path)?;
        let made = self.root.mknod(absolute(path), Kind::Fifo, 0o755);
        self.fail(made)
    }

    pub(super) fn rmdir(&mut self, path: &[u8]) -> Outcome<()> {
        if !self.is_directory(path)? {
            return Err(ENOTDIR);
        }
        let removed = self.root.remove(absolute(path));
        self.fail(removed)
    }

    pub(super) fn unlink(&mut self, path: &[u8]) -> Outcome<()> {
        if self.is_directory(path)? {
            return Err(EISDIR);
        }
        let removed = self.root.remove(absolute(path));
        self.fail(removed)
    }

    pub(super) fn remove(&mut self, path: &[u8]) -> Outcome<()> {
        self.node(path)?;
        let removed = self.root.remove(absolute(path));
        self.fail(removed)
    }

    pub(super) fn rename(&mut self, old: &[u8], new: &[u8]) -> Outcome<()> {
        let moved = self.root.rename(absolute(old), absolute(new));
        self.fail(moved)
    }

    pub(super) fn link(&mut self, old: &[u8], new: &[u8]) -> Outcome<()> {
        if self.is_directory(old)? {
            return Err(EPERM);
        }
        self.free(new)?;
        let made = self.root.link(absolute(old), absolute(new), false);
        self.fail(made)
    }

    pub(super) fn symlink(&mut self, target: &[u8], path: &[u8]) -> Outcome<()> {
        self.free(path)?;
        let made = self.root.symlink(target, absolute(path), false);
        self.fail(made)
    }

    pub(super) fn readlink(&self, path: &[u8]) -> Outcome<Vec<u8>> {
        match &self.node(path)?.kind {
            Kind::Symlink(target) => Ok(target.to_vec()),
            _ => Err(EINVAL),
        }
    }

    pub(super) fn access(&self, path: &[u8], mode: &[u8]) -> Outcome<()> {
        let node = self.root.stat(absolute(path));
        let node = node.map_err(|error| failure(&error))?;
        // Root may do anything but run what nobody may run.
        let is_directory = matches!(node.kind, Kind::Directory(_));
        let runs = is_directory || node.meta.mode & 0o111 != 0;
        match mode.contains(&b'x') && !runs {
            true => Err(EACCES),
            false => Ok(()),
        }
    }

    pub(super) fn chmod(&mut self, path: &[u8], change: &ModeChange) -> Outcome<()> {
        let changed = self.root.change_mode(absolute(path), change, false);
        self.fail(changed)
    }

    /// Changes owners, which are names or numbers; what is neither stays.
    pub(super) fn chown(&mut self, path: &[u8], user: &str, group: &str) -> Outcome<()> {
        let accounts = Accounts::read(self.root);
        let accounts = self.fail(accounts)?;
        let uid = accounts.user(user).map(|user| user.uid);
        let uid = user.parse().ok().or(uid);
        let gid = group.parse().ok().or(accounts.gid(group));
        let changed = self.root.give(absolute(path), uid, gid);
        self.fail(changed)
    }

    pub(super) fn dir(&self, path: &[u8]) -> Outcome<Vec<Vec<u8>>> {
        let path = absolute(path);
        let node = self.root.stat(&path).map_err(|error| failure(&error))?;
        if !matches!(node.kind, Kind::Directory(_)) {
            return Err(ENOTDIR);
        }
        let names = self.root.list(&path).map_err(|error| failure(&error))?;
        Ok([b".".to_vec(), b"..".to_vec()]
            .into_iter()
            .chain(names)
            .collect())
    }

    pub(super) fn read(&mut self, path: &[u8]) -> Outcome<Vec<u8>> {
        let path = absolute(path);
        let node = self.root.stat(&path).map_err(|error| failure(&error))?;
        if matches!(node.kind, Kind::Directory(_)) {
            return Err(EISDIR);
        }
        let text = self.root.read_large(&path, LARGEST);
        self.fail(text).map(Option::unwrap_or_default)
    }

    /// Makes a file, or empties one that is to be written anew.
    pub(super) fn create(&mut self, path: &[u8], anew: bool) -> Outcome<()> {
        let path = absolute(path);
        if self.root.is_dir(&path) {
            return Err(EISDIR);
        }
        if !anew && self.root.exists(&path) {
            return Ok(());
        }
        let made = self.root.write(&path, "");
        self.fail(made)
    }

    pub(super) fn write(&mut self, path: &[u8], text: &[u8]) -> Outcome<()> {
        let written = self.root.write(absolute(path), text);
        self.fail(written)
    }

    pub(super) fn stat(&self, path: &[u8]) -> Outcome<Vec<(&'static str, Field)>> {
        let stat = self.root.stat_links(absolute(path), false);
        let stat = stat.map_err(|error| failure(&error))?;
        let (node, links, inode) = (stat.node, stat.links, stat.number);
        let (kind, bits, size) = match &node.kind {
            Kind::Directory(_) => ("directory", 0o040_000, 4096),
            Kind::File(content) => ("regular", 0o100_000, content.len()),
            Kind::Symlink(target) => ("link", 0o120_000, target.len() as u64),
            Kind::CharDevice(_) => ("character device", 0o020_000, 0),
            Kind::BlockDevice(_) => ("block device", 0o060_000, 0),
            Kind::Fifo => ("fifo", 0o010_000, 0),
            Kind::Socket => ("socket", 0o140_000, 0),
        };
        let meta = node.meta;
        let number = |number: u64| Field::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let time = || Field::Number(meta.mtime.secs);
        Ok(vec![
            ("mode", Field::Text(letters(meta.mode))),
            ("ino", number(inode)),
            ("dev", number(1)),
            ("nlink", number(links.into())),
            ("uid", number(meta.uid.into())),
            ("gid", number(meta.gid.into())),
            ("size", number(size)),
            ("atime", time()),
            ("mtime", time()),
            ("ctime", time()),
            ("type", Field::Text(kind.to_owned())),
            ("_mode", number(u64::from(meta.mode) | bits)),
        ])
    }
}

/// Returns what Linux says of an error.
fn failure(error: &RootError) -> Failure {
    match error {
        RootError::Path { cause, .. } => match cause {
            PathError::NotFound(_) => ENOENT,
            PathError::NotADirectory(_) => ENOTDIR,
            PathError::TooManyLinks => ELOOP,
            PathError::NameTooLong(_) => ENAMETOOLONG,
            PathError::Nul | PathError::NoName => EINVAL,
        },
        RootError::Kind { found, .. } if *found == "directory" => EISDIR,
        RootError::Kind { .. } => ENOTDIR,
        RootError::Exists { .. } => EEXIST,
        RootError::NotEmpty { .. } => ENOTEMPTY,
        RootError::LinkToDirectory { .. } => EPERM,
        RootError::TooLarge { .. } | RootError::Grown { .. } => EFBIG,
        _ => EINVAL,
    }
}

/// Reads a mode as rpm's Lua has it: `rwxr-x---`, octal, or as chmod(1).
pub(super) fn mode_change(text: &[u8]) -> Option<ModeChange> {
    if text.len() != 9 || !text.iter().all(|letter| b"rwxsStT-".contains(letter)) {
        return ModeChange::parse(text).ok();
    }
    let mut mode = 0_u16;
    for (place, letter) in text.iter().enumerate() {
        let bit = 0o400 >> place;
        let special = 0o4000 >> (place / 3);
        mode |= match (place % 3, letter) {
            (_, b'-') => 0,
            (0, b'r') | (1, b'w') | (2, b'x') => bit,
            (2, b's') if place < 8 => bit | special,
            (2, b'S') if place < 8 => special,
            (2, b't') if place == 8 => bit | special,
            (2, b'T') if place == 8 => special,
            _ => return None,
        };
    }
    ModeChange::parse(format!("{mode:04o}").as_bytes()).ok()
}

/// Returns a mode as `ls` shows it, without the kind.
fn letters(mode: u16) -> String {
    let letter = |place: u16| {
        let is_set = mode & (0o400 >> place) != 0;
        let special = place % 3 == 2 && mode & (0o4000 >> (place / 3)) != 0;
        match (place % 3, is_set, special) {
            (0, true, _) => 'r',
            (1, true, _) => 'w',
            (2, true, true) => 's',
            (2, false, true) => 'S',
            (2, true, false) => 'x',
            _ => '-',
        }
    };
    (0..9).map(letter).collect()
}

//! The files that a header lists: names, owners, modes, digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsgen::tree::path::check_name;

use super::header::{Header, HeaderError};
use super::tag;

/// What a file's flags say (rpm's `rpmfileAttrs`).
mod attribute {
    pub(super) const CONFIG: u32 = 1 << 0;
    pub(super) const DOC: u32 = 1 << 1;
    pub(super) const MISSINGOK: u32 = 1 << 3;
    pub(super) const NOREPLACE: u32 = 1 << 4;
    pub(super) const GHOST: u32 = 1 << 6;
    pub(super) const LICENSE: u32 = 1 << 7;
}

/// The kind of a file in its mode, as in `st_mode`.
const KIND: u16 = 0o170_000;

/// What became of a file (rpm's `rpmfileState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is there.
    Normal = 0,
    /// Another package has put its own at the path.
    Replaced = 1,
    /// It was left out.
    NotInstalled = 2,
    /// A program of the other word size has the path.
    WrongColor = 4,
}

/// What a listed file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Directory,
    Regular,
    Symlink,
    BlockDevice,
    CharDevice,
    Fifo,
    Socket,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its directory, from the root and with a `/` at the end.
    pub(crate) directory: Arc<[u8]>,
    /// Its name there; empty for the root directory itself.
    pub(crate) name: Vec<u8>,
    pub(crate) kind: FileKind,
    /// Permission bits.
    pub(crate) mode: u16,
    pub(crate) user: Arc<[u8]>,
    pub(crate) group: Arc<[u8]>,
    pub(crate) mtime: u32,
    pub(crate) size: u64,
    /// Hexadecimal; empty for all but regular files.
    pub(crate) digest: Vec<u8>,
    /// Where a symbolic link leads to.
    pub(crate) target: Vec<u8>,
    /// Major and minor number of a device, as one number.
    pub(crate) device: u32,
    /// Capabilities as text.
    pub(crate) capabilities: Vec<u8>,
    /// 1 for a 32-bit program or library, 2 for a 64-bit one.
    pub(crate) color: u32,
    /// The languages that it is for, with `|` between; empty for all.
    pub(crate) languages: Vec<u8>,
    /// Its inode when the package was built; regular files with the same one are hard links.
    pub(crate) inode: (u64, u64),
    flags: u32,
}

impl File {
    /// Returns the whole path.
    pub(crate) fn path(&self) -> Vec<u8> {
        [&*self.directory, &*self.name].concat()
    }

    /// Returns whether the package owns the name, but has nothing to put there.
    pub(crate) fn is_ghost(&self) -> bool {
        self.flags & attribute::GHOST != 0
    }

    /// Returns whether it is documentation.
    pub(crate) fn is_doc(&self) -> bool {
        self.flags & attribute::DOC != 0
    }

    /// Returns whether it is the text of a license.
    pub(crate) fn is_license(&self) -> bool {
        self.flags & attribute::LICENSE != 0
    }

    /// Returns whether it holds settings.
    pub(crate) fn is_config(&self) -> bool {
        self.flags & attribute::CONFIG != 0
    }

    /// Returns whether settings that were removed stay away.
    pub(crate) fn is_missingok(&self) -> bool {
        self.flags & attribute::MISSINGOK != 0
    }

    /// Returns whether settings that were changed stay in use.
    pub(crate) fn is_noreplace(&self) -> bool {
        self.flags & attribute::NOREPLACE != 0
    }

    /// Returns whether two packages may both have it (rpm's `rpmfilesCompare`).
    pub(crate) fn may_share(&self, other: &Self) -> bool {
        if self.is_ghost() || other.is_ghost() {
            return true;
        }
        let same_mode = self.mode == other.mode || self.kind == FileKind::Symlink;
        let same_owner = self.user == other.user && self.group == other.group;
        let same_content = match self.kind {
            FileKind::Symlink => self.target == other.target,
            FileKind::Regular => self.digest == other.digest && self.size == other.size,
            FileKind::BlockDevice | FileKind::CharDevice => self.device == other.device,
            FileKind::Directory | FileKind::Fifo | FileKind::Socket => true,
        };
        self.kind == other.kind && same_mode && same_owner && same_content
    }
}

/// Reads the list of files.
pub(crate) fn read(header: &Header) -> Result<Vec<File>, HeaderError> {
    let names = header.texts(tag::BASENAMES);
    let count = names.len();
    let directories = header.texts(tag::DIRNAMES);
    let exactly = |tag, found: usize| match found == count {
        true => Ok(()),
        false => Err(HeaderError::Count {
            tag,
            found,
            wanted: count,
        }),
    };
    let numbers = |tag| {
        let numbers = header.numbers(tag);
        exactly(tag, numbers.len()).map(|()| numbers)
    };
    let texts = |tag| {
        let texts = header.texts(tag);
        exactly(tag, texts.len()).map(|()| texts)
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let places = numbers(tag::DIRINDEXES)?;
    let modes = numbers(tag::FILEMODES)?;
    let users = texts(tag::FILEUSERNAME)?;
    let groups = texts(tag::FILEGROUPNAME)?;
    let mtimes = numbers(tag::FILEMTIMES)?;
    let digests = texts(tag::FILEDIGESTS)?;
    let targets = texts(tag::FILELINKTOS)?;
    let flags = numbers(tag::FILEFLAGS)?;
    let rdevs = numbers(tag::FILERDEVS)?;
    let inodes = numbers(tag::FILEINODES)?;
    let devices = numbers(tag::FILEDEVICES)?;
    let sizes = match header.has(tag::LONGFILESIZES) {
        true => numbers(tag::LONGFILESIZES)?,
        false => numbers(tag::FILESIZES)?,
    };
    let capabilities = match header.has(tag::FILECAPS) {
        true => texts(tag::FILECAPS)?,
        false => vec![&b""[..]; count],
    };
    let colors = match header.has(tag::FILECOLORS) {
        true => numbers(tag::FILECOLORS)?,
        false => vec![0; count],
    };
    let languages = match header.has(tag::FILELANGS) {
        true => texts(tag::FILELANGS)?,
        false => vec![&b""[..]; count],
    };
    let directories = directories.into_iter().map(Arc::from);
    let directories: Vec<Arc<[u8]>> = directories.collect();
    let (mut last_user, mut last_group) = (Arc::from([]), Arc::from([]));
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let mut files = Vec::with_capacity(count);
    for i in 0..count {
        let wrong = HeaderError::FileName(i);
        let directory = usize::try_from(places[i]).ok();
        let directory = directory.and_then(|place| directories.get(place));
        let directory = directory.ok_or(wrong.clone())?;
        if !is_sound(directory, names[i]) {
            return Err(wrong);
        }
        let mode = u16::try_from(modes[i] & 0xffff).unwrap_or(0);
        let kind = kind_of(mode).ok_or(HeaderError::Missing(tag::FILEMODES))?;
        files.push(File {
            directory: directory.clone(),
            name: names[i].to_vec(),
            kind,
            mode: mode & !KIND,
            user: like_last(users[i], &mut last_user),
            group: like_last(groups[i], &mut last_group),
            mtime: narrow(mtimes[i]),
            size: sizes[i],
            digest: digests[i].to_vec(),
            target: targets[i].to_vec(),
            device: narrow(rdevs[i]),
            capabilities: capabilities[i].to_vec(),
            color: narrow(colors[i]),
            languages: languages[i].to_vec(),
            inode: (devices[i], inodes[i]),
            flags: narrow(flags[i]),
        });
    }
    Ok(files)
}

/// Returns a text that is kept once where it is that of the file before.
fn like_last(text: &[u8], last: &mut Arc<[u8]>) -> Arc<[u8]> {
    if **last != *text {
        *last = Arc::from(text);
    }
    last.clone()
}

/// Returns the regular files with content that are one, first to last, by the first of them.
pub(crate) fn hard_links(files: &[File]) -> BTreeMap<usize, Vec<usize>> {
    let mut sets: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        if file.kind == FileKind::Regular && !file.is_ghost() {
            sets.entry(file.inode).or_default().push(i);
        }
    }
    let sets = sets.into_values();
    sets.map(|set| (set[0], set)).collect()
}

/// Returns two files that are one by their numbers, but have different content.
pub(crate) fn unlike_links(files: &[File]) -> Option<[&File; 2]> {
    hard_links(files).into_iter().find_map(|(first, set)| {
        let first = &files[first];
        let is_unlike = |other: &&File| {
            let has_digests = !first.digest.is_empty() && !other.digest.is_empty();
            first.size != other.size || (has_digests && first.digest != other.digest)
        };
        let other = set.iter().map(|at| &files[*at]).find(is_unlike)?;
        Some([first, other])
    })
}

/// The longest path, its closing NUL included (Linux: `PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// Returns whether a directory and a name in it are those of a path from the root without `..`.
fn is_sound(directory: &[u8], name: &[u8]) -> bool {
    if directory.len() + name.len() >= LONGEST_PATH {
        return false;
    }
    let inner = directory.strip_prefix(b"/");
    let Some(inner) = inner.filter(|_| directory.ends_with(b"/")) else {
        return false;
    };
    let mut names = inner.split(|b| *b == b'/').filter(|name| !name.is_empty());
    let is_root = name.is_empty() && directory == b"/";
    names.all(|name| check_name(name).is_ok()) && (is_root || check_name(name).is_ok())
}

fn kind_of(mode: u16) -> Option<FileKind> {
    Some(match mode & KIND {
        0o040_000 => FileKind::Directory,
        0o100_000 => FileKind::Regular,
        0o120_000 => FileKind::Symlink,
        0o060_000 => FileKind::BlockDevice,
        0o020_000 => FileKind::CharDevice,
        0o010_000 => FileKind::Fifo,
        0o140_000 => FileKind::Socket,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_somewhere() {
        for (directory, name, want) in [
            ("/", "etc", true),
            ("/", "", true),
            ("/usr/bin/", "sh", true),
            ("/usr//bin/", "sh", true),
            ("/usr/", "", false),
            ("usr/", "bin", false),
            ("/usr", "bin", false),
            ("", "bin", false),
            ("/usr/../", "bin", false),
            ("/usr/./", "bin", false),
            ("/", "..", false),
            ("/", "a/b", false),
            ("/", "a\0b", false),
        ] {
            let found = is_sound(directory.as_bytes(), name.as_bytes());
            assert_eq!(found, want, "{directory} {name}");
        }
    }
}

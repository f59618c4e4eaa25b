//! What builds keep for later ones: files that were fetched, and tar archives that were decoded.
//!
//! It lies in the user's folder for such things, and no more in it than its limit. Whatever is in
//! it can be deleted at any time, and several builds can use it at once.
//!
//! - `blobs/sha256/HEX`: what was fetched, by its digest
//! - `decoded/sha256/HEX`: the archive in a compressed file, by the digest of that file, and
//!   `decoded/sha256/HEX.checked`, what it was like when it was last compared with its checksum
//! - `known/HEX`: the digest of a file, by the digest of its stamp

mod decoded;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use rustix::fs::OFlags;

use crate::recipe::Size;
use crate::source::Digest;

pub(crate) use decoded::{Found, Part};

/// What the cache holds at most, in bytes, when `HSB_CACHE_SIZE` does not say.
const LIMIT: u64 = 10 << 30;

/// Files that were fetched.
const BLOBS: &str = "blobs";
/// Archives that were decoded.
const DECODED: &str = "decoded";
/// Digests of files.
const KNOWN: &str = "known";

/// The ending of a file that is being written.
pub(crate) const PART: &str = "part";

/// A folder of what builds keep.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    /// What it holds at most, in bytes.
    limit: u64,
    /// Whether what is decoded is put there, too.
    keeps_decoded: bool,
}

/// Something in the cache.
#[derive(Debug)]
pub(crate) struct Entry {
    path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) used: SystemTime,
    pub(crate) is_decoded: bool,
    /// What it is called: its digest, or that of what it was decoded from.
    pub(crate) digest: String,
}

impl Cache {
    /// Returns the cache in `HSB_CACHE`, else in `hsb` in `XDG_CACHE_HOME` or `~/.cache`; nothing
    /// when there is no such folder. It holds `HSB_CACHE_SIZE` at most, else 10 GiB. One that was
    /// not asked for with `HSB_CACHE` leaves what is decoded to `TMPDIR`, where that is set.
    ///
    /// # Errors
    ///
    /// Fails when `HSB_CACHE_SIZE` is no size.
    pub fn of_environment() -> Result<Option<Self>> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder = |name| var(name).map(PathBuf::from);
        let limit = match var("HSB_CACHE_SIZE") {
            None => LIMIT,
            Some(text) => match text.to_string_lossy().parse() {
                Ok(Size::Bytes(bytes)) => bytes,
                _ => bail!("HSB_CACHE_SIZE is {text:?}, not a size such as 20G"),
            },
        };
        if let Some(asked) = folder("HSB_CACHE") {
            return Ok(Some(Self::new(asked, limit)));
        }
        // A home that is not there is nobody's to make.
        let home = || folder("HOME").filter(|home| home.is_dir());
        // Relative ones are to be ignored, says the specification of base directories.
        let of_session = folder("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
        let usual = of_session.or_else(|| Some(home()?.join(".cache")));
        let cache = usual.map(|usual| Self::new(usual.join("hsb"), limit));
        Ok(match folder("TMPDIR") {
            None => cache,
            Some(_) => cache.map(Self::decoding_elsewhere),
        })
    }

    /// Returns the cache in a folder that need not be there yet.
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            limit,
            keeps_decoded: true,
        }
    }

    /// Returns the same cache, where nothing is put that is decoded: that has another place.
    #[must_use]
    pub fn decoding_elsewhere(self) -> Self {
        Self {
            keeps_decoded: false,
            ..self
        }
    }

    /// Returns where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the place of a file that is fetched.
    #[cfg(feature = "net")]
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.place(BLOBS, digest)
    }

    /// Makes the folder of files that are fetched, for the user alone.
    ///
    /// # Errors
    ///
    /// Fails when nothing can be put there.
    #[cfg(feature = "net")]
    pub(crate) fn make_blobs(&self) -> io::Result<()> {
        let folder = self.folder.join(BLOBS);
        make_folder(&folder)?;
        tempfile::tempfile_in(&folder).map(drop)
    }

    fn place(&self, kind: &str, digest: &Digest) -> PathBuf {
        let folder = self.folder.join(kind).join(digest.algorithm());
        folder.join(digest.hex())
    }

    /// Returns all that can be used, what was used last at the end.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (kind, is_decoded) in [(BLOBS, false), (DECODED, true)] {
            for folder in children(&self.folder.join(kind)) {
                let algorithm = name(&folder);
                for path in children(&folder).filter(|path| path.extension().is_none()) {
                    let Ok(meta) = fs::metadata(&path) else {
                        continue;
                    };
                    // To touch the archive itself would look like a change of it.
                    let touched = fs::metadata(decoded::checked(&path));
                    let used = touched.and_then(|meta| meta.modified());
                    entries.push(Entry {
                        bytes: meta.len(),
                        used: used.or(meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH),
                        is_decoded,
                        digest: format!("{algorithm}:{}", name(&path)),
                        path,
                    });
                }
            }
        }
        entries.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        entries
    }

    /// Returns what it holds, in bytes.
    pub(crate) fn held(&self) -> u64 {
        self.entries().iter().map(|entry| entry.bytes).sum()
    }

    /// Returns what it may hold now, in bytes: its limit, and no more than half of what the disk
    /// has for it.
    pub(crate) fn room(&self) -> u64 {
        // Where it is not there yet, it will be on the disk of what is.
        let here = [Path::new(".")];
        let mut folders = self.folder.ancestors().chain(here);
        let disk = folders.find_map(|folder| rustix::fs::statvfs(folder).ok());
        let free = disk.map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        self.limit.min(self.held().saturating_add(free) / 2)
    }

    /// Takes out what was not used for longest, until it holds no more than it may with `new` bytes
    /// that are to come, and what killed builds have left.
    pub(crate) fn make_room(&self, new: u64) {
        let room = self.room();
        let entries = self.entries();
        let mut held: u64 = entries.iter().map(|entry| entry.bytes).sum();
        for entry in entries {
            if held.saturating_add(new) <= room {
                break;
            }
            held -= entry.bytes;
            // Where it cannot be removed, nobody is better off with an error.
            entry.remove().ok();
        }
        // What was fetched in part is gone on with.
        self.remove_left_over(&[DECODED]);
    }

    /// Removes everything.
    ///
    /// # Errors
    ///
    /// Fails when something cannot be removed.
    pub(crate) fn clear(&self) -> Result<()> {
        for entry in self.entries() {
            entry
                .remove()
                .with_context(|| entry.path.display().to_string())?;
        }
        self.remove_left_over(&[BLOBS, DECODED]);
        Ok(())
    }

    /// Removes what nobody is writing any more, and what is known of archives that are gone.
    fn remove_left_over(&self, kinds: &[&str]) {
        for kind in kinds {
            for path in children(&self.folder.join(kind)).flat_map(|folder| children(&folder)) {
                let is_left_over = match path.extension().and_then(|ending| ending.to_str()) {
                    Some(PART) => open(&path).is_ok_and(|part| part.try_lock().is_ok()),
                    Some(_) => !path.with_extension("").exists(),
                    None => false,
                };
                if is_left_over {
                    fs::remove_file(path).ok();
                }
            }
        }
        for path in children(&self.folder.join(KNOWN)) {
            let digest = read_small(&path).ok();
            let digest = digest.and_then(|text| text.lines().next()?.parse().ok());
            if digest.is_none_or(|digest| !self.place(DECODED, &digest).exists()) {
                fs::remove_file(path).ok();
            }
        }
    }

    /// Returns what the sources are called that archives were decoded from, with their digests.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        let known = children(&self.folder.join(KNOWN));
        let known = known.filter_map(|path| read_small(&path).ok());
        known
            .filter_map(|text| {
                let (digest, name) = text.split_once('\n')?;
                Some((digest.to_owned(), name.trim_end().to_owned()))
            })
            .collect()
    }
}

impl Entry {
    fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        match fs::remove_file(decoded::checked(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Makes a folder with those above it, for the user alone.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Puts a small file in its place, whole or not at all.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .suffix(&format!(".{PART}"))
        .tempfile_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// The longest small file, in bytes: a digest with a name, or what a file was like.
const SMALL: u64 = 64 << 10;

/// Opens a file of the cache. Whatever else somebody has put in its place is not waited for.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// Reads a small file.
fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.take(SMALL).read_to_string(&mut text)?;
    Ok(text)
}

/// Returns what is in a folder; nothing when it is none.
fn children(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

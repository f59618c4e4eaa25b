//! What was fetched before, by its digest, in the cache.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::super::oci::Digest;
use super::client::{Ask, download};
use crate::cache::{self, Cache, PART};

/// How much is digested at once.
const CHUNK: usize = 1 << 20;

/// Where blobs are.
pub(super) struct Blobs {
    cache: Cache,
    /// Where there is no place to keep anything, what was fetched goes away in the end.
    _temporary: Option<TempDir>,
}

impl Blobs {
    /// Returns the blobs in the cache, and in its place a temporary folder in `spool_dir` where
    /// there is none, or nothing can be put there.
    ///
    /// # Errors
    ///
    /// Fails when that cannot be either.
    pub(super) fn open(cache: Option<&Cache>, spool_dir: &Path) -> Result<Self> {
        if let Some(cache) = cache.filter(|cache| cache.make_blobs().is_ok()) {
            return Ok(Self {
                cache: cache.clone(),
                _temporary: None,
            });
        }
        let temporary = tempfile::tempdir_in(spool_dir)
            .with_context(|| format!("{}: cannot make a folder", spool_dir.display()))?;
        Ok(Self {
            cache: Cache::new(temporary.path().to_owned(), u64::MAX),
            _temporary: Some(temporary),
        })
    }

    /// Returns a blob that was fetched before. It may have been damaged since.
    pub(super) fn find(&self, digest: &Digest) -> Option<File> {
        let file = cache::open(&self.cache.blob(digest)).ok()?;
        // What is used stays longer.
        file.set_modified(SystemTime::now()).ok();
        Some(file)
    }

    /// Returns a blob, from here or from where it is asked for.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be had, or has another digest.
    pub(super) fn fetch(&self, digest: &Digest, len: Option<u64>, ask: &Ask<'_>) -> Result<File> {
        if let Some(mut file) = self.find(digest)
            && check(&mut file, digest).is_ok()
        {
            return Ok(file);
        }
        let path = self.cache.blob(digest);
        let shown = path.display();
        let part_path = path.with_extension(PART);
        let open = || {
            fs::create_dir_all(path.parent().unwrap_or(&path))?;
            let options = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&part_path);
            let part = options?;
            // Another hsb that fetches the same is waited for, and then goes on with an old part.
            part.lock()?;
            Ok::<_, std::io::Error>(part)
        };
        let mut part = loop {
            let part = open().with_context(|| format!("{shown}: cannot be made"))?;
            if let Some(mut file) = self.find(digest)
                && check(&mut file, digest).is_ok()
            {
                return Ok(file);
            }
            // Who was waited for may have put it in its place: then it is no part any more.
            let ours = part.metadata()?;
            let is_same =
                |there: fs::Metadata| (there.dev(), there.ino()) == (ours.dev(), ours.ino());
            if fs::metadata(&part_path).is_ok_and(is_same) {
                break part;
            }
        };
        let mut is_fresh = part.metadata()?.len() == 0;
        while is_fresh || check(&mut part, digest).is_err() {
            download(&mut part, len, ask)?;
            let Err(error) = check(&mut part, digest) else {
                break;
            };
            // To go on from it would never help; but an old part may be of another file.
            part.set_len(0)?;
            if is_fresh {
                return Err(error);
            }
            is_fresh = true;
        }
        self.cache.make_room(part.metadata()?.len());
        fs::rename(&part_path, &path).with_context(|| format!("{shown}: cannot be made"))?;
        // It is read for as long as a build takes, and others need not wait for that.
        part.unlock()?;
        Ok(part)
    }

    /// Keeps a blob whose digest is known to be right.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written.
    pub(super) fn keep(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let path = self.cache.blob(digest);
        let shown = path.display();
        let write = || {
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut file, bytes)?;
            file.persist(&path)?;
            Ok::<_, std::io::Error>(())
        };
        write().with_context(|| format!("{shown}: cannot be made"))
    }
}

/// Checks a whole file, and leaves it at its start.
fn check(file: &mut File, digest: &Digest) -> Result<()> {
    let mut hasher = digest.hasher();
    feed(file, |bytes| hasher.update(bytes))?;
    digest.compare(hasher)
}

fn feed(file: &mut File, mut take: impl FnMut(&[u8])) -> Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let len = file.read(&mut chunk)?;
        if len == 0 {
            break;
        }
        take(&chunk[..len]);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}

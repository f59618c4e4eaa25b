//! A file that a build makes: written beside its place, and put there whole or not at all.
//!
//! While it is written it is called `.OUT.hsb-part` and locked. What a killed build left behind under
//! that name is removed by the next one; two builds of one OUT at once are refused.

mod folder;
mod place;
mod writeback;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind::AlreadyExists, ErrorKind::NotFound};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use fsgen::{ReadAt, WriteAt};
use sha2::{Digest as _, Sha256};

use crate::progress::Progress;
use crate::room;
use crate::share::Sharing;
pub(crate) use folder::OutputFolder;
pub(crate) use place::Place;
use place::folder;
use writeback::Writeback;

/// The files and folders that are being written: what [`abandon`] removes.
static UNDER_WAY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file or folder that is gone when a signal ends this process.
pub(crate) struct UnderWay(PathBuf);

impl UnderWay {
    pub(crate) fn new(path: PathBuf) -> Self {
        under_way().insert(path.clone());
        Self(path)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        under_way().remove(&self.0);
    }
}

/// Removes all that is under way. As long as the guard lives, none is made or put in its place.
pub(crate) fn abandon() -> impl Sized {
    let under_way = under_way();
    for part in under_way.iter() {
        // Nobody is left to tell; the next build removes what is left.
        drop(fs::remove_file(part).or_else(|_| fs::remove_dir_all(part)));
    }
    under_way
}

fn under_way() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // The set is right whatever happened to a thread that held it.
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An image under way. Dropped before [`Output::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    part: PathBuf,
    out: PathBuf,
    /// One of these is held while the file is written. The kernel lets one thread at a time write
    /// to a file. The next one spins until then, and has not to be woken; more of them would only
    /// take cores from whoever decodes or reads.
    turns: [Mutex<()>; 2],
    /// What lets it have blocks of other files; none where the filesystem does not.
    sharing: Option<Sharing>,
    /// What puts it on disk; none if nobody waits for that.
    writeback: Option<Writeback>,
}

impl Output {
    /// Opens the file beside its place that will be put there, once it is on disk if `sync`.
    pub(crate) fn create(place: &Place, sync: bool) -> Result<Self> {
        let Place { out, part, .. } = place.clone();
        loop {
            // Opening would follow a link, and a file with other names is somebody else's.
            let before = fs::symlink_metadata(&part);
            if let Ok(meta) = &before
                && !(meta.is_file() && meta.nlink() == 1)
            {
                bail!("{}: is in the way; remove it", part.display());
            }
            let mut how = OpenOptions::new();
            how.read(true).write(true).create_new(before.is_err());
            let file = match how.open(&part) {
                Ok(file) => file,
                // Another build made or removed it meanwhile.
                Err(error) if before.is_err() && error.kind() == AlreadyExists => continue,
                Err(error) if before.is_ok() && error.kind() == NotFound => continue,
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("{}: cannot be made", part.display()))
                        .with_context(|| {
                            format!("{}: nothing can be written there", out.display())
                        });
                }
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    bail!("{}: another build is writing it", part.display())
                }
                Err(TryLockError::Error(error)) => {
                    // What was not there before is nobody else's.
                    if before.is_err() {
                        drop(fs::remove_file(&part));
                    }
                    return Err(error)
                        .with_context(|| format!("{}: cannot be locked", part.display()));
                }
            }
            // What was left behind has an owner, a mode and perhaps descriptors that the image must
            // not get. As long as it is locked, no other build takes it.
            if let Ok(before) = before {
                if is_same_file(&file, &part) {
                    fs::remove_file(&part).with_context(|| {
                        let (part, uid) = (part.display(), before.uid());
                        format!("{part}: was left behind, belongs to user {uid}, cannot be removed")
                    })?;
                }
                continue;
            }
            // The file may have been renamed or removed between opening and locking it.
            if is_same_file(&file, &part) {
                under_way().insert(part.clone());
                let output = Self {
                    sharing: Sharing::of(&file),
                    file,
                    part,
                    out,
                    turns: Default::default(),
                    writeback: sync.then(Writeback::default),
                };
                // Its mode is that of the image that it replaces; its owner is who builds it.
                if let Ok(before) = fs::metadata(&output.out) {
                    let kept = output.file.set_permissions(before.permissions());
                    kept.with_context(|| {
                        format!("{}: cannot get its mode", output.part.display())
                    })?;
                }
                return Ok(output);
            }
        }
    }

    /// Sets the size; all of it reads as zero until it is written.
    pub(crate) fn set_len(&self, bytes: u64) -> Result<()> {
        self.file
            .set_len(bytes)
            .with_context(|| format!("{}: cannot become {bytes} bytes large", self.part.display()))
    }

    /// Takes room for what will be written. Where that cannot be done, the write itself will tell.
    pub(crate) fn reserve(&self, written: &[Range<u64>]) {
        room::take(&self.file, written);
    }

    /// Returns the digest of the whole file, in hexadecimal; holes count as zeros.
    pub(crate) fn sha256(&self, progress: &Progress) -> Result<String> {
        let len = self.len()?;
        let stage = progress.stage("computing the digest", Some(len));
        self.digest(0..len, &|bytes| stage.add(bytes))
    }

    /// Returns the digest of some bytes of the file, in hexadecimal.
    pub(crate) fn sha256_of(&self, range: Range<u64>) -> Result<String> {
        self.digest(range, &|_| {})
    }

    fn digest(&self, range: Range<u64>, progress: &dyn Fn(u64)) -> Result<String> {
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut at = range.start;
        while at < range.end {
            let len = usize::try_from(range.end - at).map_or(buffer.len(), |n| n.min(buffer.len()));
            let read = self.file.read_exact_at(&mut buffer[..len], at);
            read.with_context(|| format!("{}: cannot be read back", self.part.display()))?;
            digest.update(&buffer[..len]);
            at += len as u64;
            progress(len as u64);
        }
        let bytes = digest.finalize();
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Waits until all of the file is on disk, if it has to be.
    pub(crate) fn end(&self) -> Result<()> {
        let Some(writeback) = &self.writeback else {
            return Ok(());
        };
        let synced = writeback.end().and_then(|()| self.file.sync_all());
        synced.with_context(|| format!("{}: cannot be synced", self.part.display()))
    }

    /// Returns the name of the file, without its folder.
    pub(crate) fn name(&self) -> String {
        let name = self.out.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Returns how many bytes the file has, holes included.
    pub(crate) fn len(&self) -> Result<u64> {
        let meta = self.file.metadata();
        Ok(meta
            .with_context(|| format!("{}: cannot be looked at", self.part.display()))?
            .len())
    }

    /// Puts files, which have ended, in their places: one after the other, but a signal ends this
    /// process before the first or after the last.
    pub(crate) fn finish(outputs: Vec<Self>) -> Result<()> {
        let mut under_way = under_way();
        let mut done: Vec<String> = Vec::new();
        for output in &outputs {
            let name = output.out.display();
            fs::rename(&output.part, &output.out).with_context(|| match &*done {
                [] => format!("{name}: cannot be put in place"),
                done => format!(
                    "{name}: cannot be put in place, while the new {} is",
                    done.join(", ")
                ),
            })?;
            under_way.remove(&output.part);
            done.push(name.to_string());
        }
        drop(under_way);
        // The new names themselves are on disk once their folders are.
        let synced = outputs.iter().filter(|output| output.writeback.is_some());
        let folders: BTreeSet<&Path> = synced.map(|output| folder(&output.out)).collect();
        for folder in folders {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .with_context(|| format!("{}: cannot be synced", folder.display()))?;
        }
        Ok(())
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.out.display().fmt(f)
    }
}

impl WriteAt for Output {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let [first, second] = &self.turns;
        let turn = match first.try_lock() {
            Ok(turn) => turn,
            Err(_) => second.lock().unwrap_or_else(PoisonError::into_inner),
        };
        self.file.write_all_at(buf, offset).map_err(|error| {
            let message = format!("{}: {error}", self.part.display());
            io::Error::new(error.kind(), message)
        })?;
        drop(turn);
        if let Some(writeback) = &self.writeback {
            writeback.add(buf.len() as u64, &self.file);
        }
        Ok(())
    }

    fn share(&self, source: &dyn ReadAt, range: Range<u64>, offset: u64) -> bool {
        let len = range.end - range.start;
        let Some(sharing) = &self.sharing else {
            return false;
        };
        let from = source.stored(range);
        from.is_some_and(|from| sharing.share(from, (&self.file, offset), len))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `finish` the name is gone, or another build's.
        if under_way().remove(&self.part) && is_same_file(&self.file, &self.part) {
            // Nobody is left to tell; the next build removes the file.
            drop(fs::remove_file(&self.part));
        }
    }
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::source::{Input, Source};

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("image.raw");
        fs::write(&out, "old").unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().count();

        let place = Place::new(&out, &[]).unwrap();
        let output = Output::create(&place, true).unwrap();
        output.write_all_at(b"half", 0).unwrap();
        let second = Output::create(&place, true).unwrap_err().to_string();
        assert!(second.contains("another build"), "{second}");
        drop(output);
        assert_eq!(
            (fs::read(&out).unwrap().as_slice(), names()),
            (&b"old"[..], 1)
        );

        // Neither a link in the way nor the source itself is ever written through.
        std::os::unix::fs::symlink(&out, folder.path().join(".image.raw.hsb-part")).unwrap();
        let link = Output::create(&place, true).unwrap_err().to_string();
        assert!(link.contains("in the way"), "{link}");
        fs::remove_file(folder.path().join(".image.raw.hsb-part")).unwrap();
        for (source, want) in [
            (&*out, "is the source"),
            (folder.path(), "lies in the source"),
        ] {
            let source = Source::from(Input::Path(source.to_owned()));
            let message = Place::new(&out, &[source]).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }

        // Of what a killed build left nothing stays: bytes, mode, or whoever has it open.
        let part = folder.path().join(".image.raw.hsb-part");
        fs::remove_file(&out).unwrap();
        fs::write(&part, "left over, and long").unwrap();
        fs::set_permissions(&part, Permissions::from_mode(0o666)).unwrap();
        let left = OpenOptions::new().write(true).open(&part).unwrap();
        let output = Output::create(&place, true).unwrap();
        left.write_all_at(b"old", 0).unwrap();
        output.write_all_at(b"new", 0).unwrap();
        Output::finish(vec![output]).unwrap();
        fs::write(&part, "").unwrap();
        let [mode, usual] = [&out, &part].map(|file| fs::metadata(file).unwrap().mode());
        assert_eq!(mode, usual);
        fs::remove_file(&part).unwrap();
        assert_eq!(
            (fs::read(&out).unwrap().as_slice(), names()),
            (&b"new"[..], 1)
        );
    }
}

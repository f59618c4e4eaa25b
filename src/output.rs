//! The file that a build makes: written beside its place, and put there whole or not at all.
//!
//! While it is written it is called `.OUT.hsb-part` and locked. What a killed build left behind under
//! that name is taken over by the next one; two builds of one OUT at once are refused.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fsgen::WriteAt;
use sha2::{Digest as _, Sha256};

use crate::progress::Progress;

/// An image under way. Dropped before [`Output::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    part: PathBuf,
    out: PathBuf,
}

impl Output {
    /// Opens the file beside `out` that will become it; `source` is what it is made from.
    pub(crate) fn create(out: &Path, source: Option<&Path>) -> Result<Self> {
        let out = place(out)?;
        let part = part_of(&out);
        if source.is_some_and(|source| is_one_file(source, &out) || is_one_file(source, &part)) {
            bail!("{}: is the source; choose another -o", out.display());
        }
        loop {
            // Opening would follow a link, and a file with other names is somebody else's.
            if let Ok(meta) = fs::symlink_metadata(&part)
                && !(meta.is_file() && meta.nlink() == 1)
            {
                bail!("{}: is in the way; remove it", part.display());
            }
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&part)
                .with_context(|| format!("{}: cannot be written", part.display()))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    bail!("{}: another build is writing it", part.display())
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error)
                        .with_context(|| format!("{}: cannot be locked", part.display()));
                }
            }
            // The file may have been renamed or removed between opening and locking it.
            if is_same_file(&file, &part) {
                file.set_len(0)
                    .with_context(|| format!("{}: cannot be emptied", part.display()))?;
                return Ok(Self { file, part, out });
            }
        }
    }

    /// Sets the size; all of it reads as zero until it is written.
    pub(crate) fn set_len(&self, bytes: u64) -> Result<()> {
        self.file
            .set_len(bytes)
            .with_context(|| format!("{}: cannot become {bytes} bytes large", self.part.display()))
    }

    /// Returns the digest of the whole file, in hexadecimal; holes count as zeros.
    pub(crate) fn sha256(&self, progress: &Progress) -> Result<String> {
        let len = self.file.metadata().map(|meta| meta.len());
        let stage = progress.stage("computing the digest", len.ok());
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut at = 0;
        loop {
            let read = self
                .file
                .read_at(&mut buffer, at)
                .with_context(|| format!("{}: cannot be read back", self.part.display()))?;
            if read == 0 {
                let bytes = digest.finalize();
                return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
            }
            digest.update(&buffer[..read]);
            at += read as u64;
            stage.add(read as u64);
        }
    }

    /// Puts the file in its place once all of it is on disk.
    pub(crate) fn finish(self) -> Result<()> {
        let name = self.out.display();
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.part, &self.out))
            .with_context(|| format!("{name}: cannot be put in place"))?;
        // The new name itself is on disk once its folder is.
        let folder = self.out.parent().filter(|p| !p.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("{name}: its folder cannot be synced"))
    }
}

impl WriteAt for Output {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `finish` the name is gone, or another build's: only our own file is removed.
        if is_same_file(&self.file, &self.part) {
            // Nobody is left to tell; the next build takes the file over.
            drop(fs::remove_file(&self.part));
        }
    }
}

/// Returns where the image goes: a link keeps pointing where it does, and its target is replaced.
fn place(out: &Path) -> Result<PathBuf> {
    match fs::metadata(out) {
        Ok(meta) if !meta.is_file() => bail!(
            "{}: is there and is no regular file; choose another -o",
            out.display()
        ),
        Ok(_) => {
            fs::canonicalize(out).with_context(|| format!("{}: cannot be found", out.display()))
        }
        Err(_) if out.is_symlink() => bail!("{}: is a link to nothing; remove it", out.display()),
        Err(_) => Ok(out.to_owned()),
    }
}

/// Returns the name of an image while it is written: hidden, beside its place.
fn part_of(out: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".hsb-part");
    out.with_file_name(name)
}

fn is_one_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
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
    use super::*;

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("image.raw");
        fs::write(&out, "old").unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().count();

        let output = Output::create(&out, None).unwrap();
        output.write_all_at(b"half", 0).unwrap();
        let second = Output::create(&out, None).unwrap_err().to_string();
        assert!(second.contains("another build"), "{second}");
        drop(output);
        assert_eq!(
            (fs::read(&out).unwrap().as_slice(), names()),
            (&b"old"[..], 1)
        );

        // Neither a link in the way nor the source itself is ever written through.
        std::os::unix::fs::symlink(&out, folder.path().join(".image.raw.hsb-part")).unwrap();
        let link = Output::create(&out, None).unwrap_err().to_string();
        assert!(link.contains("in the way"), "{link}");
        fs::remove_file(folder.path().join(".image.raw.hsb-part")).unwrap();
        let source = Output::create(&out, Some(&out)).unwrap_err().to_string();
        assert!(source.contains("is the source"), "{source}");

        // What a killed build left is overwritten from the start.
        fs::write(
            folder.path().join(".image.raw.hsb-part"),
            "left over, and long",
        )
        .unwrap();
        let output = Output::create(&out, None).unwrap();
        output.write_all_at(b"new", 0).unwrap();
        output.finish().unwrap();
        assert_eq!(
            (fs::read(&out).unwrap().as_slice(), names()),
            (&b"new"[..], 1)
        );
    }
}

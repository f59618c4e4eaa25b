//! A folder that is filled beside its place, and put there whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind::AlreadyExists;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::place::{Place, folder};
use super::{UnderWay, is_same_file, under_way};

/// A folder under way. Dropped before [`OutputFolder::finish`], it leaves nothing behind.
pub(crate) struct OutputFolder {
    part: PathBuf,
    out: PathBuf,
    /// The folder itself, locked: what nobody has locked was left behind.
    lock: File,
    _under_way: UnderWay,
}

impl OutputFolder {
    /// Makes the folder beside its place that will be put there. What a killed process left of one is
    /// removed.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be made, and when another process fills it.
    pub(crate) fn create(place: &Place) -> Result<Self> {
        let Place { out, part, .. } = place.clone();
        let shown = part.display();
        loop {
            let is_new = match fs::create_dir(&part) {
                Ok(()) => true,
                Err(error) if error.kind() == AlreadyExists => {
                    if fs::symlink_metadata(&part).is_ok_and(|meta| !meta.is_dir()) {
                        bail!("{shown}: is in the way; remove it");
                    }
                    false
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("{shown}: cannot be made"));
                }
            };
            let lock = File::open(&part).with_context(|| format!("{shown}: cannot be opened"))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => bail!("{shown}: another hsb is filling it"),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("{shown}: cannot be locked"));
                }
            }
            if !is_new {
                let removed = fs::remove_dir_all(&part);
                removed.with_context(|| format!("{shown}: was left behind, cannot be removed"))?;
            } else if is_same_file(&lock, &part) {
                return Ok(Self {
                    _under_way: UnderWay::new(part.clone()),
                    part,
                    out,
                    lock,
                });
            }
        }
    }

    /// Returns where the folder is while it is filled.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Puts the folder, which is on disk, in its place.
    ///
    /// # Errors
    ///
    /// Fails when something is there.
    pub(crate) fn finish(self) -> Result<()> {
        let shown = || format!("{}: cannot be put in place", self.out.display());
        // Whoever removes what is under way must not do so in the place itself.
        let mut under_way = under_way();
        fs::rename(&self.part, &self.out).with_context(shown)?;
        under_way.remove(&self.part);
        drop(under_way);
        let parent = File::open(folder(&self.out)).and_then(|folder| folder.sync_all());
        parent.with_context(shown)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        // After `finish`, there is none of that name, or another one's.
        if is_same_file(&self.lock, &self.part) {
            // Nobody is left to tell; the next one removes it.
            drop(fs::remove_dir_all(&self.part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_whole_or_not_at_all() {
        let work = tempfile::tempdir().unwrap();
        let (out, part) = (work.path().join("out"), work.path().join(".out.hsb-part"));
        let place = Place::new(&out, &[]).unwrap();
        let made = OutputFolder::create(&place).unwrap();
        fs::write(made.path().join("file"), "half").unwrap();
        let second = OutputFolder::create(&place).err().unwrap().to_string();
        assert!(second.contains("another hsb"), "{second}");
        drop(made);
        assert!(!part.exists() && !out.exists());
        // No folder is not opened.
        fs::write(&part, "").unwrap();
        let in_the_way = OutputFolder::create(&place).err().unwrap().to_string();
        assert!(in_the_way.contains("in the way"), "{in_the_way}");
        fs::remove_file(&part).unwrap();
        // What was left behind is not part of the next one.
        fs::create_dir(&part).unwrap();
        fs::write(part.join("old"), "left").unwrap();
        let made = OutputFolder::create(&place).unwrap();
        fs::write(made.path().join("file"), "whole").unwrap();
        made.finish().unwrap();
        let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
        assert_eq!((names(&out), names(work.path())), (1, 1));
        // As long as a signal removes what is under way, nothing is put in place.
        fs::remove_dir_all(&out).unwrap();
        let made = OutputFolder::create(&place).unwrap();
        fs::write(made.path().join("file"), "whole").unwrap();
        let removing = under_way();
        let finishing = std::thread::spawn(move || made.finish());
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(!out.exists() && part.exists());
        drop(removing);
        finishing.join().unwrap().unwrap();
        assert_eq!(fs::read(out.join("file")).unwrap(), b"whole");
        // Something came there meanwhile.
        let made = OutputFolder::create(&place).unwrap();
        fs::write(made.path().join("file"), "other").unwrap();
        assert!(made.finish().is_err());
        assert_eq!(fs::read(out.join("file")).unwrap(), b"whole");
        assert_eq!(names(work.path()), 1);
    }
}

//! Files of the host that modules may read: those in the folder of the recipe.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fsgen::ReadAt;
use modules::{Host, Partition};

use crate::stamp::Stamp;

/// The folder of a recipe, and what it says of the disk.
pub(crate) struct RecipeFolder {
    /// Empty for the working folder.
    pub folder: PathBuf,
    /// None, as long as options are checked.
    pub partitions: Vec<Partition>,
}

impl Host for RecipeFolder {
    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let folder = fs::canonicalize(Path::new(".").join(&self.folder))?;
        let found = fs::canonicalize(folder.join(path))?;
        if !found.starts_with(&folder) {
            return Err(io::Error::other(format!(
                "{} is outside the recipe's folder {}",
                found.display(),
                folder.display()
            )));
        }
        // A pipe must not be opened at all.
        let meta = fs::metadata(&found)?;
        if !meta.is_file() {
            return Err(io::Error::other(format!(
                "{} is no regular file",
                found.display()
            )));
        }
        // Opened to see that it can be, but not kept open: a recipe may name thousands.
        File::open(&found)?;
        let file = HostFile {
            path: found,
            stamp: Stamp::of(&meta),
        };
        Ok((Arc::new(file), meta.len()))
    }
}

/// A file that is open only while it is read.
struct HostFile {
    path: PathBuf,
    stamp: Stamp,
}

impl ReadAt for HostFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let file = File::open(&self.path)?;
        self.stamp.check(&file.metadata()?)?;
        file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.stamp.check(&fs::metadata(&self.path)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_served() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("recipe");
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("motd"), "hello").unwrap();
        fs::write(folder.path().join("secret"), "no").unwrap();
        std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
        let host = RecipeFolder {
            folder: inside,
            partitions: Vec::new(),
        };
        assert_eq!(host.open("motd").unwrap().1, 5);
        assert_eq!(host.open("../recipe/motd").unwrap().1, 5);
        for (path, want) in [
            ("../secret", "outside the recipe's folder"),
            ("link", "outside the recipe's folder"),
            ("/etc/passwd", "outside the recipe's folder"),
            (".", "no regular file"),
            ("missing", "No such file"),
        ] {
            let error = host.open(path).err().unwrap().to_string();
            assert!(error.contains(want), "{path}: {error}");
        }
    }
}

//! Files of the host that modules may read: those in the folder of the recipe.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use fsgen::ReadAt;
use modules::Host;

/// The folder of a recipe.
pub(crate) struct RecipeFolder(pub(crate) PathBuf);

impl Host for RecipeFolder {
    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let folder = fs::canonicalize(&self.0)?;
        let found = fs::canonicalize(folder.join(path))?;
        if !found.starts_with(&folder) {
            return Err(io::Error::other(format!(
                "{} is outside the recipe's folder {}",
                found.display(),
                folder.display()
            )));
        }
        let file = File::open(&found)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other(format!(
                "{} is no regular file",
                found.display()
            )));
        }
        Ok((Arc::new(HostFile { file, path: found }), meta.len()))
    }
}

struct HostFile {
    file: File,
    path: PathBuf,
}

impl ReadAt for HostFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
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
        let host = RecipeFolder(inside);
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

//! The files that modules may read: those of the recipe's folder, and those that they fetch.

use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::num::NonZero;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use fsgen::tree::content::SourceId;
use fsgen::{ReadAt, WriteAt};
use modules::{Host, Packed, Partition, Spool};

use crate::cache::Cache;
use crate::room::Pieces;
use crate::source::codec::{Codec, Pool};
use crate::source::{HostFile, Limits, fetch_for_step, members_of};

/// Compressed data of that many bytes at most is decoded by one thread, as steps have several such
/// inputs at once.
const SMALL: u64 = 1 << 20;

/// How many threads a step gets at most.
const THREADS: usize = 4;

/// The folder of a recipe, what it says of the disk, and where steps may keep what they decode.
pub(crate) struct RecipeFolder {
    /// Empty for the working folder.
    folder: PathBuf,
    /// The same without links, once it was looked for.
    found: OnceLock<PathBuf>,
    /// The folder that the last path was in, as the recipe has it and without links.
    last: Mutex<Option<(PathBuf, PathBuf)>>,
    /// Nothing while a recipe is only checked.
    spool: Option<PathBuf>,
    limits: Limits,
    /// Where files that are fetched are kept.
    cache: Option<Cache>,
    /// None, as long as options are checked.
    partitions: Vec<Partition>,
    decoders: Pool,
}

impl RecipeFolder {
    /// Returns the files that a recipe can be checked with.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            found: OnceLock::new(),
            last: Mutex::default(),
            spool: None,
            limits: Limits::default(),
            cache: None,
            partitions: Vec::new(),
            decoders: Pool::default(),
        }
    }

    /// Lets steps keep content in temporary files of a folder, within limits.
    pub(crate) fn spooling(self, folder: PathBuf, limits: Limits) -> Self {
        Self {
            spool: Some(folder),
            limits,
            ..self
        }
    }

    /// Lets steps keep what they fetch.
    pub(crate) fn keeping(self, cache: Option<Cache>) -> Self {
        Self { cache, ..self }
    }

    /// Tells steps of the partitions that the image will have.
    pub(crate) fn telling(self, partitions: Vec<Partition>) -> Self {
        Self { partitions, ..self }
    }

    /// Finds what a path of the recipe means, which must be in its folder.
    fn find(&self, path: &str) -> io::Result<PathBuf> {
        let folder = match self.found.get() {
            Some(found) => found,
            None => {
                let found = fs::canonicalize(Path::new(".").join(&self.folder))?;
                self.found.get_or_init(|| found)
            }
        };
        let found = self.without_links(&folder.join(path))?;
        if !found.starts_with(folder) {
            let where_to = match found == folder.join(path) {
                true => "it is".to_owned(),
                false => format!("it leads to {}, which is", found.display()),
            };
            return Err(io::Error::other(format!(
                "{where_to} outside the recipe's folder {}; copy it there",
                folder.display()
            )));
        }
        Ok(found)
    }

    /// Returns what a path means, without links. Where thousands are in one folder, that one is
    /// looked for once.
    fn without_links(&self, path: &Path) -> io::Result<PathBuf> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return fs::canonicalize(path);
        };
        // With `/` or `/.` behind it, it is not what the name alone is.
        let ends_so = path.as_os_str().as_bytes().ends_with(name.as_bytes());
        if !ends_so || fs::symlink_metadata(path)?.is_symlink() {
            return fs::canonicalize(path);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, found)) = &*last
            && known == above
        {
            return Ok(found.join(name));
        }
        let found = fs::canonicalize(above)?;
        *last = Some((above.to_owned(), found.clone()));
        Ok(found.join(name))
    }
}

impl Host for RecipeFolder {
    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let found = self.find(path)?;
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
        Ok((Arc::new(HostFile::new(found, &meta)), meta.len()))
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.find(path)?)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn fetch(&self, url: &str, sha256: Option<&str>) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let folder = self.spool.as_deref().ok_or(io::ErrorKind::Unsupported)?;
        let fetched = fetch_for_step(url, sha256, self.cache.as_ref(), folder);
        let file = fetched.map_err(|error| io::Error::other(format!("{error:#}")))?;
        let len = file.metadata()?.len();
        let url = url.to_owned();
        Ok((Arc::new(Fetched { url, file }), len))
    }

    fn decode<'i>(
        &self,
        mut input: Box<dyn BufRead + 'i>,
        len: u64,
    ) -> io::Result<Box<dyn Read + 'i>> {
        let Some(codec) = Codec::recognise_payload(input.fill_buf()?) else {
            return Ok(Box::new(input));
        };
        Ok(Box::new(Limited {
            decoder: match len <= SMALL {
                true => self.decoders.serial(codec, input)?,
                false => codec.decoder(input)?,
            },
            codec,
            len,
            decoded: 0,
            limits: self.limits,
        }))
    }

    fn members(
        &self,
        file: Arc<dyn ReadAt>,
        part: Range<u64>,
        source: SourceId,
        types: Option<&'static str>,
    ) -> io::Result<Vec<Packed>> {
        let members = members_of(file, part, source, types, self.limits);
        members.map_err(|error| io::Error::other(format!("{error:#}")))
    }

    fn threads(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        cores.min(THREADS)
    }

    fn spool(&self) -> io::Result<Arc<dyn Spool>> {
        let folder = self.spool.as_deref().ok_or(io::ErrorKind::Unsupported)?;
        let file = tempfile::tempfile_in(folder);
        let file = file.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
        })?;
        Ok(Arc::new(SpoolFile {
            file,
            room: Pieces::default(),
            folder: folder.to_owned(),
        }))
    }
}

/// Decoded bytes, as many as the limits allow.
struct Limited<'i> {
    decoder: Box<dyn Read + 'i>,
    codec: Codec,
    /// Bytes that the compressed data has.
    len: u64,
    decoded: u64,
    limits: Limits,
}

impl Read for Limited<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.decoder.read(buf)?;
        self.decoded += len as u64;
        let checked = self
            .limits
            .check_decoded(Some(self.codec), self.len, self.decoded);
        checked.map(|()| len).map_err(io::Error::other)
    }
}

/// A temporary file without a name, which is gone when it is closed.
struct SpoolFile {
    file: File,
    room: Pieces,
    folder: PathBuf,
}

impl ReadAt for SpoolFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        format!("a temporary file in {}", self.folder.display())
    }
}

impl WriteAt for SpoolFile {
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.room.take(&self.file, offset, buf.len() as u64);
        self.file.write_all_at(buf, offset).map_err(|error| {
            let message = format!("{}: {error}", self.folder.display());
            io::Error::new(error.kind(), message)
        })
    }
}

impl Spool for SpoolFile {}

/// A file of the net.
struct Fetched {
    url: String,
    file: File,
}

impl ReadAt for Fetched {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        self.url.clone()
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
        std::os::unix::fs::symlink("..", inside.join("above")).unwrap();
        let host = RecipeFolder::new(inside);
        assert_eq!(host.open("motd").unwrap().1, 5);
        assert_eq!(host.open("../recipe/motd").unwrap().1, 5);
        assert_eq!(host.open("above/recipe/motd").unwrap().1, 5);
        for (path, want) in [
            ("../secret", "secret, which is outside the recipe's folder"),
            ("link", "secret, which is outside the recipe's folder"),
            (
                "above/secret",
                "secret, which is outside the recipe's folder",
            ),
            (
                "above/recipe/link",
                "secret, which is outside the recipe's folder",
            ),
            ("/etc/passwd", "it is outside the recipe's folder"),
            (".", "no regular file"),
            ("motd/", "Not a directory"),
            ("motd/.", "Not a directory"),
            ("above/.", "outside the recipe's folder"),
            ("missing", "No such file"),
        ] {
            let error = host.open(path).err().unwrap().to_string();
            assert!(error.contains(want), "{path}: {error}");
        }
    }
}

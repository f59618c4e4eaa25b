//! Everything that is in a FAT filesystem, as mtools, the crate fatfs and the kernel read it,
//! beside its tree.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use fsgen::fat::{FatType, Layout};
use fsgen::{Content, Kind, NodeId, Tree};

use super::super::kit::{self, Work};

/// Asserts that fsck.fat is silent, and that others read what the tree has.
pub(super) fn judge(work: &Work, image: &Path, tree: &Tree, layout: &Layout) {
    judge_without_mtools(image, tree, layout);
    with_mtools(work, image, tree, &paths(tree));
}

/// As [`judge`], for what mtools would take minutes to read.
pub(super) fn judge_without_mtools(image: &Path, tree: &Tree, layout: &Layout) {
    numbers(image, layout);
    with_fatfs(image, tree, layout);
}

/// Asserts that fsck.fat is silent and counts what the layout does.
fn numbers(image: &Path, layout: &Layout) {
    let seen = kit::fsck_fat_clean(image);
    let geometry = layout.geometry();
    let bits = geometry.fat_type.bits();
    for line in [
        format!(" 2 FATs, {bits} bit entries"),
        format!(" {} bytes per cluster", geometry.cluster_size.bytes()),
        format!(" {} data clusters", geometry.clusters),
        format!(" {} sectors total", geometry.sectors),
        " 2048 hidden sectors".to_owned(),
    ] {
        assert!(seen.contains(&line), "{line}: {seen}");
    }
}

/// Returns every path of a tree but the root's: names joined by slashes.
fn paths(tree: &Tree) -> BTreeMap<String, NodeId> {
    let mut found = BTreeMap::new();
    let mut todo = vec![(String::new(), Tree::ROOT)];
    while let Some((path, directory)) = todo.pop() {
        for (name, node) in tree.entries(directory) {
            let path = format!("{path}/{}", str::from_utf8(name).unwrap());
            if tree.is_directory(node) {
                todo.push((path.clone(), node));
            }
            found.insert(path, node);
        }
    }
    found
}

fn content(tree: &Tree, node: NodeId) -> Option<&Content> {
    match &tree.node(node).kind {
        Kind::File(content) => Some(content),
        _ => None,
    }
}

/// Reads it with fatfs, which knows names beyond the first 65,536 characters.
pub(super) fn with_fatfs(image: &Path, tree: &Tree, layout: &Layout) {
    let expected = paths(tree);
    let filesystem = open(image);
    let geometry = layout.geometry();
    let fat_type = match filesystem.fat_type() {
        fatfs::FatType::Fat12 => FatType::Fat12,
        fatfs::FatType::Fat16 => FatType::Fat16,
        fatfs::FatType::Fat32 => FatType::Fat32,
    };
    assert_eq!(fat_type, geometry.fat_type);
    assert_eq!(filesystem.volume_id(), layout.serial().0);
    let stats = filesystem.stats().unwrap();
    assert_eq!(stats.total_clusters(), geometry.clusters);
    let free = u64::from(stats.free_clusters()) * u64::from(stats.cluster_size());
    assert_eq!(free, layout.free_bytes());
    let mut seen = 0;
    let mut todo = vec![(String::new(), filesystem.root_dir())];
    while let Some((path, directory)) = todo.pop() {
        for entry in directory.iter() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            let path = format!("{path}/{name}");
            let node = *expected
                .get(&path)
                .unwrap_or_else(|| panic!("{path} is new"));
            seen += 1;
            assert_eq!(entry.is_dir(), tree.is_directory(node), "{path}");
            if entry.is_dir() {
                todo.push((path, entry.to_dir()));
            } else {
                let content = content(tree, node).unwrap();
                assert_eq!(entry.len(), content.len(), "{path}");
                compare(tree, content, entry.to_file(), &path);
            }
        }
    }
    assert_eq!(seen, expected.len());
}

/// Compares the start of a file, and all of it if it is not very large.
fn compare(tree: &Tree, content: &Content, mut file: impl Read, path: &str) {
    let len = usize::try_from(content.len().min(1 << 20)).unwrap();
    let (mut want, mut seen) = (vec![0; len], vec![0; len]);
    content.read_exact_at(tree, &mut want, 0).unwrap();
    file.read_exact(&mut seen).unwrap();
    assert!(want == seen, "{path} has other bytes");
}

/// Lists it with mdir, and copies it out with mcopy: names, content, and times of files.
fn with_mtools(work: &Work, image: &Path, tree: &Tree, expected: &BTreeMap<String, NodeId>) {
    // What UTF-16 has two units for, mtools shows as two underscores.
    let shown = |path: &str| -> String {
        let wide = |c: char| {
            if c.len_utf16() == 2 {
                "__".to_owned()
            } else {
                c.to_string()
            }
        };
        path.chars().map(wide).collect()
    };
    let slash = |node| if tree.is_directory(node) { "/" } else { "" };
    let expected = expected.iter();
    let mut want: Vec<_> = expected
        .clone()
        .map(|(path, node)| format!("::{}{}", shown(path), slash(*node)))
        .collect();
    want.sort_unstable();
    if want.is_empty() {
        // They say that an empty root is not there.
        return;
    }
    let listed = kit::succeed(
        kit::tool("mdir")
            .args(["-/", "-b", "-i"])
            .arg(image)
            .arg("::"),
    );
    let mut listed: Vec<_> = listed.lines().map(str::to_owned).collect();
    listed.sort_unstable();
    assert_eq!(listed, want);
    let out = work.join("out");
    fs::create_dir(&out).unwrap();
    let mut mcopy = kit::tool("mcopy");
    mcopy
        .args(["-s", "-n", "-m", "-i"])
        .arg(image)
        .arg("::/*")
        .arg(&out);
    let printed = kit::run(mcopy.env("TZ", "UTC"));
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert_eq!(printed.stderr, "");
    // mtools takes 2100 for a leap year.
    folder(
        &out,
        tree,
        expected.map(|(path, node)| (shown(path), *node)),
        4_107_542_400,
    );
    fs::remove_dir_all(&out).unwrap();
}

/// Compares what the kernel shows after mounting, where that is allowed.
pub(super) fn with_kernel(image: &Path, tree: &Tree) {
    if let Some(mounted) = kit::loop_mount(image, 0, "ro,utf8,tz=UTC") {
        let expected = paths(tree);
        let count = fs::read_dir(mounted.path()).unwrap().count();
        assert_eq!(count, tree.entries(Tree::ROOT).len());
        folder(mounted.path(), tree, expected.into_iter(), i64::MAX);
    }
}

/// Compares the files of a folder of the host, and their times up to one from which on the
/// reader of the filesystem errs.
fn folder(
    folder: &Path,
    tree: &Tree,
    expected: impl Iterator<Item = (String, NodeId)>,
    times_to: i64,
) {
    for (path, node) in expected {
        let place = folder.join(&path[1..]);
        let Some(content) = content(tree, node) else {
            assert!(place.is_dir(), "{path}");
            continue;
        };
        let meta = fs::metadata(&place).unwrap();
        assert_eq!(meta.len(), content.len(), "{path}");
        compare(tree, content, File::open(&place).unwrap(), &path);
        let secs = tree.node(node).meta.mtime.secs;
        if secs < times_to {
            // From 1980 to 2107, on even seconds.
            let secs = u64::try_from(secs.clamp(315_532_800, 4_354_819_198)).unwrap() / 2 * 2;
            let want = UNIX_EPOCH + Duration::from_secs(secs);
            assert_eq!(meta.modified().unwrap(), want, "{path}");
        }
    }
}

/// Opens a filesystem with fatfs.
pub(super) fn open(image: &Path) -> fatfs::FileSystem<Pages> {
    let pages = Pages {
        file: File::open(image).unwrap(),
        read: BTreeMap::new(),
        at: 0,
    };
    fatfs::FileSystem::new(pages, fatfs::FsOptions::new()).unwrap()
}

/// A file for a reader that asks for two bytes at a time: what was read is kept.
pub(super) struct Pages {
    file: File,
    read: BTreeMap<u64, [u8; 4096]>,
    at: u64,
}

impl Read for Pages {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let number = self.at / 4096;
        let page = self.read.entry(number).or_insert_with(|| {
            let mut page = [0; 4096];
            // The last page of a file can be a part of one.
            self.file.read_at(&mut page, number * 4096).unwrap();
            page
        });
        let mut rest = &page[usize::try_from(self.at % 4096).unwrap()..];
        let len = rest.read(buf)?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Pages {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
            SeekFrom::End(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(self.at)
    }
}

impl Write for Pages {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Reads a whole filesystem back through other people's programs and compares it with its tree.
//!
//! debugfs says everything about every inode, and which blocks hold its content; these are read
//! from the image itself. ext4-view finds every name through the directories' own index.

mod debugfs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use fsgen::{Content, Kind, Node, NodeId, Timestamp, Tree};
use hsb::source::{self, Input};

use debugfs::{Stat, debugfs, paths};

/// Bytes of one file that are compared; what is beyond them is only compared block by block.
const CONTENT_MAX: u64 = 8 << 20;

/// A tree, and the part of it that is in a filesystem.
pub(crate) struct Sample {
    pub(crate) tree: Tree,
    /// The directory that is the root of the filesystem.
    pub(crate) root: NodeId,
    /// Directories whose entries belong to other filesystems.
    pub(crate) hidden: Vec<NodeId>,
    /// Whether some times have the sign bit of their low 32 bits set (before 1970, after 2038):
    /// ext4-view refuses to read inodes with such times.
    pub(crate) has_wild_times: bool,
}

/// Asserts that the image holds what is in a tar archive, all of it and nothing else.
pub(crate) fn compare_with_tar(tar: &Path, image: &Path) {
    let options = source::Options {
        spool_dir: image.parent().unwrap(),
        source_date_epoch: None,
        cache: None,
        limits: source::Limits::default(),
        lenient: false,
        progress: &|_| {},
    };
    let loaded = source::load(&[Input::Path(tar.to_owned()).into()], &options).unwrap();
    let sample = Sample {
        tree: loaded.tree,
        root: Tree::ROOT,
        hidden: Vec::new(),
        has_wild_times: true,
    };
    compare(&sample, image);
}

/// Asserts that the image holds the tree, all of it and nothing else.
pub(crate) fn compare(sample: &Sample, image: &Path) {
    let want = names(sample);
    let file = File::open(image).unwrap();
    let word = |at: u64| {
        let mut bytes = [0; 4];
        file.read_exact_at(&mut bytes, 1024 + at).unwrap();
        u32::from_le_bytes(bytes)
    };
    // Of all inodes those in use come first.
    let used = word(0x00) - word(0x10);
    let incompat = word(0x60);
    let disk = Disk {
        block: 1024 << word(0x18),
        file,
    };
    let seen = Seen::read(image, used, &want);
    for (path, node) in &want {
        let inode = seen.inodes[path];
        let Some(node) = node else {
            continue; // the lost+found that no source has
        };
        let shown = path.escape_ascii().to_string();
        let stat = &seen.stats[&inode];
        stat.compare(&shown, sample, *node);
        disk.compare(&shown, &sample.tree, *node, stat);
        seen.compare_xattrs(&shown, inode, sample.tree.node(*node));
    }
    links(&want, &seen);
    // ext4-view knows neither inodes for attributes nor deep directories.
    const EA_INODE_OR_LARGE_DIR: u32 = 0x4400;
    let is_known = incompat & EA_INODE_OR_LARGE_DIR == 0;
    if is_known && !sample.has_wild_times {
        view(image, sample, &want);
    }
}

type Names = BTreeMap<Vec<u8>, Option<NodeId>>;

/// Returns every path that the filesystem must have.
fn names(sample: &Sample) -> Names {
    let tree = &sample.tree;
    let mut names = BTreeMap::from([(b"/".to_vec(), Some(sample.root))]);
    let mut todo = vec![(Vec::new(), sample.root)];
    while let Some((path, folder)) = todo.pop() {
        if sample.hidden.contains(&folder) {
            continue;
        }
        for (name, node) in tree.entries(folder) {
            let path = [&path, name].join(&b'/');
            if tree.is_directory(node) {
                todo.push((path.clone(), node));
            }
            names.insert(path, Some(node));
        }
    }
    names.entry(b"/lost+found".to_vec()).or_insert(None);
    names
}

/// Two names share an inode exactly where they share a node.
fn links(want: &Names, seen: &Seen) {
    let mut inode_of = BTreeMap::new();
    let mut node_of = BTreeMap::new();
    let mut names_of = BTreeMap::<u32, usize>::new();
    for (path, node) in want {
        let inode = seen.inodes[path];
        assert_eq!(*inode_of.entry(*node).or_insert(inode), inode, "{path:?}");
        assert_eq!(*node_of.entry(inode).or_insert(*node), *node, "{path:?}");
        *names_of.entry(inode).or_default() += 1;
    }
    for (inode, names) in names_of {
        let stat = &seen.stats[&inode];
        if stat.kind == "directory" {
            continue; // e2fsck counts those
        }
        assert_eq!(stat.links, names, "inode {inode}");
    }
}

struct Seen {
    inodes: BTreeMap<Vec<u8>, u32>,
    stats: BTreeMap<u32, Stat>,
    /// The bytes of attributes that are too long for [`Stat`].
    long: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
}

impl Seen {
    fn read(image: &Path, last: u32, want: &Names) -> Self {
        let inodes: Vec<u32> = std::iter::once(2).chain(11..=last).collect();
        let requests: Vec<_> = inodes.iter().map(|i| format!("stat <{i}>")).collect();
        let answers = debugfs(image, &requests);
        let stats = answers.iter().map(|answer| Stat::parse(answer));
        let stats: BTreeMap<u32, Stat> = inodes.into_iter().zip(stats).collect();
        let names = paths(image, &stats);
        let found: BTreeSet<_> = names.keys().collect();
        let wanted: BTreeSet<_> = want.keys().collect();
        assert_eq!(found, wanted);
        let mut seen = Self {
            inodes: names,
            stats,
            long: BTreeMap::new(),
        };
        seen.read_long_xattrs(image);
        seen
    }

    fn read_long_xattrs(&mut self, image: &Path) {
        let file = image.with_extension("value");
        let mut requests = Vec::new();
        let mut keys = Vec::new();
        for (inode, stat) in &self.stats {
            for (name, (len, value)) in &stat.xattrs {
                if *len > 0 && value.is_none() {
                    let shown = String::from_utf8(name.clone()).unwrap();
                    let value = file.with_extension(format!("value{}", keys.len()));
                    requests.push(format!("ea_get -f {} <{inode}> {shown}", value.display()));
                    keys.push(((*inode, name.clone()), value));
                }
            }
        }
        if requests.is_empty() {
            return;
        }
        debugfs(image, &requests);
        for (key, file) in keys {
            self.long.insert(key, fs::read(&file).unwrap());
            fs::remove_file(file).unwrap();
        }
    }

    fn compare_xattrs(&self, shown: &str, inode: u32, node: &Node) {
        let stat = &self.stats[&inode];
        let takes_user = matches!(node.kind, Kind::File(_) | Kind::Directory(_));
        let want = node.xattrs.iter().filter(|(name, _)| {
            let namespaces: &[&[u8]] = &[b"user.", b"trusted.", b"security.", b"system.posix_acl"];
            let known = namespaces.iter().any(|prefix| name.starts_with(prefix));
            let has_place = match &***name {
                b"system.posix_acl_access" => !matches!(node.kind, Kind::Symlink(_)),
                b"system.posix_acl_default" => matches!(node.kind, Kind::Directory(_)),
                name => takes_user || !name.starts_with(b"user."),
            };
            known && has_place
        });
        let want: BTreeMap<&[u8], &[u8]> = want.map(|(n, v)| (&**n, &**v)).collect();
        let names: Vec<&[u8]> = stat.xattrs.keys().map(Vec::as_slice).collect();
        assert_eq!(names, want.keys().copied().collect::<Vec<_>>(), "{shown}");
        for (name, (len, value)) in &stat.xattrs {
            let want = want[&name[..]];
            let key = (inode, name.clone());
            let found = value.as_ref().or_else(|| self.long.get(&key));
            let found = found.map_or(&[][..], Vec::as_slice);
            // debugfs shows an ACL as it is stored, or as system calls give it.
            if name.starts_with(b"system.posix_acl") {
                assert_eq!(*len, stored_acl(want).len(), "{shown}");
                let is_stored = found.first() == Some(&1);
                let found = if is_stored {
                    found.to_vec()
                } else {
                    stored_acl(found)
                };
                assert_eq!(found, stored_acl(want), "{shown}");
                continue;
            }
            assert_eq!(found.len(), *len, "{shown}");
            assert_eq!(found, want, "{shown}: {}", name.escape_ascii());
        }
    }
}

/// `struct ext4_acl_entry` of the kernel's `fs/ext4/acl.h`: entries for nobody have no id.
fn stored_acl(value: &[u8]) -> Vec<u8> {
    let mut out = 1_u32.to_le_bytes().to_vec();
    for entry in value[4..].chunks(8) {
        let is_named = matches!(entry[0], 2 | 8);
        out.extend(if is_named { entry } else { &entry[..4] });
    }
    out
}

impl Stat {
    fn compare(&self, shown: &str, sample: &Sample, node: NodeId) {
        let node = sample.tree.node(node);
        let kind = match node.kind {
            Kind::Directory(_) => "directory",
            Kind::File(_) => "regular",
            Kind::Symlink(_) => "symlink",
            Kind::BlockDevice(_) => "block special",
            Kind::CharDevice(_) => "character special",
            Kind::Fifo => "FIFO",
            Kind::Socket => "socket",
        };
        assert_eq!(self.kind, kind, "{shown}");
        let found = (self.mode, self.uid, self.gid);
        let want = (node.meta.mode, node.meta.uid, node.meta.gid);
        assert_eq!(found, want, "{shown}");
        let want = kept(node.meta.mtime);
        for (low, extra) in [self.mtime, self.crtime] {
            let secs = i64::from(low.cast_signed()) + (i64::from(extra & 3) << 32);
            assert_eq!((secs, extra >> 2), (want.secs, want.nanos), "{shown}");
        }
        let device = match &node.kind {
            Kind::BlockDevice(device) | Kind::CharDevice(device) => {
                Some((device.major, device.minor))
            }
            _ => None,
        };
        assert_eq!(self.device, device, "{shown}");
        match &node.kind {
            Kind::File(content) => assert_eq!(self.size, content.len(), "{shown}"),
            Kind::Symlink(target) => {
                assert_eq!(self.size, target.len() as u64, "{shown}");
                let fast = (target.len() < 60).then(|| target.to_vec());
                assert_eq!(self.fast_link, fast, "{shown}");
            }
            _ => {}
        }
    }
}

/// Returns the time that a filesystem shows: those outside its range become the nearest.
fn kept(time: Timestamp) -> Timestamp {
    let range = -(1 << 31)..=(1 << 34) - (1 << 31) - 1;
    if range.contains(&time.secs) {
        return time;
    }
    Timestamp::from_secs(if time.secs < 0 {
        *range.start()
    } else {
        *range.end()
    })
}

struct Disk {
    file: File,
    block: u64,
}

impl Disk {
    fn compare(&self, shown: &str, tree: &Tree, node: NodeId, stat: &Stat) {
        match &tree.node(node).kind {
            Kind::File(content) => self.compare_content(shown, tree, content, stat),
            Kind::Symlink(target) if target.len() >= 60 => {
                let (first, start, len) = stat.extents[0];
                assert_eq!((first, len), (0, 1), "{shown}");
                let found = self.read(start, 1);
                assert_eq!(found[..target.len()], target[..], "{shown}");
                assert!(
                    found[target.len()..].iter().all(|byte| *byte == 0),
                    "{shown}"
                );
            }
            _ => {}
        }
    }

    /// Exactly the blocks that hold data are there, each byte of them right and zero past the end.
    fn compare_content(&self, shown: &str, tree: &Tree, content: &Content, stat: &Stat) {
        let found = joined(
            stat.extents
                .iter()
                .map(|(first, _, len)| *first..first + len),
        );
        let ranges = content.extents();
        let want = joined(ranges.map(|r| r.start / self.block..r.end.div_ceil(self.block)));
        assert_eq!(found, want, "{shown}");
        let mut left = CONTENT_MAX;
        for (first, start, len) in &stat.extents {
            let len = *len.min(&(left / self.block));
            left -= len * self.block;
            let found = self.read(*start, len);
            let at = first * self.block;
            let inside = content.len().saturating_sub(at).min(found.len() as u64);
            let inside = usize::try_from(inside).unwrap();
            let mut want = vec![0; found.len()];
            content
                .read_exact_at(tree, &mut want[..inside], at)
                .unwrap();
            assert!(found == want, "{shown}: content from byte {at} on");
        }
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(len * self.block).unwrap()];
        self.file
            .read_exact_at(&mut bytes, start * self.block)
            .unwrap();
        bytes
    }
}

/// Joins ranges, in order, that touch or overlap.
fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Asserts that ext4-view lists the same names, and finds each one by its path.
fn view(image: &Path, sample: &Sample, want: &Names) {
    let filesystem = ext4_view::Ext4::load_from_path(image).unwrap();
    let mut found = BTreeSet::from([b"/".to_vec()]);
    let mut todo = vec![Vec::new()];
    while let Some(folder) = todo.pop() {
        let path = if folder.is_empty() { b"/" } else { &folder[..] };
        let path = ext4_view::Path::try_from(path).unwrap();
        for entry in filesystem.read_dir(path).unwrap() {
            let name = entry.unwrap().file_name().as_ref().to_vec();
            if matches!(&name[..], b"." | b"..") {
                continue;
            }
            let path = [&folder, &name[..]].join(&b'/');
            let looked_up = ext4_view::Path::try_from(&path[..]).unwrap();
            // Its own limit for paths that it resolves.
            if path.len() <= 4096 {
                let metadata = filesystem.symlink_metadata(looked_up).unwrap();
                if let Some(Some(node)) = want.get(&path) {
                    let node = sample.tree.node(*node);
                    assert_eq!(metadata.uid(), node.meta.uid);
                    let nanos = metadata.modified().nanoseconds();
                    assert_eq!(nanos, node.meta.mtime.nanos);
                }
                if metadata.is_dir() {
                    todo.push(path.clone());
                }
            }
            found.insert(path);
        }
    }
    let is_reachable = |path: &&Vec<u8>| {
        let folder = path.iter().rposition(|byte| *byte == b'/');
        folder.is_none_or(|at| at <= 4096)
    };
    let wanted: BTreeSet<_> = want.keys().filter(is_reachable).cloned().collect();
    assert_eq!(found, wanted);
}

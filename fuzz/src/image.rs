//! Any bytes as a disk image: an error of one line, or a tree whose files can be read, or not.
//!
//! The first byte takes what is damaged: nothing, so that all bytes are the image, or one that hsb
//! made. The rest is then what is written over it: three bytes of place, one of length, that many.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use fsgen::ext4::BlockSize;
use fsgen::guid::Seed;
use fsgen::tree::Xattrs;
use fsgen::{Content, Kind, Meta, Region, Timestamp, Tree, ext4, fat};
use hsb::progress::{Progress, Verbosity};
use hsb::reader::{self, Reader};
use hsb::source::{self, Input, Limits, Source};
use hsb::{Destination, Request, recipe};

use crate::Target;
use crate::disk::{Disk, Ramp};
use crate::logged;

pub(crate) const TARGET: Target = Target {
    name: "image",
    promise: "a disk image is refused in one line, or becomes a tree",
    run,
    rounds: 600,
};

/// How much of each file is read back.
const READ_MAX: u64 = 64 << 10;

static BASES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let ext4 = ext4(BlockSize::DEFAULT, ext4::Journal::None);
    // A table with one partition, which the filesystem is in.
    let mut disk = vec![0; 1 << 20];
    disk[446 + 4] = 0x83;
    disk[446 + 8..446 + 12].copy_from_slice(&2048_u32.to_le_bytes());
    let sectors = u32::try_from(ext4.len() / 512).unwrap();
    disk[446 + 12..446 + 16].copy_from_slice(&sectors.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk.extend(&ext4);
    let mut bases = vec![ext4, fat(), disk];
    bases.extend(stored(&["x.qcow2", "x.vhd", "x.vmdk"], false));
    bases.extend(stored(&["x.qcow2"], true));
    let mut logged = self::ext4(BlockSize::new(1024).unwrap(), ext4::Journal::Bytes(1 << 20));
    logged::log(&mut logged);
    bases.push(logged);
    bases
});

fn run(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let bytes = match BASES.get(usize::from(first.wrapping_sub(1))) {
        Some(base) => damaged(base, rest),
        None => rest.to_vec(),
    };
    let folder = std::env::temp_dir();
    let mut file = tempfile::NamedTempFile::new_in(&folder).unwrap();
    file.write_all(&bytes).unwrap();
    let options = options(&folder);
    let source = Source::from(Input::Path(file.path().to_owned()));
    match source::load(std::slice::from_ref(&source), &options) {
        Ok(loaded) => read(&loaded.tree),
        Err(error) => refused(&error, file.path()),
    }
    match source::open(&source, &options) {
        Ok(opened) => look(&*opened.reader),
        Err(error) => refused(&error, file.path()),
    }
}

fn options(folder: &Path) -> source::Options<'_> {
    source::Options {
        spool_dir: folder,
        source_date_epoch: None,
        cache: None,
        limits: Limits {
            decoded: Some(64 << 20),
            metadata: Some(64 << 20),
        },
        lenient: false,
        progress: &|_| {},
    }
}

fn refused(error: &impl std::fmt::Display, file: &Path) {
    let message = format!("{error:#}");
    assert!(!message.contains('\n') && message.len() < 3000, "{message}");
    assert!(message.contains(&*file.to_string_lossy()), "{message}");
}

fn damaged(base: &[u8], mut patches: &[u8]) -> Vec<u8> {
    let mut bytes = base.to_vec();
    while let [a, b, c, len, rest @ ..] = patches {
        let at = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
        let (new, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        let room = bytes.get_mut(at % base.len()..).unwrap_or_default();
        room.iter_mut().zip(new).for_each(|(to, from)| *to = *from);
        patches = rest;
    }
    bytes
}

/// Reads what the tree has. That a compressed cluster is damaged comes out only now.
fn read(tree: &Tree) {
    let mut todo = vec![Tree::ROOT];
    while let Some(directory) = todo.pop() {
        for (_, id) in tree.entries(directory) {
            match &tree.node(id).kind {
                Kind::Directory(_) => todo.push(id),
                Kind::File(content) => {
                    let len = usize::try_from(content.len().min(READ_MAX)).unwrap();
                    content.read_exact_at(tree, &mut vec![0; len], 0).ok();
                    let ends = content.extents().map(|extent| extent.end);
                    assert!(ends.max().unwrap_or(0) <= content.len());
                }
                _ => {}
            }
        }
    }
}

/// Looks at what a filesystem has where it is, as `ls` and `cat` do.
fn look(reader: &dyn Reader) {
    let mut todo = vec![(reader.root(), 0)];
    let mut seen = 0;
    while let Some((directory, depth)) = todo.pop() {
        for (name, id) in reader.entries(directory).unwrap_or_default() {
            assert!(!name.is_empty() && !name.contains(&b'/') && !name.contains(&0));
            seen += 1;
            // Of a directory that is its own child there is no end, and whoever walks says so.
            if seen > 500 {
                return;
            }
            reader.lookup(directory, &name).ok();
            reader.xattrs(id).ok();
            reader.target(id).ok();
            let Ok(stat) = reader.stat(id) else {
                continue;
            };
            match stat.kind {
                reader::Kind::Directory if depth < 8 => todo.push((id, depth + 1)),
                reader::Kind::File => {
                    if let Ok(extents) = reader.extents(id) {
                        assert!(extents.iter().all(|extent| extent.start < extent.end));
                        assert!(extents.is_sorted_by(|a, b| a.end <= b.start));
                        assert!(extents.last().is_none_or(|last| last.end <= stat.size));
                    }
                    reader::read(reader, id, READ_MAX).ok();
                }
                _ => {}
            }
        }
    }
}

/// Returns a small tree with a bit of everything.
fn tree() -> Tree {
    let meta = Meta::root(0o755, Timestamp::from_secs(1_000_000_000));
    let mut tree = Tree::new(meta);
    let ramp = tree.add_source(Arc::new(Ramp));
    let directory = tree.make_directories(b"dir/deep", meta).unwrap();
    let file = tree.add_file(meta, Content::span(ramp, 0, 9000));
    tree.link(directory, b"file", file);
    tree.link(Tree::ROOT, b"a longer name of it", file);
    let short = (b"user.a"[..].into(), b"value"[..].into());
    let long = (b"user.b"[..].into(), [b'v'; 300][..].into());
    tree.set_xattrs(file, Xattrs::from([short, long]));
    for number in 0..30 {
        let small = tree.add_file(meta, Content::bytes(vec![b's'; number]));
        tree.link(directory, format!("small {number}").as_bytes(), small);
    }
    tree
}

/// Returns a filesystem without checksums, which hardly any damage would get past.
fn ext4(block_size: BlockSize, journal: ext4::Journal) -> Vec<u8> {
    let seed = Seed::new(b"fuzz");
    let (uuid, hash) = (seed.uuid("filesystem"), seed.uuid("hash"));
    let mut options = ext4::Options::new(uuid, hash, Timestamp::from_secs(0));
    options.journal = journal;
    options.block_size = block_size;
    let mut tree = tree();
    let link = tree.add_symlink(tree.node(Tree::ROOT).meta, &[b't'; 70]);
    tree.link(Tree::ROOT, b"link", link);
    let layout = ext4::plan(&tree, Tree::ROOT, &[], ext4::Size::Fit { free: 0 }, options).unwrap();
    let mut bytes = image(layout.bytes(), |region| {
        ext4::write(&layout, &tree, region, 1, &|_| {}).unwrap();
    });
    // Bit 0x400 of the third feature word.
    bytes[1024 + 0x65] &= !4;
    bytes
}

fn fat() -> Vec<u8> {
    let mut options = fat::Options::new(fat::Serial(1), Timestamp::from_secs(0));
    options.fat_type = Some(fat::FatType::Fat12);
    let tree = tree();
    let layout = fat::plan(&tree, Tree::ROOT, &[], fat::Size::Fit { free: 0 }, options).unwrap();
    image(layout.bytes(), |region| {
        fat::write(&layout, &tree, region, 0, &|_| {}).unwrap();
    })
}

fn image(len: u64, write: impl FnOnce(Region<'_>)) -> Vec<u8> {
    let file: File = tempfile::tempfile().unwrap();
    file.set_len(len).unwrap();
    let disk = Disk(&file);
    write(Region::new(&disk, 0, len));
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// Returns the files of one build, of the formats that their names ask for.
fn stored(names: &[&str], compress: bool) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("root/etc")).unwrap();
    std::fs::write(at("root/etc/motd"), [b'm'; 5000]).unwrap();
    std::os::unix::fs::symlink("etc/motd", at("root/link")).unwrap();
    std::fs::write(
        at("build.yaml"),
        "seed: fuzz\nsource: {from: root, owner: root}\npartitions:\n\
         - {mount: /, journal: false}\n- {mount: /srv, fs: vfat, size: 1M}\n",
    )
    .unwrap();
    let recipe = recipe::read(&at("build.yaml"), None).unwrap();
    let sources = recipe.sources.iter().map(|source| source.value.clone());
    let sources: Vec<_> = sources.collect();
    let outs: Vec<_> = names.iter().map(|name| at(name)).collect();
    let request = Request {
        outs: Destination::all(&outs, &recipe, false, &sources).unwrap(),
        recipe,
        sources,
        extract_boot: false,
        compress,
        spool_dir: folder.path().to_owned(),
        cache: None,
        limits: Limits {
            decoded: None,
            metadata: None,
        },
        threads: 1,
        source_date_epoch: None,
        sync: false,
        digest: false,
    };
    let built = hsb::build(&request, &Progress::new(Verbosity::Quiet)).unwrap();
    built.finish().unwrap();
    outs.iter().map(|out| std::fs::read(out).unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_has_something_to_say() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(BASES.last().unwrap()).unwrap();
        let options = options(file.path().parent().unwrap());
        let source = Source::from(Input::Path(file.path().to_owned()));
        let opened = source::open(&source, &options).unwrap();
        assert_eq!(
            opened.reader.entries(opened.reader.root()).unwrap().len(),
            4
        );
        let loaded = source::load(&[source], &options).unwrap();
        let warnings = loaded.warnings.join("");
        assert!(warnings.contains("its journal is read"), "{warnings}");
    }
}

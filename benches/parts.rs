//! Times the parts of a build that take processor time: `cargo bench --bench parts`.

use std::hint::black_box;
use std::io::{self, Write as _};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box_drop};
use fsgen::ext4::{self, Options, Size};
use fsgen::guid::Seed;
use fsgen::{Content, Meta, Region, Timestamp, Tree, WriteAt};
use hsb::source::{self, Input, Limits, Source};

fn main() {
    divan::main();
}

/// How many files there are.
const FILES: [usize; 2] = [1_000, 10_000];
const TIME: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Returns a tree of files with some bytes each, so many in a folder.
fn tree(files: usize, in_folder: usize) -> Tree {
    let mut tree = Tree::new(Meta::root(0o755, TIME));
    let content = Content::bytes([7; 100]);
    let mut folder = Tree::ROOT;
    for number in 0..files {
        if number.is_multiple_of(in_folder) {
            folder = tree.add_directory(Meta::root(0o755, TIME));
            tree.link(Tree::ROOT, format!("folder-{number}").as_bytes(), folder);
        }
        let file = tree.add_file(Meta::root(0o644, TIME), content.clone());
        tree.link(folder, format!("file-{number}").as_bytes(), file);
    }
    tree
}

fn plan(tree: &Tree) -> ext4::Layout {
    let seed = Seed::new(b"benches");
    let options = Options::new(seed.uuid("uuid"), seed.uuid("hash"), TIME);
    ext4::plan(tree, Tree::ROOT, &[], Size::Fit { free: 0 }, options).expect("a tree that fits")
}

/// Takes all that is written.
struct Nowhere;

impl WriteAt for Nowhere {
    fn write_all_at(&self, buf: &[u8], _: u64) -> io::Result<()> {
        black_box(buf);
        Ok(())
    }
}

/// A tarball becomes a tree.
#[divan::bench(args = FILES)]
fn tar_index(bencher: Bencher<'_, '_>, files: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("files.tar");
    let mut file = io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    for number in 0..files {
        file.write_all(&header(number)).expect("room");
        file.write_all(&[7; 512]).expect("room");
    }
    file.write_all(&[0; 1024]).expect("room");
    file.flush().expect("room");
    let options = source::Options {
        spool_dir: folder.path(),
        source_date_epoch: None,
        cache: None,
        limits: Limits::default(),
        lenient: false,
        progress: &|_| {},
    };
    let sources = [Source::from(Input::Path(path))];
    bencher
        .counter(ItemsCount::new(files))
        .bench_local(|| source::load(&sources, &options).expect("a tarball").members);
}

/// Returns the header of a file of 100 bytes.
fn header(number: usize) -> [u8; 512] {
    let mut header = [0; 512];
    let mut put =
        |at: usize, text: &str| header[at..][..text.len()].copy_from_slice(text.as_bytes());
    put(0, &format!("folder-{}/file-{number}", number / 100));
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, "00000000144\0");
    put(136, "14524615400\0");
    put(148, "        0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    header[148..156].copy_from_slice(sum.as_bytes());
    header
}

/// Names and nodes come together.
#[divan::bench(args = FILES)]
fn tree_build(bencher: Bencher<'_, '_>, files: usize) {
    bencher
        .counter(ItemsCount::new(files))
        .bench_local(|| tree(files, 100));
}

/// Inodes and blocks are given out.
#[divan::bench(args = FILES)]
fn allocation(bencher: Bencher<'_, '_>, files: usize) {
    let tree = tree(files, 100);
    bencher
        .counter(ItemsCount::new(files))
        .bench_local(|| plan(&tree));
}

/// One folder with all names is planned, hashed, sorted and rendered.
#[divan::bench(args = FILES)]
fn htree(bencher: Bencher<'_, '_>, files: usize) {
    let tree = tree(files, usize::MAX);
    bencher.counter(ItemsCount::new(files)).bench_local(|| {
        let layout = plan(&tree);
        let region = Region::new(&Nowhere, 0, layout.bytes());
        ext4::write(&layout, &tree, region, 1, &|_| {}).expect("it takes all");
        black_box_drop(layout);
    });
}

/// The checksum of a block, as each folder and bitmap has one.
#[divan::bench(args = [4096, 1 << 20])]
fn checksum(bencher: Bencher<'_, '_>, len: usize) {
    let block = vec![7; len];
    bencher
        .counter(BytesCount::new(len))
        .bench_local(|| crc32c::crc32c(black_box(&block)));
}

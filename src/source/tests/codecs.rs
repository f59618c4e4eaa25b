//! Compressed archives: all that the formats' own programs make and take.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use super::super::codec::Codec;
use super::*;

/// A small archive, and what it holds.
fn sample() -> Vec<u8> {
    let text: Vec<u8> = (0..3000_u32).flat_map(|n| (n * n).to_be_bytes()).collect();
    [
        member("a", b'0', &text),
        link("l", b'2', "a"),
        vec![0; 1024],
    ]
    .concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
    encoder.read_to_end(&mut out).unwrap();
    out
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = ::bzip2::read::BzEncoder::new(bytes, ::bzip2::Compression::fast());
    encoder.read_to_end(&mut out).unwrap();
    out
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut builder = liblzma::stream::MtStreamBuilder::new();
    let stream = builder
        .threads(2)
        .block_size(4096)
        .preset(0)
        .encoder()
        .unwrap();
    let mut out = Vec::new();
    let mut encoder = liblzma::read::XzEncoder::new_stream(bytes, stream);
    encoder.read_to_end(&mut out).unwrap();
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const ALL: [(&str, Compress); 4] = [("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("zstd", zstd)];

/// Loads compressed bytes from a file whose name says nothing.
fn load_bytes(bytes: &[u8]) -> Result<Vec<String>> {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("archive");
    fs::write(&path, bytes).unwrap();
    let loaded = load_file(&path).map(|loaded| listing(&loaded));
    // The temporary file had no name: nothing else is in the folder.
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), 1);
    loaded.map_err(|error| {
        let message = format!("{error:#}").replace(&*path.to_string_lossy(), "ARCHIVE");
        anyhow::anyhow!(message)
    })
}

#[test]
fn streams_one_after_the_other() {
    let bytes = sample();
    let want = load_bytes(&bytes).unwrap();
    for (name, compress) in ALL {
        let whole = compress(&bytes);
        let (start, end) = bytes.split_at(700);
        let two = [compress(start), compress(end)].concat();
        let three = [compress(start), compress(b""), compress(end), compress(b"")].concat();
        for (case, compressed) in [("one", whole), ("two", two), ("empty ones", three)] {
            let got = load_bytes(&compressed).unwrap_or_else(|e| vec![format!("{e:#}")]);
            assert_eq!(got, want, "{name}, {case}");
        }
    }
    let skippable = [
        &b"\x5f\x2a\x4d\x18\x03\0\0\0abc"[..],
        &zstd(&bytes),
        b"\x50\x2a\x4d\x18\0\0\0\0",
    ];
    assert_eq!(load_bytes(&skippable.concat()).unwrap(), want);
}

#[test]
fn what_may_follow_the_end() {
    let bytes = sample();
    for (name, compress) in ALL {
        for (case, after, good) in [
            ("zeros", vec![0; 300_000], name == "gzip" || name == "xz"),
            ("three zeros", vec![0; 3], name == "gzip"),
            (
                "zeros and a stream",
                [&[0; 512], &*compress(b"")].concat(),
                name == "xz",
            ),
            ("text", b"more".to_vec(), false),
            ("zeros and text", b"\0\0\0\0more".to_vec(), false),
            ("the magic and nonsense", compress(b"")[..3].to_vec(), false),
        ] {
            let got = load_bytes(&[compress(&bytes), after].concat());
            assert_eq!(got.is_ok(), good, "{name}, {case}: {}", message(got));
        }
    }
    let got = message(load_bytes(&[gzip(&bytes), b"more".to_vec()].concat()));
    let want = format!(
        "ARCHIVE: bad gzip data near byte {} (byte {} decoded): something else follows the end",
        gzip(&bytes).len(),
        bytes.len()
    );
    assert!(got.starts_with(&want), "{got}");
}

#[test]
fn input_in_pieces_of_one_byte() {
    let decode = |bytes: &[u8]| -> io::Result<Vec<u8>> {
        let codec = Codec::recognise(bytes).unwrap();
        let mut out = Vec::new();
        let input = io::BufReader::with_capacity(1, bytes);
        codec.decoder(input)?.read_to_end(&mut out)?;
        Ok(out)
    };
    for (name, compress) in ALL {
        let two = [compress(b"one"), compress(b"two")].concat();
        assert_eq!(decode(&two).unwrap(), b"onetwo", "{name}");
        let apart = [&compress(b"one")[..], &[0; 4], &compress(b"two")].concat();
        assert_eq!(decode(&apart).is_ok(), name == "xz", "{name}");
    }
}

#[test]
fn data_cut_short_or_changed() {
    let bytes = sample();
    let want = load_bytes(&bytes).unwrap();
    for (name, compress) in ALL {
        let compressed = compress(&bytes);
        for len in (10..compressed.len())
            .step_by(97)
            .chain([compressed.len() - 1])
        {
            let got = message(load_bytes(&compressed[..len]));
            let start = format!("ARCHIVE: bad {name} data near byte ");
            assert!(
                got.starts_with(&start) && got.contains("cut short"),
                "{name}, {len}: {got}"
            );
        }
        for at in (0..compressed.len()).step_by(61) {
            let mut changed = compressed.clone();
            changed[at] ^= 0x20;
            // Some bytes of the wrappers say nothing; but a wrong tree never comes out.
            if let Ok(got) = load_bytes(&changed) {
                assert_eq!(got, want, "{name}, {at}");
            }
        }
    }
}

#[test]
fn other_programs() {
    let bytes = sample();
    let want = load_bytes(&bytes).unwrap();
    for (program, arguments) in [
        ("gzip", "-9"),
        ("bzip2", "-9"),
        ("xz", "-0 --block-size=4096 --check=sha256"),
        ("xz", "-9e --check=none"),
        ("zstd", "-19 --no-check -T2"),
    ] {
        let mut command = Command::new(program);
        command.arg("-c").args(arguments.split(' '));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|e| panic!("{program}: {e}; install {program}"));
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let compressed = child.wait_with_output().unwrap().stdout;
        assert_eq!(
            load_bytes(&compressed).unwrap(),
            want,
            "{program} {arguments}"
        );
    }
}

#[test]
fn inputs_that_are_no_archive() {
    let zip = [b"PK\x03\x04".to_vec(), vec![1; 600]].concat();
    for (bytes, want) in [
        (vec![], "ARCHIVE: not a tar archive: it is an empty file"),
        (
            b"<html>".to_vec(),
            "ARCHIVE: not a tar archive: it is an HTML page",
        ),
        (
            zip.clone(),
            "ARCHIVE: not a tar archive: it is a zip archive",
        ),
        (
            vec![1; 600],
            "ARCHIVE: not a tar archive: it is no format that is known here",
        ),
        (
            gzip(&zip),
            "ARCHIVE: gzip data that holds no tar archive, but a zip archive",
        ),
        (
            xz(b""),
            "ARCHIVE: xz data that holds no tar archive, but an empty file",
        ),
        (
            zstd(&gzip(&sample())),
            "ARCHIVE: zstd data that holds no tar archive, but gzip data once more; decode it",
        ),
        (
            sample()[..1000].to_vec(),
            "ARCHIVE: member \"a\" at byte 0: the archive ends at byte 1000",
        ),
        (
            gzip(&sample()[..1000]),
            "ARCHIVE: member \"a\" at byte 0: the archive ends at byte 1000",
        ),
    ] {
        let got = message(load_bytes(&bytes));
        assert!(got.contains(want), "wanted: {want}\n   got: {got}");
    }
    let missing = message(load_file(Path::new("/no/such.tar")));
    assert_eq!(
        missing,
        "/no/such.tar: cannot open: No such file or directory (os error 2)"
    );
}

#[test]
fn named_pipes_are_spooled() {
    for bytes in [sample(), gzip(&sample())] {
        let work = tempfile::tempdir().unwrap();
        let pipe = work.path().join("pipe");
        run(Command::new("mkfifo").arg(&pipe), "coreutils");
        let writer = {
            let (pipe, bytes) = (pipe.clone(), bytes.clone());
            std::thread::spawn(move || {
                let mut pipe = fs::File::create(pipe).unwrap();
                for piece in bytes.chunks(100) {
                    pipe.write_all(piece).unwrap();
                }
            })
        };
        let loaded = load_file(&pipe).unwrap();
        writer.join().unwrap();
        assert_eq!(listing(&loaded), load_bytes(&sample()).unwrap());
    }
}

#[test]
fn a_file_that_shrinks_meanwhile() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("archive");
    fs::write(&path, sample()).unwrap();
    let loaded = load_file(&path).unwrap();
    fs::write(&path, &sample()[..1000]).unwrap();
    let id = loaded.tree.resolve(b"a").unwrap();
    let Kind::File(content) = &loaded.tree.node(id).kind else {
        panic!("not a file");
    };
    let error = content.read(&loaded.tree, 1 << 20).unwrap_err().to_string();
    let want = "cannot read 12000 bytes at 512: the file ends there; was it cut short meanwhile?";
    assert_eq!(error, format!("{}: {want}", path.display()));
}

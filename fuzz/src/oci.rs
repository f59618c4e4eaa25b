//! Any documents as a container image: an error of one line, or a tree that holds together.
//!
//! The first byte chooses the form: a folder in the OCI layout, an archive of one, or one as `docker
//! save` writes it. Files follow, each with two bytes of length before it; the last one is
//! `index.json` or `manifest.json`. Where a file has `$N`, it gets the digest of file N, and for `#N`
//! its size: no image is looked at whose digests are not right.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use hsb::source::{self, Input, Limits, Source};
use sha2::{Digest as _, Sha256};

use crate::Target;
use crate::tar::{check, member, mend_checksums};

pub(crate) const TARGET: Target = Target {
    name: "oci",
    promise: "a container image is refused in one line, or becomes a tree that holds together",
    run,
    rounds: 500,
};

/// The most files of an image.
const FILES: usize = 10;

fn run(input: &[u8]) {
    let Some((form, rest)) = input.split_first() else {
        return;
    };
    let files = files(rest);
    let Some((last, blobs)) = files.split_last() else {
        return;
    };
    let blob = |file: &Vec<u8>| format!("blobs/sha256/{}", hex(file));
    let mut members = vec![(
        "oci-layout".to_owned(),
        &b"{\"imageLayoutVersion\":\"1.0.0\"}"[..],
    )];
    if form % 3 == 2 {
        members = vec![("manifest.json".to_owned(), last)];
        members.extend(blobs.iter().map(|file| (hex(file), &**file)));
    } else {
        members.push(("index.json".to_owned(), last));
        members.extend(blobs.iter().map(|file| (blob(file), &**file)));
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    match form % 3 {
        0 => {
            fs::create_dir_all(image.join("blobs/sha256")).unwrap();
            for (name, bytes) in members {
                fs::write(image.join(name), bytes).unwrap();
            }
        }
        _ => {
            let mut archive = fs::File::create(&image).unwrap();
            for (name, bytes) in members {
                archive.write_all(&member(&name, bytes)).unwrap();
            }
            archive.write_all(&[0; 1024]).unwrap();
        }
    }
    load(&image);
}

fn load(image: &Path) {
    let folder = std::env::temp_dir();
    let options = source::Options {
        spool_dir: &folder,
        source_date_epoch: None,
        cache: None,
        limits: Limits {
            decoded: Some(16 << 20),
            metadata: Some(16 << 20),
        },
        lenient: false,
        progress: &|_| {},
    };
    match source::load(&[Source::from(Input::Path(image.to_owned()))], &options) {
        Ok(loaded) => check(&loaded.tree),
        Err(error) => {
            let message = format!("{error:#}");
            assert!(!message.contains('\n') && message.len() < 3000, "{message}");
            assert!(message.contains(&*image.to_string_lossy()), "{message}");
        }
    }
}

/// Returns the files of an input, with digests and sizes where they are asked for.
fn files(mut input: &[u8]) -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = Vec::new();
    while let [a, b, rest @ ..] = input
        && files.len() < FILES
    {
        let len = usize::from(u16::from_le_bytes([*a, *b]));
        let (file, rest) = rest.split_at(len.min(rest.len()));
        input = rest;
        let mut file = file.to_vec();
        match file.first() {
            Some(b'{' | b'[' | b' ') => file = filled(&file, &files),
            _ => mend_checksums(&mut file),
        }
        files.push(file);
    }
    files
}

/// Returns a document that knows the files before it.
fn filled(document: &[u8], files: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = document;
    while let [first, tail @ ..] = rest {
        let number = tail.first().filter(|digit| digit.is_ascii_digit());
        let file = number.and_then(|digit| files.get(usize::from(digit - b'0')));
        rest = match (first, file) {
            (b'$', Some(file)) => {
                out.extend_from_slice(hex(file).as_bytes());
                &tail[1..]
            }
            (b'#', Some(file)) => {
                out.extend_from_slice(file.len().to_string().as_bytes());
                &tail[1..]
            }
            _ => {
                out.push(*first);
                tail
            }
        };
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Any bytes as the lists of a repository, as its signature and as a keyring: an error of one line,
//! or packages that fit.

use std::io::{self, BufRead, Read};
use std::sync::Arc;

use fsgen::{Meta, ReadAt, Tree};
use modules::value::Value;
use modules::{Host, Spool};
use sha2::{Digest, Sha256};

use crate::rpm::package;
use crate::step::{self, Memory, NOW, list, open, parts};
use crate::{Target, hex};

pub(crate) const REPODATA: Target = Target {
    name: "repodata",
    promise: "lists of packages are refused in one line, or solved",
    run: repodata,
    rounds: 400,
};

pub(crate) const SIGNATURE: Target = Target {
    name: "signature",
    promise: "a signature is refused in one line, or is one by a key of the keyring",
    run: signature,
    rounds: 400,
};

/// A header, whose package requires `missing`.
fn needy() -> Vec<u8> {
    const STRING: u32 = 6;
    const ARRAY: u32 = 8;
    let entries: [(u32, u32, &str); 9] = [
        (1000, STRING, "needy"),
        (1001, STRING, "1"),
        (1002, STRING, "1"),
        (1021, STRING, "linux"),
        (1022, STRING, "noarch"),
        (1044, STRING, "x"),
        (1048, 4, "\0\0\0"),
        (1049, ARRAY, "missing"),
        (1050, ARRAY, ""),
    ];
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, kind, text) in entries {
        if kind == 4 {
            data.resize(data.len().next_multiple_of(4), 0);
        }
        for word in [tag, kind, u32::try_from(data.len()).unwrap(), 1] {
            index.extend(word.to_be_bytes());
        }
        data.extend(text.as_bytes());
        data.push(0);
    }
    // The region has all of it.
    let count = u32::try_from(entries.len()).unwrap() + 1;
    let trailer = u32::try_from(data.len()).unwrap();
    for word in [63, 7, (16 * count).wrapping_neg(), 16] {
        data.extend(word.to_be_bytes());
    }
    let mut header = Vec::new();
    for word in [count, trailer + 16, 63, 7, trailer, 16] {
        header.extend(word.to_be_bytes());
    }
    [header, index, data].concat()
}

fn repodata(input: &[u8]) {
    let parts = parts(input);
    let primary = parts[0].to_vec();
    let repomd = match parts.get(1) {
        Some(repomd) => repomd.to_vec(),
        None => repomd(&primary),
    };
    run(vec![
        ("repo/repodata/repomd.xml", repomd),
        ("repo/primary.xml", primary),
    ]);
}

fn signature(input: &[u8]) {
    let parts = parts(input);
    let part = |index: usize| parts.get(index).copied().unwrap_or_default().to_vec();
    run(vec![
        ("repo/repodata/repomd.xml", repomd(b"")),
        ("repo/repodata/repomd.xml.asc", part(1)),
        ("repo/primary.xml", Vec::new()),
        ("keyring", part(0)),
    ]);
}

/// Returns the list that leads to a list of packages.
fn repomd(primary: &[u8]) -> Vec<u8> {
    let digest = hex(&Sha256::digest(primary));
    format!(
        "<repomd><data type=\"primary\"><checksum type=\"sha256\">{digest}</checksum>\
         <location href=\"primary.xml\"/></data></repomd>"
    )
    .into_bytes()
}

fn run(files: Vec<(&'static str, Vec<u8>)>) {
    let is_signed = files.len() == 4;
    let mut host = Files(files);
    host.0.push(("needy.rpm", package(&needy())));
    let mut tree = Tree::new(Meta::root(0o755, NOW));
    let mut options = vec![
        ("rpms", list("needy.rpm")),
        ("repos", list("repo")),
        ("verify", Value::from("none")),
    ];
    if is_signed {
        options.push(("keyring", list("keyring")));
        options.push(("repo_gpgcheck", Value::from(true)));
    }
    step::run("install_rpms", options, &mut tree, &host);
}

/// The files of the host.
struct Files(Vec<(&'static str, Vec<u8>)>);

impl Host for Files {
    fn open(&self, path: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        let (_, bytes) = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(open(bytes))
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotADirectory.into())
    }

    fn decode<'i>(&self, input: Box<dyn BufRead + 'i>, _: u64) -> io::Result<Box<dyn Read + 'i>> {
        Ok(Box::new(input))
    }

    fn spool(&self) -> io::Result<Arc<dyn Spool>> {
        Ok(Arc::new(Memory::default()))
    }
}

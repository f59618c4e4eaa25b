//! Archives made by hand and by other programs, and what the tree holds after reading them.
//!
//! This file has the archive maker and the listing that the tests share.

mod codecs;
mod filtered;
mod folder;
mod fuzz;
mod gnu;
mod layers;
mod members;
mod oci;
mod refused;
mod sparse;

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;
use fsgen::{Kind, NodeId, ReadAt, Timestamp, Tree};
use tar_core::{EntryType, Header, UstarHeader};

use super::assembly::Assembly;
use super::layer::Layer;
use super::window::Archive;
use super::{Input, Limits, Loaded, Options, Source, load, tar};

/// An archive in memory.
struct Bytes(Vec<u8>);

impl ReadAt for Bytes {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let bytes = self.0.get(at..at + buf.len());
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn name(&self) -> String {
        "bytes".to_owned()
    }
}

impl Archive for Bytes {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let at = usize::try_from(offset).unwrap().min(self.0.len());
        io::Read::read(&mut &self.0[at..], buf)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
}

/// Half of an end marker.
const ZEROS: [u8; 512] = [0; 512];

/// Reads an archive made of these pieces and an end marker.
fn read(pieces: &[Vec<u8>]) -> Result<Loaded> {
    read_as_is([&pieces.concat()[..], &ZEROS, &ZEROS].concat())
}

/// Reads an archive that has an end marker, or has none.
fn read_as_is(bytes: Vec<u8>) -> Result<Loaded> {
    read_at(bytes, None)
}

/// The same, with a time for directories without a member.
fn read_at(bytes: Vec<u8>, time: Option<Timestamp>) -> Result<Loaded> {
    let archive = Arc::new(Bytes(bytes));
    let mut assembly = Assembly::new(Limits::default());
    assembly.begin(&Layer::default())?;
    tar::read(archive, &mut assembly, true, &|_| {})?;
    assembly.end()?;
    Ok(assembly.finish(time))
}

/// Reads an archive from a file on disk, or a named pipe.
fn load_file(path: &Path) -> Result<Loaded> {
    load_all(&[Source::from(Input::Path(path.to_owned()))])
}

/// Reads sources, which lie beside the first one's folder for temporary files.
fn load_all(sources: &[Source]) -> Result<Loaded> {
    let Input::Path(path) = &sources[0].from else {
        panic!("{sources:?}");
    };
    let progress = Cell::new(0);
    let one = sources.len() == 1;
    let options = Options {
        spool_dir: path.parent().unwrap(),
        source_date_epoch: None,
        cache: None,
        limits: Limits::default(),
        lenient: false,
        progress: &|read| assert!(progress.replace(read) <= read || !one),
    };
    load(sources, &options)
}

/// The message of an error, or nothing.
fn message<T>(result: Result<T>) -> String {
    result.err().map(|e| format!("{e:#}")).unwrap_or_default()
}

/// A member with a ustar header: mode 0644, owner 1:2, time 100.
fn member(path: &str, flag: u8, data: &[u8]) -> Vec<u8> {
    edited(path, flag, data, |_| {})
}

/// A member whose header is edited before its checksum is made.
fn edited(path: &str, flag: u8, data: &[u8], edit: impl Fn(&mut UstarHeader)) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_path(path.as_bytes()).unwrap();
    header.set_mode(0o644).unwrap();
    header.set_uid(1).unwrap();
    header.set_gid(2).unwrap();
    header.set_mtime(100).unwrap();
    header.set_size(data.len() as u64).unwrap();
    header.set_entry_type(EntryType::from_byte(flag));
    header.as_ustar_mut().typeflag[0] = flag;
    edit(header.as_ustar_mut());
    header.set_checksum();
    [header.as_bytes(), &*padded(data)].concat()
}

/// A hard (`1`) or symbolic (`2`) link.
fn link(path: &str, flag: u8, target: &str) -> Vec<u8> {
    edited(path, flag, b"", |h| {
        h.linkname[..target.len()].copy_from_slice(target.as_bytes());
    })
}

/// An extended header for the next member.
fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    pax_of_type(b'x', records)
}

fn pax_of_type(flag: u8, records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        // The length counts its own digits.
        let len = (rest..).find(|len| rest + len.to_string().len() == *len);
        data.extend(format!("{} {key}=", len.unwrap()).into_bytes());
        data.extend_from_slice(value);
        data.push(b'\n');
    }
    member("PaxHeaders/x", flag, &data)
}

fn padded(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(512), 0);
    data
}

/// Writes a value into a field as octal digits.
fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
    field[digits] = 0;
}

/// The tree, one line a name: path, kind, mode, owner, time, what it holds, attributes.
fn listing(loaded: &Loaded) -> Vec<String> {
    let tree = &loaded.tree;
    let mut lines = Vec::new();
    let mut todo = vec![(Vec::new(), Tree::ROOT)];
    while let Some((path, id)) = todo.pop() {
        let shown = if path.is_empty() { b"/" } else { &*path };
        lines.push(format!("{} {}", shown.escape_ascii(), line(tree, id)));
        let children = tree.entries(id);
        let children = children.map(|(name, child)| ([&path, name].join(&b'/'), child));
        let start = todo.len();
        todo.extend(children);
        todo[start..].reverse();
    }
    lines
}

fn line(tree: &Tree, id: NodeId) -> String {
    let node = tree.node(id);
    let meta = node.meta;
    let mut line = format!(
        "{} {:o} {}:{} {}",
        node.kind.noun(),
        meta.mode,
        meta.uid,
        meta.gid,
        meta.mtime.secs
    );
    if meta.mtime.nanos > 0 {
        line += &format!("+{}ns", meta.mtime.nanos);
    }
    match &node.kind {
        Kind::File(content) => {
            let bytes = content.read(tree, 1 << 30).unwrap();
            if bytes.len() < 20 {
                line += &format!(" \"{}\"", bytes.escape_ascii());
            } else {
                let mut crc = flate2::Crc::new();
                crc.update(&bytes);
                line += &format!(" {} bytes {:08x}", bytes.len(), crc.sum());
            }
            let data: u64 = content.extents().map(|e| e.end - e.start).sum();
            if data < content.len() {
                let extents = content.extents().map(|e| format!("{}-{}", e.start, e.end));
                line += &format!(" [{}]", extents.collect::<Vec<_>>().join(","));
            }
        }
        Kind::Symlink(target) => line += &format!(" -> {}", target.escape_ascii()),
        Kind::BlockDevice(device) | Kind::CharDevice(device) => {
            line += &format!(" {}:{}", device.major, device.minor);
        }
        Kind::Directory(_) | Kind::Fifo | Kind::Socket => {}
    }
    for (name, value) in &node.xattrs {
        line += &format!(" {}={}", name.escape_ascii(), value.escape_ascii());
    }
    line
}

/// Runs a program that a test needs, and returns what it prints.
fn run(command: &mut Command, package: &str) -> Vec<u8> {
    command.env("LC_ALL", "C").env("TZ", "UTC");
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program}: {error}; install the package {package}")
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    output.stdout
}

//! Virtual disks: the bytes that a machine would see, in whatever file they are stored.
//!
//! - `file`: bytes of a file of the host, just as they are
//! - `qcow2`, `vmdk`, `vhd`: files that store a disk in a way of their own
//! - `chain`: files that a disk image names, which it is a difference to
//! - `cache`: what was read lately; `part`: a part of a disk that is one in its turn
//! - `partition`: what a partition table says
//!
//! Only what is asked for is read, from many threads at once. Numbers in images are never trusted.

mod cache;
mod chain;
pub(crate) mod file;
mod part;
pub(crate) mod partition;
pub(crate) mod places;
mod qcow2;
mod vhd;
mod vmdk;

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use fsgen::ReadAt;

pub(crate) use cache::Cache;
use chain::Chain;
pub(crate) use part::Part;

/// Bytes of known number that can be read at any offset.
pub(crate) trait Disk: ReadAt {
    /// Returns the size in bytes.
    fn len(&self) -> u64;

    /// Returns where the next byte from `at` on is that is not known to be in a hole; the end, when
    /// there is none.
    ///
    /// # Errors
    ///
    /// Fails when the disk cannot be read.
    fn next_data(&self, at: u64) -> io::Result<u64> {
        Ok(at)
    }
}

impl dyn Disk + '_ {
    /// Reads `len` bytes at `at`.
    ///
    /// # Errors
    ///
    /// Fails when they cannot be read, or are not all there.
    pub(crate) fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        // Before there is room for them: the number may come from the image.
        check_range(self, at, len as u64)?;
        let mut bytes = vec![0; len];
        self.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// Reads `len` bytes at `at`, those beyond the end as zeros.
    ///
    /// # Errors
    ///
    /// Fails when the disk cannot be read.
    pub(crate) fn read_padded(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let there = self.len().saturating_sub(at).min(len as u64);
        // OK to convert: at most `len`.
        let there = usize::try_from(there).unwrap_or(len);
        // Not all can read nothing behind their end.
        if there > 0 {
            self.read_exact_at(&mut bytes[..there], at)?;
        }
        Ok(bytes)
    }
}

/// Checks that bytes are all on a disk.
fn check_range<D: Disk + ?Sized>(disk: &D, at: u64, len: u64) -> io::Result<()> {
    if at.checked_add(len).is_some_and(|end| end <= disk.len()) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!(
            "{}: {len} bytes at {at} were to be read, but it ends at {}; was it cut short?",
            disk.name(),
            disk.len()
        ),
    ))
}

/// Returns what is wrong with an image.
fn corrupt(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// What a file is that may be a disk image, told by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Raw,
    Qcow2,
    Vmdk,
    Vhd,
}

/// Ways to store a disk that are known, but not read: an offset, what is there, and the name.
const UNREAD: &[(usize, &[u8], &str)] = &[
    (0, b"conectix", "a dynamic VHD"),
    (0, b"vhdxfile", "a VHDX"),
    (64, b"\x7f\x10\xda\xbe", "a VirtualBox disk image (VDI)"),
    (0, b"QED\0", "a QED image"),
    (0, b"WithoutFreeSpace", "a Parallels image"),
    (0, b"WithouFreSpacExt", "a Parallels image"),
    (0, b"# Disk DescriptorFile", "a VMDK of several files"),
];

impl Form {
    /// Returns the name that people have for it.
    fn name(self) -> &'static str {
        match self {
            Form::Raw => "raw",
            Form::Qcow2 => "qcow2",
            Form::Vmdk => "VMDK",
            Form::Vhd => "VHD",
        }
    }
}

/// A disk, and the file that stores it.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) disk: Arc<dyn Disk>,
    /// How it is stored: `raw`, `qcow2`, ...
    pub(crate) form: &'static str,
    /// Size of the file in bytes; of one that was packed, without that.
    pub(crate) file_len: u64,
    /// What is beside it, if it is in an archive.
    pub(crate) beside: Option<Vec<Beside>>,
}

/// A file beside the disk in an archive.
#[derive(Clone)]
pub(crate) struct Beside {
    pub(crate) name: Box<[u8]>,
    pub(crate) bytes: Arc<dyn Disk>,
}

/// Opens the disk that a file stores.
///
/// `folder` is where the file lies: files that it names have to be there too. Without one, it may
/// name none.
///
/// # Errors
///
/// Fails on an image that cannot be read, is damaged, or of a kind that is not supported, which the
/// message names.
pub(crate) fn open(file: Arc<dyn Disk>, folder: Option<&Path>) -> Result<Stored> {
    let form = form(&*file)?;
    let file_len = file.len();
    Ok(Stored {
        disk: open_as(form, file, &mut Chain::new(folder))?,
        form: form.name(),
        file_len,
        beside: None,
    })
}

fn open_as(form: Form, file: Arc<dyn Disk>, chain: &mut Chain<'_>) -> Result<Arc<dyn Disk>> {
    Ok(match form {
        Form::Raw => file,
        Form::Qcow2 => Arc::new(qcow2::Qcow2::open(file, chain).context("qcow2 image")?),
        Form::Vmdk => Arc::new(vmdk::Vmdk::open(file).context("VMDK image")?),
        Form::Vhd => Arc::new(vhd::open(file).context("VHD image")?),
    })
}

fn form(file: &dyn Disk) -> Result<Form> {
    let head = file.read_padded(0, 512)?;
    let is = |magic: &[u8]| head.starts_with(magic);
    if is(qcow2::MAGIC) {
        return Ok(Form::Qcow2);
    }
    if is(vmdk::MAGIC) {
        return Ok(Form::Vmdk);
    }
    let unread = UNREAD
        .iter()
        .find(|(at, magic, _)| head[*at..].starts_with(magic));
    if let Some((.., name)) = unread {
        bail!("it is {name}, which is not read here; {CONVERT}");
    }
    Ok(match vhd::is_fixed(file)? {
        true => Form::Vhd,
        false => Form::Raw,
    })
}

/// What helps with all that is not read here.
const CONVERT: &str = "`qemu-img convert -O qcow2` makes it one that is";

/// Returns whether a file that starts so stores a disk in a way of its own, be it one that is not
/// read here.
pub(crate) fn is_stored(head: &[u8]) -> bool {
    let stored = [(0, qcow2::MAGIC), (0, vmdk::MAGIC)].into_iter();
    let mut all = stored.chain(UNREAD.iter().map(|(at, magic, _)| (*at, *magic)));
    all.any(|(at, magic)| head.get(at..).is_some_and(|rest| rest.starts_with(magic)))
}

//! A disk image that is a member of an archive, as builds make them: alone, or with its kernel and
//! ramdisk.

use std::io;
use std::sync::Arc;

use anyhow::Result;
use fsgen::ReadAt;

use super::kind::{self, ENOUGH, Kind};
use super::open::{Found, Opened};
use crate::disk::{self, Beside, Disk, Stored};
use crate::reader::{self, FileId, Reader};

/// The most files of such an archive: image, kernel and ramdisk.
const MOST: usize = 3;
/// Endings of the image's name.
const ENDINGS: [&[u8]; 2] = [b".raw", b".img"];

/// Returns the disk in an archive that is nothing but the package of one, or else its files.
///
/// # Errors
///
/// Fails when it cannot be read.
pub(super) fn find(opened: Opened) -> Result<Found> {
    let reader = &*opened.reader;
    let entries = reader.entries(reader.root())?;
    let (mut images, mut others) = (Vec::new(), Vec::new());
    for (name, id) in entries.iter().take(MOST + 1) {
        let stat = reader.stat(*id)?;
        if stat.kind != reader::Kind::File || entries.len() > MOST {
            return Ok(Found::Files(opened));
        }
        match ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            true => images.push((*id, stat.size)),
            false => others.push((name.clone(), *id, stat.size)),
        }
    }
    let [(file, len)] = images[..] else {
        return Ok(Found::Files(opened));
    };
    let mut head = vec![0; ENOUGH.min(usize::try_from(len).unwrap_or(ENOUGH))];
    reader.read_exact_at(file, &mut head, 0)?;
    if kind::recognise(&head) != Kind::Image {
        return Ok(Found::Files(opened));
    }
    let reader: Arc<dyn Reader> = opened.reader.into();
    let member = |file, len| -> Arc<dyn Disk> {
        let reader = reader.clone();
        Arc::new(Member { reader, file, len })
    };
    let beside = others.into_iter().map(|(name, file, len)| Beside {
        name,
        bytes: member(file, len),
    });
    let stored = Stored {
        beside: Some(beside.collect()),
        ..disk::open(member(file, len), None)?
    };
    Ok(Found::Disk(stored, opened.warnings))
}

/// A file of an archive.
struct Member {
    reader: Arc<dyn Reader>,
    file: FileId,
    len: u64,
}

impl ReadAt for Member {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let read = self.reader.read_exact_at(self.file, buf, offset);
        read.map_err(io::Error::other)
    }

    fn name(&self) -> String {
        self.reader.name()
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.reader.check_unchanged().map_err(io::Error::other)
    }
}

impl Disk for Member {
    fn len(&self) -> u64 {
        self.len
    }
}

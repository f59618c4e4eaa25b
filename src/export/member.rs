//! What of a file goes into a tar archive: headers, and the parts of it that are no holes.

use std::ops::Range;

use anyhow::{Context as _, Error, Result};

use super::header::{Field, Header};
use crate::reader::walk::Found;
use crate::reader::{Kind, Reader};

/// The header of a member, and which parts of the file follow it, one behind the other.
pub(super) struct Member {
    /// Headers, and the map of a file with holes: whole blocks.
    pub(super) header: Vec<u8>,
    /// Parts of the file, in order.
    pub(super) pieces: Vec<Range<u64>>,
}

impl Member {
    /// Returns how many bytes the pieces have.
    pub(super) fn len(&self) -> u64 {
        self.pieces
            .iter()
            .map(|piece| piece.end - piece.start)
            .sum()
    }
}

/// Returns the name of a file in an archive.
pub(super) fn name(path: &[u8], is_directory: bool) -> Vec<u8> {
    let inside = path.strip_prefix(b"/").unwrap_or(path);
    match (inside, is_directory) {
        (b"", _) => b"./".to_vec(),
        (inside, true) => [inside, b"/"].concat(),
        (inside, false) => inside.to_vec(),
    }
}

/// Returns the member that a file is; `first` is the path of another name of it that was before.
/// There is none for a socket, which no archive can hold. Attributes that cannot be read are left
/// out, and what is wrong with them handed to `note`.
///
/// # Errors
///
/// Fails when the file cannot be read.
pub(super) fn member(
    reader: &dyn Reader,
    file: &Found,
    first: Option<&[u8]>,
    note: &dyn Fn(Error),
) -> Result<Option<Member>> {
    let stat = file.stat;
    let name = name(&file.path, stat.kind == Kind::Directory);
    let mut header = Header::new(&name, stat.meta.mode);
    header.number("uid", Field::Uid, stat.meta.uid.into());
    header.number("gid", Field::Gid, stat.meta.gid.into());
    header.time(stat.meta.mtime);
    let mut pieces = Vec::new();
    let mut map = Vec::new();
    let kind = match (first, stat.kind) {
        (Some(first), _) => {
            header.link(&self::name(first, false));
            b'1'
        }
        (None, Kind::File) => {
            pieces = reader.extents(file.id)?;
            let whole = 0..stat.size;
            if stat.size > 0 && pieces != [whole] {
                map = header.sparse(&name, stat.size, &pieces);
            }
            let stored = pieces
                .iter()
                .map(|piece| piece.end - piece.start)
                .sum::<u64>();
            header.number("size", Field::Size, stored + map.len() as u64);
            b'0'
        }
        (None, Kind::Symlink) => {
            header.link(&reader.target(file.id)?);
            b'2'
        }
        (None, Kind::CharDevice(device)) => {
            header.device(device);
            b'3'
        }
        (None, Kind::BlockDevice(device)) => {
            header.device(device);
            b'4'
        }
        (None, Kind::Directory) => b'5',
        (None, Kind::Fifo) => b'6',
        (None, Kind::Socket) => return Ok(None),
    };
    if first.is_none() {
        match reader.xattrs(file.id) {
            Ok(xattrs) => header.xattrs(&xattrs),
            Err(error) => note(error.context("its attributes")),
        }
    }
    let mut header = header.finish(kind).context("its header")?;
    header.append(&mut map);
    Ok(Some(Member { header, pieces }))
}

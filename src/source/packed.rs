//! The members of a tar archive in a package, for the steps that install it.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use fsgen::ReadAt;
use fsgen::tree::content::SourceId;
use modules::{Packed, PackedKind};

use super::Limits;
use super::member::{Entry, Members};
use super::window::Archive;

/// Bytes of a file up to a place where they end.
struct Part {
    file: Arc<dyn ReadAt>,
    end: u64,
}

impl ReadAt for Part {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn name(&self) -> String {
        self.file.name()
    }
}

impl Archive for Part {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.end.saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.file.read_exact_at(&mut buf[..len], offset)?;
        Ok(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.end)
    }
}

/// Returns all members of the archive in a part of a file, whose contents are spans of `source`.
///
/// # Errors
///
/// Fails on an archive that is malformed or ends early, on a header of a type that is not among
/// `types`, and on more members than the limits allow.
pub(crate) fn members_of(
    file: Arc<dyn ReadAt>,
    part: Range<u64>,
    source: SourceId,
    types: Option<&'static str>,
    limits: Limits,
) -> Result<Vec<Packed>> {
    let archive = Part {
        file,
        end: part.end,
    };
    let mut members = Members::new(&archive, source)?;
    members.begin_at(part.start);
    members.take_only(types);
    let mut found = Vec::new();
    let mut bytes = 0;
    while let Some(member) = members.next()? {
        bytes += member.path.len() as u64;
        let [user, group] = members.owner_names().map(<[u8]>::to_vec);
        found.push(Packed {
            path: member.path,
            user,
            group,
            meta: member.meta,
            kind: match member.entry {
                Entry::Directory => PackedKind::Directory,
                Entry::File(content) => PackedKind::File(content),
                Entry::Symlink(target) => PackedKind::Symlink(target),
                Entry::HardLink(target) => PackedKind::HardLink(target),
                Entry::Special(kind) => PackedKind::Special(kind),
            },
        });
        limits.check_metadata(found.len(), bytes)?;
    }
    Ok(found)
}

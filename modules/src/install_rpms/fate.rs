//! What becomes of a file that is there before a package's: replaced, kept, or put aside.
//!
//! rpm's `rpmfilesDecideFate` and `rpmfilesConfigConflict`: settings that somebody changed are
//! never lost.

use std::io;

use fsgen::Kind;

use super::candidate::Candidate;
use super::store::Installed;
use crate::root::Place;
use crate::rpm::digest::{Algorithm, Digest};
use crate::rpm::file::{File, FileKind};
use crate::rpm::header::Header;
use crate::rpm::tag;
use crate::{Error, Root};

/// What is done with a file of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It takes the place.
    Put,
    /// What is there, or that nothing is, stays.
    Keep,
    /// What is there stays, and the package's lies beside it as `.rpmnew`.
    PutBeside,
    /// What is there gets this ending, and the package's takes the place.
    Save(&'static str),
}

/// Decides for a file. `old` is the one of that path in the package that is replaced, or of another
/// that had it.
pub(super) fn decide(
    root: &Root<'_>,
    place: &Place,
    file: &File,
    candidate: &Candidate,
    old: Option<(&File, &Installed)>,
) -> Result<Fate, Error> {
    let is_config = file.is_config() || old.is_some_and(|(old, _)| old.is_config());
    if !is_config {
        return Ok(Fate::Put);
    }
    let Some(node) = root.node_at(place) else {
        let is_removed = old.is_some() && file.is_missingok();
        return Ok(if is_removed { Fate::Keep } else { Fate::Put });
    };
    let is_like = |file: &File, header: &Header| is_like(root, &node.kind, file, header);
    // Only files and links are put aside, and for them alone.
    let is_content = |file: &File| matches!(file.kind, FileKind::Regular | FileKind::Symlink);
    if !is_content(old.map_or(file, |(old, _)| old)) {
        return Ok(Fate::Put);
    }
    let failed = |cause: io::Error| candidate.error(cause);
    let is_one_kind = old.is_none_or(|(old, _)| old.kind == file.kind);
    if is_one_kind && is_like(file, &candidate.package.header).map_err(failed)? {
        return Ok(Fate::Put);
    }
    let Some((old, installed)) = old else {
        return Ok(match file.is_noreplace() {
            true => Fate::PutBeside,
            false => Fate::Save(".rpmorig"),
        });
    };
    if is_like(old, &installed.header).map_err(failed)? {
        return Ok(Fate::Put);
    }
    let same_in_both = file.is_config()
        && old.kind == file.kind
        && match file.kind {
            FileKind::Symlink => old.target == file.target,
            _ => old.digest == file.digest,
        };
    Ok(match (same_in_both, file.is_noreplace()) {
        (true, _) => Fate::Keep,
        (false, true) => Fate::PutBeside,
        (false, false) => Fate::Save(".rpmsave"),
    })
}

/// Returns whether what is there is what the header of a package says of a file.
pub(super) fn is_like(
    root: &Root<'_>,
    there: &Kind,
    file: &File,
    header: &Header,
) -> io::Result<bool> {
    match (there, file.kind) {
        (Kind::Symlink(target), FileKind::Symlink) => Ok(**target == *file.target),
        (Kind::File(content), FileKind::Regular) => {
            let number = header.numbers(tag::FILEDIGESTALGO).first().copied();
            let Some(algorithm) = Algorithm::of(number) else {
                return Ok(false);
            };
            let mut digest = Digest::new(algorithm);
            root.read_pieces(content, |piece| digest.update(piece))?;
            Ok(digest.hex().as_bytes().eq_ignore_ascii_case(&file.digest))
        }
        _ => Ok(false),
    }
}

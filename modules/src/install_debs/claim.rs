//! Whose a path is that other packages have as well.

use fsgen::Kind;
use fsgen::tree::content::Content;

use super::conffile::digest;
use super::database::State;
use super::needs::replaces;
use super::unpack::{Package, UNPACKED, Unpacking};
use crate::deb::identity::Multi;
use crate::root::any_text::encode;
use crate::root::show;
use crate::{Error, Packed, PackedKind, Root};

/// Whose a path is.
pub(super) enum Claim {
    /// It is put there.
    Put,
    /// The same package of another architecture has put it there.
    Shared,
    /// Another package takes the place of this one's.
    Left,
}

impl Unpacking {
    /// Finds out whether a path is the package's own.
    pub(super) fn claim(
        &self,
        package: &Package<'_>,
        path: &[u8],
        member: &Packed,
        there: Option<&Kind>,
    ) -> Result<Claim, Error> {
        let candidate = package.candidate;
        let own = &candidate.identity;
        let mut claim = Claim::Put;
        for index in self.database.owners(path) {
            let other = self.database.entry(index);
            if Some(index) == package.old || other.state == State::ConfigFiles {
                continue;
            }
            let name = &other.identity.name;
            let are_same = other.identity.multi == Multi::Same && own.multi == Multi::Same;
            if *name == own.name && are_same {
                if there.is_some() && package.is_in_sync {
                    claim = Claim::Shared;
                }
                continue;
            }
            if let Some(diversion) = self.local.diversion(path) {
                let by = diversion.by.as_deref();
                if by == Some(&**name) || by == Some(&*own.name) {
                    continue;
                }
            }
            if there.is_none() && matches!(member.kind, PackedKind::Directory) {
                continue;
            }
            let is_obsolete =
                |(other, _, flag): (&str, &str, &str)| encode(other) == path && flag == "obsolete";
            if package.settings.is_new(path) && other.conffiles().any(is_obsolete) {
                continue;
            }
            if replaces(&self.arches, &candidate.relations, &other.identity) {
                continue;
            }
            if replaces(&self.arches, &other.relations, own) {
                claim = Claim::Left;
                continue;
            }
            let message = format!("{own} and {} both have {}", other.identity, show(path));
            let help = "leave one of them out; only a package that says `Replaces` takes files of \
                        another";
            return Err(candidate.error(message).help(help).into());
        }
        Ok(claim)
    }

    /// Returns the digest of a setting as a package of another architecture had it, if that was
    /// configured (dpkg's `md5hash_prev_conffile`).
    pub(super) fn shared_digest(&self, package: &Package<'_>, path: &[u8]) -> Option<&str> {
        let owners = self.database.owners(path).into_iter();
        let others = owners.filter(|index| Some(*index) != package.old);
        let mut others = others.map(|index| self.database.entry(index));
        others.find_map(|other| {
            let is_own = other.identity.name == package.candidate.identity.name;
            let version = other.paragraph.get("Config-Version");
            let is_configured = other.state > State::Unpacked
                || (other.state == State::Unpacked && version == other.paragraph.get("Version"));
            let mut files = other.conffiles().filter(|_| is_own && is_configured);
            let found = files.find(|(own, _, flag)| encode(own) == path && flag.is_empty());
            found.map(|(_, digest, _)| digest)
        })
    }
}

/// Returns whether what is there is what a package of another architecture has put there. `known` is
/// the digest of a setting, which people may have changed.
pub(super) fn is_same(
    root: &Root<'_>,
    path: &[u8],
    kind: &PackedKind,
    known: Option<&str>,
) -> Result<bool, Error> {
    // A setting of the other one may be unpacked only.
    let unpacked = [path, UNPACKED].concat();
    let path = if root.exists(&unpacked) {
        &*unpacked
    } else {
        path
    };
    let there = &root.lstat(path)?.kind;
    let of = |content: &Content| digest(root, content);
    Ok(match (kind, there) {
        (PackedKind::Directory, Kind::Directory(_)) => true,
        (PackedKind::File(own), Kind::File(there)) => {
            let known = known.map_or_else(|| of(there), |known| Ok(known.to_owned()))?;
            of(own)? == known
        }
        (PackedKind::Symlink(own), Kind::Symlink(there)) => **there == **own,
        (PackedKind::HardLink(_), Kind::File(_)) => true,
        (PackedKind::Special(own), there) => own == there,
        _ => false,
    })
}

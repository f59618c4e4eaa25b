//! One member of a package, put into the image as dpkg puts it (dpkg's `tarobject`).

use fsgen::tree::Xattrs;
use fsgen::{Kind, Meta, NodeId, Timestamp};

use super::claim::{Claim, is_same};
use super::conffile::{digest, real_path};
use super::remove::remove_unfinished;
use super::unpack::{Package, UNPACKED, Unpacking};
use crate::root::{Laid, Place, show};
use crate::{Error, Packed, PackedKind, Root, RootError};

impl Unpacking {
    /// Puts a member in its place, unless it is there or another package keeps its own.
    pub(super) fn lay(
        &mut self,
        root: &mut Root<'_>,
        package: &mut Package<'_>,
        member: &Packed,
    ) -> Result<(), Error> {
        let candidate = package.candidate;
        let own = &candidate.identity;
        let path = listed(&member.path);
        if let Some(why) = self.refusal(package, &path, member) {
            return Err(candidate.error(why).into());
        }
        package.files.push(path.clone());
        package.archived.insert(path.clone());
        let place_path = self.local.place(&path, &own.name).to_vec();
        package.touched.push(place_path.clone());
        let is_setting = package.settings.is_new(&path);
        let real = match is_setting {
            true => real_path(root, &place_path),
            false => place_path.clone(),
        };
        let there = root.lstat(&real).ok().map(|node| node.kind.clone());
        let is_there = match &member.kind {
            PackedKind::Directory => root.is_dir(&real),
            PackedKind::Symlink(target) => match &there {
                Some(Kind::Directory(_)) => true,
                Some(Kind::Symlink(_)) => same_directory(root, &real, target),
                _ => false,
            },
            _ => false,
        };
        let mut is_shared = false;
        if !is_there {
            match self.claim(package, &path, member, there.as_ref())? {
                Claim::Put => {}
                Claim::Shared => is_shared = true,
                Claim::Left => {
                    // The package's further names are those of what is there.
                    if let Some(id) = root.file_at(&real) {
                        package.nodes.insert(path.clone(), id);
                    }
                    package.files.pop();
                    package.archived.remove(&path);
                    package.settings.mark_obsolete(&path);
                    return Ok(());
                }
            }
        }
        if is_there || path == b"/." {
            return Ok(());
        }
        if let PackedKind::File(content) = &member.kind
            && let Some(digests) = &mut package.digests
        {
            digests.insert(path.clone(), digest(root, content)?);
        }
        if is_shared {
            let known = is_setting.then(|| self.shared_digest(package, &path));
            if !is_same(root, &real, &member.kind, known.flatten())? {
                let message = format!(
                    "{} differs from that of {} for another architecture",
                    show(&path),
                    own.name
                );
                return Err(candidate.error(message).into());
            }
            return Ok(());
        }
        let mut meta = package.meta(member);
        if let Some(told) = self.local.override_of(&path) {
            (meta.uid, meta.gid, meta.mode) = (told.uid, told.gid, told.mode);
        }
        if let PackedKind::Symlink(_) = member.kind {
            meta.mode = 0o777;
        }
        let at = match is_setting {
            true => [&*real, UNPACKED].concat(),
            false => real.clone(),
        };
        package.check_folder(root, &path, &at, member)?;
        let mut place = place_of(root, &real)?;
        remove_unfinished(root, &place)?;
        if is_setting {
            place.name.extend(UNPACKED);
        }
        if root.node_at(&place).is_some() {
            let is_link = matches!(member.kind, PackedKind::Symlink(_));
            let is_directory = matches!(there, Some(Kind::Directory(_)));
            match member.kind {
                // dpkg moves it aside, and removes it in the end.
                _ if is_directory && !is_link && !is_setting => root.remove_all(&at)?,
                PackedKind::Directory => root.remove(&at)?,
                _ => {}
            }
        }
        let id = package.put(root, &place, member, meta)?;
        package.taken.insert(path.clone());
        match member.kind {
            PackedKind::Directory => {}
            PackedKind::Symlink(_) => drop(package.links.insert(path)),
            _ => drop(package.nodes.insert(path, id)),
        }
        Ok(())
    }

    /// Returns what is wrong with a member at that path, wherever the package goes.
    fn refusal(&self, package: &Package<'_>, path: &[u8], member: &Packed) -> Option<String> {
        let shown = show(path);
        if path.contains(&b'\n') {
            return Some(format!(
                "{shown}: dpkg takes no name with a line's end in it"
            ));
        }
        if let Some(from) = self.local.diverted_to(path) {
            return Some(format!(
                "{shown} is where {} of other packages goes (dpkg-divert)",
                show(from)
            ));
        }
        let settings = &package.settings;
        let why = match member.kind {
            PackedKind::Directory if settings.is_new(path) => "is a directory",
            _ if settings.is_to_remove(path) => {
                "is to be removed by upgrades, but the package has it"
            }
            _ => return None,
        };
        Some(format!("conffiles: {shown} {why}"))
    }
}

impl Package<'_> {
    /// Returns permissions, time and owners of a file. The names of owners count, where the image
    /// has them.
    fn meta(&self, member: &Packed) -> Meta {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let user = self.accounts.user(&text(&member.user)).map(|user| user.uid);
        let group = self.accounts.gid(&text(&member.group));
        Meta {
            mode: member.meta.mode,
            uid: user.unwrap_or(member.meta.uid),
            gid: group.unwrap_or(member.meta.gid),
            mtime: Timestamp::from_secs(member.meta.mtime.secs),
        }
    }

    /// Refuses what dpkg cannot put there: it makes no folders that are not in the archive, makes
    /// links at the end, and puts no folder in the place of a file.
    fn check_folder(
        &self,
        root: &Root<'_>,
        path: &[u8],
        at: &[u8],
        member: &Packed,
    ) -> Result<(), Error> {
        let slash = at.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let (folder, above) = (&at[..slash], super::local::above(at));
        let is_linked = above.iter().any(|above| self.links.contains(*above));
        let is_missing = !folder.is_empty() && (is_linked || !root.is_dir(folder));
        let is_file = self.nodes.contains_key(path);
        let why = match member.kind {
            _ if is_missing => format!("the package has no folder {} before it", show(folder)),
            PackedKind::Directory if is_file => "a folder, but a file before it".to_owned(),
            _ => return Ok(()),
        };
        Err(self
            .candidate
            .error(format!("{}: {why}", show(path)))
            .into())
    }

    /// Puts something at a place.
    fn put(
        &mut self,
        root: &mut Root<'_>,
        place: &Place,
        member: &Packed,
        meta: Meta,
    ) -> Result<NodeId, Error> {
        let what = match &member.kind {
            PackedKind::Directory => Laid::Directory,
            PackedKind::File(content) => Laid::File(content.clone()),
            PackedKind::Symlink(target) => Laid::Symlink(target.clone()),
            PackedKind::Special(kind) => Laid::Special(kind.clone()),
            PackedKind::HardLink(target) => {
                let target = listed(target);
                let found = self.nodes.get(&target).copied();
                let id = found.ok_or_else(|| {
                    let (path, target) = (listed(&member.path), show(&target).to_string());
                    let what = "is a hard link to what is no file before it:";
                    self.candidate
                        .error(format!("{} {what} {target}", show(&path)))
                })?;
                if let Some(digests) = &mut self.digests
                    && let Some(digest) = digests.get(&target).cloned()
                {
                    digests.insert(listed(&member.path), digest);
                }
                root.lay_link(place, id)?;
                // As dpkg does, whose last word on the file is that of its last name.
                root.own(&root.path_at(place), meta)?;
                return Ok(id);
            }
        };
        Ok(root.lay(place, what, meta, Xattrs::new())?)
    }
}

/// Returns a path of an archive as dpkg lists it; the root is `/.`.
pub(super) fn listed(path: &[u8]) -> Vec<u8> {
    let mut rest = path;
    while let Some(after) = rest.strip_prefix(b"./").or(rest.strip_prefix(b"/")) {
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    while let [before @ .., b'/'] = rest {
        rest = before;
    }
    let rest = if rest.is_empty() { b"." } else { rest };
    [b"/", rest].concat()
}

/// Returns the place of a path.
pub(super) fn place_of(root: &mut Root<'_>, path: &[u8]) -> Result<Place, RootError> {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let directory = if slash == 0 { b"/" } else { &path[..slash] };
    root.place_in(directory, &path[slash + 1..])
}

/// Returns whether a link would lead to the directory to which that of its place leads.
fn same_directory(root: &Root<'_>, path: &[u8], target: &[u8]) -> bool {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let led = match target {
        [b'/', ..] => target.to_vec(),
        target => [&path[..=slash], target].concat(),
    };
    let number = |path: &[u8]| root.stat_links(path, true).map(|stat| stat.number).ok();
    root.is_dir(path) && number(path) == number(&led)
}

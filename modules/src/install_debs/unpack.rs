//! The files of a package, put into the image as dpkg puts them (dpkg's `tarobject`).

use std::collections::{BTreeMap, BTreeSet};

use fsgen::tree::Xattrs;
use fsgen::tree::content::Content;
use fsgen::{Kind, Meta, NodeId, Timestamp};

use super::conffile::{Settings, digest, real_path};
use super::database::{Database, State};
use super::local::Local;
use super::needs::replaces;
use super::payload::{PayloadError, Payloads};
use super::set::{Candidate, control_name};
use super::trigger::{Line, Triggers};
use crate::accounts::Accounts;
use crate::deb::identity::{Identity, Multi};
use crate::error::at;
use crate::root::any_text::encode;
use crate::root::{Laid, Place, show};
use crate::{Error, Packed, PackedKind, Root, RootError};

/// What the files are called that become settings only when their package is configured.
pub(super) const UNPACKED: &[u8] = b".dpkg-new";

/// The unpacking of one package after the other.
pub(super) struct Unpacking {
    pub(super) payloads: Payloads,
    pub(super) database: Database,
    pub(super) local: Local,
    pub(super) triggers: Triggers,
}

/// One package while it is unpacked.
pub(super) struct Package<'p> {
    pub(super) candidate: &'p Candidate,
    /// The place of what it replaces, or of what was left of it.
    pub(super) old: Option<usize>,
    accounts: Accounts,
    pub(super) settings: Settings,
    /// All paths, as dpkg lists them.
    pub(super) files: Vec<Vec<u8>>,
    /// Those that are in the archive, and not left to others.
    pub(super) archived: BTreeSet<Vec<u8>>,
    /// Those that were put there, whoever had them before.
    pub(super) taken: BTreeSet<Vec<u8>>,
    /// What was made for each path, but links to paths.
    nodes: BTreeMap<Vec<u8>, NodeId>,
    /// The links to paths that were made: dpkg makes them at the end.
    links: BTreeSet<Vec<u8>>,
    /// The digests of files, if the package does not list them itself.
    digests: Option<BTreeMap<Vec<u8>, String>>,
    /// Which paths called for somebody, before the package has a place in the list.
    touched: Vec<Vec<u8>>,
    /// Whether packages of other architectures come to the same version by it.
    is_in_sync: bool,
}

impl Unpacking {
    /// Unpacks a package; returns its place in the list. Those that it supersedes are to be removed
    /// after it.
    pub(super) fn unpack(
        &mut self,
        root: &mut Root<'_>,
        candidate: &Candidate,
        old: Option<usize>,
        superseded: &[usize],
    ) -> Result<usize, Error> {
        let failed = |error: PayloadError| match error {
            PayloadError::Spool(cause) => at(candidate.file.span)(cause),
            error => candidate.error(error).into(),
        };
        let host = root.host();
        let control = self.payloads.members(candidate.control_part(), host);
        let control = control.map_err(failed)?;
        let data = self
            .payloads
            .members(candidate.data_part(), host)
            .map_err(failed)?;
        let triggers = Line::parse(candidate.text("triggers"));
        let triggers = triggers.map_err(|line| candidate.error(format!("triggers: {line}")))?;
        let settings = Settings::read(candidate, &self.database, old)?;
        let has_digests = control
            .iter()
            .any(|file| control_name(&file.path) == b"md5sums");
        let mut package = Package {
            candidate,
            old,
            accounts: Accounts::read(root)?,
            settings,
            files: Vec::new(),
            archived: BTreeSet::new(),
            taken: BTreeSet::new(),
            nodes: BTreeMap::new(),
            links: BTreeSet::new(),
            digests: (!has_digests).then(BTreeMap::new),
            touched: Vec::new(),
            is_in_sync: self.is_in_sync(&candidate.identity),
        };
        for member in &data {
            let laid = self.lay(root, &mut package, member);
            laid.map_err(|error| match error {
                Error::Root { cause, .. } => {
                    let path = show(&member.path).to_string();
                    Error::from(candidate.error(format!("{path}: {cause}")))
                }
                other => other,
            })?;
        }
        let removed = self.remove_old(root, &mut package)?;
        let old_triggers = self.old_triggers(root, old)?;
        let old_identity = old.map(|old| self.database.entry(old).identity.clone());
        let was = old_identity
            .as_ref()
            .map(|identity| (identity, &*old_triggers));
        self.triggers
            .change(root, was, (&candidate.identity, &triggers))?;
        self.write_info(root, &package, &control)?;
        let index = self.note(&package);
        self.triggers.forget(&mut self.database, index);
        self.take_from_others(root, &package, index, superseded)?;
        self.database.set_files(index, package.files);
        for path in package.touched {
            self.triggers.touch(&mut self.database, &path, index);
        }
        for path in removed {
            for path in super::local::above(&path).into_iter().chain([&*path]) {
                self.triggers.touch(&mut self.database, path, index);
            }
        }
        Ok(index)
    }

    /// Returns whether all packages of that name have the version of this one.
    fn is_in_sync(&self, own: &Identity) -> bool {
        let mut others = self.database.entries().filter(|(_, entry)| {
            entry.state.is_there()
                && entry.identity.name == own.name
                && !own.replaces(&entry.identity)
        });
        others.all(|(_, entry)| entry.identity.version == own.version)
    }

    fn lay(
        &mut self,
        root: &mut Root<'_>,
        package: &mut Package<'_>,
        member: &Packed,
    ) -> Result<(), Error> {
        let candidate = package.candidate;
        let own = &candidate.identity;
        let path = listed(&member.path);
        let shown = show(&path).to_string();
        if path.contains(&b'\n') {
            let message = format!("{shown}: dpkg takes no name with a line's end in it");
            return Err(candidate.error(message).into());
        }
        if let Some(from) = self.local.diverted_to(&path) {
            let message = format!(
                "{shown} is where {} of other packages goes (dpkg-divert)",
                show(from)
            );
            return Err(candidate.error(message).into());
        }
        package.files.push(path.clone());
        package.archived.insert(path.clone());
        let place_path = self.local.place(&path, &own.name).to_vec();
        package.touched.push(place_path.clone());
        let is_setting = package.settings.is_new(&path);
        let is_directory = matches!(member.kind, PackedKind::Directory);
        if (is_setting && is_directory) || package.settings.is_to_remove(&path) {
            let why = match is_directory {
                true => "is a directory",
                false => "is to be removed by upgrades, but the package has it",
            };
            return Err(candidate.error(format!("conffiles: {shown} {why}")).into());
        }
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
            match self.settle(package, &path, member, there.as_ref())? {
                Settled::Put => {}
                Settled::Shared => is_shared = true,
                Settled::Left => {
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
            let is_same = same(root, &real, &member.kind, package)?;
            if !is_same {
                let message = format!(
                    "{shown} differs from that of {} for another architecture",
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
            false => real,
        };
        package.check_folder(root, &path, &at, member)?;
        let place = place_of(root, &at)?;
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

    /// Finds out whether a path is the package's own.
    fn settle(
        &self,
        package: &Package<'_>,
        path: &[u8],
        member: &Packed,
        there: Option<&Kind>,
    ) -> Result<Settled, Error> {
        let candidate = package.candidate;
        let own = &candidate.identity;
        let mut settled = Settled::Put;
        for index in self.database.owners(path) {
            let other = self.database.entry(index);
            if Some(index) == package.old || other.state == State::ConfigFiles {
                continue;
            }
            let name = &other.identity.name;
            let are_same = other.identity.multi == Multi::Same && own.multi == Multi::Same;
            if *name == own.name && are_same {
                if there.is_some() && package.is_in_sync {
                    settled = Settled::Shared;
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
            if replaces(&candidate.relations, &other.identity) {
                continue;
            }
            if replaces(&other.relations, own) {
                settled = Settled::Left;
                continue;
            }
            let message = format!("{own} and {} both have {}", other.identity, show(path));
            let help = "leave one of them out; only a package that says `Replaces` takes files of \
                        another";
            return Err(candidate.error(message).help(help).into());
        }
        Ok(settled)
    }

    pub(super) fn old_triggers(
        &self,
        root: &Root<'_>,
        old: Option<usize>,
    ) -> Result<Vec<Line>, RootError> {
        let Some(old) = old else {
            return Ok(Vec::new());
        };
        let text = root.read_if_exists(self.database.info(old, "triggers"))?;
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        Ok(Line::parse(&text).unwrap_or_default())
    }
}

/// Whose a path is.
enum Settled {
    /// It is put there.
    Put,
    /// The same package of another architecture has put it there.
    Shared,
    /// Another package takes the place of this one's.
    Left,
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
                return Ok(id);
            }
        };
        Ok(root.lay(place, what, meta, Xattrs::new())?)
    }

    /// Returns the lines of `md5sums` that dpkg makes for a package without them.
    pub(super) fn digest_lines(&self) -> Option<Vec<u8>> {
        let digests = self.digests.as_ref()?;
        let mut lines = Vec::new();
        for path in &self.files {
            if let Some(digest) = digests.get(path) {
                lines.extend([digest.as_bytes(), b"  ", &path[1..], b"\n"].concat());
            }
        }
        Some(lines)
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

/// Returns whether what is there is what a package of another architecture has put there.
fn same(
    root: &Root<'_>,
    path: &[u8],
    kind: &PackedKind,
    package: &Package<'_>,
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
            package.settings.is_new(&listed(path)) || of(own)? == of(there)?
        }
        (PackedKind::Symlink(own), Kind::Symlink(there)) => **there == **own,
        (PackedKind::HardLink(_), Kind::File(_)) => true,
        (PackedKind::Special(own), there) => own == there,
        _ => false,
    })
}

//! The files of a package, put into the image as rpm puts them.

use std::collections::BTreeMap;

use fsgen::tree::Device;
use fsgen::tree::Xattrs;
use fsgen::tree::content::Content;
use fsgen::{Kind, Meta, Node, NodeId, Timestamp};

use super::candidate::Candidate;
use super::conflict::{Conflicts, Owner, Owners, Settled, What, Who};
use super::fate::{self, Fate};
use super::options::Options;
use super::payload::Contents;
use super::script::Scripts;
use super::states;
use super::store::Installed;
use super::transaction::Transaction;
use super::users;
use crate::accounts::Accounts;
use crate::root::{Laid, Place, show};
use crate::rpm::capability;
use crate::rpm::file::{File, FileKind, State, hard_links};
use crate::{Error, Root};

/// The unpacking of one package after the other.
pub(super) struct Unpacking<'i> {
    pub(super) owners: Owners<'i>,
    installed: &'i [Installed],
    /// What is decided for the files of each package.
    states: BTreeMap<usize, Vec<State>>,
    /// What packages have that other ones have, too.
    pub(super) conflicts: Conflicts<'i>,
}

/// One package while it is unpacked.
struct Package<'p, 's> {
    /// Its place in the list.
    number: usize,
    candidate: &'p Candidate,
    /// The files of what it replaces, by path.
    old: BTreeMap<Vec<u8>, (&'p File, &'p Installed)>,
    accounts: Accounts,
    /// What was done before.
    scripts: &'s Scripts<'s>,
    contents: Contents,
    /// The first of the hard links that each file belongs to.
    first_of: BTreeMap<usize, usize>,
    /// What was made for these.
    nodes: BTreeMap<usize, NodeId>,
    /// The directory whose way was checked last.
    way: Option<&'p [u8]>,
}

impl<'i> Unpacking<'i> {
    pub(super) fn new(
        root: &mut Root<'_>,
        candidates: &'i [Candidate],
        installed: &'i [Installed],
        transaction: &Transaction,
        options: &Options,
        color: u32,
    ) -> Result<Self, Error> {
        let replaces = options.replacefiles;
        let states = transaction.installs().map(|index| {
            let files = &candidates[index].files;
            (index, states::decide(files, options, color))
        });
        Ok(Self {
            states: states.collect(),
            owners: Owners::find(root, candidates, installed, transaction, color, replaces),
            installed,
            conflicts: Conflicts::default(),
        })
    }

    /// Returns what is decided for a package's files.
    pub(super) fn states(&self, number: usize) -> &[State] {
        self.states.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Unpacks a package that replaces others, or none.
    pub(super) fn unpack(
        &mut self,
        root: &mut Root<'_>,
        number: usize,
        candidate: &'i Candidate,
        contents: Contents,
        replaced: &[usize],
        scripts: &Scripts<'_>,
    ) -> Result<(), Error> {
        let old: Vec<&Installed> = replaced.iter().map(|i| &self.installed[*i]).collect();
        let content = |(index, file)| Some((file, contents.get(&index)?));
        let files = candidate.files.iter().enumerate();
        users::packaged(root, candidate, files.filter_map(content))?;
        let old_files = old
            .iter()
            .flat_map(|old| old.files().iter().map(|file| (file.path(), (file, *old))));
        let sets = hard_links(&candidate.files);
        let links = |(first, set): (usize, Vec<usize>)| set.into_iter().map(move |i| (i, first));
        let mut package = Package {
            number,
            candidate,
            old: old_files.collect(),
            accounts: Accounts::read(root)?,
            scripts,
            contents,
            first_of: sets.into_iter().flat_map(links).collect(),
            nodes: BTreeMap::new(),
            way: None,
        };
        for (index, file) in candidate.files.iter().enumerate() {
            let laid = self.lay(root, &mut package, index, file);
            laid.map_err(|error| match error {
                Error::Root { cause, .. } => {
                    Error::from(candidate.error(format!("{}: {cause}", show(&file.path()))))
                }
                other => other,
            })?;
        }
        Ok(())
    }

    fn lay(
        &mut self,
        root: &mut Root<'_>,
        package: &mut Package<'i, '_>,
        index: usize,
        file: &'i File,
    ) -> Result<(), Error> {
        let candidate = package.candidate;
        if self.states(package.number)[index] != State::Normal {
            return Ok(());
        }
        if file.name.is_empty() {
            let (uid, gid) = package.owner(file)?;
            root.chown("/", uid, gid)?;
            root.chmod("/", file.mode)?;
            return Ok(());
        }
        if file.is_ghost() {
            if let Some(place) = root.find_place(&file.directory, &file.name) {
                self.owners.add(place, package.owner_of(index, file));
            }
            return Ok(());
        }
        let (uid, gid) = package.owner(file)?;
        if package.way != Some(&file.directory) {
            check_way(root, &file.directory).map_err(|message| candidate.error(message))?;
            package.way = Some(&file.directory);
        }
        let place = root.place_in(&file.directory, &file.name)?;
        match self.owners.settle(&place, package.owner_of(index, file)) {
            Settled::Put => {}
            Settled::Shared => return Ok(()),
            Settled::WrongColor => {
                let who = Who::New(package.number);
                self.owners.note(who, index, State::WrongColor);
                return Ok(());
            }
            Settled::Conflict(other) => {
                self.conflicts.add(candidate, other, root.path_at(&place));
                return Ok(());
            }
            Settled::Lost(other) => {
                let path = show(&root.path_at(&place)).to_string();
                let message = format!("{path} is a directory here, and a file of {other}");
                let error = candidate.error(message);
                return Err(error.help("leave one of the packages out").into());
            }
        }
        let meta = Meta {
            mode: if file.kind == FileKind::Symlink {
                0o777
            } else {
                file.mode
            },
            uid,
            gid,
            mtime: Timestamp::from_secs(file.mtime.into()),
        };
        if file.kind == FileKind::Directory {
            let path = root.path_at(&place);
            let was_link = package
                .old
                .get(&file.path())
                .is_some_and(|(old, _)| old.kind == FileKind::Symlink);
            if was_link && root.is_link(&path) && root.is_dir(&path) {
                let path = show(&path).to_string();
                let message = format!(
                    "{path} is a directory, where the package it replaces has a link to one"
                );
                return Err(candidate
                    .error(message)
                    .help("remove the link in an earlier step")
                    .into());
            }
        }
        let old = package.old.get(&file.path()).copied().or_else(|| {
            let (which, file) = self.owners.there(&place)?;
            Some((file, &self.installed[which]))
        });
        match fate::decide(root, &place, file, candidate, old)? {
            Fate::Put => package.put(root, &place, index, file, meta),
            Fate::Keep => Ok(()),
            Fate::PutBeside => {
                let beside = ending(&place, ".rpmnew");
                let (path, new) = (root.path_at(&place), root.path_at(&beside));
                root.warn(format!(
                    "{} was changed before and stays; that of {} is {}",
                    show(&path),
                    candidate.package.identity,
                    show(&new)
                ));
                package.put(root, &beside, index, file, meta)
            }
            Fate::Save(name) => {
                let (path, saved) = (root.path_at(&place), root.path_at(&ending(&place, name)));
                root.rename(&path, &saved)?;
                root.warn(format!(
                    "{} was changed before; it is kept as {}, and that of {} takes its place",
                    show(&path),
                    show(&saved),
                    candidate.package.identity
                ));
                package.put(root, &place, index, file, meta)
            }
        }
    }
}

impl<'p> Package<'p, '_> {
    fn owner_of(&self, index: usize, file: &'p File) -> Owner<'p> {
        Owner {
            who: Who::New(self.number),
            package: &self.candidate.package.identity,
            index,
            file,
            what: What::Put,
        }
    }

    /// Returns the numbers of a file's owners, by the image's own accounts.
    fn owner(&self, file: &File) -> Result<(u32, u32), Error> {
        let candidate = self.candidate;
        let find = |name: &[u8], what: &str, found: Option<u32>| match (name, found) {
            (b"root", _) => Ok(0),
            (_, Some(id)) => Ok(id),
            (name, None) => {
                let (path, shown) = (file.path(), name.escape_ascii());
                let message = format!("the image has no {what} {shown}, who owns {}", show(&path));
                let help = "`add_user`, `groups` or `sysusers` in an earlier step makes it";
                let maker = self.scripts.may_make(&String::from_utf8_lossy(name));
                let help = maker.map_or(help.to_owned(), |maker| format!("{help}; {maker}"));
                Err(candidate.error(message).help(help))
            }
        };
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let user = self.accounts.user(&text(&file.user)).map(|user| user.uid);
        let group = self.accounts.gid(&text(&file.group));
        Ok((
            find(&file.user, "user", user)?,
            find(&file.group, "group", group)?,
        ))
    }

    /// Puts a file at a place.
    fn put(
        &mut self,
        root: &mut Root<'_>,
        place: &Place,
        index: usize,
        file: &File,
        meta: Meta,
    ) -> Result<(), Error> {
        let there = root.node_at(place);
        let is_taken = there.is_some_and(|node| matches!(node.kind, Kind::Directory(_)));
        if is_taken && file.kind != FileKind::Directory {
            let path = show(&root.path_at(place)).to_string();
            let message = format!("{path} is a directory in the image, where the package has none");
            let error = self.candidate.error(message);
            return Err(error
                .help("remove or move the directory in an earlier step")
                .into());
        }
        let first = self.first_of.get(&index).copied();
        if let Some(id) = first.and_then(|first| self.nodes.get(&first)) {
            return Ok(root.lay_link(place, *id)?);
        }
        let device = Device {
            major: file.device >> 8,
            minor: file.device & 0xff,
        };
        let what = match file.kind {
            FileKind::Regular => {
                let content = first.and_then(|first| self.contents.get(&first));
                Laid::File(content.cloned().unwrap_or_else(|| Content::bytes([])))
            }
            FileKind::Symlink if file.target.is_empty() || file.target.contains(&0) => {
                let path = show(&file.path()).to_string();
                return Err(self
                    .candidate
                    .error(format!("{path} is a link to nowhere"))
                    .into());
            }
            FileKind::Symlink => Laid::Symlink(file.target.clone()),
            FileKind::BlockDevice => Laid::Special(Kind::BlockDevice(device)),
            FileKind::CharDevice => Laid::Special(Kind::CharDevice(device)),
            FileKind::Fifo => Laid::Special(Kind::Fifo),
            FileKind::Socket => Laid::Special(Kind::Socket),
            FileKind::Directory => return lay_directory(root, place, meta),
        };
        let mut xattrs = Xattrs::new();
        if !file.capabilities.is_empty() {
            let text = String::from_utf8_lossy(&file.capabilities);
            let value = capability::attribute(&text).ok_or_else(|| {
                let path = show(&file.path()).to_string();
                self.candidate
                    .error(format!("{path}: no file has the capabilities {text:?}"))
            })?;
            xattrs.insert(capability::ATTRIBUTE.into(), value.into());
        }
        let id = root.lay(place, what, meta, xattrs)?;
        if let Some(first) = first {
            self.nodes.insert(first, id);
        }
        Ok(())
    }
}

/// Refuses a way through a link to nothing, and through one that a user made who does not own what
/// it leads to: that user would say where files go, or which are removed (rpm's `fsmOpenat`).
pub(super) fn check_way(root: &Root<'_>, directory: &[u8]) -> Result<(), String> {
    let slashes = directory.iter().enumerate();
    let slashes = slashes.filter(|(_, byte)| **byte == b'/').skip(1);
    for (end, _) in slashes {
        let path = &directory[..end];
        let user = match root.lstat(path) {
            Ok(node) if matches!(node.kind, Kind::Symlink(_)) => node.meta.uid,
            _ => continue,
        };
        match root.stat(path) {
            Ok(node) if user != 0 && node.meta.uid != user => {
                return Err(format!(
                    "{} is a link that user {user} made to what is not theirs, which rpm does not \
                     follow; remove it in an earlier step",
                    show(path)
                ));
            }
            Err(error) if error.is_not_found() => {
                return Err(format!(
                    "{} is a link to nothing, where the package has a directory; remove it in an \
                     earlier step, or make what it leads to",
                    show(path)
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes a directory, or gives the one that is there its mode, owner and time.
fn lay_directory(root: &mut Root<'_>, place: &Place, meta: Meta) -> Result<(), Error> {
    let path = root.path_at(place);
    let there = root.node_at(place).map(|node| (&node.kind, node.meta.uid));
    let stays = match there {
        Some((Kind::Directory(_), _)) => true,
        // So does one that a link leads to, as /lib to usr/lib: unless a user made the link who
        // does not own what it leads to (rpm's `fsmVerify`).
        Some((Kind::Symlink(_), user)) => match root.stat(&path) {
            Ok(Node { kind, meta, .. }) => {
                matches!(kind, Kind::Directory(_)) && (user == 0 || meta.uid == user)
            }
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(error.into()),
        },
        _ => false,
    };
    if stays {
        return Ok(root.own(&path, meta)?);
    }
    if there.is_some() {
        root.remove(&path)?;
    }
    root.lay(place, Laid::Directory, meta, Xattrs::new())?;
    Ok(())
}

/// Returns the place beside another, with an ending to its name.
pub(super) fn ending(place: &Place, ending: &str) -> Place {
    Place {
        directory: place.directory,
        name: [&*place.name, ending.as_bytes()].concat(),
    }
}

//! The image's package database: where it is, and what it says is installed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

use fsgen::Timestamp;
use fsgen::tree::content::{Content, SourceId};
use fsgen::tree::path::PathError;
use thiserror::Error;

use super::candidate::Candidate;
use super::pending;
use super::setting::setting;
use crate::error::at;
use crate::root::{Spool, join, show};
use crate::rpm::database::{Backend, Database, DatabaseError, Installation, LARGEST, installed};
use crate::rpm::file::{self, File, State};
use crate::rpm::header::{Header, HeaderError};
use crate::rpm::identity::Identity;
use crate::rpm::package::PackageError;
use crate::rpm::tag;
use crate::value::{Span, ValueError};
use crate::{Error as ModuleError, Root, RootError};

/// Where databases are: since Fedora 36 and on openSUSE, and before. Either may be a link to the
/// other.
const PLACES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];

/// A package that the database lists.
pub(super) struct Installed {
    pub(super) at: At,
    pub(super) identity: Identity,
    pub(super) header: Header,
    files: OnceCell<Vec<File>>,
}

/// Where the header of a package is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// In the database, with that number.
    Database(u32),
    /// In a file that is put into the database at the first boot.
    Pending(Vec<u8>),
}

impl Installed {
    pub(super) fn new(at: At, header: Header) -> Result<Self, HeaderError> {
        Ok(Self {
            at,
            identity: Identity::read(&header)?,
            header,
            files: OnceCell::new(),
        })
    }

    /// Returns its files; none where its list of them is not sound, as in keys.
    pub(super) fn files(&self) -> &[File] {
        self.files
            .get_or_init(|| file::read(&self.header).unwrap_or_default())
    }

    /// Returns whether a file is one that is there: it was neither left out nor replaced.
    pub(super) fn has(&self, file: usize) -> bool {
        let states = self.header.raw(tag::FILESTATES);
        let state = states.and_then(|raw| raw.bytes.get(file));
        state.is_none_or(|state| *state == State::Normal as u8)
    }
}

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub(super) enum StoreError {
    #[error("the image's package database {}: {cause}", show(path))]
    Database { path: Vec<u8>, cause: DatabaseError },
    #[error("the image's package database {} was not closed: it has a journal", show(.0))]
    Journal(Vec<u8>),
    #[error("the image's package database {} is no file, and no link to one", show(.0))]
    NoFile(Vec<u8>),
    #[error("the image has two package databases, {} and {}", show(.0), show(.1))]
    Two(Vec<u8>, Vec<u8>),
    #[error(
        "{}, which waits to be put into the package database: {cause}",
        show(path)
    )]
    Pending {
        path: Vec<u8>,
        cause: Box<PackageError>,
    },
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Root(#[from] RootError),
}

impl StoreError {
    /// Returns the module's error, for an option.
    pub(super) fn at(self, span: Span) -> ModuleError {
        let help = match &self {
            Self::Root(_) => None,
            Self::Journal(_) => Some("open it once with the system's own rpm, which puts it right"),
            Self::NoFile(_)
            | Self::Database {
                cause: DatabaseError::NoPackages,
                ..
            } => Some("put the database there, or remove it, to begin a new one"),
            Self::Database {
                cause: DatabaseError::Sqlite(_) | DatabaseError::Columns { .. },
                ..
            } => Some("run `rpm --rebuilddb` in the system once, which makes it anew"),
            _ => None,
        };
        match self {
            Self::Root(cause) => at(span)(cause),
            other => {
                let error = ValueError::new(span, other.to_string());
                match help {
                    Some(help) => error.help(help).into(),
                    None => error.into(),
                }
            }
        }
    }
}

/// Why its files cannot be packed.
enum PackError {
    Database(DatabaseError),
    Spool(RootError),
}

impl From<DatabaseError> for PackError {
    fn from(cause: DatabaseError) -> Self {
        Self::Database(cause)
    }
}

/// The database of an image.
pub(super) struct Store {
    backend: Backend,
    database: Database,
    /// The file, where the image has one.
    path: Option<Vec<u8>>,
    /// What was added, by the place of each in the list of candidates.
    added: BTreeMap<usize, (u32, Header)>,
    /// Its files where they were packed: their names, and what of the spool they are.
    packed: Vec<(&'static str, Range<u64>)>,
}

impl Store {
    /// Reads the database of the image, and what is installed; nothing is where there is none.
    pub(super) fn open(root: &Root<'_>) -> Result<(Self, Vec<Installed>), StoreError> {
        let Some((path, backend)) = find(root)? else {
            let backend = configured_backend(root)?;
            let database = Database::new(backend);
            let database = database.map_err(|cause| failed(PLACES[0].as_bytes(), cause))?;
            let store = Self {
                backend,
                database,
                path: None,
                added: BTreeMap::new(),
                packed: Vec::new(),
            };
            return Ok((store, Vec::new()));
        };
        let beside = |ending: &str| [&*path, ending.as_bytes()].concat();
        let journal = beside("-journal");
        if root
            .read_large(&journal, LARGEST)?
            .is_some_and(|j| j.iter().any(|b| *b != 0))
        {
            return Err(StoreError::Journal(path));
        }
        let bytes = root.read_large(&path, LARGEST)?.unwrap_or_default();
        let log = root
            .read_large(&beside("-wal"), LARGEST)?
            .unwrap_or_default();
        let database = Database::open(backend, bytes, &log);
        let database = database.map_err(|cause| failed(&path, cause))?;
        let headers = database.headers().map_err(|cause| failed(&path, cause))?;
        let mut installed = Vec::new();
        for (number, header) in headers {
            let cause = |cause| failed(&path, DatabaseError::Header { number, cause });
            installed.push(Installed::new(At::Database(number), header).map_err(cause)?);
        }
        if backend == Backend::Bdb {
            pending::apply(root, &mut installed)?;
        }
        let store = Self {
            backend,
            database,
            path: Some(path),
            added: BTreeMap::new(),
            packed: Vec::new(),
        };
        Ok((store, installed))
    }

    /// Returns whether the database can only be read.
    pub(super) fn is_read_only(&self) -> bool {
        self.backend == Backend::Bdb
    }

    /// Tells of rows that belong to no package, which rpm's own check finds as well.
    pub(super) fn warn_of_stale_rows(
        &self,
        root: &mut Root<'_>,
        span: Span,
    ) -> Result<(), StoreError> {
        let table = self.database.stale_table();
        if let Some(table) = table.map_err(|cause| failed(self.shown(), cause))? {
            let database = show(self.shown());
            root.warn_at(
                span,
                format!(
                    "table {table} of the image's package database {database} has rows of packages \
                     that are not there; `rpm --rebuilddb` in the system puts that right"
                ),
            );
        }
        Ok(())
    }

    /// Adds packages by their places in the list of candidates, with what becomes of their files.
    pub(super) fn add(
        &mut self,
        candidates: &[Candidate],
        new: impl Iterator<Item = (usize, Vec<State>)>,
        time: Timestamp,
        color: u32,
    ) -> Result<(), StoreError> {
        // The database has 32 bits for it, without a sign.
        let time = u32::try_from(time.secs.max(0)).unwrap_or(u32::MAX);
        let mut places = Vec::new();
        let headers = new.map(|(place, states)| {
            places.push(place);
            let installation = Installation {
                time,
                color,
                states: states.iter().map(|state| *state as u8).collect(),
            };
            installed(&candidates[place].package, &installation)
        });
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        let numbers = self.database.add(&headers);
        let numbers = numbers.map_err(|cause| failed(self.shown(), cause))?;
        let added = numbers.into_iter().zip(headers);
        self.added.extend(places.into_iter().zip(added));
        Ok(())
    }

    /// Notes what became of files of a package that was added.
    pub(super) fn mark_new(
        &mut self,
        place: usize,
        changes: &[(usize, State)],
    ) -> Result<(), StoreError> {
        let Some((number, header)) = self.added.get(&place) else {
            return Ok(());
        };
        let marked = self.database.amend(*number, &marked(header, changes));
        marked.map_err(|cause| failed(self.shown(), cause))
    }

    /// Notes what became of files of a package that was installed when the step began.
    pub(super) fn mark(
        &mut self,
        there: &Installed,
        changes: &[(usize, State)],
    ) -> Result<(), StoreError> {
        let At::Database(number) = there.at else {
            return Ok(());
        };
        let header = marked(&there.header, changes);
        let marked = self.database.replace(number, &header);
        marked.map_err(|cause| failed(self.shown(), cause))
    }

    /// Removes one that was installed when the step began.
    pub(super) fn remove(&mut self, there: &At) -> Result<(), StoreError> {
        let At::Database(number) = there else {
            return Ok(());
        };
        let removed = self.database.remove(*number);
        removed.map_err(|cause| failed(self.shown(), cause))
    }

    /// Puts its files into a spool, in the place of those that it was packed as before.
    pub(super) fn pack(&mut self, spool: &dyn Spool) -> Result<(), StoreError> {
        let mut end = 0;
        self.packed.clear();
        let packed = self.database.files(|name, bytes| {
            let written = spool.write_all_at(bytes, end);
            written.map_err(|cause| PackError::Spool(RootError::Spool { cause }))?;
            let start = end;
            end += bytes.len() as u64;
            self.packed.push((name, start..end));
            Ok(())
        });
        packed.map_err(|error| match error {
            PackError::Database(cause) => failed(self.shown(), cause),
            PackError::Spool(cause) => cause.into(),
        })
    }

    /// Writes what was packed into the image, from its spool. What belongs to the old file is taken
    /// away.
    pub(super) fn write(&self, root: &mut Root<'_>, spool: SourceId) -> Result<(), StoreError> {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => join(new_place(root)?.as_bytes(), self.backend.file().as_bytes()),
        };
        if self.path.is_none() {
            root.mkdir_above(&path)?;
        }
        let folder = path.rsplitn(2, |byte| *byte == b'/').nth(1);
        for (name, Range { start, end }) in &self.packed {
            let file = join(folder.unwrap_or_default(), name.as_bytes());
            root.write_spooled(&file, Content::span(spool, *start, end - start))?;
        }
        for ending in ["-wal", "-shm", "-journal"] {
            match root.remove([&*path, ending.as_bytes()].concat()) {
                Err(RootError::Path {
                    cause: PathError::NotFound(_),
                    ..
                }) => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    fn shown(&self) -> &[u8] {
        self.path.as_deref().unwrap_or(PLACES[0].as_bytes())
    }
}

/// Returns a header in which files have other states.
fn marked(header: &Header, changes: &[(usize, State)]) -> Header {
    let mut header = header.clone();
    for (file, state) in changes {
        header.set_byte(tag::FILESTATES, *file, *state as u8);
    }
    header
}

/// Finds the database of the image. Where a folder has several, the others were left when rpm
/// changed to a newer kind.
fn find(root: &Root<'_>) -> Result<Option<(Vec<u8>, Backend)>, StoreError> {
    let mut found: Option<(Vec<u8>, Backend)> = None;
    let configured = configured_place(root)?;
    for folder in configured.as_deref().into_iter().chain(PLACES) {
        let file = |backend: Backend| join(folder.as_bytes(), backend.file().as_bytes());
        let there = Backend::ALL.map(|backend| (file(backend), backend));
        let there = there.into_iter().find(|(file, _)| root.lstat(file).is_ok());
        if let Some((file, _)) = &there
            && !root.is_file(file)
        {
            return Err(StoreError::NoFile(file.clone()));
        }
        match (&found, there) {
            (_, None) => {}
            (None, there) => found = there,
            (Some((first, _)), Some((second, _))) => {
                let [a, b] = [first, &second].map(|path| root.stat_links(path, true));
                if a?.number != b?.number {
                    return Err(StoreError::Two(first.clone(), second));
                }
            }
        }
    }
    Ok(found)
}

/// Returns the kind of database that the image's rpm makes.
fn configured_backend(root: &Root<'_>) -> Result<Backend, RootError> {
    let name = setting(root, "_db_backend")?;
    Ok(match name.as_deref() {
        Some("ndb") => Backend::Ndb,
        _ => Backend::Sqlite,
    })
}

/// Returns where the image's rpm is set to have its database, if it says so.
fn configured_place(root: &Root<'_>) -> Result<Option<String>, RootError> {
    let value = setting(root, "_dbpath")?;
    Ok(value.filter(|value| value.starts_with('/') && !value.contains(['%', '\0'])))
}

/// Returns where a new database goes: where the image's rpm looks for it, or into the folder that
/// is there.
fn new_place(root: &Root<'_>) -> Result<String, RootError> {
    if let Some(configured) = configured_place(root)? {
        return Ok(configured);
    }
    let there = PLACES.into_iter().find(|place| root.is_dir(place));
    Ok(there.unwrap_or(PLACES[1]).to_owned())
}

fn failed(path: &[u8], cause: DatabaseError) -> StoreError {
    StoreError::Database {
        path: path.to_vec(),
        cause,
    }
}

//! The image's package database: where it is, and what it says is installed.

use std::cell::OnceCell;

use fsgen::Timestamp;
use fsgen::tree::content::Content;
use fsgen::tree::path::PathError;
use thiserror::Error;

use super::set::Candidate;
use crate::error::at;
use crate::root::{join, show};
use crate::rpm::database::{Database, DatabaseError, Installation, LARGEST, installed};
use crate::rpm::file::{self, File, State};
use crate::rpm::header::{Header, HeaderError};
use crate::rpm::identity::Identity;
use crate::rpm::tag;
use crate::value::{Span, ValueError};
use crate::{Error as ModuleError, Root, RootError};

/// Where databases are: since Fedora 36 and on openSUSE, and before. Either may be a link to the
/// other.
const PLACES: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];

/// What rpm reads its settings from.
const MACROS: &str = "/usr/lib/rpm/macros";

/// The file of the sqlite backend.
const FILE: &str = "rpmdb.sqlite";

/// Files of other backends.
const OTHERS: [(&str, &str); 2] = [("Packages.db", "ndb"), ("Packages", "bdb")];

/// A package that the database lists.
pub(super) struct Installed {
    number: u32,
    pub(super) identity: Identity,
    pub(super) header: Header,
    files: OnceCell<Vec<File>>,
}

impl Installed {
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
    #[error(
        "the image's package database {} is of the kind {kind}, where only sqlite is known",
        show(path)
    )]
    Kind { path: Vec<u8>, kind: &'static str },
    #[error("the image's package database {} was not closed: it has a journal", show(.0))]
    Journal(Vec<u8>),
    #[error("the image has two package databases, {} and {}", show(.0), show(.1))]
    Two(Vec<u8>, Vec<u8>),
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
            Self::Kind { .. } => Some(
                "convert it on a running system with `rpmdb --rebuilddb` and %_db_backend sqlite",
            ),
            Self::Journal(_) => Some("open it once with the system's own rpm, which puts it right"),
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

/// The database of an image.
pub(super) struct Store {
    database: Database,
    /// The file, where the image has one.
    path: Option<Vec<u8>>,
    installed: Vec<Installed>,
}

impl Store {
    /// Reads the database of the image; one without has nothing installed.
    pub(super) fn open(root: &Root<'_>) -> Result<Self, StoreError> {
        let mut path = None;
        for folder in PLACES {
            let file = join(folder.as_bytes(), FILE.as_bytes());
            if !root.is_file(&file) {
                for (name, kind) in OTHERS {
                    let path = join(folder.as_bytes(), name.as_bytes());
                    if root.is_file(&path) {
                        return Err(StoreError::Kind { path, kind });
                    }
                }
                continue;
            }
            match &path {
                None => path = Some(file),
                Some(first) => {
                    let [a, b] = [first, &file].map(|path| root.stat_links(path, true));
                    if a?.number != b?.number {
                        return Err(StoreError::Two(first.clone(), file));
                    }
                }
            }
        }
        let Some(path) = path else {
            let database = Database::new().map_err(|cause| failed(PLACES[0].as_bytes(), cause))?;
            return Ok(Self {
                database,
                path: None,
                installed: Vec::new(),
            });
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
        let database = Database::open(bytes, &log).map_err(|cause| failed(&path, cause))?;
        let headers = database.headers().map_err(|cause| failed(&path, cause))?;
        let mut installed = Vec::new();
        for (number, header) in headers {
            let cause = |cause| failed(&path, DatabaseError::Header { number, cause });
            installed.push(Installed {
                number,
                identity: Identity::read(&header).map_err(cause)?,
                header,
                files: OnceCell::new(),
            });
        }
        Ok(Self {
            database,
            path: Some(path),
            installed,
        })
    }

    /// Returns what was installed when the step began.
    pub(super) fn installed(&self) -> &[Installed] {
        &self.installed
    }

    /// Adds a package that was installed now.
    pub(super) fn add(
        &mut self,
        candidate: &Candidate,
        time: Timestamp,
        color: u32,
        states: &[State],
    ) -> Result<(), StoreError> {
        // The database has 32 bits for it, without a sign.
        let time = u32::try_from(time.secs.max(0)).unwrap_or(u32::MAX);
        let installation = Installation {
            time,
            color,
            states: states.iter().map(|state| *state as u8).collect(),
        };
        let header = installed(&candidate.package, &installation)?;
        let added = self.database.add(&header);
        added.map(drop).map_err(|cause| failed(self.shown(), cause))
    }

    /// Notes what became of files of a package that was installed when the step began.
    pub(super) fn mark(
        &mut self,
        index: usize,
        changes: &[(usize, State)],
    ) -> Result<(), StoreError> {
        let there = &self.installed[index];
        let (number, mut header) = (there.number, there.header.clone());
        for (file, state) in changes {
            header.set_byte(tag::FILESTATES, *file, *state as u8);
        }
        let marked = self.database.replace(number, &header);
        marked.map_err(|cause| failed(self.shown(), cause))
    }

    /// Removes one that was installed when the step began.
    pub(super) fn remove(&mut self, index: usize) -> Result<(), StoreError> {
        let number = self.installed[index].number;
        let removed = self.database.remove(number);
        removed.map_err(|cause| failed(self.shown(), cause))
    }

    /// Writes the database into the image. What belongs to the old file is taken away.
    pub(super) fn write(self, root: &mut Root<'_>) -> Result<(), StoreError> {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => new_place(root)?,
        };
        let is_new = self.path.is_none();
        let file = self.database.file().map_err(|cause| failed(&path, cause))?;
        if is_new {
            root.mkdir_above(&path)?;
        }
        let (spool, source) = root.spool()?;
        let written = spool.write_all_at(&file, 0);
        written.map_err(|cause| RootError::Spool { cause })?;
        root.write_spooled(&path, Content::span(source, 0, file.len() as u64))?;
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

/// Returns where the image's rpm looks for its database, by its settings or by the folder that is
/// there.
fn new_place(root: &Root<'_>) -> Result<Vec<u8>, RootError> {
    let macros = root.read_if_exists(MACROS)?.unwrap_or_default();
    let macros = String::from_utf8_lossy(&macros);
    let configured = macros.lines().find_map(|line| {
        let value = line.strip_prefix("%_dbpath")?.trim();
        let value = value.replace("%{_var}", "/var").replace("%{_usr}", "/usr");
        PLACES.into_iter().find(|place| *place == value)
    });
    let there = || PLACES.into_iter().find(|place| root.is_dir(place));
    let folder = configured.or_else(there).unwrap_or(PLACES[1]);
    Ok(join(folder.as_bytes(), FILE.as_bytes()))
}

fn failed(path: &[u8], cause: DatabaseError) -> StoreError {
    StoreError::Database {
        path: path.to_vec(),
        cause,
    }
}

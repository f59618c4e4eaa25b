//! The database of installed packages, as one file in memory: rpm's backends sqlite and ndb, which
//! are read and written, and bdb, which is read.

mod bdb;
mod blob;
mod index;
mod ndb;
mod schema;
mod sqlite;
mod wal;

use thiserror::Error;

use super::header::{Header, HeaderError};

pub(crate) use blob::{Installation, installed};

/// The largest database that is read, in bytes. That of a whole desktop has some 200 MiB.
pub(crate) const LARGEST: u64 = 1 << 30;

/// What a package takes in memory beside the bytes of its header, about.
const ROW: u64 = 1024;

/// Why a database cannot be used.
#[derive(Debug, Error)]
pub(crate) enum DatabaseError {
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("this is no sqlite database")]
    NotADatabase,
    #[error("its write-ahead log is damaged: {0}")]
    Log(&'static str),
    #[error("package {number}: {cause}")]
    Header { number: u32, cause: HeaderError },
    #[error("it has views or triggers, which rpm never makes")]
    NotRpms,
    #[error("it has no table Packages, so it is none of rpm's")]
    NoPackages,
    #[error(
        "its table {table} has {found} columns, that of rpm {wanted}: rpm adds no package to it"
    )]
    Columns {
        table: &'static str,
        found: u32,
        wanted: u32,
    },
    #[error("its headers take more than {LARGEST} bytes")]
    TooLarge,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it would have more than 64 GiB, or more packages than it can count")]
    Full,
    #[error("hsb only reads databases of this kind")]
    ReadOnly,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// One file with tables; what Fedora has since 33.
    Sqlite,
    /// A file of headers, and one of indexes; what SUSE has.
    Ndb,
    /// Berkeley DB, a file for each index; what all had before.
    Bdb,
}

impl Backend {
    /// All of them; of several databases in one folder, rpm takes its own, which is the first of
    /// these since 4.16.
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Ndb, Self::Bdb];

    /// Returns the file with the headers.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Sqlite => "rpmdb.sqlite",
            Self::Ndb => "Packages.db",
            Self::Bdb => "Packages",
        }
    }
}

/// A database of installed packages.
pub(crate) enum Database {
    Sqlite(sqlite::Sqlite),
    Ndb(ndb::Ndb),
    Bdb(Vec<(u32, Vec<u8>)>),
}

impl Database {
    /// Returns a database without packages.
    pub(crate) fn new(backend: Backend) -> Result<Self, DatabaseError> {
        Ok(match backend {
            Backend::Sqlite => Self::Sqlite(sqlite::Sqlite::new()?),
            Backend::Ndb => Self::Ndb(ndb::Ndb::new()),
            Backend::Bdb => return Err(DatabaseError::ReadOnly),
        })
    }

    /// Opens a database file; one of sqlite together with its write-ahead log where it has one.
    pub(crate) fn open(backend: Backend, file: Vec<u8>, log: &[u8]) -> Result<Self, DatabaseError> {
        Ok(match backend {
            Backend::Sqlite => Self::Sqlite(sqlite::Sqlite::open(file, log)?),
            Backend::Ndb => Self::Ndb(ndb::Ndb::open(&file)?),
            Backend::Bdb => Self::Bdb(bdb::read(&file)?),
        })
    }

    /// Returns the headers with their numbers, in the order of these.
    pub(crate) fn headers(&self) -> Result<Vec<(u32, Header)>, DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.headers(),
            Self::Ndb(ndb) => ndb.headers(),
            Self::Bdb(headers) => {
                let headers = headers.iter().map(|(number, blob)| (*number, &**blob));
                parsed(headers)
            }
        }
    }

    /// Returns a table with rows of packages that are not there. The indexes of ndb are made anew,
    /// and those of bdb are left to rpm.
    pub(crate) fn stale_table(&self) -> Result<Option<String>, DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.stale_table(),
            Self::Ndb(_) | Self::Bdb(_) => Ok(None),
        }
    }

    /// Adds the headers of packages; returns their numbers.
    pub(crate) fn add(&mut self, headers: &[Header]) -> Result<Vec<u32>, DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.add(headers),
            Self::Ndb(ndb) => ndb.add(headers),
            Self::Bdb(_) => Err(DatabaseError::ReadOnly),
        }
    }

    /// Writes the header of a package anew, after a byte that no index has changed.
    pub(crate) fn replace(&mut self, number: u32, header: &Header) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.replace(number, header),
            Self::Ndb(ndb) => {
                ndb.replace(number, header);
                Ok(())
            }
            Self::Bdb(_) => Err(DatabaseError::ReadOnly),
        }
    }

    /// Changes the header of a package that was added after the database was read, as if it had
    /// been added so.
    pub(crate) fn amend(&mut self, number: u32, header: &Header) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.replace(number, header),
            Self::Ndb(ndb) => {
                ndb.amend(number, header);
                Ok(())
            }
            Self::Bdb(_) => Err(DatabaseError::ReadOnly),
        }
    }

    /// Removes a package.
    pub(crate) fn remove(&mut self, number: u32) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.remove(number),
            Self::Ndb(ndb) => {
                ndb.remove(number);
                Ok(())
            }
            Self::Bdb(_) => Err(DatabaseError::ReadOnly),
        }
    }

    /// Hands the files to `put`, each by its name: that of the headers first.
    pub(crate) fn files<E: From<DatabaseError>>(
        &mut self,
        mut put: impl FnMut(&'static str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sqlite(sqlite) => put(Backend::Sqlite.file(), &sqlite.file()?),
            Self::Ndb(ndb) => {
                let indexes = ndb.indexes()?;
                put(Backend::Ndb.file(), &ndb.file()?)?;
                put("Index.db", &indexes)
            }
            Self::Bdb(_) => Err(DatabaseError::ReadOnly.into()),
        }
    }
}

/// Parses headers that have numbers, as far as all of them fit into memory.
fn parsed<'b>(
    blobs: impl Iterator<Item = (u32, &'b [u8])>,
) -> Result<Vec<(u32, Header)>, DatabaseError> {
    let mut total = 0;
    let mut headers = Vec::new();
    for (number, blob) in blobs {
        total += blob.len() as u64 + ROW;
        if total > LARGEST {
            return Err(DatabaseError::TooLarge);
        }
        let header = Header::parse(blob.to_vec(), crate::rpm::tag::HEADER_IMMUTABLE);
        let header = header.map_err(|cause| DatabaseError::Header { number, cause })?;
        headers.push((number, header));
    }
    Ok(headers)
}

/// Returns the number at a place, low byte first; none past the end.
fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

//! rpm's sqlite backend, as one file in memory.
//!
//! One table has the headers, 18 others have what is looked up in them. rpm since 4.16 reads it;
//! its layout is that of `lib/backend/sqlite.c` there.

use rusqlite::serialize::Data;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, MAIN_DB, OptionalExtension, params};

use super::schema::{self, TABLES};
use super::{DatabaseError, LARGEST, ROW, index, wal};
use crate::rpm::header::Header;
use crate::rpm::tag;

/// The bytes of a database file that say who may read and write it: 1 for a rollback journal, 2
/// for a write-ahead log (sqlite's file format, 1.3).
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;

/// A database of installed packages.
pub(crate) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    /// Returns a database without packages.
    pub(super) fn new() -> Result<Self, DatabaseError> {
        let connection = Connection::open_in_memory()?;
        for statement in schema::statements() {
            connection.execute_batch(&statement)?;
        }
        Ok(Self { connection })
    }

    /// Opens a database file, together with its write-ahead log where it has one.
    pub(super) fn open(mut file: Vec<u8>, log: &[u8]) -> Result<Self, DatabaseError> {
        wal::replay(&mut file, log)?;
        let versions = file.get_mut(FORMAT_VERSIONS);
        versions.ok_or(DatabaseError::NotADatabase)?.fill(1);
        let mut connection = Connection::open_in_memory()?;
        connection.deserialize_read_exact(MAIN_DB, &*file, file.len(), false)?;
        // What is in the file is data: no view or trigger of it may call functions.
        connection.execute_batch("PRAGMA trusted_schema = OFF")?;
        // Nor may any be there: it could have rows without end.
        let select = "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')";
        let others: u32 = connection.query_row(select, [], |row| row.get(0))?;
        if others > 0 {
            return Err(DatabaseError::NotRpms);
        }
        let database = Self { connection };
        match database.columns("Packages")? {
            0 => Err(DatabaseError::NoPackages),
            _ => Ok(database),
        }
    }

    /// Returns the headers with their numbers, in the order of these.
    pub(super) fn headers(&self) -> Result<Vec<(u32, Header)>, DatabaseError> {
        let select = "SELECT hnum, blob FROM Packages ORDER BY hnum";
        let mut statement = self.connection.prepare(select)?;
        let mut rows = statement.query([])?;
        let mut headers = Vec::new();
        let mut total = 0;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            let blob: Vec<u8> = row.get(1)?;
            // Rows of a damaged file may share pages, and each takes memory beside its bytes.
            total += blob.len() as u64 + ROW;
            if total > LARGEST {
                return Err(DatabaseError::TooLarge);
            }
            let header = Header::parse(blob, tag::HEADER_IMMUTABLE);
            let header = header.map_err(|cause| DatabaseError::Header { number, cause })?;
            headers.push((number, header));
        }
        Ok(headers)
    }

    /// Returns a table with rows of packages that are not there.
    pub(super) fn stale_table(&self) -> Result<Option<String>, DatabaseError> {
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let table = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(table)
    }

    /// Returns how many columns a table has; none where it is missing.
    fn columns(&self, table: &str) -> Result<u32, DatabaseError> {
        let select = "SELECT count(*) FROM pragma_table_info(?1)";
        Ok(self
            .connection
            .query_row(select, [table], |row| row.get(0))?)
    }

    /// Checks that the tables are there, with the columns that rpm's have: it opens no database
    /// without one of them, and gives each row so many values.
    fn check_columns(&self) -> Result<(), DatabaseError> {
        let indexes = TABLES.iter().map(|table| (table.name, 3));
        for (table, wanted) in [("Packages", 2)].into_iter().chain(indexes) {
            let found = self.columns(table)?;
            if found != wanted {
                return Err(DatabaseError::Columns {
                    table,
                    found,
                    wanted,
                });
            }
        }
        Ok(())
    }

    /// Adds the headers of installed packages; returns their numbers.
    pub(super) fn add(&mut self, headers: &[Header]) -> Result<Vec<u32>, DatabaseError> {
        self.check_columns()?;
        // Indexes that are missing rpm makes, too, when it next writes.
        for statement in schema::statements() {
            self.connection.execute_batch(&statement)?;
        }
        let transaction = self.connection.transaction()?;
        let mut numbers = Vec::new();
        let mut insert = transaction.prepare("INSERT INTO Packages (blob) VALUES (?1)")?;
        for header in headers {
            let number = insert.insert(params![header.blob()])?;
            numbers.push(u32::try_from(number).unwrap_or(u32::MAX));
        }
        drop(insert);
        for table in &TABLES {
            let insert = format!("INSERT INTO '{}' VALUES (?1, ?2, ?3)", table.name);
            let mut insert = transaction.prepare(&insert)?;
            for (header, number) in headers.iter().zip(&numbers) {
                for (key, place) in index::rows(header, table) {
                    let key = ToSqlOutput::Borrowed(match table.is_text {
                        true => ValueRef::Text(&key),
                        false => ValueRef::Blob(&key),
                    });
                    insert.execute(params![key, number, place])?;
                }
            }
        }
        transaction.commit()?;
        Ok(numbers)
    }

    /// Writes the header of a package anew, after a byte that no table has changed.
    pub(super) fn replace(&mut self, number: u32, header: &Header) -> Result<(), DatabaseError> {
        let update = "UPDATE Packages SET blob = ?1 WHERE hnum = ?2";
        self.connection
            .execute(update, params![header.blob(), number])?;
        Ok(())
    }

    /// Removes a package.
    pub(super) fn remove(&mut self, number: u32) -> Result<(), DatabaseError> {
        self.check_columns()?;
        let transaction = self.connection.transaction()?;
        for table in &TABLES {
            let delete = format!("DELETE FROM '{}' WHERE hnum = ?1", table.name);
            transaction.execute(&delete, [number])?;
        }
        transaction.execute("DELETE FROM Packages WHERE hnum = ?1", [number])?;
        transaction.commit()?;
        Ok(())
    }

    /// Returns the file.
    pub(super) fn file(&mut self) -> Result<Data<'_>, DatabaseError> {
        Ok(self.connection.serialize(MAIN_DB)?)
    }
}

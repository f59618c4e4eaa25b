//! The tables of the database (rpm's `lib/backend/sqlite.c` and `lib/rpmdb.c`).

use crate::rpm::tag;

/// A table in which headers are looked up by the values of one tag.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) tag: u32,
    /// Whether its keys are texts, which sqlite indexes. The others are bytes.
    pub(super) is_text: bool,
    /// Whether a header has many values, so that its rows are indexed as well.
    is_many: bool,
}

const fn one(name: &'static str, tag: u32) -> Table {
    Table {
        name,
        tag,
        is_text: true,
        is_many: false,
    }
}

const fn many(name: &'static str, tag: u32) -> Table {
    Table {
        is_many: true,
        ..one(name, tag)
    }
}

const fn bytes(name: &'static str, tag: u32) -> Table {
    Table {
        is_text: false,
        ..one(name, tag)
    }
}

/// The tables in the order in which rpm makes them.
pub(super) const TABLES: [Table; 18] = [
    one("Name", tag::NAME),
    many("Basenames", tag::BASENAMES),
    one("Group", tag::GROUP),
    many("Requirename", tag::REQUIRENAME),
    many("Providename", tag::PROVIDENAME),
    many("Conflictname", tag::CONFLICTNAME),
    many("Obsoletename", tag::OBSOLETENAME),
    many("Triggername", tag::TRIGGERNAME),
    many("Dirnames", tag::DIRNAMES),
    bytes("Installtid", tag::INSTALLTID),
    bytes("Sigmd5", tag::SIGMD5),
    one("Sha1header", tag::SHA1HEADER),
    many("Filetriggername", tag::FILETRIGGERNAME),
    many("Transfiletriggername", tag::TRANSFILETRIGGERNAME),
    many("Recommendname", tag::RECOMMENDNAME),
    many("Suggestname", tag::SUGGESTNAME),
    many("Supplementname", tag::SUPPLEMENTNAME),
    many("Enhancename", tag::ENHANCENAME),
];

/// Returns the statements that make what is missing, word for word those of rpm, which sqlite
/// keeps in the file.
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![
        "CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,\
         blob BLOB NOT NULL)"
            .to_owned(),
    ];
    for table in &TABLES {
        let name = table.name;
        let key = if table.is_text { "TEXT" } else { "BLOB" };
        all.push(format!(
            "CREATE TABLE IF NOT EXISTS '{name}' (key '{key}' NOT NULL, hnum INTEGER NOT NULL, \
             idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES 'Packages'(hnum))"
        ));
        let indexed = [("key", table.is_text), ("hnum", table.is_many)];
        for (column, _) in indexed.iter().filter(|(_, is_indexed)| *is_indexed) {
            all.push(format!(
                "CREATE INDEX IF NOT EXISTS '{name}_{column}_idx' ON '{name}'({column} ASC)"
            ));
        }
    }
    all
}

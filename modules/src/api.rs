//! The `root` API of people's own modules: the calls on [`Root`] as data, one table for all languages.
//!
//! Python, Starlark and executables offer the same operations, with the same parameters, defaults
//! and errors, because each of them only hands a name and arguments to [`call`]. Bindings,
//! documentation and schema are made from [`OPERATIONS`].
//!
//! Paths are those of the image: `etc/motd` and `/etc/motd` are the same, and none leads out of
//! it. Names, paths and contents are bytes, not UTF-8; a binding decides how its language shows
//! them, by the [`Type`] that the table gives.

mod accounts;
mod args;
mod content;
mod data;
mod error;
mod meta;
mod names;
mod operation;
mod questions;
mod system;
mod systemd;
mod template;
#[cfg(test)]
mod tests;

use crate::Root;
use crate::value::nearest;

use args::Args;

pub use data::Data;
pub use error::{Error, ErrorKind};
pub use operation::{Literal, Operation, Parameter, Type};

/// Every operation, in the order of their names.
pub const OPERATIONS: &[Operation] = &[
    accounts::ADD_GROUP,
    accounts::ADD_USER,
    content::APPEND,
    meta::CHMOD,
    meta::CHOWN,
    names::COPY,
    systemd::DISABLE,
    content::EDIT_LINE,
    systemd::ENABLE,
    questions::EXISTS,
    meta::GETXATTR,
    questions::GLOB,
    accounts::GROUP,
    accounts::GROUPS,
    system::INFO,
    questions::IS_DIR,
    questions::IS_FILE,
    questions::IS_LINK,
    content::LINES,
    names::LINK,
    questions::LIST,
    meta::LISTXATTR,
    systemd::MASK,
    names::MKDIR,
    names::MKNOD,
    system::OS_RELEASE,
    system::PARTITIONS,
    content::PUT,
    content::READ,
    content::READ_BYTES,
    questions::READLINK,
    names::REMOVE,
    meta::REMOVEXATTR,
    names::RENAME,
    content::REPLACE,
    meta::SETXATTR,
    questions::STAT,
    names::SYMLINK,
    template::TEMPLATE,
    content::TRUNCATE,
    systemd::UNMASK,
    accounts::USER,
    accounts::USERS,
    meta::UTIME,
    questions::WALK,
    system::WARN,
    content::WRITE,
    content::WRITE_BYTES,
];

/// Returns the operation of that name.
pub fn find(name: &str) -> Option<&'static Operation> {
    let place = OPERATIONS.binary_search_by(|operation| operation.name.cmp(name));
    place.ok().map(|place| &OPERATIONS[place])
}

/// Does one operation: checks its arguments against the table, then acts.
///
/// `args` are the arguments given by position, `named` those given by name.
///
/// # Errors
///
/// Fails with [`ErrorKind::Invalid`] on an unknown operation or parameter and on an argument of the
/// wrong type; otherwise as the operation does. Arguments that do not fit change nothing.
pub fn call(
    root: &mut Root<'_>,
    operation: &str,
    args: Vec<Data>,
    named: Vec<(String, Data)>,
) -> Result<Data, Error> {
    let found = find(operation).ok_or_else(|| {
        let error = Error::invalid(format!("unknown operation `{operation}`"));
        let known = OPERATIONS.iter().map(|operation| operation.name);
        match nearest(operation, known) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    })?;
    let mut args = Args::bind(found, args, named)?;
    let done = (found.act)(root, &mut args)?;
    debug_assert!(args.is_empty(), "{operation} leaves arguments unread");
    Ok(done)
}

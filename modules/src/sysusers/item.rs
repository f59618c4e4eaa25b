//! One line of sysusers.d(5), read.

use crate::accounts::{ids, number};
use crate::dropins::specifier::{Specifiers, Unexpanded};
use crate::dropins::words::{self, Backslash};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    User(User),
    Group(Group),
    /// `m`: a user, and a group to be in.
    Member(String, String),
    /// `r`: the first and the last number that may be given away.
    Range(u32, u32),
}

/// `u`: a user to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: Option<u32>,
    /// The number of the group, which must be there.
    pub(super) gid: Option<u32>,
    /// The name of the group, which must be there.
    pub(super) group: Option<String>,
    /// The path whose owner gives the number.
    pub(super) like: Option<String>,
    pub(super) gecos: Option<String>,
    pub(super) home: Option<String>,
    pub(super) shell: Option<String>,
    /// `u!`: the account has expired from the start.
    pub(super) locked: bool,
}

/// `g`: a group to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: Option<u32>,
    /// The path whose group gives the number.
    pub(super) like: Option<String>,
}

/// The longest name, in bytes: that of utmp(5), without its closing NUL.
const LONGEST: usize = 31;

/// Reads a line.
///
/// # Errors
///
/// Returns what is wrong.
pub(super) fn parse(line: &[u8], specifiers: &Specifiers) -> Result<Item, String> {
    let (words, rest) = words::split(line, 6, Backslash::Literal)?;
    if !rest.is_empty() {
        return Err("has more than the six fields type, name, id, gecos, home, shell".to_owned());
    }
    let mut fields = words.into_iter();
    let kind = fields.next().unwrap_or_default();
    let mut field = || {
        let word = fields.next().unwrap_or_default();
        let expanded = specifiers
            .expand(&word)
            .map_err(|e: Unexpanded| e.to_string())?;
        let text = String::from_utf8(expanded).map_err(|_| "is not UTF-8".to_owned())?;
        Ok::<_, String>((!text.is_empty() && text != "-").then_some(text))
    };
    let (name, id) = (field()?, field()?);
    let (gecos, home, shell) = (field()?, field()?, field()?);
    let only_users = |item| match (&gecos, &home, &shell) {
        (None, None, None) => Ok(item),
        _ => Err("has gecos, home or shell, which only `u` lines take".to_owned()),
    };
    let named = |name: Option<String>| {
        let name = name.ok_or("lacks a name")?;
        if is_name(&name) {
            Ok(name)
        } else {
            Err(format!(
                "{name:?} is no name: up to {LONGEST} of a-z, A-Z, 0-9, `_` and `-`, the first a \
                 letter or `_`"
            ))
        }
    };
    match &*kind {
        b"u" | b"u!" => {
            let mut user = User {
                name: named(name)?,
                locked: kind == b"u!",
                gecos: gecos.map(check_gecos).transpose()?,
                home: home.map(check_path).transpose()?,
                shell: shell.map(check_path).transpose()?,
                ..User::default()
            };
            read_user_id(&mut user, id)?;
            Ok(Item::User(user))
        }
        b"g" => {
            let (gid, like) = match id {
                Some(path) if path.starts_with('/') => (None, Some(simplify(&path))),
                Some(id) => (Some(read_id(&id)?), None),
                None => (None, None),
            };
            let name = named(name)?;
            only_users(Item::Group(Group { name, gid, like }))
        }
        b"m" => {
            let group = named(Some(id.ok_or("lacks a group")?))?;
            only_users(Item::Member(named(name)?, group))
        }
        b"r" => {
            if name.is_some() {
                return Err("has a name, which `r` lines do not take: write `-`".to_owned());
            }
            let range = id.ok_or("lacks a range of numbers")?;
            let (first, last) = range.split_once('-').unwrap_or((&range, &range));
            let (first, last) = (read_id(first)?, read_id(last)?);
            if first > last {
                return Err(format!("the range {range} is upside down"));
            }
            only_users(Item::Range(first, last))
        }
        _ => Err(format!(
            "{:?} is none of the types u, u!, g, m, r",
            String::from_utf8_lossy(&kind)
        )),
    }
}

/// Reads `UID`, `UID:GID`, `UID:GROUP`, a path or nothing; the number may be `-`.
fn read_user_id(user: &mut User, id: Option<String>) -> Result<(), String> {
    let Some(id) = id else {
        return Ok(());
    };
    if id.starts_with('/') {
        user.like = Some(simplify(&id));
        return Ok(());
    }
    let (uid, group) = match id.split_once(':') {
        Some((uid, group)) => (uid, Some(group)),
        None => (&*id, None),
    };
    match group {
        Some(name) if is_name(name) => user.group = Some(name.to_owned()),
        Some(gid) => user.gid = Some(read_id(gid)?),
        None => {}
    }
    if uid != "-" {
        user.uid = Some(read_id(uid)?);
    }
    Ok(())
}

/// Reads the number of a user or group.
fn read_id(text: &str) -> Result<u32, String> {
    let is_plain = text == "0" || !text.starts_with('0');
    let id = number(text.as_bytes()).filter(|id| is_plain && ids::check(*id).is_ok());
    id.ok_or_else(|| format!("{text:?} is no number of a user or group"))
}

fn is_name(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    first && name.len() <= LONGEST && name.bytes().all(rest)
}

fn check_gecos(text: String) -> Result<String, String> {
    if text.contains(':') || text.chars().any(char::is_control) {
        return Err(format!(
            "{text:?} has `:` or control characters, which gecos cannot have"
        ));
    }
    Ok(text)
}

fn check_path(path: String) -> Result<String, String> {
    let path = simplify(&path);
    let is_odd = path.contains(':') || path.chars().any(char::is_control);
    if !path.starts_with('/') || is_odd || path.split('/').any(|name| name == "..") {
        return Err(format!("{path:?} is no absolute path without `..` and `:`"));
    }
    Ok(path)
}

/// Takes out what a path has twice.
fn simplify(path: &str) -> String {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    let names: Vec<_> = names.collect();
    let start = if path.starts_with('/') { "/" } else { "" };
    start.to_owned() + &names.join("/")
}

//! The sshd of the image: which keywords and algorithms it knows.
//!
//! They are texts in the program, each with a zero byte behind it. What is a text there may still
//! be refused, but what is none is unknown for sure.

use super::algorithm::names;
use super::argument::{Takes, words};
use super::config::Asked;
use super::keyword::Version;
use crate::value::ValueError;
use crate::{Error, Root, RootError};

const PLACES: [&str; 5] = [
    "/usr/sbin/sshd",
    "/usr/bin/sshd",
    "/sbin/sshd",
    "/bin/sshd",
    "/usr/lib/ssh/sshd",
];

/// Returns the path of the program.
pub(super) fn find(root: &Root<'_>) -> Option<&'static str> {
    PLACES.into_iter().find(|path| root.is_file(path))
}

/// Returns the version that the program says it is.
pub(super) fn version(root: &Root<'_>) -> Result<Option<Version>, RootError> {
    let Some(path) = find(root) else {
        return Ok(None);
    };
    let program = root.read(path)?;
    let mark = b"OpenSSH_";
    let found = memchr::memmem::find_iter(&program, mark);
    let mut found = found.filter_map(|at| {
        let rest = &program[at + mark.len()..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'.');
        let (major, minor) = str::from_utf8(&rest[..end?]).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    Ok(found.next())
}

/// Fails at the first keyword or algorithm that the program does not know: it would not start.
pub(super) fn check(root: &Root<'_>, asked: &[Asked]) -> Result<(), Error> {
    let Some(path) = find(root) else {
        return Ok(());
    };
    let program = root.read(path)?;
    if !program.starts_with(b"\x7fELF") {
        return Ok(());
    }
    let mut wanted = Vec::new();
    for asked in asked {
        let name = asked.keyword.name;
        let text = name.to_ascii_lowercase();
        wanted.push((asked, text, true, format!("option {name}")));
        if let Takes::Algorithms(sort) = asked.keyword.takes {
            let lists = asked
                .values
                .iter()
                .filter_map(|value| words(value))
                .flatten();
            // What is not there may be taken away.
            let lists: Vec<_> = lists.filter(|list| !list.starts_with('-')).collect();
            let names = lists.iter().flat_map(|list| names(list).split(','));
            let names = names.filter(|name| !name.contains(['*', '?', '!', '"', '\'']));
            wanted.extend(names.map(|name| {
                let what = format!("{name} for {}", asked.keyword.name);
                (asked, name.to_owned(), sort.has(name), what)
            }));
        }
    }
    // A text can be the end of another one: linkers let them share their bytes. What looks like no
    // name is none because of that.
    for text in program.split(|b| *b == 0) {
        wanted.retain(|(_, name, may_end, _)| match may_end {
            true => !text.ends_with(name.as_bytes()),
            false => text != name.as_bytes(),
        });
    }
    match wanted.first() {
        None => Ok(()),
        Some((asked, .., what)) => {
            let error = ValueError::new(asked.span, format!("the image's sshd has no {what}"));
            let help = format!("{path} is older, or built without it, and would not start");
            Err(error.help(help).into())
        }
    }
}

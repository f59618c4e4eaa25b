//! What a line of tmpfiles.d(5) is about in one image: specifiers replaced, names looked up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::acl;
use super::line::{self, Fields, Mode, Modifiers, Named};
use crate::acl::Acl;
use crate::dropins::specifier::{Specifiers, Unexpanded};
use crate::dropins::words::{self, Backslash};
use crate::root::{Root, join};

/// A line, ready to be followed.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The place of the line in what is applied.
    pub(super) line: usize,
    pub(super) kind: u8,
    pub(super) modifiers: Modifiers,
    pub(super) path: Vec<u8>,
    pub(super) mode: Option<Mode>,
    pub(super) uid: Option<Id>,
    pub(super) gid: Option<Id>,
    pub(super) age: Option<String>,
    pub(super) argument: Argument,
}

/// The number of a user or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) id: u32,
    /// Only of what is new.
    pub(super) only_new: bool,
}

/// Names and values of extended attributes.
pub(super) type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// What the seventh field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    /// Content, the target of a link, or the source of a copy.
    Bytes(Vec<u8>),
    /// Major and minor number.
    Device(u32, u32),
    /// Names and values.
    Attributes(Attributes),
    /// What is for the path itself, and for what will be made in it.
    Acls {
        access: Option<acl::Access>,
        default: Option<Acl>,
    },
}

/// Why a line is not followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It is not for images.
    Skipped,
    /// A running system has to do it, for the reason.
    Later(String),
    /// It is wrong.
    Wrong(String),
}

/// Where the filesystems lie that only a running system has.
const RUNTIME: [&[u8]; 4] = [b"/dev", b"/proc", b"/run", b"/sys"];

/// The folder of what links and copies without a source are of.
const FACTORY: &[u8] = b"/usr/share/factory";

impl Item {
    /// Returns what a line stands for.
    pub(super) fn read(
        line: usize,
        text: &[u8],
        root: &Root<'_>,
        specifiers: &Specifiers,
    ) -> Result<Self, Left> {
        let fields = line::parse(text).map_err(Left::Wrong)?;
        if fields.modifiers.boot || fields.modifiers.credential {
            return Err(Left::Skipped);
        }
        let path = specifiers.expand(&fields.path).map_err(left)?;
        if !path.starts_with(b"/") {
            let shown = path.escape_ascii();
            return Err(Left::Wrong(format!("the path {shown} is not absolute")));
        }
        let path = simplify(&path);
        if path.split(|b| *b == b'/').any(|name| name == b"..") {
            let shown = path.escape_ascii();
            return Err(Left::Wrong(format!("the path {shown} has `..` in it")));
        }
        let path = match path.strip_prefix(b"/var/run/") {
            Some(rest) => join(b"/run", rest),
            None => path,
        };
        if RUNTIME.iter().any(|top| is_in(&path, top)) {
            return Err(Left::Skipped);
        }
        let argument = argument(&fields, &path, root, specifiers)?;
        let id = |named: Option<Named>, find: &dyn Fn(&Named) -> Option<u32>, what| {
            let look_up = |named: Named| {
                let id = find(&named).ok_or_else(|| no_such(what, &named))?;
                let only_new = named.only_new;
                Ok(Id { id, only_new })
            };
            named.map(look_up).transpose()
        };
        Ok(Self {
            line,
            kind: fields.kind,
            modifiers: fields.modifiers,
            path,
            mode: fields.mode,
            uid: id(fields.user, &|named| root.uid(&named.owner).ok(), "user")?,
            gid: id(fields.group, &|named| root.gid(&named.owner).ok(), "group")?,
            age: fields.age,
            argument,
        })
    }

    /// Returns whether the path is a pattern.
    pub(super) fn is_glob(&self) -> bool {
        b"wexXrRzZmtTaAhH".contains(&self.kind)
    }

    /// Returns whether the line says what is to be at the path, so that another cannot.
    pub(super) fn is_owner(&self) -> bool {
        b"fFdDevqQpLcbCwxXrR".contains(&self.kind)
    }

    /// Returns whether two lines of one path can both be followed.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        let what = |item: &Self| {
            let Self { mode, uid, gid, .. } = *item;
            // The source of a copy is a path in the image, other arguments are texts.
            let is_source = item.kind == b'C';
            let (age, argument) = (item.age.clone(), item.argument.clone());
            (mode, uid, gid, age, argument, is_source)
        };
        let appends = |item: &Self| item.kind == b'w' && item.modifiers.plus;
        !(self.is_owner() && other.is_owner())
            || what(self) == what(other)
            || appends(self) && appends(other)
    }

    /// Returns the mode of something new.
    pub(super) fn new_mode(&self) -> u16 {
        let default = if b"dDvqQ".contains(&self.kind) {
            0o755
        } else {
            0o644
        };
        self.mode.map_or(default, |mode| mode.bits)
    }
}

fn argument(
    fields: &Fields,
    path: &[u8],
    root: &Root<'_>,
    specifiers: &Specifiers,
) -> Result<Argument, Left> {
    let Some(text) = &fields.argument else {
        return match fields.kind {
            b'L' => Ok(Argument::Bytes([FACTORY, path].concat())),
            b'C' => source([FACTORY, path].concat(), root),
            _ => Ok(Argument::None),
        };
    };
    match fields.kind {
        b'f' | b'F' | b'w' if fields.modifiers.base64 => {
            let text: Vec<u8> = text
                .iter()
                .copied()
                .filter(|b| !b.is_ascii_whitespace())
                .collect();
            let decoded = STANDARD.decode(text);
            let wrong = |cause| Left::Wrong(format!("the argument is no Base64: {cause}"));
            decoded.map(Argument::Bytes).map_err(wrong)
        }
        b'f' | b'F' | b'w' | b'L' | b'C' => {
            let text = words::unescape(text).map_err(Left::Wrong)?;
            let text = specifiers.expand(&text).map_err(left)?;
            if fields.kind == b'C' {
                return source(text, root);
            }
            Ok(Argument::Bytes(text))
        }
        b'c' | b'b' => {
            let (major, minor) = line::device(text).unwrap_or_default();
            Ok(Argument::Device(major, minor))
        }
        b't' | b'T' => attributes(text, specifiers).map(Argument::Attributes),
        b'a' | b'A' => {
            let plus = fields.modifiers.plus;
            let (access, default) = acl::parse(text, root, !plus).map_err(Left::Wrong)?;
            Ok(Argument::Acls { access, default })
        }
        _ => Ok(Argument::None),
    }
}

/// A copy whose source is missing is not made.
fn source(path: Vec<u8>, root: &Root<'_>) -> Result<Argument, Left> {
    if !path.starts_with(b"/") {
        let shown = path.escape_ascii();
        return Err(Left::Wrong(format!("the source {shown} is not absolute")));
    }
    let path = simplify(&path);
    match root.lstat(&path) {
        Ok(_) => Ok(Argument::Bytes(path)),
        Err(_) => Err(Left::Skipped),
    }
}

fn attributes(text: &[u8], specifiers: &Specifiers) -> Result<Attributes, Left> {
    let (words, _) = words::split(text, usize::MAX, Backslash::C).map_err(Left::Wrong)?;
    let pair = |word: Vec<u8>| {
        let cut = word.iter().position(|b| *b == b'=');
        let parts = cut.map(|at| (&word[..at], &word[at + 1..]));
        let parts = parts.filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let shown = word.escape_ascii();
        let wrong = || Left::Wrong(format!("{shown} is not of the form NAME=VALUE"));
        let (name, value) = parts.ok_or_else(wrong)?;
        let value = specifiers.expand(value).map_err(left)?;
        Ok((specifiers.expand(name).map_err(left)?, value))
    };
    words.into_iter().map(pair).collect()
}

fn left(why: Unexpanded) -> Left {
    match why {
        Unexpanded::Unknown(_) => Left::Wrong(why.to_string()),
        Unexpanded::Later(_) => Left::Later(why.to_string()),
    }
}

fn no_such(what: &str, named: &Named) -> Left {
    Left::Wrong(match &named.owner {
        crate::Owner::Name(name) => format!("the image has no {what} {}", name.escape_ascii()),
        crate::Owner::Id(id) => format!("{id} is no {what}"),
    })
}

/// Returns whether a path is another or below it.
pub(super) fn is_in(path: &[u8], top: &[u8]) -> bool {
    let rest = path.strip_prefix(top);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Takes out what a path has twice.
fn simplify(path: &[u8]) -> Vec<u8> {
    let names = path.split(|b| *b == b'/');
    let names = names.filter(|name| !matches!(*name, b"" | b"."));
    let mut simple = Vec::new();
    for name in names {
        simple = join(&simple, name);
    }
    if simple.is_empty() {
        b"/".to_vec()
    } else {
        simple
    }
}

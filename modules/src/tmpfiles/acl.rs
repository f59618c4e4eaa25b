//! Access control lists in the words of acl(5), set on a path.

use std::collections::BTreeSet;

use fsgen::Kind;

use crate::acl::{ACCESS, Acl, DEFAULT, GROUP, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ};
use crate::root::{Owner, Root, RootError};

/// Entries for a path itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Access {
    acl: Acl,
    /// Those with `X`: their `x` is meant for directories, and for what somebody may execute anyway.
    conditional: BTreeSet<(u16, u32)>,
}

/// Reads the entries of a line: those of the file itself, and those that are to be the default in a
/// directory. With `masked`, what names somebody in these gets a mask right away.
///
/// # Errors
///
/// Returns what is wrong.
pub(super) fn parse(
    text: &[u8],
    root: &Root<'_>,
    masked: bool,
) -> Result<(Option<Access>, Option<Acl>), String> {
    let mut access: Option<Access> = None;
    let mut default: Option<Acl> = None;
    for entry in text.split(|b| *b == b',') {
        let of_default = entry
            .strip_prefix(b"default:")
            .or_else(|| entry.strip_prefix(b"d:"));
        let is_default = of_default.is_some();
        let entry = of_default.unwrap_or(entry);
        let (key, permissions) = read_entry(entry.trim_ascii(), root)
            .map_err(|why| format!("the ACL entry {} {why}", entry.escape_ascii()))?;
        let list: &mut Acl = match is_default {
            true => default.get_or_insert_default(),
            false => {
                let access = access.get_or_insert_default();
                if entry
                    .rsplit(|b| *b == b':')
                    .next()
                    .is_some_and(|last| last.contains(&b'X'))
                {
                    access.conditional.insert(key);
                }
                &mut access.acl
            }
        };
        if list.0.insert(key, permissions).is_some() {
            return Err(format!(
                "the ACL entry {} is there twice",
                entry.escape_ascii()
            ));
        }
    }
    if masked {
        default.iter_mut().for_each(Acl::add_mask);
    }
    Ok((access, default))
}

/// Reads `tag:name:permissions`.
fn read_entry(entry: &[u8], root: &Root<'_>) -> Result<((u16, u32), u16), String> {
    let fields: Vec<_> = entry.split(|b| *b == b':').collect();
    let (tag, name, permissions) = match fields[..] {
        [tag @ (b"mask" | b"m" | b"other" | b"o"), permissions] => (tag, &b""[..], permissions),
        [tag, name, permissions] => (tag, name, permissions),
        _ => return Err("is not of the form tag:name:permissions".to_owned()),
    };
    let bits = permissions.iter().try_fold(0, |bits, letter| match letter {
        b'r' => Some(bits | 4),
        b'w' => Some(bits | 2),
        b'x' | b'X' => Some(bits | 1),
        b'-' => Some(bits),
        _ => None,
    });
    let bits = bits.ok_or("has permissions that are not of r, w, x, X, -")?;
    let owner = || Owner::parse(name).ok_or("names nobody");
    let key = match (tag, name) {
        (b"user" | b"u", b"") => (USER_OBJ, NO_ID),
        (b"group" | b"g", b"") => (GROUP_OBJ, NO_ID),
        (b"mask" | b"m", b"") => (MASK, NO_ID),
        (b"other" | b"o", b"") => (OTHER, NO_ID),
        (b"user" | b"u", _) => (USER, root.uid(&owner()?).map_err(|e| unknown(&e))?),
        (b"group" | b"g", _) => (GROUP, root.gid(&owner()?).map_err(|e| unknown(&e))?),
        _ => return Err("is none of user, group, mask, other".to_owned()),
    };
    Ok((key, bits))
}

impl Access {
    /// Returns the entries for a path that somebody may execute already, or else may not.
    fn decided(&self, is_executed: bool) -> Acl {
        let mut acl = self.acl.clone();
        let is_sure = |key: &(u16, u32)| !self.conditional.contains(key);
        let mut sure = acl.0.iter().filter(|(key, _)| is_sure(key));
        if !is_executed && !sure.any(|(_, permissions)| permissions & 1 != 0) {
            for key in &self.conditional {
                acl.0
                    .entry(*key)
                    .and_modify(|permissions| *permissions &= !1);
            }
        }
        acl
    }
}

fn unknown(error: &RootError) -> String {
    format!("cannot be followed: {error}")
}

/// Sets what a line says of one path; with `modify`, what is there stays. Links have none.
pub(super) fn set(
    root: &mut Root<'_>,
    path: &[u8],
    access: Option<&Access>,
    default: Option<&Acl>,
    modify: bool,
) -> Result<(), RootError> {
    let node = root.lstat(path)?;
    let mode = node.meta.mode;
    let is_directory = match node.kind {
        Kind::Symlink(_) => return Ok(()),
        Kind::Directory(_) => true,
        _ => false,
    };
    let before = |name: &str| {
        node.xattrs
            .get(name.as_bytes())
            .and_then(|value| Acl::decode(value).ok())
    };
    let (was, was_default) = (before(ACCESS), before(DEFAULT));
    if let Some(access) = access {
        let was = was.unwrap_or_else(|| Acl::of_mode(mode));
        let base = was.base();
        // Entries that are about to go do not count, and a mask gives nobody anything.
        let counts = |tag| match tag {
            MASK => false,
            USER | GROUP => modify,
            _ => true,
        };
        let mut was_entries = was.0.iter();
        let is_executed = is_directory
            || was_entries.any(|((tag, _), permissions)| permissions & 1 != 0 && counts(*tag));
        let mut acl = access.decided(is_executed);
        if !modify {
            acl.add_mask();
        }
        let acl = acl.over(modify.then_some(was), base);
        root.chmod(path, mode & !0o777 | acl.mode())?;
        // What the mode says as well, the kernel does not keep.
        let value = (!acl.is_mode()).then(|| acl.encode());
        if value.is_some() || root.xattr(path, ACCESS, false).is_ok() {
            root.change_xattr(path, ACCESS, value.as_deref(), false)?;
        }
    }
    if let Some(acl) = default.filter(|_| is_directory) {
        // The mode is that of now.
        let mode = root.lstat(path)?.meta.mode;
        let before = modify.then(|| was_default.unwrap_or_default());
        let acl = acl.over(before, Acl::of_mode(mode));
        root.change_xattr(path, DEFAULT, Some(&acl.encode()), false)?;
    }
    Ok(())
}

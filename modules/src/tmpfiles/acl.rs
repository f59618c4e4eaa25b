//! POSIX access control lists: from acl(5)'s text to the attribute that has them.
//!
//! The attribute is `system.posix_acl_access` or `system.posix_acl_default`: a 32-bit version, then
//! tag, permissions and id of each entry (`include/uapi/linux/posix_acl_xattr.h`).

use std::collections::BTreeMap;

use fsgen::Kind;

use crate::root::{Owner, Root, RootError};

const VERSION: u32 = 2;

/// The id of an entry that names nobody.
const NO_ID: u32 = u32::MAX;

const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// Permissions by tag and id, in the order that the kernel wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Acl(BTreeMap<(u16, u32), u16>);

/// Reads the entries of a line: those of the file itself, and those that are to be the default in a
/// directory. With `masked`, what names somebody gets a mask right away.
///
/// # Errors
///
/// Returns what is wrong.
pub(super) fn parse(
    text: &[u8],
    root: &Root<'_>,
    masked: bool,
) -> Result<(Option<Acl>, Option<Acl>), String> {
    let (mut access, mut default) = (None, None);
    for entry in text.split(|b| *b == b',') {
        let (list, entry) = match entry
            .strip_prefix(b"default:")
            .or_else(|| entry.strip_prefix(b"d:"))
        {
            Some(entry) => (&mut default, entry),
            None => (&mut access, entry),
        };
        let (key, permissions) = read_entry(entry.trim_ascii(), root)
            .map_err(|why| format!("the ACL entry {} {why}", entry.escape_ascii()))?;
        let list: &mut Acl = list.get_or_insert_default();
        if list.0.insert(key, permissions).is_some() {
            return Err(format!(
                "the ACL entry {} is there twice",
                entry.escape_ascii()
            ));
        }
    }
    if masked {
        access
            .iter_mut()
            .chain(&mut default)
            .for_each(Acl::add_mask);
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
        b'x' => Some(bits | 1),
        b'-' => Some(bits),
        _ => None,
    });
    let bits = bits.ok_or("has permissions that are not of r, w, x, -")?;
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

fn unknown(error: &RootError) -> String {
    format!("cannot be followed: {error}")
}

/// Sets what a line says of one path; with `modify`, what is there stays. Links have none.
pub(super) fn set(
    root: &mut Root<'_>,
    path: &[u8],
    access: Option<&Acl>,
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
            .map(|value| Acl::decode(value))
    };
    let (was, was_default) = (before(ACCESS), before(DEFAULT));
    if let Some(acl) = access {
        let was = was.unwrap_or_else(|| Acl::of_mode(mode));
        let base = was.base();
        let acl = acl.over(modify.then_some(was), base);
        root.chmod(path, mode & !0o777 | acl.mode())?;
        // What the mode says as well, the kernel does not keep.
        let value = (acl.0.len() > 3).then(|| acl.encode());
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

impl Acl {
    /// Returns the whole list: the entries over those that were there, with mask and base.
    fn over(&self, before: Option<Self>, base: Self) -> Self {
        let mut whole = match before {
            None => self.clone(),
            Some(mut before) => {
                before.0.extend(&self.0);
                before.add_mask();
                before
            }
        };
        for (key, permissions) in base.0 {
            whole.0.entry(key).or_insert(permissions);
        }
        whole
    }

    /// Returns the entries of owner, group and others.
    fn base(&self) -> Self {
        let entries = self.0.iter().map(|(key, permissions)| (*key, *permissions));
        let is_base = |((tag, _), _): &(_, u16)| matches!(*tag, USER_OBJ | GROUP_OBJ | OTHER);
        Self(entries.filter(is_base).collect())
    }

    fn of_mode(mode: u16) -> Self {
        let base = [(USER_OBJ, 6), (GROUP_OBJ, 3), (OTHER, 0)];
        let entry = |(tag, shift): (u16, u16)| ((tag, NO_ID), mode >> shift & 0o7);
        Self(base.map(entry).into())
    }

    /// Adds the mask where somebody is named and there is none: all that anybody but owner and
    /// others may.
    fn add_mask(&mut self) {
        let is_named = |(tag, _): &(u16, u32)| matches!(*tag, USER | GROUP);
        if self.0.keys().any(is_named) && !self.0.contains_key(&(MASK, NO_ID)) {
            let masked = self
                .0
                .iter()
                .filter(|((tag, _), _)| matches!(*tag, USER | GROUP | GROUP_OBJ));
            let bits = masked.fold(0, |bits, (_, permissions)| bits | permissions);
            self.0.insert((MASK, NO_ID), bits);
        }
    }

    /// Returns the permission bits of a file with this list; those of the group are the mask's.
    fn mode(&self) -> u16 {
        let bits = |tag| self.0.get(&(tag, NO_ID)).copied();
        let group = bits(MASK).or(bits(GROUP_OBJ)).unwrap_or_default();
        bits(USER_OBJ).unwrap_or_default() << 6 | group << 3 | bits(OTHER).unwrap_or_default()
    }

    fn encode(&self) -> Vec<u8> {
        let mut value = VERSION.to_le_bytes().to_vec();
        for ((tag, id), permissions) in &self.0 {
            value.extend(tag.to_le_bytes());
            value.extend(permissions.to_le_bytes());
            value.extend(id.to_le_bytes());
        }
        value
    }

    fn decode(value: &[u8]) -> Self {
        let (entries, _) = value.get(4..).unwrap_or_default().as_chunks::<8>();
        let entry = |[a, b, c, d, id @ ..]: &[u8; 8]| {
            let key = (u16::from_le_bytes([*a, *b]), u32::from_le_bytes(*id));
            (key, u16::from_le_bytes([*c, *d]))
        };
        Self(entries.iter().map(entry).collect())
    }
}

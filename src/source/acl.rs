//! POSIX access control lists: from the text that archives carry to the form that the kernel's
//! `system.posix_acl_*` attributes have (`include/uapi/linux/posix_acl_xattr.h`).

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use fsgen::tree::Xattrs;

use super::name::shown;
use super::pax::decimal;
use super::xattr::{ACL_ACCESS, ACL_DEFAULT};

/// The version number that the attribute begins with.
const VERSION: u32 = 2;
/// The id of an entry that is about no one by name.
const NO_ID: u32 = u32::MAX;

const USER_OBJ: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// The size of a list of owner, group and others: the version and three entries of 8 bytes.
const MODE_ONLY: usize = 4 + 3 * 8;

/// The ACLs of a member as text: `SCHILY.acl.access` and `SCHILY.acl.default`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AclText {
    pub(super) access: Option<Vec<u8>>,
    pub(super) default: Option<Vec<u8>>,
}

impl AclText {
    /// Returns whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.access.is_none() && self.default.is_none()
    }

    /// Returns how many bytes the texts take.
    pub(super) fn len_bytes(&self) -> usize {
        let texts = [&self.access, &self.default].into_iter().flatten();
        texts.map(Vec::len).sum()
    }

    /// Adds the attributes that the texts stand for, but for those that are there already.
    ///
    /// Entries may end with the number of the user or group that they name (star); without one,
    /// `id` is asked.
    ///
    /// # Errors
    ///
    /// Fails on a text that is no ACL, and when `id` does.
    pub(super) fn add_to(
        &self,
        xattrs: &mut Xattrs,
        id: &dyn Fn(Who, &[u8]) -> Result<u32>,
    ) -> Result<()> {
        for (name, text) in [(ACL_ACCESS, &self.access), (ACL_DEFAULT, &self.default)] {
            if let Some(text) = text
                && !xattrs.contains_key(name)
            {
                let value = encode(text, id)?;
                // An access ACL without names or mask is just the file's mode: the kernel does
                // not store it either. As a default for new files it does say something.
                if name == ACL_DEFAULT || value.len() > MODE_ONLY {
                    xattrs.insert(name.into(), value.into());
                }
            }
        }
        Ok(())
    }
}

/// Whom an entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A user of the archived system.
    User,
    /// A group of the archived system.
    Group,
}

/// Returns the attribute's value for a text such as `user::rw-,user:1000:r--,group::r--,...`.
fn encode(text: &[u8], id: &dyn Fn(Who, &[u8]) -> Result<u32>) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    for line in text.split(|b| matches!(b, b',' | b'\n')) {
        let line = line.split(|b| *b == b'#').next().unwrap_or_default();
        let line = line.trim_ascii();
        if !line.is_empty() {
            let read = entry(line, id);
            entries.push(read.with_context(|| format!("ACL entry \"{}\"", shown(line)))?);
        }
    }
    // The kernel wants them in this order: owner, users, group, groups, mask, others.
    entries.sort_unstable();
    let count = |tag| entries.iter().filter(|entry| entry.0 == tag).count();
    let named = count(USER) + count(GROUP) > 0;
    for (tag, what) in [
        (USER_OBJ, "user::"),
        (GROUP_OBJ, "group::"),
        (OTHER, "other::"),
    ] {
        ensure!(
            count(tag) == 1,
            "an ACL needs one \"{what}\" entry, this one has {}",
            count(tag)
        );
    }
    let masks = count(MASK);
    ensure!(
        masks <= 1,
        "an ACL may have one \"mask::\" entry, this one has {masks}"
    );
    ensure!(
        masks == 1 || !named,
        "an ACL that names someone needs a \"mask::\" entry"
    );
    let twice = entries
        .windows(2)
        .find(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1));
    if let Some([(_, id, _), _]) = twice {
        bail!("an ACL names {id} twice");
    }
    let mut value = VERSION.to_le_bytes().to_vec();
    for (tag, id, permissions) in entries {
        value.extend(tag.to_le_bytes());
        value.extend(permissions.to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    Ok(value)
}

/// Reads `tag:name:permissions` or `tag:name:permissions:number`: tag, id, permissions.
fn entry(line: &[u8], id: &dyn Fn(Who, &[u8]) -> Result<u32>) -> Result<(u16, u32, u16)> {
    let mut fields: Vec<_> = line.split(|b| *b == b':').map(<[u8]>::trim_ascii).collect();
    // Solaris leaves the empty name of these two away.
    if matches!(fields[..], [b"mask" | b"m" | b"other" | b"o", _]) {
        fields.insert(1, b"");
    }
    let (tag, name, permissions, number) = match fields[..] {
        [tag, name, permissions] => (tag, name, permissions, None),
        [tag, name, permissions, number] => (tag, name, permissions, Some(number)),
        _ => bail!("not of the form tag:name:permissions"),
    };
    let (tag, named) = match tag {
        b"user" | b"u" => (USER_OBJ, Some((USER, Who::User))),
        b"group" | b"g" => (GROUP_OBJ, Some((GROUP, Who::Group))),
        b"mask" | b"m" => (MASK, None),
        b"other" | b"o" => (OTHER, None),
        _ => bail!("\"{}\" is none of user, group, mask, other", shown(tag)),
    };
    let permissions = permissions
        .iter()
        .try_fold(0, |bits, letter| match letter {
            b'r' => Ok(bits | 4),
            b'w' => Ok(bits | 2),
            b'x' => Ok(bits | 1),
            b'-' => Ok(bits),
            _ => Err(anyhow!(
                "\"{}\" are no permissions like r-x",
                shown(permissions)
            )),
        })?;
    match named {
        _ if name.is_empty() => Ok((tag, NO_ID, permissions)),
        None => bail!("an entry of this kind names no one"),
        Some((tag, who)) => {
            let id = match number.or(name.iter().all(u8::is_ascii_digit).then_some(name)) {
                Some(number) => u32::try_from(decimal(number)?)
                    .ok()
                    .filter(|id| *id != NO_ID)
                    .with_context(|| format!("{} is no user or group number", shown(number)))?,
                None => id(who, name)?,
            };
            Ok((tag, id, permissions))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(who: Who, name: &[u8]) -> Result<u32> {
        match (who, name) {
            (Who::User, b"adm") => Ok(4),
            (Who::Group, b"adm") => Ok(5),
            _ => bail!("unknown"),
        }
    }

    /// `tag permissions id` of each entry.
    fn read(text: &str) -> Result<String> {
        let value = encode(text.as_bytes(), &number)?;
        assert_eq!(value[..4], [2, 0, 0, 0]);
        let entries = value[4..].chunks(8).map(|entry| {
            let id = u32::from_le_bytes(entry[4..].try_into().unwrap()).cast_signed();
            assert_eq!((entry[1], entry[3]), (0, 0));
            format!("{:#x} {} {id}", entry[0], entry[2])
        });
        Ok(entries.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn texts() {
        for (text, want) in [
            (
                "user::rw-\ngroup::r--\nother::--x\n",
                "0x1 6 -1, 0x4 4 -1, 0x20 1 -1",
            ),
            (
                "u::rw-,g::r--,o:---,m:r-x",
                "0x1 6 -1, 0x4 4 -1, 0x10 5 -1, 0x20 0 -1",
            ),
            (
                "other::r--,mask::rwx,group:9:r--,group:adm:r-x,group::---,user:70000:-w-,\
                 user:adm:--x,user:someone:rwx:12,user::rwx\t#effective:r-x\n",
                "0x1 7 -1, 0x2 1 4, 0x2 7 12, 0x2 2 70000, 0x4 0 -1, 0x8 5 5, 0x8 4 9, \
                 0x10 7 -1, 0x20 4 -1",
            ),
        ] {
            assert_eq!(read(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn attributes() {
        let text = Some(b"user::rw-,group::r--,other::r--".to_vec());
        let long = Some(b"user::rw-,group::r--,other::r--,mask::r--".to_vec());
        for (access, default, want) in [
            (&None, &None, &[][..]),
            (&text, &None, &[]),
            (&text, &text, &[ACL_DEFAULT]),
            (&long, &long, &[ACL_ACCESS, ACL_DEFAULT]),
        ] {
            let (access, default) = (access.clone(), default.clone());
            let mut xattrs = Xattrs::new();
            AclText { access, default }
                .add_to(&mut xattrs, &number)
                .unwrap();
            assert!(xattrs.keys().map(|name| &**name).eq(want.iter().copied()));
        }
        let mut xattrs = Xattrs::from([(ACL_ACCESS.into(), (*b"as it was").into())]);
        let acl = AclText {
            access: long,
            default: None,
        };
        acl.add_to(&mut xattrs, &number).unwrap();
        assert_eq!(*xattrs[ACL_ACCESS], *b"as it was");
    }

    #[test]
    fn texts_that_are_no_acl() {
        let base = "user::rw-,group::r--,other::r--";
        for (text, want) in [
            ("", "needs one \"user::\" entry"),
            ("user::r,user::r,group::r,other::r", "this one has 2"),
            (&format!("{base},user:5:r"), "needs a \"mask::\" entry"),
            (
                &format!("{base},mask::r,mask::r"),
                "may have one \"mask::\"",
            ),
            (
                &format!("{base},mask::r,user:5:r,user:05:w"),
                "names 5 twice",
            ),
            (
                &format!("{base},mask::r,user:nobody:r"),
                "\"user:nobody:r\": unknown",
            ),
            (
                &format!("{base},mask::r,user:4294967295:r"),
                "4294967295 is no user",
            ),
            (&format!("{base},mask::r,user:x:r:-1"), "-1 is no user"),
            (
                &format!("{base},mask::r,user:5:q"),
                "\"q\" are no permissions",
            ),
            (&format!("{base},mask:x:r"), "names no one"),
            (&format!("{base},every::r"), "\"every\" is none of"),
            ("user", "tag:name:permissions"),
            ("user::r:5:6", "tag:name:permissions"),
        ] {
            let message = format!("{:#}", read(text).unwrap_err());
            assert!(message.contains(want), "{text}: {message}");
        }
    }
}

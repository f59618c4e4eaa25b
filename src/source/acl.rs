//! POSIX access control lists: from the text that archives carry to the form that the kernel's
//! `system.posix_acl_*` attributes have (`include/uapi/linux/posix_acl_xattr.h`).

use anyhow::{Context as _, Result, anyhow, bail};
use fsgen::ext4::acl::{Entry, check, mode, parse, value};
use fsgen::ext4::acl::{GROUP, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ};
use fsgen::tree::Xattrs;
use fsgen::{Kind, Meta, NodeId, Tree};

use super::name::shown;
use super::pax::decimal;
use super::xattr::{ACL_ACCESS, ACL_DEFAULT};

/// How many entries a list of owner, group and others has.
const MODE_ONLY: usize = 3;

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
                xattrs.insert(name.into(), encode(text, id)?.into());
            }
        }
        Ok(())
    }
}

/// Checks the ACLs of a node, and gives it the mode that its access ACL stands for, as the kernel
/// does where an archive is unpacked. Links have none, and only directories one for new files: those
/// are not looked at.
///
/// # Errors
///
/// Fails on an attribute that is no ACL.
pub(super) fn settle(tree: &mut Tree, id: NodeId) -> Result<()> {
    let node = tree.node(id);
    if matches!(node.kind, Kind::Symlink(_)) {
        return Ok(());
    }
    if let Some(value) = node.xattrs.get(ACL_DEFAULT)
        && tree.is_directory(id)
    {
        parse(value).context("the ACL for new files")?;
    }
    let Some(value) = node.xattrs.get(ACL_ACCESS) else {
        return Ok(());
    };
    let entries = parse(value)?;
    let meta = node.meta;
    // An ACL without names or mask is just the mode: the kernel does not store it either. For new
    // files it does say something.
    if entries.len() == MODE_ONLY {
        let mut xattrs = node.xattrs.clone();
        xattrs.remove(ACL_ACCESS);
        tree.set_xattrs(id, xattrs);
    }
    let mode = meta.mode & !0o777 | mode(&entries);
    tree.set_meta(id, Meta { mode, ..meta });
    Ok(())
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
    check(&entries)?;
    Ok(value(&entries))
}

/// Reads `tag:name:permissions` or `tag:name:permissions:number`.
fn entry(line: &[u8], id: &dyn Fn(Who, &[u8]) -> Result<u32>) -> Result<Entry> {
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
        _ if name.is_empty() => Ok(Entry {
            tag,
            id: NO_ID,
            permissions,
        }),
        None => bail!("an entry of this kind names no one"),
        Some((tag, who)) => {
            let id = match number.or(name.iter().all(u8::is_ascii_digit).then_some(name)) {
                Some(number) => u32::try_from(decimal(number)?)
                    .ok()
                    .filter(|id| *id != NO_ID)
                    .with_context(|| format!("{} is no user or group number", shown(number)))?,
                None => id(who, name)?,
            };
            Ok(Entry {
                tag,
                id,
                permissions,
            })
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
            (&text, &None, &[ACL_ACCESS]),
            (&text, &text, &[ACL_ACCESS, ACL_DEFAULT]),
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

//! Extended attributes as archives carry them, and which of them an image can hold.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use fsgen::tree::Xattrs;

use super::name::shown;

/// The longest name with its namespace, in bytes (Linux: `XATTR_NAME_MAX`).
const NAME_MAX: usize = 255;
/// The longest value, in bytes (Linux: `XATTR_SIZE_MAX`).
const VALUE_MAX: usize = 65_536;

/// What a file with attributes takes in memory for having any, and for each of them, in bytes; a
/// little more than it does today.
const SET: usize = 512;
/// See [`SET`].
const ATTRIBUTE: usize = 128;

/// The access and the default ACL, the only attributes of the `system.` namespace that are stored.
pub(super) const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
/// See [`ACL_ACCESS`].
pub(super) const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";

/// The namespaces that Linux filesystems store.
const NAMESPACES: [&[u8]; 3] = [b"user", b"trusted", b"security"];

/// The attributes of a member, by where they were found.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes {
    /// `SCHILY.xattr.`: star and GNU tar, name and value as they are.
    plain: Xattrs,
    /// `LIBARCHIVE.xattr.`: the same again, encoded; `RHT.security.selinux`: the label only.
    /// They count where the first form is missing.
    other: Xattrs,
}

/// What a file in the upper folder of an overlayfs is beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlay {
    /// Nothing.
    Here,
    /// A directory that hides those below it.
    Opaque,
    /// No file, but the removal of a name.
    Whiteout,
}

impl Attributes {
    /// Takes an extended header record, if it is one that holds an attribute.
    ///
    /// # Errors
    ///
    /// Fails on an attribute that is malformed or larger than Linux allows.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            insert(&mut self.plain, unescape(name, &[*b"3D", *b"25"]), value)
        } else if let Some(name) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
            let value = LIBARCHIVE_BASE64.decode(value).context("no base64")?;
            insert(&mut self.other, unescape(name, &[]), &value)
        } else if key == b"RHT.security.selinux" {
            // GNU tar --selinux. The kernel keeps a label with the NUL at its end.
            insert(
                &mut self.other,
                b"security.selinux".into(),
                &[value, b"\0"].concat(),
            )
        } else {
            Ok(())
        }
    }

    /// Takes an attribute as a filesystem has it.
    ///
    /// # Errors
    ///
    /// Fails on an attribute that is larger than Linux allows.
    pub(super) fn set_found(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        insert(&mut self.plain, name.into(), value)
    }

    /// Takes out what overlayfs notes of a file in its upper folder.
    ///
    /// # Errors
    ///
    /// Fails on a file that says that its content is elsewhere.
    pub(super) fn take_overlay(&mut self) -> Result<Overlay> {
        let mut found = Overlay::Here;
        let mut elsewhere = None;
        self.plain.retain(|name, value| {
            let mark = ["trusted.overlay.", "user.overlay."]
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix.as_bytes()));
            match mark {
                None => return true,
                Some(b"opaque") if **value == *b"y" => found = Overlay::Opaque,
                Some(b"whiteout") => found = Overlay::Whiteout,
                Some(b"redirect") => elsewhere = Some("redirect_dir: a directory was renamed"),
                Some(b"metacopy") => elsewhere = Some("metacopy: only its owner or mode changed"),
                // Notes for the kernel alone: `origin`, `impure`, `nlink` and so on.
                Some(_) => {}
            }
            false
        });
        match elsewhere {
            None => Ok(found),
            Some(why) => bail!(
                "what is in it is in a layer below ({why}), which is not read here; \
                 copy what is mounted"
            ),
        }
    }

    /// Returns how many bytes the attributes take.
    pub(super) fn len_bytes(&self) -> usize {
        let all = self.plain.iter().chain(&self.other);
        all.map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Returns how many bytes of memory the attributes take, with their part in the plan of a
    /// filesystem.
    pub(super) fn memory(&self) -> usize {
        match self.plain.len() + self.other.len() {
            0 => 0,
            count => SET + count * ATTRIBUTE + self.len_bytes(),
        }
    }

    /// Returns the attributes that an image can hold; the namespaces of others are counted.
    pub(super) fn into_xattrs(self, dropped: &mut BTreeMap<Vec<u8>, u64>) -> Xattrs {
        let mut all = self.other;
        all.extend(self.plain);
        all.retain(|name, _| {
            let namespace = name.split(|b| *b == b'.').next().unwrap_or_default();
            let kept =
                NAMESPACES.contains(&namespace) || **name == *ACL_ACCESS || **name == *ACL_DEFAULT;
            if !kept {
                *dropped.entry(namespace.into()).or_default() += 1;
            }
            kept
        });
        all
    }
}

/// libarchive leaves the padding away.
const LIBARCHIVE_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn insert(xattrs: &mut Xattrs, name: Vec<u8>, value: &[u8]) -> Result<()> {
    let dot = name.iter().position(|b| *b == b'.');
    ensure!(
        dot.is_some_and(|dot| dot > 0 && dot + 1 < name.len()) && !name.contains(&0),
        "\"{}\" is no attribute name like \"user.comment\"",
        shown(&name)
    );
    let len = name.len();
    ensure!(
        len <= NAME_MAX,
        "a name of {len} bytes, at most {NAME_MAX} are allowed"
    );
    let len = value.len();
    ensure!(
        len <= VALUE_MAX,
        "a value of {len} bytes, at most {VALUE_MAX} are allowed"
    );
    xattrs.insert(name.into(), value.into());
    Ok(())
}

/// Replaces `%` and two hexadecimal digits by the byte they stand for: all such, or just some.
fn unescape(name: &[u8], some: &[[u8; 2]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let byte = after.first_chunk().and_then(|hex: &[u8; 2]| {
            let wanted = *first == b'%' && (some.is_empty() || some.contains(hex));
            let hex = std::str::from_utf8(hex).ok().filter(|_| wanted)?;
            u8::from_str_radix(hex, 16).ok()
        });
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets the records and returns the attributes, `name=value` each, and the dropped ones.
    fn read(records: &[(&str, &[u8])]) -> (Vec<String>, Vec<(Vec<u8>, u64)>) {
        let mut attributes = Attributes::default();
        for (key, value) in records {
            attributes.set(key.as_bytes(), value).unwrap();
        }
        let mut dropped = BTreeMap::new();
        let kept = attributes.into_xattrs(&mut dropped);
        let kept = kept.iter();
        let kept = kept.map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii()));
        (kept.collect(), dropped.into_iter().collect())
    }

    #[test]
    fn forms() {
        for (records, want) in [
            (
                vec![("SCHILY.xattr.user.a", &b"\n\0="[..])],
                "user.a=\\n\\x00=",
            ),
            (
                vec![("SCHILY.xattr.user.a%3Db%25c%41", b"")],
                "user.a=b%c%41=",
            ),
            (
                vec![("LIBARCHIVE.xattr.user.a%3Db%41%zz", b"AAE")],
                "user.a=bA%zz=\\x00\\x01",
            ),
            (
                vec![("LIBARCHIVE.xattr.user.x", b"AAE=")],
                "user.x=\\x00\\x01",
            ),
            (
                vec![
                    ("SCHILY.xattr.user.x", b"1"),
                    ("LIBARCHIVE.xattr.user.x", b"AAE="),
                ],
                "user.x=1",
            ),
            (
                vec![
                    ("LIBARCHIVE.xattr.user.x", b"AAE="),
                    ("SCHILY.xattr.user.x", b"1"),
                ],
                "user.x=1",
            ),
            (
                vec![("SCHILY.xattr.user.x", b"1"), ("SCHILY.xattr.user.x", b"2")],
                "user.x=2",
            ),
            (
                vec![("RHT.security.selinux", b"u:r:t:s0")],
                "security.selinux=u:r:t:s0\\x00",
            ),
        ] {
            assert_eq!(read(&records), (vec![want.to_owned()], vec![]));
        }
    }

    #[test]
    fn namespaces_that_no_filesystem_stores_are_counted() {
        let (kept, dropped) = read(&[
            ("SCHILY.xattr.com.apple.a", b""),
            ("SCHILY.xattr.com.apple.b", b""),
            ("SCHILY.xattr.system.nfs4_acl", b""),
            ("SCHILY.xattr.system.posix_acl_access", b""),
            ("SCHILY.xattr.userx.a", b""),
            ("comment", b""),
        ]);
        assert_eq!(kept, ["system.posix_acl_access="]);
        let want = [(&b"com"[..], 2), (b"system", 1), (b"userx", 1)];
        assert_eq!(dropped, want.map(|(name, n)| (name.to_vec(), n)));
    }

    #[test]
    fn limits() {
        let long = "n".repeat(250);
        let big = vec![0; VALUE_MAX + 1];
        for (key, value, good) in [
            (format!("SCHILY.xattr.user.{long}"), &b""[..], true),
            (format!("SCHILY.xattr.user.{long}n"), b"", false),
            ("SCHILY.xattr.user.x".to_owned(), &big[1..], true),
            ("SCHILY.xattr.user.x".to_owned(), &big, false),
            ("SCHILY.xattr.user.".to_owned(), b"", false),
            ("SCHILY.xattr.".to_owned(), b"", false),
            ("SCHILY.xattr.user.a\0b".to_owned(), b"", false),
            ("LIBARCHIVE.xattr.user.x".to_owned(), b"A", false),
            ("LIBARCHIVE.xattr.user.x".to_owned(), b"A\nAA", false),
        ] {
            let got = Attributes::default().set(key.as_bytes(), value);
            assert_eq!(got.is_ok(), good, "{key}");
        }
    }
}

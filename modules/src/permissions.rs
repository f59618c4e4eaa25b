//! Mode, user and group of a file, as options have them.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::accounts::Accounts;
use crate::error::at;
use crate::value::Spanned;
use crate::{Error, Root};

/// Permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode(pub(crate) u16);

/// A user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Id(u32),
    /// Looked up in the image.
    Name(String),
}

/// Sets the mode and owner that the recipe names.
pub(crate) fn set(
    root: &mut Root<'_>,
    path: &Spanned<String>,
    mode: Option<Mode>,
    user: &Option<Spanned<Owner>>,
    group: &Option<Spanned<Owner>>,
) -> Result<(), Error> {
    let failed = at(path.span);
    let meta = root.stat(&**path).map_err(&failed)?.meta;
    let uid = user.as_ref().map_or(Ok(meta.uid), |user| uid(root, user))?;
    let gid = group
        .as_ref()
        .map_or(Ok(meta.gid), |group| gid(root, group))?;
    root.chown(&**path, uid, gid).map_err(&failed)?;
    if let Some(Mode(mode)) = mode {
        root.chmod(&**path, mode).map_err(&failed)?;
    }
    Ok(())
}

/// Returns the number of a user, by the image's own files.
pub(crate) fn uid(root: &Root<'_>, user: &Spanned<Owner>) -> Result<u32, Error> {
    let by_name = |accounts: &Accounts, name: &str| accounts.user(name).map(|user| user.uid);
    id(root, user, by_name, "user", "/etc/passwd")
}

/// Returns the number of a group, by the image's own files.
pub(crate) fn gid(root: &Root<'_>, group: &Spanned<Owner>) -> Result<u32, Error> {
    id(root, group, Accounts::gid, "group", "/etc/group")
}

fn id(
    root: &Root<'_>,
    owner: &Spanned<Owner>,
    by_name: impl Fn(&Accounts, &str) -> Option<u32>,
    what: &str,
    file: &str,
) -> Result<u32, Error> {
    match &owner.value {
        Owner::Id(id) => Ok(*id),
        Owner::Name(name) => by_name(&Accounts::read(root)?, name).ok_or_else(|| {
            let error = owner.error(format!("the image's {file} has no {what} {name:?}"));
            error
                .help("give the number, or add the account in an earlier step")
                .into()
        }),
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Mode;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a mode in quotes such as \"0644\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Mode, E> {
                let digits = text.strip_prefix("0o").unwrap_or(text);
                let is_octal = digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
                let mode = is_octal
                    .then(|| u16::from_str_radix(digits, 8).ok())
                    .flatten();
                match mode {
                    Some(mode) if mode <= 0o7777 => Ok(Mode(mode)),
                    _ => Err(E::custom(format!(
                        "mode {text:?} is not an octal number from \"0\" to \"7777\""
                    ))),
                }
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Mode, E> {
                Err(E::custom(format!(
                    "mode {number} is a bare number; write it in quotes as in \"0644\", because \
                     YAML takes a bare 0644 for decimal or octal, depending on its version"
                )))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Owner;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name or an id from 0 to 4294967294")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Owner, E> {
                // No user can be called by a number, so this one is an id in quotes.
                if text.bytes().all(|b| b.is_ascii_digit()) {
                    let id = text
                        .parse()
                        .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                    return self.visit_u64(id);
                }
                Ok(Owner::Name(text.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<Owner, E> {
                // The highest one stands for no user (chown(2)).
                match u32::try_from(id) {
                    Ok(id) if id < u32::MAX => Ok(Owner::Id(id)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(id), &self)),
                }
            }
        }

        deserializer.deserialize_any(Visit)
    }
}

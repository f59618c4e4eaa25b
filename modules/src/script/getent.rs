//! `getent passwd` and `getent group`, by which scripts ask whether somebody is there.

use crate::accounts::Accounts;
use crate::{Root, RootError};

/// Whom a script asks for; a number is looked up as a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Getent {
    User(String),
    Group(String),
    Uid(u32),
    Gid(u32),
}

impl Getent {
    /// Reads its arguments.
    pub(super) fn parse(words: &[&str]) -> Option<Self> {
        let [base, key] = *words else { return None };
        let is_number = key.bytes().all(|byte| byte.is_ascii_digit());
        // Larger numbers, and those with a sign, are names to some C libraries only.
        let number = || key.parse().ok().filter(|number| *number < u32::MAX);
        if key.starts_with('+') {
            return None;
        }
        match (base, is_number) {
            ("passwd", true) => number().map(Self::Uid),
            ("group", true) => number().map(Self::Gid),
            ("passwd", false) => Some(Self::User(key.to_owned())),
            ("group", false) => Some(Self::Group(key.to_owned())),
            _ => None,
        }
    }

    /// Returns whether the image has such a user or group.
    pub(super) fn is_there(&self, root: &Root<'_>) -> Result<bool, RootError> {
        let accounts = Accounts::read(root)?;
        Ok(match self {
            Self::User(name) => accounts.user(name).is_some(),
            Self::Group(name) => accounts.gid(name).is_some(),
            Self::Uid(number) => accounts.user_with(*number).is_some(),
            Self::Gid(number) => accounts.group_with(*number).is_some(),
        })
    }
}

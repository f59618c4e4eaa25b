//! Users and groups by name, as the image's own account files have them.

use super::{Root, RootError};
use crate::accounts::{self, Accounts};

/// A user or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Its number.
    Id(u32),
    /// Its name, looked up in the image.
    Name(Vec<u8>),
}

impl Owner {
    /// Reads a name or the digits of a number: nobody can be called by a number.
    ///
    /// Returns nothing for an empty name and for 4294967295 and above, which stand for nobody
    /// (chown(2)).
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
            return (!text.is_empty()).then(|| Self::Name(text.to_vec()));
        }
        let id = std::str::from_utf8(text).ok()?.parse().ok()?;
        (id != u32::MAX).then_some(Self::Id(id))
    }
}

impl Root<'_> {
    /// Returns the number of a user.
    ///
    /// # Errors
    ///
    /// Fails when the image's `/etc/passwd` has no user of that name.
    pub fn uid(&self, user: &Owner) -> Result<u32, RootError> {
        self.id_of(user, "user", |accounts, name| {
            accounts.user(name).map(|user| user.uid)
        })
    }

    /// Returns the number of a group.
    ///
    /// # Errors
    ///
    /// Fails when the image's `/etc/group` has no group of that name.
    pub fn gid(&self, group: &Owner) -> Result<u32, RootError> {
        self.id_of(group, "group", Accounts::gid)
    }

    /// Returns the name of the user with that number, if the image has one.
    ///
    /// # Errors
    ///
    /// Fails when the account files cannot be read.
    pub fn user_name(&self, uid: u32) -> Result<Option<Vec<u8>>, RootError> {
        accounts::name_of::<7>(self, ["/etc/passwd", "/usr/lib/passwd"], &[2, 3], uid)
    }

    /// Returns the name of the group with that number, if the image has one.
    ///
    /// # Errors
    ///
    /// Fails when the account files cannot be read.
    pub fn group_name(&self, gid: u32) -> Result<Option<Vec<u8>>, RootError> {
        accounts::name_of::<4>(self, ["/etc/group", "/usr/lib/group"], &[2], gid)
    }

    fn id_of(
        &self,
        owner: &Owner,
        what: &'static str,
        find: impl Fn(&Accounts, &str) -> Option<u32>,
    ) -> Result<u32, RootError> {
        let name = match owner {
            Owner::Id(id) => return Ok(*id),
            Owner::Name(name) => name,
        };
        let accounts = Accounts::read(self)?;
        let found = std::str::from_utf8(name)
            .ok()
            .and_then(|n| find(&accounts, n));
        found.ok_or_else(|| RootError::NoAccount {
            what,
            name: name.clone(),
        })
    }
}

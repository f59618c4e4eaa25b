//! The users and groups of the image: passwd, group and their shadows, as entries.
//!
//! What a change does not concern stays as it is, byte for byte. Users and groups that a vendor
//! keeps in `/usr/lib` (nss-altfiles) are known, too; one that has to change is copied to `/etc`
//! first, where it takes precedence.

pub(crate) mod defaults;
pub(crate) mod doas;
pub(crate) mod home;
pub(crate) mod ids;
pub(crate) mod name;
pub(crate) mod ssh_key;
pub(crate) mod sudo;
pub(crate) mod system;
mod table;

use std::collections::BTreeSet;

use crate::root::{Root, RootError};
use defaults::{Defaults, SubIds};
use ids::Ids;
use table::Table;

pub(crate) use table::{is_field, number};

/// The fields of passwd(5) that change.
const PASSWORD: usize = 1;
const GECOS: usize = 4;
const SHELL: usize = 6;

/// The field of group(5) and gshadow(5) that lists the members.
const MEMBERS: usize = 3;

/// The days of a shadow(5) row's last change.
const CHANGED: usize = 2;

/// The last day of an account in shadow(5).
const EXPIRE: usize = 7;

/// Seconds in a day, the unit of shadow(5).
const DAY: i64 = 86_400;

/// A user of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User<'a> {
    /// Its number.
    pub(crate) uid: u32,
    /// The number of its own group.
    pub(crate) gid: u32,
    /// Its home directory.
    pub(crate) home: &'a [u8],
}

/// A user to be.
#[derive(Debug)]
pub(crate) struct NewUser<'a> {
    pub(crate) name: &'a str,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) gecos: &'a str,
    pub(crate) home: &'a str,
    pub(crate) shell: &'a str,
    pub(crate) system: bool,
    /// For crypt(3), or `*`.
    pub(crate) password: &'a str,
    /// The last day of the account, in days since 1970, in place of the image's default.
    pub(crate) expire: Option<i64>,
}

/// The account files of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accounts {
    passwd: Table<7>,
    group: Table<4>,
    shadow: Option<Table<9>>,
    gshadow: Option<Table<4>>,
    vendor_passwd: Table<7>,
    vendor_group: Table<4>,
    /// Days since 1970, for changes of passwords.
    today: i64,
}

impl Accounts {
    /// Reads the files; one that is missing has no entries.
    pub(crate) fn read(root: &Root<'_>) -> Result<Self, RootError> {
        let file = |path| Ok(root.read_if_exists(path)?.unwrap_or_default());
        let shadow = root.read_if_exists("/etc/shadow")?;
        let gshadow = root.read_if_exists("/etc/gshadow")?;
        Ok(Self {
            passwd: Table::parse(&file("/etc/passwd")?, &[2, 3]),
            group: Table::parse(&file("/etc/group")?, &[2]),
            shadow: shadow.map(|bytes| Table::parse(&bytes, &[])),
            gshadow: gshadow.map(|bytes| Table::parse(&bytes, &[])),
            vendor_passwd: Table::parse(&file("/usr/lib/passwd")?, &[2, 3]),
            vendor_group: Table::parse(&file("/usr/lib/group")?, &[2]),
            today: root.time().secs.div_euclid(DAY).max(0),
        })
    }

    /// Writes the files that changed; they keep owner and mode.
    ///
    /// A new shadow file is for root's eyes, and those of the group `shadow` where there is one.
    /// Fails on lines that end in CR LF, which no program reads as they are meant.
    pub(crate) fn write(&self, root: &mut Root<'_>) -> Result<(), RootError> {
        let carriage_returns = [
            ("/etc/passwd", self.passwd.carriage_return()),
            ("/etc/group", self.group.carriage_return()),
            (
                "/etc/gshadow",
                self.gshadow.as_ref().and_then(Table::carriage_return),
            ),
            (
                "/etc/shadow",
                self.shadow.as_ref().and_then(Table::carriage_return),
            ),
        ];
        for (path, line) in carriage_returns {
            check_line_ends(path, line)?;
        }
        for (path, text) in [
            ("/etc/passwd", self.passwd.print()),
            ("/etc/group", self.group.print()),
        ] {
            if !text.is_empty() || root.is_file(path) {
                root.write(path, text)?;
            }
        }
        if let Some(gshadow) = &self.gshadow {
            self.write_secret(root, "/etc/gshadow", gshadow.print())?;
        }
        if let Some(shadow) = &self.shadow {
            self.write_secret(root, "/etc/shadow", shadow.print())?;
        }
        Ok(())
    }

    fn write_secret(
        &self,
        root: &mut Root<'_>,
        path: &str,
        text: Vec<u8>,
    ) -> Result<(), RootError> {
        let is_new = !root.exists(path);
        root.write(path, text)?;
        if is_new {
            let reader = self.gid("shadow");
            root.chmod(path, if reader.is_some() { 0o640 } else { 0 })?;
            root.chown(path, 0, reader.unwrap_or(0))?;
        }
        Ok(())
    }

    /// Returns the user of that name.
    pub(crate) fn user(&self, name: &str) -> Option<User<'_>> {
        let tables = [&self.passwd, &self.vendor_passwd];
        let row = tables
            .iter()
            .find_map(|table| table.find(name.as_bytes()))?;
        Some(User {
            uid: number(row[2])?,
            gid: number(row[3])?,
            home: row[5],
        })
    }

    /// Returns the fields of passwd(5) of every user; of two with one name, the one that counts.
    pub(crate) fn users(&self) -> impl Iterator<Item = [&[u8]; 7]> {
        first_of_each(self.passwd.rows().chain(self.vendor_passwd.rows()))
    }

    /// Returns the fields of group(5) of every group; of two with one name, the one that counts.
    pub(crate) fn groups(&self) -> impl Iterator<Item = [&[u8]; 4]> {
        first_of_each(self.group.rows().chain(self.vendor_group.rows()))
    }

    /// Returns the number of the group of that name.
    pub(crate) fn gid(&self, name: &str) -> Option<u32> {
        let tables = [&self.group, &self.vendor_group];
        let row = tables
            .iter()
            .find_map(|table| table.find(name.as_bytes()))?;
        number(row[2])
    }

    /// Returns the name of the user with that number.
    pub(crate) fn user_with(&self, uid: u32) -> Option<&[u8]> {
        let mut rows = self.passwd.rows().chain(self.vendor_passwd.rows());
        rows.find(|row| number(row[2]) == Some(uid))
            .map(|row| row[0])
    }

    /// Returns the name of the group with that number.
    pub(crate) fn group_with(&self, gid: u32) -> Option<&[u8]> {
        let mut rows = self.group.rows().chain(self.vendor_group.rows());
        rows.find(|row| number(row[2]) == Some(gid))
            .map(|row| row[0])
    }

    /// Returns the ids that users, groups and sysusers.d(5) have.
    pub(crate) fn ids(&self, root: &Root<'_>) -> Result<Ids, RootError> {
        let users = self.passwd.rows().chain(self.vendor_passwd.rows());
        let groups = self.group.rows().chain(self.vendor_group.rows());
        let mut ids = Ids {
            uids: users.filter_map(|row| number(row[2])).collect(),
            gids: groups.filter_map(|row| number(row[2])).collect(),
        };
        ids.add_sysusers(root)?;
        Ok(ids)
    }

    /// Adds a user. Neither its name nor its number may be taken.
    pub(crate) fn add_user(&mut self, user: &NewUser<'_>, defaults: &Defaults) {
        let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
        let row = [
            user.name, "x", &uid, &gid, user.gecos, user.home, user.shell,
        ];
        self.passwd.push(row.map(str::as_bytes));
        let mut aging = defaults.aging(user.system);
        if let Some(day) = user.expire {
            aging[4] = day.to_string();
        }
        self.add_shadow(user.name, user.password, &aging);
    }

    /// Adds a group. Neither its name nor its number may be taken.
    pub(crate) fn add_group(&mut self, name: &str, gid: u32) {
        let password = if self.gshadow.is_some() { "x" } else { "!" };
        let row = [name, password, &gid.to_string(), ""];
        self.group.push(row.map(str::as_bytes));
        if let Some(gshadow) = &mut self.gshadow {
            gshadow.put([name, "!", "", ""].map(str::as_bytes));
        }
    }

    /// Adds a user to a group's members, where it is not one of them yet.
    pub(crate) fn add_member(&mut self, group: &str, user: &str) {
        let adopted = adopt(&mut self.group, &self.vendor_group, group);
        add_member(&mut self.group, group, user);
        if let Some(gshadow) = &mut self.gshadow {
            if adopted && gshadow.find(group.as_bytes()).is_none() {
                gshadow.push([group, "!", "", ""].map(str::as_bytes));
            }
            add_member(gshadow, group, user);
        }
    }

    /// Sets what is known of a user besides its name.
    pub(crate) fn set_gecos(&mut self, user: &str, gecos: &str) {
        self.set(user, GECOS, gecos);
    }

    /// Sets the program that a user logs in to.
    pub(crate) fn set_shell(&mut self, user: &str, shell: &str) {
        self.set(user, SHELL, shell);
    }

    fn set(&mut self, user: &str, field: usize, value: &str) {
        adopt(&mut self.passwd, &self.vendor_passwd, user);
        self.passwd.set(user.as_bytes(), field, value.as_bytes());
    }

    /// Sets the crypt(3) hash of a user's password, in `/etc/shadow` whatever was used before.
    pub(crate) fn set_password(&mut self, user: &str, hash: &str) {
        let name = user.as_bytes();
        let shadow = self.shadow.as_ref();
        match shadow.and_then(|shadow| shadow.find(name)) {
            Some(row) if row[PASSWORD] == hash.as_bytes() => return,
            Some(_) => {
                let today = days(self.today);
                if let Some(shadow) = &mut self.shadow {
                    shadow.set(name, PASSWORD, hash.as_bytes());
                    shadow.set(name, CHANGED, today.as_bytes());
                }
            }
            None => self.add_shadow(user, hash, &Default::default()),
        }
        self.set(user, PASSWORD, "x");
    }

    /// Sets the last day of a user's account, in days since 1970.
    pub(crate) fn set_expire(&mut self, user: &str, day: i64) {
        let name = user.as_bytes();
        let is_there = |shadow: &Table<9>| shadow.find(name).is_some();
        if !self.shadow.as_ref().is_some_and(is_there) {
            // What passwd(5) has for a password is what counts until now.
            let tables = [&self.passwd, &self.vendor_passwd];
            let row = tables.iter().find_map(|table| table.find(name));
            let password = row.map(|row| row[PASSWORD].to_vec()).unwrap_or_default();
            let password = String::from_utf8(password).unwrap_or_default();
            let password = if password == "x" { "*" } else { &password };
            self.add_shadow(user, password, &Default::default());
            self.set(user, PASSWORD, "x");
        }
        if let Some(shadow) = &mut self.shadow {
            shadow.set(name, EXPIRE, day.to_string().as_bytes());
        }
    }

    fn add_shadow(&mut self, name: &str, password: &str, aging: &[String; 5]) {
        let today = days(self.today);
        let [min, max, warn, inactive, expire] = aging;
        let row = [name, password, &today, min, max, warn, inactive, expire, ""];
        let shadow = self.shadow.get_or_insert_with(|| Table::parse(b"", &[]));
        shadow.put(row.map(str::as_bytes));
    }
}

/// Gives a user subordinate ids in `/etc/subuid` or `/etc/subgid`, where the image has the file
/// and the user has none yet.
///
/// Returns whether there were enough ids left.
pub(crate) fn add_sub_ids(
    root: &mut Root<'_>,
    path: &str,
    user: &str,
    rules: &SubIds,
) -> Result<bool, RootError> {
    let Some(bytes) = root.read_if_exists(path)? else {
        return Ok(true);
    };
    let mut rows = Table::<3>::parse(&bytes, &[1, 2]);
    check_line_ends(path, rows.carriage_return())?;
    if rules.count == 0 || rows.find(user.as_bytes()).is_some() {
        return Ok(true);
    }
    let Some(first) = ids::next_sub_ids(&rows, rules) else {
        return Ok(false);
    };
    let row = [user, &first.to_string(), &rules.count.to_string()];
    rows.push(row.map(str::as_bytes));
    root.write(path, rows.print())?;
    Ok(true)
}

fn check_line_ends(path: &str, carriage_return: Option<usize>) -> Result<(), RootError> {
    match carriage_return {
        None => Ok(()),
        Some(line) => Err(RootError::LineEnd {
            path: path.as_bytes().to_vec(),
            line,
        }),
    }
}

/// Returns the name of a user or group by its number, the third field of passwd(5) and group(5).
/// Reads those files alone: this is asked for every file that a module looks at.
pub(crate) fn name_of<const N: usize>(
    root: &Root<'_>,
    files: [&str; 2],
    ids: &'static [usize],
    id: u32,
) -> Result<Option<Vec<u8>>, RootError> {
    for file in files {
        let bytes = root.read_if_exists(file)?.unwrap_or_default();
        let table = Table::<N>::parse(&bytes, ids);
        let mut rows = table.rows();
        if let Some(row) = rows.find(|row| number(row[2]) == Some(id)) {
            return Ok(Some(row[0].to_vec()));
        }
    }
    Ok(None)
}

/// Leaves out the rows whose name came before.
fn first_of_each<'r, const N: usize>(
    rows: impl Iterator<Item = [&'r [u8]; N]>,
) -> impl Iterator<Item = [&'r [u8]; N]> {
    let mut seen = BTreeSet::new();
    rows.filter(move |row| seen.insert(row[0]))
}

/// Copies the vendor's row to `/etc`, unless there is one of that name; returns whether it did.
fn adopt<const N: usize>(own: &mut Table<N>, vendor: &Table<N>, name: &str) -> bool {
    let name = name.as_bytes();
    let row = vendor.find(name).filter(|_| own.find(name).is_none());
    if let Some(row) = row {
        own.push(row);
    }
    row.is_some()
}

fn add_member(table: &mut Table<4>, group: &str, user: &str) {
    let Some(row) = table.find(group.as_bytes()) else {
        return;
    };
    let mut members: Vec<_> = row[MEMBERS].split(|b| *b == b',').collect();
    members.retain(|member| !member.is_empty());
    if !members.contains(&user.as_bytes()) {
        members.push(user.as_bytes());
        let members = members.join(&b',');
        table.set(group.as_bytes(), MEMBERS, &members);
    }
}

/// Writes a day as shadow(5) has it. Day 0 would mean that the password must be changed at once;
/// an empty field means that nobody knows.
fn days(day: i64) -> String {
    if day == 0 {
        String::new()
    } else {
        day.to_string()
    }
}

#[cfg(test)]
mod tests;

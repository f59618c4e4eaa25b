//! Accounts as systemd-sysusers(8) makes them.

use super::table::Table;
use super::{Accounts, CHANGED, MEMBERS, adopt, days};

/// A system user to be.
#[derive(Debug)]
pub(crate) struct SystemUser<'a> {
    pub(crate) name: &'a str,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) gecos: &'a str,
    pub(crate) home: &'a str,
    pub(crate) shell: &'a str,
    /// The account has expired from the start.
    pub(crate) locked: bool,
}

/// The password that nobody can give.
const LOCKED: &str = "!*";

impl Accounts {
    /// Gives a system without groups the file for their passwords.
    pub(crate) fn begin_gshadow(&mut self) {
        self.gshadow.get_or_insert_with(|| Table::parse(b"", &[]));
    }

    /// Adds a system user. Neither its name nor its number may be taken.
    pub(crate) fn add_system_user(&mut self, user: &SystemUser<'_>) {
        let SystemUser {
            name,
            gecos,
            home,
            shell,
            ..
        } = *user;
        let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
        let row = [name, "x", &uid, &gid, gecos, home, shell];
        self.passwd.push(row.map(str::as_bytes));
        let today = days(self.today);
        let shadow = self.shadow.get_or_insert_with(|| Table::parse(b"", &[]));
        if shadow.find(name.as_bytes()).is_some() {
            shadow.set(name.as_bytes(), CHANGED, today.as_bytes());
            return;
        }
        let expire = if user.locked { "1" } else { "" };
        let row = [name, LOCKED, &today, "", "", "", "", expire, ""];
        shadow.push(row.map(str::as_bytes));
    }

    /// Adds a system group. Neither its name nor its number may be taken.
    pub(crate) fn add_system_group(&mut self, name: &str, gid: u32) {
        let row = [name, "x", &gid.to_string(), ""];
        self.group.push(row.map(str::as_bytes));
        if let Some(gshadow) = &mut self.gshadow {
            gshadow.put([name, LOCKED, "", ""].map(str::as_bytes));
        }
    }

    /// Adds users to a group's members; where one is new, they are sorted.
    pub(crate) fn add_sorted_members(&mut self, group: &str, users: &[String]) {
        adopt(&mut self.group, &self.vendor_group, group);
        add_sorted(&mut self.group, group, users);
        if let Some(gshadow) = &mut self.gshadow {
            add_sorted(gshadow, group, users);
        }
    }
}

fn add_sorted(table: &mut Table<4>, group: &str, users: &[String]) {
    let Some(row) = table.find(group.as_bytes()) else {
        return;
    };
    let mut members: Vec<_> = row[MEMBERS].split(|b| *b == b',').collect();
    members.retain(|member| !member.is_empty());
    if users.iter().all(|user| members.contains(&user.as_bytes())) {
        return;
    }
    members.extend(users.iter().map(String::as_bytes));
    members.sort_unstable();
    members.dedup();
    let members = members.join(&b',');
    table.set(group.as_bytes(), MEMBERS, &members);
}

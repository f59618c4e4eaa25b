//! The numbers of users and groups, as the archived system itself has them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use fsgen::{Kind, Tree};

use super::acl::Who;
use super::name::shown;

/// The largest `/etc/passwd` or `/etc/group` that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;

/// What `/etc/passwd` and `/etc/group` in a tree say.
pub(super) struct Accounts {
    users: BTreeMap<Vec<u8>, u32>,
    groups: BTreeMap<Vec<u8>, u32>,
}

impl Accounts {
    /// Reads both files; a tree may lack them.
    ///
    /// # Errors
    ///
    /// Fails when a file is there but cannot be read.
    pub(super) fn read(tree: &Tree) -> Result<Self> {
        Ok(Self {
            users: read(tree, "/etc/passwd")?,
            groups: read(tree, "/etc/group")?,
        })
    }

    /// Returns the number of a user or group.
    ///
    /// # Errors
    ///
    /// Fails on a name that is not there.
    pub(super) fn id(&self, who: Who, name: &[u8]) -> Result<u32> {
        let (list, what, file) = match who {
            Who::User => (&self.users, "user", "passwd"),
            Who::Group => (&self.groups, "group", "group"),
        };
        list.get(name).copied().with_context(|| {
            format!(
                "{what} \"{}\" is not in the archive's /etc/{file}; \
                 make the archive with --numeric-owner",
                shown(name)
            )
        })
    }
}

/// Reads lines that begin `name:password:number`.
fn read(tree: &Tree, path: &str) -> Result<BTreeMap<Vec<u8>, u32>> {
    let node = tree.resolve(path.as_bytes()).map(|id| tree.node(id));
    let Ok(Kind::File(content)) = node.map(|node| &node.kind) else {
        return Ok(BTreeMap::new());
    };
    let text = content.read(tree, FILE_MAX);
    let text = text.with_context(|| format!("cannot read the archive's {path}"))?;
    let mut accounts = BTreeMap::new();
    for line in text.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b':');
        if let (Some(name), Some(number)) = (fields.next(), fields.nth(1))
            && let Some(number) = str::from_utf8(number).ok().and_then(|n| n.parse().ok())
        {
            // As for the C library, the first line that has the name counts.
            accounts.entry(name.to_vec()).or_insert(number);
        }
    }
    Ok(accounts)
}

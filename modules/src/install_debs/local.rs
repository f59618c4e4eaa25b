//! What the image's administrator, or packages, have told dpkg of single files: that one goes to
//! another place (dpkg-divert(1)), or has another owner and mode (dpkg-statoverride(1)).

use std::collections::{BTreeMap, BTreeSet};

use super::database::ADMIN;
use crate::accounts::Accounts;
use crate::{Root, RootError};

/// Where the files of a path go, but those of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diversion {
    pub(super) to: Vec<u8>,
    /// The package whose files go to the path itself; none if it was done by hand.
    pub(super) by: Option<String>,
}

/// Owner and mode that a file gets, whatever its package says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u16,
}

/// All that was told.
#[derive(Debug, Default)]
pub(super) struct Local {
    diversions: BTreeMap<Vec<u8>, Diversion>,
    /// The places that files are diverted to, with the paths that they have.
    targets: BTreeMap<Vec<u8>, Vec<u8>>,
    overrides: BTreeMap<Vec<u8>, Override>,
}

impl Local {
    /// Reads dpkg's lists.
    pub(super) fn read(root: &mut Root<'_>) -> Result<Self, RootError> {
        let mut local = Self::default();
        local.read_diversions(root)?;
        let overrides = root.read_if_exists(format!("{ADMIN}/statoverride"))?;
        let overrides = overrides.unwrap_or_default();
        let accounts = Accounts::read(root)?;
        let mut unknown = Vec::new();
        for line in String::from_utf8_lossy(&overrides).lines() {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let [user, group, mode, path] = *words else {
                continue;
            };
            let id = |name: &str, found: Option<u32>| match name.strip_prefix('#') {
                Some(number) => number.parse().ok(),
                None => found,
            };
            let uid = id(user, accounts.user(user).map(|user| user.uid));
            let gid = id(group, accounts.gid(group));
            let mode = u16::from_str_radix(mode, 8)
                .ok()
                .filter(|mode| *mode <= 0o7777);
            let (Some(uid), Some(gid), Some(mode)) = (uid, gid, mode) else {
                unknown.push(line.to_owned());
                continue;
            };
            let path = path.as_bytes().to_vec();
            local.overrides.insert(path, Override { uid, gid, mode });
        }
        for line in unknown {
            root.warn(format!(
                "{ADMIN}/statoverride: {line:?} is passed over, as dpkg does: it has an unknown \
                 user or group, or no mode"
            ));
        }
        Ok(local)
    }

    /// Reads the diversions, which scripts of packages change.
    pub(super) fn read_diversions(&mut self, root: &Root<'_>) -> Result<(), RootError> {
        let text = root.read_if_exists(format!("{ADMIN}/diversions"))?;
        let text = text.unwrap_or_default();
        self.diversions.clear();
        self.targets.clear();
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        for lines in lines.as_chunks::<3>().0 {
            let [from, to, by] = lines.map(<[u8]>::to_vec);
            let by = Some(String::from_utf8_lossy(&by).into_owned()).filter(|by| by != ":");
            self.targets.insert(to.clone(), from.clone());
            self.diversions.insert(from, Diversion { to, by });
        }
        Ok(())
    }

    /// Returns where a package's file goes.
    pub(super) fn place<'a>(&'a self, path: &'a [u8], package: &str) -> &'a [u8] {
        match self.diversions.get(path) {
            Some(diversion) if diversion.by.as_deref() != Some(package) => &diversion.to,
            _ => path,
        }
    }

    /// Returns how the path is diverted.
    pub(super) fn diversion(&self, path: &[u8]) -> Option<&Diversion> {
        self.diversions.get(path)
    }

    /// Returns the path whose files go to a place.
    pub(super) fn diverted_to(&self, place: &[u8]) -> Option<&[u8]> {
        self.targets.get(place).map(Vec::as_slice)
    }

    /// Returns the owner and mode that a file gets.
    pub(super) fn override_of(&self, path: &[u8]) -> Option<Override> {
        self.overrides.get(path).copied()
    }
}

/// Returns every folder above a path, the farthest first, without the root.
pub(super) fn above(path: &[u8]) -> BTreeSet<&[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let ends = slashes.map(|(at, _)| at).filter(|at| *at > 0);
    ends.map(|at| &path[..at]).collect()
}

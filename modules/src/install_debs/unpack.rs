//! A package, unpacked as dpkg unpacks it (dpkg's `process_archive`).

use std::collections::{BTreeMap, BTreeSet};

use fsgen::NodeId;

use super::architecture::Architectures;
use super::conffile::Settings;
use super::database::Database;
use super::local::Local;
use super::payload::{PayloadError, Payloads};
use super::removal::Removal;
use super::set::{Candidate, control_name};
use super::trigger::{Line, Triggers};
use crate::accounts::Accounts;
use crate::deb::identity::Identity;
use crate::error::at;
use crate::root::show;
use crate::script::policy::Policies;
use crate::{Error, Root, RootError};

/// What the files are called that become settings only when their package is configured.
pub(super) const UNPACKED: &[u8] = b".dpkg-new";

/// The unpacking of one package after the other.
pub(super) struct Unpacking {
    pub(super) payloads: Payloads,
    pub(super) database: Database,
    pub(super) arches: Architectures,
    pub(super) local: Local,
    pub(super) triggers: Triggers,
}

/// One package while it is unpacked.
pub(super) struct Package<'p> {
    pub(super) candidate: &'p Candidate,
    /// The place of what it replaces, or of what was left of it.
    pub(super) old: Option<usize>,
    pub(super) accounts: Accounts,
    pub(super) settings: Settings,
    /// All paths, as dpkg lists them.
    pub(super) files: Vec<Vec<u8>>,
    /// Those that are in the archive, and not left to others.
    pub(super) archived: BTreeSet<Vec<u8>>,
    /// Those that were put there, whoever had them before.
    pub(super) taken: BTreeSet<Vec<u8>>,
    /// What was made for each path, but links to paths.
    pub(super) nodes: BTreeMap<Vec<u8>, NodeId>,
    /// The links to paths that were made: dpkg makes them at the end.
    pub(super) links: BTreeSet<Vec<u8>>,
    /// The digests of files, if the package does not list them itself.
    pub(super) digests: Option<BTreeMap<Vec<u8>, String>>,
    /// Which paths called for somebody, before the package has a place in the list.
    pub(super) touched: Vec<Vec<u8>>,
    /// Whether packages of other architectures come to the same version by it.
    pub(super) is_in_sync: bool,
}

impl Unpacking {
    /// Unpacks a package, with what the older version's `postrm` asks for; returns its place in the
    /// list. Those that it supersedes are to be removed after it.
    pub(super) fn unpack(
        &mut self,
        root: &mut Root<'_>,
        candidate: &Candidate,
        upgrade: Option<&Removal>,
        superseded: &[usize],
        policies: &Policies,
    ) -> Result<usize, Error> {
        let old = upgrade.map(|removal| removal.index);
        let failed = |error: PayloadError| match error {
            PayloadError::Spool(cause) => at(candidate.file.span)(cause),
            error => candidate.error(error).into(),
        };
        let host = root.host();
        let control = self.payloads.members(candidate.control_part(), host);
        let control = control.map_err(failed)?;
        let data = self
            .payloads
            .members(candidate.data_part(), host)
            .map_err(failed)?;
        let triggers = Line::parse(candidate.text("triggers"));
        let triggers = triggers.map_err(|line| candidate.error(format!("triggers: {line}")))?;
        let settings = Settings::read(candidate, &self.database, old)?;
        let has_digests = control
            .iter()
            .any(|file| control_name(&file.path) == b"md5sums");
        let mut package = Package {
            candidate,
            old,
            accounts: Accounts::read(root)?,
            settings,
            files: Vec::new(),
            archived: BTreeSet::new(),
            taken: BTreeSet::new(),
            nodes: BTreeMap::new(),
            links: BTreeSet::new(),
            digests: (!has_digests).then(BTreeMap::new),
            touched: Vec::new(),
            is_in_sync: self.is_in_sync(&candidate.identity),
        };
        for member in &data {
            let laid = self.lay(root, &mut package, member);
            laid.map_err(|error| match error {
                Error::Root { cause, .. } => {
                    let path = show(&member.path).to_string();
                    Error::from(candidate.error(format!("{path}: {cause}")))
                }
                other => other,
            })?;
        }
        if let Some(removal) = upgrade {
            removal.after(root, policies)?;
            self.hear(root)?;
        }
        let removed = self.remove_old(root, &mut package)?;
        let old_triggers = self.old_triggers(root, old)?;
        let old_identity = old.map(|old| self.database.entry(old).identity.clone());
        let was = old_identity
            .as_ref()
            .map(|identity| (identity, &*old_triggers));
        self.triggers
            .change(root, was, (&candidate.identity, &triggers))?;
        self.write_info(root, &package, &control)?;
        if let Some(old) = old {
            self.triggers.forget(&mut self.database, old);
        }
        let index = self.note(&package);
        for lines in [&old_triggers, &triggers] {
            self.call(root, lines, Some(index))?;
        }
        self.take_from_others(root, &package, index, superseded, policies)?;
        self.database.set_files(index, package.files);
        for path in package.touched {
            self.triggers.touch(&mut self.database, &path, index);
        }
        for path in removed {
            for path in super::local::above(&path).into_iter().chain([&*path]) {
                self.triggers.touch(&mut self.database, path, index);
            }
        }
        Ok(index)
    }

    /// Takes up what scripts have told dpkg: where files go now, and who is called.
    pub(super) fn hear(&mut self, root: &mut Root<'_>) -> Result<(), RootError> {
        self.local.read_diversions(root)?;
        self.triggers.take_calls(root, &mut self.database)
    }

    /// Calls those whom a package wants to hear of each change of it; nobody waits for that if no
    /// place in the list is given.
    pub(super) fn call(
        &mut self,
        root: &Root<'_>,
        lines: &[Line],
        by: Option<usize>,
    ) -> Result<(), RootError> {
        for line in lines.iter().filter(|line| !line.is_interest) {
            self.triggers.call(root, &mut self.database, line, by)?;
        }
        Ok(())
    }

    /// Returns whether all packages of that name have the version of this one.
    fn is_in_sync(&self, own: &Identity) -> bool {
        let mut others = self.database.entries().filter(|(_, entry)| {
            entry.state.is_there()
                && entry.identity.name == own.name
                && !own.excludes(&entry.identity)
        });
        others.all(|(_, entry)| entry.identity.version == own.version)
    }

    pub(super) fn old_triggers(
        &self,
        root: &Root<'_>,
        old: Option<usize>,
    ) -> Result<Vec<Line>, RootError> {
        let Some(old) = old else {
            return Ok(Vec::new());
        };
        let text = root.read_if_exists(self.database.info(old, "triggers"))?;
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        Ok(Line::parse(&text).unwrap_or_default())
    }
}

impl Package<'_> {
    /// Returns the lines of `md5sums` that dpkg makes for a package without them.
    pub(super) fn digest_lines(&self) -> Option<Vec<u8>> {
        let digests = self.digests.as_ref()?;
        let mut lines = Vec::new();
        for path in &self.files {
            if let Some(digest) = digests.get(path) {
                lines.extend([digest.as_bytes(), b"  ", &path[1..], b"\n"].concat());
            }
        }
        Some(lines)
    }
}

//! The scripts of a package that goes, and those that decide where they fail.

use super::database::Database;
use super::scripts::Script;
use super::set::Candidate;
use crate::root::any_text::decode;
use crate::script::policy::Policies;
use crate::value::Span;
use crate::{Error, Root, RootError};

/// The scripts of an older version, or of what a new one takes the place of.
pub(super) struct Removal {
    /// Its place in the list.
    pub(super) index: usize,
    package: String,
    prerm: Going,
    postrm: Going,
    /// What those of the newer version are called with where these fail.
    instead: Vec<String>,
    /// Where the recipe lists what comes.
    span: Span,
}

/// One of these scripts.
struct Going {
    slot: &'static str,
    text: String,
    /// What it is called with.
    arguments: Vec<String>,
    /// That of the newer version; empty where what comes is none.
    newer: String,
}

impl Removal {
    /// Reads the scripts of what a candidate replaces.
    pub(super) fn read(
        root: &Root<'_>,
        database: &Database,
        old: usize,
        by: &Candidate,
    ) -> Result<Self, RootError> {
        let entry = database.entry(old);
        let (name, version) = (&by.identity.name, by.identity.version.to_string());
        let from = entry.identity.version.to_string();
        let is_upgrade = entry.identity.name == *name;
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let going = |slot: &'static str, superseded: &[&str]| {
            let bytes = match entry.state.is_there() {
                true => root.read_if_exists(database.info(old, slot))?,
                false => None,
            };
            let (arguments, newer) = match is_upgrade {
                true => (owned(&["upgrade", &version]), by.text(slot)),
                false => (owned(superseded), ""),
            };
            Ok::<_, RootError>(Going {
                slot,
                text: decode(&bytes.unwrap_or_default()),
                arguments,
                newer: newer.to_owned(),
            })
        };
        Ok(Self {
            index: old,
            package: entry.identity.name.clone(),
            prerm: going("prerm", &["remove", "in-favour", name, &version])?,
            postrm: going("postrm", &["remove"])?,
            instead: owned(&["failed-upgrade", &from, &version]),
            span: by.file.span,
        })
    }

    /// Does what the `prerm` asks for, before anything else.
    pub(super) fn before(&self, root: &mut Root<'_>, policies: &Policies) -> Result<(), Error> {
        self.act(root, policies, &self.prerm)
    }

    /// Does what the `postrm` asks for, once the new files are there.
    pub(super) fn after(&self, root: &mut Root<'_>, policies: &Policies) -> Result<(), Error> {
        self.act(root, policies, &self.postrm)
    }

    /// Does what one of the two asks for. Where it fails, dpkg runs that of the newer version.
    fn act(&self, root: &mut Root<'_>, policies: &Policies, going: &Going) -> Result<(), Error> {
        let script = |text, arguments: &[String]| Script {
            package: &self.package,
            slot: going.slot,
            text,
            arguments: arguments.to_vec(),
            span: self.span,
        };
        let old = script(&going.text, &going.arguments);
        match old.status(root, policies)? {
            0 => Ok(()),
            status if going.newer.is_empty() => Err(old.refusal(status)),
            status => {
                root.info(format!(
                    "the script {} ends with status {status}, that of the newer version decides",
                    old.name()
                ));
                script(&going.newer, &self.instead).act(root, policies)
            }
        }
    }
}

//! Triggers: scripts of one package that run when another, or a file below some path, comes or
//! goes. Those of packages that were there already count.

use std::collections::BTreeSet;

use super::Script;
use super::read::{Slot, When};
use crate::rpm::dependency::{Dependency, sense};
use crate::rpm::header::Header;
use crate::rpm::identity::{Identity, Version};

/// When a trigger fires, in its flags (rpm's `rpmsenseFlags`).
const WHEN: [(u32, When); 4] = [
    (1 << 25, When::Prein),
    (1 << 16, When::In),
    (1 << 17, When::Un),
    (1 << 18, When::Postun),
];

/// How urgent file triggers are that do not say so (rpm's `RPMTRIGGER_DEFAULT_PRIORITY`).
const PRIORITY: u32 = 1_000_000;

/// A package, as triggers see it.
#[derive(Clone)]
pub(in super::super) struct Member<'p> {
    pub(in super::super) identity: &'p Identity,
    pub(in super::super) header: &'p Header,
    /// The paths of its files that are there.
    pub(in super::super) paths: Vec<Vec<u8>>,
}

/// All packages that triggers have to do with.
#[derive(Default)]
pub(in super::super) struct Changes<'p> {
    /// Those that come.
    pub(in super::super) new: Vec<Member<'p>>,
    /// Those that stay.
    pub(in super::super) kept: Vec<Member<'p>>,
    /// Those that go.
    pub(in super::super) erased: Vec<Member<'p>>,
}

/// The tags of triggers for packages, or for files.
struct Tags {
    scripts: u32,
    programs: u32,
    names: u32,
    versions: u32,
    flags: u32,
    index: u32,
    script_flags: u32,
    priorities: Option<u32>,
}

const PACKAGES: Tags = Tags {
    scripts: 1065,
    names: 1066,
    versions: 1067,
    flags: 1068,
    index: 1069,
    programs: 1092,
    script_flags: 5027,
    priorities: None,
};

const FILES: Tags = Tags {
    scripts: 5066,
    programs: 5067,
    script_flags: 5068,
    names: 5069,
    index: 5070,
    versions: 5071,
    flags: 5072,
    priorities: Some(5084),
};

const TRANSACTION: Tags = Tags {
    scripts: 5076,
    programs: 5077,
    script_flags: 5078,
    names: 5079,
    index: 5080,
    versions: 5081,
    flags: 5082,
    priorities: Some(5085),
};

/// One condition of a trigger.
struct Trigger<'h> {
    name: &'h [u8],
    version: Dependency,
    when: When,
    /// Which of the header's scripts it is for.
    script: u32,
}

impl Changes<'_> {
    /// Returns the packages whose triggers may fire, and whether each is new.
    fn owners(&self) -> impl Iterator<Item = (&Member<'_>, bool)> {
        let kept = self.kept.iter().map(|owner| (owner, false));
        kept.chain(self.new.iter().map(|owner| (owner, true)))
    }

    /// Returns the triggers for packages that fire at that time.
    pub(in super::super) fn packages(&self, when: When) -> Vec<Script> {
        let mut scripts = Vec::new();
        let (targets, is_coming) = match when {
            When::Prein | When::In => (&self.new, true),
            When::Un | When::Postun => (&self.erased, false),
        };
        for (owner, is_new) in self.owners() {
            let mut fired = BTreeSet::new();
            for trigger in PACKAGES.read(owner.header) {
                let fits = |target: &&Member<'_>| {
                    target.identity.name.as_bytes() == trigger.name
                        && trigger.version.overlaps(&own_version(target.identity))
                        && target.identity != owner.identity
                };
                // What a new package waits for may have been there before.
                let waited = self.kept.iter().filter(|_| is_new && when == When::In);
                let is_met = targets.iter().chain(waited).any(|target| fits(&target));
                if trigger.when == when && is_met && fired.insert(trigger.script) {
                    let arguments = vec![1, u32::from(is_coming)];
                    let slot = Slot::Trigger(when);
                    scripts.extend(PACKAGES.script(owner, slot, trigger.script, arguments));
                }
            }
        }
        scripts
    }

    /// Returns the triggers for files that fire at that time, of single packages and then of the
    /// whole step; the more urgent ones first.
    pub(in super::super) fn files(&self, when: When) -> Vec<Script> {
        let mut scripts = Vec::new();
        for (tags, slot) in [
            (&FILES, Slot::FileTrigger(when)),
            (&TRANSACTION, Slot::TransFileTrigger(when)),
        ] {
            let mut found = Vec::new();
            for (owner, is_new) in self.owners() {
                let targets = match when {
                    When::Prein | When::In => &self.new,
                    When::Un | When::Postun => &self.erased,
                };
                let others = self.kept.iter().filter(|_| is_new && when == When::In);
                let targets: Vec<_> = targets.iter().chain(others).collect();
                let triggers = tags.read(owner.header);
                let indices: BTreeSet<u32> = triggers.iter().map(|t| t.script).collect();
                for index in indices {
                    let own = triggers
                        .iter()
                        .filter(|t| t.script == index && t.when == when);
                    let prefixes: Vec<&[u8]> = own.map(|trigger| trigger.name).collect();
                    let paths = targets.iter().flat_map(|target| &target.paths);
                    let fitting = paths.filter(|path| prefixes.iter().any(|p| path.starts_with(p)));
                    let fitting: BTreeSet<Vec<u8>> = fitting.cloned().collect();
                    if !fitting.is_empty()
                        && let Some(mut script) = tags.script(owner, slot, index, vec![1])
                    {
                        script.paths = fitting.into_iter().collect();
                        found.push((tags.priority(owner.header, index), script));
                    }
                }
            }
            found.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
            scripts.extend(found.into_iter().map(|(_, script)| script));
        }
        scripts
    }
}

fn own_version(identity: &Identity) -> Dependency {
    Dependency {
        name: identity.name.clone(),
        flags: sense::EQUAL,
        version: identity.version.clone(),
    }
}

impl Tags {
    /// Reads all conditions; lists of unlike length have none.
    fn read<'h>(&self, header: &'h Header) -> Vec<Trigger<'h>> {
        let names = header.texts(self.names);
        let (flags, index) = (header.flags(self.flags), header.flags(self.index));
        let versions = header.texts(self.versions);
        let lengths = [flags.len(), index.len(), versions.len()];
        if lengths.iter().any(|len| *len != names.len()) {
            return Vec::new();
        }
        let mut triggers = Vec::new();
        for (i, name) in names.into_iter().enumerate() {
            let when = WHEN.iter().find(|(bit, _)| flags[i] & bit != 0);
            if let Some((_, when)) = when {
                triggers.push(Trigger {
                    name,
                    version: Dependency {
                        name: String::new(),
                        flags: flags[i],
                        version: Version::parse(&String::from_utf8_lossy(versions[i])),
                    },
                    when: *when,
                    script: index[i],
                });
            }
        }
        triggers
    }

    fn script(
        &self,
        owner: &Member<'_>,
        slot: Slot,
        index: u32,
        arguments: Vec<u32>,
    ) -> Option<Script> {
        let at = usize::try_from(index).ok()?;
        let text = |tag| {
            let text = owner.header.texts(tag).get(at).copied();
            text.map(|text| String::from_utf8_lossy(text).into_owned())
        };
        let flags = owner.header.flags(self.script_flags);
        Some(Script {
            package: owner.identity.name.clone(),
            slot,
            program: vec![text(self.programs).unwrap_or_else(|| "/bin/sh".to_owned())],
            text: text(self.scripts)?,
            is_expanded: flags.get(at).is_some_and(|flags| *flags != 0),
            arguments,
            paths: Vec::new(),
        })
    }

    fn priority(&self, header: &Header, index: u32) -> u32 {
        let priorities = self.priorities.map(|tag| header.flags(tag));
        let at = usize::try_from(index).ok();
        let own = priorities.and_then(|all| all.get(at?).copied());
        own.unwrap_or(PRIORITY)
    }
}
